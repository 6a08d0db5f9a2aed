"""Points given or taken by hand, accounts frozen, kinds of points."""

from datetime import datetime
from typing import Annotated, Literal

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from regulars.access import Permission
from regulars.api._calls import ApiCall, Call
from regulars.api._paging import Int64, Page, Paging, from_cursor, page_of
from regulars.api._routes import creating, reading
from regulars.api._shapes import Id, Instant, find_member, sensible
from regulars.insight import BadCursor
from regulars.ledger import AccountFrozen, InsufficientPoints, InvalidPosting, desk
from regulars.ledger.desk import AdjustmentDecided, AdjustmentNotFound, OwnAdjustment, PointTypeInUse
from regulars.members import MemberNotFound
from regulars.storage import Transaction
from regulars.types import MalformedId, from_public, random_id, to_public

TAG = "Points"

Reason = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=500,
        pattern=r"^[^\x00-\x1f\x7f]*$",
        description="Why, on one line; the member's statement shows it.",
        examples=["Parcel lost, promised on the phone"],
    ),
]
PointType = Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,31}$", description="Which kind of points.")]


_KindName = Annotated[str, Meta(min_length=1, max_length=40, pattern=r"^[^\x00-\x1f\x7f]*$", examples=["Stars"])]


class NewAdjustment(Struct, forbid_unknown_fields=True):
    """Points to give by hand, or to take."""

    amount: Annotated[
        int, Meta(ge=-(10**12), le=10**12, description="Below 0: points are taken. Not 0.", examples=[500])
    ]
    reason: Reason
    expires_at: Annotated[Instant | None, Meta(description="Of points given; null: never.")] = None
    point_type: PointType = "points"


class Adjustment(Struct):
    """Points given or taken by hand; beyond the limit somebody else decides first."""

    id: Id
    member: Id
    point_type: str
    amount: int
    reason: str
    expires_at: datetime | None
    proposed_at: datetime
    proposed_by: str
    decision: Annotated[Literal["posted", "rejected"] | None, Meta(description="Null: it waits for a second person.")]
    decided_at: datetime | None
    decided_by: str | None
    decided_because: Annotated[str | None, Meta(description="Why it was decided so, if that was said.")]


class Decision(Struct, forbid_unknown_fields=True):
    """Why somebody decides so."""

    because: Reason | None = None


class NewFreeze(Struct, forbid_unknown_fields=True):
    """Why nothing may be taken out."""

    reason: Reason
    point_type: PointType = "points"


class Thaw(Struct, forbid_unknown_fields=True):
    """Which points may be taken out again, and why."""

    because: Reason | None = None
    point_type: PointType = "points"


class Freeze(Struct):
    """A time in which nothing could be taken out of an account."""

    frozen_at: datetime
    frozen_by: str
    reason: str
    lifted_at: Annotated[datetime | None, Meta(description="Null: it is frozen now.")]
    lifted_by: str | None
    lifted_because: str | None


class NewPointType(Struct, forbid_unknown_fields=True):
    """A kind of points."""

    code: PointType
    role: Annotated[
        Literal["redeemable", "qualifying", "unit"],
        Meta(description="`qualifying`: counted and never spent; `unit`: stamps, trees, what the shop counts."),
    ] = "redeemable"
    decimals: Annotated[int, Meta(ge=0, le=6, description="Amounts are whole numbers of 10^-decimals.")] = 0
    name_en: Annotated[_KindName | None, Meta(description="What staff read in English; null: the code.")] = None
    name_zh: Annotated[_KindName | None, Meta(description="What staff read in Chinese; null: the code.")] = None


class KnownPointType(NewPointType, kw_only=True):
    """A kind of points that was defined."""

    defined_at: datetime


def _by(call: ApiCall) -> str:
    return to_public("key", call.key.key_id)


def _adjustment(one: desk.Adjustment) -> Adjustment:
    return Adjustment(
        id=to_public("adj", one.adjustment_id),
        member=to_public("mem", one.member_id),
        point_type=one.point_type,
        amount=one.amount,
        reason=one.reason,
        expires_at=one.expires_at,
        proposed_at=one.proposed_at,
        proposed_by=one.proposed_by,
        decision=one.decision,
        decided_at=one.decided_at,
        decided_by=one.decided_by,
        decided_because=one.decided_because,
    )


def _freeze(one: desk.Freeze) -> Freeze:
    return Freeze(one.frozen_at, one.frozen_by, one.reason, one.lifted_at, one.lifted_by, one.lifted_because)


def _id_of(adjustment: str) -> int:
    try:
        return from_public("adj", adjustment, field="adjustment")
    except MalformedId as error:
        raise AdjustmentNotFound(adjustment=adjustment) from error


