"""Lanes: many callers, one commit. A verb that takes a batch is given, as one batch, all that waits for it.

A lane is one connection, one thread and one bounded queue. Whenever the connection is free it takes what has
gathered (no timer: somebody alone is served at once), runs the verb for all of it in one durable transaction, and
answers everybody after the commit. It knows no domain, only that items are idempotent: it may run one twice.

    lanes = Lanes(database.url, work, clock=clock)  # work(tx, items, at) -> one answer per item
    answer = await lanes.ask(item, key=account_id, caller=key_id)  # or lanes.call(…) in a thread
    lanes.close()  # what waits is still answered
"""

import asyncio
import concurrent.futures
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

import psycopg
import structlog
from psycopg.conninfo import make_conninfo

from regulars.errors import Conflict
from regulars.storage._connections import (
    Connection,
    DatabaseUnavailable,
    Transaction,
    commit_everywhere,
    connect,
    lost_a_race,
)
from regulars.storage._waiting import Future, Ticket, Waiting

Item = TypeVar("Item")
Answer = TypeVar("Answer")
Work = Callable[[Transaction, Sequence[Item], datetime], Sequence[Answer]]

log = structlog.get_logger(__name__)

BUCKETS: Final = 256
_ATTEMPTS: Final = 3
_BACK_OFF_S, _LONGEST_BACK_OFF_S = 0.02, 1.0
_LOCK_MS, _LOCK_ALONE_MS, _LOCKS_S = 300, 10, 1.0
# A lane runs a few short statements for hours, each of which has one good plan, by index; a plan made while the tables
# were empty must not be another. Waiting for a lock is kept short, for everybody behind waits with it: 0.3 s, then 10 ms
# for each half while it is found out whose it is, and no more than a second for a batch.
_SETTINGS: Final = {
    "synchronous_commit": "on",
    "enable_seqscan": "off",
    "plan_cache_mode": "force_generic_plan",
    "statement_timeout": "30s",
    "lock_timeout": f"{_LOCK_MS}ms",
}
# Where tables are spread over several servers, Citus has to see the values to know which of them is meant, and hands on to it
# what is set for a transaction. Whoever holds a lock there has a few more journeys to make, and two phases to commit in.
_SLOWER_SPREAD: Final = 4
_SETTINGS_SPREAD: Final = {"plan_cache_mode": "auto", "citus.propagate_set_commands": "local"}
_KEEPALIVES: Final = {"keepalives_idle": 5, "keepalives_interval": 5, "keepalives_count": 3}


class LaneFull(Conflict):
    """{waiting} requests wait already: repeat this one in {retry_after} seconds."""

    retryable = True


@dataclass(frozen=True, slots=True)
class LaneReading:
    """How a lane is doing. Times are in milliseconds, counts since it was made."""

    lane: int
    waiting: int
    oldest_ms: float
    """How long the first of those waiting has waited."""

    batches: int
    items: int
    largest_batch: int
    wait_ms_total: float
    """Between asking and being taken, over all items."""

    work_ms_total: float
    """In transactions, over all batches."""

    refused: int
    """Told to come back, since too many waited or too long."""

    retried: int
    """Batches run again after a deadlock or a lost connection."""

    failed: int
    """Items answered with an error, each for itself."""


