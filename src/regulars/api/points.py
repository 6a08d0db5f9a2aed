"""Points: what members hold, what happened to it, spending and giving back."""

from datetime import datetime
from typing import Annotated, Literal

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from regulars import ledger
from regulars.access import Permission
from regulars.api._calls import Call
from regulars.api._paging import Page, Paging, from_cursor, page_of
from regulars.api._routes import creating, reading
from regulars.api._shapes import Points, find_member
from regulars.insight import BadCursor
from regulars.ledger import InsufficientPoints, InvalidPosting, NothingToReverse, ReferenceReused, ReversesTooMuch
from regulars.members import MemberNotFound
from regulars.storage import Transaction

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


def _posted(reference: str, outcome: ledger.Outcome) -> Posted:
    status = "replayed" if outcome.status == "replayed" else "posted"
    return Posted(status, reference, outcome.amount, outcome.balance, outcome.seq)


def _status(done: Posted) -> int:
    return 201 if done.status == "posted" else 200


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


_POSTING = (MemberNotFound, InvalidPosting, ReferenceReused)


@creating(
    "/members/{member:str}/points/spends",
    tag=TAG,
    permission=Permission.SPEND,
    statuses=[200],
    refusals=[*_POSTING, InsufficientPoints],
)
def spend_points(call: Call, member: FromPath[str], data: JSONBody[Spend]) -> Response[Posted]:
    """Spend points, those that expire first.

    The same spend again changes nothing and is answered with status 200.
    """

    def work(tx: Transaction, at: datetime) -> Posted:
        member_id = find_member(tx, member).member_id
        return _posted(data.reference, ledger.spend(tx, member_id, data.amount, reference=data.reference, at=at))

    return call.write(work, status=_status)


@creating(
    "/members/{member:str}/points/reversals",
    tag=TAG,
    permission=Permission.SPEND,
    statuses=[200],
    refusals=[*_POSTING, NothingToReverse, ReversesTooMuch],
)
def reverse_spend(call: Call, member: FromPath[str], data: JSONBody[Reversal]) -> Response[Posted]:
    """Give back points of a spend, all or part.

    They go back where they came from; those that have expired meanwhile live another seven days.
    """

    def work(tx: Transaction, at: datetime) -> Posted:
        member_id = find_member(tx, member).member_id
        outcome = ledger.reverse_spend(
            tx, member_id, data.amount, reference=data.reference, reverses=data.reverses, at=at
        )
        return _posted(data.reference, outcome)

    return call.write(work, status=_status)


HANDLERS = (read_points, list_entries, spend_points, reverse_spend)
