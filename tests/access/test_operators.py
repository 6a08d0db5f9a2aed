"""Operators: added, trusted, removed; never without an owner."""

import threading
from datetime import UTC, datetime

import pytest

from regulars import access, facts
from regulars.access import (
    LastOwner,
    MalformedEmail,
    OperatorExists,
    OperatorNotFound,
    Role,
    UnusableName,
    UnusablePassword,
)
from regulars.storage import Database, Transaction

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PASSWORD = "correct horse battery"


def add(tx: Transaction, name: str = "Olga", role: Role = Role.OWNER) -> access.Operator:
    return access.add_operator(tx, email=f"{name}@shop.example", name=name, role=role, password=PASSWORD, at=NOON)


def test_an_operator_is_kept_with_a_tidy_address_and_no_password(tx: Transaction):
    olga = access.add_operator(
        tx, email=" Olga@Shop.Example ", name=" Olga ", role=Role.OWNER, password=PASSWORD, at=NOON
    )
    assert (olga.email, olga.name, olga.role) == ("olga@shop.example", "Olga", Role.OWNER)
    assert access.find_operator(tx, olga.operator_id) == olga
    assert PASSWORD not in str(tx.rows("select * from access_operators"))


def test_an_address_is_used_once(tx: Transaction):
    add(tx)
    with pytest.raises(OperatorExists, match=r"There is an operator olga@shop\.example already"):
        access.add_operator(tx, email="OLGA@shop.example", name="X", role=Role.VIEWER, password=PASSWORD, at=NOON)
    assert [operator.name for operator in access.operators(tx)] == ["Olga"]


@pytest.mark.parametrize(
    "email", ["", "olga", "@shop.example", "olga@", "a b@c.example", "a\0@c.example", "x" * 250 + "@c.de", "\ud800@x.y"]
)
def test_what_is_no_address_is_refused(tx: Transaction, email: str):
    with pytest.raises(MalformedEmail, match="email is"):
        access.add_operator(tx, email=email, name="X", role=Role.VIEWER, password=PASSWORD, at=NOON)
    assert access.operators(tx) == []


@pytest.mark.parametrize("name", ["", "   ", "a\0b", "x" * 201, "line\nbreak"])
def test_a_name_must_be_showable(tx: Transaction, name: str):
    with pytest.raises(UnusableName, match="give 1 to 200 printable characters"):
        access.add_operator(tx, email="x@y.example", name=name, role=Role.VIEWER, password=PASSWORD, at=NOON)


@pytest.mark.parametrize(("password", "length"), [("short", 5), ("x" * 11, 11), ("x" * 1025, 1025)])
def test_a_password_has_a_sensible_length(tx: Transaction, password: str, length: int):
    with pytest.raises(UnusablePassword, match=f"password has {length} characters: give 12 to 1024"):
        access.add_operator(tx, email="x@y.example", name="X", role=Role.VIEWER, password=password, at=NOON)
    assert access.operators(tx) == []


def test_operators_are_listed_by_address(tx: Transaction):
    add(tx, "Olga")
    add(tx, "Max", Role.MANAGER)
    assert [operator.email for operator in access.operators(tx)] == ["max@shop.example", "olga@shop.example"]
    assert len(access.operators(tx, limit=1)) == 1


def test_a_role_changes(tx: Transaction):
    add(tx)
    max_ = add(tx, "Max", Role.VIEWER)
    access.change_role(tx, max_.operator_id, Role.MANAGER, at=NOON)
    assert access.find_operator(tx, max_.operator_id).role is Role.MANAGER


def test_the_last_owner_can_be_neither_demoted_nor_removed(tx: Transaction):
    olga = add(tx)
    with pytest.raises(LastOwner, match="is the only owner"):
        access.change_role(tx, olga.operator_id, Role.MANAGER, at=NOON)
    with pytest.raises(LastOwner):
        access.remove_operator(tx, olga.operator_id, at=NOON)
    assert access.find_operator(tx, olga.operator_id) == olga


def test_one_of_two_owners_can_go(tx: Transaction):
    olga, otto = add(tx, "Olga"), add(tx, "Otto")
    access.remove_operator(tx, olga.operator_id, at=NOON)
    assert access.operators(tx) == [otto]


def test_two_owners_who_demote_each_other_leave_one(database: Database):
    with database.transaction() as tx:
        ids = [add(tx, "Olga").operator_id, add(tx, "Otto").operator_id]
    refused: list[Exception] = []

    def demote(operator_id: int) -> None:
        try:
            with database.transaction() as tx:
                access.change_role(tx, operator_id, Role.VIEWER, at=NOON)
        except LastOwner as error:
            refused.append(error)

    threads = [threading.Thread(target=demote, args=[operator_id]) for operator_id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.transaction() as tx:
        assert sorted(operator.role for operator in access.operators(tx)) == [Role.OWNER, Role.VIEWER]
    assert len(refused) == 1


def test_a_new_password_ends_every_session(tx: Transaction):
    olga = add(tx)
    signed_in = access.sign_in(tx, email=olga.email, password=PASSWORD, at=NOON)
    assert isinstance(signed_in, access.SignedIn)
    access.change_password(tx, olga.operator_id, "another long password", at=NOON)
    assert access.session(tx, signed_in.token, at=NOON) is None
    assert isinstance(access.sign_in(tx, email=olga.email, password=PASSWORD, at=NOON), access.WrongPassword)
    assert isinstance(access.sign_in(tx, email=olga.email, password="another long password", at=NOON), access.SignedIn)


def test_whoever_is_not_there_is_not_found(tx: Transaction):
    for attempt in (
        lambda: access.find_operator(tx, 1),
        lambda: access.change_role(tx, 1, Role.VIEWER, at=NOON),
        lambda: access.change_password(tx, 1, PASSWORD, at=NOON),
        lambda: access.remove_operator(tx, 1, at=NOON),
    ):
        with pytest.raises(OperatorNotFound, match="There is no operator opr_0000000000001"):
            attempt()


def test_every_change_is_on_record_with_who_made_it(tx: Transaction):
    olga, otto = add(tx), add(tx, "Otto")
    access.change_role(tx, otto.operator_id, Role.AGENT, at=NOON, by="opr_1")
    access.change_password(tx, otto.operator_id, "another long password", at=NOON, by="opr_1")
    access.remove_operator(tx, otto.operator_id, at=NOON, by="opr_1")
    recorded = tx.rows("select name, subject_id, data ->> 'by' from facts order by fact_id")
    assert recorded == [
        ("operator.added", olga.operator_id, "command line"),
        ("operator.added", otto.operator_id, "command line"),
        ("operator.trusted", otto.operator_id, "opr_1"),
        ("operator.password_changed", otto.operator_id, "opr_1"),
        ("operator.removed", otto.operator_id, "opr_1"),
    ]
    assert "another long password" not in str(tx.rows("select data from facts"))
    assert facts.timeline(tx, member_id=olga.operator_id) == []
