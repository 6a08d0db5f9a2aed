"""Points: what members hold, what happened to it, spending and giving back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from regulars import ledger
from regulars.access import Permission
from regulars.api import _postings
from regulars.api._calls import Call
from regulars.api._documents import MOST, Refusal
from regulars.api._paging import Page, Paging, from_cursor, page_of
from regulars.api._postings import Asked
from regulars.api._problems import status_of
from regulars.api._routes import creating, reading
from regulars.api._shapes import ImpossibleDate, Instant, MemberRef, Points, find_member
from regulars.errors import RegularsError
from regulars.insight import BadCursor
from regulars.ledger import InsufficientPoints, InvalidPosting, NothingToReverse, ReferenceReused, ReversesTooMuch
from regulars.members import MemberNotFound
from regulars.storage import LaneFull, Transaction

TAG = "Points"

# The programme books what orders earn and returns take back under their ids; nobody may take those names before it.
Reference = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        pattern=r"^(?!ord_|ret_|@)[^\x00-\x1f\x7f]*$",
        description="Your own name for this, unique for the member for ever: sent again, it is done once.",
        examples=["till-7-000123"],
    ),
]
Seq = Annotated[int, Meta(ge=0, le=2**31 - 1)]


class Lot(Struct):
    """Points that expire together."""

    amount: int
    expires_at: Annotated[datetime | None, Meta(description="The first instant at which they are gone; null: never.")]
    matures_at: Annotated[datetime | None, Meta(description="Pending until then; null: available now.")]


class Balance(Struct):
    """What a member holds."""

    available: int
    pending: int
    held: Annotated[int, Meta(description="Set aside for what is not confirmed yet.")]
    debt: Annotated[int, Meta(description="Taken back after it was spent; what is earned next pays it first.")]
    lots: list[Lot]


class Entry(Struct):
    """One line of the member's statement."""

    number: Annotated[int, Meta(description="1, 2, 3 … without gaps.")]
    kind: Annotated[
        Literal[
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
        ],
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


class Earn(Struct, forbid_unknown_fields=True):
    """Points to give."""

    amount: Annotated[Points, Meta(examples=[500])]
    reference: Reference
    expires_at: Annotated[
        Instant | None, Meta(description="The first instant at which they are gone; null: never.")
    ] = None
    matures_at: Annotated[Instant | None, Meta(description="Pending until then; null: available at once.")] = None


class Spend(Struct, forbid_unknown_fields=True):
    """Points to take."""

    amount: Annotated[Points, Meta(examples=[500])]
    reference: Reference


class Reversal(Struct, forbid_unknown_fields=True):
    """Points to give back of a spend."""

    reverses: Annotated[Reference, Meta(description="The reference of the spend.", examples=["till-7-000123"])]
    amount: Annotated[Points, Meta(examples=[500])]
    reference: Annotated[Reference, Meta(examples=["till-7-000124"])]


class Posted(Struct):
    """What was posted."""

    status: Annotated[Literal["posted", "replayed"], Meta(description="`replayed`: it had been posted before.")]
    reference: str
    amount: Annotated[int, Meta(description="Change of what is available.")]
    available: Annotated[int, Meta(description="Afterwards.")]
    number: Annotated[int, Meta(description="Of the entry in the statement.")]


class NewPosting(Struct, forbid_unknown_fields=True):
    """One thing to post."""

    kind: Annotated[
        Literal["earn", "spend", "reverse_earn", "reverse_spend"],
        Meta(description="`reverse_…`: undo all or part of an earn or a spend."),
    ]
    member: MemberRef
    amount: Annotated[Points, Meta(examples=[500])]
    reference: Reference
    reverses: Annotated[Reference | None, Meta(description="A reverse: the reference of what it undoes.")] = None
    expires_at: Annotated[Instant | None, Meta(description="An earn: the first instant at which it is gone.")] = None
    matures_at: Annotated[Instant | None, Meta(description="An earn: pending until then.")] = None


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
    refusal: Refusal | None = None


class Outcomes(Struct):
    """What became of each posting, in the order they were sent. A refused one keeps no other back."""

    items: list[Outcome]
    refused: Annotated[int, Meta(description="How many were refused.")]


def posted(reference: str, outcome: ledger.Outcome) -> Posted:
    """What was posted, as callers see it."""
    status = "replayed" if outcome.status == "replayed" else "posted"
    return Posted(status, reference, outcome.amount, outcome.balance, outcome.seq)


def status_of_posted(done: Posted) -> int:
    """The status of the answer."""
    return 201 if done.status == "posted" else 200


@dataclass(frozen=True, slots=True)
class HotRoute:
    """A route that many call at once: what it takes, and what that means."""

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


_EARN: Final = HotRoute(
    Permission.GIVE,
    Earn,
    lambda member, data: Asked(
        "earn", member, data.amount, data.reference, expires_at=data.expires_at, matures_at=data.matures_at
    ),
)
_SPEND: Final = HotRoute(
    Permission.SPEND, Spend, lambda member, data: Asked("spend", member, data.amount, data.reference)
)
_REVERSE: Final = HotRoute(
    Permission.SPEND,
    Reversal,
    lambda member, data: Asked("reverse_spend", member, data.amount, data.reference, data.reverses),
)
HOT: Final[Mapping[str, HotRoute]] = {"points/earns": _EARN, "points/spends": _SPEND, "points/reversals": _REVERSE}
"""By what follows `/v1/members/{member}/`: answered by `_hot.py`, unless there is a query."""


@reading("/members/{member:str}/points", tag=TAG, refusals=[MemberNotFound])
def read_points(call: Call, member: FromPath[str]) -> Response[Balance]:
    """Read what a member holds, and when it expires."""
    at = call.app.clock()

    def work(tx: Transaction) -> Balance:
        member_id = find_member(tx, member).member_id
        held = ledger.balance(tx, member_id, at=at)
        lots = [Lot(lot.amount, lot.expires_at, lot.matures_at) for lot in ledger.lots(tx, member_id, at=at)]
        return Balance(held.available, held.pending, held.held, held.debt, lots)

    return call.read(work)


@reading("/members/{member:str}/points/entries", tag=TAG, refusals=[MemberNotFound, BadCursor])
def list_entries(call: Call, member: FromPath[str], asked: NamedDependency[Paging]) -> Response[Page[Entry]]:
    """List what happened to a member's points, the latest first."""
    place = from_cursor(asked.after, tuple[Seq])

    def work(tx: Transaction) -> Page[Entry]:
        member_id = find_member(tx, member).member_id
        known = ledger.statement(tx, member_id, before_seq=place[0] if place else None, limit=asked.limit + 1)
        return page_of(known, asked.limit, _entry, lambda last: (last.seq,))

    return call.read(work)


def _entry(one: ledger.Entry) -> Entry:
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
        reference=one.reference,
        reason=one.reason,
    )


