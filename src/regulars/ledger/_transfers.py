"""Points that go from one account to another."""

from dataclasses import dataclass
from datetime import datetime

from regulars.ledger import _queries, _rules
from regulars.ledger._postings import Outcome, ReferenceReused, post_one
from regulars.ledger._rules import InvalidPosting, Posting
from regulars.storage import Transaction
from regulars.types import to_public


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
        InvalidPosting: an input can never be right, or both are the same.
        InsufficientPoints: the sender has fewer.
        AccountFrozen: nothing may be taken out of the sender's account.
        NotSpendable: points of this type never are.
        ReferenceReused: `reference` was posted before with other inputs, or sent to somebody else; roll back then.
    """
    if sender == receiver:
        raise InvalidPosting(field="receiver", value=to_public("mem", receiver), remedy="name somebody else")
    accounts = sorted(_rules.account_id(owner, point_type) for owner in (sender, receiver))
    _queries.lock_accounts(tx, account_ids=accounts)  # both, in the one order, before either side is posted
    sent = post_one(tx, Posting("send", sender, amount, reference, at, reason=reason, point_type=point_type), at)
    lots = tuple((expires, -points) for expires, points in sent.lots)
    name = _rules.derived(reference, f" from {to_public('mem', sender)}")
    received = post_one(
        tx, Posting("receive", receiver, amount, name, at, lots=lots, reason=reason, point_type=point_type), at
    )
    if sent.status != received.status:  # it was sent before, to somebody else, and must not arrive twice
        raise ReferenceReused(reference=reference)
    return Transfer(sent, received)