@creating(
    "/members/{member:str}/points/adjustments",
    tag=TAG,
    permission=Permission.GIVE,
    refusals=[MemberNotFound, InvalidPosting, InsufficientPoints, AccountFrozen],
)
def adjust_points(call: Call, member: FromPath[str], data: JSONBody[NewAdjustment]) -> Response[Adjustment]:
    """Give a member points by hand, or take them.

    Beyond `REGULARS_ADJUSTMENT_LIMIT` they are only proposed, and another key or operator decides.
    """

    def work(tx: Transaction, at: datetime) -> Adjustment:
        sensible("expires_at", data.expires_at)
        done = desk.adjust(
            tx,
            find_member(tx, member).member_id,
            data.amount,
            reason=data.reason,
            by=_by(call),
            limit=call.app.settings.adjustment_limit,
            at=at,
            expires_at=data.expires_at,
            adjustment_id=random_id(),
            point_type=data.point_type,
        )
        return _adjustment(done)

    return call.write(work)


@reading("/adjustments", tag=TAG, permission=Permission.AUDIT, refusals=[BadCursor])
def list_adjustments(call: Call, asked: NamedDependency[Paging]) -> Response[Page[Adjustment]]:
    """List what was given or taken by hand, or waits for a decision, the latest first."""
    place = from_cursor(asked.after, tuple[datetime, Int64])

    def work(tx: Transaction) -> Page[Adjustment]:
        known = list(desk.adjustments(tx, before=place, limit=asked.limit + 1))
        return page_of(known, asked.limit, _adjustment, lambda last: (last.proposed_at, last.adjustment_id))

    return call.read(work)


@creating(
    "/adjustments/{adjustment:str}/approval",
    tag=TAG,
    permission=Permission.GIVE,
    refusals=[
        AdjustmentNotFound,
        AdjustmentDecided,
        OwnAdjustment,
        InsufficientPoints,
        AccountFrozen,
    ],
)
def approve_adjustment(
    call: Call, adjustment: FromPath[str], data: JSONBody[Decision | None] = None
) -> Response[Adjustment]:
    """Approve an adjustment that somebody else proposed; it is posted at once."""
    because = data.because if data else None
    return call.write(
        lambda tx, at: _adjustment(desk.approve(tx, _id_of(adjustment), by=_by(call), because=because, at=at))
    )


@creating(
    "/adjustments/{adjustment:str}/rejection",
    tag=TAG,
    permission=Permission.GIVE,
    refusals=[AdjustmentNotFound, AdjustmentDecided],
)
def reject_adjustment(
    call: Call, adjustment: FromPath[str], data: JSONBody[Decision | None] = None
) -> Response[Adjustment]:
    """Reject an adjustment, or withdraw one's own."""
    because = data.because if data else None
    return call.write(
        lambda tx, at: _adjustment(desk.reject(tx, _id_of(adjustment), by=_by(call), because=because, at=at))
    )


@creating(
    "/members/{member:str}/points/freezes",
    tag=TAG,
    permission=Permission.GIVE,
    refusals=[MemberNotFound, InvalidPosting],
)
def freeze_points(call: Call, member: FromPath[str], data: JSONBody[NewFreeze]) -> Response[Freeze]:
    """Let nobody take points out of an account: no spend, hold or transfer. Everything else goes on.

    Holds already made may still be captured.
    """

    def work(tx: Transaction, at: datetime) -> Freeze:
        member_id = find_member(tx, member).member_id
        return _freeze(desk.freeze(tx, member_id, reason=data.reason, by=_by(call), at=at, point_type=data.point_type))

    return call.write(work)


@creating(
    "/members/{member:str}/points/freezes/lifting", tag=TAG, permission=Permission.GIVE, refusals=[MemberNotFound]
)
def unfreeze_points(call: Call, member: FromPath[str], data: JSONBody[Thaw]) -> Response[Page[Freeze]]:
    """Lift the freeze, if there is one; the answer lists the account's freezes, the latest first."""

    def work(tx: Transaction, at: datetime) -> Page[Freeze]:
        member_id = find_member(tx, member).member_id
        desk.unfreeze(tx, member_id, by=_by(call), because=data.because, at=at, point_type=data.point_type)
        return Page([_freeze(one) for one in desk.freezes(tx, member_id, point_type=data.point_type)], None)

    return call.write(work)


@reading("/point-types", tag=TAG)
def list_point_types(call: Call) -> Response[Page[KnownPointType]]:
    """List the kinds of points that were defined; others are redeemable and whole."""
    return call.read(lambda tx: Page([_known(one) for one in desk.point_types(tx)], None))


@creating("/point-types", tag=TAG, permission=Permission.CONFIGURE, refusals=[PointTypeInUse, InvalidPosting])
def define_point_type(call: Call, data: JSONBody[NewPointType]) -> Response[KnownPointType]:
    """Define a kind of points. The same definition again changes only its names; another one is refused."""
    return call.write(
        lambda tx, at: _known(
            desk.define_point_type(
                tx,
                data.code,
                role=data.role,
                decimals=data.decimals,
                name_en=data.name_en,
                name_zh=data.name_zh,
                at=at,
            )
        )
    )


def _known(one: desk.PointType) -> KnownPointType:
    return KnownPointType(
        code=one.point_type,
        role=one.role,
        decimals=one.decimals,
        name_en=one.name_en,
        name_zh=one.name_zh,
        defined_at=one.defined_at,
    )


HANDLERS = (
    adjust_points,
    list_adjustments,
    approve_adjustment,
    reject_adjustment,
    freeze_points,
    unfreeze_points,
    list_point_types,
    define_point_type,
)
