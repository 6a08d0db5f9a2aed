"""Posting: the one verb that moves points, and the three that post one thing and raise when they cannot."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Literal, get_args

from regulars import facts
from regulars.errors import Conflict, NotFound, RegularsError
from regulars.ledger import _queries, _rules, joined
from regulars.ledger._owners import owner_name
from regulars.ledger._queries import KINDS, Movement
from regulars.ledger._rules import GRACE, Posting
from regulars.storage import Transaction

Status = Literal[
    "posted",
    "replayed",
    "reference_reused",
    "insufficient",
    "nothing_to_reverse",
    "exceeds",
    "frozen",
    "not_spendable",
]

_STATUSES: Final[tuple[Status, ...]] = get_args(Status)
_ELSEWHERE: Final = 8
"""How `ledger_post` answers for an account that has joined another: nothing was done yet."""

_FACTS: Final = (
    "",
    "points.earned",
    "points.spent",
    "points.matured",
    "points.expired",
    "points.promised",
    "points.restored",
    "points.reversed",
    "points.held",
    "points.captured",
    "points.released",
    "points.sent",
    "points.received",
    "points.extended",
    "points.reinstated",
    "points.lapsed",
    "points.forgiven",
)


_UNDONE: Final = {
    "reverse_earn": "earn",
    "reverse_spend": "spend",
    "capture": "hold",
    "release": "hold",
    "mature": "promise",
    "reinstate": "expiry",
}
"""What each kind of posting follows from."""


class InsufficientPoints(Conflict):
    """{available} {point_type} are available and {amount} are needed: spend less, or earn more first."""


class ReferenceReused(Conflict):
    """Reference {reference!r} was posted before with other inputs: give each posting a reference of its own."""


class NothingToReverse(NotFound):
    """This account has no {what} with reference {reverses!r} to undo."""


class ReversesTooMuch(Conflict):
    """Of {reverses!r} only {left} are left to undo, not {amount}."""


class AccountFrozen(Conflict):
    """These {point_type} are frozen: nothing may be taken out until somebody unfreezes them."""


class NotSpendable(Conflict):
    """{point_type} only count towards a tier, they cannot be spent: name a redeemable point type."""


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
    held_change: int = 0
    alloc: str | None = field(default=None, compare=False)

    @property
    def lots(self) -> _rules.Parts:
        """The lots it changed: expiry in microseconds since 1970, and by how much."""
        return _rules.read_parts(self.alloc)


def post(tx: Transaction, postings: Sequence[Posting], *, at: datetime) -> list[Outcome]:
    """Post in the order given, each as if alone; one outcome per posting, in the same order.

    What had matured, lapsed, expired or been held by `at` is settled first. One refused posting leaves no trace and
    hinders no other. A posting whose reference the account has seen is a replay when kind, amount and what it follows
    from are the same (its times may differ, a retry has another clock), else `reference_reused`.

    Linear in the number of postings: about 40 µs each in batches (docs/explanation/ledger.md).

    What is for a member who shares points goes to where they are (docs/explanation/ledger.md), and the outcome is that
    account's.

    Facts: `points.earned`, `.promised`, `.matured`, `.lapsed`, `.spent`, `.expired`, `.restored`, `.reversed`, `.held`,
    `.captured`, `.released`, `.sent`, `.received`, `.extended`, `.reinstated`, `.forgiven`, of what was posted; `.moved`.
    """
    if not postings:
        return []
    outcomes: dict[int, Outcome] = {}
    told: dict[int, facts.Fact] = {}
    promised: list[tuple[Posting, int, int]] = []
    elsewhere: list[int] = []
    for places in _rules.apart(postings, tx.shards):  # always in one order, so that nobody waits in a circle
        batch = _rules.arrange([postings[place] for place in places], at)
        due, items = _queries.post(tx, batch=batch, at=at)
        for place, row in zip(batch.order, items, strict=True):
            if row.outcome == _ELSEWHERE:
                elsewhere.append(places[place])
            else:
                _take(postings, places[place], row, outcomes, told, promised)
        record_due(tx, due, at=at)
    if elsewhere:
        _follow(tx, postings, sorted(elsewhere), outcomes, told, promised, at)
    _keep_promises(tx, promised)
    in_order = range(len(postings))
    facts.record(tx, [told[position] for position in in_order if position in told], at=at)
    return [outcomes[position] for position in in_order]


def _take(
    postings: Sequence[Posting],
    position: int,
    row: _queries.Posted,
    outcomes: dict[int, Outcome],
    told: dict[int, facts.Fact],
    promised: list[tuple[Posting, int, int]],
) -> None:
    """Make of a row the outcome of a posting, its fact, and the terms of a promise."""
    code, kind, amount, pending, debt, held, available, seq, account, alloc = row
    outcomes[position] = Outcome(_STATUSES[code], amount, available, seq, pending, debt, held, alloc)
    if code:
        return
    told[position] = _fact(postings[position], account, kind, amount, pending, debt, held, available, alloc)
    if KINDS[kind] == "promise":
        promised.append((postings[position], account, seq))


def _keep_promises(tx: Transaction, made: Sequence[tuple[Posting, int, int]]) -> None:
    if made:
        _queries.insert_promises(
            tx,
            account_ids=[account for _, account, _ in made],
            seqs=[seq for _, _, seq in made],
            matures=[posting.matures_at for posting, _, _ in made if posting.matures_at is not None],
            lapses=[posting.lapses for posting, _, _ in made],
            awaits=[posting.awaits for posting, _, _ in made],
        )


def _follow(
    tx: Transaction,
    postings: Sequence[Posting],
    positions: Sequence[int],
    outcomes: dict[int, Outcome],
    told: dict[int, facts.Fact],
    promised: list[tuple[Posting, int, int]],
    at: datetime,
) -> None:
    """Post what was for accounts that have joined others to those."""
    followed = joined.follow(tx, [postings[position] for position in positions], at=at)
    record_due(tx, followed.due, at=at)
    facts.record(tx, [moved_fact(one, account, moved, at) for one, account, moved in followed.moved], at=at)
    for position, one in zip(positions, followed.done, strict=True):
        _take(postings, position, one.row, outcomes, told, promised)
        if position in told:
            told[position] = replace(told[position], data={**told[position].data, **_whose(one.owner)})


def moved_fact(source: Posting, account: int, moved: joined.Moved, at: datetime) -> facts.Fact:
    """What went to another account, for a posting of the account that has joined it."""
    about = {"available": moved.available, "debt": moved.debt, "balance": moved.balance, "reference": source.reference}
    if source.point_type != "points":
        about["point_type"] = source.point_type
    return facts.Fact("points.moved", at, source.member_id, account, about)


def _whose(owner: int) -> dict[str, object]:
    """That it went to points that a household shares."""
    return {"household": owner_name(owner)} if owner < 0 else {}


def record_due(tx: Transaction, movements: Sequence[Movement], *, at: datetime) -> None:
    """Record the facts of what fell due."""
    facts.record(
        tx,
        [
            _fact(m, m.account_id, m.kind, m.amount, m.pending_change, m.debt_change, m.held_change, m.available, None)
            for m in movements
        ],
        at=at,
    )


def _fact(
    source: Posting | Movement,
    account_id: int,
    kind: int,
    amount: int,
    pending: int,
    debt: int,
    held: int,
    available: int,
    alloc: str | None,
) -> facts.Fact:
    data: dict[str, object] = {
        "amount": _moved(KINDS[kind], amount, pending, debt, held, alloc),
        "balance": available,
        "reference": source.reference,
    }
    if source.point_type != "points":
        data["point_type"] = source.point_type
    if debt:
        data["debt_change"] = debt
    if source.member_id < 0:  # of all who share it
        return facts.Fact(_FACTS[kind], source.occurred_at, None, account_id, data | _whose(source.member_id))
    return facts.Fact(_FACTS[kind], source.occurred_at, source.member_id, account_id, data)


def _moved(kind: str, amount: int, pending: int, debt: int, held: int, alloc: str | None) -> int:
    """How many points an entry is about, whichever way they went."""
    if held:
        return abs(held)
    if kind in {"mature", "lapse"}:
        return -pending
    if kind == "extend":
        return sum(points for _, points in _rules.read_parts(alloc) if points > 0)
    return abs(amount + pending - debt)


def earn(
    tx: Transaction,
    member_id: int,
    amount: int,
    *,
    reference: str,
    at: datetime,
    expires_at: datetime | None = None,
    matures_at: datetime | None = None,
    awaits: str | None = None,
    lapses: bool = False,
    point_type: str = "points",
) -> Outcome:
    """Give a member points, now; pending until `matures_at` when that is given, or until the event `awaits` comes.

    With `lapses` they are lost at `matures_at` unless the event has come. See `post` for the rest.

    Raises:
        InvalidPosting: an input can never be right.
        ReferenceReused: the reference was posted before with another amount, or was no earn.
    """
    posting = Posting(
        "earn",
        member_id,
        amount,
        reference,
        at,
        expires_at,
        matures_at,
        awaits=awaits,
        lapses=lapses,
        point_type=point_type,
    )
    return post_one(tx, posting, at)


def spend(
    tx: Transaction,
    member_id: int,
    amount: int,
    *,
    reference: str,
    at: datetime,
    reason: str | None = None,
    point_type: str = "points",
) -> Outcome:
    """Take points a member has, those that expire first.

    Raises:
        InvalidPosting: an input can never be right.
        InsufficientPoints: fewer are available.
        ReferenceReused: the reference was posted before with another amount, or was no spend.
    """
    return post_one(tx, Posting("spend", member_id, amount, reference, at, reason=reason, point_type=point_type), at)


def reverse_earn(
    tx: Transaction,
    member_id: int,
    amount: int,
    *,
    reference: str,
    reverses: str,
    at: datetime,
    shortfall: str | None = None,
    point_type: str = "points",
) -> Outcome:
    """Take back points earned: those still pending, else from their lot, else what expires first, else as a debt.

    With `shortfall`, what is missing is not owed: it is forgiven in the next entry, for that reason ("netted from the
    refund"), and the outcome's `debt_change` tells how much that was.

    Raises:
        InvalidPosting: an input can never be right.
        NothingToReverse: no earn has the reference.
        ReversesTooMuch: more than what is left of it.
        ReferenceReused: `reference` was posted before with other inputs.
    """
    posting = Posting(
        "reverse_earn", member_id, amount, reference, at, reverses=reverses, shortfall=shortfall, point_type=point_type
    )
    return post_one(tx, posting, at)


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
    return post_one(tx, posting, at)


def post_one(tx: Transaction, posting: Posting, at: datetime) -> Outcome:
    """Post one thing, and raise the error that its refusal is."""
    outcome = post(tx, [posting], at=at)[0]
    refused = refusal(posting, outcome)
    if refused:
        raise refused
    return outcome


def refusal(posting: Posting, outcome: Outcome) -> RegularsError | None:
    """Why a posting was refused, as an error; None when it was posted, now or before."""
    error = _REFUSALS.get(outcome.status)
    return error(posting, outcome) if error else None


_REFUSALS: Final[Mapping[Status, Callable[[Posting, Outcome], RegularsError]]] = {
    "reference_reused": lambda posting, _: ReferenceReused(reference=posting.reference),
    "insufficient": lambda posting, outcome: InsufficientPoints(
        available=outcome.balance, point_type=posting.point_type, amount=posting.amount
    ),
    "nothing_to_reverse": lambda posting, _: NothingToReverse(
        what=_UNDONE[posting.kind], value=posting.reverses, reverses=posting.reverses
    ),
    "exceeds": lambda posting, outcome: ReversesTooMuch(
        reverses=posting.reverses or "the debt", left=outcome.amount, amount=posting.amount
    ),
    "frozen": lambda posting, _: AccountFrozen(point_type=posting.point_type),
    "not_spendable": lambda posting, _: NotSpendable(point_type=posting.point_type),
}
