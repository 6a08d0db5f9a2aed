"""Figures, against the same figures computed from their sentences in plain Python."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insight.shops import (
    FIRST,
    by_member,
    expected,
    frame,
    money,
    of_shop,
    purchases,
    refunds,
    rows,
    scopes,
    table,
    within,
)
from regulars import insight
from regulars.insight import MeasureNotFound, Scope

few = settings(max_examples=40, deadline=None)
NAMES = [measure.name for measure in insight.measures()]
OF_MEMBERS = ["active_members", "new_members", "purchase_frequency", "repurchase_rate", "retention_rate"]


def values(figures) -> dict[str, object]:
    return {figure.measure.name: figure.value for figure in figures}


@few
@given(purchases, refunds, scopes)
def test_every_measure_equals_its_sentence(bought, given_back, scope) -> None:
    figures = insight.figures(frame(bought, given_back), scope)
    assert values(figures) == pytest.approx(expected(bought, given_back, scope))
    reaches_back = bool(bought) and min(row[2] for row in bought) <= scope.previous.start
    before = expected(bought, given_back, scope.previous)
    for figure in figures:
        assert (figure.previous is not None) == reaches_back
        if figure.previous is not None:
            assert figure.previous.value == pytest.approx(before[figure.measure.name])


@few
@given(purchases, refunds, scopes, st.sampled_from(["day", "week", "month"]))
def test_each_point_of_a_series_is_the_figure_of_its_days(bought, given_back, scope, step) -> None:
    figures = insight.figures(frame(bought, given_back), scope, step=step)
    for number, point in enumerate(figures[0].series):
        days = Scope(point.start, point.end, scope.shop_id, scope.currency)
        second = expected(bought, given_back, days)
        assert {figure.measure.name: figure.series[number].value for figure in figures} == pytest.approx(second)


@few
@given(purchases, refunds, scopes)
def test_sums_over_a_series_are_the_figure(bought, given_back, scope) -> None:
    for figure in insight.figures(
        frame(bought, given_back), scope, names=["orders", "revenue", "net_revenue", "new_members"]
    ):
        assert sum(point.part for point in figure.series) == figure.value


@few
@given(purchases, refunds, scopes, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(bought, given_back, scope, random) -> None:
    shuffled, back = random.sample(bought, len(bought)), random.sample(given_back, len(given_back))
    one, other = frame(bought, given_back), frame(shuffled, back)
    assert insight.figures(one, scope) == insight.figures(other, scope)
    assert insight.cohorts(one, until=scope.end) == insight.cohorts(other, until=scope.end)
    assert insight.rfm(one, currency="GBP").equals(insight.rfm(other, currency="GBP"))


@few
@given(purchases, st.lists(rows.map(lambda row: (row[0], None, *row[2:])), max_size=20), scopes)
def test_guests_count_in_orders_and_revenue_but_in_no_figure_about_members(bought, guests, scope) -> None:
    guests = [guest for guest in guests if bought and guest[2] >= min(row[2] for row in bought)]
    without, together = (values(insight.figures(frame(taken), scope)) for taken in (bought, bought + guests))
    assert {name: together[name] for name in OF_MEMBERS} == {name: without[name] for name in OF_MEMBERS}
    counted = within(of_shop(guests, scope.shop_id), scope.start, scope.end)
    assert together["orders"] == without["orders"] + len(counted)
    assert together["revenue"] == without["revenue"] + sum(money(counted, "GBP"))


@few
@given(purchases, refunds, scopes)
def test_two_shops_add_up(bought, given_back, scope) -> None:
    whole = frame(bought, given_back)
    both, one, two = (
        values(
            insight.figures(
                whole, Scope(scope.start, scope.end, shop, "GBP"), names=["orders", "revenue", "net_revenue"]
            )
        )
        for shop in (None, 1, 2)
    )
    assert both == {name: one[name] + two[name] for name in both}


@few
@given(purchases, refunds, scopes)
def test_a_figure_opens_to_the_members_it_counts(bought, given_back, scope) -> None:
    opened = frame(bought, given_back)
    found = {figure.measure.name: figure for figure in insight.figures(opened, scope)}
    people = within(of_shop(bought, scope.shop_id), scope.start, scope.end)
    for name in ("active_members", "new_members", "repurchase_rate"):
        assert len(insight.members_behind(opened, name, scope)) == found[name].now.part
    assert insight.members_behind(opened, "orders", scope) == sorted(by_member(people))
    assert insight.members_behind(opened, "active_members", scope) == sorted(by_member(people))
    priced = [row for row in people if row.currency == "GBP"]
    assert insight.members_behind(opened, "revenue", scope) == sorted(by_member(priced))


def test_two_orders_on_one_day_are_one_occasion() -> None:
    day = Scope(FIRST, FIRST + timedelta(days=10), currency="GBP")
    same = frame([(1, 1, FIRST, 100, "GBP"), (1, 1, FIRST, 100, "GBP")])
    again = frame([(1, 1, FIRST, 100, "GBP"), (1, 1, FIRST + timedelta(days=1), 100, "GBP")])
    assert insight.figure(same, "repurchase_rate", day).value == 0
    assert insight.figure(again, "repurchase_rate", day).value == 1
    assert insight.figure(same, "purchase_frequency", day).value == 2


def test_more_given_back_than_was_bought_makes_net_revenue_negative() -> None:
    shop = frame([(1, 1, FIRST, 100, "GBP")], [(1, 1, FIRST, 250, "GBP"), (1, None, FIRST, 50, "GBP")])
    scope = Scope(FIRST, FIRST + timedelta(days=1))
    assert insight.figure(shop, "net_revenue", scope).value == -200
    assert insight.figure(shop, "revenue", scope).value == 100
    assert insight.rfm(shop)["spend_minor"].to_pylist() == [-150]


def test_an_empty_shop_has_figures_too() -> None:
    empty, scope = frame([]), Scope(date(2024, 1, 1), date(2024, 2, 1))
    assert values(insight.figures(empty, scope)) == {
        "active_members": 0, "new_members": 0, "orders": 0, "revenue": 0, "net_revenue": 0, "average_order_value": None,
        "purchase_frequency": None, "repurchase_rate": None, "retention_rate": None,
    }  # fmt: skip
    assert all(figure.previous is None and figure.change is None for figure in insight.figures(empty, scope))
    assert insight.cohorts(empty, until=scope.end) == []
    assert insight.rfm(empty).num_rows == 0
    assert [insight.members_behind(empty, name, scope) for name in NAMES] == [[]] * len(NAMES)


def test_money_is_in_the_most_used_currency_unless_another_is_asked_for() -> None:
    shop = frame([(1, 1, FIRST, 100, "EUR"), (1, 2, FIRST, 300, "EUR"), (2, 3, FIRST, 5000, "GBP")])
    scope = Scope(FIRST, FIRST + timedelta(days=1))
    assert shop.priced(scope).currency == "EUR"
    assert insight.figure(shop, "revenue", scope).value == 400
    assert insight.figure(shop, "revenue", Scope(scope.start, scope.end, currency="GBP")).value == 5000
    assert insight.figure(shop, "revenue", Scope(scope.start, scope.end, shop_id=2)).value == 5000
    assert insight.figure(shop, "active_members", scope).value == 3
    assert shop.currencies() == ["EUR", "GBP"]


def test_an_average_of_money_is_rounded_half_up_to_a_minor_unit() -> None:
    shop = frame([(1, 1, FIRST, 100, "GBP"), (1, 2, FIRST, 101, "GBP")])
    figure = insight.figure(shop, "average_order_value", Scope(FIRST, FIRST + timedelta(days=1)))
    assert (figure.value, figure.now.part, figure.now.whole) == (101, 201, 2)


def test_a_change_is_relative_and_of_a_share_a_difference() -> None:
    def at(day: int) -> date:
        return FIRST + timedelta(days=day)

    shop = frame(
        [(1, 1, at(0), 100, "GBP"), (1, 1, at(1), 100, "GBP"), (1, 2, at(0), 200, "GBP")]
        + [(1, member, at(day), 150, "GBP") for member in (1, 2) for day in (10, 11)]
    )
    scope = Scope(at(10), at(20))
    assert insight.figure(shop, "revenue", scope).change == pytest.approx(0.5)
    assert insight.figure(shop, "repurchase_rate", scope).change == pytest.approx(0.5)
    assert insight.figure(shop, "retention_rate", scope).value == 1


def test_a_figure_that_looks_back_beyond_the_record_is_not_given() -> None:
    shop = frame([(1, 1, FIRST, 100, "GBP"), (1, 1, FIRST + timedelta(days=20), 100, "GBP")])
    assert (
        insight.figure(shop, "retention_rate", Scope(FIRST + timedelta(days=10), FIRST + timedelta(days=30))).value
        is None
    )
    assert (
        insight.figure(shop, "retention_rate", Scope(FIRST + timedelta(days=15), FIRST + timedelta(days=30))).value == 1
    )


def test_an_unknown_measure_is_refused_by_name() -> None:
    with pytest.raises(MeasureNotFound, match="no measure 'nps'; there are active_members, new_members"):
        insight.figure(frame([]), "nps", Scope(FIRST, FIRST + timedelta(days=1)))


def test_a_table_of_a_notebook_may_have_its_columns_in_any_order_and_more_of_them() -> None:
    bought = table([(1, 1, FIRST, 100, "GBP")]).select(["currency", "goods_minor", "day", "member_id", "shop_id"])
    noted = bought.append_column("note", [["x"]]).replace_schema_metadata({"pandas": "{}"})
    shop = insight.Frame(noted)
    assert insight.figure(shop, "revenue", Scope(FIRST, FIRST + timedelta(days=1))).value == 100
