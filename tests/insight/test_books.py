"""Closing months: what the ledger knew then, tied to it to the point and to the cent, and never changed afterwards."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import make
from conftest import NOON
from ledger.making import ADA, BEN, CLEO, DAY, earn, give_back, post, spend, take_back
from programme.rewards import making as rewarding
from regulars import ledger, programme
from regulars.insight import economics
from regulars.ledger import InvalidPosting, Posting, periods
from regulars.ledger.periods import (
    BadPointValue,
    PeriodClosed,
    PeriodNotClosed,
    PeriodNotLast,
    PeriodNotOver,
    PeriodOutOfTurn,
    PointValue,
    PointValueMissing,
    RollForward,
)
from regulars.programme import rewards
from regulars.storage import Transaction

MARCH, APRIL, MAY = date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1)
IN_APRIL, IN_MAY, IN_JUNE = NOON + 31 * DAY, NOON + 61 * DAY, NOON + 92 * DAY
YEARS = NOON + 700 * DAY


def value(minor_per_million: int = 1_000_000, **more: Any) -> PointValue:
    given: dict[str, Any] = {
        "point_type": "points",
        "effective_from": date(2026, 1, 1),
        "currency": "GBP",
        "minor_per_million": minor_per_million,
        "basis": "by_hand",
        "method": "chain_ladder",
        "note": "",
        "set_at": NOON,
        "set_by": "agnes",
    }
    return PointValue(**(given | more))


def close(tx: Transaction, period: date, at: datetime = IN_JUNE) -> periods.Closing:
    return economics.close(tx, period, by="agnes", at=at)


def ties(tx: Transaction, roll: RollForward, until: datetime) -> None:
    """The sums of a month, and the ledger's."""
    assert roll.closing_points == (
        roll.opening_points + roll.issued_points + roll.adjusted_points + roll.redeemed_points + roll.expired_points
    )
    assert roll.closing_minor == (
        roll.opening_minor + roll.issued_minor + roll.adjusted_minor + roll.redeemed_minor + roll.expired_minor
        + roll.reestimated_minor
    )  # fmt: skip
    assert roll.closing_points == periods.owed_net(tx, point_type="points", until=until)


def came_to(tx: Transaction, until: datetime = IN_JUNE, point_type: str = "points") -> dict[tuple[Any, ...], int]:
    """Pieces by month of issue, what became of them, and when."""
    found: dict[tuple[Any, ...], int] = {}
    for one in periods.pieces(tx, point_type=point_type, until=until):
        key = (one.cohort and one.cohort % 12 + 1, one.gone, one.month and one.month % 12 + 1)
        found[key] = found.get(key, 0) + one.points
    return found


def at(posting: Posting, moment: datetime) -> Posting:
    return Posting(**{name: getattr(posting, name) for name in posting.__dataclass_fields__} | {"occurred_at": moment})


def test_what_came_first_goes_first_and_what_was_undone_has_not_been(tx: Transaction) -> None:
    post(tx, earn(ADA, 100, "a", YEARS), earn(ADA, 20, "gone", YEARS))
    post(tx, at(earn(ADA, 50, "b", YEARS + DAY), IN_APRIL), at=IN_APRIL)
    post(tx, at(spend(ADA, 110, "v"), IN_APRIL), at=IN_APRIL)
    post(tx, at(give_back(ADA, 5, "back", "v"), IN_MAY), at(take_back(ADA, 20, "r", "gone"), IN_MAY), at=IN_MAY)
    assert came_to(tx) == {
        (3, "redeemed", 4): 100, (4, "redeemed", 4): 5, (4, None, None): 45, (3, "taken_back", None): 20,
    }  # fmt: skip
    assert came_to(tx, IN_MAY) == {(3, "redeemed", 4): 110, (3, None, None): 10, (4, None, None): 50}
    assert {one.life for one in periods.pieces(tx, point_type="points", until=IN_MAY)} == {23}


def test_promises_holds_debts_transfers_and_lapses_are_each_in_one_place(tx: Transaction) -> None:
    post(tx, earn(ADA, 100, "a", NOON + 10 * DAY), earn(BEN, 40, "b", YEARS), earn(CLEO, 30, "c", YEARS))
    post(tx, earn(BEN, 9, "promised", YEARS, matures_at=NOON + 40 * DAY))
    ledger.hold(tx, BEN, 10, reference="h", until=NOON + 40 * DAY, at=NOON + DAY)
    ledger.capture(tx, BEN, 4, reference="k", hold="h", at=NOON + DAY)
    ledger.transfer(tx, BEN, ADA, 6, reference="t", at=NOON + DAY)
    ledger.expire_due(tx, at=IN_APRIL)
    post(tx, at(spend(CLEO, 30, "v"), IN_APRIL), at=IN_APRIL)
    post(tx, at(take_back(CLEO, 12, "r", "c"), IN_APRIL), at=IN_APRIL)
    found = came_to(tx)
    assert found[3, "expired", 3] == 100
    assert found[3, "redeemed", 3] == 4
    assert found[3, "sent", 3] == 6
    assert found[3, "taken_back", None] == 12
    assert found[3, "redeemed", 4] == 18
    assert found[None, "redeemed", 4] == 12
    left = sum(points for (cohort, gone, _), points in found.items() if gone is None and cohort is not None)
    [total] = ledger.totals(tx)
    assert left == total.outstanding + total.pending + total.held == 45
    assert left - found[None, "redeemed", 4] == periods.owed_net(tx, point_type="points", until=IN_JUNE)


