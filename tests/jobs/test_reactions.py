"""Reactions happen to every fact, and one that cannot be followed holds up no other."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import make
from cast import ADA, BEN
from conftest import NOON
from make import order, record
from regulars import jobs, members
from regulars.storage import Database


def test_several_workers_react_to_everything_once(database: Database) -> None:
    app = make.app(database)
    with database.transaction() as tx:
        shop = make.shop(tx)
    for n in range(12):
        with database.transaction() as tx:
            record(tx, shop, order(str(n), ADA))

    def work(_: int) -> None:
        jobs.react(app, patience_seconds=30)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(8)))
    with database.transaction() as tx:
        assert tx.value("select available from ledger_balances") == 1200
        assert tx.value("select count(*) from facts where name = 'points.earned'") == 12


def test_a_fact_that_cannot_be_followed_is_told_and_the_others_are(database: Database) -> None:
    app = make.app(database)
    with database.transaction() as tx:
        good, bad, other = (
            o.document_id for o in record(tx, make.shop(tx), order("1", ADA), order("2", BEN), order("3", ADA))
        )
        tx.run("update commerce_orders set paid_at = '0001-01-01' where order_id = %(bad)s", bad=bad)
    jobs.react(app, patience_seconds=30)
    with database.transaction() as tx:
        assert set(tx.values("select order_id from programme_awards")) == {good, other}
        ada = members.by_external_id(tx, ADA, issuer="uk").member_id
        assert tx.value("select available from ledger_balances where member_id = %(ada)s", ada=ada) == 200
        assert tx.rows("select data ->> 'fact', subject_id from facts where name = 'reaction.failed'") == [
            ("order.paid", bad)
        ]


def test_the_jobs_run_until_they_are_told_to_stop(database: Database) -> None:
    app, stop = make.app(database), threading.Event()
    worker = threading.Thread(target=jobs.run, args=(app,), kwargs={"stop": stop})
    worker.start()
    with database.transaction() as tx:
        record(tx, make.shop(tx), order("1", ADA))
    seen = 0
    for _ in range(200):
        with database.transaction() as tx:
            seen = tx.value("select coalesce(sum(available), 0)::bigint from ledger_balances")
        if seen:
            break
        stop.wait(0.05)
    stop.set()
    worker.join(timeout=30)
    assert seen == 100
    assert not worker.is_alive()


@pytest.mark.parametrize("times", [1, 2])
def test_ticking_is_idempotent(database: Database, times: int) -> None:
    app = make.app(database, at=NOON)
    with database.transaction() as tx:
        record(tx, make.shop(tx), order("1", ADA))
    for _ in range(times):
        jobs.tick(app, patience_seconds=30)
    with database.transaction() as tx:
        assert tx.value("select count(*) from insight_portraits") == 1
        assert tx.value("select available from ledger_balances") == 100
