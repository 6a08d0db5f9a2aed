"""What orders earn, and what returns and cancellations take back.

Every verb here may be called again with the same orders or returns (facts are delivered at least once): what has been
dealt with is in `programme_qualifying` and in the ledger's references, and is not done twice.
"""

from collections.abc import Sequence
from datetime import datetime

from regulars import ledger
from regulars.programme import _queries
from regulars.programme._queries import Earned, TakenBack
from regulars.programme._rules import Programme, expires_at
from regulars.programme._versions import current
from regulars.storage import Transaction
from regulars.types import to_public


def award(tx: Transaction, order_ids: Sequence[int], *, at: datetime) -> int:
    """Give the points that paid orders earn, under the version that holds; how many orders earned.

    An order that was amended earns the difference, under the version of its first award. What had already come back of
    an order when it was paid is taken back at once.
    """
    programme = current(tx, at=at)
    earned = _queries.select_earned(tx, order_ids=list(order_ids), programme=programme)
    due = [
        order
        for order in earned
        if order.is_new or order.points > order.awarded or order.spend_minor > order.counted_minor
    ]
    if not due:
        return 0
    _queries.upsert_awards(tx, earned=due, at=at)
    _queries.upsert_qualifying(tx, earned=due)
    ledger.post(tx, [_earn(order, programme) for order in due if order.points > order.awarded], at=at)
    return_ids = _queries.select_returns_of(tx, order_ids=[order.order_id for order in due])
    if return_ids:
        take_back(tx, return_ids, at=at)
    return len(due)


def _earn(order: Earned, programme: Programme) -> ledger.Posting:
    first = to_public("ord", order.order_id)
    return ledger.Posting(
        kind="earn",
        member_id=order.member_id,
        amount=order.points - order.awarded,
        reference=first if order.is_new else f"{first}+{order.points}",
        occurred_at=order.paid_at,
        expires_at=expires_at(order.paid_at, programme.expiry, programme.time_zone),
    )


def take_back(tx: Transaction, return_ids: Sequence[int], *, at: datetime) -> int:
    """Take back the points, and the tier spend, of goods that came back, line by line in proportion; how many orders."""
    taken = _queries.select_taken_back(tx, return_ids=list(return_ids))
    fresh = _queries.insert_taken_back(tx, taken=taken)
    _reverse(tx, [one for one in taken if one.reference in fresh], at=at)
    return len(fresh)


def cancel(tx: Transaction, order_ids: Sequence[int], *, at: datetime) -> int:
    """Take back everything that cancelled orders still hold of points and tier spend; how many orders."""
    taken = _queries.select_cancelled(tx, order_ids=list(order_ids))
    fresh = _queries.insert_taken_back(tx, taken=taken)
    _reverse(tx, [one for one in taken if one.reference in fresh], at=at)
    return len(fresh)


def _reverse(tx: Transaction, taken: Sequence[TakenBack], *, at: datetime) -> None:
    _queries.add_reversed(tx, taken=taken)
    postings = [
        ledger.Posting(
            kind="reverse_earn",
            member_id=one.member_id,
            amount=one.points,
            reference=one.reference,
            reverses=to_public("ord", one.order_id),
            occurred_at=one.known_at,
        )
        for one in taken
        if one.points
    ]
    ledger.post(tx, postings, at=at)
