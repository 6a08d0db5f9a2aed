"""Real connections at once: nothing is spent, posted or expired twice, and nobody waits in a circle."""

import threading
from collections import Counter
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest

from conftest import NOON
from ledger.making import (
    ADA,
    BEN,
    CLEO,
    DAN,
    DAY,
    LATER,
    SOON,
    TICK,
    balance,
    earn,
    give_back,
    kinds,
    lots,
    post,
    spend,
    statuses,
    take_back,
)
from regulars import ledger
from regulars.storage import Database, Transaction

Answer = TypeVar("Answer")


@pytest.fixture
def wide(database: Database) -> Generator[Database]:
    """More connections than usual to the test's own database."""
    opened = Database(database.url, pool_size=16)
    yield opened
    opened.close()


def at_once(database: Database, *verbs: Callable[[Transaction], Answer]) -> list[Answer]:
    """Run each in a transaction of its own, all starting together."""
    together = threading.Barrier(len(verbs))

    def run(verb: Callable[[Transaction], Answer]) -> Answer:
        with database.transaction() as tx:
            together.wait()
            return verb(tx)

    with ThreadPoolExecutor(len(verbs)) as threads:
        return [future.result() for future in [threads.submit(run, verb) for verb in verbs]]


def test_the_same_posting_sent_many_times_at_once_is_posted_once(wide: Database) -> None:
    answers = at_once(wide, *[lambda tx: post(tx, earn(ADA, 10, "ord"))[0] for _ in range(12)])
    assert Counter(answer.status for answer in answers) == {"posted": 1, "replayed": 11}
    assert {(answer.seq, answer.balance) for answer in answers} == {(1, 10)}
    with wide.transaction() as tx:
        assert kinds(tx, ADA) == ["earn"]
        assert tx.value("select count(*) from facts where name = 'points.earned'") == 1


def test_batches_that_cross_on_new_and_old_accounts_all_go_through(wide: Database) -> None:
    with wide.transaction() as tx:
        post(tx, *[earn(member_id, 1, "old") for member_id in range(0, 60, 2)])

    def batch(number: int) -> Callable[[Transaction], list[str]]:
        members = list(range(60))
        members = members[::-1] if number % 2 else members[number:] + members[:number]
        return lambda tx: statuses(post(tx, *[earn(member_id, 1, f"b{number}") for member_id in members]))

    for _ in range(3):
        answers = at_once(wide, *[batch(number) for number in range(8)])
        assert all(len(set(answer)) == 1 for answer in answers)
    with wide.transaction() as tx:
        assert [balance(tx, member_id)[0] for member_id in range(60)] == [
            9 if member_id % 2 == 0 else 8 for member_id in range(60)
        ]
        assert ledger.audit(tx) == []


def test_no_more_is_given_back_than_was_spent_however_many_try(wide: Database) -> None:
    with wide.transaction() as tx:
        post(tx, earn(ADA, 100, "ord"), spend(ADA, 50, "v"))
    answers = at_once(
        wide, *[lambda tx, n=number: post(tx, give_back(ADA, 20, f"g{n}", "v"))[0] for number in range(6)]
    )
    assert Counter(answer.status for answer in answers) == {"posted": 2, "exceeds": 4}
    answers = at_once(
        wide, *[lambda tx, n=number: post(tx, take_back(ADA, 30, f"r{n}", "ord"))[0] for number in range(6)]
    )
    assert Counter(answer.status for answer in answers) == {"posted": 3, "exceeds": 3}
    with wide.transaction() as tx:
        assert balance(tx, ADA) == (0, 0, 0)
        assert ledger.audit(tx) == []


def test_two_workers_share_what_is_due(wide: Database) -> None:
    with wide.transaction() as tx:
        post(tx, *[earn(member_id, 5, "a", SOON) for member_id in range(200)])
        post(tx, *[earn(member_id, 7, "b", LATER, matures_at=SOON) for member_id in range(200)])

    def drain() -> int:
        total = done = 0
        while True:
            with wide.transaction() as tx:
                done = ledger.expire_due(tx, at=SOON, limit=15)
            total += done
            if not done:
                return total

    with ThreadPoolExecutor(3) as threads:
        worked = sum(future.result() for future in [threads.submit(drain) for _ in range(3)])
    with wide.transaction() as tx:
        worked += ledger.expire_due(tx, at=SOON)
        assert worked == 400
        assert tx.rows("select name, count(*) from facts group by name order by name") == [
            ("points.earned", 200),
            ("points.expired", 200),
            ("points.matured", 200),
            ("points.promised", 200),
        ]
        assert ledger.audit(tx) == []


