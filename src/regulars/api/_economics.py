"""What requests and answers about the economics of points look like."""

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from regulars.api._paging import Paging
from regulars.api._points import OfType
from regulars.api._points import PointType as PointTypeName
from regulars.api._shapes import Currency
from regulars.insight.economics import Estimate, JournalLine, Valuation
from regulars.ledger.periods import Books, Closing, PointValue, month_of

Method = Annotated[
    Literal["chain_ladder", "beta_geometric", "no_breakage"],
    Meta(description="How it is estimated how many points will never be redeemed."),
]
Month = Annotated[date, Meta(description="The first day of a month.")]
Money = Annotated[int, Meta(description="Minor units of the currency.")]
Share = Annotated[float, Meta(description="0 to 1.")]
Worth = Annotated[
    int,
    Meta(
        ge=1,
        le=10**12,
        description="Minor units for a million of the smallest unit of points: 1,000,000 is a penny a point.",
    ),
]
Account = Annotated[str, Meta(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]*$", examples=["2150"])]
Why = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=500,
        pattern=r"^[^\x00-\x1f\x7f]*$",
        description="Why, on one line.",
        examples=["A day of returns had been forgotten"],
    ),
]


class NewPointValue(Struct, forbid_unknown_fields=True):
    """What points are worth from a day on: their stand-alone selling price."""

    effective_from: Annotated[date, Meta(description="In UTC; not in a month that is closed.")]
    currency: Currency
    minor_per_million: Annotated[
        Worth | None, Meta(description="Null: what members got for a million of them over the last year.")
    ] = None

    method: Method = "chain_ladder"
    note: Annotated[str, Meta(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""
    point_type: PointTypeName = "points"


class KnownPointValue(Struct):
    """What points are worth from a day on."""

    point_type: str
    effective_from: date
    currency: str
    minor_per_million: Worth
    basis: Annotated[Literal["redemption", "by_hand"], Meta(description="`redemption`: what members got for them.")]
    method: Method
    note: str
    set_at: datetime
    set_by: str


class PointsValuation(Struct):
    """What the points that members have are worth now."""

    point_type: str
    currency: str
    outstanding: Annotated[int, Meta(description="Available, pending and held; debts are not taken off.")]
    owed_by_members: Annotated[int, Meta(description="More was redeemed than they had in the end.")]
    expected: Annotated[float, Meta(description="How many of them will be redeemed.")]
    error: Annotated[float, Meta(description="The standard error of that; 0 where nothing was estimated.")]
    minor_per_million: Worth
    full_minor: Annotated[int, Meta(description="If all of them were redeemed.")]
    fair_minor: Annotated[int, Meta(description="Less what is expected never to be: the liability at fair value.")]
    breakage_minor: Annotated[int, Meta(description="What is expected never to be: full less fair.")]
    method: Method
    method_used: Annotated[Method, Meta(description="`no_breakage` where the data did not bear the method.")]
    reason: Annotated[
        Literal["few_months", "nothing_redeemed", "chosen"] | None, Meta(description="Why no breakage is expected.")
    ]


class IssueMonth(Struct):
    """The points issued in one month."""

    month: Month
    base: Annotated[int, Meta(description="Issued and received, less taken back and sent.")]
    redeemed: int
    expired: int
    left: int
    age: Annotated[int, Meta(description="Whole months after that of issue; -1: not over yet.")]
    chance: Annotated[float, Meta(description="Of what is left, how much will be redeemed.")]
    ultimate: Annotated[float, Meta(description="How many will have been redeemed in the end.")]
    error: Annotated[float, Meta(description="The standard error of that.")]


class CurveAge(Struct):
    """One age of the redemption curve."""

    months: Annotated[int, Meta(description="Whole months after that of issue.")]
    cohorts: Annotated[int, Meta(description="How many months' points have reached it.")]
    points: int
    redeemed: Share
    error: Annotated[float, Meta(description="The standard error, from how months differ.")]
    expired: Share
    modelled: Annotated[float | None, Meta(description="As the beta-geometric model has it.")]


class Forecast(Struct):
    """How many points were to be redeemed within so many months, and were."""

    months: int
    expected: float
    happened: int
    low: float
    high: float


class BackTested(Struct):
    """What would have been expected some months ago, and what has happened since."""

    months: int
    deviation: Annotated[float | None, Meta(description="By which part the forecast was too high; below 0: too low.")]
    course: list[Forecast]


class Breakage(Struct):
    """How points are redeemed with age, and how well that was foreseen."""

    point_type: str
    method_used: Method
    reason: Annotated[
        Literal["few_months", "nothing_redeemed", "chosen"] | None, Meta(description="Why no breakage is expected.")
    ]
    at_issue: Annotated[float, Meta(description="Of points issued now, how much will be redeemed.")]
    curve: list[CurveAge]
    back_test: Annotated[BackTested | None, Meta(description="Null where the data were too few then.")]


class Rolled(Struct):
    """A month: opening + issued + adjusted + redeemed + expired (+ reestimated) = closing, in points and in money."""

    opening_points: int
    issued_points: int
    adjusted_points: Annotated[int, Meta(description="Taken back, sent, received.")]
    redeemed_points: int
    expired_points: int
    closing_points: int
    opening_minor: Money
    issued_minor: Money
    adjusted_minor: Money
    redeemed_minor: Money
    expired_minor: Annotated[int, Meta(description="What lapsing released beyond expected breakage.")]
    reestimated_minor: Annotated[int, Meta(description="The catch-up for another expectation.")]
    closing_minor: Money
    from_sales_minor: Annotated[int, Meta(description="Of what was issued, allocated from the price of orders.")]


class BooksPeriod(Struct):
    """A month of the books."""

    point_type: str
    period: Annotated[str, Meta(examples=["2026-10"])]
    state: Annotated[Literal["closed", "open", "reopened"], Meta(description="`open`: as it would be closed now.")]
    closing: Annotated[int | None, Meta(description="1, and one more each time it is closed again; null: open.")]
    closed_at: datetime | None
    closed_by: str | None
    reopened_at: datetime | None
    reopened_by: str | None
    reopened_because: str | None
    currency: str
    minor_per_million: Worth
    method_used: Method
    fair_value_minor: Money
    roll_forward: Rolled


class Booking(Struct):
    """One side of a booking."""

    number: Annotated[str, Meta(description="Of the journal; it never changes.", examples=["points-2026-10-1"])]
    line: int
    day: date
    what: Literal["issued_on_sales", "issued_otherwise", "adjusted", "redeemed", "expired", "reestimated"]
    account: str
    debit_minor: Money
    credit_minor: Money
    currency: str


class BookAccounts(Struct, forbid_unknown_fields=True):
    """The accounts of the shop's own books that journals name."""

    liability: Account | None = None
    deferred: Account | None = None
    redeemed: Account | None = None
    breakage: Account | None = None
    cost: Account | None = None


class OfKind(Struct, forbid_unknown_fields=True):
    """Which kind of points."""

    point_type: PointTypeName = "points"


class Reopening(Struct, forbid_unknown_fields=True):
    """Why a month is opened again, and for which kind of points."""

    because: Why
    point_type: PointTypeName = "points"


class OfBackTest(OfType, forbid_unknown_fields=True):
    """Which kind of points, and how far back."""

    months: Annotated[int, Meta(ge=1, le=60, description="How long ago the forecast is made.")] = 12


class OfPeriods(Paging, forbid_unknown_fields=True):
    """Which closings."""

    point_type: PointTypeName = "points"


class OfJournal(OfType, forbid_unknown_fields=True):
    """Which journals."""

    period: Annotated[str, Meta(max_length=7, description="Only this month's.", examples=["2026-10"])] | None = None


class OfJournalFile(OfJournal, forbid_unknown_fields=True):
    """Which journals, and as what file."""

    format: Annotated[Literal["csv", "jsonl"], Meta(description="For a spreadsheet, or a JSON object a line.")] = "csv"


def shown_value(one: PointValue) -> KnownPointValue:
    """A value as it is answered."""
    return KnownPointValue(
        one.point_type,
        one.effective_from,
        one.currency,
        one.minor_per_million,
        one.basis,
        one.method,
        one.note,
        one.set_at,
        one.set_by,
    )


def shown_valuation(one: Valuation) -> PointsValuation:
    """A valuation as it is answered."""
    return PointsValuation(
        point_type=one.point_type,
        currency=one.value.currency,
        outstanding=one.outstanding,
        owed_by_members=one.owed_by_members,
        expected=one.expected,
        error=one.error,
        minor_per_million=one.value.minor_per_million,
        full_minor=one.full_minor,
        fair_minor=one.fair_minor,
        breakage_minor=one.breakage_minor,
        method=one.value.method,
        method_used=one.estimate.method,
        reason=one.estimate.reason,
    )


def shown_months(one: Estimate) -> list[IssueMonth]:
    """Cohorts as they are answered."""
    return [
        IssueMonth(
            month_of(each.month),
            each.base,
            each.redeemed,
            each.expired,
            each.left,
            each.age,
            each.chance,
            each.ultimate,
            each.error,
        )
        for each in one.cohorts
    ]


def shown_breakage(one: Valuation) -> Breakage:
    """Curves and back-test as they are answered."""
    found, tested = one.estimate, one.back_test
    curve = [
        CurveAge(age.months, age.cohorts, age.points, age.redeemed, age.error, age.expired, age.modelled)
        for age in found.curve
    ]
    course = [Forecast(m.months, m.expected, m.happened, m.low, m.high) for m in tested.course] if tested else []
    after = BackTested(tested.months, tested.deviation, course) if tested else None
    return Breakage(one.point_type, found.method, found.reason, found.at_issue, curve, after)


def shown_closing(one: Closing) -> BooksPeriod:
    """A closed month as it is answered."""
    state = "closed" if one.reopened_at is None else "reopened"
    reopened = (one.reopened_at, one.reopened_by, one.reopened_because)
    return _period(
        one.point_type, f"{one.period:%Y-%m}", state, one.closing, one.closed_at, one.closed_by, reopened, one.books
    )


def shown_books(point_type: str, period: date, books: Books) -> BooksPeriod:
    """An open month as it is answered."""
    return _period(point_type, f"{period:%Y-%m}", "open", None, None, None, (None, None, None), books)


def _period(
    point_type: str,
    period: str,
    state: Literal["closed", "open", "reopened"],
    closing: int | None,
    closed_at: datetime | None,
    closed_by: str | None,
    reopened: tuple[datetime | None, str | None, str | None],
    books: Books,
) -> BooksPeriod:
    rolled = books.rolled
    names = Rolled.__struct_fields__
    return BooksPeriod(
        point_type,
        period,
        state,
        closing,
        closed_at,
        closed_by,
        *reopened,
        books.currency,
        books.minor_per_million,
        books.method_used,
        books.fair_value_minor,
        Rolled(*(getattr(rolled, name) for name in names)),
    )


def shown_line(one: JournalLine) -> Booking:
    """A booking as it is answered."""
    return Booking(
        one.number, one.line, one.day, one.what, one.account, one.debit_minor, one.credit_minor, one.currency
    )  # fmt: skip
