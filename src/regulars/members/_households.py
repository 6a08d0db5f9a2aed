"""Households: members who live together."""

from datetime import datetime, timedelta
from typing import Final

from regulars import facts
from regulars.errors import Conflict, NotFound
from regulars.members import _queries
from regulars.members._members import find
from regulars.members._queries import Household, Membership
from regulars.members._rules import clean_text
from regulars.storage import Transaction
from regulars.types import random_id, to_public

MOST_MEMBERS: Final = 12
COOL_OFF: Final = timedelta(days=1)


class HouseholdNotFound(NotFound):
    """There is no household {household}."""


class HouseholdDissolved(Conflict):
    """The household {household} was dissolved: join or form another one."""


class HouseholdFull(Conflict):
    """The household {household} has {most} members, and no more may join."""


class InHousehold(Conflict):
    """{member} belongs to the household {household}: leave it first."""


class NotInHousehold(Conflict):
    """{member} does not belong to the household {household}."""


class TooSoonToJoin(Conflict):
    """{member} has left a household and may join one from {again_at} on."""


def form_household(tx: Transaction, name: str, *, at: datetime, household_id: int | None = None) -> Household:
    """Form a household that nobody belongs to yet; one that was formed under that number is answered with.

    Facts: `household.formed`.

    Raises:
        BadMember: the name cannot be used.
    """
    cleaned = clean_text("name", name)
    number = random_id() or 1 if household_id is None else household_id
    if _queries.insert_household(tx, household_id=number, name=cleaned, at=at):
        facts.record(tx, [facts.Fact("household.formed", at, None, number, {"name": cleaned})], at=at)
    return find_household(tx, number)


def join_household(
    tx: Transaction,
    household_id: int,
    member_id: int,
    *,
    at: datetime,
    most: int = MOST_MEMBERS,
    cool_off: timedelta = COOL_OFF,
) -> Membership:
    """Let a member belong to a household; one who does already stays as before. Facts: `household.joined`.

    The household is locked, so that it never has more than `most`; who left one within `cool_off` has to wait, lest
    points wander from one to the next. This is about people only: `ledger.sharing` joins their points as well.

    Raises:
        HouseholdNotFound: there is none.
        HouseholdDissolved: it is no more.
        HouseholdFull: it has as many members as it may have.
        InHousehold: the member belongs to another.
        TooSoonToJoin: the member has left one a moment ago.
        MemberNotFound: there is no such member.
    """
    household, name = _living(tx, household_id), to_public("mem", member_id)
    find(tx, member_id)
    _queries.lock_member(tx, member_id=member_id)
    latest = _queries.select_memberships(tx, member_id=member_id, limit=1)
    for one in latest:
        if one.left_at is None and one.household_id == household_id:
            return one
        if one.left_at is None:
            raise InHousehold(member=name, household=to_public("hou", one.household_id))
        if at < one.left_at + cool_off:
            raise TooSoonToJoin(member=name, again_at=(one.left_at + cool_off).isoformat())
    if len(_queries.select_members_of_household(tx, household_id=household_id, limit=most)) >= most:
        raise HouseholdFull(household=household.name, most=most)
    _queries.insert_membership(tx, household_id=household_id, member_id=member_id, at=at)
    facts.record(tx, [_fact("joined", household_id, member_id, at)], at=at)
    return _queries.select_memberships(tx, member_id=member_id, limit=1)[0]


def leave_household(tx: Transaction, household_id: int, member_id: int, *, at: datetime) -> Membership:
    """Let a member belong to the household no more. Facts: `household.left`.

    Raises:
        HouseholdNotFound: there is none.
        NotInHousehold: the member does not belong to it.
    """
    find_household(tx, household_id)
    _queries.lock_household(tx, household_id=household_id)
    if not _queries.end_membership(tx, household_id=household_id, member_id=member_id, at=at):
        raise NotInHousehold(member=to_public("mem", member_id), household=to_public("hou", household_id))
    facts.record(tx, [_fact("left", household_id, member_id, at)], at=at)
    return _queries.select_memberships(tx, member_id=member_id, limit=1)[0]


def dissolve_household(tx: Transaction, household_id: int, *, at: datetime) -> Household:
    """End a household: all who belong to it leave. Facts: `household.left` of each, `household.dissolved`.

    Raises:
        HouseholdNotFound: there is none.
        HouseholdDissolved: it is no more.
    """
    household = _living(tx, household_id)
    for one in members_of_household(tx, household_id):
        leave_household(tx, household_id, one.member_id, at=at)
    _queries.end_household(tx, household_id=household_id, at=at)
    facts.record(tx, [facts.Fact("household.dissolved", at, None, household_id, {"name": household.name})], at=at)
    return find_household(tx, household_id)


def find_household(tx: Transaction, household_id: int) -> Household:
    """One household, dissolved or not.

    Raises:
        HouseholdNotFound: there is none.
    """
    for one in _queries.select_household(tx, household_id=household_id):
        return one
    raise HouseholdNotFound(household=to_public("hou", household_id))


def household_of(tx: Transaction, member_id: int) -> Membership | None:
    """Where a member belongs now; None: to no household."""
    latest = _queries.select_memberships(tx, member_id=member_id, limit=1)
    return latest[0] if latest and latest[0].left_at is None else None


def members_of_household(tx: Transaction, household_id: int) -> list[Membership]:
    """Who belongs to a household, the longest first."""
    return _queries.select_members_of_household(tx, household_id=household_id, limit=1000)


def households(
    tx: Transaction, *, after: tuple[str, int] | None = None, limit: int = 50
) -> list[Household]:  # fmt: skip
    """The households, by name; page on with the last one's `(name, household_id)` as `after`."""
    return _queries.select_households(tx, after=after, limit=limit)


def _living(tx: Transaction, household_id: int) -> Household:
    _queries.lock_household(tx, household_id=household_id)
    household = find_household(tx, household_id)
    if household.dissolved_at is not None:
        raise HouseholdDissolved(household=household.name)
    return household


def _fact(what: str, household_id: int, member_id: int, at: datetime) -> facts.Fact:
    return facts.Fact(f"household.{what}", at, member_id, household_id, {"household": to_public("hou", household_id)})