def test_a_worker_passes_over_an_account_that_is_held(wide: Database) -> None:
    with wide.transaction() as tx:
        post(tx, earn(ADA, 5, "a", SOON), earn(DAN, 5, "a", SOON + TICK))
    with wide.transaction() as busy:
        post(busy, earn(ADA, 1, "b"))
        with wide.transaction() as tx:
            assert ledger.expire_due(tx, at=LATER, limit=1) == 1
        assert kinds(busy, DAN) == ["earn", "expire"]
    with wide.transaction() as tx:
        assert ledger.expire_due(tx, at=LATER, limit=10) == 2  # Ada's two lots


@pytest.mark.parametrize("attempt", range(5))
def test_a_spend_in_the_last_instant_races_the_expiry_and_one_of_them_has_the_points(
    wide: Database, attempt: int
) -> None:
    with wide.transaction() as tx:
        post(tx, *[earn(member_id, 10, "a", SOON) for member_id in range(10)])

    def spends(member_id: int) -> Callable[[Transaction], list[str]]:
        return lambda tx: statuses(post(tx, spend(member_id, 10, "v"), at=SOON - TICK))

    answers = at_once(wide, *[spends(number) for number in range(10)], lambda tx: [str(ledger.expire_due(tx, at=SOON))])
    with wide.transaction() as tx:
        ledger.expire_due(tx, at=SOON)
        spent = [kinds(tx, member_id)[1] == "spend" for member_id in range(10)]
        assert [answer == ["posted"] for answer in answers[:10]] == spent
        totals = ledger.totals(tx)[0]
        assert (totals.spent, totals.expired, totals.outstanding) == (10 * sum(spent), 10 * (10 - sum(spent)), 0)
        assert ledger.audit(tx) == []


@pytest.mark.parametrize("attempt", range(3))
def test_transfers_that_cross_all_arrive_and_nobody_waits_in_a_circle(wide: Database, attempt: int) -> None:
    with wide.transaction() as tx:
        post(tx, *[earn(member_id, 1000, "a", LATER) for member_id in (ADA, BEN, CLEO)])
    ways = [(ADA, BEN), (BEN, ADA), (BEN, CLEO), (CLEO, BEN), (CLEO, ADA), (ADA, CLEO), (ADA, DAN), (BEN, DAN)]

    def sends(sender: int, receiver: int, number: int) -> Callable[[Transaction], str]:
        name = f"{sender} to {receiver}, {number}"
        return lambda tx: ledger.transfer(tx, sender, receiver, 10 + number, reference=name, at=NOON).sent.status

    answers = at_once(wide, *[sends(*way, number) for way in ways for number in range(2)])
    assert answers == ["posted"] * 16
    assert at_once(wide, *[sends(*way, number) for way in ways for number in range(2)]) == ["replayed"] * 16
    with wide.transaction() as tx:
        assert [balance(tx, member_id)[0] for member_id in (ADA, BEN, CLEO, DAN)] == [979, 979, 1000, 42]
        assert lots(tx, DAN) == {LATER: 42}
        assert ledger.audit(tx) == []


def test_a_transfer_of_the_last_points_races_their_expiry_and_one_of_them_has_the_points(wide: Database) -> None:
    with wide.transaction() as tx:
        post(tx, *[earn(member_id, 10, "a", SOON) for member_id in range(8)])

    def sends(sender: int) -> Callable[[Transaction], str]:
        def send(tx: Transaction) -> str:
            try:
                with tx.savepoint():
                    return ledger.transfer(tx, sender, 100 + sender, 10, reference="gift", at=SOON - TICK).sent.status
            except ledger.InsufficientPoints:
                return "insufficient"

        return send

    answers = at_once(wide, *[sends(n) for n in range(8)], lambda tx: str(ledger.expire_due(tx, at=SOON)))[:8]
    with wide.transaction() as tx:
        ledger.expire_due(tx, at=SOON + DAY)
        gone = [kinds(tx, sender)[1:] for sender in range(8)]
        assert gone == [["send"] if answer == "posted" else ["expire"] for answer in answers]
        totals = ledger.totals(tx)[0]
        assert (totals.expired, totals.outstanding) == (80, 0)  # whoever had them, they expired at their hour
        assert ledger.audit(tx) == []
