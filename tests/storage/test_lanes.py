"""Lanes on a real PostgreSQL with real threads: one commit for many, and nobody pays for somebody else's trouble."""

import asyncio
import threading
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from regulars.storage import Database, DatabaseUnavailable, LaneFull, Lanes, Transaction, connect

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
POISON = 666


@dataclass
class Notes:
    """The work of these lanes: insert numbers, once each; 666 cannot be. It can be held up, and told to fail."""

    go: threading.Event = field(default_factory=threading.Event)
    begun: threading.Event = field(default_factory=threading.Event)
    batches: list[list[int]] = field(default_factory=list)
    before: Callable[[Transaction], None] = lambda _: None
    after: Callable[[Transaction], None] = lambda _: None

    def __call__(self, tx: Transaction, items: Sequence[int], at: datetime) -> list[str]:
        self.batches.append(list(items))
        self.begun.set()
        assert self.go.wait(30)
        self.before(tx)
        new = set(
            tx.values(
                "insert into notes select n, %(at)s from unnest(%(items)s::int[]) n on conflict do nothing returning number",
                items=list(items),
                at=at,
            )
        )
        self.after(tx)
        return [f"{item} {'new' if item in new else 'known'}" for item in items]


def until(so: Callable[[], bool]) -> None:
    """Wait for what other threads are about to do."""
    deadline = time.monotonic() + 30
    while not so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def table(database: Database) -> Database:
    with database.transaction() as tx:
        tx.run(f"create table notes (number int primary key check (number <> {POISON}), at timestamptz)")
    return database


@contextmanager
def opened(database: Database, notes: Notes, **limits: float) -> Generator[Lanes[int, str]]:
    lanes: Lanes[int, str] = Lanes(database.url, notes, clock=lambda: NOON, **({"count": 1} | limits))
    try:
        yield lanes
    finally:
        notes.go.set()
        lanes.close()


def transactions(database: Database) -> int:
    """How many transactions wrote the notes there are."""
    with database.transaction() as tx:
        return tx.value("select count(distinct xmin::text) from notes")


def numbers(database: Database) -> list[int]:
    with database.transaction() as tx:
        return tx.values("select number from notes order by number")


def gathered(lanes: Lanes[int, str], items: Sequence[int], *, callers: Sequence[object] = ("a",)) -> list[object]:
    """The answers to all at once, from an event loop; an error stands for itself."""

    async def ask() -> list[object]:
        asked = [lanes.ask(item, key=0, caller=callers[n % len(callers)]) for n, item in enumerate(items)]
        return await asyncio.gather(*asked, return_exceptions=True)

    return asyncio.run(ask())


@contextmanager
def held(lanes: Lanes[int, str], notes: Notes) -> Generator[None]:
    """The lane is at work on a first item (0) within the block, so that what comes waits."""
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(lanes.call, 0, key=0, caller="first")
        assert notes.begun.wait(30)
        yield
        notes.go.set()
        assert first.result(30) == "0 new"


def test_what_many_ask_at_once_is_one_commit_and_each_gets_its_own_answer(table: Database):
    notes = Notes()
    with opened(table, notes) as lanes, ThreadPoolExecutor(64) as threads:
        with held(lanes, notes):
            asked = [threads.submit(lanes.call, n, key=0, caller=n % 5) for n in range(1, 64)]
            until(lambda: lanes.readings()[0].waiting == 63)
        assert [one.result(30) for one in asked] == [f"{n} new" for n in range(1, 64)]
    assert numbers(table) == list(range(64))
    assert transactions(table) == 2
    assert [len(batch) for batch in notes.batches] == [1, 63]


def test_a_commit_is_durable_and_told_the_time(table: Database):
    shown: list[str] = []
    notes = Notes(after=lambda tx: shown.append(tx.value("show synchronous_commit")))
    notes.go.set()
    with opened(table, notes) as lanes:
        assert lanes.call(1, key=0, caller="a") == "1 new"
    assert shown == ["on"]
    with table.transaction() as tx:
        assert tx.values("select at from notes") == [NOON]


