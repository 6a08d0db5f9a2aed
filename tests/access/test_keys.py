"""API keys: shown once, found by their secret, revoked for good."""

from datetime import UTC, datetime, timedelta

import pytest

from regulars import access
from regulars.access import KeyNotFound, Role, UnusableName
from regulars.storage import Transaction

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_a_key_is_found_by_its_secret_which_is_not_kept(tx: Transaction):
    issued = access.issue_key(tx, name=" till ", role=Role.AGENT, at=NOON)
    assert issued.token.startswith("rk_")
    assert len(issued.token) == 46
    assert access.find_key(tx, issued.token) == issued.key
    assert (issued.key.name, issued.key.role, issued.key.hint) == ("till", Role.AGENT, issued.token[:8])
    assert issued.token not in str(tx.rows("select * from access_keys, facts"))


@pytest.mark.parametrize("token", ["", "rk_", "rk_x", "\0", "rk_\0", "rk_\ud800"])
def test_another_secret_finds_nothing(tx: Transaction, token: str):
    access.issue_key(tx, name="till", role=Role.AGENT, at=NOON)
    assert access.find_key(tx, token) is None


def test_a_revoked_key_finds_nothing_and_stays_on_the_list(tx: Transaction):
    issued = access.issue_key(tx, name="till", role=Role.AGENT, at=NOON)
    later = NOON + timedelta(hours=1)
    access.revoke_key(tx, issued.key.key_id, at=later)
    assert access.find_key(tx, issued.token) is None
    assert [key.revoked_at for key in access.keys(tx)] == [later]
    with pytest.raises(KeyNotFound, match="There is no API key key_"):
        access.revoke_key(tx, issued.key.key_id, at=later + timedelta(hours=1))
    assert [key.revoked_at for key in access.keys(tx)] == [later]


def test_a_key_needs_a_name(tx: Transaction):
    with pytest.raises(UnusableName):
        access.issue_key(tx, name=" ", role=Role.AGENT, at=NOON)
    assert access.keys(tx) == []


def test_keys_are_listed_latest_first(tx: Transaction):
    for hour, name in enumerate(["first", "second", "third"]):
        access.issue_key(tx, name=name, role=Role.VIEWER, at=NOON + timedelta(hours=hour))
    assert [key.name for key in access.keys(tx, limit=2)] == ["third", "second"]


def test_issuing_and_revoking_are_on_record(tx: Transaction):
    issued = access.issue_key(tx, name="till", role=Role.AGENT, at=NOON, by="opr_1")
    access.revoke_key(tx, issued.key.key_id, at=NOON, by="opr_1")
    recorded = tx.rows("select name, subject_id, data from facts order by fact_id")
    assert recorded == [
        ("key.issued", issued.key.key_id, {"name": "till", "role": "agent", "hint": issued.token[:8], "by": "opr_1"}),
        ("key.revoked", issued.key.key_id, {"by": "opr_1"}),
    ]
