"""Points: what members hold, what happened to it, spending and giving back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Final

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Meta, Struct, UnsetType

from regulars import ledger
from regulars.access import Permission
from regulars.api._calls import Call
from regulars.api._paging import Page, from_cursor, page_of
from regulars.api._points import (
    POSTING,
    TAG,
    TAKING,
    Event,
    Kind,
    PagingOfType,
    PastOfType,
    PointType,
    Posted,
    Reason,
    Reference,
    Seq,
    Single,
)
from regulars.api._postings import Asked
from regulars.api._routes import creating, reading
from regulars.api._shapes import ImpossibleDate, Points, find_member, sensible, shown
from regulars.api._terms import ExpiresAt, MaturesAt, OwnExpiry, OwnPending
from regulars.insight import BadCursor
from regulars.ledger import NothingToReverse, ReversesTooMuch, past
from regulars.members import MemberNotFound
from regulars.storage import Transaction


class Lot(Struct):
    """Points that expire together."""

    amount: int
    expires_at: Annotated[datetime | None, Meta(description="The first instant at which they are gone; null: never.")]
    matures_at: Annotated[datetime | None, Meta(description="Pending until then; null: available now.")]
    awaits: Annotated[str | None, Meta(description="Pending until this event comes, or the time does.")]
    lapses: Annotated[bool, Meta(description="Lost at `matures_at` unless the event has come.")]


class Balance(Struct):
    """What a member holds."""

    available: int
    pending: int
    held: Annotated[int, Meta(description="Set aside for what is not confirmed yet.")]
    debt: Annotated[int, Meta(description="Taken back after it was spent; what is earned next pays it first.")]
    lots: list[Lot]
    shared_with: Annotated[
        str | None,
        Meta(
            description="The household whose members share these points, or the member they were joined with; or null."
        ),
    ]


class Entry(Struct):
    """One line of the member's statement."""

    number: Annotated[int, Meta(description="1, 2, 3 … without gaps, in the account that has it.")]
    kind: Annotated[
        Kind,
        Meta(
            description="`promise`: pending; `lapse`: a promise not kept; `restore`: a spend undone; `clawback`: an earn undone."
        ),
    ]
    amount: Annotated[int, Meta(description="Change of what is available.")]
    pending_change: int
    debt_change: int
    held_change: int
    available: Annotated[int, Meta(description="Afterwards.")]
    occurred_at: datetime
    posted_at: datetime
    expires_at: datetime | None
    reverses: Annotated[int | None, Meta(description="The number of the entry undone, or followed from.")]
    reference: str
    reason: Annotated[str | None, Meta(description="Why, in a person's words.")]
    member: Annotated[str | None, Meta(description="Of shared points, whose it is; null: the account's own.")]


class Earn(Struct, forbid_unknown_fields=True):
    """Points to give."""

    amount: Annotated[Points, Meta(examples=[500])]
    reference: Reference
    expires_at: ExpiresAt | UnsetType = UNSET
    expiry: OwnExpiry = None
    matures_at: MaturesAt | UnsetType = UNSET
    pending: OwnPending = None
    awaits: Annotated[
        Event | None,
        Meta(
            description="An event that makes them available at once; `matures_at` is then the time-out, and has to be given."
        ),
    ] = None
    lapses: Annotated[bool, Meta(description="At `matures_at` they are lost unless the event has come.")] = False
    reason: Reason | None = None
    point_type: PointType = "points"


class Spend(Struct, forbid_unknown_fields=True):
    """Points to take."""

    amount: Annotated[Points, Meta(examples=[500])]
    reference: Reference
    reason: Reason | None = None
    point_type: PointType = "points"


class Reversal(Struct, forbid_unknown_fields=True):
    """Points to give back of a spend."""

    reverses: Annotated[Reference, Meta(description="The reference of the spend.", examples=["till-7-000123"])]
    amount: Annotated[Points, Meta(examples=[500])]
    reference: Annotated[Reference, Meta(examples=["till-7-000124"])]
    reason: Reason | None = None
    point_type: PointType = "points"


_EARN: Final = Single(
    Permission.GIVE,
    Earn,
    lambda member, data: Asked(
        kind="earn",
        member=member,
        reference=data.reference,
        amount=data.amount,
        expires_at=data.expires_at,
        expiry=data.expiry,
        matures_at=data.matures_at,
        pending=data.pending,
        awaits=data.awaits,
        lapses=data.lapses,
        reason=data.reason,
        point_type=data.point_type,
    ),
)
_SPEND: Final = Single(
    Permission.SPEND,
    Spend,
    lambda member, data: Asked(
        kind="spend",
        member=member,
        reference=data.reference,
        amount=data.amount,
        reason=data.reason,
        point_type=data.point_type,
    ),
)
_REVERSE: Final = Single(
    Permission.SPEND,
    Reversal,
    lambda member, data: Asked(
        kind="reverse_spend",
        member=member,
        reference=data.reference,
        amount=data.amount,
        reverses=data.reverses,
        reason=data.reason,
        point_type=data.point_type,
    ),
)
HOT: Final[Mapping[str, Single]] = {"points/earns": _EARN, "points/spends": _SPEND, "points/reversals": _REVERSE}
"""By what follows `/v1/members/{member}/`: answered by `_hot.py`, unless there is a query."""


