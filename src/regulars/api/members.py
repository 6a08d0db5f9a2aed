"""Members: finding them, enrolling them, keeping their record right, and what happened to them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import asdict

from regulars import facts, insight, members
from regulars.access import Permission
from regulars.api._calls import Call
from regulars.api._facts import Fact, fact
from regulars.api._paging import After, Int64, Limit, Page, Paging, from_cursor, page_of
from regulars.api._routes import amending, creating, reading
from regulars.api._shapes import (
    Country,
    Day,
    Id,
    ImpossibleDate,
    Instant,
    Name,
    Text,
    Words,
    find_member,
    sensible,
)
from regulars.insight import BadCursor
from regulars.members import BadMember, MemberNotFound
from regulars.storage import Transaction
from regulars.types import to_public

TAG = "Members"

Scalar = Words | Annotated[int, Meta(ge=-(2**53), le=2**53)] | float | bool
Attributes = dict[Text, Scalar]
Issuer = Annotated[
    str,
    Meta(
        pattern="^[a-z0-9_-]{1,64}$",
        description="Who knows the member by `external_id`: a shop's code, or `direct`, you.",
    ),
]
Score = Annotated[int, Meta(ge=1, le=5)]


class Member(Struct):
    """A member."""

    id: Id
    issuer: str
    external_id: str
    name: str | None
    email: str | None
    phone: str | None
    locale: str | None
    country: str | None
    joined_at: datetime
    attributes: dict[str, Any]


class Found(Struct):
    """A member as the search shows them, with what they have bought and hold."""

    id: Id
    external_id: str
    name: str | None
    email: str | None
    country: str | None
    joined_at: datetime
    tier: str | None
    points: Annotated[int, Meta(description="Available now.")]
    orders: int
    spend_minor: Annotated[int, Meta(description="Goods bought less money given back.")]
    last_purchase: Day | None
    recency: int | None
    frequency: int | None
    money: int | None
    grade: str | None


class FoundPage(Struct):
    """Some of the members that fit."""

    items: list[Found]
    next: Annotated[str | None, Meta(description="Ask with `after` set to this for the next ones; null at the end.")]
    total: Annotated[int, Meta(description="How many fit; counting stops at 10,000.")]
    more: Annotated[bool, Meta(description="More than `total` fit.")]
    currency: Annotated[str | None, Meta(description="What `spend_minor` is in.")]


class Search(Struct, forbid_unknown_fields=True):
    """Which members; everything given must hold."""

    search: Annotated[
        Name | None, Meta(description="Beginnings of words of the name, e-mail, phone or external id, in any order.")
    ] = None
    tier: Annotated[Name | None, Meta(description="The tier's code.", examples=["gold"])] = None
    grade: Annotated[
        Literal["gold", "silver", "bronze"] | None, Meta(description="By recency, frequency and money.")
    ] = None
    recency: Annotated[Score | None, Meta(description="5: bought most recently.")] = None
    frequency: Annotated[Score | None, Meta(description="5: buys most often.")] = None
    money: Annotated[Score | None, Meta(description="5: spends most.")] = None
    cohort: Annotated[Day | None, Meta(description="The first day of the month of the first purchase.")] = None
    country: Country | None = None
    purchased_from: Annotated[Day | None, Meta(description="The last purchase was on this day or later.")] = None
    purchased_to: Annotated[Day | None, Meta(description="The last purchase was on this day or earlier.")] = None
    sort: Annotated[
        Literal["joined", "name", "spend", "orders", "last_purchase", "points"],
        Meta(description="By what; those without a value come last."),
    ] = "joined"
    order: Annotated[Literal["ascending", "descending"], Meta(description="In which direction.")] = "descending"
    limit: Limit = 50
    after: After | None = None


class NewMember(Struct, forbid_unknown_fields=True):
    """Somebody to enrol."""

    external_id: Annotated[Text, Meta(description="The issuer's own name for the person.", examples=["17850"])]
    issuer: Issuer = members.DIRECT
    name: Annotated[Name | None, Meta(examples=["Ada Lovelace"])] = None
    email: Annotated[Name | None, Meta(examples=["ada@example.com"])] = None
    phone: Annotated[Name | None, Meta(examples=["+44 20 7946 0000"])] = None
    locale: Annotated[Name | None, Meta(examples=["en-GB"])] = None
    country: Country | None = None
    joined_at: Annotated[Instant | None, Meta(description="When they became a customer; now when unknown.")] = None
    attributes: Attributes = {}


class MemberChanges(Struct, forbid_unknown_fields=True):
    """What to change. What is left out stays; null removes."""

    name: Name | UnsetType | None = UNSET
    email: Name | UnsetType | None = UNSET
    phone: Name | UnsetType | None = UNSET
    locale: Name | UnsetType | None = UNSET
    country: Country | UnsetType | None = UNSET
    attributes: Annotated[dict[Text, Scalar | None], Meta(description="Merged; null removes one.")] | UnsetType = UNSET


class Enrolled(Struct):
    """A member, and whether they are new."""

    status: Literal["enrolled", "existing"]
    member: Member


class Identity(Struct):
    """A name the outside world has for a member."""

    issuer: str
    value: str


def member(one: members.Member) -> Member:
    """A member as callers see it."""
    return Member(
        id=to_public("mem", one.member_id),
        issuer=one.issuer,
        external_id=one.external_id,
        name=one.name,
        email=one.email,
        phone=one.phone,
        locale=one.locale,
        country=one.country,
        joined_at=one.joined_at,
        attributes=one.attributes,
    )


def found(page: insight.Page) -> FoundPage:
    """A page of the directory as callers see it."""
    items = [
        Found(
            id=to_public("mem", row.member_id),
            external_id=row.external_id,
            name=row.name,
            email=row.email,
            country=row.country,
            joined_at=row.joined_at,
            tier=row.tier,
            points=row.points,
            orders=row.orders,
            spend_minor=row.spend_minor,
            last_purchase=row.last_day,
            recency=row.r,
            frequency=row.f,
            money=row.m,
            grade=row.grade,
        )
        for row in page.rows
    ]
    return FoundPage(items, page.next, page.total, page.more, page.currency)


@reading("/members", tag=TAG, refusals=[BadCursor])
def search_members(call: Call, asked: NamedDependency[Search]) -> Response[FoundPage]:
    """Search members.

    Figures are those of the last refresh, at most a minute or so old; tiers and points are of this moment.
    """
    chosen = insight.Filter(
        search=asked.search,
        tier=asked.tier,
        grade=asked.grade,
        r=asked.recency,
        f=asked.frequency,
        m=asked.money,
        cohort=asked.cohort,
        country=asked.country,
        last_day_from=asked.purchased_from,
        last_day_to=asked.purchased_to,
    )

    def work(tx: Transaction) -> FoundPage:
        return found(
            insight.directory(
                tx,
                chosen,
                sort=asked.sort,
                descending=asked.order == "descending",
                after=asked.after,
                limit=asked.limit,
            )
        )

    return call.read(work)


@creating("/members", tag=TAG, permission=Permission.RECORD, statuses=[200], refusals=[BadMember, ImpossibleDate])
def enrol_member(call: Call, data: JSONBody[NewMember]) -> Response[Enrolled]:
    """Enrol a member.

    Somebody the issuer has named before is answered with status 200 and left as they are.
    """
    sensible("joined_at", data.joined_at)

    def work(tx: Transaction, at: datetime) -> Enrolled:
        [enrolment] = members.enrol(tx, [members.NewMember(**asdict(data))], at=at)
        return Enrolled(enrolment.status, member(members.find(tx, enrolment.member_id)))

    return call.write(work, status=lambda done: 201 if done.status == "enrolled" else 200, react=True)


@reading("/members/{member:str}", tag=TAG, refusals=[MemberNotFound])
def read_member(call: Call, member: FromPath[str]) -> Response[Member]:
    """Read a member."""
    return call.read(lambda tx: _member(find_member(tx, member)))


@amending("/members/{member:str}", tag=TAG, permission=Permission.RECORD, refusals=[MemberNotFound, BadMember])
def amend_member(call: Call, member: FromPath[str], data: JSONBody[MemberChanges]) -> Response[Member]:
    """Amend a member.

    An e-mail address or phone number that belongs to another member is kept as contact data and identifies nobody.
    """
    changes = {name: value for name, value in asdict(data).items() if value is not UNSET}

    def work(tx: Transaction, at: datetime) -> Member:
        return _member(members.amend(tx, find_member(tx, member).member_id, changes, at=at))

    return call.write(work)


@reading("/members/{member:str}/identities", tag=TAG, refusals=[MemberNotFound])
def list_identities(call: Call, member: FromPath[str]) -> Response[Page[Identity]]:
    """List every name the outside world has for a member."""

    def work(tx: Transaction) -> Page[Identity]:
        known = members.identities(tx, member_id=find_member(tx, member).member_id)
        return Page([Identity(one.issuer, one.value) for one in known], None)

    return call.read(work)


@reading("/members/{member:str}/facts", tag=TAG, refusals=[MemberNotFound, BadCursor])
def list_member_facts(call: Call, member: FromPath[str], asked: NamedDependency[Paging]) -> Response[Page[Fact]]:
    """List what happened to a member, the latest first."""
    before = from_cursor(asked.after, tuple[Instant, Int64])

    def work(tx: Transaction) -> Page[Fact]:
        known = facts.timeline(tx, member_id=find_member(tx, member).member_id, before=before, limit=asked.limit + 1)
        return page_of(known, asked.limit, fact, lambda last: (last.occurred_at, last.fact_id))

    return call.read(work)


_member = member  # the path parameter of the same name hides it in the handlers

HANDLERS = (search_members, enrol_member, read_member, amend_member, list_identities, list_member_facts)
