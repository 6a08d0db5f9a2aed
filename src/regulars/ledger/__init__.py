"""Points: accounts, a journal that is only ever added to, and the lots that say when points expire.

The invariant: for every account, balance = Σ entries = Σ open lots, entries are numbered without gaps, and one
reference is posted once. Every posting keeps it, in one statement per batch.

    ledger.earn(tx, member_id, 100, reference="ord_1", at=now, expires_at=next_year)
    ledger.spend(tx, member_id, 30, reference="voucher_9", at=now)
    outcomes = ledger.post(tx, postings, at=now)
    assert ledger.audit(tx) == []
"""

from regulars.ledger._accounts import audit, balance, expire_due, lots, roll_up, shared_with, statement, totals
from regulars.ledger._corrections import extend, forgive, reinstate
from regulars.ledger._holds import capture, hold, holds, release
from regulars.ledger._joins import AlreadyJoined, NotJoined, join, joins, leave, merge, unmerge
from regulars.ledger._owners import pool, told
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
from regulars.ledger._queries import Discrepancy, Entry, Hold, Totals
from regulars.ledger._rules import GRACE, Balance, InvalidPosting, Lot, Posting, account_id
from regulars.ledger._transfers import Transfer, transfer
from regulars.ledger.joined import Join

__all__ = [
    "GRACE",
    "AccountFrozen",
    "AlreadyJoined",
    "Balance",
    "Discrepancy",
    "Entry",
    "Hold",
    "InsufficientPoints",
    "InvalidPosting",
    "Join",
    "Lot",
    "NotJoined",
    "NotSpendable",
    "NothingToReverse",
    "Outcome",
    "Posting",
    "ReferenceReused",
    "ReversesTooMuch",
    "Totals",
    "Transfer",
    "account_id",
    "audit",
    "balance",
    "capture",
    "earn",
    "expire_due",
    "extend",
    "forgive",
    "fulfil",
    "hold",
    "holds",
    "join",
    "joins",
    "leave",
    "lots",
    "merge",
    "pool",
    "post",
    "refusal",
    "reinstate",
    "release",
    "reverse_earn",
    "reverse_spend",
    "roll_up",
    "shared_with",
    "spend",
    "statement",
    "told",
    "totals",
    "transfer",
    "unmerge",
]