def test_an_event_loop_is_called_once_for_a_whole_batch(table: Database):
    notes = Notes()
    calls: list[int] = []

    async def ask(lanes: Lanes[int, str]) -> None:
        loop = asyncio.get_running_loop()
        wake = loop.call_soon_threadsafe
        loop.call_soon_threadsafe = lambda *told, **more: (calls.append(len(told[1])), wake(*told, **more))[1]  # type: ignore[method-assign]
        waiting = [asyncio.ensure_future(lanes.ask(n, key=0, caller="a")) for n in range(50)]
        await asyncio.sleep(0)  # all 50 are on their way now
        notes.go.set()
        await asyncio.gather(*waiting)

    with opened(table, notes) as lanes:
        asyncio.run(ask(lanes))
    assert calls == [len(batch) for batch in notes.batches]
    assert len(calls) <= 2


def test_one_that_cannot_be_done_fails_alone(table: Database):
    notes = Notes()
    with opened(table, notes) as lanes:
        items, answers = [*range(1, 41), POISON, *range(41, 60)], list[object]()
        with held(lanes, notes):
            thread = threading.Thread(target=lambda: answers.extend(gathered(lanes, items)))
            thread.start()
            until(lambda: lanes.readings()[0].waiting == len(items))
        thread.join()
        reading = lanes.readings()[0]
    assert isinstance(answers[40], psycopg.errors.CheckViolation)
    assert [one for one in answers if isinstance(one, str)] == [f"{n} new" for n in items if n != POISON]
    assert numbers(table) == list(range(60))
    assert (reading.failed, reading.refused) == (1, 0)


def test_a_connection_lost_in_the_middle_is_made_anew_and_everything_done_once(table: Database):
    lost: list[int] = []

    def lose(tx: Transaction) -> None:
        if not lost:
            lost.append(tx.connection.info.backend_pid)
            with table.transaction() as other:
                assert other.value("select pg_terminate_backend(%(pid)s)", pid=lost[0])

    notes = Notes(after=lose)
    notes.go.set()
    with opened(table, notes) as lanes:
        assert gathered(lanes, range(20)) == [f"{n} new" for n in range(20)]
        assert lanes.readings()[0].retried == 1
    assert numbers(table) == list(range(20))


def test_an_answer_lost_after_the_commit_does_not_do_it_twice(table: Database):
    lost: list[int] = []

    def lose(tx: Transaction) -> None:
        if not lost:
            lost.append(tx.connection.info.backend_pid)
            tx.connection.execute("commit")
            with table.transaction() as other:
                other.value("select pg_terminate_backend(%(pid)s)", pid=lost[0])

    notes = Notes(after=lose)
    notes.go.set()
    with opened(table, notes) as lanes:
        assert set(gathered(lanes, range(20))) <= {f"{n} {told}" for n in range(20) for told in ("known", "new")}
    assert numbers(table) == list(range(20))
    assert notes.batches[0] == notes.batches[1]


def test_a_deadlock_or_a_serialization_failure_is_tried_again(table: Database):
    states = ["40P01", "40001"]

    def fail(tx: Transaction) -> None:
        if states:
            tx.run(f"do $$ begin raise exception 'no' using errcode = '{states.pop()}'; end $$")

    notes = Notes(after=fail)
    notes.go.set()
    with opened(table, notes) as lanes:
        assert lanes.call(1, key=0, caller="a") == "1 new"
        assert lanes.readings()[0].retried == 2