class Lane(Generic[Item, Answer]):
    """One connection, one thread, one queue."""

    def __init__(
        self,
        number: int,
        url: str,
        work: Work[Item, Answer],
        clock: Callable[[], datetime],
        *,
        most_waiting: int,
        most_batch: int,
        patience_s: float,
    ) -> None:
        """Prepare it; the thread begins with the first item."""
        self.number, self._url, self._work, self._clock = number, url, work, clock
        self._most_batch, self._patience_s = most_batch, patience_s
        self._waiting: Waiting[Item] = Waiting(most_waiting)
        self._changed = threading.Condition(threading.Lock())
        self._thread: threading.Thread | None = None
        self._closing = self._idle = False
        self._connection: Connection | None = None
        self._locked_until_s: float | None = None
        self._batches = self._items = self._largest = self._refused = self._retried = self._failed = 0
        self._wait_s = self._work_s = 0.0

    def submit(self, ticket: Ticket[Item]) -> None:
        """Let an item wait for its turn.

        Raises:
            LaneFull: too many wait already, or the first of them has waited too long.
        """
        with self._changed:
            oldest = self._waiting.oldest_s
            stuck = oldest is not None and ticket.arrived_s - oldest > self._patience_s
            displaced = ticket if stuck else self._waiting.add(ticket)
            if self._thread is None:
                self._start()
            elif self._idle:
                self._changed.notify()
        if displaced is ticket:
            raise self._full(1)
        if displaced is not None:
            _settle([displaced], error=self._full(1))

    def close(self) -> None:
        """Answer what waits, then end. Asked again, it begins again."""
        with self._changed:
            thread, self._closing = self._thread, True
            self._changed.notify()
        if thread is not None:
            thread.join()

    def reading(self) -> LaneReading:
        """How it is doing."""
        oldest = self._waiting.oldest_s
        return LaneReading(
            self.number,
            self._waiting.count,
            0.0 if oldest is None else max(time.monotonic() - oldest, 0.0) * 1000,
            self._batches,
            self._items,
            self._largest,
            self._wait_s * 1000,
            self._work_s * 1000,
            self._refused,
            self._retried,
            self._failed,
        )

    def _start(self) -> None:
        self._closing = False
        self._thread = threading.Thread(target=self._run, name=f"lane-{self.number}", daemon=True)
        self._thread.start()

    def _full(self, how_many: int) -> LaneFull:
        with self._changed:
            self._refused += how_many
            return LaneFull(waiting=self._waiting.count, retry_after=1)

    def _run(self) -> None:
        while tickets := self._next():
            self._locked_until_s = None
            try:
                self._answer(tickets, _LOCK_MS)
            except Exception as error:  # nobody may be left without an answer
                log.exception("lane.failed", lane=self.number)
                self._failed += len(tickets)
                _settle(tickets, error=error)

    def _next(self) -> list[Ticket[Item]]:
        """What is to be done next; empty when the lane is to end."""
        while True:
            with self._changed:
                while not self._waiting.count and not self._closing:
                    self._idle = True
                    self._changed.wait()
                self._idle = False
                taken = self._waiting.take(self._most_batch)
                if not taken:
                    self._disconnect()
                    self._thread = None
                    return []
            wanted = self._still_wanted(taken)
            if wanted:
                return wanted

    def _still_wanted(self, taken: list[Ticket[Item]]) -> list[Ticket[Item]]:
        """Those whose callers have neither given up nor waited too long; the latter are told to come back."""
        now_s = time.monotonic()
        since = now_s - self._patience_s
        late = [ticket for ticket in taken if ticket.arrived_s < since]
        if late:
            _settle(late, error=self._full(len(late)))
        wanted = [ticket for ticket in taken if ticket.arrived_s >= since and not ticket.future.done()]
        self._wait_s += sum(now_s - ticket.arrived_s for ticket in wanted)
        self._items += len(wanted)
        self._largest = max(self._largest, len(wanted))
        return wanted

    def _answer(self, tickets: list[Ticket[Item]], lock_ms: int) -> None:
        """Run a batch and answer it; what fails as a whole is run again, then as two halves, then refused alone."""
        attempts = away = 0
        while True:
            self._retried += attempts + away > 0
            try:
                answers = self._transact(tickets, lock_ms)
            except DatabaseUnavailable as error:
                away += 1
                if not self._worth_waiting(tickets, away):
                    _settle(tickets, error=error)
                    return
            except Exception as error:  # noqa: BLE001 - told to whoever asked
                attempts += 1
                if attempts == _ATTEMPTS or not self._may_pass(error):
                    self._divide(tickets, error)
                    return
            else:
                _settle(tickets, answers=answers)
                return

    def _transact(self, tickets: list[Ticket[Item]], lock_ms: int) -> Sequence[Answer]:
        connection = self._connected()
        began = time.monotonic()
        try:
            with connection.transaction():
                if connection.shards is not None:
                    commit_everywhere(connection)
                    connection.execute(f"set local lock_timeout = '{lock_ms * _SLOWER_SPREAD}ms'".encode())
                elif lock_ms != _LOCK_MS:
                    connection.execute("select set_config('lock_timeout', %s, true)", (f"{lock_ms}ms",))
                answers = self._work(Transaction(connection), [ticket.item for ticket in tickets], self._clock())
                if len(answers) != len(tickets):
                    raise RuntimeError(f"{len(tickets)} items were given and {len(answers)} answered")
        except psycopg.errors.ConnectionFailure as error:  # said by the coordinator, of a worker that is away
            raise DatabaseUnavailable(reason=str(error).partition("\n")[0]) from error
        finally:
            self._batches += 1
            self._work_s += time.monotonic() - began
            if connection.closed:
                self._disconnect()
        return answers

    def _may_pass(self, error: Exception) -> bool:
        """Whether it was not the items' fault: the same batch may succeed on another connection, or after another's end."""
        return self._connection is None or lost_a_race(error)

    def _divide(self, tickets: list[Ticket[Item]], error: Exception) -> None:
        locked = isinstance(error, psycopg.errors.LockNotAvailable)
        if len(tickets) == 1 or (locked and self._waited_enough()):
            self._failed += len(tickets)
            _settle(tickets, error=error)
            return
        log.info("lane.divided", lane=self.number, items=len(tickets), reason=type(error).__name__)
        middle = len(tickets) // 2
        for half in (tickets[:middle], tickets[middle:]):
            self._answer(half, _LOCK_ALONE_MS if locked else _LOCK_MS)

    def _waited_enough(self) -> bool:
        """Whether this batch has waited for locks as long as those behind it may be asked to wait."""
        now_s = time.monotonic()
        if self._locked_until_s is None:
            self._locked_until_s = now_s + _LOCKS_S
        return now_s > self._locked_until_s

    def _worth_waiting(self, tickets: list[Ticket[Item]], times: int) -> bool:
        """Wait for the database to come back, refusing meanwhile who has waited too long; False when all of these have."""
        time.sleep(min(_BACK_OFF_S * 2**times, _LONGEST_BACK_OFF_S))
        since = time.monotonic() - self._patience_s
        with self._changed:
            late = self._waiting.take_older(since)
        if late:
            _settle(late, error=self._full(len(late)))
        return max(ticket.arrived_s for ticket in tickets) >= since

    def _connected(self) -> Connection:
        if self._connection is None:
            name = f"regulars lane {self.number}"
            connection = connect(make_conninfo(self._url, application_name=name, **_KEEPALIVES))
            try:
                more = {} if connection.shards is None else _SETTINGS_SPREAD
                for setting, value in (_SETTINGS | more).items():
                    connection.execute("select set_config(%s, %s, false)", (setting, value))
            except psycopg.Error:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error):
                connection.close()


