"""Rewards given without points: once for each reference, owed while there is none, taken away while nobody has them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

import make
from cast import ADA as ADA_SHOPS
from conftest import NOON
from make import DAY, came_back, line, order
from programme.coupons.making import cart, pool
from programme.rewards.making import ADA, TEN_OFF, balance, give, redeem, reward, shelf
from regulars import jobs, members, programme
from regulars.programme import BadProgramme, gift_cards, rewards
from regulars.programme.coupons import uses
from regulars.programme.guesses import CodeUnknown
from regulars.programme.rewards import (
    BadRedemption,
    GiftTooLarge,
    NewGift,
    Redeemed,
    RedemptionReused,
    Reward,
    SoldOut,
    Taken,
    WrongKind,
)
from regulars.programme.tiers import Gift, Tier, TierSet
from regulars.storage import Transaction

TOY = reward("toy", stocked=True, fulfilled=True, per_member=1, tiers=("gold",))


def gift(tx: Transaction, one: Reward, reference: str = "sorry-1", **more: Any) -> Redeemed:
    new = NewGift(ADA, one.code, reference, "staff", more.pop("reason", "Late parcel"))
    return rewards.give(tx, shelf(one), new, at=NOON, by="test", **more)


def take(tx: Transaction, reference: str = "sorry-1") -> Taken:
    return rewards.take_away(tx, ADA, reference, reason="undone", at=NOON, by="test")


def told(tx: Transaction) -> list[str]:
    return tx.values("select name from facts where name like 'reward.%%' and name <> 'reward.stocked' order by fact_id")


def stock(tx: Transaction, amount: int = 5) -> None:
    rewards.change_stock(tx, "toy", amount, reason="counted", by="test", at=NOON)


def test_a_gift_costs_nothing_comes_from_stock_and_is_given_once(tx: Transaction) -> None:
    give(tx)
    stock(tx)
    first, again = gift(tx, TOY), gift(tx, TOY)
    assert (first.redemption.state, first.redemption.fulfilment, first.redemption.points) == (
        "captured",
        "requested",
        0,
    )
    assert (first.redemption.cause, first.redemption.reason) == ("staff", "Late parcel")
    assert again.redemption.redemption_id == first.redemption.redemption_id
    assert (balance(tx), rewards.stock(tx, ["toy"])["toy"].stock) == ((1000, 0), 4)
    assert told(tx) == ["reward.given", "reward.requested"]
    assert [one.redemption_id for one in rewards.to_fulfil(tx)] == [first.redemption.redemption_id]


def test_a_gift_counts_not_among_what_a_member_may_redeem(tx: Transaction) -> None:
    give(tx)
    stock(tx)
    gift(tx, TOY)
    assert redeem(tx, replace(TOY, tiers=()), "bought").redemption.captured == 100


def test_a_coupon_and_a_card_are_handed_over_with_their_codes(tx: Transaction) -> None:
    pool(tx, codes=1)
    coupon = gift(tx, reward("c", "coupon", pool="summer"))
    card = gift(tx, reward("g", "gift_card", value_minor=500), "sorry-2")
    assert coupon.coupon is not None
    assert uses.look(tx, coupon.coupon, cart(), at=NOON, member_id=ADA).worth is not None
    assert gift_cards.find_by_code(tx, card.card or "").balance == 500


@pytest.mark.parametrize(
    ("one", "more", "error"),
    [
        (TEN_OFF, {}, WrongKind),
        (TOY, {}, SoldOut),
        (reward("toy"), {"reason": ""}, BadRedemption),
        (reward("toy", points=101), {"limit": 100}, GiftTooLarge),
    ],
)
def test_what_cannot_be_given_is_refused_and_nothing_changes(
    tx: Transaction, one: Reward, more: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        gift(tx, one, **more)
    assert told(tx) == []
    assert rewards.redemptions(tx) == []


def test_a_reference_stands_for_one_reward(tx: Transaction) -> None:
    gift(tx, reward("toy"))
    with pytest.raises(RedemptionReused):
        gift(tx, reward("mug"))


def test_what_is_sold_out_is_owed_and_given_when_there_is_some_again(tx: Transaction) -> None:
    new = NewGift(ADA, "toy", "tier-1", "tier", "Gold")
    assert rewards.give_or_owe(tx, shelf(TOY), new, at=NOON, by="test") is None
    [owed] = rewards.owed(tx, member_id=ADA)
    assert (owed.why, owed.reward, owed.cause) == ("SoldOut", "toy", "tier")
    assert rewards.give_owed(tx, shelf(TOY), at=NOON) == 0
    later = NOON + timedelta(hours=2)
    assert rewards.give_owed(tx, shelf(TOY), at=later) == 1
    stock(tx)
    assert rewards.give_owed(tx, shelf(TOY), at=later) == 0
    assert rewards.give_owed(tx, shelf(TOY), at=later + timedelta(hours=2)) == 1
    assert rewards.owed(tx) == []
    assert told(tx) == ["reward.owed", "reward.given", "reward.requested"]


def test_what_was_not_sent_is_taken_away_and_what_was_is_told_once(tx: Transaction) -> None:
    stock(tx)
    gift(tx, TOY)
    assert (take(tx), take(tx), rewards.stock(tx, ["toy"])["toy"].stock) == ("cancelled", "cancelled", 5)
    sent = gift(tx, TOY, "sorry-2").redemption
    rewards.advance(tx, sent.redemption_id, "sent", at=NOON, by="test")
    assert (take(tx, "sorry-2"), take(tx, "sorry-2"), take(tx, "none")) == ("kept", "kept", "nothing")
    assert told(tx).count("reward.kept") == 1
    assert rewards.redemption(tx, sent.redemption_id).undone_at == NOON


def test_codes_are_taken_away_until_they_are_used(tx: Transaction) -> None:
    pool(tx, codes=2)
    one = reward("c", "coupon", pool="summer")
    unused, used = gift(tx, one).coupon or "", gift(tx, one, "sorry-2").coupon or ""
    uses.reserve(tx, used, cart(), checkout="b", member_id=ADA, at=NOON)
    uses.redeem(tx, used, checkout="b", at=NOON)
    assert (take(tx), take(tx, "sorry-2")) == ("cancelled", "kept")
    with pytest.raises(CodeUnknown):
        uses.look(tx, unused, cart(), at=NOON, member_id=ADA)
    card = gift(tx, reward("g", "gift_card", value_minor=500), "sorry-3").redemption
    assert take(tx, "sorry-3") == "cancelled"
    assert gift_cards.card(tx, card.card_id or 0).blocked_at == NOON
    gift(tx, reward("s", "service"), "sorry-4")
    assert take(tx, "sorry-4") == "kept"  # it was done as it was given


SILVER = Tier("silver", "Silver", "银卡", 10_000, gift=Gift(reward="toy"))
TIERS = TierSet("main", "Tiers", "等级", (Tier("bronze", "Bronze", "铜卡", 0), SILVER))


def says(tx: Transaction, **more: Any) -> None:
    make.shop(tx)
    usual: dict[str, Any] = {"tier_sets": (TIERS,), "rewards": (replace(TOY, tiers=()),)}
    programme.publish(tx, replace(programme.current(tx, at=NOON), **usual | more), at=NOON, by="test")


def buy(tx: Transaction, number: str, minor: int = 10_000) -> int:
    make.record(tx, make.shop(tx), order(number, ADA_SHOPS, line("COAT", 1, minor)))
    jobs.react_within(tx, at=NOON)
    programme.give_owed_rewards(tx, at=NOON)
    return members.by_external_id(tx, ADA_SHOPS, issuer="uk").member_id


def send_back(tx: Transaction, number: str, minor: int = 10_000) -> None:
    make.take_in(tx, make.shop(tx), came_back(f"R{number}", None, line("COAT", 1, minor), of=number), at=NOON + DAY)
    jobs.react_within(tx, at=NOON + DAY)


def test_a_tier_brings_its_reward_once_a_cycle_and_a_refund_takes_it_away_before_it_is_sent(tx: Transaction) -> None:
    says(tx)
    stock(tx)
    ada = buy(tx, "1")
    [had] = rewards.redemptions(tx, member_id=ada)
    assert (had.cause, had.reason, had.reference, had.state) == (
        "tier",
        "Silver",
        "tier/main/silver/2026-03-02",
        "captured",
    )
    send_back(tx, "1")
    [gone] = rewards.redemptions(tx, member_id=ada)
    assert (gone.state, rewards.stock(tx, ["toy"])["toy"].stock) == ("cancelled", 5)


def test_a_tiers_reward_that_was_sent_stays_and_is_told(tx: Transaction) -> None:
    says(tx)
    stock(tx)
    ada = buy(tx, "1")
    [had] = rewards.redemptions(tx, member_id=ada)
    rewards.advance(tx, had.redemption_id, "sent", at=NOON, by="test")
    send_back(tx, "1")
    assert told(tx)[-1] == "reward.kept"
    assert [one.state for one in rewards.redemptions(tx, member_id=ada)] == ["captured"]


def test_a_tier_is_reached_though_its_reward_is_sold_out(tx: Transaction) -> None:
    says(tx)
    ada = buy(tx, "1")
    assert programme.standing(tx, ada, at=NOON).tier.code == "silver"
    assert [one.why for one in rewards.owed(tx, member_id=ada)] == ["SoldOut"]
    stock(tx)
    assert programme.give_owed_rewards(tx, at=NOON + 2 * DAY) == 1
    assert [one.cause for one in rewards.redemptions(tx, member_id=ada)] == ["tier"]


def test_a_tier_that_is_lost_before_its_reward_was_handed_over_brings_none(tx: Transaction) -> None:
    says(tx)
    stock(tx)
    make.record(tx, make.shop(tx), order("1", ADA_SHOPS, line("COAT", 1, 10_000)))
    jobs.react_within(tx, at=NOON)
    assert rewards.owed(tx) == []  # nobody has tried yet
    send_back(tx, "1")
    assert programme.give_owed_rewards(tx, at=NOON + 2 * DAY) == 0
    assert told(tx) == []


def test_a_tier_or_a_referral_that_gives_what_there_is_not_is_refused(tx: Transaction) -> None:
    for code in ("none", "ten_off"):
        one = replace(TIERS, tiers=(TIERS.tiers[0], replace(SILVER, gift=Gift(reward=code))))
        with pytest.raises(BadProgramme, match=r"tier_sets\[0\]\.tiers\[1\]\.gift\.reward"):
            says(tx, tier_sets=(one,), rewards=(TEN_OFF,))
