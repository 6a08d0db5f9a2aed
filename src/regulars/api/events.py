"""Events of the programme's own, and how far members are with challenges and streaks."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Literal

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from regulars import programme
from regulars.access import Permission
from regulars.api._calls import Call
from regulars.api._documents import MOST, Refusal
from regulars.api._events import EventCode, Value
from regulars.api._paging import Int64, Page, Paging, from_cursor, page_of
from regulars.api._postings import members_named
from regulars.api._problems import status_of
from regulars.api._routes import creating, reading
from regulars.api._shapes import Id, ImpossibleDate, Instant, MemberRef, Name, Text, find_member, sensible
from regulars.errors import RegularsError
from regulars.insight import BadCursor
from regulars.members import MemberNotFound
from regulars.programme import GoalProgress, NoProgramme, events, occasions
from regulars.storage import Transaction
from regulars.types import to_public

TAG = "Events"
Content = Annotated[str, Meta(max_length=1000, pattern="^[^\x00]*$")]


class NewEvent(Struct, forbid_unknown_fields=True):
    """Something that a member did."""

    event: Annotated[EventCode, Meta(description="What it was: an event that the programme declares.")]
    external_id: Annotated[
        Text, Meta(description="Your own id of it: told twice it is done once.", examples=["r-4711"])
    ]
    member: MemberRef
    happened_at: Annotated[Instant | None, Meta(description="Null: now.")] = None
    data: Annotated[
        dict[Annotated[str, Meta(max_length=32)], bool | Value | Content],
        Meta(max_length=30, description="As the programme's schema says.", examples=[{"rating": 5}]),
    ] = {}


class NewEvents(Struct, forbid_unknown_fields=True):
    """What members did."""

    events: Annotated[list[NewEvent], Meta(min_length=1, max_length=MOST)]


class Given(Struct):
    """Points of one kind."""

    point_type: str
    points: int


class EventOutcome(Struct, omit_defaults=True):
    """What became of one event."""

    external_id: str
    status: Annotated[
        Literal["recorded", "replayed", "refused"], Meta(description="`replayed`: it was here already, the same.")
    ]
    id: Annotated[Id | None, Meta(description="Our id; null when refused.")]
    given: Annotated[list[Given], Meta(description="What it earned by itself; goals it led to tell of theirs.")] = []
    refusal: Refusal | None = None


class EventOutcomes(Struct):
    """What became of each event, in the order they were sent. A refused one keeps no other back."""

    items: list[EventOutcome]
    refused: Annotated[int, Meta(description="How many were refused.")]


class MemberEvent(Struct):
    """Something that a member did, and what it earned by itself."""

    id: Id
    event: str
    external_id: str
    member: Id
    happened_at: datetime
    recorded_at: datetime
    data: dict[str, bool | int | str]
    given: list[Given]


class ReachedGoal(Struct):
    """A challenge or a streak that was reached."""

    begins_on: Annotated[date, Meta(description="The first day of its period, or of the streak.")]
    reached_at: datetime
    points: int
    point_type: str


class FollowedGoal(Struct):
    """How far a member is with a challenge or a streak."""

    rule: str
    name_en: Name
    name_zh: Name
    kind: Literal["challenge", "streak"]
    per: Annotated[Literal["day", "week", "month", "year", "ever"], Meta(description="Of the calendar.")]
    begins_on: Annotated[date, Meta(description="The first day of the period that today is in, or of the streak.")]
    done: int
    takes: int
    reached: Annotated[list[ReachedGoal], Meta(description="The latest first, at most 12.")]


class NextOccasion(Struct):
    """A birthday or an anniversary that will earn, if a rule holds then."""

    kind: Literal["birthday", "joined_anniversary", "first_order_anniversary"]
    day: date
    last: Annotated[date | None, Meta(description="The day that was last given for.")]


class Goals(Struct):
    """What a member is on the way to."""

    goals: list[FollowedGoal]
    occasions: list[NextOccasion]


def _given(points: Mapping[str, int]) -> list[Given]:
    return [Given(kind, count) for kind, count in points.items()]


@creating("/events", tag=TAG, permission=Permission.RECORD, status_code=200, refusals=[NoProgramme, ImpossibleDate])
def record_events(call: Call, data: JSONBody[NewEvents]) -> Response[EventOutcomes]:
    """Record up to 1,000 events of the programme's own, and give what they earn.

    Each is recorded or refused by itself: an event that the programme does not declare, data that does not fit its schema, and
    a member who is not there refuse only what names them. An event earns under the version that held when it happened. Sent
    again with the same id it changes nothing.
    """
    for one in data.events:
        sensible("happened_at", one.happened_at)

    def work(tx: Transaction, at: datetime) -> EventOutcomes:
        told, refused = _told(tx, data.events, at)
        done = programme.record_events(tx, told, at=at, refused=refused)
        items = [_outcome(one) for one in done]
        return EventOutcomes(items, sum(one.status == "refused" for one in items))

    return call.write(work, react=True)


def _told(
    tx: Transaction, new: Sequence[NewEvent], at: datetime
) -> tuple[list[events.NewEvent], dict[int, RegularsError]]:
    """Events as the programme takes them, and those whose member is not there, by their place."""
    found = members_named(tx, [one.member for one in new])
    told: list[events.NewEvent] = []
    refused: dict[int, RegularsError] = {}
    for place, one in enumerate(new):
        member = found[one.member]
        if isinstance(member, RegularsError):
            refused[place] = member
        member_id = 0 if isinstance(member, RegularsError) else member
        moment, dated = one.happened_at or at, one.happened_at is not None
        told.append(events.NewEvent(one.event, one.external_id, member_id, moment, one.data, dated))
    return told, refused


def _outcome(one: programme.EventOutcome) -> EventOutcome:
    if one.error is not None or one.event_id is None:
        error = one.error or MemberNotFound(member="")
        refusal = Refusal(error.code, status_of(type(error)), str(error))
        return EventOutcome(one.external_id, "refused", None, refusal=refusal)
    return EventOutcome(one.external_id, one.status, to_public("evt", one.event_id), _given(one.given))


@reading("/members/{member:str}/events", tag=TAG, refusals=[MemberNotFound, BadCursor])
def list_member_events(
    call: Call, member: FromPath[str], asked: NamedDependency[Paging]
) -> Response[Page[MemberEvent]]:
    """List a member's events, the latest first."""
    before = from_cursor(asked.after, tuple[Instant, Int64])

    def work(tx: Transaction) -> Page[MemberEvent]:
        member_id = find_member(tx, member).member_id
        found = events.select_of_member(tx, member_id=member_id, before=before, limit=asked.limit + 1)
        return page_of(found, asked.limit, _event, lambda one: (one.happened_at, one.event_id))

    return call.read(work)