def test_a_month_closes_with_what_the_next_opens_with(tx: Transaction) -> None:
    periods.set_value(tx, value(), at=NOON)
    post(tx, earn(ADA, 1000, "a", YEARS))
    post(tx, at(spend(ADA, 300, "v"), IN_APRIL), at=IN_APRIL)
    march, april = close(tx, MARCH), close(tx, APRIL)
    assert march.books.rolled == RollForward(0, 1000, 0, 0, 0, 1000, 0, 1000, 0, 0, 0, 0, 1000, 0)
    assert april.books.rolled == RollForward(1000, 0, 0, -300, 0, 700, 1000, 0, 0, -300, 0, 0, 700, 0)
    assert april.books.method_used == "no_breakage"
    assert april.books.fair_value_minor == 700
    ties(tx, april.books.rolled, datetime(2026, 5, 1, tzinfo=UTC))
    assert [one.period for one in periods.closings(tx, "points")] == [APRIL, MARCH]


def test_case_18_a_backdated_posting_goes_to_the_period_that_is_open(tx: Transaction) -> None:
    """What is told in May of March changes May's books, and not a letter of March's, which were reported."""
    periods.set_value(tx, value(), at=NOON)
    post(tx, earn(ADA, 1000, "a", YEARS))
    march, april = close(tx, MARCH, IN_MAY), close(tx, APRIL, IN_MAY)
    post(tx, earn(BEN, 50, "late", YEARS), spend(ADA, 200, "late-spend"), at=IN_MAY)
    post(tx, take_back(ADA, 100, "late-return", "a"), at=IN_MAY)
    may = close(tx, MAY)
    assert list(periods.closings(tx, "points")) == [may, april, march]
    assert march.books.rolled.closing_points == april.books.rolled.closing_points == 1000
    rolled = may.books.rolled
    assert (rolled.opening_points, rolled.issued_points, rolled.adjusted_points, rolled.redeemed_points) == (
        1000, 50, -100, -200,
    )  # fmt: skip
    assert (rolled.closing_points, rolled.closing_minor) == (750, 750)
    ties(tx, rolled, datetime(2026, 6, 1, tzinfo=UTC))
    [cohort] = {one.cohort for one in may.books.standings}
    assert cohort == MARCH  # it is of March, and in May's books


def test_what_was_committed_late_under_an_earlier_instant_goes_to_the_open_period_too(tx: Transaction) -> None:
    """A transaction that began before midnight and ended after the closing."""
    periods.set_value(tx, value(), at=NOON)
    post(tx, earn(ADA, 1000, "a", YEARS))
    march = close(tx, MARCH)
    post(tx, earn(BEN, 7, "slow", YEARS), at=NOON + DAY)
    april = close(tx, APRIL)
    assert march.books.rolled.closing_points == april.books.rolled.opening_points == 1000
    assert april.books.rolled.issued_points == 7
    ties(tx, april.books.rolled, datetime(2026, 5, 1, tzinfo=UTC))


def test_books_may_begin_later_than_the_points(tx: Transaction) -> None:
    periods.set_value(tx, value(), at=NOON)
    post(tx, earn(ADA, 1000, "a", YEARS), spend(ADA, 400, "v"))
    april = close(tx, APRIL)
    assert april.books.rolled == RollForward(600, 0, 0, 0, 0, 600, 600, 0, 0, 0, 0, 0, 600, 0)


def test_months_are_closed_in_turn_when_they_are_over_and_once(tx: Transaction) -> None:
    with pytest.raises(PointValueMissing):
        close(tx, MARCH)
    periods.set_value(tx, value(), at=NOON)
    post(tx, earn(ADA, 10, "a", YEARS))
    with pytest.raises(PeriodNotOver, match="2026-04-01"):
        close(tx, MARCH, datetime(2026, 3, 31, 23, 59, tzinfo=UTC))
    close(tx, MARCH, datetime(2026, 4, 1, tzinfo=UTC))
    with pytest.raises(PeriodClosed):
        close(tx, MARCH)
    with pytest.raises(PeriodOutOfTurn, match="2026-04"):
        close(tx, MAY)
    with pytest.raises(PeriodOutOfTurn):
        close(tx, date(2026, 2, 1))
    with pytest.raises(PeriodOutOfTurn):
        economics.read_books(tx, MAY)
    assert [one.period for one in periods.closings(tx, "points")] == [MARCH]


