"""When points come and go, on awkward days and in awkward zones."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.making import DAY, TICK
from regulars import ledger
from regulars.ledger import (
    AfterSpan,
    AtEvent,
    BadPolicy,
    Expiry,
    MonthDay,
    Pending,
    PeriodEnd,
    Rolling,
    Sliding,
    Span,
    UntilDay,
    Yearly,
)
from regulars.ledger._calendar import last_of

ZONES = [
    "UTC",
    "Europe/London",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Havana",
    "Africa/Cairo",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
]
zones = st.sampled_from(ZONES)
moments = st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
spans = st.one_of(
    st.builds(Span, st.integers(1, 800), st.just("day")),
    st.builds(Span, st.integers(1, 60), st.just("month")),
    st.builds(Span, st.integers(1, 10), st.just("year")),
)
any_spans = spans | st.just(Span(0, "day"))
periods = st.sampled_from(["day", "month", "quarter", "year"])
expiries = st.one_of(
    st.builds(Rolling, spans, periods),
    st.builds(PeriodEnd, st.sampled_from(["month", "quarter", "year"]), any_spans),
    st.builds(Yearly, st.integers(1, 12), st.integers(1, 29), any_spans),
    st.builds(Sliding, spans, periods),
)
pendings = st.one_of(
    st.builds(UntilDay, st.dates(date(1970, 1, 1), date(2100, 1, 1))),
    st.builds(AfterSpan, spans),
    st.builds(MonthDay, st.integers(1, 31), st.integers(0, 3)),
    st.builds(AtEvent, st.just("delivered"), spans),
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def months(count: int) -> Span:
    return Span(count, "month")


@pytest.mark.parametrize(
    ("day", "zone", "begins"),
    [
        ("2026-03-29", "Europe/London", "2026-03-29T00:00+00:00"),  # 23 hours long
        ("2026-03-30", "Europe/London", "2026-03-30T00:00+01:00"),
        ("2026-10-26", "Europe/London", "2026-10-26T00:00+00:00"),  # after 25 hours
        ("2026-11-01", "America/New_York", "2026-11-01T00:00-04:00"),
        ("2026-11-02", "America/New_York", "2026-11-02T00:00-05:00"),
        ("2017-10-15", "America/Sao_Paulo", "2017-10-15T01:00-02:00"),  # there is no midnight
        ("2018-02-18", "America/Sao_Paulo", "2018-02-18T00:00-03:00"),  # the hour before it comes twice
        ("2024-04-26", "Africa/Cairo", "2024-04-26T01:00+03:00"),
        ("2024-11-01", "Africa/Cairo", "2024-11-01T00:00+02:00"),
        ("2011-12-30", "Pacific/Apia", "2011-12-31T00:00+14:00"),  # there is no such day
        ("2011-12-31", "Pacific/Apia", "2011-12-31T00:00+14:00"),
        ("2026-11-01", "America/Havana", "2026-11-01T00:00-04:00"),  # midnight comes twice: the first
        ("2010-11-07", "America/St_Johns", "2010-11-07T00:00-03:30"),  # the day before comes back: the second
        ("1919-03-31", "America/Toronto", "1919-03-31T00:30-04:00"),  # the gap begins before midnight
        ("2026-06-30", "Asia/Kolkata", "2026-06-30T00:00+05:30"),
    ],
)
def test_a_day_begins_at_the_first_instant_of_it(day: str, zone: str, begins: str) -> None:
    found = ledger.day_begins(date.fromisoformat(day), zone)
    assert found == at(begins)
    assert (found - TICK).astimezone(ZoneInfo(zone)).date() < date.fromisoformat(day)


@settings(deadline=None)
@given(st.dates(date(1900, 1, 1), date(2199, 12, 31)), st.sampled_from([*ZONES, "America/St_Johns"]))
def test_a_day_has_begun_exactly_from_its_first_instant_on(day: date, zone: str) -> None:
    begins = ledger.day_begins(day, zone)
    assert begins.microsecond == 0
    for later in (timedelta(), TICK, timedelta(hours=1), timedelta(hours=3), DAY):
        assert (begins + later).astimezone(ZoneInfo(zone)).date() >= day
    assert (begins - TICK).astimezone(ZoneInfo(zone)).date() < day


@pytest.mark.parametrize(
    ("earned", "expiry", "zone", "gone"),
    [
        # Rolling, by days, months and years.
        ("2026-01-31T12:00+00:00", Rolling(months(1)), "UTC", "2026-03-01T00:00+00:00"),
        ("2024-01-31T12:00+00:00", Rolling(months(1)), "UTC", "2024-03-01T00:00+00:00"),
        ("2026-01-30T12:00+00:00", Rolling(Span(30, "day")), "UTC", "2026-03-02T00:00+00:00"),
        ("2024-02-29T12:00+00:00", Rolling(Span(1, "year")), "UTC", "2025-03-01T00:00+00:00"),
        ("2024-02-29T12:00+00:00", Rolling(Span(4, "year")), "UTC", "2028-03-01T00:00+00:00"),
        ("2026-08-31T12:00+00:00", Rolling(months(6)), "UTC", "2027-03-01T00:00+00:00"),
        # Rounded up.
        ("2026-01-31T12:00+00:00", Rolling(months(1), "month"), "UTC", "2026-03-01T00:00+00:00"),
        ("2026-02-10T12:00+00:00", Rolling(months(1), "quarter"), "UTC", "2026-04-01T00:00+00:00"),
        ("2026-03-10T12:00+00:00", Rolling(months(1), "quarter"), "UTC", "2026-07-01T00:00+00:00"),
        ("2026-12-31T23:59+00:00", Rolling(months(12), "year"), "UTC", "2028-01-01T00:00+00:00"),
        ("2024-02-29T12:00+00:00", Rolling(months(12), "month"), "UTC", "2025-03-01T00:00+00:00"),
        ("2026-12-31T23:30+00:00", Rolling(months(24), "month"), "Asia/Shanghai", "2029-02-01T00:00+08:00"),
        ("2026-06-30T18:29+00:00", Rolling(months(1), "month"), "Asia/Kolkata", "2026-08-01T00:00+05:30"),
        ("2026-06-30T18:30+00:00", Rolling(months(1), "month"), "Asia/Kolkata", "2026-09-01T00:00+05:30"),
        # Where clocks change, and where a day or a midnight is missing.
        ("2026-03-28T12:00+00:00", Rolling(Span(1, "day")), "Europe/London", "2026-03-30T00:00+01:00"),
        ("2026-10-24T12:00+01:00", Rolling(Span(1, "day")), "Europe/London", "2026-10-26T00:00+00:00"),
        ("2026-03-07T12:00-05:00", Rolling(Span(1, "day")), "America/New_York", "2026-03-09T00:00-04:00"),
        ("2026-10-31T12:00-04:00", Rolling(Span(1, "day")), "America/New_York", "2026-11-02T00:00-05:00"),
        ("2017-10-13T12:00-03:00", Rolling(Span(1, "day")), "America/Sao_Paulo", "2017-10-15T01:00-02:00"),
        ("2024-04-24T12:00+02:00", Rolling(Span(1, "day")), "Africa/Cairo", "2024-04-26T01:00+03:00"),
        ("2011-12-28T12:00-10:00", Rolling(Span(1, "day")), "Pacific/Apia", "2011-12-31T00:00+14:00"),
        ("2011-12-29T12:00-10:00", Rolling(Span(1, "day")), "Pacific/Apia", "2011-12-31T00:00+14:00"),
        ("2011-12-29T12:00+00:00", Rolling(months(1), "month"), "Pacific/Apia", "2012-02-01T00:00+14:00"),
        # Ends of periods.
        ("2026-03-31T23:59:59.999999+00:00", PeriodEnd("quarter"), "UTC", "2026-04-01T00:00+00:00"),
        ("2026-04-01T00:00+00:00", PeriodEnd("quarter"), "UTC", "2026-07-01T00:00+00:00"),
        ("2026-10-01T00:00+00:00", PeriodEnd("year", months(3)), "UTC", "2028-01-01T00:00+00:00"),
        ("2026-09-30T12:00+00:00", PeriodEnd("year", months(3)), "UTC", "2027-01-01T00:00+00:00"),
        ("2026-12-31T23:30-05:00", PeriodEnd("year"), "America/New_York", "2027-01-01T00:00-05:00"),
        ("2026-02-28T12:00+00:00", PeriodEnd("month", Span(1, "day")), "UTC", "2026-04-01T00:00+00:00"),
        # A day of the year.
        ("2026-03-31T12:00+00:00", Yearly(3, 31), "UTC", "2026-04-01T00:00+00:00"),
        ("2026-04-01T12:00+00:00", Yearly(3, 31), "UTC", "2027-04-01T00:00+00:00"),
        ("2026-01-15T12:00+00:00", Yearly(3, 31, months(3)), "UTC", "2027-04-01T00:00+00:00"),
        ("2026-12-31T12:00+00:00", Yearly(3, 31, months(3)), "UTC", "2027-04-01T00:00+00:00"),
        ("2025-12-01T12:00+00:00", Yearly(2, 29), "UTC", "2026-03-01T00:00+00:00"),
        ("2027-12-01T12:00+00:00", Yearly(2, 29), "UTC", "2028-03-01T00:00+00:00"),
        ("2026-03-31T12:00+01:00", Yearly(3, 31), "Europe/London", "2026-04-01T00:00+01:00"),
        # By activity: counted like rolling, from the last one.
        ("2026-01-31T12:00+00:00", Sliding(months(6)), "UTC", "2026-08-01T00:00+00:00"),
    ],
)
def test_case_09_points_are_gone_at_the_first_instant_after_their_last_day(
    earned: str, expiry: Expiry, zone: str, gone: str
) -> None:
    assert ledger.expires_at(at(earned), expiry, zone) == at(gone)


@pytest.mark.parametrize(
    ("earned", "pending", "zone", "matures"),
    [
        ("2026-03-01T12:00+00:00", UntilDay(date(2026, 12, 1)), "Europe/London", "2026-12-01T00:00+00:00"),
        ("2026-12-01T00:00+00:00", UntilDay(date(2026, 12, 1)), "Europe/London", None),
        ("2026-03-01T12:00+00:00", AfterSpan(Span(14, "day")), "UTC", "2026-03-16T00:00+00:00"),
        ("2026-03-20T12:00+00:00", AfterSpan(Span(14, "day")), "Europe/London", "2026-04-04T00:00+01:00"),
        ("2026-01-31T12:00+00:00", AfterSpan(months(1)), "UTC", "2026-03-01T00:00+00:00"),
        ("2017-09-30T12:00-03:00", AfterSpan(Span(14, "day")), "America/Sao_Paulo", "2017-10-15T01:00-02:00"),
        ("2026-03-20T12:00+00:00", MonthDay(15), "UTC", "2026-04-15T00:00+00:00"),
        ("2026-03-10T12:00+00:00", MonthDay(15), "UTC", "2026-04-15T00:00+00:00"),
        ("2026-03-10T12:00+00:00", MonthDay(15, 0), "UTC", "2026-03-15T00:00+00:00"),
        ("2026-03-15T12:00+00:00", MonthDay(15, 0), "UTC", "2026-04-15T00:00+00:00"),
        ("2026-12-31T12:00+00:00", MonthDay(31, 2), "UTC", "2027-02-28T00:00+00:00"),
        ("2026-01-31T12:00+00:00", MonthDay(31, 0), "UTC", "2026-02-28T00:00+00:00"),
        ("2026-03-01T12:00+00:00", AtEvent("delivered", Span(60, "day")), "UTC", "2026-05-01T00:00+00:00"),
    ],
)
def test_case_09_points_come_at_the_first_instant_of_their_first_day(
    earned: str, pending: Pending, zone: str, matures: str | None
) -> None:
    assert ledger.matures_at(at(earned), pending, zone) == (matures and at(matures))


def test_points_without_a_policy_come_at_once_and_never_go() -> None:
    assert ledger.expires_at(datetime(2026, 1, 1, tzinfo=UTC), None, "UTC") is None
    assert ledger.matures_at(datetime(2026, 1, 1, tzinfo=UTC), None, "UTC") is None


@settings(deadline=None)
@given(moments, expiries, st.sampled_from([*ZONES, "America/St_Johns"]))
def test_points_never_go_before_they_are_earned_and_always_at_a_local_midnight(
    earned: datetime, expiry: Expiry, zone: str
) -> None:
    gone = ledger.expires_at(earned, expiry, zone)
    assert gone is not None
    assert gone > earned
    assert gone == ledger.day_begins(gone.astimezone(ZoneInfo(zone)).date(), zone)


@settings(deadline=None)
@given(moments, st.timedeltas(timedelta(), timedelta(days=500)), expiries, zones)
def test_what_is_earned_later_never_goes_sooner(earned: datetime, later: timedelta, expiry: Expiry, zone: str) -> None:
    sooner, other = (ledger.expires_at(moment, expiry, zone) for moment in (earned, earned + later))
    assert sooner is not None
    assert other is not None
    assert sooner <= other


@settings(deadline=None)
@given(moments, pendings, zones)
def test_points_never_come_before_they_are_earned(earned: datetime, pending: Pending, zone: str) -> None:
    matures = ledger.matures_at(earned, pending, zone)
    if matures is None:
        assert isinstance(pending, UntilDay)
        return
    assert matures > earned
    assert matures == ledger.day_begins(matures.astimezone(ZoneInfo(zone)).date(), zone)


@settings(deadline=None)
@given(moments, st.timedeltas(timedelta(), timedelta(days=500)), pendings, zones)
def test_what_is_earned_later_never_comes_sooner(
    earned: datetime, later: timedelta, pending: Pending, zone: str
) -> None:
    sooner, other = (ledger.matures_at(moment, pending, zone) or moment for moment in (earned, earned + later))
    assert sooner <= other


@settings(deadline=None)
@given(st.dates(), periods)
def test_rounding_to_the_end_of_a_period_is_idempotent_and_never_goes_back(day: date, period: ledger.Period) -> None:
    last = last_of(day, period)
    assert last >= day
    assert last_of(last, period) == last
    if last < date.max:
        assert last_of(last + DAY, period) > last


@settings(deadline=None)
@given(st.dates(date(1970, 1, 1), date(2100, 1, 1)), st.dates(date(1970, 1, 1), date(2100, 1, 1)), spans)
def test_a_span_keeps_the_order_of_days_and_lands_in_the_right_month(one: date, other: date, span: Span) -> None:
    assert (span.after(one) <= span.after(other)) or one > other
    if span.unit != "day":
        months_on = span.count * (12 if span.unit == "year" else 1)
        after = span.after(one)
        assert after.year * 12 + after.month == one.year * 12 + one.month + months_on
        assert after.day == one.day or (after.day < one.day and (after + DAY).day == 1)
    else:
        assert (span.after(one) - one).days == span.count


@settings(deadline=None)
@given(st.lists(moments, min_size=1, max_size=8, unique=True), st.integers(1, 400), zones)
def test_activity_keeps_points_alive_as_if_each_had_been_told_in_its_time(
    told: list[datetime], days: int, zone: str
) -> None:
    expiry, times = Sliding(Span(days, "day")), sorted(told)
    simple: list[datetime] = []
    for place, earned in enumerate(times):
        gone = ledger.expires_at(earned, expiry, zone)
        assert gone is not None
        for moment in times[place + 1 :]:
            if moment < gone:
                gone = max(gone, ledger.expires_at(moment, expiry, zone) or gone)
        simple.append(gone)
    assert ledger.live_until(times, expiry, zone) == simple
    assert all(one <= other for one, other in pairwise(simple))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Span(-1, "day"), "count is -1: give 0 to 18300 days."),
        (lambda: Span(601, "month"), "count is 601: give 0 to 600 months."),
        (lambda: Rolling(Span(0, "month")), "lasts.count is 0: give 1 or more."),
        (lambda: Sliding(Span(0, "day")), "lasts.count is 0: give 1 or more."),
        (lambda: Yearly(13, 1), "month is 13: give 1 to 12."),
        (lambda: Yearly(4, 31), "day is 31: give 1 to 30, that month has no other."),
        (lambda: AfterSpan(Span(0, "day")), "waits.count is 0: give 1 or more."),
        (lambda: MonthDay(32), "day is 32: give 1 to 31, which is the last where a month is shorter."),
        (lambda: MonthDay(1, -1), "months is -1: give 0 to 24."),
        (lambda: AtEvent("@e", Span(1, "day")), "event is '@e': give a name of letters, digits and _: delivered."),
    ],
)
def test_a_policy_that_cannot_be_meant_says_which_field(make: object, message: str) -> None:
    assert callable(make)
    with pytest.raises(BadPolicy) as refused:
        make()
    assert str(refused.value) == message