def _event(one: events.Event) -> MemberEvent:
    return MemberEvent(
        to_public("evt", one.event_id), one.code, one.external_id, to_public("mem", one.member_id), one.happened_at,
        one.recorded_at, one.data, _given(one.given),
    )  # fmt: skip


@reading("/members/{member:str}/goals", tag=TAG, refusals=[MemberNotFound, NoProgramme])
def read_member_goals(call: Call, member: FromPath[str]) -> Response[Goals]:
    """Read how far a member is with the programme's challenges and streaks, and which birthday or anniversary comes next."""
    at = call.app.clock()

    def work(tx: Transaction) -> Goals:
        member_id = find_member(tx, member).member_id
        followed = [_followed(one) for one in programme.goal_progress(tx, member_id, at=at)]
        coming = [
            NextOccasion(one.kind, one.due_on, one.last_on)
            for one in occasions.select_of_member(tx, member_id=member_id)
            if one.due_on is not None
        ]
        return Goals(followed, coming)

    return call.read(work)


def _followed(one: GoalProgress) -> FollowedGoal:
    rule, far = one.rule, one.progress
    per = rule.challenge.per if rule.challenge else rule.streak.per if rule.streak else "ever"
    reached = [ReachedGoal(each.begins_on, each.reached_at, each.points, each.point_type) for each in one.reached]
    kind = "challenge" if rule.challenge else "streak"
    return FollowedGoal(rule.code, rule.name_en, rule.name_zh, kind, per, far.begins_on, far.done, far.takes, reached)


HANDLERS = (record_events, list_member_events, read_member_goals)
