"""Roles, passwords and how long a wrong guess waits."""

from datetime import UTC, datetime, timedelta

import pytest
from argon2 import extract_parameters
from hypothesis import given
from hypothesis import strategies as st

from regulars import access
from regulars.access import NotAllowed, Permission, Role
from regulars.access._rules import DECOY, FREE_ATTEMPTS, failures_after, hash_password, password_matches, retry_at

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("role", "permissions"),
    [
        (Role.VIEWER, {Permission.READ}),
        (Role.AGENT, {Permission.READ, Permission.RECORD, Permission.SPEND}),
        (
            Role.MANAGER,
            {
                Permission.READ,
                Permission.RECORD,
                Permission.SPEND,
                Permission.GIVE,
                Permission.AUDIT,
                Permission.CONFIGURE,
                Permission.APPROVE,
            },
        ),
        (Role.OWNER, set(Permission)),
    ],
)
def test_each_role_may_do_exactly_this(role: Role, permissions: set[Permission]):
    assert {permission for permission in Permission if role.may(permission)} == permissions


def test_a_higher_role_may_do_all_that_a_lower_one_may():
    for lower, higher in zip(list(Role), list(Role)[1:], strict=False):
        assert all(higher.may(permission) for permission in Permission if lower.may(permission))


def test_a_refusal_names_the_role_that_would_do():
    with pytest.raises(NotAllowed, match="A viewer may not spend points; it takes the role agent"):
        access.require(Role.VIEWER, Permission.SPEND)
    access.require(Role.AGENT, Permission.SPEND)


def test_a_password_matches_its_hash_however_it_was_composed():
    stored = hash_password("cafe\u0301 au lait")
    assert password_matches("caf\u00e9 au lait", stored)
    assert not password_matches("cafe au lait", stored)
    assert "caf" not in stored


def test_the_decoy_costs_what_a_real_hash_costs():
    assert extract_parameters(DECOY) == extract_parameters(hash_password("another password"))


def test_a_hash_that_is_none_matches_nothing():
    assert not password_matches("anything", "not a hash")


def test_new_passwords_are_long_and_differ():
    assert len(access.new_password()) == 20
    assert access.new_password() != access.new_password()


def test_waiting_begins_after_five_failures_and_doubles_to_a_quarter_of_an_hour():
    waits = [retry_at(failures, NOON, NOON) for failures in range(5, 14)]
    assert retry_at(FREE_ATTEMPTS - 1, NOON, NOON) is None
    assert [(wait - NOON).total_seconds() for wait in waits if wait] == [30, 60, 120, 240, 480, 900, 900, 900, 900]


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_nobody_waits_longer_than_a_quarter_of_an_hour(failures: int, seconds: int):
    at = NOON + timedelta(seconds=seconds)
    later = retry_at(failures, NOON, at)
    assert later is None or at < later <= NOON + timedelta(minutes=15)
    assert retry_at(failures, NOON, NOON + timedelta(minutes=15)) is None


def test_a_day_without_a_failure_forgives_them_all():
    assert failures_after(9, NOON, NOON + timedelta(hours=23)) == 10
    assert failures_after(9, NOON, NOON + timedelta(days=1)) == 1
