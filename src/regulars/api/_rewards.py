"""Rewards as callers write them in the programme, and as they read them."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from regulars.api._carts import CodeOf, MinorOff
from regulars.api._shapes import Instant, Text
from regulars.api._terms import Span

RewardKind = Literal[
    "cash_off", "gift", "coupon", "gift_card", "donation", "service", "trial", "upgrade", "trade_in", "early_access"
]


class Price(Struct, forbid_unknown_fields=True):
    """What a reward costs in one type of points; with a tier, whoever has that tier."""

    points: Annotated[int, Meta(ge=0, le=10**12, examples=[500])]
    point_type: CodeOf = "points"
    tier: CodeOf | None = None


class Reward(Struct, forbid_unknown_fields=True):
    """Something a member can have for points."""

    code: Annotated[CodeOf, Meta(examples=["pound_off"])]
    name_en: Annotated[Text, Meta(examples=["A pound off"])]
    name_zh: Annotated[Text, Meta(examples=["立减一镑"])]
    kind: Annotated[RewardKind, Meta(examples=["cash_off"])]
    prices: Annotated[
        list[Price],
        Meta(
            min_length=1, max_length=50, description="Any one of them; of several in one type, the least that applies."
        ),
    ]
    value_minor: Annotated[
        MinorOff,
        Meta(
            description="What it is worth: of cash off, what one price takes off; of a card, what is on it.",
            examples=[100],
        ),
    ] = 0
    sku: Annotated[Text | None, Meta(description="Of a gift: the product.")] = None
    pool: Annotated[CodeOf | None, Meta(description="Of a coupon: the pool it is taken from.")] = None
    lasts: Annotated[Span | None, Meta(description="Of a gift card: how long it lasts; null: for ever.")] = None
    stocked: Annotated[bool, Meta(description="Whether its stock is counted.")] = False
    fulfilled: Annotated[bool, Meta(description="Whether somebody has to pack, send or do something.")] = False
    valid_from: Instant | None = None
    valid_until: Annotated[Instant | None, Meta(description="From then on it is not to be had any more.")] = None
    tiers: Annotated[list[CodeOf], Meta(max_length=50, description="Who can have it; none: everybody.")] = []
    per_member: Annotated[
        Annotated[int, Meta(ge=1, le=10**6)] | None, Meta(description="How often one member can have it.")
    ] = None
    per: Annotated[
        Literal["day", "week", "month", "year"] | None,
        Meta(description="In which time, by the programme's calendar; null: ever."),
    ] = None
    total: Annotated[
        Annotated[int, Meta(ge=1, le=10**12)] | None, Meta(description="How often it can be had in all.")
    ] = None
    least_minor: Annotated[MinorOff, Meta(description="What the goods in the cart cost at least.")] = 0
    most_percent: Annotated[int, Meta(ge=1, le=100, description="How much of the goods cash off can pay.")] = 100
    quote_minutes: Annotated[int, Meta(ge=1, le=1440, description="How long a quoted price holds.")] = 15
    hold_minutes: Annotated[int, Meta(ge=1, le=43_200, description="How long a checkout keeps the points.")] = 60
    returns: Annotated[
        Literal["pro_rata", "money_first", "points_first"],
        Meta(description="What comes back first when goods come back that were paid with points in part."),
    ] = "pro_rata"
