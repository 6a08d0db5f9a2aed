"""Workers that settle what is due are killed in the middle, and work side by side: each due lot is settled once."""

import subprocess
import sys
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from faults.book import LONG_AGO
from regulars import ledger
from regulars.ledger import Posting
from regulars.storage import Database, Transaction

DUE = LONG_AGO + timedelta(days=30)
LATER = LONG_AGO + timedelta(days=60)
MEMBERS = 150
_WORKER = [sys.executable, str(Path(__file__).with_name("worker.py"))]

Worker = subprocess.Popen[str]


@contextmanager
def worker(url: str, *, batch: int, hold: bool = False) -> Generator[Worker]:
    command = [*_WORKER, url, LATER.isoformat(), str(batch), *(["hold"] if hold else [])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def begin(*processes: Worker) -> None:
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()


def settled(process: Worker) -> int:
    """How many it settled in its next batch."""
    return int(process.stdout.readline())


def kill(process: Worker) -> None:
    process.kill()
    process.wait(60)


def end(process: Worker) -> int:
    """How many it settled until it ended by itself."""
    done = sum(map(int, process.stdout))
    assert process.wait(60) == 0
    return done


@pytest.fixture
def due(database: Database) -> Database:
    """Every member has a lot that expired, a promise that matured, a promise that matured and expired since, and one lot that stays."""
    lots = [("stays", None, None), ("expired", DUE, None), ("matured", None, DUE), ("both", LATER, DUE)]
    postings = [
        Posting("earn", member_id, 10, name, LONG_AGO, expires_at, matures_at)
        for member_id in range(1, MEMBERS + 1)
        for name, expires_at, matures_at in lots
    ]
    with database.transaction() as tx:
        assert {one.status for one in ledger.post(tx, postings, at=LONG_AGO)} == {"posted"}
    return database


def entries(tx: Transaction) -> Counter[str]:
    """What the journals say was settled."""
    names = {3: "mature", 4: "expire"}
    rows = tx.rows("select kind, count(*) from ledger_entries where kind in (3, 4) group by kind")
    return Counter({names[kind]: count for kind, count in rows})


def prove_settled_once(database: Database) -> None:
    with database.transaction() as tx:
        assert ledger.audit(tx) == []
        assert ledger.expire_due(tx, at=LATER) == 0
        assert entries(tx) == {"mature": 2 * MEMBERS, "expire": 2 * MEMBERS}
        told = tx.rows(
            "select name, count(*), count(distinct (member_id, data ->> 'reference')) from facts group by name"
        )
        assert {name: figures for name, *figures in told if name in {"points.matured", "points.expired"}} == {
            "points.matured": [2 * MEMBERS, 2 * MEMBERS],
            "points.expired": [2 * MEMBERS, 2 * MEMBERS],
        }
        assert {ledger.balance(tx, member_id, at=LATER).available for member_id in range(1, MEMBERS + 1)} == {20}


def wait_until_alone(database: Database) -> None:
    """Until PostgreSQL has noticed that the other end of every other connection is gone."""
    with psycopg.connect(database.url, autocommit=True) as connection:
        for _ in range(2400):
            [others] = connection.execute(
                "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'"
            ).fetchone()
            if not others:
                return
            connection.execute("select pg_sleep(0.025)")
    pytest.fail("a killed worker's transaction is still open")


def test_a_worker_killed_before_its_commit_has_settled_nothing(due: Database):
    with worker(due.url, batch=50, hold=True) as process:
        begin(process)
        assert settled(process) > 0
        kill(process)
    wait_until_alone(due)
    with due.transaction() as tx:
        assert entries(tx) == {}
        assert ledger.audit(tx) == []
    with worker(due.url, batch=50) as process:
        begin(process)
        assert end(process) == 4 * MEMBERS
    prove_settled_once(due)


def test_workers_killed_again_and_again_settle_each_lot_once(due: Database, rounds: int):
    for _ in range(min(2 * rounds, 40)):
        with worker(due.url, batch=2) as process:
            begin(process)
            if settled(process) and settled(process):
                kill(process)
    wait_until_alone(due)  # else the next might pass over what a killed one still holds
    with worker(due.url, batch=100) as process:
        begin(process)
        end(process)
    prove_settled_once(due)


def test_a_worker_passes_over_what_another_holds(due: Database):
    with worker(due.url, batch=20, hold=True) as holding, worker(due.url, batch=20) as other:
        begin(holding)
        held = settled(holding)
        assert held > 0
        begin(other)
        passed = end(other)  # it ends while the first still holds its accounts
        assert held + passed == 4 * MEMBERS
        holding.stdin.close()
        assert end(holding) == 0
    prove_settled_once(due)


def test_two_workers_at_once_settle_each_lot_once(due: Database):
    with worker(due.url, batch=7) as one, worker(due.url, batch=7) as two:
        begin(one, two)
        assert end(one) + end(two) == 4 * MEMBERS
    prove_settled_once(due)
