"""Points: accounts, a journal that is only ever added to, and the lots that say when points expire.

The invariant: for every account, balance = Σ entries = Σ open lots, entries are numbered without gaps, and one
reference is posted once. Every posting keeps it, in one statement per batch.

    ledger.earn(tx, member_id, 100, reference="ord_1", at=now, expires_at=next_year)
    ledger.spend(tx, member_id, 30, reference="voucher_9", at=now)
    outcomes = ledger.post(tx, postings, at=now)
    assert ledger.audit(tx) == []
"""

from regulars.ledger._accounts import audit, balance, expire_due, lots, roll_up, shared_with, totals
from regulars.ledger._activities import Active, slide
from regulars.ledger._balances import Balance, Lot
from regulars.ledger._calendar import (
    Activity,
    AfterSpan,
    AtEvent,
    BadPolicy,
    Expiry,
    MonthDay,
    Pending,
    PeriodEnd,
    Rolling,
    Sliding,
    Span,
    UntilDay,
    Yearly,
    day_begins,
    expires_at,
    live_until,
    matures_at,
)
from regulars.ledger._corrections import extend, forgive, reinstate
from regulars.ledger._holds import capture, hold, holds, release
from regulars.ledger._joins import AlreadyJoined, NotJoined, NotShareable, Unmerged, join, joins, leave, merge, unmerge
from regulars.ledger._owners import owner_name, pool, told
from regulars.ledger._postings import (
    AccountFrozen,
    InsufficientPoints,
    NothingToReverse,
    NotSpendable,
    Outcome,
    ReferenceReused,
    ReversesTooMuch,
    earn,
    post,
    refusal,
    reverse_earn,
    reverse_spend,
    spend,
)
from regulars.ledger._promises import fulfil
from regulars.ledger._queries import Discrepancy, Entry, Hold, Totals, UnderWay
from regulars.ledger._rules import GRACE, POINT_TYPE, InvalidPosting, Posting, account_id
from regulars.ledger._transfers import Transfer, deliver, dispatch, transfer, under_way
from regulars.ledger.joined import Join
from regulars.ledger.past import Period, statement

__all__ = [
    "GRACE",
    "POINT_TYPE",
    "AccountFrozen",
    "Active",
    "Activity",
    "AfterSpan",
    "AlreadyJoined",
    "AtEvent",
    "BadPolicy",
    "Balance",
    "Discrepancy",
    "Entry",
    "Expiry",
    "Hold",
    "InsufficientPoints",
    "InvalidPosting",
    "Join",
    "Lot",
    "MonthDay",
    "NotJoined",
    "NotShareable",
    "NotSpendable",
    "NothingToReverse",
    "Outcome",
    "Pending",
    "Period",
    "PeriodEnd",
    "Posting",
    "ReferenceReused",
    "ReversesTooMuch",
    "Rolling",
    "Sliding",
    "Span",
    "Totals",
    "Transfer",
    "UnderWay",
    "Unmerged",
    "UntilDay",
    "Yearly",
    "account_id",
    "audit",
    "balance",
    "capture",
    "day_begins",
    "deliver",
    "dispatch",
    "earn",
    "expire_due",
    "expires_at",
    "extend",
    "forgive",
    "fulfil",
    "hold",
    "holds",
    "join",
    "joins",
    "leave",
    "live_until",
    "lots",
    "matures_at",
    "merge",
    "owner_name",
    "pool",
    "post",
    "refusal",
    "reinstate",
    "release",
    "reverse_earn",
    "reverse_spend",
    "roll_up",
    "shared_with",
    "slide",
    "spend",
    "statement",
    "told",
    "totals",
    "transfer",
    "under_way",
    "unmerge",
]
