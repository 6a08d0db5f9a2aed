"""Putting right what the rules alone would do: longer lives, expiries undone, debts written off."""

from datetime import datetime

from regulars.ledger._postings import Outcome, post_one
from regulars.ledger._rules import Posting
from regulars.storage import Transaction


def extend(
    tx: Transaction, member_id: int, *, until: datetime, reference: str, at: datetime, point_type: str = "points"
) -> Outcome:
    """Let every open lot that expires before `until` live until then. What has expired stays so: see `reinstate`.

    Raises:
        InvalidPosting: an input can never be right.
        ReferenceReused: the reference was posted before, not as an extension.
    """
    return post_one(tx, Posting("extend", member_id, 0, reference, at, until, point_type=point_type), at)


def reinstate(
    tx: Transaction,
    member_id: int,
    amount: int,
    *,
    expiry: int,
    until: datetime,
    reference: str,
    at: datetime,
    reason: str | None = None,
    point_type: str = "points",
) -> Outcome:
    """Give back points that expired: of the entry numbered `expiry`, to live until `until`.

    Raises:
        InvalidPosting: an input can never be right.
        NothingToReverse: that entry is no expiry.
        ReversesTooMuch: more than what is left of it.
        ReferenceReused: `reference` was posted before with other inputs.
    """
    posting = Posting(
        "reinstate",
        member_id,
        amount,
        reference,
        at,
        until,
        reverses=f"@expire:{expiry}",
        reason=reason,
        point_type=point_type,
    )
    return post_one(tx, posting, at)


def forgive(
    tx: Transaction,
    member_id: int,
    amount: int,
    *,
    reference: str,
    reason: str,
    at: datetime,
    point_type: str = "points",
) -> Outcome:
    """Write off points owed.

    Raises:
        InvalidPosting: an input can never be right.
        ReversesTooMuch: more than what is owed.
        ReferenceReused: `reference` was posted before with other inputs.
    """
    return post_one(tx, Posting("forgive", member_id, amount, reference, at, reason=reason, point_type=point_type), at)
