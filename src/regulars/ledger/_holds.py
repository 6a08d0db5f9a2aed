"""Points set aside: what a checkout reserves, then spends or gives back."""

from datetime import datetime

from regulars.ledger import _queries
from regulars.ledger._postings import Outcome, post_one
from regulars.ledger._queries import Hold
from regulars.ledger._rules import Posting, account_id
from regulars.storage import Transaction


def hold(
    tx: Transaction,
    member_id: int,
    amount: int,
    *,
    reference: str,
    until: datetime,
    at: datetime,
    point_type: str = "points",
) -> Outcome:
    """Set points aside, those that expire first, until they are captured or released, or until `until`.

    Held points cannot be spent otherwise and do not expire; what goes back finds its lot, or lives seven days where that
    has expired.

    Raises:
        InvalidPosting: an input can never be right.
        InsufficientPoints: fewer are available.
        AccountFrozen: nothing may be taken out.
        NotSpendable: points of this type never are.
        ReferenceReused: the reference was posted before with another amount, or was no hold.
    """
    return post_one(tx, Posting("hold", member_id, amount, reference, at, until, point_type=point_type), at)


def capture(
    tx: Transaction,
    member_id: int,
    amount: int = 0,
    *,
    reference: str,
    hold: str,
    at: datetime,
    point_type: str = "points",
) -> Outcome:
    """Spend points of a hold, its first lot first; `amount` 0 is all that is left. `reverse_spend` undoes it.

    Raises:
        InvalidPosting: an input can never be right.
        NothingToReverse: no hold has that reference.
        ReversesTooMuch: more than what is left of it; nothing is, once it has ended.
        ReferenceReused: `reference` was posted before with other inputs.
    """
    posting = Posting("capture", member_id, amount, reference, at, reverses=hold, point_type=point_type)
    return post_one(tx, posting, at)


def release(
    tx: Transaction,
    member_id: int,
    amount: int = 0,
    *,
    reference: str,
    hold: str,
    at: datetime,
    point_type: str = "points",
) -> Outcome:
    """Give back points of a hold, its last lot first; `amount` 0 is all that is left.

    Raises:
        InvalidPosting: an input can never be right.
        NothingToReverse: no hold has that reference.
        ReversesTooMuch: more than what is left of it; nothing is, once it has ended.
        ReferenceReused: `reference` was posted before with other inputs.
    """
    posting = Posting("release", member_id, amount, reference, at, reverses=hold, point_type=point_type)
    return post_one(tx, posting, at)


def holds(
    tx: Transaction,
    member_id: int,
    *,
    at: datetime,
    before_seq: int | None = None,
    limit: int = 50,
    point_type: str = "points",
) -> list[Hold]:
    """A member's holds that are open at `at`, latest first; page on with the last one's `seq` as `before_seq`."""
    account = account_id(member_id, point_type)
    return _queries.select_holds(tx, account_id=account, at=at, before_seq=before_seq, limit=limit)