@reading("/members/{member:str}/points", tag=TAG, refusals=[MemberNotFound, ImpossibleDate])
def read_points(call: Call, member: FromPath[str], asked: NamedDependency[PastOfType]) -> Response[Balance]:
    """Read what a member holds, and when it expires; of one who shares points, what all who share them hold together.

    It may be as of any moment, as known at any moment.

    With `as_of` what had happened by then counts, with `known_at` what had been posted by then. Both at one moment: what this
    route answered at that moment. An order of March that was recorded in May is in `as_of` April, `known_at` June, and not in
    `as_of` April, `known_at` April.
    """
    at = call.app.clock()
    sensible("as_of", asked.as_of)
    sensible("known_at", asked.known_at)

    def now(tx: Transaction) -> Balance:
        member_id = find_member(tx, member).member_id
        held = ledger.balance(tx, member_id, at=at, point_type=asked.point_type)
        shared = ledger.shared_with(tx, member_id, point_type=asked.point_type)
        return _balance(held, ledger.lots(tx, member_id, at=at, point_type=asked.point_type), shared)

    def then(tx: Transaction) -> Balance:
        member_id = find_member(tx, member).member_id
        as_of, known_at = asked.as_of or at, asked.known_at or at
        held = past.holding(tx, member_id, as_of=as_of, known_at=known_at, point_type=asked.point_type)
        return _balance(held.balance, held.lots, held.shared_with)

    return call.read(now) if asked.as_of is None and asked.known_at is None else call.read_past(then)


def _balance(held: ledger.Balance, lots: Sequence[ledger.Lot], shared_with: str | None) -> Balance:
    each = [Lot(lot.amount, lot.expires_at, lot.matures_at, lot.awaits, lot.lapses) for lot in lots]
    return Balance(held.available, held.pending, held.held, held.debt, each, shared_with)


@reading("/members/{member:str}/points/entries", tag=TAG, refusals=[MemberNotFound, BadCursor])
def list_entries(call: Call, member: FromPath[str], asked: NamedDependency[PagingOfType]) -> Response[Page[Entry]]:
    """List what happened to a member's points, the latest first; of shared points, what happened to all of them since joining."""
    place = from_cursor(asked.after, tuple[Seq])

    def work(tx: Transaction) -> Page[Entry]:
        member_id = find_member(tx, member).member_id
        known = ledger.statement(
            tx,
            member_id,
            before=place[0] if place else None,
            limit=asked.limit + 1,
            point_type=asked.point_type,
        )
        return page_of(known, asked.limit, _entry, lambda last: (last.place,))

    return call.read(work)


def _entry(one: ledger.Entry) -> Entry:
    reference, member_id = ledger.told(one.reference)
    return Entry(
        number=one.seq,
        kind=one.kind,  # pyright: ignore[reportArgumentType] - the ledger has exactly these
        amount=one.amount,
        pending_change=one.pending_change,
        debt_change=one.debt_change,
        held_change=one.held_change,
        available=one.available,
        occurred_at=one.occurred_at,
        posted_at=one.posted_at,
        expires_at=one.expires_at,
        reverses=one.reverses,
        reference=reference,
        reason=one.reason,
        member=shown("mem", member_id),
    )


@creating(
    "/members/{member:str}/points/earns",
    tag=TAG,
    permission=_EARN.permission,
    statuses=[200],
    refusals=POSTING,
)
def earn_points(call: Call, member: FromPath[str], data: JSONBody[Earn]) -> Response[Posted]:
    """Give points that no order has earned.

    The same again changes nothing and is answered with status 200. What orders earn is posted by the programme.
    """
    return _EARN.write(call, member, data)


@creating(
    "/members/{member:str}/points/spends",
    tag=TAG,
    permission=_SPEND.permission,
    statuses=[200],
    refusals=[*POSTING, *TAKING],
)
def spend_points(call: Call, member: FromPath[str], data: JSONBody[Spend]) -> Response[Posted]:
    """Spend points, those that expire first.

    The same spend again changes nothing and is answered with status 200.
    """
    return _SPEND.write(call, member, data)


@creating(
    "/members/{member:str}/points/reversals",
    tag=TAG,
    permission=_REVERSE.permission,
    statuses=[200],
    refusals=[*POSTING, NothingToReverse, ReversesTooMuch],
)
def reverse_spend(call: Call, member: FromPath[str], data: JSONBody[Reversal]) -> Response[Posted]:
    """Give back points of a spend, all or part.

    They go back where they came from; those that have expired meanwhile live another seven days.
    """
    return _REVERSE.write(call, member, data)


HANDLERS = (read_points, list_entries, earn_points, spend_points, reverse_spend)
