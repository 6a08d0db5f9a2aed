"""Real connections at once: one advocate, one reward, one cap."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from cast import ADA, BEN, CLEO
from conftest import NOON
from ledger.test_races import at_once
from make import DAY
from programme.referrals.making import BASIC, KEY, World
from regulars import ledger, programme
from regulars.programme import referrals
from regulars.programme.referrals import NewTouch
from regulars.storage import Database, Transaction

LATER = NOON + DAY


def world(tx: Transaction, **terms: object) -> World:
    return World(tx, replace(BASIC, **terms))  # pyright: ignore[reportArgumentType]


def count(database: Database, what: str) -> int:
    with database.transaction() as tx:
        assert ledger.audit(tx) == []
        return tx.value("select count(*) from facts where name = %(what)s", what=what)


@pytest.mark.parametrize("rule", ["first_touch", "last_touch"])
def test_two_advocates_attributed_at_once_are_decided_by_the_rule(database: Database, rule: str) -> None:
    with database.transaction() as tx:
        here = world(tx, between=rule, code_after_join_days=30)
        ada, cleo = here.join(ADA), here.join(CLEO)
        codes = [here.code(ada), here.code(cleo)]
        ben = here.join(BEN)

    def come(code: str, hours: int) -> Callable[[Transaction], object]:
        def work(tx: Transaction) -> object:
            moment = here.now + hours * DAY / 24
            referrals.touch(tx, [NewTouch(code, "code_typed", moment, friend_id=ben)], at=LATER)
            return programme.refer(tx, [ben], key=KEY, at=LATER)

        return work

    at_once(database, come(codes[0], 1), come(codes[1], 2))
    with database.transaction() as tx:
        one = World.of(replace_tx(here, tx), ben)
    assert one.advocate_id == (ada if rule == "first_touch" else cleo)
    assert len(one.evidence) == 2


def replace_tx(world: World, tx: Transaction) -> World:
    world.tx = tx
    return world


def test_two_orders_complete_at_once_give_one_reward(database: Database) -> None:
    with database.transaction() as tx:
        here = world(tx, least_minor=1000)
        ada = here.join(ADA)
        ben = here.friend(BEN, ada)
        here.publish(None)
        orders = [here.buy(BEN, minor=900) for _ in range(2)]
        tx.run("update commerce_orders set goods_minor = 2000 where order_id = any(%(orders)s)", orders=orders)
        assert here.of(ben).state == "joined"
    at_once(database, *[lambda tx, one=one: programme.reward_referrals(tx, [one], at=LATER) for one in orders * 2])
    assert count(database, "referral.rewarded") == 2
    with database.transaction() as tx:
        assert ledger.balance(tx, ada, at=LATER, point_type="credit").pending == 500
        assert ledger.balance(tx, ben, at=LATER, point_type="credit").pending == 200


def test_a_cap_holds_however_many_friends_order_at_once(database: Database) -> None:
    with database.transaction() as tx:
        here = world(tx, most=2, hold_from=101, refuse_from=101)
        ada = here.join(ADA)
        for n in range(6):
            here.friend(f"f{n}", ada)
        orders = [here.buy(f"f{n}", minor=900) for n in range(6)]
        tx.run("update commerce_orders set goods_minor = 2000 where order_id = any(%(orders)s)", orders=orders)
    at_once(database, *[lambda tx, one=one: programme.reward_referrals(tx, [one], at=LATER) for one in orders])
    with database.transaction() as tx:
        assert ledger.balance(tx, ada, at=LATER, point_type="credit").pending == 1000
    assert count(database, "referral.capped") == 4


def test_a_refusal_and_an_approval_at_once_leave_one_of_them(database: Database) -> None:
    with database.transaction() as tx:
        here = world(tx)
        ada = here.join(ADA)
        ben = here.friend(BEN, ada)
        for one in (ada, ben):
            here.seen(one, device="one phone")
        here.buy(BEN)
        number = here.of(ben).referral_id
    terms_of = programme.referral_terms_of
    at_once(
        database,
        lambda tx: referrals.refuse(tx, number, by="max", because="x", terms_of=terms_of, at=LATER),
        lambda tx: _quietly(tx, number),
    )
    with database.transaction() as tx:
        state, left = referrals.find(tx, number).state, ledger.balance(tx, ada, at=LATER, point_type="credit").pending
    assert (state, left) in [("refused", 0), ("rewarded", 500)]
    assert [count(database, f"referral.{what}") for what in ("refused", "approved")] == [1, 1]


def _quietly(tx: Transaction, number: int) -> object:
    return referrals.approve(tx, number, by="mia", because="y", terms_of=programme.referral_terms_of, at=LATER)