_POSTING = (MemberNotFound, InvalidPosting, ReferenceReused, LaneFull)


@creating(
    "/members/{member:str}/points/earns",
    tag=TAG,
    permission=_EARN.permission,
    statuses=[200],
    refusals=[*_POSTING, ImpossibleDate],
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
    refusals=[*_POSTING, InsufficientPoints],
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
    refusals=[*_POSTING, NothingToReverse, ReversesTooMuch],
)
def reverse_spend(call: Call, member: FromPath[str], data: JSONBody[Reversal]) -> Response[Posted]:
    """Give back points of a spend, all or part.

    They go back where they came from; those that have expired meanwhile live another seven days.
    """
    return _REVERSE.write(call, member, data)


@creating("/postings", tag=TAG, permission=Permission.GIVE, status_code=200)
def post_points(call: Call, data: JSONBody[NewPostings]) -> Response[Outcomes]:
    """Post up to 1,000 earns, spends and reversals in one transaction, in the order given.

    Each is posted or refused by itself, as alone; a member who is not there refuses only what names them. Sent again,
    what was posted is `replayed`.
    """
    asked = [
        Asked(one.kind, one.member, one.amount, one.reference, one.reverses, one.expires_at, one.matures_at)
        for one in data.postings
    ]

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
    return Outcome(reference, one.status, status_of_posted(one), one.amount, one.available, one.number)


HANDLERS = (read_points, list_entries, earn_points, spend_points, reverse_spend, post_points)
