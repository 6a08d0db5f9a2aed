"""Rewards: what members can have for points, from the offer to the door.

The invariant: the points and what they are for move in one transaction or not at all; nothing is given that is not in stock,
beyond a limit, or for points that are not there, however many ask at once; and a price promised is kept.

    shelf, ada = programme.shelf(tx, at=now), programme.holder(tx, member_id, at=now)
    [str(why) for why in rewards.options(tx, shelf, ada, cart, at=now)[0].reasons]   # ['120 points short']
    quoted = rewards.quote(tx, shelf, ada, "ten_off", cart, reference="basket-1", at=now, by="key_…")
    rewards.hold(tx, shelf, quoted.redemption_id, at=now, by="key_…")
    rewards.capture(tx, quoted.redemption_id, at=now, by="key_…")
    rewards.give(tx, shelf, NewGift(member_id, "mug", "sorry-17", "staff", "Late parcel"), at=now, by="Ada")
"""

from regulars.programme.rewards._checkouts import (
    CapturesTooMuch,
    QuoteOver,
    Settled,
    capture,
    hold,
    lapse_due,
    quote,
    release,
    settle_return,
)
from regulars.programme.rewards._gifts import (
    GiftTooLarge,
    NewGift,
    Taken,
    any_owed,
    give,
    give_or_owe,
    give_owed,
    owed,
    take_away,
)
from regulars.programme.rewards._options import Option, Reason, RewardRefused, options
from regulars.programme.rewards._options import Why as WhyNoReward
from regulars.programme.rewards._queries import Cause, Owed, Redemption, State, Stock, StockChange
from regulars.programme.rewards._redemptions import (
    BadRedemption,
    NoPrice,
    Redeemed,
    RedemptionNotFound,
    RedemptionReused,
    RewardNotFound,
    WrongKind,
    WrongState,
    advance,
    found_on,
    give_back,
    promised,
    redeem,
    redemption,
    redemptions,
    to_fulfil,
)
from regulars.programme.rewards._rules import (
    FULFILMENTS,
    KINDS,
    Fulfilment,
    Holder,
    Kind,
    Price,
    Reward,
    Shelf,
    check_rewards,
    givable,
    prices_for,
)
from regulars.programme.rewards._stock import (
    BadStock,
    SoldOut,
    StockTooLow,
    TotalReached,
    change_stock,
    stock,
    stock_changes,
)

__all__ = [
    "FULFILMENTS",
    "KINDS",
    "BadRedemption",
    "BadStock",
    "CapturesTooMuch",
    "Cause",
    "Fulfilment",
    "GiftTooLarge",
    "Holder",
    "Kind",
    "NewGift",
    "NoPrice",
    "Option",
    "Owed",
    "Price",
    "QuoteOver",
    "Reason",
    "Redeemed",
    "Redemption",
    "RedemptionNotFound",
    "RedemptionReused",
    "Reward",
    "RewardNotFound",
    "RewardRefused",
    "Settled",
    "Shelf",
    "SoldOut",
    "State",
    "Stock",
    "StockChange",
    "StockTooLow",
    "Taken",
    "TotalReached",
    "WhyNoReward",
    "WrongKind",
    "WrongState",
    "advance",
    "any_owed",
    "capture",
    "change_stock",
    "check_rewards",
    "found_on",
    "givable",
    "give",
    "give_back",
    "give_or_owe",
    "give_owed",
    "hold",
    "lapse_due",
    "options",
    "owed",
    "prices_for",
    "promised",
    "quote",
    "redeem",
    "redemption",
    "redemptions",
    "release",
    "settle_return",
    "stock",
    "stock_changes",
    "take_away",
    "to_fulfil",
]
