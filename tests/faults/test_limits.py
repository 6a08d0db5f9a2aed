"""A batch that runs into a limit, wherever in it that is: it is done whole or not at all, and may be done again."""

import time

import psycopg
import pytest

from faults.book import LONG_AGO
from ledger.making import everything
from regulars import ledger
from regulars.ledger import Posting
from regulars.storage import Database, Transaction

NEXT = LONG_AGO.replace(year=2021)


@pytest.fixture
def kept(database: Database) -> Database:
    """Accounts with lots that expire."""
    with database.transaction() as tx:
        ledger.post(
            tx,
            [Posting("earn", n, 50, "opening", LONG_AGO, NEXT.replace(month=1 + n % 12)) for n in range(300)],
            at=LONG_AGO,
        )
    return database


def batch() -> list[Posting]:
    """Of all sorts, after what was there has expired in part."""
    at = NEXT.replace(month=6)
    earns = [Posting("earn", n % 400, 10, f"e{n}", at, NEXT.replace(year=2022)) for n in range(1500)]
    spends = [Posting("spend", n % 400, 5, f"s{n}", at) for n in range(400)]
    return earns + spends + [Posting("reverse_earn", n, 5, f"r{n}", at, reverses=f"e{n}") for n in range(400)]


def all_of(tx: Transaction) -> list[str]:
    return [one.status for one in ledger.post(tx, batch(), at=NEXT.replace(month=6))]


def test_statement_timeout_in_the_middle_of_a_batch_leaves_nothing_of_it(kept: Database, rounds: int):
    with kept.transaction() as tx:
        before = everything(tx)
    began = time.perf_counter()
    with kept.transaction() as tx, tx.savepoint(undo=True):
        all_of(tx)
    whole_ms = (time.perf_counter() - began) * 1000
    cancelled = 0
    for n in range(4 * rounds):
        limit_ms = max(int(whole_ms * 0.8 * n / (4 * rounds)), 1)
        try:
            with kept.transaction() as tx, tx.savepoint(undo=True):
                tx.rows("select set_config('statement_timeout', %(limit)s, true)", limit=f"{limit_ms}ms")
                all_of(tx)
        except psycopg.errors.QueryCanceled:
            cancelled += 1
        with kept.transaction() as tx:
            assert everything(tx) == before
    assert cancelled > 0
    prove_done_once(kept)


def test_lock_timeout_in_the_middle_of_a_batch_leaves_nothing_of_it(kept: Database, rounds: int):
    with kept.transaction() as tx:
        before = everything(tx)
    for n in range(rounds):
        with kept.transaction() as holder:
            holder.rows(
                "select from ledger_accounts order by account_id limit 1 offset %(n)s for update", n=n * 97 % 300
            )
            with pytest.raises(psycopg.errors.LockNotAvailable), kept.transaction() as tx:
                tx.run("set local lock_timeout = '40ms'")
                all_of(tx)
        with kept.transaction() as tx:
            assert everything(tx) == before
    prove_done_once(kept)


def test_a_nights_work_that_runs_into_a_limit_goes_on_where_it_was(kept: Database, rounds: int):
    at, done, cancelled = NEXT.replace(year=2022), 0, 0
    for n in range(3 * rounds):
        try:
            with kept.transaction() as tx:
                tx.rows("select set_config('statement_timeout', %(limit)s, true)", limit=f"{1 + n}ms")
                done += ledger.expire_due(tx, at=at, limit=300)
        except psycopg.errors.QueryCanceled:
            cancelled += 1
    assert cancelled > 0
    more = 1
    while more:
        with kept.transaction() as tx:
            more = ledger.expire_due(tx, at=at, limit=40)
        done += more
    with kept.transaction() as tx:
        assert done == 300 == tx.value("select count(*) from facts where name = 'points.expired'")
        assert ledger.audit(tx) == []


def prove_done_once(database: Database) -> None:
    """The batch goes through now, and once only."""
    with database.transaction() as tx:
        assert set(all_of(tx)) == {"posted"}
    with database.transaction() as tx:
        assert set(all_of(tx)) == {"replayed"}
        assert tx.value("select count(*) from ledger_entries where reference ~ '^[esr][0-9]'") == len(batch())
        assert ledger.audit(tx) == []
