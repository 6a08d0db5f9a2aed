"""What the demonstration's members took for their points, and who told a friend: made up, through the verbs all use."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from regulars import programme
from regulars.demo._programme import COLLEAGUE
from regulars.programme import coupons, gift_cards, referrals, rewards
from regulars.programme.coupons import Cart, CartLine, NewPool, Terms, uses
from regulars.programme.referrals import NewTouch
from regulars.programme.rewards import Fulfilment, Holder, Shelf
from regulars.storage import Transaction

_CART: Final = Cart("GBP", (CartLine("85123A", 6, 255), CartLine("22423", 2, 1275)), shipping_minor=450)


def stock_up(tx: Transaction, *, at: datetime) -> None:
    """Have coupons in the pools and gifts in stock."""
    spring = Terms("percent", 10, least_minor=2000, currency="GBP", stack_group="season")
    coupons.open_pool(tx, NewPool("spring", "Spring", "春季", spring, low_water=50), at=at, by=COLLEAGUE)
    coupons.generate(tx, "spring", 400, prefix="SPRING", at=at, by=COLLEAGUE)
    hello = Terms("amount", amount_minor=300, currency="GBP", least_minor=1500, per_code=None, per_member=1)
    coupons.open_pool(tx, NewPool("hello", "Welcome", "欢迎", hello, shared=True), at=at, by=COLLEAGUE)
    coupons.share_code(tx, "hello", "HELLO12", at=at, by=COLLEAGUE)
    rewards.change_stock(tx, "heart", 40, reason="From the warehouse", at=at, by=COLLEAGUE)


def take(tx: Transaction, members: Mapping[str, int], *, at: datetime) -> None:
    """Let members take rewards, send gifts on their way, pay with cards and coupons, and tell their friends."""
    shelf = programme.shelf(tx, at=at)
    for number, reward, kind, steps in _TAKEN:
        holder = programme.holder(tx, members[number], at=at)
        taken = rewards.redeem(
            tx, shelf, holder, reward, reference=f"{reward}-{number}", point_type=kind, cart=_CART, at=at, by=COLLEAGUE
        )
        for step in steps:
            rewards.advance(tx, taken.redemption.redemption_id, step, at=at, by=COLLEAGUE)
        if taken.coupon:
            uses.reserve(tx, taken.coupon, _CART, checkout=f"basket-{number}", member_id=members[number], at=at)
            uses.redeem(tx, taken.coupon, checkout=f"basket-{number}", at=at)
    _pay_with_points(tx, shelf, programme.holder(tx, members["14646"], at=at), at)
    card = gift_cards.issue(
        tx, "GBP", 5000, reference="counter-1", member_id=members["14911"], at=at, by=COLLEAGUE
    ).card
    gift_cards.hold(
        tx, card.card_id, 1800, currency="GBP", reference="b-1", until=at + timedelta(hours=1), at=at, by=COLLEAGUE
    )
    gift_cards.capture(tx, card.card_id, 1800, hold="b-1", reference="b-1-paid", at=at, by=COLLEAGUE)
    for number, opened in _FRIENDS:
        code = referrals.issue(tx, members[number], at=at).code
        touches = [NewTouch(code, "link_opened", at - timedelta(hours=n), source="mail") for n in range(opened)]
        referrals.touch(tx, touches, at=at)


def _pay_with_points(tx: Transaction, shelf: Shelf, holder: Holder, at: datetime) -> None:
    """A checkout that is paid, and one that is still under way."""
    paid, waits = (
        rewards.quote(tx, shelf, holder, "pound_off", _CART, reference=f"checkout-{n}", at=at, by=COLLEAGUE)
        for n in (1, 2)
    )
    for one in (paid, waits):
        rewards.hold(tx, shelf, one.redemption_id, at=at, by=COLLEAGUE)
    rewards.capture(tx, paid.redemption_id, at=at, by=COLLEAGUE)


_TAKEN: Final[tuple[tuple[str, str, str, tuple[Fulfilment, ...]], ...]] = (
    ("17841", "heart", "stamps", ("packed", "sent", "delivered")),
    ("14911", "heart", "points", ("packed",)),
    ("12748", "heart", "stamps", ()),
    ("14606", "wrap", "points", ()),
    ("15311", "spring", "stamps", ()),
    ("13089", "spring", "points", ()),
    ("14646", "card_25", "points", ()),
    ("14156", "trees", "points", ()),
)
_FRIENDS: Final = (("17841", 7), ("14911", 3), ("12748", 1))
NUMBERS: Final = frozenset({row[0] for row in (*_TAKEN, *_FRIENDS)} | {"14646"})
