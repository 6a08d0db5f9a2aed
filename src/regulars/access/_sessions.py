"""Signing in to the console and out of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from regulars.access import _queries
from regulars.access._queries import Credentials, Session
from regulars.access._rules import (
    DECOY,
    digest,
    failures_after,
    hash_password,
    new_token,
    password_hash_is_outdated,
    password_matches,
    retry_at,
)
from regulars.errors import Forbidden
from regulars.storage import Transaction

_ANSWERS_KEPT = timedelta(days=8)
_ATTEMPTS_KEPT = timedelta(days=2)


class SignInRefused(Forbidden):
    """You are not signed in."""


class WrongPassword(SignInRefused):
    """The e-mail address or the password is wrong."""


class TooManyAttempts(SignInRefused):
    """Too many wrong passwords for this address: try again in {wait_seconds} seconds, at {retry_at}."""

    retryable = True


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session. `token` is shown this once, for the cookie; only its SHA-256 is stored."""

    token: str
    session: Session


def sign_in(tx: Transaction, *, email: str, password: str, at: datetime, hours: int = 12) -> SignedIn | SignInRefused:
    """Check a password and begin a session of `hours`.

    A refusal is returned, not raised: the failed attempt has to be committed to count. An unknown address costs the
    same time and says the same as a wrong password.
    """
    address = email.strip().lower()
    email_hash = digest(address)
    attempts = _queries.lock_attempts(tx, email_hash=email_hash, at=at)
    later = retry_at(attempts.failures, attempts.last_at, at)
    if later is not None:
        return TooManyAttempts(retry_at=later, wait_seconds=-(-(later - at) // timedelta(seconds=1)))
    found = _checked(tx, address, password)
    if found is None:
        failures = failures_after(attempts.failures, attempts.last_at, at)
        _queries.update_attempts(tx, email_hash=email_hash, failures=failures, at=at)
        return WrongPassword()
    _queries.delete_attempts(tx, email_hash=email_hash)
    return _begin(tx, found.operator_id, at, hours)


def session(tx: Transaction, token: str, *, at: datetime) -> Session | None:
    """The session this token began, with the role its operator has now; None when it has ended or never was."""
    return _queries.select_session(tx, token_hash=digest(token), at=at)


def sign_out(tx: Transaction, token: str) -> bool:
    """End a session; False when it had ended."""
    return _queries.delete_session(tx, token_hash=digest(token))


def forget_expired(tx: Transaction, *, at: datetime) -> int:
    """Remove expired sessions, forgiven attempts and answers older than eight days; how many rows went."""
    return (
        _queries.delete_old_sessions(tx, at=at)
        + _queries.delete_old_attempts(tx, before=at - _ATTEMPTS_KEPT)
        + _queries.delete_old_answers(tx, before=at - _ANSWERS_KEPT)
    )


def _checked(tx: Transaction, address: str, password: str) -> Credentials | None:
    storable = "\0" not in address and address.isprintable()
    known = _queries.select_credentials(tx, email=address) if storable else None
    if not password_matches(password, DECOY if known is None else known.password_hash) or known is None:
        return None
    if password_hash_is_outdated(known.password_hash):
        _queries.update_password(tx, operator_id=known.operator_id, password_hash=hash_password(password))
    return known


def _begin(tx: Transaction, operator_id: int, at: datetime, hours: int) -> SignedIn:
    token = new_token()
    expires_at = at + timedelta(hours=hours)
    _queries.insert_session(tx, token_hash=digest(token), operator_id=operator_id, at=at, expires_at=expires_at)
    operator = _queries.select_operator(tx, operator_id=operator_id)
    if operator is None:  # removed between the check and here: the foreign key has refused it already
        raise SignInRefused
    return SignedIn(token, Session(operator_id, operator.email, operator.name, operator.role, at, expires_at))
