"""Checkouts as callers write and read them."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from regulars.api._carts import Cart, Checkout, Code, CodeOf, MinorOff, Visitor
from regulars.api._redemptions import Option
from regulars.api._shapes import Country, Currency, Id, LineCategory, LineTags, MemberRef, Name, ShopRef, Text
from regulars.api.decisions import Audience, Earned, Reason

Language = Annotated[
    Literal["en", "zh"],
    Meta(description="The language of the sentences; left out: what `Accept-Language` asks for, English otherwise."),
]


class CheckoutLine(Struct, forbid_unknown_fields=True):
    """Goods that are about to be bought."""

    sku: Annotated[Text, Meta(examples=["MUG"])]
    quantity: Annotated[int, Meta(ge=1, le=10**6)]
    unit_minor: Annotated[int, Meta(ge=0, le=10**9, description="The price of one, in minor units.", examples=[1000])]
    name: Name = ""
    discount_minor: Annotated[MinorOff, Meta(description="What the shop itself takes off the whole line.")] = 0
    category: LineCategory | None = None
    tags: LineTags = []


class PointsWanted(Struct, forbid_unknown_fields=True):
    """Points to pay with."""

    most: Annotated[
        Annotated[int, Meta(ge=1, le=10**12)] | None, Meta(description="At most so many; null: as many as can be used.")
    ] = None
    point_type: CodeOf = "points"
    reward: Annotated[CodeOf | None, Meta(description="The cash off to take; null: the one that takes most off.")] = (
        None
    )


class NewCheckoutQuote(Struct, forbid_unknown_fields=True):
    """A cart, who is about to buy it, and what they would like to use for it."""

    shop: ShopRef
    lines: Annotated[list[CheckoutLine], Meta(min_length=1, max_length=1000)]
    member: Annotated[
        MemberRef | None, Meta(description="Null: a guest; what it would earn is what a new member would.")
    ] = None
    currency: Annotated[Currency | None, Meta(description="The shop's, if it is named at all.")] = None
    country: Country = ""
    shipping_minor: Annotated[MinorOff, Meta(description="What sending it costs.")] = 0
    other_minor: Annotated[
        MinorOff, Meta(description="What it comes to beside goods and shipping: fees, wrapping.")
    ] = 0
    benefits: Annotated[
        Annotated[list[CodeOf], Meta(max_length=100)] | None,
        Meta(description="The benefits to use; null: all that apply; none: none."),
    ] = None
    coupons: Annotated[list[Code], Meta(max_length=20, description="Codes to try, in this order.")] = []
    points: Annotated[PointsWanted | None, Meta(description="Points to pay with; null: none.")] = None
    gift_cards: Annotated[
        list[Code], Meta(max_length=20, description="Codes of cards to pay with, in this order.")
    ] = []
    checkout: Annotated[
        Checkout | None, Meta(description="Your name for it: what it has reserved is not counted against it.")
    ] = None
    visitor: Visitor | None = None
    language: Language | UnsetType = UNSET
    audience: Audience = "member"


class QuotedLine(Struct):
    """A line, what is taken off it, and what is left. Ordered with `discount_minor`, it earns what is said."""

    sku: str
    quantity: int
    unit_minor: int
    own_discount_minor: Annotated[int, Meta(description="The shop's own.")]
    benefit_minor: int
    coupon_minor: int
    discount_minor: Annotated[int, Meta(description="All three: the discount to order the line with.")]
    amount_minor: Annotated[int, Meta(description="What is left: by this points are earned.")]


class CheckoutBenefit(Struct):
    """A benefit of the member's tiers, and what it does here."""

    set: str
    tier: str
    code: str
    kind: str
    name_en: str
    name_zh: str
    applies: bool
    why: Annotated[
        str | None, Meta(description="Why it does not: `used_up`, `beaten`, `not_wanted`, `nothing`; null: it does.")
    ]
    off_minor: Annotated[int, Meta(description="What it takes off here.")]
    left: Annotated[int | None, Meta(description="How often it can still be used; null: as often as one likes.")]
    until: Annotated[datetime | None, Meta(description="When uses begin anew; null: it rolls.")]
    sentence: str


