"""Joining against earning and spending, with real connections: nothing is stranded, doubled or waited for in a circle."""

import random
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import pytest

import citus
from conftest import NOON
from ledger.making import LATER, balance, earn, give_back, post, spend, statuses, take_back
from ledger.test_lanes import ask, lanes_on
from ledger.test_races import at_once
from regulars import ledger
from regulars.storage import Database, Transaction

pytestmark = pytest.mark.skipif(citus.URL is not None, reason="no account joins another where the ledger is spread")

ROUNDS = 60
HOMES = [ledger.pool(number) for number in range(1, 5)]


@pytest.fixture
def wide(database: Database) -> Generator[Database]:
    opened = Database(database.url, pool_size=16)
    yield opened
    opened.close()


def earning(member_id: int, reference: str, amount: int = 10) -> Callable[[Transaction], list[str]]:
    return lambda tx: statuses(post(tx, earn(member_id, amount, reference)))


def joining(member_id: int, target: int, reference: str = "in") -> Callable[[Transaction], list[str]]:
    def verb(tx: Transaction) -> list[str]:
        ledger.join(tx, member_id, target, reference=reference, at=NOON)
        return ["joined"]

    return verb


def leaving(member_id: int, target: int, reference: str) -> Callable[[Transaction], list[str]]:
    def verb(tx: Transaction) -> list[str]:
        ledger.leave(tx, member_id, target, reference=reference, at=NOON)
        return ["left"]

    return verb


def batch(members: Sequence[int], reference: str) -> Callable[[Transaction], list[str]]:
    return lambda tx: statuses(post(tx, *[earn(one, 1, reference) for one in members]))


def giving(sender: int, receiver: int, reference: str) -> Callable[[Transaction], list[str]]:
    def verb(tx: Transaction) -> list[str]:
        try:
            with tx.connection.transaction():
                return [ledger.transfer(tx, sender, receiver, 1, reference=reference, at=NOON).sent.status]
        except (ledger.InsufficientPoints, ledger.InvalidPosting):  # left with a household, or shared with the other
            return ["refused"]

    return verb


def test_case_28_merge_against_earn_strands_and_doubles_nothing(wide: Database) -> None:
    for n in range(ROUNDS):
        old, new = 1000 + n, 2000 + n
        with wide.transaction() as tx:
            post(tx, earn(old, 5, "before"), earn(new, 5, "before"))

        def merging(tx: Transaction, old: int = old, new: int = new) -> list[str]:
            ledger.merge(tx, old, new, reference="one person", at=NOON)
            return ["merged"]

        answers = at_once(wide, merging, *[earning(old, f"e{k}") for k in (1, 2, 2)], earning(new, "e1"))
        assert sorted(chain(*answers)) == ["merged", "posted", "posted", "posted", "replayed"]
        with wide.transaction() as tx:
            assert balance(tx, old) == balance(tx, new) == (40, 0, 0)
            assert statuses(post(tx, *[earn(old, 10, f"e{k}") for k in (1, 2)])) == ["replayed", "replayed"]
    with wide.transaction() as tx:
        assert ledger.audit(tx) == []


def test_joining_against_spending_and_undoing_moves_each_point_once(wide: Database) -> None:
    for n in range(ROUNDS):
        member_id, mate, home = 1000 + n, 2000 + n, ledger.pool(1000 + n)
        with wide.transaction() as tx:
            post(tx, earn(member_id, 30, "a"), spend(member_id, 20, "v"), earn(mate, 20, "a"))
            ledger.join(tx, mate, home, reference="in", at=NOON)
        answers = at_once(
            wide,
            joining(member_id, home),
            lambda tx, one=member_id: statuses(post(tx, spend(one, 10, "w"))),
            lambda tx, one=member_id: statuses(post(tx, give_back(one, 20, "g", "v"))),
            lambda tx, one=member_id: statuses(post(tx, take_back(one, 30, "t", "a"))),
            lambda tx, one=mate: statuses(post(tx, spend(one, 10, "w"))),
        )
        assert answers[0] == ["joined"]
        assert answers[2:4] == [["posted"], ["posted"]]
        spent = 10 * sum(answer == ["posted"] for answer in (answers[1], answers[4]))
        with wide.transaction() as tx:
            held = ledger.balance(tx, mate, at=NOON)
            assert held.available - held.debt == 30 - 20 + 20 + 20 - 30 - spent
            assert ledger.balance(tx, member_id, at=NOON) == held
    with wide.transaction() as tx:
        assert ledger.audit(tx) == []


def test_crossing_joins_gifts_and_batches_all_go_through(wide: Database) -> None:
    """Members change between four households while batches, gifts and settling cross all of them."""
    members = list(range(1, 13))
    with wide.transaction() as tx:
        post(tx, *[earn(one, 100, "a") for one in members])
    homes: dict[int, int] = {}
    for n in range(ROUNDS):
        luck = random.Random(n)
        movers = luck.sample(members, 3)
        verbs = [
            leaving(one, homes.pop(one), f"l{n}") if one in homes else joining(one, homes.setdefault(one, luck.choice(HOMES)), f"j{n}")
            for one in movers
        ]  # fmt: skip
        verbs += [batch(luck.sample(members, 12), f"b{n}-{k}") for k in range(2)]
        giver, taker = luck.sample(members, 2)
        verbs += [giving(giver, taker, f"g{n}"), giving(taker, giver, f"h{n}")]
        answers = at_once(wide, *verbs)
        assert {word for answer in answers for word in answer} <= {"joined", "left", "posted", "refused"}
    with wide.transaction() as tx:
        assert ledger.audit(tx) == []
        owners = [*members, *HOMES]
        assert tx.value(
            "select sum(available)::bigint from ledger_accounts where member_id = any(%(owners)s::bigint[])",
            owners=owners,
        ) == 100 * len(members) + 2 * ROUNDS * len(members)


def test_two_lanes_serve_one_household_without_one_deadlock(database: Database) -> None:
    members = list(range(1, 17))
    with database.transaction() as tx:
        for one in members:
            ledger.join(tx, one, HOMES[one % 4], reference="in", at=NOON)

    with lanes_on(database, count=4, most_batch=16) as lanes, ThreadPoolExecutor(32) as threads:

        def client(number: int) -> list[str]:
            chance = random.Random(number)
            return [
                ask(lanes, earn(chance.choice(members), 5, f"{number}-{n}", LATER), number).status for n in range(25)
            ]

        told = list(chain(*threads.map(client, range(32))))
        readings = lanes.readings()
    assert told == ["posted"] * 32 * 25
    assert [one.retried for one in readings] == [0, 0, 0, 0]
    with database.transaction() as tx:
        assert sum(balance(tx, one)[0] for one in members[:4]) == 5 * 32 * 25
        assert ledger.audit(tx) == []
