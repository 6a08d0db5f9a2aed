"""A few orders as tables, and what becomes of them under another programme."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from conftest import NOON
from regulars import programme
from regulars.insight import what_if
from regulars.programme import Rule

ADA, BEN, CAT = 1, 2, 3
HELD = programme.default("GBP", "Europe/London")
DOUBLE = replace(
    HELD, earning=(Rule("goods", "Goods", "商品", "line.amount_minor / 5", when="order.goods_minor >= 2000"),)
)
"""Two points where there was one, for orders of 20.00 and more."""


def table(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, what_if.SCHEMAS[name])


def order(number: int, member: int, amount: int, days: float = 0, **more: Any) -> dict[str, Any]:
    """An order of two pieces, so many days before noon."""
    at = NOON - timedelta(days=days)
    row = {"order_id": number, "member_id": member, "placed_at": at, "paid_at": at, "currency": "GBP", "country": "GB", "shop": "uk",
           "time_zone": "Europe/London", "other_minor": 0, "goods_minor": amount}  # fmt: skip
    return row | more


def history(
    *orders: dict[str, Any], back: int | None = None, until: datetime = NOON, **more: pa.Table
) -> what_if.History:
    """A history of such orders; `back`: of that one a piece came back a minute later."""
    lines = [
        {"order_id": one["order_id"], "line_no": 1, "quantity": 2, "amount_minor": one["goods_minor"], "unit_minor": one["goods_minor"] // 2,
         "sku": "MUG", "name": "Mug"} for one in orders
    ]  # fmt: skip
    came = [
        {"order_id": one["order_id"], "return_id": 9, "returned_at": one["paid_at"] + timedelta(minutes=1), "line_no": 1, "before": 0, "quantity": 1}
        for one in orders if one["order_id"] == back
    ]  # fmt: skip
    people = [
        {"member_id": member, "joined_at": NOON - timedelta(days=900), "country": "GB" if member != CAT else "FR", "issuer": "uk",
         "segments": ["vip"] if member == ADA else []} for member in sorted({one["member_id"] for one in orders})
    ]  # fmt: skip
    tables = {
        "sold": table("sold", list(orders)), "sold_lines": table("sold_lines", lines), "came_back": table("came_back", came),
        "people": table("people", people),
    }  # fmt: skip
    return what_if.history({**tables, **more}, until=until)
