"""How long points last, and how long they wait, as callers write it: told apart by `kind`."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct

from regulars.api._shapes import Instant

Period = Annotated[
    Literal["day", "month", "quarter", "year"],
    Meta(description="Rounded up to the end of the day, month, quarter or year in the programme's time zone."),
]


class Span(Struct, forbid_unknown_fields=True, frozen=True):
    """So many days, months or years on the calendar: a month after 31 January is the last of February."""

    count: Annotated[int, Meta(ge=0, le=18_300, description="At most fifty years.", examples=[12])]
    unit: Annotated[Literal["day", "month", "year"], Meta(examples=["month"])]


class Rolling(Struct, forbid_unknown_fields=True, tag_field="kind", tag="rolling"):
    """Until so long after earning, and then to the end of that day, month, quarter or year."""

    lasts: Span
    end_of: Period = "day"


class PeriodEnd(Struct, forbid_unknown_fields=True, tag_field="kind", tag="period_end"):
    """Until the first end of a month, quarter or year that leaves them at least so long."""

    end_of: Annotated[Literal["month", "quarter", "year"], Meta(examples=["year"])]
    at_least: Span = Span(0, "day")


class Yearly(Struct, forbid_unknown_fields=True, tag_field="kind", tag="yearly"):
    """Until the first such day of a year, 31 March for instance, that leaves them at least so long; that day included."""

    month: Annotated[int, Meta(ge=1, le=12, examples=[3])]
    day: Annotated[int, Meta(ge=1, le=31, examples=[31])]
    at_least: Span = Span(0, "day")


class Sliding(Struct, forbid_unknown_fields=True, tag_field="kind", tag="sliding"):
    """All that an account holds, until so long after its last activity."""

    lasts: Span
    end_of: Period = "day"
    activity: Annotated[Literal["earning", "earning_and_spending"], Meta(description="What counts as an activity.")] = (
        "earning"
    )


class UntilDay(Struct, forbid_unknown_fields=True, tag_field="kind", tag="until"):
    """Until a day, the same for all; what is earned on it or later does not wait."""

    day: Annotated[date, Meta(description="A day in the programme's time zone.", examples=["2026-12-01"])]


class AfterSpan(Struct, forbid_unknown_fields=True, tag_field="kind", tag="after"):
    """Until so many whole days, months or years are over: the time for returns."""

    waits: Span


class MonthDay(Struct, forbid_unknown_fields=True, tag_field="kind", tag="month_day"):
    """Until a day of the month that is so many months on. With 0 months, the first such day after earning."""

    day: Annotated[int, Meta(ge=1, le=31, description="The last day where a month is shorter.", examples=[15])]
    months: Annotated[int, Meta(ge=0, le=24)] = 1


class AtEvent(Struct, forbid_unknown_fields=True, tag_field="kind", tag="event"):
    """Until an event comes, or a time is over without it."""

    event: Annotated[
        str,
        Meta(
            pattern="^[A-Za-z_][A-Za-z0-9_]{0,99}$",
            description="`delivered` comes by itself when all deliveries of the order have arrived. Another, `installed` "
            "say, is told for each order as `installed:ord_…` by `POST /v1/fulfilments`.",
            examples=["delivered"],
        ),
    ]
    within: Span
    otherwise: Annotated[
        Literal["mature", "lapse"], Meta(description="Without it they become available all the same, or are lost.")
    ] = "mature"


Expiry = Rolling | PeriodEnd | Yearly | Sliding
Pending = UntilDay | AfterSpan | MonthDay | AtEvent

_NEITHER = "With neither, the programme says, for this kind of points."
ExpiresAt = Annotated[
    Instant | None,
    Meta(
        description="The first instant at which they are gone; null: never. Give this or `expiry`, not both: both are refused. "
        + _NEITHER
    ),
]
MaturesAt = Annotated[
    Instant | None,
    Meta(
        description="Pending until then; null: available at once. Give this or `pending`, not both: both are refused. "
        + _NEITHER
    ),
]
OwnExpiry = Annotated[
    Expiry | None,
    Meta(
        description="How long they last, in the programme's words and time zone, counted from when they can be spent. `sliding` is "
        "for `points` alone, and later activity keeps them alive only where the programme's own points live by activity."
    ),
]
OwnPending = Annotated[
    Pending | None,
    Meta(
        description="How long they wait, in the programme's words and time zone. With `event`, here or in the programme, what they wait "
        "for is `event:reference`, `installed:till-7-000123` say, told by `POST /v1/fulfilments`; `delivered`, too."
    ),
]


class Terms(Struct, forbid_unknown_fields=True):
    """How long points last, and wait, of a kind or by a rule of their own."""

    expiry: Annotated[
        Expiry | None, Meta(description="How long they last; null: for ever. `sliding` is for `points` alone.")
    ] = None
    pending: Annotated[Pending | None, Meta(description="How long they wait; null: not at all.")] = None
