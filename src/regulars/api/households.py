"""Households: members who live together and share their points."""

from datetime import datetime
from typing import Annotated, Final

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from regulars import members
from regulars.access import Permission
from regulars.api._calls import Call
from regulars.api._paging import Int64, Page, Paging, from_cursor, page_of
from regulars.api._routes import creating, reading
from regulars.api._shapes import Id, MemberRef, Text, find_member
from regulars.insight import BadCursor
from regulars.ledger import AccountFrozen, AlreadyJoined, InsufficientPoints, NotShareable, sharing
from regulars.members import (
    BadMember,
    HouseholdDissolved,
    HouseholdFull,
    HouseholdNotFound,
    InHousehold,
    MemberNotFound,
    NotInHousehold,
    TooSoonToJoin,
)
from regulars.storage import Transaction
from regulars.types import MalformedId, from_public, random_id, to_public

TAG: Final = "Households"


class HouseholdMember(Struct):
    """Who belongs to a household."""

    member: Id
    since: datetime


class Household(Struct):
    """Members who share their points."""

    id: Id
    name: str
    created_at: datetime
    dissolved_at: datetime | None
    members: Annotated[list[HouseholdMember], Meta(description="Who belongs to it now, the longest first.")]


class HouseholdName(Struct):
    """A household by its name."""

    id: Id
    name: str
    created_at: datetime
    dissolved_at: datetime | None


class HouseholdOf(Struct):
    """Where a member belongs."""

    household: Annotated[Household | None, Meta(description="Null: the member's points are the member's alone.")]


class NewHousehold(Struct, forbid_unknown_fields=True):
    """A household to form."""

    name: Annotated[Text, Meta(examples=["The Lovelaces"])]


class Joining(Struct, forbid_unknown_fields=True):
    """Who is to belong to it."""

    member: MemberRef


class Leaving(Struct, forbid_unknown_fields=True):
    """Who leaves, and with how many points."""

    member: MemberRef
    share: Annotated[
        int, Meta(ge=0, le=10**12, description="How many points to take along, those that expire first.")
    ] = 0


class Dissolution(Struct, forbid_unknown_fields=True):
    """Who gets the points of a household that ends."""

    heir: Annotated[MemberRef, Meta(description="One of its members, who gets all points, and what comes later.")]


def _household(tx: Transaction, one: members.Household) -> Household:
    belonging = [
        HouseholdMember(to_public("mem", each.member_id), each.joined_at)
        for each in members.members_of_household(tx, one.household_id)
    ]
    return Household(to_public("hou", one.household_id), one.name, one.created_at, one.dissolved_at, belonging)


def _id_of(household: str) -> int:
    try:
        return from_public("hou", household, field="household")
    except MalformedId as error:
        raise HouseholdNotFound(household=household) from error


@creating("/households", tag=TAG, permission=Permission.RECORD, refusals=[BadMember])
def form_household(call: Call, data: JSONBody[NewHousehold]) -> Response[Household]:
    """Form a household; nobody belongs to it yet."""

    def work(tx: Transaction, at: datetime) -> Household:
        return _household(tx, members.form_household(tx, data.name, at=at, household_id=random_id() or 1))

    return call.write(work)


@reading("/households", tag=TAG, refusals=[BadCursor])
def list_households(call: Call, asked: NamedDependency[Paging]) -> Response[Page[HouseholdName]]:
    """List the households, by name."""
    place = from_cursor(asked.after, tuple[str, Int64])

    def work(tx: Transaction) -> Page[HouseholdName]:
        found = members.households(tx, after=place, limit=asked.limit + 1)
        return page_of(found, asked.limit, _name, lambda last: (last.name, last.household_id))

    return call.read(work)


def _name(one: members.Household) -> HouseholdName:
    return HouseholdName(to_public("hou", one.household_id), one.name, one.created_at, one.dissolved_at)


@reading("/households/{household:str}", tag=TAG, refusals=[HouseholdNotFound])
def read_household(call: Call, household: FromPath[str]) -> Response[Household]:
    """Read a household, and who belongs to it."""
    return call.read(lambda tx: _household(tx, members.find_household(tx, _id_of(household))))


@reading("/members/{member:str}/household", tag=TAG, refusals=[MemberNotFound])
def read_household_of(call: Call, member: FromPath[str]) -> Response[HouseholdOf]:
    """Read which household a member belongs to."""

    def work(tx: Transaction) -> HouseholdOf:
        found = sharing.shared_by(tx, find_member(tx, member).member_id)
        return HouseholdOf(None if found is None else _household(tx, found))

    return call.read(work)


@creating(
    "/households/{household:str}/members",
    tag=TAG,
    permission=Permission.SPEND,
    refusals=[
        HouseholdNotFound,
        HouseholdDissolved,
        HouseholdFull,
        InHousehold,
        TooSoonToJoin,
        MemberNotFound,
        AccountFrozen,
        AlreadyJoined,
        NotShareable,
    ],
)
def join_household(call: Call, household: FromPath[str], data: JSONBody[Joining]) -> Response[Household]:
    """Let a member belong to a household. From now on all its members share their points.

    The member brings all points along: with their expiry, what is pending, what is held, and a debt, which the household
    pays. Who belongs to it already stays as before.
    """

    def work(tx: Transaction, at: datetime) -> Household:
        number = _id_of(household)
        sharing.join(tx, number, find_member(tx, data.member).member_id, at=at)
        return _household(tx, members.find_household(tx, number))

    return call.write(work)


@creating(
    "/households/{household:str}/departures",
    tag=TAG,
    permission=Permission.SPEND,
    refusals=[HouseholdNotFound, NotInHousehold, MemberNotFound, InsufficientPoints, AccountFrozen, NotShareable],
)
def leave_household(call: Call, household: FromPath[str], data: JSONBody[Leaving]) -> Response[Household]:
    """Let a member leave a household, with a share of the points; the others keep the rest.

    What is pending or held stays, and so does what happened meanwhile: it can still be undone, with the household's
    points.
    """

    def work(tx: Transaction, at: datetime) -> Household:
        number = _id_of(household)
        sharing.leave(tx, number, find_member(tx, data.member).member_id, share=data.share, at=at)
        return _household(tx, members.find_household(tx, number))

    return call.write(work)


@creating(
    "/households/{household:str}/dissolution",
    tag=TAG,
    permission=Permission.SPEND,
    refusals=[HouseholdNotFound, HouseholdDissolved, NotInHousehold, MemberNotFound, AccountFrozen, NotShareable],
)
def dissolve_household(call: Call, household: FromPath[str], data: JSONBody[Dissolution]) -> Response[Household]:
    """End a household: all leave, and one of them gets the points, and whatever still comes to it."""

    def work(tx: Transaction, at: datetime) -> Household:
        heir = find_member(tx, data.heir).member_id
        return _household(tx, sharing.dissolve(tx, _id_of(household), heir, at=at))

    return call.write(work)


HANDLERS = (
    form_household,
    list_households,
    read_household,
    read_household_of,
    join_household,
    leave_household,
    dissolve_household,
)
