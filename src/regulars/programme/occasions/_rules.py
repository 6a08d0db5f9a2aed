"""When birthdays and anniversaries come: days of the calendar, pure."""

from calendar import isleap
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

Kind = Literal["birthday", "joined_anniversary", "first_order_anniversary"]
KINDS: Final[tuple[Kind, ...]] = ("birthday", "joined_anniversary", "first_order_anniversary")
APART: Final = timedelta(days=183)
"""How far two of a kind are apart at least, whatever becomes of the day in between."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The day that is celebrated: a year of 0 is not known, a month of 0 no day is."""

    year: int
    month: int
    day: int


NOWHERE: Final = Origin(0, 0, 0)


def in_year(origin: Origin, year: int) -> date:
    """The day in a year; of a 29 February, the 28th where there is none."""
    if (origin.month, origin.day) == (2, 29) and not isleap(year):
        return date(year, 2, 28)
    return date(year, origin.month, origin.day)


def next_day(origin: Origin, *, since: date, last: date | None) -> date | None:
    """The first such day from a day on: in a later year than the last one that was dealt with, and half a year after it.

    So a day that is edited brings no second one in its year. None: the day is not known.
    """
    if not origin.month:
        return None
    year = since.year if last is None else max(since.year, last.year + 1)
    while True:
        day = in_year(origin, year)
        if day >= since and (last is None or day >= last + APART):
            return day
        year += 1


def years(origin: Origin, day: date) -> int:
    """How many years it has been on a day; 0 when the year is not known."""
    return max(day.year - origin.year, 0) if origin.year else 0
