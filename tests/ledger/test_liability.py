"""What is owed in points, over the past and the months to come."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from conftest import NOON
from ledger.making import ADA, BEN, DAY, SOON, earn, post, spend, take_back
from regulars import ledger
from regulars.ledger import desk, liability
from regulars.ledger.liability import Flow
from regulars.storage import Transaction


def busy(tx: Transaction) -> None:
    post(tx, earn(ADA, 100, "a", SOON), earn(BEN, 40, "b"))
    post(tx, spend(ADA, 30, "v"), at=NOON + DAY)
    ledger.hold(tx, BEN, 10, reference="h", until=NOON + 40 * DAY, at=NOON + DAY)
    ledger.capture(tx, BEN, 4, reference="c", hold="h", at=NOON + DAY)
    ledger.reverse_spend(tx, ADA, 5, reference="back", reverses="v", at=NOON + 3 * DAY)
    post(tx, take_back(BEN, 6, "r", "b"), at=NOON + 3 * DAY)
    ledger.expire_due(tx, at=SOON)


def days(tx: Transaction) -> list[Flow]:
    return liability.flows(tx, since=NOON.date(), until=NOON + 4 * DAY, step="day")


def test_every_step_says_what_was_booked_and_what_is_owed_after_it(tx: Transaction) -> None:
    busy(tx)
    today = NOON.date()
    assert days(tx) == [
        Flow(today, 140, 0, 0, 0, 0, 140),
        Flow(today + DAY, 0, 0, 34, 0, 0, 106),
        Flow(today + 2 * DAY, 0, 0, 0, 0, 0, 106),
        Flow(today + 3 * DAY, 0, 5, 0, 0, 6, 105),
        Flow(today + 4 * DAY, 0, 0, 0, 0, 0, 105),
    ]


def test_rolling_up_changes_nothing(tx: Transaction) -> None:
    busy(tx)
    before = days(tx)
    assert ledger.roll_up(tx, at=NOON + 400 * DAY)
    assert days(tx) == before


def test_what_is_owed_at_the_end_is_the_total(tx: Transaction) -> None:
    busy(tx)
    [total] = ledger.totals(tx)
    for step in ("day", "week", "month"):
        whole = liability.flows(tx, since=None, until=SOON + DAY, step=step)
        assert whole[0].start <= NOON.date()
        assert whole[-1].owed == total.outstanding + total.pending + total.held
        assert sum(flow.issued for flow in whole) == total.issued
        assert sum(flow.spent for flow in whole) == total.spent
        assert sum(flow.expired for flow in whole) == total.expired
        late = liability.flows(tx, since=SOON.date(), until=SOON + DAY, step=step)
        assert late == whole[-len(late) :]


def test_types_are_kept_apart_and_before_the_first_booking_there_is_nothing(tx: Transaction) -> None:
    assert liability.flows(tx, since=None, until=SOON, step="month") == []
    post(tx, earn(ADA, 1, "a", point_type="stars"))
    assert liability.flows(tx, since=None, until=SOON, step="month") == []
    [flow] = liability.flows(tx, since=None, until=NOON + timedelta(seconds=1), step="week", point_type="stars")
    assert (flow.issued, flow.start.weekday()) == (1, 0)


def test_open_points_are_counted_by_the_last_month_in_which_they_can_be_used(tx: Transaction) -> None:
    new_year = datetime(2027, 1, 1, tzinfo=UTC)
    post(
        tx,
        earn(ADA, 5, "a", new_year),
        earn(BEN, 6, "b", new_year),
        earn(ADA, 7, "c", new_year + DAY),
        earn(ADA, 8, "d", None),
        earn(ADA, 9, "gone", NOON + DAY),
        earn(ADA, 1, "e", new_year, point_type="stars"),
    )
    at = NOON + DAY
    found = [(one.month, one.points) for one in liability.expiring(tx, at=at, time_zone="UTC")]
    assert found == [(date(2026, 12, 1), 11), (date(2027, 1, 1), 7), (None, 8)]
    west = [(one.month, one.points) for one in liability.expiring(tx, at=at, time_zone="America/Chicago")]
    assert west[0] == (date(2026, 12, 1), 11)
    east = [(one.month, one.points) for one in liability.expiring(tx, at=at, time_zone="Asia/Shanghai")]
    assert east[0] == (date(2027, 1, 1), 18)
    [account, _] = desk.accounts(tx, ADA, at=at)
    assert sum(points for _, points in found) == account.balance.available + 6


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.sampled_from(["day", "week", "month"]))
def test_a_step_begins_on_or_before_each_of_its_days(day, step):
    first = liability.beginning(day, step)
    assert first <= day < first + timedelta(days=31)
    assert liability.beginning(first, step) == first