def test_a_row_locked_elsewhere_holds_up_nobody_but_who_needs_it(table: Database):
    notes = Notes()
    with opened(table, notes) as lanes, connect(table.url) as other:
        with held(lanes, notes):
            other.execute("begin")
            other.execute("insert into notes values (7)")
            results: list[object] = []
            thread = threading.Thread(target=lambda: results.extend(gathered(lanes, range(1, 20))))
            thread.start()
            until(lambda: lanes.readings()[0].waiting == 19)
        thread.join()
        other.execute("rollback")
        assert isinstance(results[6], psycopg.errors.LockNotAvailable)
        assert [one for one in results if isinstance(one, str)] == [f"{n} new" for n in range(1, 20) if n != 7]
        assert lanes.call(7, key=0, caller="a") == "7 new"


def test_however_many_need_a_locked_row_those_behind_wait_a_moment_only(table: Database):
    def row(tx: Transaction) -> None:
        if len(notes.batches) > 1:  # the first, which holds up the others, needs it not
            tx.run("select from locked for update")

    notes = Notes(before=row)
    with opened(table, notes) as lanes, connect(table.url) as other:
        other.execute("create table locked as select 1 as one")
        results: list[object] = []
        with held(lanes, notes):
            thread = threading.Thread(target=lambda: results.extend(gathered(lanes, range(1, 257))))
            thread.start()
            until(lambda: lanes.readings()[0].waiting == 256)
            other.execute("begin")
            other.execute("select from locked for update")
        thread.join()
        other.execute("rollback")
        assert {type(one) for one in results} == {psycopg.errors.LockNotAvailable}
        assert len(notes.batches) < 200  # halving all of them would take 511
        assert lanes.call(1, key=0, caller="a") == "1 new"
    assert numbers(table) == [0, 1]


def test_when_too_many_wait_the_next_is_told_to_come_back_and_nothing_was_done(table: Database):
    notes = Notes()
    with opened(table, notes, most_waiting=10) as lanes:
        results: list[object] = []
        with held(lanes, notes):
            thread = threading.Thread(target=lambda: results.extend(gathered(lanes, range(1, 16))))
            thread.start()
            until(lambda: lanes.readings()[0].refused == 5)
        thread.join()
        refused = [one for one in results if isinstance(one, LaneFull)]
        assert (len(refused), refused[0].retryable, refused[0].details["retry_after"]) == (5, True, 1)
        assert [one for one in results if isinstance(one, str)] == [f"{n} new" for n in range(1, 11)]
    assert numbers(table) == list(range(11))


def test_who_has_waited_too_long_is_told_so_and_so_is_whoever_comes_then(table: Database):
    notes = Notes()
    with opened(table, notes, patience_s=0.2) as lanes, ThreadPoolExecutor(2) as threads:
        with held(lanes, notes):
            early = threads.submit(lanes.call, 1, key=0, caller="a")
            time.sleep(0.4)
            with pytest.raises(LaneFull):
                lanes.call(2, key=0, caller="b")
        with pytest.raises(LaneFull):
            early.result(30)
        assert lanes.call(3, key=0, caller="a") == "3 new"
    assert numbers(table) == [0, 3]


def test_one_callers_flood_does_not_keep_another_waiting(table: Database):
    notes = Notes()
    with opened(table, notes, most_batch=20, most_waiting=500) as lanes:
        results: list[object] = []
        with held(lanes, notes):
            items, callers = [*range(1, 601), 1001, 1002, 1003], ["flood"] * 600 + ["guest"] * 3
            thread = threading.Thread(target=lambda: results.extend(gathered(lanes, items, callers=callers)))
            thread.start()
            until(lambda: lanes.readings()[0].refused == 103)
        thread.join()
    assert results[600:] == ["1001 new", "1002 new", "1003 new"]
    assert {1001, 1002, 1003} <= set(notes.batches[1])
    assert sum(isinstance(one, LaneFull) for one in results[:600]) == 103


