"""Rewards, coupons and gift cards for a shop whose console is looked at."""

from dataclasses import replace
from datetime import timedelta

from conftest import NOON
from regulars import members, programme
from regulars.app import App
from regulars.programme import coupons, gift_cards, rewards
from regulars.programme.coupons import Cart, CartLine, NewPool, Terms, uses
from regulars.programme.rewards import Price, Reward
from regulars.types import to_public

REWARDS = (
    Reward("toy", "Wooden toy", "木玩具", "gift", (Price(50), Price(30, tier="gold")), sku="TOY", stocked=True, fulfilled=True, per_member=5, per="month"),
    Reward("off", "A pound off", "立减一镑", "cash_off", (Price(100),), value_minor=100, least_minor=500, valid_until=NOON + timedelta(days=60)),
    Reward("ten", "Ten percent", "九折券", "coupon", (Price(0),), pool="summer"),
    Reward("card", "Gift card", "礼品卡", "gift_card", (Price(10),), value_minor=500, tiers=("bronze", "silver", "gold")),
    Reward("wrap", "Gift wrap", "礼品包装", "service", (Price(0, "stars"), Price(0)), stocked=True, total=9),
)  # fmt: skip


def furnish(app: App) -> dict[str, str]:
    """Have rewards, and Ada take some; the addresses of their pages by a name."""
    common = {"at": NOON, "by": "test"}
    with app.database.transaction() as tx:
        held = programme.current(tx, at=NOON)
        programme.publish(tx, replace(held, rewards=REWARDS), **common)  # pyright: ignore[reportArgumentType]
        coupons.open_pool(tx, NewPool("summer", "Summer", "夏季", Terms("percent", 10), low_water=5), **common)  # pyright: ignore[reportArgumentType]
        once = Terms(
            "amount", amount_minor=500, currency="GBP", least_minor=2000, per_code=None, per_member=2, total=99
        )
        coupons.open_pool(tx, NewPool("hello", "Welcome", "欢迎", once, shared=True), **common)  # pyright: ignore[reportArgumentType]
        coupons.generate(tx, "summer", 6, prefix="SUN", **common)  # pyright: ignore[reportArgumentType]
        coupons.share_code(tx, "hello", "HELLO26", **common)  # pyright: ignore[reportArgumentType]
        rewards.change_stock(tx, "toy", 20, reason="delivered", **common)  # pyright: ignore[reportArgumentType]
        ada = members.by_external_id(tx, "ada", issuer="uk").member_id
        shelf, holder = programme.shelf(tx, at=NOON), programme.holder(tx, ada, at=NOON)
        toy = rewards.redeem(tx, shelf, holder, "toy", reference="t1", note="blue", **common)  # pyright: ignore[reportArgumentType]
        ten = rewards.redeem(tx, shelf, holder, "ten", reference="t2", **common)  # pyright: ignore[reportArgumentType]
        rewards.redeem(tx, shelf, holder, "card", reference="t3", **common)  # pyright: ignore[reportArgumentType]
        uses.reserve(
            tx, ten.coupon or "", Cart("GBP", (CartLine("MUG", 1, 999),)), checkout="b1", member_id=ada, at=NOON
        )
        card = gift_cards.issue(tx, "GBP", 2500, reference="shop-1", member_id=ada, **common).card  # pyright: ignore[reportArgumentType]
        gift_cards.hold(
            tx, card.card_id, 500, currency="GBP", reference="b1", until=NOON + timedelta(hours=1), **common
        )  # pyright: ignore[reportArgumentType]
    return {
        "rewards": "/rewards",
        "reward": "/rewards/toy",
        "rewards to send": "/rewards/queue",
        "redemption": f"/rewards/redemptions/{to_public('rdm', toy.redemption.redemption_id)}",
        "coupons": "/coupons",
        "coupon pool": "/coupons/summer",
        "coupon pool, shared": "/coupons/hello",
        "coupon pool, new": "/coupons/new",
        "gift cards": "/gift-cards",
        "gift card": f"/gift-cards/{to_public('gft', card.card_id)}",
        "gift card, new": "/gift-cards/new",
        "reward given": f"/members/{to_public('mem', ada)}/rewards/gift",
        "member's rewards": f"/members/{to_public('mem', ada)}?tab=rewards",
    }