def test_the_last_month_can_be_opened_again_with_a_reason_and_closes_anew(tx: Transaction) -> None:
    periods.set_value(tx, value(), at=NOON)
    post(tx, earn(ADA, 1000, "a", YEARS))
    close(tx, MARCH)
    first = close(tx, APRIL)
    with pytest.raises(PeriodNotLast):
        periods.reopen(tx, "points", MARCH, by="max", because="wrong", at=IN_JUNE)
    with pytest.raises(PeriodNotClosed):
        periods.reopen(tx, "points", MAY, by="max", because="wrong", at=IN_JUNE)
    with pytest.raises(InvalidPosting):
        periods.reopen(tx, "points", APRIL, by="max", because="", at=IN_JUNE)
    opened = periods.reopen(tx, "points", APRIL, by="max", because="the value was wrong", at=IN_JUNE)
    assert (opened.reopened_by, opened.reopened_because) == ("max", "the value was wrong")
    assert economics.read_books(tx, APRIL)[1] is None
    periods.set_value(tx, value(2_000_000, effective_from=APRIL), at=IN_JUNE)
    second = close(tx, APRIL)
    assert second.closing == 2
    assert second.books.rolled.opening_minor == first.books.rolled.opening_minor
    every = periods.closings(tx, "points", period=APRIL, standing=False)
    assert [(one.closing, one.reopened_by) for one in every] == [(2, None), (1, "max")]
    numbers = [line.number for line in economics.journal(periods.closings(tx, "points", standing=False))]
    assert list(dict.fromkeys(numbers)) == ["points-2026-03-1"]  # April moved nothing: it has no lines


def test_a_value_that_a_closed_month_used_is_not_changed(tx: Transaction) -> None:
    periods.set_value(tx, value(), at=NOON)
    assert periods.set_value(tx, value(set_by="max"), at=NOON).set_by == "agnes"  # the same again
    post(tx, earn(ADA, 10, "a", YEARS))
    close(tx, MARCH)
    with pytest.raises(BadPointValue, match="2026-04-01"):
        periods.set_value(tx, value(5, effective_from=date(2026, 3, 31)), at=IN_JUNE)
    with pytest.raises(BadPointValue, match="GBP"):
        periods.set_value(tx, value(effective_from=APRIL, currency="EUR"), at=IN_JUNE)
    for wrong in ({"currency": "gbp"}, {"minor_per_million": 0}, {"point_type": "Points"}, {"note": "a\nb"}):
        with pytest.raises(BadPointValue):
            periods.set_value(tx, value(**({"effective_from": MAY} | wrong)), at=IN_JUNE)
    assert [one.effective_from for one in periods.values(tx)] == [date(2026, 1, 1)]
    later = periods.set_value(tx, value(5, effective_from=APRIL), at=IN_JUNE)
    assert periods.value_at(tx, "points", date(2026, 4, 30)) == later
    assert periods.value_at(tx, "points", date(2026, 3, 31)).minor_per_million == 1_000_000


def test_accounts_are_named_for_the_closings_to_come(tx: Transaction) -> None:
    periods.set_value(tx, value(), at=NOON)
    post(tx, earn(ADA, 10, "a", YEARS))
    assert close(tx, MARCH).books.accounts["liability"] == "liability"
    named = periods.name_accounts(tx, {"liability": "2150"}, by="agnes", at=IN_JUNE)
    assert (named["liability"], named["cost"]) == ("2150", "cost")
    assert close(tx, APRIL).books.accounts["liability"] == "2150"
    assert {line.account for line in economics.journal(periods.closings(tx, "points"))} == {"liability", "cost"}
    with pytest.raises(InvalidPosting):
        periods.name_accounts(tx, {"cost": " "}, by="agnes", at=IN_JUNE)


def test_the_price_of_orders_is_allocated_to_goods_and_points(tx: Transaction) -> None:
    """£100.00 of goods and 1,000 points worth a penny each: 100 · 10 / 110 is deferred; 500 more by hand are a cost."""
    periods.set_value(tx, value(), at=NOON)
    shop = make.shop(tx)
    orders = [make.order(f"o{n}", "ada", make.line(quantity=5)) for n in (1, 2)]
    programme.award(tx, [one.document_id for one in make.record(tx, shop, *orders)], at=NOON)
    post(tx, earn(BEN, 500, "by hand", YEARS))
    rolled = close(tx, MARCH).books.rolled
    assert (rolled.issued_points, rolled.from_sales_minor, rolled.issued_minor) == (1500, 909, 909 + 500)
    lines = economics.journal(periods.closings(tx, "points"))
    assert {(line.what, line.account, line.debit_minor) for line in lines if line.debit_minor} == {
        ("issued_on_sales", "deferred", 909), ("issued_otherwise", "cost", 500),
    }  # fmt: skip


