"""The reconciler: piece by piece, going on after a kill, keeping what it finds until it is right."""

import hashlib
import struct

import pytest

from conftest import NOON
from ledger.making import ADA, BEN, CLEO, DAY, LATER, SOON, earn, post, spend
from regulars import ledger
from regulars.ledger import proof
from regulars.ledger._rules import account_id
from regulars.storage import Database, Transaction


def whole(tx: Transaction, limit: int = 2) -> proof.Pass:
    """A pass from beginning to end."""
    while True:
        done = proof.reconcile(tx, at=NOON, limit=limit)
        assert done is not None
        if done.finished_at:
            return done


def fill(tx: Transaction) -> None:
    post(tx, *[earn(member_id, 10, "a", SOON if member_id % 2 else LATER) for member_id in range(1, 12)])
    post(tx, *[spend(member_id, 3, "v") for member_id in range(1, 6)])
    ledger.expire_due(tx, at=SOON)


def root_by_hand(tx: Transaction, limit: int) -> bytes:
    """The root hash worked out from the journal alone, as docs/howto/audit-the-ledger.md tells."""
    rows = tx.rows(
        "select distinct on (account_id) account_id, seq, hash from ledger_entries order by account_id, seq desc"
    )
    root = b""
    for start in range(0, len(rows), limit):
        piece = b"".join(struct.pack(">qi", account, seq) + head for account, seq, head in rows[start : start + limit])
        root = hashlib.sha256(root + piece).digest()
    return root


def test_a_pass_goes_through_every_account_once(tx: Transaction) -> None:
    fill(tx)
    done = whole(tx)
    entries = tx.value("select count(*) from ledger_entries")
    assert (done.pass_id, done.accounts, done.entries, done.discrepancies) == (1, 11, entries, 0)
    assert done.root == root_by_hand(tx, 2)
    assert proof.findings(tx) == []
    assert whole(tx).root == done.root
    post(tx, earn(ADA, 1, "later"), at=SOON)
    assert whole(tx).root != done.root
    assert [one.pass_id for one in proof.passes(tx)] == [3, 2, 1]


def test_an_empty_ledger_is_right(tx: Transaction) -> None:
    done = whole(tx)
    assert (done.accounts, done.entries, done.discrepancies, done.root) == (0, 0, 0, b"")


def test_a_pass_that_was_killed_goes_on_where_it_was(database: Database) -> None:
    with database.transaction() as tx:
        fill(tx)
    with database.transaction() as tx:
        first = proof.reconcile(tx, at=NOON, limit=4)
    with pytest.raises(KeyboardInterrupt), database.transaction() as tx:
        proof.reconcile(tx, at=NOON, limit=4)
        raise KeyboardInterrupt
    with database.transaction() as tx, database.transaction() as other:
        again = proof.reconcile(tx, at=NOON, limit=4)
        assert proof.reconcile(other, at=NOON, limit=4) is None  # one worker at a time
    assert first is not None
    assert again is not None
    assert (first.accounts, again.accounts, again.pass_id) == (4, 8, 1)
    with database.transaction() as tx:
        assert whole(tx, 4).accounts == 11


def test_what_breaks_an_invariant_is_kept_until_it_is_right(tx: Transaction) -> None:
    fill(tx)
    ada, ben = account_id(ADA, "points"), account_id(BEN, "points")
    tx.run("update ledger_accounts set pending = pending + 1 where account_id = %(ada)s", ada=ada)
    tx.run("update ledger_entries set amount = amount + 1 where account_id = %(ben)s and seq = 1", ben=ben)
    done = whole(tx)
    found = proof.findings(tx)
    assert done.discrepancies == len(found) > 3
    assert {(one.account_id, one.seq) for one in found} >= {(ada, 0), (ben, 1), (-1, 0)}
    assert {one.invariant for one in found if one.account_id == -1} == {"pending of points is what all accounts hold"}
    tx.run("update ledger_accounts set pending = pending - 1 where account_id = %(ada)s", ada=ada)
    whole(tx)
    assert {one.account_id for one in proof.findings(tx)} == {ben}
    assert {one.account_id for one in proof.findings(tx, only_open=False)} == {ada, ben, -1}
    names = tx.values("select name from facts where name like 'ledger.%%' order by fact_id")
    assert (
        names == ["ledger.contradicted"] * names.index("ledger.reconciled") + names[names.index("ledger.reconciled") :]
    )


def test_a_row_without_an_account_is_found_wherever_it_lies(tx: Transaction) -> None:
    fill(tx)
    cleo = account_id(CLEO, "points")
    tx.run("delete from ledger_accounts where account_id = %(cleo)s", cleo=cleo)
    whole(tx)
    assert (cleo, "there is one account row") in {(one.account_id, one.invariant) for one in proof.findings(tx)}


def test_only_what_was_posted_to_since_is_verified(tx: Transaction) -> None:
    fill(tx)
    post(tx, earn(ADA, 1, "b", None), earn(BEN, 1, "b", None), at=SOON + DAY)
    ada, cleo = account_id(ADA, "points"), account_id(CLEO, "points")
    tx.run("update ledger_accounts set seq = seq + 1 where account_id in (%(ada)s, %(cleo)s)", ada=ada, cleo=cleo)
    checked = proof.verify_since(tx, SOON + DAY, at=SOON + DAY)
    assert checked.accounts == 2
    assert {one.account_id for one in checked.found} == {ada}
    assert proof.verify_since(tx, SOON + DAY, at=SOON + DAY, after=checked.upto).accounts == 0
