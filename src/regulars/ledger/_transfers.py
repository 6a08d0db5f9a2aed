"""Points that go from one account to another.

Within one database both sides are one transaction. Where the two accounts are on different servers, that would be a step
over both: so what is sent is kept as a transfer under way, in the sender's transaction, and `deliver` lets it arrive in
another one. What is sent is out of the sender's account at once, so that nothing can take it twice; what arrives has a
reference made of the sent one's, so that it arrives once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from regulars import facts
from regulars.ledger import _queries, _rules, joined
from regulars.ledger._owners import owner_name
from regulars.ledger._postings import Outcome, ReferenceReused, post, post_one, record_due
from regulars.ledger._queries import UnderWay
from regulars.ledger._rules import InvalidPosting, Posting
from regulars.storage import Transaction
from regulars.types import stable_id


@dataclass(frozen=True, slots=True)
class Transfer:
    """Both sides of a transfer."""

    sent: Outcome
    received: Outcome | None
    """None while it is under way to another server."""


def transfer(
    tx: Transaction,
    sender: int,
    receiver: int,
    amount: int,
    *,
    reference: str,
    at: datetime,
    reason: str | None = None,
    point_type: str = "points",
) -> Transfer:
    """Move points from one member, or household, to another; they keep their expiry, and pay the receiver's debt first.

    Where the ledger is spread over several servers, they arrive by `deliver`, within a second of a running server.

    Raises:
        InvalidPosting: an input can never be right, or both are the same or share their points; roll back then.
        InsufficientPoints: the sender has fewer.
        AccountFrozen: nothing may be taken out of the sender's account.
        NotSpendable: points of this type never are.
        ReferenceReused: `reference` was posted before with other inputs, or sent to somebody else; roll back then.
    """
    if tx.shards is not None:
        return dispatch(tx, sender, receiver, amount, reference=reference, at=at, reason=reason, point_type=point_type)
    _check_two(sender, receiver)
    accounts = [_rules.account_id(owner, point_type) for owner in (sender, receiver)]
    places = joined.lock(tx, accounts, at=at)  # both, in the one order, before either side is posted
    record_due(tx, places.due, at=at)
    sent = post_one(tx, Posting("send", sender, amount, reference, at, reason=reason, point_type=point_type), at)
    if sent.status == "posted" and len({places.home(account) for account in accounts}) == 1:
        raise InvalidPosting(
            field="receiver", value=owner_name(receiver), remedy="they share these points, nothing has to be sent"
        )
    received = post_one(tx, _receipt(sent, sender, receiver, amount, reference, at, reason, point_type), at)
    if sent.status != received.status:  # it was sent before, to somebody else, and must not arrive twice
        raise ReferenceReused(reference=reference)
    return Transfer(sent, received)


def dispatch(
    tx: Transaction,
    sender: int,
    receiver: int,
    amount: int,
    *,
    reference: str,
    at: datetime,
    reason: str | None = None,
    point_type: str = "points",
) -> Transfer:
    """The first step of a transfer whose second is `deliver`: take the points from the sender, and keep who gets them.

    Raises:
        The same as `transfer`.
    """
    _check_two(sender, receiver)
    sent = post_one(tx, Posting("send", sender, amount, reference, at, reason=reason, point_type=point_type), at)
    transfer_id = stable_id("transfer", sender, point_type, reference)
    if sent.status == "posted":
        lots = [number for expires, points in sent.lots for number in (expires, -points)]
        _queries.insert_transfer(
            tx, new=UnderWay(transfer_id, sender, receiver, point_type, amount, lots, reference, reason, at)
        )
    known = _queries.select_receiver(tx, transfer_id=transfer_id)
    if known is None:  # it was sent in one step, before the ledger was spread, and is the same if it arrived there
        received = post_one(tx, _receipt(sent, sender, receiver, amount, reference, at, reason, point_type), at)
        if received.status != "replayed":
            raise ReferenceReused(reference=reference)
        return Transfer(sent, received)
    if known != receiver:
        raise ReferenceReused(reference=reference)
    return Transfer(sent, None)


def deliver(tx: Transaction, *, at: datetime, limit: int = 100) -> int:
    """Let transfers under way arrive, those sent first; how many there were, `limit` at most a call.

    Whatever stopped their first or an earlier second step: an interrupted delivery left nothing, a finished one ended the
    transfer with it. One whose receipt is refused, for somebody gave its reference to another posting, goes back to the
    sender. Any number of workers may call; each takes others. Facts: `points.received`; `transfer.returned` for those.
    """
    due = _queries.lock_transfers(tx, limit=limit)
    outcomes = post(tx, [_arrival(one, at) for one in due], at=at)
    arrived = [one for one, outcome in zip(due, outcomes, strict=True) if outcome.status in {"posted", "replayed"}]
    back = [one for one, outcome in zip(due, outcomes, strict=True) if outcome.status not in {"posted", "replayed"}]
    for one in back:
        post_one(tx, _return(one, at), at)
    _queries.end_transfers(tx, transfer_ids=[one.transfer_id for one in arrived], returned=False, at=at)
    _queries.end_transfers(tx, transfer_ids=[one.transfer_id for one in back], returned=True, at=at)
    facts.record(tx, [_returned(one, at) for one in back], at=at)
    return len(due)


def under_way(tx: Transaction, *, limit: int = 100) -> Sequence[UnderWay]:
    """Transfers that were sent and have not arrived, those sent first."""
    return _queries.select_transfers(tx, limit=limit)


def _check_two(sender: int, receiver: int) -> None:
    if sender == receiver:
        raise InvalidPosting(field="receiver", value=owner_name(receiver), remedy="name somebody else")


def _receipt(
    sent: Outcome,
    sender: int,
    receiver: int,
    amount: int,
    reference: str,
    at: datetime,
    reason: str | None,
    point_type: str,
) -> Posting:
    lots = tuple((expires, -points) for expires, points in sent.lots)
    name = _rules.derived(reference, f" from {owner_name(sender)}")
    return Posting("receive", receiver, amount, name, at, lots=lots, reason=reason, point_type=point_type)


def _arrival(one: UnderWay, at: datetime) -> Posting:
    name = _rules.derived(one.reference, f" from {owner_name(one.sender)}")
    return _incoming(one, one.receiver, name, at)


def _return(one: UnderWay, at: datetime) -> Posting:
    name = _rules.derived(one.reference, f" back from {owner_name(one.receiver)}")
    return _incoming(one, one.sender, name, at)


def _incoming(one: UnderWay, member_id: int, name: str, at: datetime) -> Posting:
    lots = tuple(zip(one.lots[::2], one.lots[1::2], strict=True))
    return Posting("receive", member_id, one.amount, name, at, lots=lots, reason=one.reason, point_type=one.point_type)


def _returned(one: UnderWay, at: datetime) -> facts.Fact:
    about = {"amount": one.amount, "reference": one.reference, "point_type": one.point_type}
    return facts.Fact("transfer.returned", at, one.sender, one.transfer_id, about)
