"""Simulated shops of every awkward shape, and each figure computed a second time, in pandas, from its sentence."""

from collections.abc import Sequence
from datetime import date, timedelta

import pandas as pd
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

Row = tuple[int, int | None, date, int, str]


def table(taken: Sequence[Row]) -> pa.Table:
    columns = list(zip(*taken, strict=True)) or [[] for _ in SCHEMA]
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)], schema=SCHEMA
    )


def frame(bought: Sequence[Row], given_back: Sequence[Row] = ()) -> Frame:
    return Frame(table(bought), table(given_back))


def pandas(taken: Sequence[Row], shop_id: int | None = None) -> pd.DataFrame:
    found = pd.DataFrame(list(taken), columns=pd.Index(SCHEMA.names))
    found["member_id"] = found["member_id"].astype("Int64")
    return found if shop_id is None else found[found["shop_id"] == shop_id]


def within(found: pd.DataFrame, start: date, end: date) -> pd.DataFrame:
    return found.loc[pd.Series([start <= day < end for day in found["day"]], index=found.index, dtype=bool)]


def expected(bought: Sequence[Row], given_back: Sequence[Row], scope: Scope) -> dict[str, float | int | None]:
    """Every measure by its sentence."""
    every = pandas(bought, scope.shop_id)
    now, before = within(every, scope.start, scope.end), within(every, scope.previous.start, scope.start)
    back = within(pandas(given_back, scope.shop_id), scope.start, scope.end)
    people = now.dropna(subset=["member_id"])
    buyers = set(people["member_id"])
    earlier = set(before["member_id"].dropna())
    firsts = every.dropna(subset=["member_id"]).groupby("member_id")["day"].min()
    priced = now[now["currency"] == scope.currency]
    revenue = int(priced["goods_minor"].sum())
    occasions = people.drop_duplicates(["member_id", "day"]).groupby("member_id").size()
    reaches_back = bool(bought) and min(row[2] for row in bought) <= scope.previous.start
    return {
        "active_members": len(buyers),
        "new_members": sum(scope.start <= day < scope.end for day in firsts),
        "orders": len(now),
        "revenue": revenue,
        "net_revenue": revenue - int(back[back["currency"] == scope.currency]["goods_minor"].sum()),
        "average_order_value": int(revenue / len(priced) + 0.5) if len(priced) else None,
        "purchase_frequency": len(people) / len(buyers) if buyers else None,
        "repurchase_rate": int((occasions >= 2).sum()) / len(buyers) if buyers else None,
        "retention_rate": len(earlier & buyers) / len(earlier) if earlier and reaches_back else None,
    }


def portraits(bought: Sequence[Row], given_back: Sequence[Row], currency: str) -> dict[int, dict[str, object]]:
    """Recency, frequency and money of each member, ranked by hand."""
    people = pandas(bought).dropna(subset=["member_id"])
    back = pandas(given_back)
    found: dict[int, dict[str, object]] = {}
    for member, theirs in people.groupby("member_id"):
        spent = theirs[theirs["currency"] == currency]["goods_minor"].sum()
        returned = back[(back["member_id"] == member) & (back["currency"] == currency)]["goods_minor"].sum()
        found[int(member)] = {
            "first_day": theirs["day"].min(),
            "last_day": theirs["day"].max(),
            "cohort": theirs["day"].min().replace(day=1),
            "orders": len(theirs),
            "days": theirs["day"].nunique(),
            "spend_minor": int(spent - returned),
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
