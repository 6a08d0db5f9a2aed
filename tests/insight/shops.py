"""Simulated shops of every awkward shape, and each figure computed a second time, in plain Python, from its sentence."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

import pyarrow as pa
from hypothesis import strategies as st

from regulars.insight import SCHEMA, Frame, Scope

FIRST = date(2024, 1, 10)

days = st.integers(0, 130).map(lambda days: FIRST + timedelta(days=days))
rows = st.tuples(
    st.sampled_from([1, 2]),  # shop
    st.sampled_from([None, 1, 2, 3, 4, 5, 6, 7]),  # member; None is a guest
    days,
    st.sampled_from([1, 99, 100, 250, 10_000]),  # few amounts, so that members tie
    st.sampled_from(["GBP", "GBP", "GBP", "EUR"]),
)
purchases = st.one_of(
    st.lists(rows, max_size=60),
    st.lists(rows.map(lambda row: (row[0], None, *row[2:])), max_size=10),  # guests only
    st.lists(rows.map(lambda row: (row[0], 1, *row[2:])), max_size=10),  # one member
)
refunds = st.lists(rows, max_size=15)  # of people and amounts that need not have been bought at all
scopes = st.builds(
    lambda start, length, shop: Scope(start, start + timedelta(days=length), shop, "GBP"),
    days,
    st.sampled_from([1, 7, 30, 31, 40, 100]),
    st.sampled_from([None, None, 1]),
)

Plain = tuple[int, int | None, date, int, str]


class Row(NamedTuple):
    """A purchase or a refund, its columns named."""

    shop_id: int
    member_id: int | None
    day: date
    goods_minor: int
    currency: str


def table(taken: Sequence[Plain]) -> pa.Table:
    columns = list(zip(*taken, strict=True)) or [[] for _ in SCHEMA]
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)], schema=SCHEMA
    )


def frame(bought: Sequence[Plain], given_back: Sequence[Plain] = ()) -> Frame:
    return Frame(table(bought), table(given_back))


def of_shop(taken: Sequence[Plain], shop_id: int | None = None) -> list[Row]:
    every = [Row(*row) for row in taken]
    return every if shop_id is None else [row for row in every if row.shop_id == shop_id]


def within(found: Sequence[Row], start: date, end: date) -> list[Row]:
    return [row for row in found if start <= row.day < end]


def by_member(found: Sequence[Row]) -> dict[int, list[Row]]:
    """The rows of each member; guests are nobody's."""
    theirs: dict[int, list[Row]] = {}
    for row in found:
        if row.member_id is not None:
            theirs.setdefault(row.member_id, []).append(row)
    return theirs


def firsts(found: Sequence[Row]) -> dict[int, date]:
    """The day of each member's first purchase."""
    return {member: min(row.day for row in theirs) for member, theirs in by_member(found).items()}


def money(found: Sequence[Row], currency: str) -> list[int]:
    return [row.goods_minor for row in found if row.currency == currency]


def expected(bought: Sequence[Plain], given_back: Sequence[Plain], scope: Scope) -> dict[str, float | int | None]:
    """Every measure by its sentence."""
    every = of_shop(bought, scope.shop_id)
    now, before = within(every, scope.start, scope.end), within(every, scope.previous.start, scope.start)
    back = within(of_shop(given_back, scope.shop_id), scope.start, scope.end)
    people, earlier = by_member(now), set(by_member(before))
    buyers = set(people)
    priced = money(now, scope.currency)
    occasions = {member: {row.day for row in theirs} for member, theirs in people.items()}
    reaches_back = bool(bought) and min(row[2] for row in bought) <= scope.previous.start
    return {
        "active_members": len(buyers),
        "new_members": sum(scope.start <= day < scope.end for day in firsts(every).values()),
        "orders": len(now),
        "revenue": sum(priced),
        "net_revenue": sum(priced) - sum(money(back, scope.currency)),
        "average_order_value": int(sum(priced) / len(priced) + 0.5) if priced else None,
        "purchase_frequency": sum(map(len, people.values())) / len(buyers) if buyers else None,
        "repurchase_rate": sum(len(days) >= 2 for days in occasions.values()) / len(buyers) if buyers else None,
        "retention_rate": len(earlier & buyers) / len(earlier) if earlier and reaches_back else None,
    }


def portraits(bought: Sequence[Plain], given_back: Sequence[Plain], currency: str) -> dict[int, dict[str, object]]:
    """Recency, frequency and money of each member, ranked by hand."""
    people, back = by_member(of_shop(bought)), by_member(of_shop(given_back))
    found: dict[int, dict[str, object]] = {}
    for member, theirs in people.items():
        first = min(row.day for row in theirs)
        found[member] = {
            "first_day": first,
            "last_day": max(row.day for row in theirs),
            "cohort": first.replace(day=1),
            "orders": len(theirs),
            "days": len({row.day for row in theirs}),
            "spend_minor": sum(money(theirs, currency)) - sum(money(back.get(member, []), currency)),
        }
    for score, by in (("r", "last_day"), ("f", "orders"), ("m", "spend_minor")):
        ranked = sorted(found, key=lambda member: (found[member][by], member))
        for member, fifth in zip(ranked, fifths(len(ranked)), strict=True):
            found[member][score] = fifth
    return {member: values | {"grade": grade(values)} for member, values in found.items()}


def fifths(count: int) -> list[int]:
    """Five groups whose sizes differ by at most one, the larger ones first."""
    sizes = [count // 5 + (1 if group < count % 5 else 0) for group in range(5)]
    return [group + 1 for group, size in enumerate(sizes) for _ in range(size)]


def grade(scores: dict[str, object]) -> str:
    r, f, m = (int(str(scores[name])) for name in "rfm")
    if min(r, f, m) >= 4:
        return "gold"
    return "silver" if r + f + m >= 9 else "bronze"
