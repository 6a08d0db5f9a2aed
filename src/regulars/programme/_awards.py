"""What orders earn, and what returns and cancellations take back.

Every verb here may be called again with the same orders or returns (facts are delivered at least once): what has been
dealt with is in `programme_qualifying` and in the ledger's references, and is not done twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, pairwise
from operator import attrgetter

from regulars import ledger
from regulars.errors import Conflict
from regulars.ledger import AtEvent, Sliding
from regulars.programme import _activities, _queries
from regulars.programme._records import TakenBack, Worth
from regulars.programme._rules import Programme, terms
from regulars.programme._versions import by_version, in_force
from regulars.storage import Transaction
from regulars.types import to_public


class PostingRefused(Conflict):
    """The ledger answered {status} to {kind} {amount} as {reference!r}: its entries and the awards disagree."""


DELIVERED = "delivered"
"""The event that comes by itself, when all deliveries of an order have arrived; others are told by `ledger.fulfil`."""


def award(tx: Transaction, order_ids: Sequence[int], *, at: datetime) -> int:
    """Give the points that paid orders earn, under the version that held when they were paid; how many orders earned.

    What had already come back of an order when it was paid is taken back at once. An order that was awarded before is
    `revise`'s business.
    """
    in_force(tx, at=at)
    due = [one for one in _queries.select_earned(tx, order_ids=list(order_ids)) if one.is_new]
    if not due:
        return 0
    _queries.upsert_awards(tx, earned=due, at=at)
    _queries.insert_qualifying(tx, earned=due, at=at)
    given = [
        _Given(one.order_id, one.member_id, one.version_id, one.paid_at, one.points, to_public("ord", one.order_id))
        for one in due
        if one.points
    ]
    _post(tx, _earns(tx, given, at), at)
    return_ids = _queries.select_returns_of(tx, order_ids=[order.order_id for order in due])
    if return_ids:
        take_back(tx, return_ids, at=at)
    return len(due)


@dataclass(frozen=True, slots=True)
class _Given:
    """Points to be given for an order, under a version, with the ledger's reference."""

    order_id: int
    member_id: int
    version_id: int
    paid_at: datetime
    points: int
    reference: str


def _earns(tx: Transaction, orders: Sequence[_Given], at: datetime) -> list[ledger.Posting]:
    """The postings that give orders their points, by member and in order of time."""
    orders = sorted(orders, key=attrgetter("member_id", "paid_at", "order_id"))
    held = by_version(tx, {order.version_id for order in orders})
    sliding = [one for one in orders if isinstance(held[one.version_id].expiry, Sliding)]
    alive = _alive(tx, sliding, held)
    waiting = [one.order_id for one in orders if _awaited(held[one.version_id]) == DELIVERED]
    arrived = set(_queries.select_arrived(tx, order_ids=waiting)) if waiting else set[int]()
    return [
        _earn(one, held[one.version_id], alive.get(one.order_id), at, arrived=one.order_id in arrived) for one in orders
    ]


def _alive(tx: Transaction, orders: Sequence[_Given], held: Mapping[int, Programme]) -> dict[int, datetime]:
    """Until when activity keeps the points of orders alive, as if each order had been told in its own time."""
    last = _queries.select_activities(tx, member_ids=[one.member_id for one in orders]) if orders else {}
    alive: dict[int, datetime] = {}
    for (member_id, version_id), group in groupby(orders, key=attrgetter("member_id", "version_id")):
        own, programme = list(group), held[version_id]
        assert isinstance(programme.expiry, Sliding)  # noqa: S101  only such orders were given
        times = sorted({one.paid_at for one in own} | ({last[member_id]} if member_id in last else set[datetime]()))
        until = dict(zip(times, ledger.live_until(times, programme.expiry, programme.time_zone), strict=True))
        alive |= {one.order_id: until[one.paid_at] for one in own}
    return alive


def _awaited(programme: Programme) -> str | None:
    return programme.pending.event if isinstance(programme.pending, AtEvent) else None


def _earn(
    order: _Given, programme: Programme, alive_until: datetime | None, at: datetime, *, arrived: bool
) -> ledger.Posting:
    matures, expires = terms(order.paid_at, programme, told_at=at)
    if arrived:
        matures, expires = None, ledger.expires_at(order.paid_at, programme.expiry, programme.time_zone)
    event = None if matures is None else _awaited(programme)
    return ledger.Posting(
        kind="earn",
        member_id=order.member_id,
        amount=order.points,
        reference=order.reference,
        occurred_at=order.paid_at,
        expires_at=max(expires, alive_until) if expires and alive_until else expires,
        matures_at=matures,
        awaits=event and _event(event, order.order_id),
        lapses=event is not None and isinstance(programme.pending, AtEvent) and programme.pending.otherwise == "lapse",
    )


def _event(event: str, order_id: int) -> str:
    """What an order's promise waits for, as `ledger.fulfil` is told: `delivered:ord_…`."""
    return f"{event}:{to_public('ord', order_id)}"


def deliver(tx: Transaction, order_ids: Sequence[int], *, at: datetime) -> int:
    """Make available what was promised until orders are delivered, of those that have arrived whole; how many promises."""
    events = [_event(DELIVERED, order_id) for order_id in _queries.select_arrived(tx, order_ids=list(order_ids))]
    kept = 0
    while events and (some := ledger.fulfil(tx, *events, at=at)):
        kept += some
    return kept


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
    changed = [one for one in worth if one.difference or one.spend_difference]
    _queries.update_worth(tx, worth=changed)
    _queries.insert_revised(tx, worth=[one for one in changed if one.spend_difference], at=at)
    _post(tx, _earns(tx, [_more(one) for one in changed if one.difference > 0], at), at)
    less = [posting for one in changed if one.difference < 0 for posting in _less(one, at)]
    _post(tx, less, at)
    return len(changed)


def _more(one: Worth) -> "_Given":
    """What an order is given beside what it was given."""
    reference = _reference(one.order_id, one.given + one.difference, first=False)
    return _Given(one.order_id, one.member_id, one.version_id, one.paid_at, one.difference, reference)


def _less(one: Worth, at: datetime) -> list[ledger.Posting]:
    """The postings that take from an order what it was given too much."""
    source = f"revision-{one.taken - one.difference}"
    less = TakenBack(one.order_id, one.member_id, source, one.placed_at, at, -one.difference, 0)
    return _reverse(less, one.steps, one.taken)


def take_back(tx: Transaction, return_ids: Sequence[int], *, at: datetime) -> int:
    """Take back the points, and the tier spend, of goods that came back, line by line in proportion; how many orders."""
    return _take_back(tx, _queries.select_taken_back(tx, return_ids=list(return_ids)), at)


def cancel(tx: Transaction, order_ids: Sequence[int], *, at: datetime) -> int:
    """Take back everything that cancelled orders still hold of points and tier spend; how many orders."""
    return _take_back(tx, _queries.select_cancelled(tx, order_ids=list(order_ids)), at)


def _take_back(tx: Transaction, taken: Sequence[TakenBack], at: datetime) -> int:
    new = _queries.insert_taken_back(tx, taken=taken, at=at)
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
    for posting, outcome in zip(postings, _activities.post(tx, postings, at=at), strict=True):
        nothing_left = outcome.status == "exceeds" and outcome.amount == 0  # it lapsed: nobody has it, nobody owes it
        if outcome.status not in ("posted", "replayed") and not nothing_left:
            raise PostingRefused(
                status=outcome.status, kind=posting.kind, amount=posting.amount, reference=posting.reference
            )
