"""From an order, a member and what came before to the case that rules look at."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from regulars.programme import events
from regulars.programme.budgets import Budget
from regulars.programme.earning import _queries
from regulars.programme.earning._evaluation import Item, shared
from regulars.programme.earning._queries import Buyer, Sold
from regulars.programme.earning._rules import Rules
from regulars.programme.expressions import Line
from regulars.storage import Transaction

_EPOCH: Final = date(1970, 1, 1)
_BIRTHDAY: Final = re.compile(r"(?:(\d{4})-)?(\d\d)-(\d\d)")
_new: Final = cast("Callable[[type[Item], tuple[int, Line, int]], Item]", tuple.__new__)
"""Makes a line three times as fast as its class does."""
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
    budgets: Mapping[str, Budget] = field(default_factory=dict[str, Budget])
    """Those that rules give out of, by their code."""


def items_of(sold: Sold, basis: Basis) -> list[Item]:
    """An order's lines as they were bought, in the programme's currency."""
    to, per = basis.rates[sold.currency]
    amounts = sold.amounts if to == per else [shared(amount, to, per) for amount in sold.amounts]
    if not sold.line_nos or sold.units is None or sold.skus is None or sold.names is None:
        return [
            _new(Item, (line_no, ("", "", quantity, 0, amount), 0))
            for line_no, quantity, amount in zip(sold.line_nos, sold.quantities, amounts, strict=True)
        ]
    units = sold.units if to == per else [shared(unit, to, per) for unit in sold.units]
    if basis.rules.labelled and sold.categories is not None and sold.tags is not None:
        tags = [each.split(TAGS_BETWEEN) if each else [] for each in sold.tags]
        lines = zip(sold.skus, sold.names, sold.quantities, units, amounts, sold.categories, tags, strict=True)
        return [_new(Item, (line_no, line, 0)) for line_no, line in zip(sold.line_nos, lines, strict=True)]
    return [
        _new(Item, (line_no, (sku, name, quantity, unit, amount), 0))
        for line_no, quantity, amount, unit, sku, name in zip(
            sold.line_nos, sold.quantities, amounts, units, sold.skus, sold.names, strict=True
        )
    ]


def less(items: Sequence[Item], returned: Mapping[int, int]) -> list[Item]:
    """The lines without so many pieces of each, by its number."""
    return [
        _new(Item, (item.line_no, item.line, min(returned.get(item.line_no, 0), item.line[2])))
        if item.line_no in returned
        else item
        for item in items
    ]


def other_minor(sold: Sold, basis: Basis) -> int:
    """What an order came to beside its goods, in the programme's currency."""
    to, per = basis.rates[sold.currency]
    return shared(sold.other_minor, to, per)


def spend_of(items: Sequence[Item]) -> int:
    """What an order's goods come to, without the share of the pieces that came back."""
    back = [shared(line[4], returned, line[2]) for _, line, returned in items if returned]
    return sum([line[4] for _, line, _ in items]) - sum(back)


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
    tiers = any(_reads(one.basis, "member_tiers_") for one in needing)
    found = _queries.select_buyers(tx, member_ids=members, tiers=tiers) if members else []
    buyers = {one.member_id: one for one in found}
    before, told = _before(tx, needing), _events_before(tx, needing)
    return [_pinned(one, buyers.get(one.member_id), before, told) if one.basis.rules.pinned else {} for one in asked]


def _reads(basis: Basis, prefix: str) -> bool:
    return any(column.startswith(prefix) for column in basis.rules.pinned)


def _events_before(tx: Transaction, asked: Sequence[Asked]) -> dict[tuple[int, datetime, str, int], int]:
    wanted = sorted({each for one in asked for each in one.basis.rules.events})
    if not wanted:
        return {}
    return events.select_counts(
        tx, members=[one.member_id for one in asked], moments=[one.placed_at for one in asked],
        codes=[code for code, _ in wanted], days=[days for _, days in wanted],
    )  # fmt: skip


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
    one: Asked,
    buyer: Buyer | None,
    before: Mapping[tuple[int, datetime, int], tuple[int, int]],
    told: Mapping[tuple[int, datetime, str, int], int],
) -> dict[str, Any]:
    row: dict[str, Any] = {
        f"history_events_{code}_{days}": told.get((one.member_id, one.placed_at, code, days), 0)
        for code, days in one.basis.rules.events
    }
    for column in one.basis.rules.pinned:
        if column in row:
            continue
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
        case _ if column.startswith("member_tiers_"):
            return ((buyer and buyer.tiers) or {}).get(column.removeprefix("member_tiers_"), "")
        case "member_country":
            return (buyer and buyer.country) or ""
        case "member_joined_days":
            return (placed_at.astimezone(UTC) - buyer.joined_at) // timedelta(days=1) if buyer else 0
        case "member_segments":
            given = buyer.attributes.get("segments") if buyer else None
            return [str(each) for each in given][:100] if isinstance(given, list) else []  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        case _:
            _, month, day = birthday(str(buyer.attributes.get("birthday", ""))) if buyer else (0, 0, 0)
            return month if column == "member_birthday_month" else day


@cache
def birthday(text: str) -> tuple[int, int, int]:
    """Year, month and day of the attribute `birthday`; a year of 0 is not known, a month of 0 nothing is."""
    match = _BIRTHDAY.fullmatch(text)
    if match is None:
        return 0, 0, 0
    year, month, day = int(match[1] or 0), int(match[2]), int(match[3])
    try:
        date(2024, month, day)
    except ValueError:
        return 0, 0, 0
    return year, month, day
