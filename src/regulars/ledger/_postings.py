"""Posting: the one verb that moves points, and the three that post one thing and raise when they cannot."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from regulars import facts
from regulars.errors import Conflict, NotFound
from regulars.ledger import _queries, _rules
from regulars.ledger._queries import KINDS, Movement
from regulars.ledger._rules import GRACE, Posting
from regulars.storage import Transaction

Status = Literal["posted", "replayed", "reference_reused", "insufficient", "nothing_to_reverse", "exceeds"]

_STATUSES: Final[tuple[Status, ...]] = (
    "posted",
    "replayed",
    "reference_reused",
    "insufficient",
    "nothing_to_reverse",
    "exceeds",
)
_FACTS: Final = (
    "",
    "points.earned",
    "points.spent",
    "points.matured",
    "points.expired",
    "points.promised",
    "points.restored",
    "points.reversed",
)


class InsufficientPoints(Conflict):
    """{available} {point_type} are available and {amount} are needed: spend less, or earn more first."""


class ReferenceReused(Conflict):
    """Reference {reference!r} was posted before with other inputs: give each posting a reference of its own."""


class NothingToReverse(NotFound):
    """This account has no {what} with reference {reverses!r} to undo."""


class ReversesTooMuch(Conflict):
    """Of {reverses!r} only {left} are left to undo, not {amount}."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one posting. A replayed one has the figures of the first time; a refused one changed nothing."""

    status: Status
    amount: int
    """Change of what is available. `exceeds`: what is left to undo. Other refusals: 0, or the reused reference's own."""

    balance: int
    """What is available afterwards."""

    seq: int
    """The number of the account's entry, 0 when there is none."""

    pending_change: int
    debt_change: int


def post(tx: Transaction, postings: Sequence[Posting], *, at: datetime) -> list[Outcome]:
    """Post in the order given, each as if alone; one outcome per posting, in the same order.

    What had matured or expired by `at` is settled first. One refused posting leaves no trace and hinders no other. A
    posting whose reference the account has seen is a replay when kind, amount and what it reverses are the same (its
    times may differ, a retry has another clock), else `reference_reused`.

    Linear in the number of postings: about 40 µs each in batches (docs/explanation/ledger.md).

    Facts: `points.earned`, `.promised`, `.matured`, `.spent`, `.expired`, `.restored`, `.reversed`, of what was posted.
    """
    if not postings:
        return []
    batch = _rules.arrange(postings, at)
    due, items = _queries.post(tx, batch=batch, at=at)
    outcomes: dict[int, Outcome] = {}
    told: dict[int, facts.Fact] = {}
    for position, (code, kind, amount, pending, debt, available, seq, account) in zip(batch.order, items, strict=True):
        outcomes[position] = Outcome(_STATUSES[code], amount, available, seq, pending, debt)
        if code == 0:
            told[position] = _fact(postings[position], account, kind, amount, pending, debt, available)
    record_due(tx, due, at=at)
    in_order = range(len(postings))
    facts.record(tx, [told[position] for position in in_order if position in told], at=at)
    return [outcomes[position] for position in in_order]


def record_due(tx: Transaction, movements: Sequence[Movement], *, at: datetime) -> None:
    """Record the facts of what matured and expired."""
    facts.record(
        tx,
        [_fact(m, m.account_id, m.kind, m.amount, m.pending_change, m.debt_change, m.available) for m in movements],
        at=at,
    )


def _fact(
    source: Posting | Movement, account_id: int, kind: int, amount: int, pending: int, debt: int, available: int
) -> facts.Fact:
    points = -pending if KINDS[kind] == "mature" else abs(amount + pending - debt)
    data: dict[str, object] = {"amount": points, "balance": available, "reference": source.reference}
    if source.point_type != "points":
        data["point_type"] = source.point_type
    if debt:
        data["debt_change"] = debt
    return facts.Fact(_FACTS[kind], source.occurred_at, source.member_id, account_id, data)


def earn(
    tx: Transaction,
    member_id: int,
    amount: int,
    *,
    reference: str,
    at: datetime,
    expires_at: datetime | None = None,
    matures_at: datetime | None = None,
    point_type: str = "points",
) -> Outcome:
    """Give a member points, now; pending until `matures_at` when that is given. See `post` for the rest.

    Raises:
        InvalidPosting: an input can never be right.
        ReferenceReused: the reference was posted before with another amount, or was no earn.
    """
    return _post_one(
        tx, Posting("earn", member_id, amount, reference, at, expires_at, matures_at, point_type=point_type), at
    )


def spend(
    tx: Transaction, member_id: int, amount: int, *, reference: str, at: datetime, point_type: str = "points"
) -> Outcome:
    """Take points a member has, those that expire first.

    Raises:
        InvalidPosting: an input can never be right.
        InsufficientPoints: fewer are available.
        ReferenceReused: the reference was posted before with another amount, or was no spend.
    """
    return _post_one(tx, Posting("spend", member_id, amount, reference, at, point_type=point_type), at)


def reverse_earn(
    tx: Transaction,
    member_id: int,
    amount: int,
    *,
    reference: str,
    reverses: str,
    at: datetime,
    point_type: str = "points",
) -> Outcome:
    """Take back points earned: those still pending, else from their lot, else what expires first, else as a debt.

    Raises:
        InvalidPosting: an input can never be right.
        NothingToReverse: no earn has the reference.
        ReversesTooMuch: more than what is left of it.
        ReferenceReused: `reference` was posted before with other inputs.
    """
    posting = Posting("reverse_earn", member_id, amount, reference, at, reverses=reverses, point_type=point_type)
    return _post_one(tx, posting, at)


def reverse_spend(
    tx: Transaction,
    member_id: int,
    amount: int,
    *,
    reference: str,
    reverses: str,
    at: datetime,
    grace: timedelta = GRACE,
    point_type: str = "points",
) -> Outcome:
    """Give back points spent, into the lots they came from; where one has expired, until `at` + `grace`.

    Raises:
        InvalidPosting: an input can never be right.
        NothingToReverse: no spend has the reference.
        ReversesTooMuch: more than what is left of it.
        ReferenceReused: `reference` was posted before with other inputs.
    """
    posting = Posting(
        "reverse_spend", member_id, amount, reference, at, reverses=reverses, grace=grace, point_type=point_type
    )
    return _post_one(tx, posting, at)


def _post_one(tx: Transaction, posting: Posting, at: datetime) -> Outcome:
    outcome = post(tx, [posting], at=at)[0]
    match outcome.status:
        case "posted" | "replayed":
            return outcome
        case "reference_reused":
            raise ReferenceReused(reference=posting.reference)
        case "insufficient":
            raise InsufficientPoints(available=outcome.balance, point_type=posting.point_type, amount=posting.amount)
        case "nothing_to_reverse":
            what = posting.kind.removeprefix("reverse_")
            raise NothingToReverse(what=what, value=posting.reverses, reverses=posting.reverses)
        case "exceeds":
            raise ReversesTooMuch(reverses=posting.reverses, left=outcome.amount, amount=posting.amount)
