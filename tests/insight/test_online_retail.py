"""A real shop's year: every figure, every cohort cell and every RFM cell, against plain Python on the same file."""

from collections import Counter
from datetime import date, timedelta
from typing import NamedTuple

import pyarrow.parquet as pq
import pytest

from insight.shops import Row, by_member, fifths, firsts, grade, table, within
from regulars import demo, insight
from regulars.insight import Frame, Scope

END = date(2011, 12, 10)
ALL = Scope(date(2010, 12, 1), END, currency="GBP")


class Line(NamedTuple):
    document: str
    member_id: int | None
    day: date
    pence: int

    @property
    def back(self) -> bool:
        return self.document.startswith("C")


@pytest.fixture(scope="module")
def lines() -> list[Line]:
    """The file's lines as day, customer and pence, sales and cancellations together; nothing else is cleaned here."""
    with demo.export() as path:
        read = pq.read_table(path, columns=["InvoiceNo", "CustomerID", "InvoiceDate", "Quantity", "UnitPrice"])
    return [
        Line(document, member, moment.date(), round(quantity * price * 100))
        for document, member, moment, quantity, price in zip(*(c.to_pylist() for c in read.columns), strict=True)
        if quantity != 0 and price > 0
    ]


def documents(lines: list[Line], *, back: bool) -> list[Row]:
    """One row per document: the first customer named on it, the first line's day, the sum of its lines."""
    member: dict[str, int | None] = {}
    day: dict[str, date] = {}
    pence: Counter[str] = Counter()
    for line in lines:
        if line.back == back and (line.pence < 0) == back:
            if member.get(line.document) is None:
                member[line.document] = line.member_id
            day.setdefault(line.document, line.day)
            pence[line.document] += line.pence
    return [Row(1, member[document], day[document], abs(pence[document]), "GBP") for document in day]


@pytest.fixture(scope="module")
def bought(lines: list[Line]) -> list[Row]:
    return documents(lines, back=False)


@pytest.fixture(scope="module")
def given_back(lines: list[Line]) -> list[Row]:
    return documents(lines, back=True)


@pytest.fixture(scope="module")
def frame(bought: list[Row], given_back: list[Row]) -> Frame:
    return Frame(table(bought), table(given_back))


def total(rows: list[Row]) -> int:
    return sum(row.goods_minor for row in rows)


def month_number(day: date) -> int:
    return day.year * 12 + day.month


def test_the_year_as_a_whole(frame: Frame, bought: list[Row], given_back: list[Row]) -> None:
    found = {figure.measure.name: figure.value for figure in insight.figures(frame, ALL)}
    people = by_member(bought)
    again = sum(len({row.day for row in theirs}) >= 2 for theirs in people.values())
    assert found["orders"] == len(bought)
    assert found["revenue"] == total(bought)
    assert found["net_revenue"] == total(bought) - total(given_back)
    assert found["active_members"] == found["new_members"] == len(people)
    assert found["repurchase_rate"] == pytest.approx(again / len(people))
    assert found["purchase_frequency"] == pytest.approx(sum(map(len, people.values())) / len(people))
    assert found["average_order_value"] == round(total(bought) / len(bought))
    assert len(insight.members_behind(frame, "repurchase_rate", ALL)) == again


def test_every_month(frame: Frame, bought: list[Row]) -> None:
    months: dict[date, list[Row]] = {}
    for row in bought:
        months.setdefault(row.day.replace(day=1), []).append(row)
    rows = [months[month] for month in sorted(months)]
    figures = {figure.measure.name: figure for figure in insight.figures(frame, ALL, step="month")}
    expected = {
        "orders": [len(month) for month in rows],
        "revenue": [total(month) for month in rows],
        "active_members": [len(by_member(month)) for month in rows],
    }
    for name, values in expected.items():
        assert [point.value for point in figures[name].series] == values
    assert [point.complete for point in figures["orders"].series] == [True] * 12 + [False]


def test_every_cohort_cell(frame: Frame, bought: list[Row]) -> None:
    began = {member: month_number(day) for member, day in firsts(bought).items()}
    active: dict[tuple[int, int], set[int]] = {}
    revenue: Counter[tuple[int, int]] = Counter()
    for member, theirs in by_member(bought).items():
        for row in theirs:
            cell = (began[member], month_number(row.day) - began[member])
            active.setdefault(cell, set()).add(member)
            revenue[cell] += row.goods_minor
    cells = [
        (month_number(cohort.month), cell.months, cell.active, cell.revenue_minor)
        for cohort in insight.cohorts(frame, until=END)
        for cell in cohort.cells
    ]
    assert len(cells) == 13 * 14 // 2
    assert cells == [
        (month, months, len(active.get((month, months), ())), revenue[month, months]) for month, months, *_ in cells
    ]
    assert sum(cell[2] for cell in cells) == sum(map(len, active.values()))


def test_every_portrait_and_rfm_cell(frame: Frame, bought: list[Row], given_back: list[Row]) -> None:
    back = by_member(given_back)
    expected: dict[int, dict[str, object]] = {
        member: {
            "last_day": max(row.day for row in theirs),
            "orders": len(theirs),
            "spend_minor": total(theirs) - total(back.get(member, [])),
        }
        for member, theirs in by_member(bought).items()
    }
    for score, by in (("r", "last_day"), ("f", "orders"), ("m", "spend_minor")):
        ranked = sorted(expected, key=lambda member: (expected[member][by], member))
        for member, fifth in zip(ranked, fifths(len(ranked)), strict=True):
            expected[member][score] = fifth
    for scores in expected.values():
        scores["grade"] = grade(scores)
    columns = ["last_day", "orders", "spend_minor", "r", "f", "m", "grade"]
    rows = insight.rfm(frame).to_pylist()
    found = {row["member_id"]: {column: row[column] for column in columns} for row in rows}
    assert list(found) == sorted(expected)
    assert found == expected
    assert len(found) == len(rows)
    assert Counter((row["r"], row["f"], row["m"]) for row in rows) == Counter(
        (row["r"], row["f"], row["m"]) for row in expected.values()
    )


def test_ninety_days_against_the_ninety_before(frame: Frame, bought: list[Row]) -> None:
    scope = Scope.last(90, END)
    figure = insight.figure(frame, "retention_rate", scope)
    now = set(by_member(within(bought, scope.start, END)))
    before = set(by_member(within(bought, scope.start - timedelta(days=90), scope.start)))
    assert (figure.now.part, figure.now.whole) == (len(now & before), len(before))
    revenue = insight.figure(frame, "revenue", scope)
    assert revenue.previous is not None
    assert revenue.previous.value == total(within(bought, scope.previous.start, scope.start))
