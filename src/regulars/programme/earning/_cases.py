"""From an order, a member and what came before to the case that rules look at."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from regulars.programme.earning import _queries
from regulars.programme.earning._evaluation import Item, shared
from regulars.programme.earning._queries import Buyer, Sold
from regulars.programme.earning._rules import Rules
from regulars.storage import Transaction

_EPOCH: Final = date(1970, 1, 1)
_BIRTHDAY: Final = re.compile(r"(?:\d{4}-)?(\d\d)-(\d\d)")
TAGS_BETWEEN: Final = "\x1f"
"""What stands between the tags of a line, in `Sold`."""

_SOLD: Final = ("currency", "country", "shop")


@dataclass(frozen=True, slots=True)
class Basis:
    """What a version of the programme evaluates by."""

    rules: Rules
    currency: str
    time_zone: str
    rates: Mapping[str, tuple[int, int]]
    """By currency: so many minor units of the programme's for so many of it. Its own is 1 for 1."""


def items_of(sold: Sold, basis: Basis) -> list[Item]:
    """An order's lines as they were bought, in the programme's currency."""
    to, per = basis.rates[sold.currency]
    amounts = sold.amounts if to == per else [shared(amount, to, per) for amount in sold.amounts]
    if not sold.line_nos or sold.units is None or sold.skus is None or sold.names is None:
        return [
            Item(line_no, ("", "", quantity, 0, amount))
            for line_no, quantity, amount in zip(sold.line_nos, sold.quantities, amounts, strict=True)
        ]
    units = sold.units if to == per else [shared(unit, to, per) for unit in sold.units]
    if basis.rules.labelled and sold.categories is not None and sold.tags is not None:
        tags = [each.split(TAGS_BETWEEN) if each else [] for each in sold.tags]
        lines = zip(sold.skus, sold.names, sold.quantities, units, amounts, sold.categories, tags, strict=True)
        return [Item(line_no, line) for line_no, line in zip(sold.line_nos, lines, strict=True)]
    return [
        Item(line_no, (sku, name, quantity, unit, amount))
        for line_no, quantity, amount, unit, sku, name in zip(
            sold.line_nos, sold.quantities, amounts, units, sold.skus, sold.names, strict=True
        )
    ]


def less(items: Sequence[Item], returned: Mapping[int, int]) -> list[Item]:
    """The lines without so many pieces of each, by its number."""
    return [Item(item.line_no, item.line, min(returned.get(item.line_no, 0), item.line[2])) for item in items]


def other_minor(sold: Sold, basis: Basis) -> int:
    """What an order came to beside its goods, in the programme's currency."""
    to, per = basis.rates[sold.currency]
    return shared(sold.other_minor, to, per)


def spend_of(items: Sequence[Item]) -> int:
    """What an order's goods come to, without the share of the pieces that came back."""
    return sum(
        item.line[4] - shared(item.line[4], item.returned, item.line[2]) if item.returned else item.line[4]
        for item in items
    )


def order_row(sold: Sold, basis: Basis) -> dict[str, Any]:
    """The columns that the order itself fills, as far as the rules read them."""
    wanted = basis.rules.columns
    row: dict[str, Any] = {f"order_{name}": getattr(sold, name) for name in _SOLD if f"order_{name}" in wanted}
    moments = (
        ("order_placed", sold.placed_at, basis.time_zone),
        ("order_local", sold.placed_at, sold.time_zone),
        ("time", sold.paid_at or sold.placed_at, basis.time_zone),
    )
    for prefix, moment, zone in moments:
        row |= parts_of(prefix, moment, zone, wanted)
    return row


def parts_of(prefix: str, moment: datetime, zone: str, wanted: frozenset[str]) -> dict[str, int]:
    """The parts of a moment that are wanted: `order_placed_month` and the like."""
    columns = {name: f"{prefix}_{name}" for name in ("year", "month", "day", "weekday", "hour", "date")}
    if wanted.isdisjoint(columns.values()):
        return {}
    local = moment.astimezone(ZoneInfo(zone))
    values = {
        "year": local.year, "month": local.month, "day": local.day, "weekday": local.isoweekday(), "hour": local.hour,
        "date": (local.date() - _EPOCH).days,
    }  # fmt: skip
    return {column: values[name] for name, column in columns.items() if column in wanted}


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose order, placed when, in the eyes of which rules."""

    member_id: int
    placed_at: datetime
    basis: Basis


def pinned_rows(tx: Transaction, asked: Sequence[Asked]) -> list[dict[str, Any]]:
    """What was so of each member at the time, as far as the rules read it: one query for the members, one for what came before."""
    needing = [one for one in asked if one.basis.rules.pinned]
    if not needing:
        return [{} for _ in asked]
    members = sorted({one.member_id for one in needing if _reads(one.basis, "member_")})
    buyers = {one.member_id: one for one in _queries.select_buyers(tx, member_ids=members)} if members else {}
    before = _before(tx, needing)
    return [_pinned(one, buyers.get(one.member_id), before) if one.basis.rules.pinned else {} for one in asked]


def _reads(basis: Basis, prefix: str) -> bool:
    return any(column.startswith(prefix) for column in basis.rules.pinned)


def _before(tx: Transaction, asked: Sequence[Asked]) -> dict[tuple[int, datetime, int], tuple[int, int]]:
    found: dict[tuple[int, datetime, int], tuple[int, int]] = {}
    for currency in sorted({one.basis.currency for one in asked}):
        own = [one for one in asked if one.basis.currency == currency]
        days = {day for one in own for day in one.basis.rules.history}
        if any(
            column in one.basis.rules.pinned
            for one in own
            for column in ("member_orders_before", "member_spend_before")
        ):
            days.add(0)
        if days:
            found |= _queries.select_before(
                tx, members=[one.member_id for one in own], moments=[one.placed_at for one in own], days=sorted(days),
                currency=currency,
            )  # fmt: skip
    return found


def _pinned(
    one: Asked, buyer: Buyer | None, before: Mapping[tuple[int, datetime, int], tuple[int, int]]
) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for column in one.basis.rules.pinned:
        if column.startswith("history_") or column.endswith("_before"):
            days = int(column.rpartition("_")[2]) if column.startswith("history_") else 0
            orders, spend = before.get((one.member_id, one.placed_at, days), (0, 0))
            row[column] = orders if "_orders" in column else spend
        else:
            row[column] = of_member(column, buyer, one.placed_at)
    return row


def of_member(column: str, buyer: Buyer | None, placed_at: datetime) -> Any:
    """One column about a member; the same as of a stranger where nothing is known."""
    match column:
        case "member_tier":
            return (buyer and buyer.tier) or ""
        case "member_country":
            return (buyer and buyer.country) or ""
        case "member_joined_days":
            return (placed_at.astimezone(UTC) - buyer.joined_at) // timedelta(days=1) if buyer else 0
        case "member_segments":
            given = buyer.attributes.get("segments") if buyer else None
            return [str(each) for each in given][:100] if isinstance(given, list) else []  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        case _:
            month, day = _birthday(str(buyer.attributes.get("birthday", ""))) if buyer else (0, 0)
            return month if column == "member_birthday_month" else day


@cache
def _birthday(text: str) -> tuple[int, int]:
    match = _BIRTHDAY.fullmatch(text)
    month, day = (int(match[1]), int(match[2])) if match else (0, 0)
    return (month, day) if 1 <= month <= 12 and 1 <= day <= 31 else (0, 0)
