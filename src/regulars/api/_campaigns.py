"""Campaigns, budgets and what became of them, as callers write and read them."""

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from regulars.api._earning import Code, Expression, Rule
from regulars.api._paging import Paging
from regulars.api._shapes import Id, Instant, Text

Month = Annotated[str, Meta(pattern=r"^(19|20|21)\d\d-(0[1-9]|1[0-2])$", examples=["2026-11"])]
OfTiers = Annotated[list[Code], Meta(max_length=100)]


class PointsWorth(Struct, forbid_unknown_fields=True):
    """What points cost: so many minor units for so many points, rounded up."""

    minor: Annotated[int, Meta(ge=1, le=10**6, examples=[1])]
    points: Annotated[int, Meta(ge=1, le=10**6, examples=[100])]


class Budget(Struct, forbid_unknown_fields=True):
    """What may be given altogether by all that name it, in each of its periods."""

    code: Code
    name_en: Annotated[Text, Meta(examples=["Festival"])]
    name_zh: Annotated[Text, Meta(examples=["节庆"])]
    amount: Annotated[int, Meta(ge=1, le=10**15, description="In its unit, in each period.", examples=[100_000])]
    unit: Annotated[
        Literal["points", "money", "uses"],
        Meta(
            description="Points of one kind, minor units of the programme's currency, or how often something was given."
        ),
    ] = "points"
    point_type: Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,31}$", examples=["points"])] = "points"
    worth: Annotated[PointsWorth | None, Meta(description="With `money`: what points cost.")] = None
    period: Annotated[
        Literal["once", "day", "week", "month", "quarter", "year"],
        Meta(description="For how long an amount lasts, in the programme's time zone."),
    ] = "once"
    at_end: Annotated[
        Literal["stop", "partial", "alert"],
        Meta(
            description="When it is not enough: nothing is given; what is left is given; or all is, and it is only told."
        ),
    ] = "stop"
    alerts: Annotated[
        list[Annotated[int, Meta(ge=1, le=1000)]],
        Meta(max_length=20, description="At which percents `budget.reached` is told, once in a period."),
    ] = field(default_factory=lambda: [80, 100])


class CampaignDays(Struct, forbid_unknown_fields=True):
    """On which days of its window a campaign is open, in the programme's time zone: on all that any of these names."""

    month_days: Annotated[
        list[Annotated[int, Meta(ge=1, le=31)]], Meta(max_length=31, description="Days of every month.", examples=[[8]])
    ] = []
    weekdays: Annotated[
        list[Annotated[int, Meta(ge=1, le=7)]], Meta(max_length=7, description="1 is Monday.", examples=[[5]])
    ] = []
    dates: Annotated[
        list[Annotated[str, Meta(pattern=r"^\d\d-\d\d$")]],
        Meta(max_length=31, description="Month and day of every year.", examples=[["11-11"]]),
    ] = []
    from_hour: Annotated[int, Meta(ge=0, le=23, description="From this hour of such a day on.")] = 0
    until_hour: Annotated[int, Meta(ge=1, le=24, description="Until this hour of it begins.")] = 24


class Campaign(Struct, forbid_unknown_fields=True):
    """Rules that hold for some time, for some members, out of one budget."""

    code: Code
    name_en: Annotated[Text, Meta(examples=["Member day"])]
    name_zh: Annotated[Text, Meta(examples=["会员日"])]
    rules: Annotated[list[Rule], Meta(min_length=1, max_length=50, description="What earns while it is open.")]
    kind: Annotated[
        Literal["member_day", "festival", "double_points", "pre_sale", "limited_edition", "other"],
        Meta(description="What the calendar calls it."),
    ] = "other"
    starts_at: Annotated[Instant | None, Meta(description="For orders placed from then on.")] = None
    ends_at: Annotated[Instant | None, Meta(description="For orders placed before then.")] = None
    days: Annotated[CampaignDays | None, Meta(description="On which days; null: on all.")] = None
    tiers: Annotated[OfTiers, Meta(description="For these tiers of the main set; none: for all.")] = []
    audience: Annotated[
        Expression, Meta(description="For members of whom this holds.", examples=["member.orders_before == 0"])
    ] = "true"
    budget: Annotated[Code | None, Meta(description="Out of which its rules give, unless they name their own.")] = None
    group: Annotated[
        Code | None,
        Meta(description="Of the campaigns of one group an order gets only the first that gives something."),
    ] = None
    priority: Annotated[int, Meta(ge=-1000, le=1000, description="The higher comes first.")] = 0