class Lanes(Generic[Item, Answer]):
    """Several lanes, each with accounts of its own: items with one key never meet in two of them."""

    def __init__(
        self,
        url: str,
        work: Work[Item, Answer],
        *,
        clock: Callable[[], datetime],
        count: int = 2,
        shards: Sequence[int] | None = None,
        most_waiting: int = 4096,
        most_batch: int = 256,
        patience_s: float = 5.0,
    ) -> None:
        """Prepare them.

        Args:
            url: the database.
            work: the verb, for a batch: one answer per item, in order. It runs in a transaction, perhaps twice.
            clock: the time that a batch is done at.
            count: how many lanes.
            shards: where tables are spread over several servers, the shard of each bucket (`Database.shards`): each shard then
                has a lane of its own, whatever `count` is, so that a batch goes to one server.
            most_waiting: how many items may wait for one lane.
            most_batch: how many are taken at once.
            patience_s: who has waited longer is told to come back.
        """
        places = {shard: place for place, shard in enumerate(sorted(set(shards or ())))}
        count = len(places) or count
        self._lane_of = [places[shards[key]] if shards else key % count for key in range(BUCKETS)]
        limits = {"most_waiting": most_waiting, "most_batch": most_batch}
        self._lanes = [
            Lane(number, url, work, clock, patience_s=patience_s, **limits) for number in range(1, count + 1)
        ]

    async def ask(self, item: Item, *, key: int, caller: Hashable) -> Answer:
        """The answer to an item, once it is committed.

        Raises:
            LaneFull: too many wait: nothing was done.
            DatabaseUnavailable: it went away, and perhaps after it was done: asking again is safe.
            Exception: what the verb raised for this item alone.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        self._of(key).submit(Ticket(item, caller, time.monotonic(), future, loop))
        return await future

    def call(self, item: Item, *, key: int, caller: Hashable) -> Answer:
        """As `ask`, from a thread."""
        future: concurrent.futures.Future[Answer] = concurrent.futures.Future()
        self._of(key).submit(Ticket(item, caller, time.monotonic(), future, None))
        return future.result()

    def readings(self) -> list[LaneReading]:
        """How each is doing."""
        return [lane.reading() for lane in self._lanes]

    def close(self) -> None:
        """Answer what waits, then end."""
        for lane in self._lanes:
            lane.close()

    def _of(self, key: int) -> Lane[Item, Answer]:
        return self._lanes[self._lane_of[key % BUCKETS]]


def _settle(
    tickets: Sequence[Ticket[Any]], answers: Sequence[Any] | None = None, error: Exception | None = None
) -> None:
    """Give everyone the answer, with one call per event loop; callers who are gone miss nothing."""
    given = [error] * len(tickets) if answers is None else answers
    by_loop: dict[asyncio.AbstractEventLoop | None, list[tuple[Future, Any]]] = {}
    for ticket, one in zip(tickets, given, strict=True):
        by_loop.setdefault(ticket.loop, []).append((ticket.future, one))
    for loop, pairs in by_loop.items():
        if loop is None:
            _resolve(pairs, failed=answers is None)
        else:
            with suppress(RuntimeError):  # the loop has ended, and with it whoever asked
                loop.call_soon_threadsafe(_resolve, pairs, answers is None)


def _resolve(pairs: Sequence[tuple[Future, Any]], failed: bool) -> None:  # noqa: FBT001 - call_soon takes no keywords
    for future, given in pairs:
        if future.done():
            continue
        with suppress(asyncio.InvalidStateError, concurrent.futures.InvalidStateError):
            if failed:
                future.set_exception(given)
            else:
                future.set_result(given)
