"""Sets of tiers as callers write them, and as they are answered."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from regulars.api._shapes import Text
from regulars.api._terms import Span

Code = Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,31}$", examples=["silver"])]
Note = Annotated[str, Meta(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]


class Measure(Struct, forbid_unknown_fields=True, frozen=True):
    """What qualifies."""

    by: Annotated[
        Literal["spend", "points", "orders", "event"],
        Meta(description="Net spend on goods, points earned of a type, orders of which anything is kept, or events."),
    ] = "spend"
    of: Annotated[
        Annotated[str, Meta(max_length=100)] | None,
        Meta(description="Of `points` the point type, of `event` the fact's name, `order.delivered` say."),
    ] = None


class Window(Struct, forbid_unknown_fields=True, frozen=True):
    """Over how long it is counted."""

    kind: Annotated[
        Literal["rolling", "calendar", "anniversary"],
        Meta(description="The last `months`; the year from `day` of `month` on; the year from the day of joining on."),
    ] = "rolling"
    months: Annotated[int, Meta(ge=1, le=120)] = 12
    month: Annotated[int, Meta(ge=1, le=12)] = 1
    day: Annotated[int, Meta(ge=1, le=31)] = 1


class Benefit(Struct, forbid_unknown_fields=True, frozen=True):
    """Something that whoever has the tier is entitled to."""

    code: Annotated[Code, Meta(examples=["shipping"])]
    kind: Literal[
        "discount",
        "free_shipping",
        "agent",
        "early_access",
        "multiplier",
        "birthday_gift",
        "free_trial",
        "free_upgrade",
        "trade_in",
        "custom",
    ]
    name_en: Annotated[Text, Meta(examples=["Free shipping"])]
    name_zh: Annotated[Text, Meta(examples=["免运费"])]
    value: Annotated[
        Annotated[int, Meta(ge=0, le=10**15)] | None,
        Meta(description="Of a discount the percent, of a multiplier the hundredths, of a trial the days."),
    ] = None
    note_en: Note = ""
    note_zh: Note = ""
    uses: Annotated[
        Annotated[int, Meta(ge=1, le=10**6)] | None,
        Meta(description="How often in a cycle; null: as often as one likes."),
    ] = None


class Gift(Struct, forbid_unknown_fields=True, frozen=True):
    """What reaching the tier brings, once in a cycle."""

    points: Annotated[int, Meta(ge=0, le=10**12)] = 0
    point_type: Code = "points"
    reward: Annotated[Code | None, Meta(description="A reward, by its code.")] = None


class Membership(Struct, forbid_unknown_fields=True, frozen=True):
    """The product that buys the tier, and for how long."""

    sku: Text
    lasts: Span


class Tier(Struct, forbid_unknown_fields=True, frozen=True):
    """A tier: from how much on it is reached, and how much keeps it, in minor units of what counts."""

    code: Code
    name_en: Annotated[Text, Meta(examples=["Silver"])]
    name_zh: Annotated[Text, Meta(examples=["银卡"])]
    reach: Annotated[int, Meta(ge=0, le=10**15, examples=[100_000])]
    keep: Annotated[
        Annotated[int, Meta(ge=0, le=10**15)] | None, Meta(description="Null: as much as reaching it takes.")
    ] = None
    benefits: Annotated[
        list[Benefit],
        Meta(max_length=50, description="With those of the lower tiers, but for those of the same code."),
    ] = []
    gift: Gift | None = None
    membership: Membership | None = None


class TierSet(Struct, forbid_unknown_fields=True, frozen=True):
    """Tiers, and how they are reached, kept and lost."""

    code: Annotated[Code, Meta(examples=["main"])]
    name_en: Annotated[Text, Meta(examples=["Tiers"])]
    name_zh: Annotated[Text, Meta(examples=["等级"])]
    tiers: Annotated[
        list[Tier], Meta(min_length=1, max_length=20, description="From the lowest, which begins at 0, to the highest.")
    ]
    measure: Measure = Measure()
    window: Window = Window()
    zone: Annotated[
        Literal["member", "shop", "programme"],
        Meta(
            description="Whose time zone years begin in: the member's (its attribute `time_zone`), their shop's, or the "
            "programme's. Each cycle keeps the one it began with."
        ),
    ] = "programme"
    grace: Annotated[Span, Meta(description="How long a tier is still had when it is not kept.")] = Span(0, "day")
    stay: Annotated[Span, Meta(description="How long a tier is had at least.")] = Span(0, "day")
    downgrade: Annotated[
        Literal["to_earned", "one_step", "never"],
        Meta(description="Where whoever does not keep a tier falls: to what was earned, one tier a cycle, or nowhere."),
    ] = "to_earned"
    refunds: Annotated[
        Literal["at_once", "cycle_end"],
        Meta(description="When goods that came back count against keeping a tier. They never help to reach one."),
    ] = "at_once"
    notice_days: Annotated[
        int,
        Meta(ge=0, le=366, description="How many days before a tier is lost `tier.at_risk` tells it; 0: not at all."),
    ] = 0
    approval: Annotated[bool, Meta(description="A second person decides on tiers given by hand.")] = False
