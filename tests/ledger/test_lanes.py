"""Points through lanes: many at once, beside whoever else posts, and every posting once."""

import random
import threading
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime

from conftest import NOON
from ledger.making import ADA, BEN, LATER, SOON, balance, earn, kinds, spend
from regulars import ledger
from regulars.ledger import Outcome, Posting
from regulars.storage import Database, Lanes, Transaction


def post(tx: Transaction, postings: Sequence[Posting], at: datetime) -> list[Outcome]:
    return ledger.post(tx, postings, at=at)


@contextmanager
def lanes_on(
    database: Database, work: Callable[..., list[Outcome]] = post, **limits: int
) -> Generator[Lanes[Posting, Outcome]]:
    opened: Lanes[Posting, Outcome] = Lanes(database.url, work, clock=lambda: NOON, shards=database.shards, **limits)
    try:
        yield opened
    finally:
        opened.close()


def ask(lanes: Lanes[Posting, Outcome], posting: Posting, caller: int = 1) -> Outcome:
    return lanes.call(posting, key=ledger.account_id(posting.member_id, posting.point_type), caller=caller)


def test_64_at_once_are_posted_in_order_with_their_own_answers(database: Database):
    with lanes_on(database) as lanes, ThreadPoolExecutor(64) as threads:

        def client(member_id: int) -> list[Outcome]:
            own = [ask(lanes, earn(member_id, 10, f"e{n}"), member_id) for n in range(10)]
            return [*own, ask(lanes, spend(member_id, 101, "much")), ask(lanes, spend(member_id, 100, "all"))]

        answers = list(threads.map(client, range(64)))
        batches = sum(one.batches for one in lanes.readings())
    for told in answers:
        assert [(one.status, one.amount, one.balance, one.seq) for one in told] == [
            *[("posted", 10, 10 * n, n) for n in range(1, 11)],
            ("insufficient", 0, 100, 0),
            ("posted", -100, 0, 11),
        ]
    assert batches < 64 * 12 / (4 if database.shards is None else 2)  # there, the clients are shared among more lanes
    with database.transaction() as tx:
        assert ledger.audit(tx) == []
        if tx.shards is None:  # the servers number their transactions each for itself
            assert tx.value("select count(distinct xmin::text) from ledger_entries") <= batches
        assert tx.value("select count(*) from facts where name = 'points.earned'") == 640


def test_the_same_reference_from_two_at_once_is_posted_once_and_replayed_once(database: Database):
    with lanes_on(database) as lanes, ThreadPoolExecutor(16) as threads:
        for n in range(20):
            together = threading.Barrier(16)

            def send(caller: int, n: int = n, together: threading.Barrier = together) -> Outcome:
                together.wait()
                return ask(lanes, earn(ADA, 10, f"r{n}"), caller)

            answers = list(threads.map(send, range(16)))
            assert Counter(one.status for one in answers) == {"posted": 1, "replayed": 15}
            assert {(one.seq, one.balance) for one in answers} == {(n + 1, 10 * n + 10)}


def test_a_backend_killed_in_the_middle_posts_everything_once(database: Database):
    killed: list[Posting] = []

    def killing(tx: Transaction, postings: Sequence[Posting], at: datetime) -> list[Outcome]:
        done = ledger.post(tx, postings, at=at)
        if len(killed) < 6 and postings[0] not in killed:  # not the same batch three times: that would be its own fault
            killed.append(postings[0])
            if len(killed) % 2:
                tx.connection.execute("commit")  # the commit succeeds, and its answer is lost
            with database.transaction() as other:
                other.value("select pg_terminate_backend(%(pid)s::int)", pid=tx.connection.info.backend_pid)
        return done

    with lanes_on(database, killing) as lanes, ThreadPoolExecutor(32) as threads:
        postings = [earn(member_id, 10, f"r{n}") for n in range(10) for member_id in range(32)]
        answers = list(threads.map(lambda one: ask(lanes, one), postings))
    assert len(killed) == 6
    assert {one.status for one in answers} <= {"posted", "replayed"}
    with database.transaction() as tx:
        assert [balance(tx, member_id)[0] for member_id in range(32)] == [100] * 32
        assert ledger.audit(tx) == []


def test_lanes_that_cross_and_whoever_posts_beside_them_never_wait_in_a_circle(database: Database):
    """Keys are chosen so that both lanes meet on the same accounts, which they otherwise do not."""
    with database.transaction() as tx:
        ledger.post(tx, [earn(member_id, 1000, "old", SOON) for member_id in range(12)], at=NOON)

    def client(number: int) -> Counter[str]:
        chance = random.Random(number)
        told: Counter[str] = Counter()
        for n in range(30):
            make = earn if chance.random() < 0.7 else spend
            posting = make(chance.randrange(12), 5, f"{number}-{n}")
            told[lanes.call(posting, key=chance.randrange(2), caller=number).status] += 1
        return told

    def beside(number: int) -> Counter[str]:
        chance = random.Random(-number)
        told: Counter[str] = Counter()
        for n in range(15):
            members = chance.sample(range(12), 8)
            with database.transaction() as tx:
                told.update(
                    one.status for one in ledger.post(tx, [earn(m, 5, f"b{number}-{n}") for m in members], at=NOON)
                )
        return told

    with lanes_on(database, count=2, most_batch=16) as lanes, ThreadPoolExecutor(26) as threads:
        running = [threads.submit(client, n) for n in range(24)] + [threads.submit(beside, n) for n in range(1, 3)]
        told = sum((one.result(120) for one in running), Counter())
        readings = lanes.readings()
    assert told == {"posted": 24 * 30 + 2 * 15 * 8}
    assert {one.retried for one in readings} == {0}  # not one deadlock
    assert all(one.batches > 5 for one in readings if one.items or database.shards is None)
    with database.transaction() as tx:
        assert ledger.audit(tx) == []


def test_lanes_and_the_job_that_expires_share_the_accounts(database: Database):
    with database.transaction() as tx:
        ledger.post(tx, [earn(member_id, 10, "old", SOON) for member_id in range(40)], at=NOON)
    lanes: Lanes[Posting, Outcome] = Lanes(database.url, post, clock=lambda: LATER)
    with ThreadPoolExecutor(9) as threads:
        spends = [threads.submit(ask, lanes, Posting("spend", member_id, 10, "late", NOON)) for member_id in range(40)]

        def expire() -> None:
            done = 1
            while done:
                with database.transaction() as tx:
                    done = ledger.expire_due(tx, at=LATER, limit=3)

        threads.submit(expire).result(60)
        assert {one.result(60).status for one in spends} == {"insufficient"}
    lanes.close()
    with database.transaction() as tx:
        assert kinds(tx, BEN) == ["earn", "expire"]
        assert ledger.audit(tx) == []
