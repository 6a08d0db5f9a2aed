"""Households and their points, in one step."""

from datetime import timedelta

import pytest

import citus
from conftest import NOON
from ledger.making import balance, earn, post, spend
from regulars import ledger, members
from regulars.ledger import desk, sharing
from regulars.members import NewMember
from regulars.storage import Transaction

pytestmark = pytest.mark.skipif(citus.URL is not None, reason="no account joins another where the ledger is spread")

DAY = timedelta(days=1)


@pytest.fixture
def family(tx: Transaction) -> tuple[int, int, int]:
    """A household, and two members with 100 and 50 points who belong to it."""
    ada, ben = (one.member_id for one in members.enrol(tx, [NewMember("ada"), NewMember("ben")], at=NOON))
    post(tx, earn(ada, 100, "a"), earn(ben, 50, "a"))
    home = members.form_household(tx, "Home", at=NOON).household_id
    for one in (ada, ben):
        sharing.join(tx, home, one, at=NOON)
    return home, ada, ben


def test_points_are_with_the_household_while_the_member_is(tx: Transaction, family: tuple[int, int, int]) -> None:
    home, ada, ben = family
    assert balance(tx, ada) == balance(tx, ben) == (150, 0, 0)
    assert ledger.shared_with(tx, ada) == ledger.shared_with(tx, ben)
    assert sharing.join(tx, home, ada, at=NOON + DAY).joined_at == NOON
    sharing.leave(tx, home, ada, share=30, at=NOON + DAY)
    assert (balance(tx, ada), balance(tx, ben)) == ((30, 0, 0), (120, 0, 0))
    assert (ledger.shared_with(tx, ada), sharing.shared_by(tx, ada)) == (None, None)
    sharing.join(tx, home, ada, at=NOON + 2 * DAY)
    assert balance(tx, ada) == (150, 0, 0)
    assert ledger.audit(tx) == []


def test_who_ends_a_household_says_who_gets_the_points(tx: Transaction, family: tuple[int, int, int]) -> None:
    home, ada, ben = family
    post(tx, spend(ben, 20, "v"))
    [cleo] = [one.member_id for one in members.enrol(tx, [NewMember("cleo")], at=NOON)]
    with pytest.raises(members.NotInHousehold):
        sharing.dissolve(tx, home, cleo, at=NOON)
    assert sharing.dissolve(tx, home, ben, at=NOON).dissolved_at == NOON
    assert (balance(tx, ada), balance(tx, ben)) == ((0, 0, 0), (130, 0, 0))
    ledger.reverse_spend(tx, ben, 20, reference="g", reverses="v", at=NOON)
    assert balance(tx, ben) == (150, 0, 0)
    assert ledger.audit(tx) == []


def test_who_may_not_take_points_out_may_not_bring_them_either(tx: Transaction, family: tuple[int, int, int]) -> None:
    home, *_ = family
    [cleo] = [one.member_id for one in members.enrol(tx, [NewMember("cleo")], at=NOON)]
    desk.freeze(tx, cleo, reason="stolen card", by="Olga", at=NOON)
    with pytest.raises(ledger.AccountFrozen):
        sharing.join(tx, home, cleo, at=NOON)


def test_the_directory_shows_each_what_they_may_spend_together(tx: Transaction, family: tuple[int, int, int]) -> None:
    _, ada, ben = family
    assert tx.rows(
        "select member_id, available from ledger_balances where member_id = any(%(both)s::bigint[]) order by member_id",
        both=[ada, ben],
    ) == [(one, 150) for one in sorted((ada, ben))]
