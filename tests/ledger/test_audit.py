"""Whatever is changed behind the ledger's back, the audit finds and places it."""

import pytest

from ledger.making import ADA, BEN, DAN, LATER, SOON, earn, give_back, post, spend, take_back
from regulars import ledger
from regulars.ledger._rules import account_id
from regulars.storage import Transaction

ACCOUNT = account_id(ADA, "points")


@pytest.fixture(autouse=True)
def _entries_of_every_kind(tx: Transaction) -> None:
    """Ada's entries: 1 earn, 2 earn, 3 promise, 4 spend, 5 clawback, 6 restore, 7 clawback of the promise, 8 expire, 9 promise."""
    post(tx, earn(ADA, 100, "a", SOON), earn(ADA, 50, "b", LATER), earn(ADA, 40, "p", None, matures_at=LATER))
    post(
        tx, spend(ADA, 120, "v"), take_back(ADA, 5, "r", "b"), give_back(ADA, 30, "g", "v"), take_back(ADA, 4, "q", "p")
    )
    ledger.expire_due(tx, at=SOON)
    post(tx, earn(ADA, 6, "n", None, matures_at=LATER), at=SOON)
    post(tx, earn(BEN, 1, "x"), earn(DAN, 9, "d"), spend(DAN, 9, "w"), take_back(DAN, 9, "y", "d"), at=SOON)


def test_an_untouched_ledger_has_no_discrepancy(tx: Transaction) -> None:
    assert [entry.kind for entry in reversed(ledger.statement(tx, ADA))] == [
        "earn",
        "earn",
        "promise",
        "spend",
        "clawback",
        "restore",
        "clawback",
        "expire",
        "promise",
    ]
    assert ledger.audit(tx) == []


@pytest.mark.parametrize(
    ("tampering", "invariants"),
    [
        ("update ledger_accounts set available = available + 1", {"available is the sum of the entries", "available is the sum of the open lots"}),
        ("update ledger_accounts set pending = pending + 1", {"pending is the sum of the entries", "pending is the sum of the pending lots"}),
        ("update ledger_accounts set debt = 1, available = 0", {"debt is the sum of the entries", "available is the sum of the entries", "available is the sum of the open lots"}),
        ("update ledger_accounts set seq = seq + 1", {"the account holds the last hash", "the account counts its entries"}),
        ("update ledger_accounts set due_at = '9999-01-01 00:00+00'", {"nothing falls due unnoticed"}),
        ("delete from ledger_accounts", {"there is one account row", "the account counts its entries", "available is the sum of the entries", "pending is the sum of the entries", "available is the sum of the open lots", "pending is the sum of the pending lots"}),
        ("update ledger_entries set amount = amount + 1 where seq = 2 and", {"the hash is that of the entry and the hash before", "available is the sum of the entries", "each balance follows from the one before", "each open lot follows from the entries"}),
        ("update ledger_entries set available = available + 1 where seq = 2 and", {"the hash is that of the entry and the hash before", "each balance follows from the one before"}),
        ("update ledger_entries set pending_change = pending_change + 1 where seq = 9 and", {"the hash is that of the entry and the hash before", "pending is the sum of the entries", "a pending lot is what is left of its promise"}),
        ("update ledger_entries set reference = 'other' where seq = 2 and", {"the hash is that of the entry and the hash before", "the digest is that of the reference"}),
        ("update ledger_entries set idem = md5('another')::uuid where seq = 2 and", {"the digest is that of the reference"}),
        ("update ledger_entries set alloc = null where seq = 4 and", {"the hash is that of the entry and the hash before", "an entry and its lots agree", "each open lot follows from the entries"}),
        ("update ledger_entries set expires_at = '2030-01-01 00:00+00' where seq = 2 and", {"the hash is that of the entry and the hash before", "each open lot follows from the entries"}),
        ("update ledger_entries set kind = 1 where seq = 4 and", {"the hash is that of the entry and the hash before", "each kind moves points its own way", "an entry and its lots agree", "each open lot follows from the entries"}),
        ("update ledger_entries set reverses = 5 where seq = 6 and", {"the hash is that of the entry and the hash before", "no more is undone than was done"}),
        ("delete from ledger_entries where seq = 9 and", {"the account holds the last hash", "the account counts its entries", "pending is the sum of the entries", "a pending lot is what is left of its promise"}),
        ("delete from ledger_entries where seq = 3 and", {"the hash is that of the entry and the hash before", "the account counts its entries", "entries are numbered from 1 without gaps", "an entry follows its predecessor", "pending is the sum of the entries", "no more is undone than was done", "a pending lot is what is left of its promise"}),
        ("update ledger_lots set remaining = remaining + 1", {"available is the sum of the open lots", "each open lot follows from the entries"}),
        ("update ledger_lots set expires_at = '2030-01-01 00:00+00'", {"each open lot follows from the entries"}),
        ("delete from ledger_lots", {"available is the sum of the open lots", "each open lot follows from the entries"}),
        ("update ledger_pending_lots set amount = amount + 1 where seq = 3 and", {"pending is the sum of the pending lots", "a pending lot is what is left of its promise"}),
        ("delete from ledger_pending_lots where seq = 3 and", {"pending is the sum of the pending lots"}),
    ],
)  # fmt: skip
def test_tampering_is_found(tx: Transaction, tampering: str, invariants: set[str]) -> None:
    statement = f"{tampering if tampering.endswith(' and') else tampering + ' where'} account_id = {ACCOUNT}"
    assert tx.run(statement) >= 1  # pyright: ignore[reportArgumentType]
    found = ledger.audit(tx)
    assert {discrepancy.invariant for discrepancy in found} == invariants
    assert {discrepancy.account_id for discrepancy in found} == {ACCOUNT}


def test_a_changed_entry_is_placed(tx: Transaction) -> None:
    tx.run("update ledger_entries set available = 99 where seq = 2 and account_id = %(account)s", account=ACCOUNT)
    assert [(found.invariant, found.seq, found.expected, found.found) for found in ledger.audit(tx)] == [
        ("each balance follows from the one before", 2, 150, 99),
        ("the hash is that of the entry and the hash before", 2, 1, 0),
        ("each balance follows from the one before", 3, 99, 150),
    ]


def test_an_audit_lists_no_more_than_asked(tx: Transaction) -> None:
    tx.run("update ledger_accounts set due_at = '9999-01-01 00:00+00', pending = pending + 1")
    assert len(ledger.audit(tx, limit=2)) == 2
    assert len(ledger.audit(tx)) > 2
