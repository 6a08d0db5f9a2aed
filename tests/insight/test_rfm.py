"""Recency, frequency and money, against a ranking done by hand."""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from insight.shops import FIRST, fifths, frame, portraits, purchases, refunds
from regulars import insight


def found(table) -> dict[int, dict[str, object]]:
    return {row.pop("member_id"): row for row in table.to_pylist()}


@settings(max_examples=60, deadline=None)
@given(purchases, refunds, st.sampled_from(["GBP", "EUR"]))
def test_every_portrait_equals_a_second_computation(bought, given_back, currency) -> None:
    computed = insight.rfm(frame(bought, given_back), currency=currency)
    assert found(computed) == portraits(bought, given_back, currency)
    assert computed["member_id"].to_pylist() == sorted(found(computed))


@settings(max_examples=30, deadline=None)
@given(purchases, refunds, st.integers(1, 140))
def test_what_happens_from_a_day_on_does_not_change_the_portraits_before_it(bought, given_back, length) -> None:
    until = FIRST + timedelta(days=length)
    earlier = [row for row in bought if row[2] < until], [row for row in given_back if row[2] < until]
    whole = insight.rfm(frame(bought, given_back), until=until, currency="GBP")
    assert found(whole) == portraits(*earlier, "GBP")


@given(st.integers(0, 300))
def test_fifths_differ_by_at_most_one_member(count) -> None:
    sizes = [fifths(count).count(score) for score in range(1, 6)]
    assert sum(sizes) == count
    assert max(sizes) - min(sizes) <= 1


def test_members_who_tie_are_ordered_by_their_id() -> None:
    shop = frame([(1, member, FIRST, 100, "GBP") for member in range(10, 0, -1)])
    rows = found(insight.rfm(shop))
    assert [rows[member]["r"] for member in range(1, 11)] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert [rows[member]["f"] for member in range(1, 11)] == [rows[member]["m"] for member in range(1, 11)]


def test_the_latest_are_5_and_the_best_are_gold() -> None:
    shop = frame(
        [
            (1, member, FIRST + timedelta(days=member * 10 + order), member * 100, "GBP")
            for member in range(1, 6)
            for order in range(member)
        ]
    )
    rows = found(insight.rfm(shop))
    assert [(rows[member]["r"], rows[member]["f"], rows[member]["m"]) for member in (1, 5)] == [(1, 1, 1), (5, 5, 5)]
    assert [rows[member]["grade"] for member in range(1, 6)] == ["bronze", "bronze", "silver", "gold", "gold"]


def test_all_that_was_bought_and_given_back_is_no_money() -> None:
    shop = frame([(1, 1, date(2024, 1, 10), 7_718_360, "GBP")], [(1, 1, date(2024, 1, 10), 7_718_360, "GBP")])
    assert found(insight.rfm(shop))[1]["spend_minor"] == 0
