"""Signing in, being slowed down, and signing out."""

import threading
from datetime import UTC, datetime, timedelta

import argon2
import pytest

from regulars import access
from regulars.access import Role, SignedIn, TooManyAttempts, WrongPassword
from regulars.storage import Database, Transaction

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PASSWORD = "correct horse battery"


@pytest.fixture
def olga(tx: Transaction) -> access.Operator:
    return access.add_operator(tx, email="olga@shop.example", name="Olga", role=Role.OWNER, password=PASSWORD, at=NOON)


def sign_in(tx: Transaction, password: str = PASSWORD, at: datetime = NOON, email: str = "olga@shop.example") -> object:
    return access.sign_in(tx, email=email, password=password, at=at)


def test_the_right_password_begins_a_session(tx: Transaction, olga: access.Operator):
    signed_in = access.sign_in(tx, email=" OLGA@shop.example", password=PASSWORD, at=NOON, hours=2)
    assert isinstance(signed_in, SignedIn)
    assert signed_in.session == access.session(tx, signed_in.token, at=NOON)
    assert signed_in.session.operator_id == olga.operator_id
    assert signed_in.session.expires_at == NOON + timedelta(hours=2)


def test_a_session_ends_when_its_hours_are_over(tx: Transaction, olga: access.Operator):
    signed_in = access.sign_in(tx, email=olga.email, password=PASSWORD, at=NOON, hours=2)
    assert isinstance(signed_in, SignedIn)
    assert access.session(tx, signed_in.token, at=NOON + timedelta(hours=2, microseconds=-1)) is not None
    assert access.session(tx, signed_in.token, at=NOON + timedelta(hours=2)) is None


def test_signing_out_ends_this_session_only(tx: Transaction, olga: access.Operator):
    one, two = sign_in(tx), sign_in(tx)
    assert isinstance(one, SignedIn)
    assert isinstance(two, SignedIn)
    assert access.sign_out(tx, one.token)
    assert not access.sign_out(tx, one.token)
    assert access.session(tx, one.token, at=NOON) is None
    assert access.session(tx, two.token, at=NOON) is not None


def test_no_token_that_was_not_given_opens_a_session(tx: Transaction, olga: access.Operator):
    sign_in(tx)
    stored = tx.value("select encode(token_hash, 'hex') from access_sessions")
    for token in ("", "x", stored, "\0", "\ud800"):
        assert access.session(tx, token, at=NOON) is None


def test_a_session_has_the_role_its_operator_has_now(tx: Transaction, olga: access.Operator):
    access.add_operator(tx, email="otto@shop.example", name="Otto", role=Role.OWNER, password=PASSWORD, at=NOON)
    signed_in = sign_in(tx)
    assert isinstance(signed_in, SignedIn)
    access.change_role(tx, olga.operator_id, Role.VIEWER, at=NOON)
    session = access.session(tx, signed_in.token, at=NOON)
    assert session is not None
    assert session.role is Role.VIEWER


def test_a_wrong_password_and_an_unknown_address_say_the_same(tx: Transaction, olga: access.Operator):
    wrong, unknown = sign_in(tx, "wrong"), sign_in(tx, email="nobody@shop.example")
    assert isinstance(wrong, WrongPassword)
    assert isinstance(unknown, WrongPassword)
    assert str(wrong) == str(unknown) == "The e-mail address or the password is wrong."
    assert tx.value("select count(*) from access_sessions") == 0


