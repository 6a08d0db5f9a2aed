"""Points that go from one account to another."""

from dataclasses import dataclass
from datetime import datetime

from regulars.ledger import _rules, joined
from regulars.ledger._owners import owner_name
from regulars.ledger._postings import Outcome, ReferenceReused, post_one, record_due
from regulars.ledger._rules import InvalidPosting, Posting
from regulars.storage import Transaction


@dataclass(frozen=True, slots=True)
class Transfer:
    """Both sides of a transfer."""

    sent: Outcome
    received: Outcome


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

    Raises:
        InvalidPosting: an input can never be right, or both are the same or share their points; roll back then.
        InsufficientPoints: the sender has fewer.
        AccountFrozen: nothing may be taken out of the sender's account.
        NotSpendable: points of this type never are.
        ReferenceReused: `reference` was posted before with other inputs, or sent to somebody else; roll back then.
    """
    if sender == receiver:
        raise InvalidPosting(field="receiver", value=owner_name(receiver), remedy="name somebody else")
    accounts = [_rules.account_id(owner, point_type) for owner in (sender, receiver)]
    places = joined.lock(tx, accounts, at=at)  # both, in the one order, before either side is posted
    record_due(tx, places.due, at=at)
    sent = post_one(tx, Posting("send", sender, amount, reference, at, reason=reason, point_type=point_type), at)
    if sent.status == "posted" and len({places.home(account) for account in accounts}) == 1:
        raise InvalidPosting(
            field="receiver", value=owner_name(receiver), remedy="they share these points, nothing has to be sent"
        )
    lots = tuple((expires, -points) for expires, points in sent.lots)
    name = _rules.derived(reference, f" from {owner_name(sender)}")
    received = post_one(
        tx, Posting("receive", receiver, amount, name, at, lots=lots, reason=reason, point_type=point_type), at
    )
    if sent.status != received.status:  # it was sent before, to somebody else, and must not arrive twice
        raise ReferenceReused(reference=reference)
    return Transfer(sent, received)