class KnownCampaign(Struct):
    """A campaign of the programme that holds."""

    campaign: Campaign
    open: Annotated[bool, Meta(description="An order placed now is within its window.")]


class CampaignClash(Struct):
    """Two campaigns that are open for the same members on the same day."""

    one: Annotated[str, Meta(description="The one that comes first.")]
    other: str
    kind: Annotated[
        Literal["exclusive", "tie", "both", "budget"],
        Meta(
            description="`exclusive`: an order gets only the first; `tie`: so too, and only the document's order says which is first; "
            "`both`: both give; `budget`: both give, out of one budget."
        ),
    ]
    first: date
    days: Annotated[int, Meta(description="On how many days of the month.")]


class CalendarDay(Struct):
    """A day, and what is on."""

    day: date
    campaigns: list[str]
    salons: list[str]


class CampaignCalendar(Struct):
    """A month of campaigns and salons."""

    time_zone: str
    days: list[CalendarDay]
    clashes: list[CampaignClash]


class OfMonth(Struct, forbid_unknown_fields=True):
    """Which month, and of which document."""

    month: Annotated[Month | None, Meta(description="Null: this one.")] = None
    draft: Annotated[
        Id | None,
        Meta(description="A draft of the programme: what would be on, and what would clash. Null: what holds."),
    ] = None


class GivenPoints(Struct):
    """What a campaign gave of one kind of points."""

    point_type: str
    orders: int
    members: int
    first: Annotated[int, Meta(description="What it gave.")]
    points: Annotated[int, Meta(description="What is left of it: without what came back, and what was undone.")]
    undone: int


class GoodsOf(Struct):
    """What orders' goods came to, returns not taken off."""

    currency: str
    goods_minor: int


class CampaignDay(Struct):
    """What a campaign gave to the orders of one day, as far as it is left."""

    day: date
    point_type: str
    orders: int
    points: int


class CampaignResults(Struct):
    """What came of a campaign. Not what it caused: some of these orders would have come without it."""

    campaign: str
    orders: int
    members: int
    points: list[GivenPoints]
    goods: list[GoodsOf]
    days: list[CampaignDay]


class Between(Struct, forbid_unknown_fields=True):
    """Of orders placed when."""

    since: Annotated[Instant | None, Meta(description="From then on.")] = None
    until: Annotated[Instant | None, Meta(description="Before then.")] = None


class BudgetSpent(Struct):
    """A budget, and what was taken of it in the period that holds."""

    budget: Budget
    period: Annotated[str, Meta(description="Its first day; empty for the only one.")]
    taken: int
    left: int


class BurnedOnDay(Struct):
    """What was taken of a budget by what happened on one day, and is not given back."""

    day: date
    taken: int


class UndoSpan(Struct, forbid_unknown_fields=True):
    """Which gifts: by when they were given, whenever the orders were placed."""

    since: Annotated[Instant, Meta(description="Given from then on.")]
    until: Annotated[Instant, Meta(description="Given before then.")]


class NewUndo(UndoSpan, forbid_unknown_fields=True, kw_only=True):
    """What to undo, and why."""

    reason: Annotated[Text, Meta(examples=["It was published with 20 in place of 2."])]


class UndoneKind(Struct):
    """What would be taken back of one kind of points."""

    point_type: str
    orders: int
    members: int
    points: int


class UndoDebtor(Struct):
    """A member who would owe points."""

    member: Id
    point_type: str
    points: Annotated[int, Meta(description="To be taken back.")]
    available: Annotated[int, Meta(description="What the member has, pending points among them.")]
    short: int


class UndoPreview(Struct):
    """What an undo would take back."""

    orders: int
    members: int
    points: list[UndoneKind]
    debtors: Annotated[list[UndoDebtor], Meta(description="Those who would owe most, at most fifty.")]
    more_debtors: bool


