"""Joining, leaving and ending a household, with the points."""

from datetime import datetime, timedelta

from regulars import members
from regulars.ledger import _joins
from regulars.ledger._owners import pool
from regulars.members import COOL_OFF, MOST_MEMBERS, Household, Membership, NotInHousehold
from regulars.storage import Transaction
from regulars.types import to_public


def join(
    tx: Transaction,
    household_id: int,
    member_id: int,
    *,
    at: datetime,
    most: int = MOST_MEMBERS,
    cool_off: timedelta = COOL_OFF,
) -> Membership:
    """Let a member belong to a household and share all points with it; who does already stays as before.

    Raises:
        HouseholdNotFound, HouseholdDissolved, HouseholdFull, InHousehold, TooSoonToJoin, MemberNotFound: see
            `members.join_household`.
        AccountFrozen, AlreadyJoined: see `ledger.join`.
    """
    membership = members.join_household(tx, household_id, member_id, at=at, most=most, cool_off=cool_off)
    name = f"household joined {membership.joined_at.isoformat()}"
    _joins.join(tx, member_id, pool(household_id), reference=name, at=at, reason=_name(tx, household_id))
    return membership


def leave(tx: Transaction, household_id: int, member_id: int, *, at: datetime, share: int = 0) -> Membership:
    """Let a member leave, and take a share of the points along; the others keep the rest.

    Raises:
        HouseholdNotFound, NotInHousehold: see `members.leave_household`.
        InsufficientPoints: fewer than the share are available.
        AccountFrozen: a share cannot be taken.
    """
    membership = members.leave_household(tx, household_id, member_id, at=at)
    name = f"household joined {membership.joined_at.isoformat()}, left"
    _joins.leave(tx, member_id, pool(household_id), share=share, reference=name, at=at, reason=_name(tx, household_id))
    return membership


def dissolve(tx: Transaction, household_id: int, heir_id: int, *, at: datetime) -> Household:
    """End a household. One of its members gets all the points, and whatever comes to the household later.

    Raises:
        HouseholdNotFound, HouseholdDissolved: see `members.dissolve_household`.
        NotInHousehold: the heir does not belong to it.
        AccountFrozen: nothing may be taken out of the household's account.
    """
    belonging = [one.member_id for one in members.members_of_household(tx, household_id)]
    members.find_household(tx, household_id)
    if belonging and heir_id not in belonging:
        raise NotInHousehold(member=to_public("mem", heir_id), household=to_public("hou", household_id))
    _joins.lock(tx, [*belonging, heir_id, pool(household_id)], ("points",), at)
    for member_id in belonging:
        leave(tx, household_id, member_id, at=at)
    ended = members.dissolve_household(tx, household_id, at=at)
    _joins.join(tx, pool(household_id), heir_id, reference="household dissolved", at=at, reason=ended.name)
    return ended


def shared_by(tx: Transaction, member_id: int) -> Household | None:
    """The household that a member's points are shared with; None: they are the member's alone."""
    membership = members.household_of(tx, member_id)
    return None if membership is None else members.find_household(tx, membership.household_id)


def _name(tx: Transaction, household_id: int) -> str:
    return members.find_household(tx, household_id).name
