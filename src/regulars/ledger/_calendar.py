"""When points come and go: days counted on a calendar, and the instants they begin at. Pure.

All counting is of days in the programme's time zone; only the last step makes an instant of a day. So neither a change of
clocks nor a short month can move it, and points always go at a midnight there, or at the first instant after a midnight
that does not exist.
"""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, Literal, Protocol, runtime_checkable
from zoneinfo import ZoneInfo

from regulars.errors import Invalid

Period = Literal["day", "month", "quarter", "year"]
Activity = Literal["earning", "earning_and_spending"]

_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}
_MOST: Final = {"day": 18_300, "month": 600, "year": 50}
_DAY: Final = timedelta(days=1)
_SECOND: Final = timedelta(seconds=1)
_MICROSECOND: Final = timedelta(microseconds=1)


class BadPolicy(Invalid):
    """{field} is {value!r}: {remedy}."""


@lru_cache(8192)
def day_begins(day: date, zone: str) -> datetime:
    """The first instant from which on it is that day or later in a time zone.

    A midnight that clocks skip is the instant after the gap; of two, the one after which the day before does not come back.
    """
    local = datetime.combine(day, time(), ZoneInfo(zone))
    first, second = local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)
    if first == second:
        return first
    if first < second:
        returns = (second - _MICROSECOND).astimezone(local.tzinfo).date() < day
        return second if returns else first
    while first - second > _SECOND:  # clocks change at a whole second between the two
        middle = second + (first - second) // 2 // _SECOND * _SECOND
        if middle.astimezone(local.tzinfo).date() < day:
            second = middle
        else:
            first = middle
    return first


def last_of(day: date, period: Period) -> date:
    """The last day of the day, month, quarter or year that a day is in."""
    if period == "day":
        return day
    months = _MONTHS[period]
    month = (day.month - 1) // months * months + months
    return date(day.year, month, monthrange(day.year, month)[1])


@dataclass(frozen=True, slots=True)
class Span:
    """So many days, months or years on the calendar."""

    count: int
    """How many."""

    unit: Literal["day", "month", "year"]
    """Of what."""

    def __post_init__(self) -> None:
        """Refuse what reaches beyond any programme.

        Raises:
            BadPolicy: there are fewer than none, or more than fifty years.
        """
        if not 0 <= self.count <= _MOST[self.unit]:
            raise BadPolicy(field="count", value=self.count, remedy=f"give 0 to {_MOST[self.unit]} {self.unit}s")

    def after(self, day: date) -> date:
        """The day so much later; where a month has no such day, its last."""
        if self.unit == "day":
            return day + self.count * _DAY
        months = day.year * 12 + day.month - 1 + self.count * (12 if self.unit == "year" else 1)
        return _day_in(months, day.day)


def _day_in(months: int, day: int) -> date:
    """A day of the month counted from the year 0; the last one where there is none of that number."""
    year, month = months // 12, months % 12 + 1
    return date(year, month, min(day, monthrange(year, month)[1]))


def _some(span: Span, name: str) -> None:
    if span.count < 1:
        raise BadPolicy(field=f"{name}.count", value=span.count, remedy="give 1 or more")


NO_TIME: Final = Span(0, "day")


@runtime_checkable
class Expiry(Protocol):
    """How long points last. None, where one is asked for, is for ever."""

    @property
    def kind(self) -> str:
        """Its name in documents."""
        ...

    def last_day(self, earned: date) -> date:
        """The last day on which points earned on a day can be spent."""
        ...


@dataclass(frozen=True, slots=True)
class Rolling:
    """Until so long after earning, and then to the end of that day, month, quarter or year."""

    lasts: Span
    """How long after earning."""

    end_of: Period = "day"
    """And then to the end of what."""

    kind: Literal["rolling"] = "rolling"

    def __post_init__(self) -> None:
        """Refuse no time at all.

        Raises:
            BadPolicy: it lasts for none.
        """
        _some(self.lasts, "lasts")

    def last_day(self, earned: date) -> date:
        """The last day on which points earned on a day can be spent."""
        return last_of(self.lasts.after(earned), self.end_of)


@dataclass(frozen=True, slots=True)
class PeriodEnd:
    """Until the first end of a month, quarter or year that leaves them at least so long."""

    end_of: Literal["month", "quarter", "year"]
    """To the end of what."""

    at_least: Span = NO_TIME
    """How long they last at least, whenever they were earned."""

    kind: Literal["period_end"] = "period_end"

    def last_day(self, earned: date) -> date:
        """The last day on which points earned on a day can be spent."""
        return last_of(self.at_least.after(earned), self.end_of)


@dataclass(frozen=True, slots=True)
class Yearly:
    """Until the first 31 March, or whichever day of the year it is, that leaves them at least so long."""

    month: int
    """The month of the last day, 1 to 12."""

    day: int
    """The last day in it."""

    at_least: Span = NO_TIME
    """How long they last at least, whenever they were earned."""

    kind: Literal["yearly"] = "yearly"

    def __post_init__(self) -> None:
        """Refuse a day that no year has.

        Raises:
            BadPolicy: names the field.
        """
        if not 1 <= self.month <= 12:
            raise BadPolicy(field="month", value=self.month, remedy="give 1 to 12")
        most = monthrange(2024, self.month)[1]
        if not 1 <= self.day <= most:
            raise BadPolicy(field="day", value=self.day, remedy=f"give 1 to {most}, that month has no other")

    def last_day(self, earned: date) -> date:
        """The last day on which points earned on a day can be spent; of a 29 February, the 28th in most years."""
        soonest = self.at_least.after(earned)
        day = _day_in(soonest.year * 12 + self.month - 1, self.day)
        return day if day >= soonest else _day_in((soonest.year + 1) * 12 + self.month - 1, self.day)


