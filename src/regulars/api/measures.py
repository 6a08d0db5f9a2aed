"""The figures: measures, cohorts, recency-frequency-money, the overview; each opens to the members behind it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Meta, Struct

from regulars import commerce, insight
from regulars.api._calls import Call
from regulars.api._paging import After, Limit, Page
from regulars.api._routes import reading
from regulars.api._shapes import Currency, Day, ImpossibleDate, ShopRef, sensible_day, shop_id_of
from regulars.api.members import FoundPage, found
from regulars.commerce import ShopNotFound
from regulars.errors import Invalid
from regulars.insight import BadCursor, BadScope, MeasureNotFound, Scope, Step

TAG = "Figures"
_MOST_POINTS: Final = 1200


class TooManyPoints(Invalid):
    """{field} is {value}: {remedy}."""


class Measure(Struct):
    """A measure, as it is defined once for everyone."""

    name: str
    title: Annotated[dict[str, str], Meta(description="By language.", examples=[{"en": "Orders", "zh": "订单数"}])]
    sentence: Annotated[dict[str, str], Meta(description="What exactly is counted, by language.")]
    unit: Annotated[
        Literal["members", "orders", "money", "number", "share"],
        Meta(description="`money`: minor units; `share`: 0 to 1."),
    ]
    better: Literal["higher", "lower", "neither"]
    sql: Annotated[str, Meta(description="The definition itself, in DuckDB's dialect.")]


class Point(Struct):
    """A measure over the days from `start` up to, not including, `end`."""

    start: Day
    end: Day
    value: Annotated[int | float | None, Meta(description="Null where there is nothing to divide by.")]
    part: int
    whole: Annotated[int, Meta(description="What the value was divided by; 0 for a plain sum.")]
    complete: Annotated[bool, Meta(description="False where only part of the week or month is covered.")]


class Figure(Struct):
    """A measure over a stretch of days."""

    measure: Annotated[str, Meta(examples=["repurchase_rate"])]
    unit: str
    now: Point
    previous: Annotated[Point | None, Meta(description="The equally long time before; null when it is not on record.")]
    change: Annotated[
        float | None, Meta(description="Against `previous`: of a share the difference, otherwise relative.")
    ]
    series: list[Point]


class Cell(Struct):
    """What a cohort did in one month."""

    months: Annotated[int, Meta(description="Months since the first purchase, which is 0.")]
    active: int
    rate: float
    revenue_minor: int
    complete: bool


class Cohort(Struct):
    """The members whose first purchase was in one month."""

    month: Day
    members: int
    cells: list[Cell]


class RfmCell(Struct):
    """The members with one recency and one frequency score."""

    recency: int
    frequency: int
    members: int
    average_spend_minor: int | None


class Share(Struct):
    """How many members have a grade or a tier."""

    name: str
    members: int


class Distribution(Struct):
    """Where the members stand, as of the last refresh."""

    rfm: list[RfmCell]
    grades: list[Share]
    tiers: list[Share]
    computed_at: datetime | None
    currency: str | None


class Overview(Struct):
    """Loyalty at a glance."""

    start: Day
    end: Day
    step: str
    currency: str | None
    other_currencies: Annotated[list[str], Meta(description="Purchases in these are not in the money figures.")]
    figures: list[Figure]
    cohorts: list[Cohort]
    distribution: Distribution


class Period(Struct, forbid_unknown_fields=True):
    """Over which days, shop and currency."""

    start: Annotated[Day | None, Meta(description="The first day; a year before `end` when left out.")] = None
    end: Annotated[Day | None, Meta(description="The day after the last; today when left out.")] = None
    shop: ShopRef | None = None
    currency: Annotated[Currency | None, Meta(description="Of money figures; the most used one when left out.")] = None
    step: Annotated[
        Step | None, Meta(description="What one point of the series covers; chosen by length if left out.")
    ] = None


class Until(Struct, forbid_unknown_fields=True):
    """Up to when, of which shop, in which currency."""

    until: Annotated[Day | None, Meta(description="The day after the last; today when left out.")] = None
    shop: ShopRef | None = None
    currency: Currency | None = None


class Behind(Struct, forbid_unknown_fields=True):
    """Over which days and shop, and which of the members."""

    start: Day | None = None
    end: Day | None = None
    shop: ShopRef | None = None
    currency: Currency | None = None
    limit: Limit = 50
    after: After | None = None


def _scope(call: Call, asked: Period | Behind) -> Scope:
    with call.app.database.transaction(read_only=True) as tx:
        end = asked.end or commerce.today(tx, at=call.app.clock())
        shop_id = shop_id_of(tx, asked.shop)
    sensible_day("end", end)
    start = asked.start or end - timedelta(days=365)
    sensible_day("start", start)
    return Scope(start, end, shop_id, asked.currency)


def _step(scope: Scope, asked: Step | None) -> Step:
    step = asked or insight.fitting_step(scope)
    days = {"day": 1, "week": 7, "month": 28}[step]
    if scope.days // days > _MOST_POINTS:
        raise TooManyPoints(field="step", value=step, remedy=f"the series would have over {_MOST_POINTS} points")
    return step


def _point(one: insight.Point) -> Point:
    return Point(one.start, one.end, one.value, one.part, one.whole, one.complete)


def _figure(one: insight.Figure) -> Figure:
    previous = _point(one.previous) if one.previous else None
    series = [_point(point) for point in one.series]
    return Figure(one.measure.name, one.measure.unit, _point(one.now), previous, one.change, series)


def _measure(one: insight.Measure) -> Measure:
    title, sentence = ({"en": words.en, "zh": words.zh} for words in (one.title, one.sentence))
    return Measure(one.name, title, sentence, one.unit, one.better, one.sql)


def _cohorts(known: Sequence[insight.Cohort]) -> list[Cohort]:
    return [
        Cohort(
            one.month,
            one.members,
            [Cell(cell.months, cell.active, cell.rate, cell.revenue_minor, cell.complete) for cell in one.cells],
        )
        for one in known
    ]


def _distribution(one: insight.Distribution) -> Distribution:
    return Distribution(
        rfm=[RfmCell(cell.r, cell.f, cell.members, cell.average_spend_minor) for cell in one.rfm],
        grades=[Share(share.name, share.members) for share in one.grades],
        tiers=[Share(share.name, share.members) for share in one.tiers],
        computed_at=one.computed_at,
        currency=one.currency,
    )


@reading("/measures", tag=TAG)
def list_measures(call: Call) -> Response[Page[Measure]]:
    """List the measures and how they are defined."""
    return call.show(Page([_measure(one) for one in insight.measures()], None))


_SCOPED = (ShopNotFound, BadScope, ImpossibleDate)


@reading("/measures/{name:str}", tag=TAG, refusals=[*_SCOPED, MeasureNotFound, TooManyPoints])
def read_measure(call: Call, name: FromPath[str], asked: NamedDependency[Period]) -> Response[Figure]:
    """Read a measure over a stretch of days, with what it was before and its course."""
    insight.measure(name)
    scope = _scope(call, asked)
    frame = call.app.frames.read(call.app.database)
    return call.show(_figure(insight.figure(frame, name, scope, step=_step(scope, asked.step))))


@reading("/measures/{name:str}/members", tag=TAG, refusals=[*_SCOPED, MeasureNotFound, BadCursor])
def list_members_behind(call: Call, name: FromPath[str], asked: NamedDependency[Behind]) -> Response[FoundPage]:
    """List the members behind a measure: those it counts."""
    insight.measure(name)
    scope = _scope(call, asked)
    among = insight.members_behind(call.app.frames.read(call.app.database), name, scope)
    chosen = insight.Filter(among=among)
    return call.read(lambda tx: found(insight.directory(tx, chosen, after=asked.after, limit=asked.limit)))


@reading("/cohorts", tag=TAG, refusals=[ShopNotFound, ImpossibleDate])
def list_cohorts(call: Call, asked: NamedDependency[Until]) -> Response[Page[Cohort]]:
    """List the cohorts, by the month of the first purchase, followed month by month.

    The members of a cohort are those of `GET /v1/members?cohort=2026-03-01`.
    """
    with call.app.database.transaction(read_only=True) as tx:
        until = asked.until or commerce.today(tx, at=call.app.clock())
        shop_id = shop_id_of(tx, asked.shop)
    sensible_day("until", until)
    frame = call.app.frames.read(call.app.database)
    known = insight.cohorts(frame, until=until, shop_id=shop_id, currency=asked.currency)
    return call.show(Page(_cohorts(known), None))


@reading("/rfm", tag=TAG)
def read_rfm(call: Call) -> Response[Distribution]:
    """Read how members are distributed: recency by frequency, grades and tiers.

    The members of a cell are those of `GET /v1/members?recency=5&frequency=4`.
    """
    return call.read(lambda tx: _distribution(insight.distribution(tx)))


@reading("/overview", tag=TAG, refusals=[*_SCOPED, TooManyPoints])
def read_overview(call: Call, asked: NamedDependency[Period]) -> Response[Overview]:
    """Read everything at a glance: every measure, the cohorts, where members stand."""
    scope = _scope(call, asked)
    step = _step(scope, asked.step)
    frame = call.app.frames.read(call.app.database)
    with call.app.database.transaction(read_only=True) as tx:
        seen = insight.overview(tx, frame, scope, step=step)
    return call.show(
        Overview(
            start=seen.scope.start,
            end=seen.scope.end,
            step=seen.step,
            currency=seen.scope.currency,
            other_currencies=list(seen.other_currencies),
            figures=[_figure(one) for one in seen.figures],
            cohorts=_cohorts(seen.cohorts),
            distribution=_distribution(seen.distribution),
        )
    )


HANDLERS = (list_measures, read_measure, list_members_behind, list_cohorts, read_rfm, read_overview)
