"""The records of the books."""

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final, Literal, get_args

from regulars.errors import Invalid, NotFound

Method = Literal["chain_ladder", "beta_geometric", "no_breakage"]
Purpose = Literal["liability", "deferred", "redeemed", "breakage", "cost"]

PURPOSES: Final[tuple[Purpose, ...]] = get_args(Purpose)
MONTHS_A_YEAR: Final = 12
_PERIOD: Final = re.compile(r"(?:19|20|21)[0-9]{2}-(?:0[1-9]|1[0-2])")


class PeriodUnknown(NotFound):
    """There is no period {period}: a month is written as 2026-10."""


class BadPeriod(Invalid):
    """{field} is {value}: {remedy}."""


@dataclass(frozen=True, slots=True)
class PointValue:
    """What points of a kind are worth from a day on: their stand-alone selling price, and how breakage is estimated."""

    point_type: str
    effective_from: date
    currency: str
    minor_per_million: int
    """Minor units of the currency for a million of the smallest unit of the points, if every one of them is redeemed."""

    basis: Literal["redemption", "by_hand"]
    method: Method
    note: str
    set_at: datetime
    set_by: str


@dataclass(frozen=True, slots=True)
class Piece:
    """Points that came in one month, and what became of them; months are numbered, see `number_of`."""

    cohort: int | None
    """The month they were issued in, as it happened; None: more was redeemed than was issued, and is owed by members."""

    life: int
    """In how many months they expire; 0: never."""

    received: bool
    """From another account, not issued."""

    gone: Literal["redeemed", "expired", "sent", "withdrawn", "taken_back"] | None
    """None: they are there. `taken_back`: their earning was undone, or promised in vain."""

    month: int | None
    """In which they went."""

    points: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one month's points stood when a month was closed: how many came and went since they were issued, and the money."""

    cohort: date | None
    """The first day of the month of issue; None: what members owe, with `redeemed` above 0 and nothing issued."""

    issued: int
    taken_back: int
    """Of what was issued or received: undone, or promised in vain."""

    received: int
    sent: int
    redeemed: int
    expired: int
    chance_ppm: int
    """Of what is there, how much will be redeemed, in millionths."""

    deferred_minor: int
    """What was deferred for them in all, the part that was recognised since included."""

    liability_minor: int
    """What of it is not recognised yet."""

    @property
    def base(self) -> int:
        """All that ever could be redeemed."""
        return self.issued - self.taken_back + self.received - self.sent

    @property
    def left(self) -> int:
        """What is there; below 0 for what members owe."""
        return self.base - self.redeemed - self.expired


@dataclass(frozen=True, slots=True)
class RollForward:
    """A month in points and in money: opening + every move = closing, in both.

    A move that makes the liability less is below 0.
    """

    opening_points: int
    issued_points: int
    adjusted_points: int
    """What was taken back, sent and received."""

    redeemed_points: int
    expired_points: int
    closing_points: int
    opening_minor: int
    issued_minor: int
    adjusted_minor: int
    redeemed_minor: int
    expired_minor: int
    """What lapsing released beyond the breakage that had been expected."""

    reestimated_minor: int
    """The catch-up for another expectation of breakage."""

    closing_minor: int
    from_sales_minor: int
    """Of `issued_minor`, what was allocated to points from the price of orders; the rest is a cost."""


@dataclass(frozen=True, slots=True)
class Books:
    """What a month is closed with."""

    currency: str
    minor_per_million: int
    method: Method
    method_used: Method
    """`no_breakage` where the data did not bear the method."""

    at_issue_ppm: int
    fair_value_minor: int
    """What the points there are worth at today's price, less expected breakage."""

    rolled: RollForward
    standings: list[Standing]
    accounts: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Closing:
    """A month as it was closed."""

    point_type: str
    period: date
    closing: int
    """1, and one more each time it is closed after it was opened again."""

    closed_at: datetime
    closed_by: str
    books: Books
    reopened_at: datetime | None
    reopened_by: str | None
    reopened_because: str | None


def number_of(day: date) -> int:
    """The number of a day's month: months follow one another by 1."""
    return day.year * MONTHS_A_YEAR + day.month - 1


def month_of(number: int) -> date:
    """The first day of a month by its number."""
    return date(number // MONTHS_A_YEAR, number % MONTHS_A_YEAR + 1, 1)


def month_start(day: date) -> datetime:
    """The instant at which a day's month begins, in UTC."""
    return datetime(day.year, day.month, 1, tzinfo=UTC)


def read_period(text: str, *, field: str = "period") -> date:
    """A month as `2026-10`.

    Raises:
        BadPeriod: it is none.
    """
    if _PERIOD.fullmatch(text):
        return date(int(text[:4]), int(text[5:]), 1)
    raise BadPeriod(field=field, value=repr(text), remedy="give a month such as 2026-10")
