"""Rewards, coupons and points together, in whatever order: no code twice, stock never below zero, points conserved."""

from collections.abc import Callable
from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import NOON
from programme.coupons.making import cart, pool
from programme.rewards.making import give, reward, shelf
from regulars import ledger
from regulars.errors import RegularsError
from regulars.programme import coupons, rewards
from regulars.programme.coupons import uses
from regulars.programme.rewards import Holder, Redemption
from regulars.storage import Transaction

MEMBERS = (1, 2)
START = 1000
SHELF = shelf(
    reward("toy", "gift", 70, stocked=True, fulfilled=True, total=6),
    reward("ten", "coupon", 90, pool="summer", per_member=3),
    reward("off", "cash_off", 30, value_minor=100),
)
WHAT = ["redeem toy", "redeem ten", "quote", "hold", "capture", "part", "release", "return", "give back", "send", "reserve",
        "use", "let go", "restock", "revoke", "wait"]  # fmt: skip
USUAL = ["redeem toy", "redeem ten", "quote", "hold", "give back"]
STEPS = st.lists(
    st.tuples(st.sampled_from(WHAT + USUAL * 3), st.integers(0, 1), st.integers(0, 5)), min_size=30, max_size=50
)


class World:
    """What has been done, and what must be true of it."""

    def __init__(self, tx: Transaction) -> None:
        self.tx, self.at, self.put_in, self.number = tx, NOON, 4, 0
        pool(tx, codes=4, low_water=1)
        rewards.change_stock(tx, "toy", 4, reason="first", by="t", at=NOON)
        for member in MEMBERS:
            give(tx, START, member)

    def step(self, what: str, who: int, which: int) -> None:
        self.number += 1
        verb, _, rest = what.partition(" ")
        known = list(rewards.redemptions(self.tx, member_id=MEMBERS[who], limit=100))
        one = known[which % len(known)] if known else None
        try:
            with self.tx.savepoint():
                self.do(verb, rest, Holder(MEMBERS[who]), one, which)
        except RegularsError:
            pass

    def do(self, verb: str, rest: str, holder: Holder, one: Redemption | None, which: int) -> None:
        tx, common = self.tx, {"at": self.at, "by": "t"}
        if verb == "redeem":
            rewards.redeem(tx, SHELF, holder, rest, reference=f"n{self.number}", **common)  # pyright: ignore[reportArgumentType]
        elif verb == "quote":
            rewards.quote(tx, SHELF, holder, "off", cart(), reference=f"n{self.number}", times=which + 1, **common)  # pyright: ignore[reportArgumentType]
        elif verb == "restock":
            rewards.change_stock(tx, "toy", which - 3, reason="counted", **common)  # pyright: ignore[reportArgumentType]
            self.put_in += which - 3
        elif verb == "wait":
            self.at += timedelta(minutes=10)
            rewards.lapse_due(tx, at=self.at)
            uses.lapse_due(tx, at=self.at)
        elif one is not None:
            self.about(verb, holder, one, which, self.at)

    def about(self, verb: str, holder: Holder, one: Redemption, which: int, at: datetime) -> None:
        tx, number, by = self.tx, one.redemption_id, "t"
        code, checkout = one.key or "", f"c{one.redemption_id}"
        verbs: dict[str, Callable[[], object]] = {
            "hold": lambda: rewards.hold(tx, SHELF, number, at=at, by=by),
            "capture": lambda: rewards.capture(tx, number, at=at, by=by),
            "part": lambda: rewards.capture(tx, number, upto_minor=which * 70, at=at, by=by),
            "release": lambda: rewards.release(tx, number, at=at, by=by),
            "return": lambda: rewards.settle_return(
                tx, number, returned_minor=which * 400, of_minor=2000, at=at, by=by
            ),
            "give": lambda: rewards.give_back(tx, number, reason="no", at=at, by=by),
            "send": lambda: rewards.advance(tx, number, "sent", at=at, by=by),
            "reserve": lambda: uses.reserve(tx, code, cart(), checkout=checkout, member_id=holder.member_id, at=at),
            "use": lambda: uses.redeem(tx, code, checkout=checkout, at=at),
            "let": lambda: uses.release(tx, code, checkout=checkout, at=at),
            "revoke": lambda: coupons.revoke(tx, code, reason="no", by=by, at=at),
        }
        verbs[verb]()

    def check(self) -> None:
        tx = self.tx
        assert ledger.audit(tx) == []
        known = list(rewards.redemptions(tx, limit=1000))
        for member in MEMBERS:
            spent = sum(one.captured - one.refunded for one in known if one.member_id == member)
            held = sum(one.points - one.captured for one in known if one.member_id == member and one.state == "held")
            balance = ledger.balance(tx, member, at=self.at)
            assert (balance.available + held + spent, balance.held) == (START, held)
        left = rewards.stock(tx, ["toy"])["toy"]
        toys = [one for one in known if one.reward == "toy" and one.state in {"captured", "fulfilled"}]
        assert left.stock is not None
        assert left.stock >= 0
        assert (left.stock, left.taken) == (self.put_in - len(toys), len(toys))
        assert sum(one.amount for one in rewards.stock_changes(tx, "toy", limit=1000)) == left.stock
        codes = [one.key for one in known if one.key]
        assert len(codes) == len(set(codes)) <= 4
        assert (
            tx.value(
                """
            select count(*) from programme_coupons c where c.uses not in (0, 1) or c.uses <> (
                select count(*) from programme_coupon_uses u where u.key = c.key and u.state in ('reserved', 'redeemed'))
            """
            )
            == 0
        )
        assert all(one.refunded <= one.captured <= one.points for one in known)


@given(STEPS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_is_lost_or_made_in_whatever_order(tx: Transaction, steps: list[tuple[str, int, int]]) -> None:
    with tx.savepoint(undo=True):
        world = World(tx)
        for step in steps:
            world.step(*step)
        world.check()
