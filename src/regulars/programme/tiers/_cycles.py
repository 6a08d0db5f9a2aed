"""The years in which tiers are reached and kept, as spans between two instants. Pure.

Days are counted on the calendar of a time zone; a cycle keeps the zone it began with, and the next one begins where it ends,
so that no change of zone, of clocks or of the programme makes a second year-end or leaves a gap.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from regulars.ledger import Span, day_begins
from regulars.programme.tiers._sets import Window


@dataclass(frozen=True, slots=True)
class Cycle:
    """From `begins` to just before `ends`, in a zone."""

    begins: datetime
    ends: datetime
    zone: str


@lru_cache(256)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def local_day(moment: datetime, zone: str) -> date:
    """The day it is there."""
    return moment.astimezone(_zone(zone)).date()


def months_on(day: date, months: int) -> date:
    """The same day so many months later; where there is none, the last of that month."""
    counted = day.year * 12 + day.month - 1 + months
    year, month = counted // 12, counted % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def later(moment: datetime, months: int, zone: str) -> datetime:
    """The same time of day so many months later in a zone, as PostgreSQL has it.

    A time that clocks skip is as much later; of one that comes twice it is the second.
    """
    local = moment.astimezone(_zone(zone)).replace(tzinfo=None, fold=0)
    there = local.replace(**_ymd(months_on(local.date(), months)), tzinfo=_zone(zone))
    return max(there.astimezone(UTC), there.replace(fold=1).astimezone(UTC))


def _ymd(day: date) -> dict[str, int]:
    return {"year": day.year, "month": day.month, "day": day.day}


def _boundary(window: Window, anchor: date, year: int) -> date:
    """The day on which the window's year begins in a year of the calendar; of a 29 February, the 28th in most years."""
    month, day = (window.month, window.day) if window.kind == "calendar" else (anchor.month, anchor.day)
    return date(year, month, min(day, monthrange(year, month)[1]))


def first_cycle(window: Window, joined_at: datetime, moment: datetime, zone: str) -> Cycle:
    """The cycle that a moment is in: of whoever had none before."""
    today = local_day(moment, zone)
    if window.kind == "rolling":
        return Cycle(day_begins(today, zone), day_begins(months_on(today, window.months), zone), zone)
    anchor = local_day(joined_at, zone)
    year = today.year if _boundary(window, anchor, today.year) <= today else today.year - 1
    begins, ends = (day_begins(_boundary(window, anchor, each), zone) for each in (year, year + 1))
    return Cycle(begins, ends, zone)


def next_cycle(window: Window, before: Cycle, joined_at: datetime, zone: str) -> Cycle:
    """The cycle that follows another, in what is the zone by now, under what is the window by now.

    It begins where the other ends. It ends with the first year of the window that makes it half a year long at least: so a
    change of zone moves the end by hours, and never makes a cycle of hours.
    """
    begins = before.ends
    today = local_day(begins, zone)
    if window.kind == "rolling":
        return Cycle(begins, day_begins(months_on(today, window.months), zone), zone)
    anchor = local_day(joined_at, zone)
    soonest = begins + timedelta(days=183)
    years = (day_begins(_boundary(window, anchor, today.year + more), zone) for more in range(3))
    return Cycle(begins, next(end for end in years if end >= soonest), zone)


def days_before(moment: datetime, days: int, zone: str) -> datetime:
    """The beginning of the day that is so many days before an instant there."""
    return day_begins(local_day(moment, zone) - timedelta(days=days), zone)


def whole(span: Span, moment: datetime, zone: str) -> datetime:
    """When so many whole days, months or years are over, counted from the first day that begins at a moment or after it."""
    eve = local_day(moment - timedelta(microseconds=1), zone)
    return day_begins(span.after(eve) + timedelta(days=1), zone)