def test_points_may_be_worth_what_members_got_for_them(tx: Transaction) -> None:
    with pytest.raises(economics.NothingRedeemed, match="GBP"):
        economics.redemption_value(tx, "points", "GBP", at=IN_APRIL)
    rewarding.give(tx, 1000)
    quoted = rewarding.hold(tx, rewarding.quote(tx))
    rewards.capture(tx, quoted.redemption_id, at=NOON, by="test")
    worth = quoted.value_minor * 1_000_000 // quoted.points
    assert economics.redemption_value(tx, "points", "GBP", at=IN_APRIL) == worth > 0
    with pytest.raises(economics.NothingRedeemed):
        economics.redemption_value(tx, "points", "EUR", at=IN_APRIL)
    with pytest.raises(economics.NothingRedeemed):
        economics.redemption_value(tx, "points", "GBP", at=NOON + 400 * DAY)


def test_what_points_are_worth_now(tx: Transaction) -> None:
    periods.set_value(tx, value(500_000), at=NOON)
    post(tx, earn(ADA, 1000, "a", YEARS), spend(ADA, 300, "v"))
    found = economics.valued(tx, at=IN_APRIL)
    assert (found.outstanding, found.full_minor, found.fair_minor, found.breakage_minor) == (700, 350, 350, 0)
    assert (found.estimate.reason, found.back_test) == ("few_months", None)


MOVES = st.lists(
    st.tuples(
        st.sampled_from(["earn", "promise", "spend", "back", "return", "hold", "capture", "transfer", "settle"]),
        st.integers(1, 3), st.integers(1, 90), st.integers(0, 20),
    ),
    min_size=5, max_size=25,
)  # fmt: skip


@given(MOVES)
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_books_tie_to_the_ledger_whatever_is_posted_and_whenever_it_happened(
    tx: Transaction, moves: list[tuple[str, int, int, int]]
) -> None:
    with tx.savepoint(undo=True):
        periods.set_value(tx, value(333_333), at=NOON)
        for number, (what, who, points, back) in enumerate(moves):
            _play(tx, what, who, points, f"{what}{number}", NOON + number * 4 * DAY, timedelta(days=back))
        for period, until in (
            (MARCH, APRIL),
            (APRIL, MAY),
            (MAY, date(2026, 6, 1)),
            (date(2026, 6, 1), date(2026, 7, 1)),
        ):
            rolled = close(tx, period, NOON + 130 * DAY).books.rolled
            ties(tx, rolled, datetime(until.year, until.month, 1, tzinfo=UTC))
        lines = economics.journal(periods.closings(tx, "points"))
        assert sum(line.debit_minor for line in lines) == sum(line.credit_minor for line in lines)
        owed = sum(line.credit_minor - line.debit_minor for line in lines if line.account == "liability")
        assert owed == rolled.closing_minor


def _play(tx: Transaction, what: str, who: int, points: int, name: str, now: datetime, ago: timedelta) -> None:
    """Something by member `who`; what the ledger refuses is refused."""
    happened, later = now - ago, now + 90 * DAY
    open_hold = any(one.remaining for one in ledger.holds(tx, who, at=now))
    rich = ledger.balance(tx, who, at=now).available >= points
    plain = {
        "earn": [earn(who, points, name, now + points * DAY)],
        "promise": [earn(who, points, name, later, matures_at=now + 9 * DAY)],
        "spend": [spend(who, points, name)],
        "back": [give_back(who, points, f"{name}-{n}", f"spend{n}") for n in range(25)],
        "return": [
            take_back(who, points, f"{name}-{of}{n}", f"{of}{n}") for n in range(25) for of in ("earn", "promise")
        ],
    }
    post(tx, *(at(one, happened) for one in plain.get(what, ())), at=now)
    if what == "hold" and rich:
        ledger.hold(tx, who, points, reference=name, until=now + 9 * DAY, at=now)
    if what == "capture" and open_hold:
        ledger.capture(tx, who, 1, reference=name, hold=ledger.holds(tx, who, at=now)[0].reference, at=now)
    if what == "transfer" and rich:
        ledger.transfer(tx, who, who % 3 + 1, points, reference=name, at=now)
    if what == "settle":
        ledger.expire_due(tx, at=now)
