"""What accounts hold, several at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from regulars.ledger import _accounts
from regulars.ledger._balances import Balance
from regulars.ledger._rules import account_id
from regulars.ledger.desk import _queries
from regulars.ledger.desk._queries import AccountRow
from regulars.ledger.joined import select_homes
from regulars.storage import Transaction

_MOST_TYPES = 100


@dataclass(frozen=True, slots=True)
class Account:
    """A member's points of one type; of one who shares them, what all of them have together."""

    account_id: int
    member_id: int
    point_type: str
    balance: Balance
    entries: int
    frozen_at: datetime | None
    """Since when nothing may be taken out; None: it may."""


def accounts(tx: Transaction, member_id: int, *, at: datetime) -> list[Account]:
    """A member's accounts as of `at`, by type; no account is made before its first posting or freeze."""
    return [_account(tx, row, at) for row in _queries.select_accounts_of(tx, member_id=member_id, limit=_MOST_TYPES)]


def balances(tx: Transaction, whose: Sequence[tuple[int, str]], *, at: datetime) -> dict[tuple[int, str], Account]:
    """The accounts of some members and types as of `at`, those that there are; one statement, whatever their number.

    Only an account that shares points, or on which something has fallen due that no job has come by for yet is looked at by itself.
    """
    ids = sorted({account_id(*owner) for owner in whose})
    found = [_account(tx, row, at) for row in _queries.select_accounts(tx, account_ids=ids)]
    return {(one.member_id, one.point_type): one for one in found}


def owners(tx: Transaction, account_ids: Sequence[int]) -> dict[int, tuple[int, str]]:
    """Whose accounts these are, and of which type; those that there are."""
    rows = _queries.select_accounts(tx, account_ids=sorted(set(account_ids)))
    return {row.account_id: (row.member_id, row.point_type) for row in rows}


def _account(tx: Transaction, row: AccountRow, at: datetime) -> Account:
    held, entries = Balance(row.available, row.pending, row.debt, row.held), row.entries
    home = select_homes(tx, account_ids=[row.account_id]).get(row.account_id) if row.joined is not None else None
    if home is not None:
        entries = home.entries
    if home is not None or row.due_at <= at:
        held = _accounts.balance(tx, row.member_id, at=at, point_type=row.point_type)
    return Account(row.account_id, row.member_id, row.point_type, held, entries, row.frozen_at)
