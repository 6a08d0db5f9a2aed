"""Transfers: points that go from one member to another."""

from datetime import datetime
from typing import Annotated, Literal

from litestar import Response
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from regulars import ledger
from regulars.access import Permission
from regulars.api._calls import Call
from regulars.api._points import TAG, TAKING, PointType, Posted, Reason, Reference, posted
from regulars.api._routes import creating
from regulars.api._shapes import MemberRef, Points, find_member
from regulars.ledger import InvalidPosting, ReferenceReused
from regulars.members import MemberNotFound
from regulars.storage import Transaction


class Transfer(Struct, forbid_unknown_fields=True):
    """Points to hand on."""

    to: Annotated[MemberRef, Meta(description="Who gets them.")]
    amount: Annotated[Points, Meta(examples=[500])]
    reference: Reference
    reason: Reason | None = None
    point_type: PointType = "points"


class Transferred(Struct):
    """What was posted on both sides."""

    status: Annotated[Literal["posted", "replayed"], Meta(description="`replayed`: it had been posted before.")]
    reference: str
    amount: Annotated[int, Meta(description="How many went over.")]
    sent: Posted
    received: Annotated[
        Posted | None,
        Meta(description="Of it, a debt was paid first: `debt_change`. Null while it is on its way to another server."),
    ]


@creating(
    "/members/{member:str}/points/transfers",
    tag=TAG,
    permission=Permission.SPEND,
    statuses=[200],
    refusals=[MemberNotFound, InvalidPosting, ReferenceReused, *TAKING],
)
def transfer_points(call: Call, member: FromPath[str], data: JSONBody[Transfer]) -> Response[Transferred]:
    """Hand points on to another member, those that expire first.

    They keep their expiry. Both sides are posted, or neither. The same transfer again changes nothing and is answered
    with status 200. Where the ledger is spread over several servers, the points are sent now and arrive within seconds.
    """

    def work(tx: Transaction, at: datetime) -> Transferred:
        sender, receiver = find_member(tx, member).member_id, find_member(tx, data.to).member_id
        if sender == receiver:
            raise InvalidPosting(field="to", value=data.to, remedy="name somebody else")
        done = ledger.transfer(
            tx,
            sender,
            receiver,
            data.amount,
            reference=data.reference,
            at=at,
            reason=data.reason,
            point_type=data.point_type,
        )
        sent = posted(data.reference, done.sent)
        received = done.received and posted(data.reference, done.received)
        return Transferred(sent.status, data.reference, data.amount, sent, received)

    return call.write(work, status=lambda done: 201 if done.status == "posted" else 200)


HANDLERS = (transfer_points,)