@pytest.mark.parametrize("email", ["olga@shop.example", "nobody@shop.example", "", "a\0b", "\ud800", "x" * 10_000])
def test_every_refusal_checks_one_hash(
    tx: Transaction, olga: access.Operator, email: str, monkeypatch: pytest.MonkeyPatch
):
    checked: list[str] = []
    verify = argon2.PasswordHasher.verify

    def counted(self: argon2.PasswordHasher, hash: str, password: bytes) -> bool:  # noqa: A002
        checked.append(hash)
        return verify(self, hash, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", counted)
    assert isinstance(sign_in(tx, "wrong\ud800", email=email), WrongPassword)
    assert len(checked) == 1


def test_a_sixth_guess_has_to_wait_even_when_it_is_right(tx: Transaction, olga: access.Operator):
    for _ in range(5):
        assert isinstance(sign_in(tx, "wrong"), WrongPassword)
    refused = sign_in(tx, PASSWORD, NOON + timedelta(seconds=10))
    assert isinstance(refused, TooManyAttempts)
    assert refused.details["retry_at"] == NOON + timedelta(seconds=30)
    assert str(refused).startswith("Too many wrong passwords for this address: try again in 20 seconds")
    assert isinstance(sign_in(tx, PASSWORD, NOON + timedelta(seconds=30)), SignedIn)


def test_signing_in_forgives_the_failures_before(tx: Transaction, olga: access.Operator):
    for _ in range(4):
        sign_in(tx, "wrong")
    assert isinstance(sign_in(tx), SignedIn)
    for _ in range(4):
        sign_in(tx, "wrong")
    assert isinstance(sign_in(tx), SignedIn)


def test_guesses_at_one_address_slow_down_no_other(tx: Transaction, olga: access.Operator):
    for _ in range(6):
        sign_in(tx, "wrong", email="nobody@shop.example")
    assert isinstance(sign_in(tx, email="nobody@shop.example"), TooManyAttempts)
    assert isinstance(sign_in(tx), SignedIn)


def test_a_waiting_guess_does_not_lengthen_the_wait(tx: Transaction, olga: access.Operator):
    for _ in range(5):
        sign_in(tx, "wrong")
    for second in range(1, 30):
        assert isinstance(sign_in(tx, "wrong", NOON + timedelta(seconds=second)), TooManyAttempts)
    assert isinstance(sign_in(tx, PASSWORD, NOON + timedelta(seconds=30)), SignedIn)


def test_what_was_typed_as_address_is_not_kept(tx: Transaction, olga: access.Operator):
    sign_in(tx, "wrong", email="my-password-by-mistake")
    assert "mistake" not in str(tx.rows("select * from access_attempts"))


def test_guesses_made_at_once_are_counted_one_by_one(database: Database):
    with database.transaction() as tx:
        access.add_operator(tx, email="olga@shop.example", name="Olga", role=Role.OWNER, password=PASSWORD, at=NOON)
    answers: list[object] = []

    def guess(number: int) -> None:
        with database.transaction() as tx:
            answers.append(sign_in(tx, f"guess {number}"))

    threads = [threading.Thread(target=guess, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(type(answer).__name__ for answer in answers) == ["TooManyAttempts"] * 3 + ["WrongPassword"] * 5


def test_an_outdated_hash_is_renewed_by_signing_in(tx: Transaction, olga: access.Operator):
    weak = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    tx.run("update access_operators set password_hash = %(weak)s", weak=weak)
    assert isinstance(sign_in(tx), SignedIn)
    assert "m=65536,t=3" in tx.value("select password_hash from access_operators")
    assert isinstance(sign_in(tx), SignedIn)


def test_what_has_expired_is_forgotten_and_nothing_else(tx: Transaction, olga: access.Operator):
    sign_in(tx)
    sign_in(tx, "wrong")
    request = access.fingerprint("POST", "/v1/orders")
    access.recall(tx, caller_id=1, key="a", request=request)
    access.remember(tx, caller_id=1, key="a", answer=access.Answer(request, 201, b"{}"), at=NOON)
    assert access.forget_expired(tx, at=NOON + timedelta(hours=11)) == 0
    assert access.forget_expired(tx, at=NOON + timedelta(hours=12)) == 1
    assert access.forget_expired(tx, at=NOON + timedelta(days=3)) == 1
    assert access.forget_expired(tx, at=NOON + timedelta(days=7)) == 0
    assert access.forget_expired(tx, at=NOON + timedelta(days=9)) == 1
