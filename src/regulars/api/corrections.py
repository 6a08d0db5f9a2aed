"""Corrections: longer lives, expiries undone, debts written off."""

from typing import Annotated, Final

from litestar import Response
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from regulars.access import Permission
from regulars.api._calls import Call
from regulars.api._points import POSTING, TAG, PointType, Posted, Reason, Reference, Seq, Single, Until
from regulars.api._postings import Asked
from regulars.api._routes import creating
from regulars.api._shapes import Points
from regulars.ledger import NothingToReverse, ReversesTooMuch


class Extension(Struct, forbid_unknown_fields=True):
    """A longer life for all open points."""

    until: Annotated[Until, Meta(description="Every lot that expires sooner expires then.")]
    reference: Annotated[Reference, Meta(examples=["spring-2026"])]
    reason: Reason | None = None
    point_type: PointType = "points"


class Reinstatement(Struct, forbid_unknown_fields=True):
    """Expired points to give back."""

    entry: Annotated[Seq, Meta(description="The number of the `expire` entry in the statement.", examples=[7])]
    amount: Annotated[Points, Meta(examples=[500])]
    until: Annotated[Until, Meta(description="When they expire again.")]
    reference: Annotated[Reference, Meta(examples=["case-17"])]
    reason: Reason | None = None
    point_type: PointType = "points"


class Forgiveness(Struct, forbid_unknown_fields=True):
    """Points owed, to be written off."""

    amount: Annotated[Points, Meta(examples=[500])]
    reference: Annotated[Reference, Meta(examples=["case-18"])]
    reason: Reason
    point_type: PointType = "points"


_EXTEND: Final = Single(
    Permission.GIVE,
    Extension,
    lambda member, data: Asked(
        kind="extend",
        member=member,
        reference=data.reference,
        until=data.until,
        reason=data.reason,
        point_type=data.point_type,
    ),
)
_REINSTATE: Final = Single(
    Permission.GIVE,
    Reinstatement,
    lambda member, data: Asked(
        kind="reinstate",
        member=member,
        reference=data.reference,
        amount=data.amount,
        entry=data.entry,
        until=data.until,
        reason=data.reason,
        point_type=data.point_type,
    ),
)
_FORGIVE: Final = Single(
    Permission.GIVE,
    Forgiveness,
    lambda member, data: Asked(
        kind="forgive",
        member=member,
        reference=data.reference,
        amount=data.amount,
        reason=data.reason,
        point_type=data.point_type,
    ),
)


@creating(
    "/members/{member:str}/points/extensions",
    tag=TAG,
    permission=_EXTEND.permission,
    statuses=[200],
    refusals=POSTING,
)
def extend_points(call: Call, member: FromPath[str], data: JSONBody[Extension]) -> Response[Posted]:
    """Let a member's open points live longer.

    What lives longer already stays as it is; what has expired is reinstated instead.
    """
    return _EXTEND.write(call, member, data)


@creating(
    "/members/{member:str}/points/reinstatements",
    tag=TAG,
    permission=_REINSTATE.permission,
    statuses=[200],
    refusals=[*POSTING, NothingToReverse, ReversesTooMuch],
)
def reinstate_points(call: Call, member: FromPath[str], data: JSONBody[Reinstatement]) -> Response[Posted]:
    """Give back points that expired, all of an expiry or part."""
    return _REINSTATE.write(call, member, data)


@creating(
    "/members/{member:str}/points/forgiveness",
    tag=TAG,
    permission=_FORGIVE.permission,
    statuses=[200],
    refusals=[*POSTING, ReversesTooMuch],
)
def forgive_debt(call: Call, member: FromPath[str], data: JSONBody[Forgiveness]) -> Response[Posted]:
    """Write off points that a member owes, all or part."""
    return _FORGIVE.write(call, member, data)


HANDLERS = (extend_points, reinstate_points, forgive_debt)
