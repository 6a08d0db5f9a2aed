"""Short ways to put rewards on a shelf, and points into accounts."""

from typing import Any

from conftest import NOON
from programme.coupons.making import cart
from regulars import ledger
from regulars.programme import rewards
from regulars.programme.rewards import Holder, Price, Redeemed, Redemption, Reward, Shelf
from regulars.storage import Transaction

ADA, BEN = 1, 2


def reward(code: str = "toy", kind: rewards.Kind = "gift", points: int = 100, **more: Any) -> Reward:
    usual: dict[str, Any] = {"sku": "TOY"} if kind == "gift" else {}
    return Reward(
        **({"code": code, "name_en": code, "name_zh": code, "kind": kind, "prices": (Price(points),)} | usual | more)
    )


TEN_OFF = reward("ten_off", "cash_off", 100, value_minor=100)
"""A pound off for a hundred points."""


def shelf(*some: Reward) -> Shelf:
    return Shelf(some, "GBP", "Europe/London")


def give(tx: Transaction, points: int = 1000, member_id: int = ADA, **more: Any) -> None:
    ledger.earn(tx, member_id, points, reference=f"give {points}", at=NOON, **more)


def balance(tx: Transaction, member_id: int = ADA, *, at: Any = NOON) -> tuple[int, int]:
    found = ledger.balance(tx, member_id, at=at)
    return found.available, found.held


def redeem(tx: Transaction, one: Reward, reference: str = "r", member_id: int = ADA, **more: Any) -> Redeemed:
    given = {"at": NOON, "by": "test"} | more
    holder = Holder(member_id, given.pop("tiers", frozenset()))
    return rewards.redeem(tx, shelf(one), holder, one.code, reference=reference, **given)


def quote(
    tx: Transaction, one: Reward = TEN_OFF, reference: str = "q", member_id: int = ADA, **more: Any
) -> Redemption:
    given = {"at": NOON, "by": "test", "cart": cart()} | more
    return rewards.quote(tx, shelf(one), Holder(member_id), one.code, given.pop("cart"), reference=reference, **given)


def hold(tx: Transaction, one: Redemption, *, at: Any = NOON) -> Redemption:
    return rewards.hold(tx, shelf(), one.redemption_id, at=at, by="test")


def names(tx: Transaction) -> list[str]:
    return tx.values("select name from facts where name like 'reward.%%' order by fact_id")
