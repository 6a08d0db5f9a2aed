"""Cohorts, against a second computation in plain Python."""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from insight.shops import FIRST, days, firsts, frame, of_shop, purchases, within
from regulars import insight
from regulars.insight import Cohort


def month_number(day: date) -> int:
    return day.year * 12 + day.month


def expected(bought, until: date) -> dict[tuple[date, int], tuple[set[int], int]]:
    """Who of each cohort purchased in each month since, and for how much."""
    every = of_shop(bought)
    first = firsts(every)
    cells: dict[tuple[date, int], tuple[set[int], int]] = {}
    for row in within(every, date.min, until):
        if row.member_id is None:
            continue
        began = first[row.member_id].replace(day=1)
        members, spent = cells.get((began, month_number(row.day) - month_number(began)), (set(), 0))
        cells[began, month_number(row.day) - month_number(began)] = (
            members | {row.member_id},
            spent + (row.goods_minor if row.currency == "GBP" else 0),
        )
    return cells


@settings(max_examples=60, deadline=None)
@given(purchases, days, st.integers(1, 40))
def test_every_cell_equals_a_second_computation(bought, start, length) -> None:
    until = start + timedelta(days=length)
    shop, cells = frame(bought), expected(bought, until)
    found = insight.cohorts(shop, until=until, currency="GBP")
    assert [cohort.month for cohort in found] == sorted({month for month, _ in cells})
    for cohort in found:
        assert cohort.members == cohort.cells[0].active
        assert [cell.months for cell in cohort.cells] == list(range(len(cohort.cells)))
        assert month_number(cohort.month) + len(cohort.cells) - 1 == month_number(until - timedelta(days=1))
        for cell in cohort.cells:
            members, spent = cells.get((cohort.month, cell.months), (set(), 0))
            assert (cell.active, cell.revenue_minor) == (len(members), spent)
            assert cell.rate == len(members) / cohort.members
            behind = insight.cohort_members(shop, cohort=cohort.month, months=cell.months, until=until)
            assert behind == sorted(members)


def test_a_month_is_complete_when_it_is_over() -> None:
    def complete(until: date) -> list[bool]:
        [cohort] = insight.cohorts(frame([(1, 1, FIRST, 100, "GBP")]), until=until)
        return [cell.complete for cell in cohort.cells]

    assert complete(date(2024, 1, 31)) == [False]
    assert complete(date(2024, 2, 1)) == [True]
    assert complete(date(2024, 2, 2)) == [True, False]


def test_a_cohort_in_one_shop_begins_with_the_first_purchase_there() -> None:
    shop = frame([(1, 1, date(2024, 1, 15), 100, "GBP"), (2, 1, date(2024, 3, 15), 100, "GBP")])
    both = insight.cohorts(shop, until=date(2024, 4, 1))
    [two] = insight.cohorts(shop, until=date(2024, 4, 1), shop_id=2)
    assert [(cohort.month, [cell.active for cell in cohort.cells]) for cohort in both] == [
        (date(2024, 1, 1), [1, 0, 1])
    ]
    assert two == Cohort(date(2024, 3, 1), 1, two.cells)
    assert insight.cohort_members(shop, cohort=date(2024, 3, 1), months=0, until=date(2024, 4, 1), shop_id=2) == [1]
    assert insight.cohort_members(shop, cohort=date(2024, 3, 1), months=0, until=date(2024, 4, 1)) == []