def test_a_caller_that_gave_up_does_no_harm(table: Database):
    notes = Notes()

    async def ask(lanes: Lanes[int, str]) -> list[object]:
        asked = [asyncio.ensure_future(lanes.ask(n, key=0, caller="a")) for n in range(1, 6)]
        await asyncio.sleep(0)
        asked[0].cancel()
        asked[3].cancel()
        await asyncio.sleep(0)
        notes.go.set()
        return await asyncio.gather(*asked, return_exceptions=True)

    with opened(table, notes) as lanes:
        with held(lanes, notes):
            answers = asyncio.run(ask(lanes))
        assert lanes.call(9, key=0, caller="a") == "9 new"
    assert [one for one in answers if isinstance(one, str)] == ["2 new", "3 new", "5 new"]
    assert [type(answers[n]) for n in (0, 3)] == [asyncio.CancelledError] * 2
    assert numbers(table) == [0, 2, 3, 5, 9]


def test_a_caller_that_gives_up_while_it_is_done_is_done_and_a_loop_that_ended_is_forgotten(table: Database):
    notes = Notes()

    async def ask(lanes: Lanes[int, str]) -> None:
        asked = asyncio.ensure_future(lanes.ask(1, key=0, caller="a"))
        await asyncio.sleep(0)
        await asyncio.to_thread(notes.begun.wait, 30)
        asked.cancel()

    with opened(table, notes) as lanes:
        asyncio.run(ask(lanes))
        notes.go.set()
        assert lanes.call(2, key=0, caller="a") == "2 new"
    assert numbers(table) == [1, 2]


def test_closing_answers_everybody_and_leaves_no_thread_and_no_connection(table: Database):
    notes = Notes()
    with opened(table, notes, count=2) as lanes, ThreadPoolExecutor(40) as threads:
        asked = [threads.submit(lanes.call, n, key=n, caller=n) for n in range(40)]
        until(lambda: sum(one.waiting for one in lanes.readings()) + sum(map(len, notes.batches)) == 40)
        threading.Timer(0.1, notes.go.set).start()
        lanes.close()
        assert [one.result(30) for one in asked] == [f"{n} new" for n in range(40)]
        assert not [one for one in threading.enumerate() if one.name.startswith("lane-")]
        until(lambda: _lane_connections(table) == 0)
        assert lanes.call(99, key=0, caller="a") == "99 new"  # asked again, it begins again
    assert len(numbers(table)) == 41


def _lane_connections(database: Database) -> int:
    with database.transaction() as tx:
        return tx.value(
            "select count(*) from pg_stat_activity where application_name like 'regulars lane%%' and datname = current_database()"
        )


def test_a_database_that_is_away_is_waited_for_and_then_said(table: Database):
    name = conninfo_to_dict(table.url)["dbname"]
    server = table.url.replace(str(name), "postgres")
    notes = Notes()
    notes.go.set()
    with opened(table, notes, patience_s=0.5) as lanes, psycopg.connect(server, autocommit=True) as elsewhere:
        assert lanes.call(1, key=0, caller="a") == "1 new"
        elsewhere.execute(f'alter database "{name}" allow_connections false')
        elsewhere.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (name,))
        with pytest.raises(DatabaseUnavailable):
            lanes.call(2, key=0, caller="a")
        back = threading.Timer(0.15, lambda: elsewhere.execute(f'alter database "{name}" allow_connections true'))
        back.start()
        assert lanes.call(3, key=0, caller="a") == "3 new"
        back.join()
    with connect(table.url) as other:
        assert [row[0] for row in other.execute("select number from notes order by number")] == [1, 3]


def test_work_that_forgets_somebody_changes_nothing(table: Database):
    def forgetful(tx: Transaction, items: Sequence[int], at: datetime) -> list[str]:
        tx.run("insert into notes values (1, null)")
        return []

    lanes: Lanes[int, str] = Lanes(table.url, forgetful, clock=lambda: NOON)
    with pytest.raises(RuntimeError, match="1 items were given and 0 answered"):
        lanes.call(1, key=0, caller="a")
    lanes.close()
    assert numbers(table) == []
