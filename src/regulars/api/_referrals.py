"""The programme's referrals as callers write them."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

_CODE = "^[a-z][a-z0-9_]{0,31}$"
_DOMAIN = r"^[a-z0-9-]+(\.[a-z0-9-]+)+$"
RewardCode = Annotated[str, Meta(pattern=_CODE)]
Link = Annotated[str, Meta(max_length=500, pattern=r"^https://[^\x00-\x20\x7f]*\{code\}[^\x00-\x20\x7f]*$")]
Kind = Literal["email", "phone", "device", "payment", "address", "network"]


class Thanks(Struct, forbid_unknown_fields=True):
    """What one side gets: points of a type, or a reward by its code."""

    points: Annotated[int, Meta(ge=0, le=10**12, examples=[500])] = 0
    point_type: Annotated[str, Meta(pattern=_CODE)] = "points"
    reward: Annotated[RewardCode | None, Meta(description="Instead of points: a reward's code.")] = None


class Milestone(Struct, forbid_unknown_fields=True):
    """What an advocate gets besides, when so many friends have been rewarded."""

    friends: Annotated[int, Meta(ge=1, le=10**6, examples=[5])]
    gives: Thanks


class Referral(Struct, forbid_unknown_fields=True):
    """How members are rewarded for bringing friends."""

    advocate: Annotated[
        Thanks | None, Meta(description="What who brings a friend gets.", examples=[{"points": 500}])
    ] = None
    friend: Annotated[Thanks | None, Meta(description="What the friend gets, once.")] = None
    when: Annotated[
        Literal["joined", "first_order", "every_order"],
        Meta(description="What is rewarded: joining, the friend's first complete order, or every one."),
    ] = "first_order"
    complete: Annotated[Literal["paid", "delivered"], Meta(description="When an order is complete.")] = "paid"
    milestones: Annotated[list[Milestone], Meta(max_length=50)] = []
    least_minor: Annotated[int, Meta(ge=0, le=10**12, description="What the goods of the order cost at least.")] = 0
    return_days: Annotated[int, Meta(ge=0, le=730, description="How long what is given waits for returns.")] = 30
    most: Annotated[
        Annotated[int, Meta(ge=1, le=10**6)] | None,
        Meta(description="Rewards for an advocate in a period; null: any number."),
    ] = None
    per: Literal["day", "week", "month", "year"] = "month"
    attribution_days: Annotated[int, Meta(ge=1, le=730, description="How long before joining a touch counts.")] = 30
    between: Annotated[
        Literal["first_touch", "last_touch"], Meta(description="Which touch decides between two advocates.")
    ] = "last_touch"
    typed_code_wins: Annotated[bool, Meta(description="A typed code goes before links and apps.")] = True
    code_after_join_days: Annotated[
        int, Meta(ge=0, le=365, description="How long after joining a code may still be typed.")
    ] = 0
    self_referral: Annotated[
        list[Kind], Meta(max_length=6, description="Who has one of these in common with the advocate is refused.")
    ] = field(default_factory=lambda: ["email", "payment"])
    hold_from: Annotated[int, Meta(ge=1, le=101, description="From which score a reward waits for a person.")] = 50
    refuse_from: Annotated[int, Meta(ge=1, le=101, description="From which score nothing is given; 101: never.")] = 100
    review_days: Annotated[
        int, Meta(ge=1, le=730, description="How long after the return window a held reward waits; then it is lost.")
    ] = 60
    advocate_returns: Annotated[
        Literal["whole", "in_proportion", "keep"], Meta(description="What goes back when goods come back.")
    ] = "in_proportion"
    friend_returns: Literal["whole", "in_proportion", "keep"] = "in_proportion"
    advocate_shortfall: Annotated[
        Literal["owed", "forgiven"], Meta(description="What becomes of points taken back that were spent.")
    ] = "owed"
    friend_shortfall: Literal["owed", "forgiven"] = "owed"
    disposable_domains: Annotated[
        list[Annotated[str, Meta(pattern=_DOMAIN, max_length=253)]],
        Meta(max_length=10_000, description="Domains of throw-away mail, besides those that are known."),
    ] = []
    link: Annotated[
        Link | None,
        Meta(description="The address that brings a friend.", examples=["https://shop.example/?ref={code}"]),
    ] = None
