"""Postings: many at once, in one transaction."""

from datetime import datetime
from typing import Annotated, Literal

from litestar import Response
from litestar.params import JSONBody
from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import asdict

from regulars import ledger
from regulars.access import Permission
from regulars.api import _postings
from regulars.api._calls import Call
from regulars.api._documents import MOST, Refusal
from regulars.api._points import (
    TAG,
    Event,
    HoldReference,
    PointType,
    Reason,
    Reference,
    Seq,
    Until,
    posted,
    status_of_posted,
)
from regulars.api._postings import Asked, Kind
from regulars.api._problems import status_of
from regulars.api._routes import creating
from regulars.api._shapes import MemberRef, Points
from regulars.api._terms import ExpiresAt, MaturesAt, OwnExpiry, OwnPending
from regulars.errors import RegularsError
from regulars.storage import Transaction


class NewPosting(Struct, forbid_unknown_fields=True):
    """One thing to post."""

    kind: Annotated[
        Kind,
        Meta(
            description="`reverse_…`: undo all or part of an earn or a spend; `capture` and `release`: spend or give back a "
            "hold; `extend`: let every lot live longer; `reinstate`: undo an expiry; `forgive`: write off points owed."
        ),
    ]
    member: MemberRef
    reference: Reference
    amount: Annotated[
        Points | None, Meta(description="How many points. A capture or a release: null is all that is left.")
    ] = None
    reverses: Annotated[Reference | None, Meta(description="A reverse: the reference of what it undoes.")] = None
    hold: Annotated[HoldReference | None, Meta(description="A capture or a release: the reference of the hold.")] = None
    entry: Annotated[Seq | None, Meta(description="A reinstatement: the number of the expiry.")] = None
    until: Annotated[
        Until | None, Meta(description="A hold: when it ends. An extension or a reinstatement: the new expiry.")
    ] = None
    expires_at: ExpiresAt | UnsetType = UNSET
    expiry: OwnExpiry = None
    matures_at: MaturesAt | UnsetType = UNSET
    pending: OwnPending = None
    awaits: Annotated[Event | None, Meta(description="An earn: pending until this event.")] = None
    lapses: Annotated[bool, Meta(description="An earn: lost at `matures_at` unless the event has come.")] = False
    shortfall: Annotated[
        Reason | None, Meta(description="A `reverse_earn`: why what is missing is not owed; null: it is.")
    ] = None
    reason: Annotated[Reason | None, Meta(description="Why, in a person's words; to forgive needs it.")] = None
    point_type: PointType = "points"


class NewPostings(Struct, forbid_unknown_fields=True):
    """What to post, in this order."""

    postings: Annotated[list[NewPosting], Meta(min_length=1, max_length=MOST)]


class Outcome(Struct, omit_defaults=True):
    """What became of one posting."""

    reference: str
    status: Annotated[
        Literal["posted", "replayed", "refused"], Meta(description="`replayed`: it had been posted before.")
    ]
    code: Annotated[int, Meta(description="The status it would have had alone.", examples=[201])]
    amount: Annotated[int | None, Meta(description="Change of what is available; null when refused.")] = None
    available: Annotated[int | None, Meta(description="Afterwards.")] = None
    number: Annotated[int | None, Meta(description="Of the entry in the member's statement.")] = None
    pending_change: int = 0
    held_change: int = 0
    debt_change: int = 0
    refusal: Refusal | None = None


class Outcomes(Struct):
    """What became of each posting, in the order they were sent. A refused one keeps no other back."""

    items: list[Outcome]
    refused: Annotated[int, Meta(description="How many were refused.")]


@creating("/postings", tag=TAG, permission=Permission.GIVE, status_code=200)
def post_points(call: Call, data: JSONBody[NewPostings]) -> Response[Outcomes]:
    """Post up to 1,000 postings in one transaction, in the order given.

    Each is posted or refused by itself, as alone; a member who is not there refuses only what names them. Sent again,
    what was posted is `replayed`.
    """
    asked = [Asked(**asdict(one)) for one in data.postings]

    def work(tx: Transaction, at: datetime) -> Outcomes:
        done = _postings.post(tx, asked, at=at)
        items = [_outcome(one.reference, outcome) for one, outcome in zip(asked, done, strict=True)]
        return Outcomes(items, sum(one.status == "refused" for one in items))

    return call.write(work)


def _outcome(reference: str, outcome: ledger.Outcome | RegularsError) -> Outcome:
    if isinstance(outcome, RegularsError):
        status = status_of(type(outcome))
        return Outcome(reference, "refused", status, refusal=Refusal(outcome.code, status, str(outcome)))
    one = posted(reference, outcome)
    return Outcome(code=status_of_posted(one), **asdict(one))


HANDLERS = (post_points,)