@dataclass(frozen=True, slots=True)
class Sliding:
    """Until so long after the last activity, to the end of that day, month, quarter or year: all that the account holds.

    `activity` says what counts: earning, or spending too.
    """

    lasts: Span
    """How long after the last activity."""

    end_of: Period = "day"
    """And then to the end of what."""

    activity: Activity = "earning"
    """What is an activity: earning, or spending too."""

    kind: Literal["sliding"] = "sliding"

    def __post_init__(self) -> None:
        """Refuse no time at all.

        Raises:
            BadPolicy: it lasts for none.
        """
        _some(self.lasts, "lasts")

    def last_day(self, earned: date) -> date:
        """The last day on which points can be spent when nothing happens after a day."""
        return last_of(self.lasts.after(earned), self.end_of)


def expires_at(earned_at: datetime, expiry: Expiry | None, zone: str) -> datetime | None:
    """The first instant at which points earned then are gone; None: never."""
    if expiry is None:
        return None
    return day_begins(expiry.last_day(_day_of(earned_at, zone)) + _DAY, zone)


def live_until(active_at: Sequence[datetime], expiry: Sliding, zone: str) -> list[datetime]:
    """For each of an account's activities, in order of time, when the points earned by it go: kept alive by those after it.

    An activity after they are gone does not bring them back.
    """
    until: list[datetime] = []
    for moment in reversed(active_at):
        gone = day_begins(expiry.last_day(_day_of(moment, zone)) + _DAY, zone)
        later = active_at[len(active_at) - len(until)] if until else gone
        until.append(max(gone, until[-1]) if later < gone else gone)
    return until[::-1]


def _day_of(moment: datetime, zone: str) -> date:
    return moment.astimezone(ZoneInfo(zone)).date()


@runtime_checkable
class Pending(Protocol):
    """How long points wait before they can be spent. None, where one is asked for, is not at all."""

    @property
    def kind(self) -> str:
        """Its name in documents."""
        ...

    def first_day(self, earned: date) -> date:
        """The first day on which points earned on a day can be spent, or on which their wait is over."""
        ...


@dataclass(frozen=True, slots=True)
class UntilDay:
    """Until a day, the same for all; what is earned on it or later does not wait."""

    day: date
    """The first day on which they can be spent, as 2027-01-01."""

    kind: Literal["until"] = "until"

    def __post_init__(self) -> None:
        """Refuse days nobody can mean: calendars end somewhere, and arithmetic near it fails.

        Raises:
            BadPolicy: it is before 1900 or after 2199.
        """
        if not 1900 <= self.day.year <= 2199:
            raise BadPolicy(field="day", value=self.day.isoformat(), remedy="give a day from 1900 to 2199")

    def first_day(self, earned: date) -> date:  # noqa: ARG002 - whenever it was earned
        """The first day on which points earned on a day can be spent."""
        return self.day


@dataclass(frozen=True, slots=True)
class AfterSpan:
    """Until so many whole days, months or years are over: the time for returns."""

    waits: Span
    """How long."""

    kind: Literal["after"] = "after"

    def __post_init__(self) -> None:
        """Refuse no time at all.

        Raises:
            BadPolicy: it waits for none.
        """
        _some(self.waits, "waits")

    def first_day(self, earned: date) -> date:
        """The first day on which points earned on a day can be spent."""
        return self.waits.after(earned) + _DAY


@dataclass(frozen=True, slots=True)
class MonthDay:
    """Until a day of the month that is so many months on: the 15th of the next. With 0, the first such day after earning."""

    day: int
    """The day of that month, or its last where it is shorter."""

    months: int = 1
    """How many months on."""

    kind: Literal["month_day"] = "month_day"

    def __post_init__(self) -> None:
        """Refuse days and months that are none.

        Raises:
            BadPolicy: names the field.
        """
        if not 1 <= self.day <= 31:
            raise BadPolicy(
                field="day", value=self.day, remedy="give 1 to 31, which is the last where a month is shorter"
            )
        if not 0 <= self.months <= 24:
            raise BadPolicy(field="months", value=self.months, remedy="give 0 to 24")

    def first_day(self, earned: date) -> date:
        """The first day on which points earned on a day can be spent."""
        month = earned.year * 12 + earned.month - 1 + self.months
        day = _day_in(month, self.day)
        return day if day > earned else _day_in(month + 1, self.day)


@dataclass(frozen=True, slots=True)
class AtEvent:
    """Until an event comes; when so many whole days, months or years are over without it, they mature, or are lost."""

    event: str
    """The event's name; `delivered` comes by itself, others are told."""

    within: Span
    """How long they wait for it."""

    otherwise: Literal["mature", "lapse"] = "mature"
    """What becomes of them without it: they mature, or lapse."""

    kind: Literal["event"] = "event"

    def __post_init__(self) -> None:
        """Refuse a name that is none, and no time at all.

        Raises:
            BadPolicy: names the field.
        """
        if not 0 < len(self.event) <= 100 or not self.event.isidentifier() or not self.event.isascii():
            raise BadPolicy(field="event", value=self.event, remedy="give a name of letters, digits and _: delivered")
        _some(self.within, "within")

    def first_day(self, earned: date) -> date:
        """The day on which the wait is over, whatever has come."""
        return self.within.after(earned) + _DAY


def matures_at(earned_at: datetime, pending: Pending | None, zone: str) -> datetime | None:
    """The first instant at which points earned then can be spent, or are waited for no more; None: at once."""
    if pending is None:
        return None
    begins = day_begins(pending.first_day(_day_of(earned_at, zone)), zone)
    return begins if begins > earned_at else None
