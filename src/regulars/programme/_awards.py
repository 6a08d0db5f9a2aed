"""What orders earn, and what returns and cancellations take back.

Every verb here may be called again with the same orders or returns (facts are delivered at least once): what has been
dealt with is in `programme_qualifying` and in the ledger's references, and is not done twice.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from regulars import ledger
from regulars.errors import Conflict
from regulars.programme import _queries
from regulars.programme._queries import Earned, TakenBack, Worth
from regulars.programme._rules import Programme, expires_at
from regulars.programme._versions import by_version, in_force
from regulars.storage import Transaction
from regulars.types import to_public


class PostingRefused(Conflict):
    """The ledger answered {status} to {kind} {amount} as {reference!r}: its entries and the awards disagree."""


def award(tx: Transaction, order_ids: Sequence[int], *, at: datetime) -> int:
    """Give the points that paid orders earn, under the version that holds; how many orders earned.

    What had already come back of an order when it was paid is taken back at once. An order that was awarded before is
    `revise`'s business.
    """
    programme = in_force(tx, at=at)
    due = [one for one in _queries.select_earned(tx, order_ids=list(order_ids), programme=programme) if one.is_new]
    if not due:
        return 0
    _queries.upsert_awards(tx, earned=due, at=at)
    _queries.upsert_qualifying(tx, earned=due)
    held = by_version(tx, {order.version_id for order in due})
    _post(tx, [_earn(order, held[order.version_id]) for order in due if order.points], at)
    return_ids = _queries.select_returns_of(tx, order_ids=[order.order_id for order in due])
    if return_ids:
        take_back(tx, return_ids, at=at)
    return len(due)


def _earn(order: Earned, programme: Programme) -> ledger.Posting:
    return ledger.Posting(
        kind="earn",
        member_id=order.member_id,
        amount=order.points,
        reference=_reference(order.order_id, order.points, first=True),
        occurred_at=order.paid_at,
        expires_at=expires_at(order.paid_at, programme.expiry, programme.time_zone),
    )


def _reference(order_id: int, points: int, *, first: bool) -> str:
    """The ledger's reference of one step of an order's award: the order, and for a later step the total it led to."""
    order = to_public("ord", order_id)
    return order if first else f"{order}+{points}"


def revise(tx: Transaction, order_ids: Sequence[int], *, at: datetime) -> int:
    """Give, or take, the difference between what orders are worth now and what they were given; how many orders differed.

    However an order came to be another (lines added, exchanged, repriced, cancelled, reopened), it is worth its goods that did
    not come back, under the version of its first award. What came back is dealt with first.
    """
    ids = list(order_ids)
    return_ids = _queries.select_returns_of(tx, order_ids=ids)
    if return_ids:
        take_back(tx, return_ids, at=at)
    cancel(tx, ids, at=at)
    worth = _queries.lock_worth(tx, order_ids=ids)
    changed = [one for one in worth if one.difference or one.counted_minor != one.spend_minor + one.spend_taken]
    held = by_version(tx, {one.version_id for one in changed})
    _queries.update_worth(tx, worth=changed)
    _queries.update_counted(tx, worth=changed)
    _post(tx, [step for one in changed for step in _step(one, held[one.version_id], at)], at)
    return len(changed)


def _step(one: Worth, programme: Programme, at: datetime) -> list[ledger.Posting]:
    """The postings that make up an order's difference."""
    if one.difference <= 0:
        taken = one.taken - one.difference
        less = TakenBack(one.order_id, one.member_id, f"revision-{taken}", one.placed_at, at, -one.difference, 0)
        return _reverse(less, one.steps, one.taken)
    given = one.given + one.difference
    return [
        ledger.Posting(
            kind="earn",
            member_id=one.member_id,
            amount=one.difference,
            reference=_reference(one.order_id, given, first=False),
            occurred_at=one.paid_at,
            expires_at=expires_at(one.paid_at, programme.expiry, programme.time_zone),
        )
    ]


def take_back(tx: Transaction, return_ids: Sequence[int], *, at: datetime) -> int:
    """Take back the points, and the tier spend, of goods that came back, line by line in proportion; how many orders."""
    return _take_back(tx, _queries.select_taken_back(tx, return_ids=list(return_ids)), at)


def cancel(tx: Transaction, order_ids: Sequence[int], *, at: datetime) -> int:
    """Take back everything that cancelled orders still hold of points and tier spend; how many orders."""
    return _take_back(tx, _queries.select_cancelled(tx, order_ids=list(order_ids)), at)


def _take_back(tx: Transaction, taken: Sequence[TakenBack], at: datetime) -> int:
    new = _queries.insert_taken_back(tx, taken=taken)
    fresh = [one for one in taken if one.reference in new]
    awards = {award.order_id: award for award in _queries.lock_awards(tx, order_ids=[one.order_id for one in fresh])}
    gone = {order_id: award.reversed for order_id, award in awards.items()}
    postings: list[ledger.Posting] = []
    for one in fresh:
        postings += _reverse(one, awards[one.order_id].steps, gone[one.order_id])
        gone[one.order_id] += one.points
    _queries.add_reversed(tx, taken=fresh)
    _post(tx, postings, at)
    return len(fresh)


def _reverse(one: TakenBack, steps: Sequence[int], gone: int) -> list[ledger.Posting]:
    """The postings that take `one.points` back after `gone` have gone, from the steps in which they were given."""
    postings: list[ledger.Posting] = []
    for number, (below, upto) in enumerate(pairwise([0, *steps])):
        points = min(upto, gone + one.points) - max(below, gone)
        if points > 0:
            postings.append(
                ledger.Posting(
                    kind="reverse_earn",
                    member_id=one.member_id,
                    amount=points,
                    reference=one.reference if number == 0 else f"{one.reference}+{upto}",
                    reverses=_reference(one.order_id, upto, first=number == 0),
                    occurred_at=one.known_at,
                )
            )
    return postings


def _post(tx: Transaction, postings: list[ledger.Posting], at: datetime) -> None:
    for posting, outcome in zip(postings, ledger.post(tx, postings, at=at), strict=True):
        if outcome.status not in ("posted", "replayed"):
            raise PostingRefused(
                status=outcome.status, kind=posting.kind, amount=posting.amount, reference=posting.reference
            )
