"""Short ways to make postings, and to see everything the ledger holds."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from conftest import NOON
from regulars import ledger
from regulars.ledger import Outcome, Posting
from regulars.storage import Transaction

ADA, BEN, CLEO, DAN = 1, 2, 3, 4
"""Ada is rich in points, Ben is new, Cleo sends things back, Dan owes points."""

DAY = timedelta(days=1)
SOON, LATER, LAST = NOON + 10 * DAY, NOON + 30 * DAY, NOON + 365 * DAY
TICK = timedelta(microseconds=1)


def earn(member_id: int, amount: int, reference: str, expires_at: datetime | None = LATER, **more: Any) -> Posting:
    return Posting("earn", member_id, amount, reference, NOON, expires_at, **more)


def spend(member_id: int, amount: int, reference: str, **more: Any) -> Posting:
    return Posting("spend", member_id, amount, reference, NOON, **more)


def take_back(member_id: int, amount: int, reference: str, reverses: str, **more: Any) -> Posting:
    return Posting("reverse_earn", member_id, amount, reference, NOON, reverses=reverses, **more)


def give_back(member_id: int, amount: int, reference: str, reverses: str, **more: Any) -> Posting:
    return Posting("reverse_spend", member_id, amount, reference, NOON, reverses=reverses, **more)


def post(tx: Transaction, *postings: Posting, at: datetime = NOON) -> list[Outcome]:
    return ledger.post(tx, postings, at=at)


def statuses(outcomes: Sequence[Outcome]) -> list[str]:
    return [outcome.status for outcome in outcomes]


def balance(tx: Transaction, member_id: int, at: datetime = NOON) -> tuple[int, int, int]:
    found = ledger.balance(tx, member_id, at=at)
    return found.available, found.pending, found.debt


def lots(tx: Transaction, member_id: int, at: datetime = NOON) -> dict[datetime | None, int]:
    """Open lots by expiry."""
    return {lot.expires_at: lot.amount for lot in ledger.lots(tx, member_id, at=at) if lot.matures_at is None}


def kinds(tx: Transaction, member_id: int) -> list[str]:
    return [entry.kind for entry in reversed(ledger.statement(tx, member_id, limit=1000))]


def everything(tx: Transaction) -> list[list[tuple[Any, ...]]]:
    """All rows of the ledger and all facts."""
    return [
        tx.rows("select * from ledger_accounts order by account_id"),
        tx.rows("select * from ledger_entries order by account_id, seq"),
        tx.rows("select * from ledger_lots order by account_id, expires_at"),
        tx.rows("select * from ledger_pending_lots order by account_id, seq"),
        tx.rows("select * from facts order by xact, fact_id"),
    ]


def told(tx: Transaction) -> list[tuple[Any, ...]]:
    """What the facts tell of points."""
    return tx.rows(
        "select name, member_id, (data ->> 'amount')::int, (data ->> 'balance')::int, data ->> 'reference' "
        "from facts where name like 'points.%%' order by xact, fact_id"
    )
