"""Earning rules as callers write them."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from regulars.api._events import EventCode
from regulars.api._shapes import Currency, Instant, Text
from regulars.api._terms import Span, Terms

Code = Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,31}$", examples=["double_day"])]
Expression = Annotated[str, Meta(min_length=1, max_length=2000)]
Most = Annotated[int, Meta(ge=1, le=10**12)]


class Limit(Struct, forbid_unknown_fields=True):
    """What one member gets by a rule within a period of the calendar, in the programme's time zone; weeks begin on Monday."""

    per: Annotated[Literal["day", "week", "month", "year", "ever"], Meta(examples=["month"])]
    most_points: Most | None = None
    most_times: Annotated[Most | None, Meta(description="For how many orders.")] = None


class Challenge(Struct, forbid_unknown_fields=True):
    """So much of something within a period of the calendar: reached once in each."""

    reach: Annotated[Most, Meta(description="How much it takes.", examples=[5])]
    counts: Annotated[Expression, Meta(description="What each order or event counts.", examples=["1"])] = "1"
    per: Literal["day", "week", "month", "year", "ever"] = "month"


class Streak(Struct, forbid_unknown_fields=True):
    """Something in so many days, weeks or months one after the other."""

    times: Annotated[int, Meta(ge=2, le=366, examples=[7])]
    per: Literal["day", "week", "month"] = "day"


class Rule(Struct, forbid_unknown_fields=True):
    """One way to earn. The language of `when` and `points` is described in docs/reference/expressions.md."""

    code: Code
    name_en: Annotated[Text, Meta(examples=["Goods"])]
    name_zh: Annotated[Text, Meta(examples=["商品"])]
    points: Annotated[
        Expression,
        Meta(
            description="How many points; of a multiplier, how many per cent of the base points altogether: 200 for double.",
            examples=["line.amount_minor / 10"],
        ),
    ]
    per: Annotated[
        Literal["line", "order"],
        Meta(description="Of a rule for orders: whether it looks at each line of goods, or at the order."),
    ] = "line"
    on: Annotated[
        Literal["order", "event", "birthday", "joined_anniversary", "first_order_anniversary"],
        Meta(description="What it is for."),
    ] = "order"
    event: Annotated[EventCode | None, Meta(description="With `on` event: its code.")] = None
    challenge: Annotated[Challenge | None, Meta(description="It gives when so much has come together.")] = None
    streak: Annotated[Streak | None, Meta(description="It gives for so many periods in a row.")] = None
    when: Annotated[Expression, Meta(description="On which condition.", examples=["order.goods_minor >= 30000"])] = (
        "true"
    )
    kind: Annotated[
        Literal["base", "bonus", "multiplier"],
        Meta(description="Base points are what multipliers multiply; a bonus is not multiplied."),
    ] = "base"
    point_type: Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,31}$", examples=["points"])] = "points"
    rounding: Annotated[
        Literal["down", "half_even", "up"], Meta(description="Where the last division leaves a fraction.")
    ] = "down"
    starts_at: Annotated[Instant | None, Meta(description="What was placed, happened or came from then on.")] = None
    ends_at: Annotated[Instant | None, Meta(description="What was placed, happened or came before then.")] = None
    stack: Annotated[
        Literal["add", "best", "exclusive"],
        Meta(
            description="`best`: of its group only the one that gives most. `exclusive`: when it gives something, those after it give nothing."
        ),
    ] = "add"
    group: Code | None = None
    most_per_order: Most | None = None
    limits: Annotated[list[Limit], Meta(max_length=8)] = []
    cooldown: Annotated[
        Span | None, Meta(description="How long after an order that it gave something for it gives nothing.")
    ] = None
    terms: Annotated[Terms | None, Meta(description="Null: as the programme says.")] = None
    budget: Annotated[Code | None, Meta(description="Out of which budget it gives; null: out of none.")] = None


class Rate(Struct, forbid_unknown_fields=True):
    """What another currency is worth: so many minor units of the programme's for so many of its own."""

    currency: Currency
    to_minor: Annotated[int, Meta(ge=1, le=10**6, examples=[86])]
    per_minor: Annotated[int, Meta(ge=1, le=10**6, examples=[100])]
