"""Facts are read in order, at least once, by one reader at a time, and none is ever skipped."""

from collections.abc import Generator

import psycopg
import pytest

from conftest import NOON, on_database, temporary_database
from make import DAY
from regulars import facts
from regulars.facts import Fact
from regulars.storage import Database, Transaction, connect


def record(tx: Transaction, *names: str, member_id: int = 7) -> None:
    facts.record(tx, [Fact(name, NOON, member_id, n, {"n": n}) for n, name in enumerate(names)], at=NOON + DAY)


def read(database: Database, *names: str, limit: int = 1000) -> list[str]:
    """What the reader `test` has not read."""
    with database.transaction() as tx:
        unread = facts.unread(tx, reader="test", names=names, limit=limit)
        if unread is None:
            assert not facts.is_behind(tx, reader="test")
            return []
        facts.mark_read(tx, reader="test", upto=unread.upto)
        return [fact.name for fact in unread.facts]


@pytest.fixture
def other(database: Database) -> Generator[psycopg.Connection]:
    connection = connect(database.url)
    yield connection
    connection.close()


def test_a_members_timeline_pages_from_the_latest(tx: Transaction) -> None:
    record(tx, "order.placed", "order.paid", "points.earned")
    record(tx, "order.placed", member_id=8)
    first = facts.timeline(tx, member_id=7, limit=2)
    rest = facts.timeline(tx, member_id=7, before=(first[-1].occurred_at, first[-1].fact_id), limit=2)
    assert [fact.name for fact in first + rest] == ["points.earned", "order.paid", "order.placed"]
    assert (first[0].data, first[0].occurred_at, first[0].recorded_at) == ({"n": 2}, NOON, NOON + DAY)


def test_a_reader_reads_everything_once_in_order(database: Database) -> None:
    for names in (["a.done"], ["b.done", "x.done"], ["a.done"]):
        with database.transaction() as tx:
            record(tx, *names)
    assert read(database, "a.done", "b.done") == ["a.done", "b.done", "a.done"]
    assert read(database, "a.done", "b.done") == []


def test_facts_of_other_names_are_passed_by_and_not_looked_at_again(database: Database) -> None:
    for names in (["x.done"] * 20, ["x.done"] * 20, ["a.done"]):
        with database.transaction() as tx:
            record(tx, *names)
    assert read(database, "a.done", limit=20) == []
    assert read(database, "a.done", limit=20) == []
    assert read(database, "a.done", limit=20) == ["a.done"]


def test_what_was_recorded_together_is_read_together(database: Database) -> None:
    with database.transaction() as tx:
        record(tx, "a.done", "b.done", "a.done")
    with database.transaction() as tx:
        record(tx, "b.done")
    assert read(database, "a.done", "b.done", limit=2) == ["a.done", "b.done", "a.done"]
    assert read(database, "a.done", "b.done", limit=2) == ["b.done"]


def test_a_fact_of_a_slow_transaction_is_not_skipped(database: Database, other: psycopg.Connection) -> None:
    with other.transaction():
        record(Transaction(other), "slow.done")
        with database.transaction() as tx:
            record(tx, "fast.done")
        with database.transaction() as tx:
            assert facts.unread(tx, reader="test", names=["slow.done", "fast.done"]) is None
            assert facts.is_behind(tx, reader="test")
    assert read(database, "slow.done", "fast.done") == ["slow.done", "fast.done"]


def test_a_long_transaction_in_another_database_holds_nobody_up(
    database: Database, server_url: str, template: str
) -> None:
    with (
        temporary_database(server_url, template) as elsewhere,
        connect(on_database(server_url, elsewhere)) as stranger,
        stranger.transaction(),
    ):
        stranger.execute("select pg_current_xact_id()")
        with database.transaction() as tx:
            record(tx, "a.done")
        assert read(database, "a.done") == ["a.done"]


def test_of_two_workers_one_reads_and_the_other_gets_nothing(database: Database, other: psycopg.Connection) -> None:
    assert read(database, "a.done") == []
    with database.transaction() as tx:
        record(tx, "a.done")
    with other.transaction():
        facts.unread(Transaction(other), reader="test", names=["a.done"])
        with database.transaction() as tx:
            assert facts.unread(tx, reader="test", names=["a.done"]) is None
    assert read(database, "a.done") == ["a.done"]


def test_work_that_fails_leaves_its_facts_unread(database: Database) -> None:
    with database.transaction() as tx:
        record(tx, "a.done")
    with pytest.raises(ZeroDivisionError), database.transaction() as tx:
        unread = facts.unread(tx, reader="test", names=["a.done"])
        if unread is not None:
            facts.mark_read(tx, reader="test", upto=unread.upto)
        _ = 1 / 0
    assert read(database, "a.done") == ["a.done"]


def test_facts_restored_from_another_server_are_read_on(database: Database) -> None:
    with database.transaction() as tx:
        record(tx, "a.done", "b.done")
    assert read(database, "a.done", "b.done") == ["a.done", "b.done"]
    with database.transaction() as tx:
        record(tx, "c.done")
    with database.transaction() as tx:  # as a dump of a server far ahead of this one would bring them
        tx.run("update facts set xact = (xact::text::bigint + 4000000000)::text::xid8")
        tx.run("update facts_cursors set xact = (xact::text::bigint + 4000000000)::text::xid8")
    with database.transaction() as tx:
        assert facts.adopt(tx)
    with database.transaction() as tx:
        assert not facts.adopt(tx)
        record(tx, "d.done")
    assert read(database, "a.done", "b.done", "c.done", "d.done") == ["c.done", "d.done"]


def test_a_name_is_a_noun_and_what_happened_to_it(tx: Transaction) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        record(tx, "OrderPlaced")
