"""A real shop's year: every figure, every cohort cell and every RFM cell, against pandas on the same file."""

from datetime import date, timedelta

import pandas as pd
import pyarrow as pa
import pytest

from insight.shops import fifths, grade
from regulars import demo, insight
from regulars.insight import Frame, Scope

END = date(2011, 12, 10)
ALL = Scope(date(2010, 12, 1), END, currency="GBP")


@pytest.fixture(scope="module")
def lines() -> pd.DataFrame:
    """The file's lines as day, customer and pence, sales and cancellations apart; nothing else is cleaned here."""
    with demo.export() as path:
        every = pd.read_parquet(path)
    every = every[(every["Quantity"] != 0) & (every["UnitPrice"] > 0)]
    every["pence"] = (every["Quantity"] * every["UnitPrice"] * 100).round().astype("int64")
    every["day"] = every["InvoiceDate"].dt.date
    every["back"] = every["InvoiceNo"].str.startswith("C")
    return every


def documents(lines: pd.DataFrame, *, back: bool) -> pd.DataFrame:
    chosen = lines[(lines["back"] == back) & ((lines["pence"] < 0) == back)]
    grouped = chosen.groupby("InvoiceNo").agg(
        member_id=("CustomerID", "first"), day=("day", "first"), goods_minor=("pence", "sum")
    )
    return grouped.assign(goods_minor=grouped["goods_minor"].abs(), shop_id=1, currency="GBP")


@pytest.fixture(scope="module")
def bought(lines: pd.DataFrame) -> pd.DataFrame:
    return documents(lines, back=False)


@pytest.fixture(scope="module")
def given_back(lines: pd.DataFrame) -> pd.DataFrame:
    return documents(lines, back=True)


@pytest.fixture(scope="module")
def frame(bought: pd.DataFrame, given_back: pd.DataFrame) -> Frame:
    one, two = (pa.Table.from_pandas(table.astype({"member_id": "Int64"})) for table in (bought, given_back))
    return Frame(one, two)


def test_the_year_as_a_whole(frame: Frame, bought: pd.DataFrame, given_back: pd.DataFrame) -> None:
    found = {figure.measure.name: figure.value for figure in insight.figures(frame, ALL)}
    people = bought.dropna(subset=["member_id"])
    days = people.groupby("member_id")["day"].nunique()
    assert found["orders"] == len(bought)
    assert found["revenue"] == bought["goods_minor"].sum()
    assert found["net_revenue"] == bought["goods_minor"].sum() - given_back["goods_minor"].sum()
    assert found["active_members"] == found["new_members"] == len(days)
    assert found["repurchase_rate"] == pytest.approx((days >= 2).mean())
    assert found["purchase_frequency"] == pytest.approx(len(people) / len(days))
    assert found["average_order_value"] == round(bought["goods_minor"].mean())
    assert len(insight.members_behind(frame, "repurchase_rate", ALL)) == (days >= 2).sum()


def test_every_month(frame: Frame, bought: pd.DataFrame) -> None:
    months = bought.assign(month=[day.replace(day=1) for day in bought["day"]]).groupby("month")
    figures = {figure.measure.name: figure for figure in insight.figures(frame, ALL, step="month")}
    expected = {
        "orders": months.size(),
        "revenue": months["goods_minor"].sum(),
        "active_members": months["member_id"].nunique(),
    }
    for name, values in expected.items():
        assert [point.value for point in figures[name].series] == values.tolist()
    assert [point.complete for point in figures["orders"].series] == [True] * 12 + [False]


def test_every_cohort_cell(frame: Frame, bought: pd.DataFrame) -> None:
    people = bought.dropna(subset=["member_id"]).copy()
    people["month"] = [day.year * 12 + day.month for day in people["day"]]
    people["cohort"] = people.groupby("member_id")["month"].transform("min")
    grouped = people.groupby(["cohort", people["month"] - people["cohort"]])
    active, revenue = grouped["member_id"].nunique(), grouped["goods_minor"].sum()
    cells = [
        (cohort.month.year * 12 + cohort.month.month, cell.months, cell.active, cell.revenue_minor)
        for cohort in insight.cohorts(frame, until=END)
        for cell in cohort.cells
    ]
    assert len(cells) == 13 * 14 // 2
    assert cells == [
        (month, months, active.get((month, months), 0), revenue.get((month, months), 0)) for month, months, *_ in cells
    ]
    assert sum(cell[2] for cell in cells) == active.sum()


def test_every_portrait_and_rfm_cell(frame: Frame, bought: pd.DataFrame, given_back: pd.DataFrame) -> None:
    people = bought.dropna(subset=["member_id"]).astype({"member_id": "int64"}).groupby("member_id")
    back = (
        given_back.dropna(subset=["member_id"]).astype({"member_id": "int64"}).groupby("member_id")["goods_minor"].sum()
    )
    expected = pd.DataFrame(
        {"last_day": people["day"].max(), "orders": people.size(), "spend_minor": people["goods_minor"].sum()}
    )
    expected["spend_minor"] -= back.reindex(expected.index).fillna(0).astype("int64")
    for score, by in (("r", "last_day"), ("f", "orders"), ("m", "spend_minor")):
        ranked = expected.reset_index().sort_values([by, "member_id"])["member_id"]
        expected[score] = pd.Series(fifths(len(ranked)), index=ranked)
    expected["grade"] = [grade(row) for row in expected[["r", "f", "m"]].to_dict("records")]
    found = insight.rfm(frame).to_pandas().set_index("member_id")
    columns = ["orders", "spend_minor", "r", "f", "m", "grade"]
    assert found[columns].astype({"orders": "int64"} | dict.fromkeys("rfm", "int64")).equals(expected[columns])
    assert found.groupby(["r", "f", "m"]).size().to_dict() == expected.groupby(["r", "f", "m"]).size().to_dict()
    assert (found["last_day"].dt.date if hasattr(found["last_day"], "dt") else found["last_day"]).tolist() == expected[
        "last_day"
    ].tolist()


def test_ninety_days_against_the_ninety_before(frame: Frame, bought: pd.DataFrame) -> None:
    scope = Scope.last(90, END)
    figure = insight.figure(frame, "retention_rate", scope)

    def people(start: date, end: date) -> set[int]:
        return set(bought[[start <= day < end for day in bought["day"]]]["member_id"].dropna())

    now, before = people(scope.start, END), people(scope.start - timedelta(days=90), scope.start)
    assert (figure.now.part, figure.now.whole) == (len(now & before), len(before))
    revenue = insight.figure(frame, "revenue", scope)
    assert revenue.previous is not None
    assert (
        revenue.previous.value
        == bought[[scope.previous.start <= day < scope.start for day in bought["day"]]]["goods_minor"].sum()
    )
