"""Reactions happen to every fact, and one that cannot be followed holds up no other."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import make
from cast import ADA, BEN
from conftest import NOON
from make import order, record
from regulars import commerce, facts, jobs, members
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


def spoil(database: Database, shop: commerce.Shop, number: str = "1") -> int:
    """Record an order that no award can be computed for; its number."""
    with database.transaction() as tx:
        [outcome] = record(tx, shop, order(number, ADA))
        tx.run("update commerce_orders set paid_at = '0001-01-01' where order_id = %(id)s", id=outcome.document_id)
    return outcome.document_id


def mend(database: Database) -> None:
    with database.transaction() as tx:
        tx.run("update commerce_orders set paid_at = placed_at")


def open_failures(database: Database) -> list[tuple[str, int | None]]:
    with database.transaction() as tx:
        return [(one.fact, one.subject_id) for one in jobs.failures(tx)]


def test_a_failure_stays_open_until_it_is_tried_again_with_success(database: Database) -> None:
    app = make.app(database)
    with database.transaction() as tx:
        shop = make.shop(tx)
    bad = spoil(database, shop)
    jobs.react(app, patience_seconds=30)
    assert open_failures(database) == [("order.paid", bad)]
    [tried] = jobs.retry(app)
    assert tried.reason
    assert open_failures(database) == [("order.paid", bad)]
    mend(database)
    assert [one.reason for one in jobs.retry(app)] == [None]
    assert open_failures(database) == []
    assert jobs.retry(app) == []
    with database.transaction() as tx:
        assert tx.value("select available from ledger_balances") == 100
        assert tx.values("select name from facts where name like 'reaction.%%' order by fact_id") == [
            "reaction.failed",
            "reaction.failed",
            "reaction.succeeded",
        ]


def test_a_failure_that_the_feed_follows_later_is_closed_by_it(database: Database) -> None:
    app = make.app(database)
    with database.transaction() as tx:
        shop = make.shop(tx)
        record(tx, shop, order("1", ADA))
        tx.run("update commerce_orders set paid_at = '0001-01-01'")
        jobs.react_within(tx, at=NOON)
        assert len(jobs.failures(tx)) == 1
    mend(database)
    jobs.react(app, patience_seconds=30)
    assert open_failures(database) == []


def test_a_failure_is_tried_again_after_its_facts_were_renumbered(database: Database) -> None:
    app = make.app(database)
    with database.transaction() as tx:
        shop = make.shop(tx)
    spoil(database, shop)
    jobs.react(app, patience_seconds=30)
    mend(database)
    with database.transaction() as tx:
        tx.run("update facts set xact = (xact::text::bigint + 4000000000)::text::xid8")
    with database.transaction() as tx:
        assert facts.adopt(tx)
    assert [one.reason for one in jobs.retry(app)] == [None]
    assert open_failures(database) == []


def test_a_failure_after_a_success_is_open_again(database: Database) -> None:
    app = make.app(database)
    with database.transaction() as tx:
        shop = make.shop(tx)
    bad = spoil(database, shop)
    jobs.react(app, patience_seconds=30)
    mend(database)
    jobs.retry(app)
    spoil(database, shop, "2")
    with database.transaction() as tx:
        tx.run("update commerce_orders set paid_at = '0001-01-01'")
        tx.run("delete from programme_awards")
        tx.run("update facts_cursors set xact = '0', fact_id = 0")
    jobs.react(app, patience_seconds=30)
    assert ("order.paid", bad) in open_failures(database)
    assert len(open_failures(database)) == 2


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
