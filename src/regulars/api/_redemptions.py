"""Redemptions as callers write and read them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from regulars.api._carts import Cart, CodeOf, MinorOff, Reference150, Said
from regulars.api._paging import Paging
from regulars.api._rewards import Price, Reward, RewardKind
from regulars.api._shapes import Id, MemberRef, Text

State = Literal["quoted", "held", "captured", "fulfilled", "released", "lapsed", "cancelled", "refunded"]
Fulfilment = Literal["requested", "packed", "sent", "delivered"]


class OnShelf(Struct):
    """A reward in force, and what is left of it."""

    reward: Reward
    stock: Annotated[int | None, Meta(description="Null: not counted.")]
    taken: Annotated[int, Meta(description="How often it was taken, where that is limited or counted.")]


class Asked(Struct, forbid_unknown_fields=True):
    """For which cart."""

    cart: Annotated[Cart | None, Meta(description="Without one, cash off cannot say how much.")] = None


class Why(Struct):
    """One thing that is in the way."""

    why: Annotated[str, Meta(description="As a word for programs: `short`, `tier`, `sold_out`, `used` …")]
    reason: Annotated[str, Meta(description="In words.", examples=["120 points short"])]
    values: dict[str, Any]


class Option(Struct):
    """A reward at a price, and what is in the way."""

    code: str
    name_en: str
    name_zh: str
    kind: RewardKind
    price: Price
    usable: bool
    times: Annotated[int, Meta(description="Of cash off: how often it can be taken in this cart.")]
    points: int
    value_minor: int
    reasons: list[Why]


class NewRedemption(Struct, forbid_unknown_fields=True):
    """A reward to take."""

    reward: CodeOf
    reference: Reference150
    point_type: CodeOf = "points"
    cart: Annotated[Cart | None, Meta(description="Where the reward asks for a least cart.")] = None
    note: Annotated[Text | None, Meta(description="For whoever fulfils it: what to engrave, say.")] = None


class NewRewardGift(Struct, forbid_unknown_fields=True):
    """A reward to give without points."""

    reward: CodeOf
    reference: Reference150
    reason: Said


class OwedReward(Struct):
    """A reward that could not be given yet; it is tried again every hour."""

    member: Id
    reward: str
    reference: str
    cause: Literal["tier", "referral", "staff"]
    reason: str
    why: Annotated[
        str, Meta(description="What keeps it from being given, as the code of a problem.", examples=["SoldOut"])
    ]
    since: datetime


class NewQuote(Struct, forbid_unknown_fields=True):
    """Cash off to quote."""

    reward: CodeOf
    reference: Reference150
    cart: Cart
    point_type: CodeOf = "points"
    times: Annotated[
        Annotated[int, Meta(ge=1, le=10**9)] | None,
        Meta(description="How often it is taken; as often as it can be, unless given."),
    ] = None


class Redemption(Struct):
    """A reward on its way to a member."""

    id: Id
    member: Id
    reward: str
    kind: RewardKind
    reference: str
    state: State
    fulfilment: Annotated[Fulfilment | None, Meta(description="Null: nobody has to do anything.")]
    point_type: str
    points: int
    value_minor: int
    currency: str
    captured: Annotated[int, Meta(description="Points taken so far.")]
    captured_minor: int
    refunded: Annotated[int, Meta(description="Points given back.")]
    refunded_minor: int
    good_until: Annotated[datetime | None, Meta(description="Of a quote or a hold: when it ends by itself.")]
    gift_card: Id | None
    note: str | None
    cause: Annotated[
        Literal["tier", "referral", "staff"] | None,
        Meta(description="For what it was given without points; null: it was paid."),
    ]
    reason: str | None
    undone_at: Annotated[
        datetime | None, Meta(description="Since when it stays though what it was given for was undone.")
    ]
    created_at: datetime
    changed_at: datetime


class Redeemed(Struct):
    """A reward taken, with the code that belongs to it."""

    redemption: Redemption
    coupon: Annotated[str | None, Meta(description="The code, of a coupon.")]
    gift_card_code: Annotated[str | None, Meta(description="Of a gift card: shown this once.")]


class Capture(Struct, forbid_unknown_fields=True):
    """How much to take."""

    upto_minor: Annotated[
        Annotated[int, Meta(ge=1, le=10**12)] | None,
        Meta(description="What is captured of its value by now, all told; null: all."),
    ] = None


class GoodsBack(Struct, forbid_unknown_fields=True):
    """Goods that came back of an order paid with points in part."""

    returned_minor: Annotated[MinorOff, Meta(description="What has come back by now, all told.", examples=[500])]
    of_minor: Annotated[
        int, Meta(ge=1, le=10**15, description="What the order's goods cost, points included.", examples=[2000])
    ]


class Settled(Struct):
    """What goes back, and how."""

    redemption: Redemption
    points: Annotated[int, Meta(description="Points given back now.")]
    points_minor: Annotated[int, Meta(description="What they stand for.")]
    money_minor: Annotated[int, Meta(description="What is to be given back in money.")]


class Undoing(Struct, forbid_unknown_fields=True):
    """Why a reward is given back."""

    reason: Said
    restock: Annotated[bool, Meta(description="Whether the gift can be had again.")] = True


class Step(Struct, forbid_unknown_fields=True):
    """How far a reward has come."""

    to: Literal["packed", "sent", "delivered"]
    note: Annotated[Text | None, Meta(description="A parcel number, say.")] = None


class StockChange(Struct, forbid_unknown_fields=True):
    """What came in, or went."""

    amount: Annotated[int, Meta(ge=-(10**12), le=10**12, description="Below 0: taken off. Not 0.", examples=[50])]
    reason: Said


class KnownStockChange(Struct):
    """A change of what is left."""

    reward: str
    amount: int
    stock: Annotated[int, Meta(description="What was left after it.")]
    reason: str
    redemption: Id | None
    at: datetime
    by: str


class PagingOfRedemptions(Paging, forbid_unknown_fields=True, kw_only=True):
    """Which redemptions."""

    member: Annotated[MemberRef | None, Meta(description="Of one member.")] = None
    reward: Annotated[CodeOf | None, Meta(description="Of one reward.")] = None
    waiting: Annotated[
        Literal["true", "false"],
        Meta(
            description="`true`: only what somebody has to pack, send or do, the longest waiting first, of all members."
        ),
    ] = "false"