class CampaignUndo(Struct):
    """An undo, and how far it has come."""

    id: Id
    campaign: str
    state: Literal["proposed", "rejected", "running", "finished"]
    since: datetime
    until: datetime
    reason: str
    points: Annotated[int, Meta(description="When it was proposed.")]
    members: int
    proposed_at: datetime
    proposed_by: str
    decided_at: datetime | None
    decided_by: str | None
    orders_done: int
    points_done: int
    finished_at: datetime | None


class UndosOf(Struct, forbid_unknown_fields=True):
    """Which undos."""

    campaign: Annotated[Code | None, Meta(description="Of one campaign.")] = None


class NewSalon(Struct, forbid_unknown_fields=True):
    """A salon to open for signing up."""

    code: Code
    name_en: Annotated[Text, Meta(examples=["Tea tasting"])]
    name_zh: Annotated[Text, Meta(examples=["品茶会"])]
    starts_at: Instant
    ends_at: Instant
    capacity: Annotated[int, Meta(ge=1, le=100_000, description="How many places there are.", examples=[12])]
    place: Annotated[str, Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""
    opens_at: Annotated[Instant | None, Meta(description="From when members sign up; null: at once.")] = None
    closes_at: Annotated[Instant | None, Meta(description="Until when; null: until it starts.")] = None
    cancel_until: Annotated[
        Instant | None, Meta(description="Until when the points for a place come back; null: until it starts.")
    ] = None
    waiting_most: Annotated[int, Meta(ge=0, le=100_000, description="How many may wait.")] = 1000
    price: Annotated[int, Meta(ge=0, le=10**9, description="Points for a place.")] = 0
    reward: Annotated[int, Meta(ge=0, le=10**9, description="Points for who was there.")] = 0
    point_type: Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,31}$", examples=["points"])] = "points"
    tiers: Annotated[OfTiers, Meta(description="For members with one of these tiers; none: for all.")] = []
    campaign: Annotated[Code | None, Meta(description="The campaign it belongs to.")] = None


class KnownSalon(Struct):
    """A salon, and how many places are taken."""

    id: Id
    code: str
    name_en: str
    name_zh: str
    place: str
    starts_at: datetime
    ends_at: datetime
    opens_at: datetime
    closes_at: datetime
    cancel_until: datetime
    capacity: int
    taken: int
    waiting: int
    waiting_most: int
    price: int
    reward: int
    point_type: str
    tiers: list[str]
    campaign: str | None
    called_off_at: datetime | None
    called_off_for: str | None


class SalonSignup(Struct):
    """A member's place, or wait for one."""

    id: Id
    salon: str
    member: Id
    number: Annotated[int, Meta(description="In the order in which members signed up.")]
    state: Literal["booked", "waiting", "cancelled", "attended"]
    ticket: Annotated[str, Meta(description="What is shown at the door, as text or as a QR picture.")]
    paid: int
    rewarded: int
    signed_at: datetime
    booked_at: datetime | None
    changed_at: datetime


class NewSignup(Struct, forbid_unknown_fields=True):
    """Who would come."""

    member: Annotated[Text, Meta(description="Our id, or `issuer:value`.", examples=["mem_04h8z2k1q9x0b"])]


class NewCheckIn(Struct, forbid_unknown_fields=True):
    """Who is there."""

    ticket: Annotated[Text, Meta(description="The text of the ticket, however it was typed.")]


class NewCapacity(Struct, forbid_unknown_fields=True):
    """How many places."""

    capacity: Annotated[int, Meta(ge=1, le=100_000)]


class CallingOff(Struct, forbid_unknown_fields=True):
    """Why."""

    reason: Text


class PagingOfSalons(Paging, forbid_unknown_fields=True, kw_only=True):
    """Which salons."""

    since: Annotated[Instant | None, Meta(description="That end after then.")] = None
    until: Annotated[Instant | None, Meta(description="That start before then.")] = None


class PagingOfSignups(Paging, forbid_unknown_fields=True, kw_only=True):
    """Which sign-ups."""

    state: Annotated[
        Literal["booked", "waiting", "cancelled", "attended"] | None, Meta(description="In this state.")
    ] = None
