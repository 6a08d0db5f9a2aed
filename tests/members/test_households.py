"""Households: who belongs to which, one at a time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from conftest import NOON
from regulars import members
from regulars.members import NewMember
from regulars.storage import Database, Transaction

DAY = timedelta(days=1)


def people(tx: Transaction, count: int) -> list[int]:
    return [one.member_id for one in members.enrol(tx, [NewMember(f"p{n}") for n in range(count)], at=NOON)]


def test_members_join_once_and_leave(tx: Transaction) -> None:
    ada, ben = people(tx, 2)
    home = members.form_household(tx, " The Lovelaces ", at=NOON).household_id
    first = members.join_household(tx, home, ada, at=NOON)
    assert members.join_household(tx, home, ada, at=NOON + DAY) == first
    members.join_household(tx, home, ben, at=NOON + DAY)
    assert [one.member_id for one in members.members_of_household(tx, home)] == [ada, ben]
    members.leave_household(tx, home, ada, at=NOON + DAY)
    assert members.household_of(tx, ada) is None
    assert [one.member_id for one in members.members_of_household(tx, home)] == [ben]
    assert tx.values("select name from facts where name like 'household.%%' order by fact_id") == [
        "household.formed",
        "household.joined",
        "household.joined",
        "household.left",
    ]


def test_nobody_belongs_to_two_nor_wanders_from_one_to_the_next(tx: Transaction) -> None:
    [ada] = people(tx, 1)
    one, other = (members.form_household(tx, name, at=NOON).household_id for name in ("One", "Other"))
    members.join_household(tx, one, ada, at=NOON)
    with pytest.raises(members.InHousehold):
        members.join_household(tx, other, ada, at=NOON)
    with pytest.raises(members.NotInHousehold):
        members.leave_household(tx, other, ada, at=NOON)
    members.leave_household(tx, one, ada, at=NOON)
    with pytest.raises(members.TooSoonToJoin, match="2026-03-03"):
        members.join_household(tx, other, ada, at=NOON + DAY / 2)
    assert members.household_of(tx, ada) is None
    assert members.join_household(tx, other, ada, at=NOON + DAY).household_id == other


def test_a_household_has_at_most_so_many_members(tx: Transaction) -> None:
    home = members.form_household(tx, "Full", at=NOON).household_id
    *some, last = people(tx, 4)
    for one in some:
        members.join_household(tx, home, one, at=NOON, most=3)
    with pytest.raises(members.HouseholdFull):
        members.join_household(tx, home, last, at=NOON, most=3)
    assert len(members.members_of_household(tx, home)) == 3


def test_whoever_is_dissolved_is_joined_no_more(tx: Transaction) -> None:
    ada, ben = people(tx, 2)
    home = members.form_household(tx, "Gone", at=NOON).household_id
    members.join_household(tx, home, ada, at=NOON)
    assert members.dissolve_household(tx, home, at=NOON).dissolved_at == NOON
    assert members.household_of(tx, ada) is None
    for attempt in (
        lambda: members.join_household(tx, home, ben, at=NOON),
        lambda: members.dissolve_household(tx, home, at=NOON),
    ):
        with pytest.raises(members.HouseholdDissolved):
            attempt()


def test_what_nobody_knows_is_not_found(tx: Transaction) -> None:
    home = members.form_household(tx, "Home", at=NOON).household_id
    with pytest.raises(members.HouseholdNotFound):
        members.find_household(tx, 1)
    with pytest.raises(members.MemberNotFound):
        members.join_household(tx, home, 1, at=NOON)
    with pytest.raises(members.BadMember):
        members.form_household(tx, " ", at=NOON)


def test_households_are_listed_by_name(tx: Transaction) -> None:
    for name in ("Cole", "Adams", "Brown"):
        members.form_household(tx, name, at=NOON)
    first = members.households(tx, limit=2)
    assert [one.name for one in first] == ["Adams", "Brown"]
    assert [one.name for one in members.households(tx, after=(first[-1].name, first[-1].household_id))] == ["Cole"]


def test_the_last_place_is_given_once(database: Database) -> None:
    with database.transaction() as tx:
        home = members.form_household(tx, "Home", at=NOON).household_id
        some = people(tx, 6)

    def join(member_id: int) -> bool:
        try:
            with database.transaction() as tx:
                members.join_household(tx, home, member_id, at=NOON, most=2)
        except members.HouseholdFull:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(join, some)) == [False] * 4 + [True] * 2
