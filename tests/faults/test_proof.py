"""The proof finds what it is there to find."""

import pytest

from faults.book import LONG_AGO as NOW
from faults.book import Ack, Asked, Book, open_accounts, prove
from regulars import ledger, members
from regulars.storage import Database

EARN = Asked("ext:0", "earn", 50, "r-1")
SPEND = Asked("ext:0", "spend", 20, "r-2")


@pytest.fixture
def kept(database: Database) -> Book:
    """Two requests, one of them acknowledged."""
    book = Book()
    with database.transaction() as tx:
        open_accounts(tx, 2)
        member_id = members.by_identity(tx, "direct", "0").member_id
        first = ledger.earn(tx, member_id, 50, reference="r-1", at=NOW)
        ledger.spend(tx, member_id, 20, reference="r-2", at=NOW)
    book.ask(EARN)
    book.ask(SPEND)
    book.acknowledge(EARN, {"status": "posted", "amount": 50, "available": first.balance, "number": first.seq})
    return book


def test_what_is_right_passes(database: Database, kept: Book):
    prove(database, kept, done=False)
    prove(database, kept, done=True)


@pytest.mark.parametrize(
    "damage",
    [
        "delete from ledger_entries where reference = 'r-1'",
        "delete from ledger_lots where account_id in (select account_id from ledger_entries where reference = 'r-1')",
        "delete from facts where data ->> 'reference' = 'r-2'",
        "insert into facts (name, occurred_at, recorded_at, member_id, subject_id, data) select name, occurred_at, recorded_at, member_id, subject_id, data from facts where data ->> 'reference' = 'r-2'",
        "update ledger_entries set reason = 'because' where reference = 'r-2'",
        "update ledger_entries set hash = sha256('') where reference = 'r-2'",
    ],
)
def test_damage_is_found(database: Database, kept: Book, damage: str):
    with database.transaction() as tx:
        assert tx.connection.execute(damage).rowcount >= 1  # pyright: ignore[reportArgumentType]
    with pytest.raises(AssertionError):
        prove(database, kept, done=False)


@pytest.mark.parametrize("told", [Ack(50, 1, 2), Ack(50, 10**9 + 50, 3), Ack(49, 10**9 + 50, 2)])
def test_an_acknowledgement_that_does_not_hold_is_found(database: Database, kept: Book, told: Ack):
    kept.acks["r-1"] = told
    with pytest.raises(AssertionError):
        prove(database, kept, done=False)


def test_what_was_asked_and_never_done_is_found(database: Database, kept: Book):
    kept.ask(Asked("ext:1", "earn", 5, "r-3"))
    prove(database, kept, done=False)
    with pytest.raises(AssertionError):
        prove(database, kept, done=True)


def test_what_nobody_asked_for_is_found(database: Database, kept: Book):
    del kept.asked["r-2"]
    with pytest.raises(AssertionError):
        prove(database, kept, done=False)


def test_another_answer_to_the_same_request_is_found(kept: Book):
    with pytest.raises(AssertionError):
        kept.acknowledge(EARN, {"status": "replayed", "amount": 50, "available": 50, "number": 1})
