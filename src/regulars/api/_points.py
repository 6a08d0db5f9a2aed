"""What the routes about points have in common: names, what was posted, and how one thing is posted."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from litestar import Response
from msgspec import Meta, Struct

from regulars import ledger
from regulars.access import Permission
from regulars.api import _postings
from regulars.api._calls import Call
from regulars.api._paging import Paging
from regulars.api._postings import Asked
from regulars.api._shapes import ImpossibleDate, Instant
from regulars.errors import RegularsError
from regulars.ledger import AccountFrozen, InsufficientPoints, InvalidPosting, NotSpendable, ReferenceReused
from regulars.members import MemberNotFound
from regulars.storage import LaneFull, Transaction

TAG: Final = "Points"

# The programme books what orders earn and returns take back under their ids; nobody may take those names before it.
# In an account that several share, ` of mem_…` behind a reference says whose it is.
Reference = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        pattern=r"^(?!ord_|ret_|@|.* of (?:mem|hou)_)[^\x00-\x1f\x7f]*$",
        description="Your own name for this, unique for the member for ever: sent again, it is done once.",
        examples=["till-7-000123"],
    ),
]
HoldReference = Annotated[Reference, Meta(description="The reference of the hold.", examples=["basket-000123"])]
Event = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        pattern=r"^(?!@)[^\x00-\x1f\x7f]*$",
        description="Your own name for something that will happen, the same for everything that waits for it.",
        examples=["delivered:536365"],
    ),
]
PointType = Annotated[
    str,
    Meta(
        max_length=32,
        pattern="^[a-z][a-z0-9_]{0,31}$",
        description="Which kind of points; each kind is an account of its own.",
        examples=["points"],
    ),
]
Reason = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=500,
        pattern=r"^[^\x00-\x1f\x7f]*$",
        description="Why, in a person's words; it is kept in the statement.",
        examples=["Sorry for the broken mug"],
    ),
]
Kind = Literal[
    "earn",
    "promise",
    "mature",
    "lapse",
    "spend",
    "hold",
    "capture",
    "release",
    "expire",
    "restore",
    "clawback",
    "send",
    "receive",
    "extend",
    "reinstate",
    "forgive",
]
Until = Annotated[Instant, Meta(examples=["2026-06-01T12:00:00Z"])]
Seq = Annotated[int, Meta(ge=0, le=2**31 - 1)]

POSTING: Final = (MemberNotFound, InvalidPosting, ReferenceReused, LaneFull, ImpossibleDate)
"""How any posting may be refused."""

TAKING: Final = (InsufficientPoints, AccountFrozen, NotSpendable)
"""How one that takes points may be refused, besides."""


class OfType(Struct, forbid_unknown_fields=True):
    """Of which kind of points."""

    point_type: PointType = "points"


AsOf = Annotated[
    Instant,
    Meta(description="As of this moment in the world: what had happened by then counts. Now, unless given."),
]
KnownAt = Annotated[
    Instant,
    Meta(description="As known at this moment: what had been posted by then counts. Now, unless given."),
]


class PastOfType(OfType, forbid_unknown_fields=True):
    """Of which kind of points, as of when, as known when."""

    as_of: AsOf | None = None
    known_at: KnownAt | None = None


class PagingOfType(Paging, forbid_unknown_fields=True):
    """Which items, of which kind of points."""

    point_type: PointType = "points"


class Posted(Struct, omit_defaults=True):
    """What was posted. A change that is 0 is left out, but for `amount`."""

    status: Annotated[Literal["posted", "replayed"], Meta(description="`replayed`: it had been posted before.")]
    reference: str
    amount: Annotated[int, Meta(description="Change of what is available.")]
    available: Annotated[int, Meta(description="Afterwards.")]
    number: Annotated[int, Meta(description="Of the entry in the statement.")]
    pending_change: int = 0
    held_change: int = 0
    debt_change: int = 0


def posted(reference: str, outcome: ledger.Outcome) -> Posted:
    """What was posted, as callers see it."""
    status = "replayed" if outcome.status == "replayed" else "posted"
    return Posted(
        status,
        reference,
        outcome.amount,
        outcome.balance,
        outcome.seq,
        outcome.pending_change,
        outcome.held_change,
        outcome.debt_change,
    )


def status_of_posted(done: Posted) -> int:
    """The status of the answer."""
    return 201 if done.status == "posted" else 200


@dataclass(frozen=True, slots=True)
class Single:
    """A route that posts one thing to one account: what it takes, and what that means."""

    permission: Permission
    body: type[Struct]
    asked: Callable[[str, Any], Asked]
    """What is asked for, of the member's name and the body."""

    def write(self, call: Call, member: str, data: Struct) -> Response[Posted]:
        """Post it by itself, or try it out: what the hot way leaves to the framework."""
        asked = self.asked(member, data)

        def work(tx: Transaction, at: datetime) -> Posted:
            [done] = _postings.post(tx, [asked], at=at)
            if isinstance(done, RegularsError):
                raise done
            return posted(asked.reference, done)

        return call.write(work, status=status_of_posted)