class CheckoutCoupon(Struct):
    """A coupon, and what it gives here."""

    code: str
    tried: Annotated[bool, Meta(description="False: one of the member's own that could be used beside them.")]
    usable: bool
    why: Annotated[str | None, Meta(description="Why not, as a word: `unknown`, `over`, `spend_more` …; null: it is.")]
    pool: Annotated[str | None, Meta(description="Null: the code is none that is good here.")]
    name_en: str
    name_zh: str
    discount_minor: int
    free_shipping: bool
    sku: Annotated[str | None, Meta(description="What is given along.")]
    ends_at: datetime | None
    sentence: str


class CheckoutOption(Struct):
    """A reward at a price, and whether it can be had here."""

    option: Option
    step_minor: Annotated[int, Meta(description="Of cash off: what one price takes off.")]
    sentence: str


class CheckoutPoints(Struct):
    """Points that are paid with: quote this reward so many times to have it."""

    reward: str
    point_type: str
    times: int
    points: int
    value_minor: int
    sentence: str


class CheckoutCard(Struct):
    """A gift card, and what would be paid with it."""

    id: Annotated[Id | None, Meta(description="Null: the code is none.")]
    tried: Annotated[bool, Meta(description="False: one of the member's own.")]
    ends_with: str
    currency: str | None
    available_minor: int
    amount_minor: Annotated[int, Meta(description="What would be taken off it.")]
    why: Annotated[
        str | None, Meta(description="Why nothing can: `unknown`, `blocked`, `expired`, `currency`, `empty`.")
    ]
    sentence: str


class CheckoutWay(Struct):
    """Where the member stands in a set of tiers, and what this order would bring."""

    set: str
    tier: str
    next_tier: str | None
    missing: Annotated[int, Meta(description="To the next tier now, in minor units of what the set counts.")]
    brings: Annotated[int, Meta(description="What this order counts.")]
    missing_after: int
    following: Annotated[str, Meta(description="What reaches the next tier.")]
    sentence: Annotated[str | None, Meta(description="What this order brings.")]


class CheckoutStep(Struct):
    """One step of the sum."""

    kind: Literal[
        "goods", "discount", "benefit", "coupon", "shipping", "free_shipping", "other", "points", "gift_card"
    ]  # fmt: skip
    name: Annotated[str, Meta(description="Which benefit, coupon, reward or card.")]
    amount_minor: Annotated[int, Meta(description="What it adds; below 0: what it takes off.")]
    total_minor: Annotated[int, Meta(description="What it comes to by then.")]


class CheckoutTotals(Struct):
    """What it comes to."""

    goods_minor: Annotated[int, Meta(description="Goods, all discounts taken off: by this points are earned.")]
    shipping_minor: int
    total_minor: Annotated[int, Meta(description="Of the order, whatever it is paid with.")]
    points_minor: Annotated[int, Meta(description="Paid with points.")]
    gift_card_minor: int
    to_pay_minor: Annotated[int, Meta(description="In money.")]


class CheckoutQuote(Struct):
    """Everything there is to say about a cart."""

    currency: str
    guest: bool
    earned: Annotated[list[Earned], Meta(description="What it earns, ordered with the discounts of `lines`.")]
    rate: Annotated[bool, Meta(description="False: the programme has no rate for this currency, so it earns nothing.")]
    reasons: Annotated[list[Reason], Meta(description="Of every rule, in the order of the document.")]
    lines: list[QuotedLine]
    benefits: list[CheckoutBenefit]
    coupons: list[CheckoutCoupon]
    options: list[CheckoutOption]
    points: Annotated[CheckoutPoints | None, Meta(description="What points pay; null: nothing.")]
    gift_cards: list[CheckoutCard]
    ways: Annotated[list[CheckoutWay], Meta(description="By set of tiers; the main one first.")]
    steps: Annotated[list[CheckoutStep], Meta(description="The sum, in its order.")]
    totals: CheckoutTotals
    coupon_cart: Annotated[Cart, Meta(description="Reserve the coupons with this cart, in the order tried.")]
    reward_cart: Annotated[Cart, Meta(description="Quote cash off with this one.")]
    sentence: str
