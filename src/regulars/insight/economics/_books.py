"""What points are worth now, and a month's books: the ledger's pieces through the rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from regulars.errors import Conflict
from regulars.insight.economics import _queries
from regulars.insight.economics._back_tests import BackTest, back_test
from regulars.insight.economics._cohorts import Cohort, cohorts, standing_cohorts
from regulars.insight.economics._estimates import MILLION, Estimate, estimate
from regulars.insight.economics._rolls import Sales, fair_value, opening, roll
from regulars.ledger import periods
from regulars.ledger.periods import Books, Closing, Piece, PointValue, Standing, month_of, month_start, number_of
from regulars.storage import Transaction

BACK_TEST_MONTHS = 12


class BooksDisagree(Conflict):
    """The months' points come to {cohorts}, the ledger's total is {ledger}: run `regulars ledger check` and look at what it finds."""


class NothingRedeemed(Conflict):
    """No {point_type} were redeemed for {currency} in the last year, so their value does not follow: give `minor_per_million`."""


@dataclass(frozen=True, slots=True)
class Valuation:
    """What the points of a kind are worth at an instant."""

    point_type: str
    value: PointValue
    outstanding: int
    """What members have, pending and set aside included."""

    owed_by_members: int
    expected: float
    """How many of them will be redeemed."""

    error: float
    """The standard error of that."""

    full_minor: int
    """If every one were redeemed."""

    fair_minor: int
    estimate: Estimate
    back_test: BackTest | None

    @property
    def breakage_minor(self) -> int:
        """What is not expected to be redeemed."""
        return self.full_minor - self.fair_minor


@dataclass(frozen=True, slots=True)
class _Known:
    """The ledger at an instant, and what is expected of it."""

    cohorts: list[Cohort]
    estimate: Estimate
    pieces: list[Piece]

    @property
    def chances(self) -> Mapping[int | None, int]:
        return {one.month: self.estimate.chance_ppm(one.month) for one in self.cohorts}


def redemption_value(tx: Transaction, point_type: str, currency: str, *, at: datetime) -> int:
    """What a million points got members over the last year, in minor units: captured rewards, less what was refunded.

    Raises:
        NothingRedeemed: nobody got anything for them in that currency.
    """
    year = at - timedelta(days=365)
    found = _queries.select_redeemed(tx, point_type=point_type, currency=currency, since=year, until=at)
    if found.points <= 0 or found.price_minor <= 0:
        raise NothingRedeemed(point_type=point_type, currency=currency)
    return max(_rounded(found.price_minor * MILLION, found.points), 1)


def valued(tx: Transaction, point_type: str = "points", *, at: datetime, months: int = BACK_TEST_MONTHS) -> Valuation:
    """What points are worth at `at`, and what had been expected of them `months` ago.

    Raises:
        PointValueMissing: nobody has said what they are worth.
    """
    value = periods.value_at(tx, point_type, at.date())
    known = _known(tx, value, at + timedelta(microseconds=1))  # what was posted at that very instant counts
    through = number_of(at.date()) - 1
    left = sum(max(one.left, 0) for one in known.cohorts)
    chances = known.chances
    worth = [(max(one.left, 0), chances[one.month]) for one in known.cohorts]
    fair = sum(points * chance for points, chance in worth) * value.minor_per_million
    return Valuation(
        point_type,
        value,
        left,
        sum(max(-one.left, 0) for one in known.cohorts),
        sum(points * chance for points, chance in worth) / MILLION,
        known.estimate.error,
        _rounded(left * value.minor_per_million, MILLION),
        _rounded(fair, MILLION * MILLION),
        known.estimate,
        back_test(cohorts(known.pieces, through=through), value.method, months),
    )


def _rounded(number: int, by: int) -> int:
    return (2 * number + by) // (2 * by)


def _known(tx: Transaction, value: PointValue, until: datetime) -> _Known:
    """The ledger as it was known at an instant; only whole months say anything about breakage."""
    found = periods.pieces(tx, point_type=value.point_type, until=until)
    through = number_of((until - timedelta(microseconds=1)).date())
    if until != month_start(until.date()):
        through -= 1
    return _Known(standing_cohorts(found), estimate(cohorts(found, through=through), value.method), found)


def books(tx: Transaction, period: date, point_type: str = "points", *, before: Closing | None) -> Books:
    """The books of a month as the ledger knew it when it ended; `before`: what the month before was closed with.

    Where none was, books begin with this month: its opening is what points were worth then.

    Raises:
        PointValueMissing: nobody has said what points were worth.
        BooksDisagree: the cohorts do not come to the ledger's total.
    """
    start, end = month_start(period), month_start(month_of(number_of(period) + 1))
    value = periods.value_at(tx, point_type, (end - timedelta(days=1)).date())
    known = _known(tx, value, end)
    _check(tx, known.cohorts, point_type, end)
    starts = _beginning(tx, value, start) if before is None else before.books.standings
    at_issue = round(known.estimate.at_issue * MILLION)
    sales = _sales(tx, value, start, end)
    rolled = roll(
        starts,
        known.cohorts,
        known.chances,
        minor_per_million=value.minor_per_million,
        at_issue_ppm=at_issue,
        sales=sales,
    )
    fair = fair_value(rolled.standings, minor_per_million=value.minor_per_million)
    used = known.estimate.method
    return Books(
        value.currency, value.minor_per_million, value.method, used, at_issue, fair, rolled.roll, rolled.standings
    )  # fmt: skip


def _sales(tx: Transaction, value: PointValue, since: datetime, until: datetime) -> Sales:
    return _queries.select_sales(
        tx, point_type=value.point_type, currency=value.currency, since=since, until=until
    )  # fmt: skip


def _beginning(tx: Transaction, value: PointValue, start: datetime) -> list[Standing]:
    known = _known(tx, value, start)
    return opening(known.cohorts, known.chances, minor_per_million=value.minor_per_million)


def _check(tx: Transaction, found: list[Cohort], point_type: str, until: datetime) -> None:
    """Every point of the ledger is in one cohort."""
    total, ledger = sum(one.left for one in found), periods.owed_net(tx, point_type=point_type, until=until)
    if total != ledger:
        raise BooksDisagree(cohorts=total, ledger=ledger)


def close(tx: Transaction, period: date, point_type: str = "points", *, by: str, at: datetime) -> Closing:
    """Close a month, for good: what is posted later belongs to the next. Facts: `period.closed`.

    Raises:
        PeriodNotOver: it is not over at `at`.
        PeriodClosed: it is closed.
        PeriodOutOfTurn: another month has to be closed first.
        PointValueMissing: nobody has said what points were worth.
        BooksDisagree: the cohorts do not come to the ledger's total.
    """
    before = periods.next_period(tx, point_type, period, at=at)
    return periods.keep(tx, point_type, period, books(tx, period, point_type, before=before), by=by, at=at)


def read_books(tx: Transaction, period: date, point_type: str = "points") -> tuple[Books, Closing | None]:
    """A month's books: as it was closed, or, with None, as it would be closed by what is known.

    Raises:
        PointValueMissing: nobody has said what points were worth.
        PeriodOutOfTurn: an earlier month has to be closed first.
        BooksDisagree: the cohorts do not come to the ledger's total.
    """
    for closed in periods.closings(tx, point_type, period=period, limit=1):
        return closed.books, closed
    before = periods.latest(tx, point_type)
    if before is not None and number_of(before.period) + 1 != number_of(period):
        following = month_of(number_of(before.period) + 1)
        raise periods.PeriodOutOfTurn(period=f"{period:%Y-%m}", point_type=point_type, next=f"{following:%Y-%m}")
    return books(tx, period, point_type, before=before), None
