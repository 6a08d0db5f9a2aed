"""From what orders are to be given, or lose, to postings of the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby, pairwise
from operator import attrgetter

from regulars import ledger
from regulars.errors import Conflict
from regulars.ledger import AtEvent, Sliding
from regulars.programme import _activities, _queries
from regulars.programme._holdings import MAIN, reference_of
from regulars.programme._records import Held, TakenBack
from regulars.programme._rules import Programme, Terms, moments
from regulars.programme.earning import Part, Sold
from regulars.storage import Transaction
from regulars.types import to_public


class PostingRefused(Conflict):
    """The ledger answered {status} to {kind} {amount} as {reference!r}: its entries and the awards disagree."""


DELIVERED = "delivered"
"""The event that comes by itself, when all deliveries of an order have arrived; others are told by `ledger.fulfil`."""


@dataclass(frozen=True, slots=True)
class Given:
    """Points to be given for an order, of one kind and under some terms, with the ledger's reference."""

    order_id: int
    member_id: int
    version_id: int
    paid_at: datetime
    points: int
    reference: str
    part: Part
    terms: Terms
    """Those of the rule, where it has its own."""
    time_zone: str

    @property
    def slides(self) -> bool:
        """Whether these points live by activity."""
        return self.part == MAIN and isinstance(self.terms.expiry, Sliding)


def given(sold: Sold, programme: Programme, version_id: int, part: Part, points: int, reference: str) -> Given:
    """Points of one kind to be given for an order, under the terms of their rule, or the programme's."""
    terms = terms_of(programme, part)
    paid_at = sold.paid_at or sold.placed_at
    return Given(
        sold.order_id, sold.member_id, version_id, paid_at, points, reference, part, terms, programme.time_zone
    )


def earns(tx: Transaction, orders: Sequence[Given], at: datetime) -> list[ledger.Posting]:
    """The postings that give orders their points, by member and in order of time."""
    orders = sorted(orders, key=attrgetter("member_id", "paid_at", "order_id"))
    alive = _alive(tx, [one for one in orders if one.slides])
    waiting = [one.order_id for one in orders if _awaited(one.terms) == DELIVERED]
    arrived = set(_queries.select_arrived(tx, order_ids=waiting)) if waiting else set[int]()
    return [
        _earn(
            one, alive.get(one.order_id) if one.slides else None, at,
            arrived=one.order_id in arrived and _awaited(one.terms) == DELIVERED,
        )
        for one in orders
    ]  # fmt: skip


def _alive(tx: Transaction, orders: Sequence[Given]) -> dict[int, datetime]:
    """Until when activity keeps the points of orders alive, as if each order had been told in its own time."""
    last = _queries.select_activities(tx, member_ids=[one.member_id for one in orders]) if orders else {}
    alive: dict[int, datetime] = {}
    for (member_id, _), group in groupby(orders, key=attrgetter("member_id", "version_id")):
        own = list(group)
        expiry = own[0].terms.expiry
        assert isinstance(expiry, Sliding)  # noqa: S101  only such orders were given
        times = sorted({one.paid_at for one in own} | ({last[member_id]} if member_id in last else set[datetime]()))
        until = dict(zip(times, ledger.live_until(times, expiry, own[0].time_zone), strict=True))
        alive |= {one.order_id: until[one.paid_at] for one in own}
    return alive


def _awaited(terms: Terms) -> str | None:
    return terms.pending.event if isinstance(terms.pending, AtEvent) else None


def _earn(order: Given, alive_until: datetime | None, at: datetime, *, arrived: bool) -> ledger.Posting:
    terms = order.terms
    matures, expires = moments(order.paid_at, terms, order.time_zone, told_at=at)
    if arrived:
        matures, expires = None, ledger.expires_at(order.paid_at, terms.expiry, order.time_zone)
    event = None if matures is None else _awaited(terms)
    return ledger.Posting(
        kind="earn",
        member_id=order.member_id,
        amount=order.points,
        reference=order.reference,
        point_type=order.part[0],
        occurred_at=order.paid_at,
        expires_at=max(expires, alive_until) if expires and alive_until else expires,
        matures_at=matures,
        awaits=event and event_of(event, order.order_id),
        lapses=event is not None and isinstance(terms.pending, AtEvent) and terms.pending.otherwise == "lapse",
    )


@dataclass(frozen=True, slots=True)
class Bonus:
    """Points that follow from no order: for an event, a goal, a birthday."""

    member_id: int
    happened_at: datetime
    programme: Programme
    part: Part
    points: int
    reference: str


def bonuses(given: Sequence[Bonus], at: datetime) -> list[ledger.Posting]:
    """The postings that give them, by member and in order of time. What waits for an order's event does not wait without one."""
    return [_bonus(one, at) for one in sorted(given, key=attrgetter("member_id", "happened_at", "reference"))]


def _bonus(one: Bonus, at: datetime) -> ledger.Posting:
    own = terms_of(one.programme, one.part)
    pending = None if isinstance(own.pending, AtEvent) else own.pending
    matures, expires = moments(
        one.happened_at, replace(own, pending=pending), one.programme.time_zone, told_at=at
    )  # fmt: skip
    return ledger.Posting(
        kind="earn", member_id=one.member_id, amount=one.points, reference=one.reference, point_type=one.part[0],
        occurred_at=one.happened_at, expires_at=expires, matures_at=matures,
    )  # fmt: skip


def terms_of(programme: Programme, part: Part) -> Terms:
    """How long points last and wait: by their rule's own terms, or by the programme's."""
    point_type, code = part
    return (programme.own_terms(code) if code else None) or programme.terms_of(point_type)


def event_of(event: str, order_id: int) -> str:
    """What an order's promise waits for, as `ledger.fulfil` is told: `delivered:ord_…`."""
    return f"{event}:{to_public('ord', order_id)}"


def reverse(one: TakenBack, held: Held, points: int) -> list[ledger.Posting]:
    """The postings that take points back of what is held, from the steps in which they were given."""
    postings: list[ledger.Posting] = []
    own = f"{one.reference}:{held.rule}" if held.rule else one.reference
    for number, (below, upto) in enumerate(pairwise([0, *held.steps])):
        part = min(upto, held.reversed + points) - max(below, held.reversed)
        if part > 0:
            postings.append(
                ledger.Posting(
                    kind="reverse_earn",
                    member_id=one.member_id,
                    amount=part,
                    reference=own if number == 0 else f"{own}+{upto}",
                    reverses=reference_of(one.order_id, held.rule, None if number == 0 else upto),
                    occurred_at=one.known_at,
                    point_type=held.point_type,
                )
            )
    return postings


def post(tx: Transaction, postings: list[ledger.Posting], at: datetime) -> None:
    """Post, and expect nothing to be refused.

    Raises:
        PostingRefused: the ledger's entries and the awards disagree.
    """
    for posting, outcome in zip(postings, _activities.post(tx, postings, at=at), strict=True):
        nothing_left = outcome.status == "exceeds" and outcome.amount == 0  # it lapsed: nobody has it, nobody owes it
        if outcome.status not in ("posted", "replayed") and not nothing_left:
            raise PostingRefused(
                status=outcome.status, kind=posting.kind, amount=posting.amount, reference=posting.reference
            )
