"""Holds: points that a checkout sets aside, then spends or gives back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from regulars import ledger
from regulars.access import Permission
from regulars.api._calls import Call
from regulars.api._paging import Page, from_cursor, page_of
from regulars.api._points import (
    POSTING,
    TAG,
    TAKING,
    HoldReference,
    PagingOfType,
    PointType,
    Posted,
    Reason,
    Reference,
    Seq,
    Single,
    Until,
)
from regulars.api._postings import Asked, Kind
from regulars.api._routes import creating, reading
from regulars.api._shapes import Points, find_member, shown
from regulars.insight import BadCursor
from regulars.ledger import NothingToReverse, ReversesTooMuch
from regulars.members import MemberNotFound
from regulars.storage import Transaction


class Hold(Struct):
    """Points set aside. amount = remaining + captured + what was released."""

    number: Annotated[int, Meta(description="Of the entry in the statement.")]
    reference: str
    amount: Annotated[int, Meta(description="How many were set aside.")]
    remaining: Annotated[int, Meta(description="How many still are.")]
    captured: Annotated[int, Meta(description="How many of them were spent.")]
    held_at: datetime
    until: Annotated[datetime, Meta(description="When what remains goes back by itself.")]
    reason: str | None
    member: Annotated[str | None, Meta(description="Of shared points, whose it is; null: the account's own.")]


class NewHold(Struct, forbid_unknown_fields=True):
    """Points to set aside."""

    amount: Annotated[Points, Meta(examples=[500])]
    reference: Annotated[Reference, Meta(examples=["basket-000123"])]
    until: Annotated[Until, Meta(description="When what remains goes back by itself.")]
    reason: Reason | None = None
    point_type: PointType = "points"


class OfHold(Struct, forbid_unknown_fields=True):
    """Points of a hold."""

    hold: HoldReference
    reference: Annotated[Reference, Meta(examples=["basket-000123-paid"])]
    amount: Annotated[Points | None, Meta(description="Null: all that is left.", examples=[500])] = None
    reason: Reason | None = None
    point_type: PointType = "points"


def _of_hold(kind: Kind) -> Single:
    return Single(
        Permission.SPEND,
        OfHold,
        lambda member, data: Asked(
            kind=kind,
            member=member,
            reference=data.reference,
            amount=data.amount,
            hold=data.hold,
            reason=data.reason,
            point_type=data.point_type,
        ),
    )


_HOLD: Final = Single(
    Permission.SPEND,
    NewHold,
    lambda member, data: Asked(
        kind="hold",
        member=member,
        reference=data.reference,
        amount=data.amount,
        until=data.until,
        reason=data.reason,
        point_type=data.point_type,
    ),
)
_CAPTURE: Final = _of_hold("capture")
_RELEASE: Final = _of_hold("release")
HOT: Final[Mapping[str, Single]] = {"points/holds": _HOLD, "points/captures": _CAPTURE, "points/releases": _RELEASE}
"""By what follows `/v1/members/{member}/`: answered by `_hot.py`, unless there is a query."""


@reading("/members/{member:str}/points/holds", tag=TAG, refusals=[MemberNotFound, BadCursor])
def list_holds(call: Call, member: FromPath[str], asked: NamedDependency[PagingOfType]) -> Response[Page[Hold]]:
    """List the open holds of a member, the latest first."""
    at, place = call.app.clock(), from_cursor(asked.after, tuple[Seq])

    def work(tx: Transaction) -> Page[Hold]:
        found = ledger.holds(
            tx,
            find_member(tx, member).member_id,
            at=at,
            before_seq=place[0] if place else None,
            limit=asked.limit + 1,
            point_type=asked.point_type,
        )
        return page_of(found, asked.limit, _hold, lambda last: (last.seq,))

    return call.read(work)


def _hold(one: ledger.Hold) -> Hold:
    reference, member_id = ledger.told(one.reference)
    return Hold(
        one.seq,
        reference,
        one.amount,
        one.remaining,
        one.captured,
        one.occurred_at,
        one.held_until,
        one.reason,
        shown("mem", member_id),
    )


@creating(
    "/members/{member:str}/points/holds",
    tag=TAG,
    permission=_HOLD.permission,
    statuses=[200],
    refusals=[*POSTING, *TAKING],
)
def hold_points(call: Call, member: FromPath[str], data: JSONBody[NewHold]) -> Response[Posted]:
    """Set points aside, those that expire first.

    They cannot be spent otherwise and do not expire until they are captured or released, or until `until`. The same hold
    again changes nothing and is answered with status 200.
    """
    return _HOLD.write(call, member, data)


@creating(
    "/members/{member:str}/points/captures",
    tag=TAG,
    permission=_CAPTURE.permission,
    statuses=[200],
    refusals=[*POSTING, NothingToReverse, ReversesTooMuch],
)
def capture_hold(call: Call, member: FromPath[str], data: JSONBody[OfHold]) -> Response[Posted]:
    """Spend points of a hold, all that is left or some of it, in as many parts as you like.

    A reversal of it gives them back. Once the hold has ended there is nothing left to capture.
    """
    return _CAPTURE.write(call, member, data)


@creating(
    "/members/{member:str}/points/releases",
    tag=TAG,
    permission=_RELEASE.permission,
    statuses=[200],
    refusals=[*POSTING, NothingToReverse, ReversesTooMuch],
)
def release_hold(call: Call, member: FromPath[str], data: JSONBody[OfHold]) -> Response[Posted]:
    """Give back points of a hold, all that is left or some of it.

    They go back where they came from; those that have expired meanwhile live another seven days.
    """
    return _RELEASE.write(call, member, data)


HANDLERS = (list_holds, hold_points, capture_hold, release_hold)
