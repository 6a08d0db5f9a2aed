"""Which days a figure is about, and how they are cut into the points of a picture. Nothing here reads or computes data."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final, Literal, Self

from regulars.errors import Invalid

Step = Literal["day", "week", "month"]
"""The stretch of time one point of a series covers. Weeks begin on Monday."""

_DAYS_BY_DAY: Final = 31
_DAYS_BY_WEEK: Final = 190


class BadScope(Invalid):
    """{field} is {value}: {remedy}."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a figure is about: the days from `start` up to, not including, `end`, in each shop's own time zone.

    Raises:
        BadScope: it ends before it has begun, is longer than a hundred years, or is not between 1900 and 9000.
    """

    start: date
    end: date
    shop_id: int | None = None
    """One shop, or None for all."""

    currency: str | None = None
    """The ISO 4217 currency of money figures; None: the one most purchases were made in. Nothing is ever converted."""

    def __post_init__(self) -> None:
        if not timedelta(0) < self.end - self.start <= timedelta(days=36_600):
            remedy = f"give a day after {self.start.isoformat()}, at most a hundred years later"
            raise BadScope(field="end", value=self.end.isoformat(), remedy=remedy)
        if self.start.year < 1900 or self.end.year > 9000:
            raise BadScope(field="start", value=self.start.isoformat(), remedy="give days from 1900 to 9000")

    @classmethod
    def last(cls, days: int, today: date, *, shop_id: int | None = None, currency: str | None = None) -> Self:
        """The `days` complete days before `today`."""
        return cls(today - timedelta(days=days), today, shop_id, currency)

    @property
    def days(self) -> int:
        """How many days it covers."""
        return (self.end - self.start).days

    @property
    def previous(self) -> Self:
        """The equally long stretch that ends where this one starts."""
        return replace(self, start=self.start - (self.end - self.start), end=self.start)


@dataclass(frozen=True, slots=True)
class Span:
    """The days from `start` up to, not including, `end`."""

    start: date
    end: date
    complete: bool = True
    """False for the first or last point of a series when the scope covers only a part of its week or month."""

    @property
    def before(self) -> date:
        """Where the equally long time before it begins; a month, too, is compared with as many days as it has."""
        return self.start - (self.end - self.start)


def fitting_step(scope: Scope) -> Step:
    """Days for a month, weeks for half a year, months for longer: ten to thirty points fill a picture well."""
    if scope.days <= _DAYS_BY_DAY:
        return "day"
    return "week" if scope.days <= _DAYS_BY_WEEK else "month"


def whole_span(scope: Scope) -> Span:
    """The scope as one span."""
    return Span(scope.start, scope.end)


def series_spans(scope: Scope, step: Step) -> list[Span]:
    """The scope cut at the edges of days, weeks or months: together the spans are the scope, with no day twice."""
    return list(_cut(scope, step))


def _cut(scope: Scope, step: Step) -> Iterator[Span]:
    start = scope.start
    while start < scope.end:
        edge, following = _edges(start, step)
        end = min(following, scope.end)
        yield Span(start, end, complete=start == edge and end == following)
        start = end


def _edges(day: date, step: Step) -> tuple[date, date]:
    if step == "month":
        first = day.replace(day=1)
        return first, month_after(first, 1)
    first = day - timedelta(days=day.weekday()) if step == "week" else day
    return first, first + timedelta(days=7 if step == "week" else 1)


def month_after(first: date, months: int) -> date:
    """The first day of the month `months` after the one `first` begins."""
    count = first.year * 12 + first.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)
