"""Clocks that jump a day ahead and an hour back, and machines that do not agree: entries stay in order, and nothing is lost."""

import random
from collections import Counter
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Event
from urllib.parse import urlsplit

import pytest

import make
from api.serving import serving
from conftest import NOON
from faults.book import LONG_AGO, Book, open_accounts
from faults.clients import Desk, load
from faults.house import House
from regulars import access, ledger
from regulars.access import Role
from regulars.ledger import Outcome, Posting
from regulars.storage import Database

HOUR = timedelta(hours=1)
JUMPS = (timedelta(0), 24 * HOUR, 23 * HOUR, -HOUR)
"""Where a clock stands: right, a day ahead, an hour back from there, an hour behind."""


@dataclass
class Clock:
    """A machine's clock that somebody sets."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        self.at += timedelta(milliseconds=3)
        return self.at


@dataclass
class Machine:
    """A server in this process, where it is to be found."""

    port: int
    up: Event = field(default_factory=Event)


@pytest.fixture
def clocks() -> list[Clock]:
    return [Clock(), Clock()]


@pytest.fixture
def house(database: Database, clocks: list[Clock]) -> Generator[House]:
    """Two servers on one database, each with a clock of its own."""
    with database.transaction() as tx:
        names = open_accounts(tx, 40)
        token = access.issue_key(tx, name="till", role=Role.MANAGER, at=LONG_AGO).token
    with ExitStack() as stack:
        machines: list[Machine] = []
        for clock in clocks:
            app = replace(make.app(database), clock=clock)
            machines.append(Machine(urlsplit(stack.enter_context(serving(app))).port or 0))
            machines[-1].up.set()
        yield House(database, Desk(Book(), machines, names, token))


def test_servers_whose_clocks_jump_under_load_lose_nothing_and_double_nothing(
    house: House, clocks: list[Clock], rounds: int
):
    with load(house.desk, "jump"):
        for n in range(3 * rounds):
            house.book.wait_for(30)
            clocks[n % 2].at = NOON + JUMPS[(n // 2 + 1) % len(JUMPS)]
        house.book.wait_for(30)
    house.settle()
    with house.database.transaction() as tx:
        posted = tx.value("select max(posted_at) - min(posted_at) from ledger_entries where reference <> 'opening'")
    assert posted > 23 * HOUR


@dataclass
class Worker:
    """Somebody who posts by a clock that jumps, and remembers each answer."""

    database: Database
    number: int
    told: dict[tuple[int, str], tuple[Posting, Outcome]] = field(default_factory=dict)
    holds: list[Posting] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)

    def work(self, turns: int) -> None:
        chance = random.Random(self.number)
        for n in range(turns):
            at = NOON + timedelta(minutes=5 * n) + chance.choice(JUMPS)
            posting = self._draw(chance, f"{self.number}-{n}", at)
            if chance.random() < 0.2:
                with self.database.transaction() as tx:  # of its own: two verbs in one lock accounts in no order
                    ledger.expire_due(tx, at=at, limit=20)
            with self.database.transaction() as tx:
                [outcome] = ledger.post(tx, [posting], at=at)
            self._note(posting, outcome)
            if self.told and chance.random() < 0.3:
                self._ask_again(chance, at)

    def _note(self, posting: Posting, outcome: Outcome) -> None:
        self.statuses[outcome.status] += 1
        if outcome.status == "posted":
            self.told[posting.member_id, posting.reference] = posting, outcome
            if posting.kind == "hold":
                self.holds.append(posting)

    def _ask_again(self, chance: random.Random, at: datetime) -> None:
        posting, first = chance.choice(list(self.told.values()))
        later = posting.expires_at is None or posting.expires_at > at
        with self.database.transaction() as tx:
            [again] = ledger.post(tx, [replace(posting, occurred_at=at) if later else posting], at=at)
        assert (again.status, again.seq, again.balance) == ("replayed", first.seq, first.balance)

    def _draw(self, chance: random.Random, reference: str, at: datetime) -> Posting:
        member_id, amount = chance.randrange(12), chance.randrange(1, 60)
        kind = chance.choice(("earn", "earn", "promise", "spend", "hold", "hold", "capture", "release"))
        if kind in {"capture", "release"} and self.holds:
            held = chance.choice(self.holds)
            return Posting(kind, held.member_id, 0, reference, at, reverses=held.reference)
        if kind == "hold":
            return Posting("hold", member_id, amount, reference, at, at + chance.choice((HOUR / 2, 2 * HOUR)))
        if kind == "promise":
            return Posting("earn", member_id, amount, reference, at, at + 30 * HOUR, at + 2 * HOUR)
        if kind == "spend":
            return Posting("spend", member_id, amount, reference, at)
        return Posting("earn", member_id, amount, reference, at, at + chance.choice((HOUR, 3 * HOUR, 26 * HOUR)))


def test_workers_whose_clocks_disagree_by_a_day_agree_on_every_point(database: Database, rounds: int):
    wide = Database(database.url, pool_size=6)
    with database.transaction() as tx:
        ledger.post(tx, [Posting("earn", n, 500, "opening", NOON - HOUR) for n in range(12)], at=NOON - HOUR)
    workers = [Worker(wide, number) for number in range(6)]
    with ThreadPoolExecutor(6) as threads:
        for one in [threads.submit(worker.work, min(40 * rounds, 400)) for worker in workers]:
            one.result()
    wide.close()
    statuses = sum((worker.statuses for worker in workers), Counter())
    assert set(statuses) <= {"posted", "insufficient", "exceeds", "nothing_to_reverse"}
    assert statuses["posted"] > statuses.total() / 3
    told = {
        key: (outcome.amount, outcome.balance, outcome.seq) for one in workers for key, (_, outcome) in one.told.items()
    }
    with database.transaction() as tx:
        assert ledger.audit(tx) == []
        rows = tx.rows(
            "select a.member_id, e.reference, e.amount, e.available, e.seq from ledger_entries e join ledger_accounts a using (account_id)"
            " where e.reference <> 'opening' and e.reference not like '@%%'"
        )
        assert {(member_id, reference): tuple(figures) for member_id, reference, *figures in rows} == told
        assert len(rows) == len(told)
        end = NOON + timedelta(days=30)
        while ledger.expire_due(tx, at=end, limit=1000):
            pass
        assert ledger.audit(tx) == []
        [totals] = ledger.totals(tx)
        assert (totals.held, totals.pending) == (0, 0)
        assert (
            tx.value("select count(*) from ledger_holds") == tx.value("select count(*) from ledger_pending_lots") == 0
        )
        facts = tx.value("select count(*) from facts where name like 'points.%%'")
        assert facts == tx.value("select count(*) from ledger_entries")
        ends = tx.values(
            "select h.held_change + coalesce(sum(r.held_change), 0) from ledger_entries h left join ledger_entries r"
            " on r.account_id = h.account_id and r.reverses = h.seq and r.kind in (9, 10) where h.kind = 8 group by h.account_id, h.seq, h.held_change"
        )
        assert set(ends) == {0}, "what was held was captured or released, and no more"
