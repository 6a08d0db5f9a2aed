"""What the shop owes in points, and whose: what came and went, what is set aside, promised and frozen, what will lapse."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal

from litestar import Response
from litestar.di import NamedDependency
from msgspec import Meta, Struct

from regulars import ledger, programme
from regulars.access import Permission
from regulars.api._calls import Call
from regulars.api._paging import Int64, Page, Paging, from_cursor, page_of, to_cursor
from regulars.api._points import TAG, Event, OfType, PagingOfType
from regulars.api._routes import reading
from regulars.api._shapes import ImpossibleDate, Instant, sensible, sensible_day
from regulars.insight import BadCursor
from regulars.ledger import desk, liability
from regulars.storage import Transaction

_Place = tuple[datetime, Int64, Annotated[int, Meta(ge=0, le=2**31 - 1)]]

Owner = Annotated[
    str, Meta(description="Whose: a member, or a household whose members share them.", examples=["mem_04h8z2k1q9x0b"])
]
Number = Annotated[int, Meta(description="Of the entry in the statement.")]


class Liability(Struct):
    """What is owed in one kind of points: owed = available + pending + held."""

    point_type: str
    role: Annotated[
        Literal["redeemable", "qualifying", "unit"], Meta(description="`qualifying`: counted and never spent.")
    ]
    decimals: Annotated[int, Meta(description="Amounts are whole numbers of 10^-decimals.")]
    available: Annotated[int, Meta(description="What members can spend now.")]
    pending: int
    held: int
    owed: int
    debt: Annotated[int, Meta(description="What members owe, because it was taken back after it was spent.")]


class FlowStep(Struct):
    """What was booked in a day, a week or a month; each figure is what it came to, above 0."""

    start: Annotated[date, Meta(description="Its first day, in UTC.")]
    issued: Annotated[int, Meta(description="Earned, and promised.")]
    given_back: Annotated[int, Meta(description="Spends undone, and expiries.")]
    spent: Annotated[int, Meta(description="Holds captured, too.")]
    expired: Annotated[int, Meta(description="Promises that lapsed, too.")]
    taken_back: Annotated[int, Meta(description="Earns and promises undone: clawed back.")]
    owed: Annotated[int, Meta(description="Available, pending and held together, at the end of it.")]


class ExpiringDay(Struct):
    """Open points that can be used last on one day, or in one month."""

    last: Annotated[
        date | None,
        Meta(description="The last day, or the first day of the last month, in `time_zone`; null: they never expire."),
    ]
    points: int


class Outlook(Struct):
    """What will lapse, and when."""

    point_type: str
    time_zone: Annotated[str, Meta(description="Whose days they are: the programme's.")]
    items: list[ExpiringDay]


class ExpiringLot(Struct):
    """Open points of one account that are gone together."""

    owner: Owner
    point_type: str
    points: int
    expires_at: Annotated[datetime, Meta(description="The first instant at which they are gone.")]


class Promise(Struct):
    """Points that were promised and have not come yet."""

    owner: Owner
    point_type: str
    number: Number
    reference: str
    points: Annotated[int, Meta(description="What is left of it.")]
    promised_at: datetime
    matures_at: Annotated[datetime, Meta(description="When they come, or are lost.")]
    expires_at: Annotated[datetime | None, Meta(description="When they are gone, once they have come; null: never.")]
    awaits: Annotated[str | None, Meta(description="The event that makes them available at once.")]
    lapses: Annotated[bool, Meta(description="Lost at `matures_at` unless the event has come.")]


class OpenHold(Struct):
    """Points set aside for somebody. amount = remaining + captured + what was released."""

    owner: Owner
    point_type: str
    number: Number
    reference: str
    amount: int
    remaining: int
    captured: int
    held_at: datetime
    until: Annotated[datetime, Meta(description="When what remains goes back by itself.")]
    reason: str | None


class FrozenAccount(Struct):
    """An account out of which nothing may be taken for now."""

    owner: Owner
    point_type: str
    frozen_at: datetime
    frozen_by: str
    reason: str
    available: int
    held: int


class OfSteps(PagingOfType, forbid_unknown_fields=True):
    """Which steps, of which kind of points."""

    step: Annotated[Literal["day", "week", "month"], Meta(description="How long a step is; days are in UTC.")] = "day"
    since: Annotated[
        date | None, Meta(description="The step that holds this day is the first; else the first of all.")
    ] = None
    until: Annotated[date | None, Meta(description="The last day; today unless given.")] = None


class OfDays(OfType, forbid_unknown_fields=True):
    """By what, and how far ahead."""

    by: Annotated[Literal["day", "month"], Meta(description="Whether they are counted by day or by month.")] = "month"
    until: Annotated[date | None, Meta(description="Up to this last day; all unless given.")] = None


class OfLots(PagingOfType, forbid_unknown_fields=True):
    """Whose points, of which kind, by when."""

    day: Annotated[date | None, Meta(description="Only what can be used last on this day of the programme.")] = None
    until: Annotated[Instant | None, Meta(description="Only what is gone by then.")] = None


class OfEvent(Paging, forbid_unknown_fields=True):
    """Which promises."""

    event: Event | None = None


@reading("/liability", tag=TAG, permission=Permission.AUDIT)
def list_liability(call: Call) -> Response[Page[Liability]]:
    """List what is owed in points, by kind: what members can spend, what is pending, what is set aside, what they owe.

    Kinds that were defined and nobody has yet are there, too. `/v1/points/totals` has the sums that this comes from.
    """

    def work(tx: Transaction) -> Page[Liability]:
        known = {one.point_type: one for one in desk.point_types(tx)}
        totals = {one.point_type: one for one in ledger.totals(tx)}
        return Page([_liability(code, known.get(code), totals.get(code)) for code in sorted({*known, *totals})], None)

    return call.read_past(work)


def _liability(code: str, known: desk.PointType | None, total: ledger.Totals | None) -> Liability:
    available, pending, held, debt = (
        (total.outstanding, total.pending, total.held, total.debt) if total else (0, 0, 0, 0)
    )  # fmt: skip
    role, decimals = (known.role, known.decimals) if known else ("redeemable", 0)
    return Liability(code, role, decimals, available, pending, held, available + pending + held, debt)


@reading("/liability/flows", tag=TAG, permission=Permission.AUDIT, refusals=[BadCursor, ImpossibleDate])
def list_flows(call: Call, asked: NamedDependency[OfSteps]) -> Response[Page[FlowStep]]:
    """List what was earned, spent, given back, expired and clawed back, day by day, and what was owed after it.

    Days are in UTC, and count by when the ledger learned of a posting; those on which nothing was are there, too.
    """
    today = call.app.clock().astimezone(UTC).date()
    for field, day in (("since", asked.since), ("until", asked.until)):
        if day is not None:
            sensible_day(field, day)
    place = from_cursor(asked.after, tuple[date])
    if place:
        sensible_day("after", place[0])

    def work(tx: Transaction) -> Page[FlowStep]:
        end = min(asked.until or today, today) + timedelta(days=1)
        start = place[0] if place else asked.since
        found = liability.flows(
            tx,
            since=start,
            until=datetime(end.year, end.month, end.day, tzinfo=UTC),
            step=asked.step,
            most=asked.limit + 1,
            point_type=asked.point_type,
        )
        following = to_cursor((found[asked.limit].start,)) if len(found) > asked.limit else None
        return Page([_flow(one) for one in found[: asked.limit]], following)

    return call.read_past(work)


def _flow(one: liability.Flow) -> FlowStep:
    return FlowStep(one.start, one.issued, one.given_back, one.spent, one.expired, one.taken_back, one.owed)


@reading("/liability/expiring", tag=TAG, permission=Permission.AUDIT, refusals=[ImpossibleDate])
def read_outlook(call: Call, asked: NamedDependency[OfDays]) -> Response[Outlook]:
    """Read how many open points can be used last in which month, or on which day.

    It reads every open lot that it is about: two seconds where there are three million; `until` makes them fewer.
    """
    at = call.app.clock()
    if asked.until is not None:
        sensible_day("until", asked.until)

    def work(tx: Transaction) -> Outlook:
        zone = programme.time_zone(tx, at=at)
        before = liability.last_usable(asked.until, zone)[1] if asked.until else None
        found = liability.expiring(
            tx, at=at, time_zone=zone, point_type=asked.point_type, step=asked.by, before=before
        )  # fmt: skip
        return Outlook(asked.point_type, zone, [ExpiringDay(one.month, one.points) for one in found])

    return call.read_past(work)


@reading("/points/expiring", tag=TAG, permission=Permission.AUDIT, refusals=[BadCursor, ImpossibleDate])
def list_expiring(call: Call, asked: NamedDependency[OfLots]) -> Response[Page[ExpiringLot]]:
    """List whose points are gone soon: those that go first come first; what never expires is not there."""
    at, place = call.app.clock(), from_cursor(asked.after, tuple[datetime, Int64])
    sensible("until", asked.until)
    sensible("after", place[0] if place else None)
    if asked.day is not None:
        sensible_day("day", asked.day)

    def work(tx: Transaction) -> Page[ExpiringLot]:
        since, until = at, asked.until
        if asked.day is not None:
            begins, ends = liability.last_usable(asked.day, programme.time_zone(tx, at=at))
            since, until = max(at, begins), min(ends, until or ends)
        found = liability.expiring_lots(
            tx, since=since, until=until, point_type=asked.point_type, after=place, limit=asked.limit + 1
        )
        return page_of(found, asked.limit, _lot, lambda last: (last.expires_at, last.account_id))

    return call.read_past(work)


def _lot(one: liability.ExpiringLot) -> ExpiringLot:
    return ExpiringLot(ledger.owner_name(one.owner), one.point_type, one.points, one.expires_at)


@reading("/points/promises", tag=TAG, permission=Permission.AUDIT, refusals=[BadCursor, ImpossibleDate])
def list_promises(call: Call, asked: NamedDependency[OfEvent]) -> Response[Page[Promise]]:
    """List points that were promised and wait, whosever they are; those that mature first come first.

    With `event` only those that wait for it: what `POST /v1/fulfilments` would make available.
    """
    at, place = call.app.clock(), from_cursor(asked.after, _Place)
    sensible("after", place[0] if place else None)

    def work(tx: Transaction) -> Page[Promise]:
        found = liability.promised(tx, at=at, event=asked.event, after=place, limit=asked.limit + 1)
        return page_of(found, asked.limit, _promise, lambda last: (last.matures_at, last.account_id, last.seq))

    return call.read(work)


def _promise(one: liability.Promised) -> Promise:
    return Promise(
        ledger.owner_name(one.owner),
        one.point_type,
        one.seq,
        one.reference,
        one.points,
        one.promised_at,
        one.matures_at,
        one.expires_at,
        one.awaits,
        one.lapses,
    )


@reading("/points/holds", tag=TAG, refusals=[BadCursor, ImpossibleDate])
def list_open_holds(call: Call, asked: NamedDependency[Paging]) -> Response[Page[OpenHold]]:
    """List the open holds, whosever they are; those that end first come first."""
    at, place = call.app.clock(), from_cursor(asked.after, _Place)
    sensible("after", place[0] if place else None)

    def work(tx: Transaction) -> Page[OpenHold]:
        found = desk.open_holds(tx, at=at, after=place, limit=asked.limit + 1)
        return page_of(found, asked.limit, _hold, lambda last: (last.held_until, last.account_id, last.seq))

    return call.read(work)


def _hold(one: desk.OpenHold) -> OpenHold:
    return OpenHold(
        ledger.owner_name(one.member_id),
        one.point_type,
        one.seq,
        one.reference,
        one.amount,
        one.remaining,
        one.captured,
        one.occurred_at,
        one.held_until,
        one.reason,
    )


@reading("/points/freezes", tag=TAG, permission=Permission.AUDIT, refusals=[BadCursor, ImpossibleDate])
def list_frozen(call: Call, asked: NamedDependency[Paging]) -> Response[Page[FrozenAccount]]:
    """List the accounts out of which nothing may be taken for now, the latest frozen first."""
    place = from_cursor(asked.after, tuple[datetime, Int64])
    sensible("after", place[0] if place else None)

    def work(tx: Transaction) -> Page[FrozenAccount]:
        found = desk.frozen(tx, before=place, limit=asked.limit + 1)
        return page_of(found, asked.limit, _frozen, lambda last: (last.frozen_at, last.account_id))

    return call.read(work)


def _frozen(one: desk.Frozen) -> FrozenAccount:
    return FrozenAccount(
        ledger.owner_name(one.member_id),
        one.point_type,
        one.frozen_at,
        one.frozen_by,
        one.reason,
        one.available,
        one.held,
    )


HANDLERS = (
    list_liability,
    list_flows,
    read_outlook,
    list_expiring,
    list_promises,
    list_open_holds,
    list_frozen,
)
