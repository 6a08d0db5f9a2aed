"""The SQL of access."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from regulars.access._rules import Role
from regulars.storage import Transaction


@dataclass(frozen=True, slots=True)
class Operator:
    """Someone who works with the console."""

    operator_id: int
    email: str
    name: str
    role: Role
    created_at: datetime

    def __post_init__(self) -> None:
        """Turn the stored word into a role."""
        object.__setattr__(self, "role", Role(self.role))


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in that has not expired, and whose it is."""

    operator_id: int
    email: str
    name: str
    role: Role
    created_at: datetime
    expires_at: datetime

    def __post_init__(self) -> None:
        """Turn the stored word into a role."""
        object.__setattr__(self, "role", Role(self.role))


@dataclass(frozen=True, slots=True)
class Key:
    """An API key, without its secret."""

    key_id: int
    hint: str
    name: str
    role: Role
    created_at: datetime
    revoked_at: datetime | None

    def __post_init__(self) -> None:
        """Turn the stored word into a role."""
        object.__setattr__(self, "role", Role(self.role))


@dataclass(frozen=True, slots=True)
class Attempts:
    """Wrong passwords in a row for one address."""

    failures: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Request:
    """A request that names itself: whose it is, its key, and the fingerprint of its content."""

    caller_id: int
    key: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered to a request."""

    fingerprint: bytes
    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a password is checked against."""

    operator_id: int
    password_hash: str


def insert_operator(
    tx: Transaction, *, operator_id: int, email: str, name: str, role: str, password_hash: str, at: datetime
) -> bool:
    """Add an operator; False when the e-mail is taken."""
    return bool(
        tx.run(
            """
            insert into access_operators (operator_id, email, name, role, password_hash, created_at)
            values (%(operator_id)s, %(email)s, %(name)s, %(role)s, %(password_hash)s, %(at)s)
            on conflict do nothing
            """,
            operator_id=operator_id, email=email, name=name, role=role, password_hash=password_hash, at=at,
        )
    )  # fmt: skip


def select_operators(tx: Transaction, *, limit: int) -> list[Operator]:
    """Operators by e-mail."""
    return tx.all(
        "select operator_id, email, name, role, created_at from access_operators order by email limit %(limit)s",
        Operator, limit=limit,
    )  # fmt: skip


def select_operator(tx: Transaction, *, operator_id: int) -> Operator | None:
    """One operator."""
    return tx.first(
        "select operator_id, email, name, role, created_at from access_operators where operator_id = %(operator_id)s",
        Operator, operator_id=operator_id,
    )  # fmt: skip


def lock_owners(tx: Transaction) -> list[int]:
    """Every owner, locked against another change until the transaction ends."""
    return tx.values(
        "select operator_id from access_operators where role = 'owner' order by operator_id limit 10000 for update"
    )


def update_role(tx: Transaction, *, operator_id: int, role: str) -> bool:
    """Give a role; False when there is no such operator."""
    return bool(
        tx.run(
            "update access_operators set role = %(role)s where operator_id = %(operator_id)s",
            operator_id=operator_id, role=role,
        )
    )  # fmt: skip


def update_password(tx: Transaction, *, operator_id: int, password_hash: str) -> bool:
    """Set a password; False when there is no such operator."""
    return bool(
        tx.run(
            "update access_operators set password_hash = %(password_hash)s where operator_id = %(operator_id)s",
            operator_id=operator_id, password_hash=password_hash,
        )
    )  # fmt: skip


def delete_operator(tx: Transaction, *, operator_id: int) -> bool:
    """Remove an operator and the sessions; False when there is none."""
    return bool(tx.run("delete from access_operators where operator_id = %(operator_id)s", operator_id=operator_id))


def select_credentials(tx: Transaction, *, email: str) -> Credentials | None:
    """What to check a password against."""
    return tx.first(
        "select operator_id, password_hash from access_operators where email = %(email)s", Credentials, email=email
    )


def lock_attempts(tx: Transaction, *, email_hash: bytes, at: datetime) -> Attempts:
    """The failures of one address, locked, so that guesses made at once are counted one by one."""
    found = tx.first(
        """
        insert into access_attempts (email_hash, failures, last_at) values (%(email_hash)s, 0, %(at)s)
        on conflict (email_hash) do update set email_hash = excluded.email_hash
        returning failures, last_at
        """,
        Attempts, email_hash=email_hash, at=at,
    )  # fmt: skip
    return found or Attempts(0, at)


def update_attempts(tx: Transaction, *, email_hash: bytes, failures: int, at: datetime) -> None:
    """Set how many failures there were."""
    tx.run(
        "update access_attempts set failures = %(failures)s, last_at = %(at)s where email_hash = %(email_hash)s",
        email_hash=email_hash, failures=failures, at=at,
    )  # fmt: skip


def delete_attempts(tx: Transaction, *, email_hash: bytes) -> None:
    """Forgive the failures."""
    tx.run("delete from access_attempts where email_hash = %(email_hash)s", email_hash=email_hash)


def insert_session(tx: Transaction, *, token_hash: bytes, operator_id: int, at: datetime, expires_at: datetime) -> None:
    """Begin a session."""
    tx.run(
        """
        insert into access_sessions (token_hash, operator_id, created_at, expires_at)
        values (%(token_hash)s, %(operator_id)s, %(at)s, %(expires_at)s)
        """,
        token_hash=token_hash, operator_id=operator_id, at=at, expires_at=expires_at,
    )  # fmt: skip


def select_session(tx: Transaction, *, token_hash: bytes, at: datetime) -> Session | None:
    """A session that has not expired, with the role its operator has now."""
    return tx.first(
        """
        select o.operator_id, o.email, o.name, o.role, s.created_at, s.expires_at
        from access_sessions s join access_operators o using (operator_id)
        where s.token_hash = %(token_hash)s and s.expires_at > %(at)s
        """,
        Session, token_hash=token_hash, at=at,
    )  # fmt: skip


def delete_session(tx: Transaction, *, token_hash: bytes) -> bool:
    """End a session; False when there was none."""
    return bool(tx.run("delete from access_sessions where token_hash = %(token_hash)s", token_hash=token_hash))


def delete_sessions(tx: Transaction, *, operator_id: int) -> int:
    """End every session of an operator."""
    return tx.run("delete from access_sessions where operator_id = %(operator_id)s", operator_id=operator_id)


def insert_key(
    tx: Transaction, *, key_id: int, token_hash: bytes, hint: str, name: str, role: str, at: datetime
) -> None:
    """Add an API key."""
    tx.run(
        """
        insert into access_keys (key_id, token_hash, hint, name, role, created_at)
        values (%(key_id)s, %(token_hash)s, %(hint)s, %(name)s, %(role)s, %(at)s)
        """,
        key_id=key_id, token_hash=token_hash, hint=hint, name=name, role=role, at=at,
    )  # fmt: skip


def select_key(tx: Transaction, *, token_hash: bytes) -> Key | None:
    """The key with this secret, unless it was revoked."""
    return tx.first(
        """
        select key_id, hint, name, role, created_at, revoked_at
        from access_keys where token_hash = %(token_hash)s and revoked_at is null
        """,
        Key, token_hash=token_hash,
    )  # fmt: skip


def select_keys(tx: Transaction, *, limit: int) -> list[Key]:
    """API keys, latest first, revoked ones too."""
    return tx.all(
        """
        select key_id, hint, name, role, created_at, revoked_at
        from access_keys order by created_at desc, key_id limit %(limit)s
        """,
        Key, limit=limit,
    )  # fmt: skip


def revoke_key(tx: Transaction, *, key_id: int, at: datetime) -> bool:
    """Mark a key as revoked; False when there is none that works."""
    return bool(
        tx.run(
            "update access_keys set revoked_at = %(at)s where key_id = %(key_id)s and revoked_at is null",
            key_id=key_id, at=at,
        )
    )  # fmt: skip


def try_lock_answers(tx: Transaction, *, locks: list[int]) -> set[int]:
    """Take the locks of some requests until the transaction ends, without waiting; those that are had."""
    return set(
        tx.values(
            """
            select w.lock from unnest(%(locks)s::bigint[]) w (lock) where pg_try_advisory_xact_lock(w.lock)
            """,
            locks=locks,
        )
    )  # fmt: skip


def select_answers(tx: Transaction, *, requests: Sequence[Request]) -> dict[tuple[int, str], Answer]:
    """The answers kept for some requests."""
    rows = tx.rows(
        """
        select w.caller_id, w.key, a.fingerprint, a.status, a.body
        from unnest(%(callers)s::bigint[], %(keys)s::text[]) w (caller_id, key), lateral (
            select k.fingerprint, k.status, k.body from access_answers k
            where k.caller_id = w.caller_id and k.key = w.key limit 1) a
        """,
        callers=[one.caller_id for one in requests], keys=[one.key for one in requests],
    )  # fmt: skip
    return {(caller_id, key): Answer(*kept) for caller_id, key, *kept in rows}


def insert_answers(tx: Transaction, *, answers: Sequence[tuple[Request, Answer]], at: datetime) -> None:
    """Keep the answers to some requests."""
    tx.run(
        """
        insert into access_answers (caller_id, key, fingerprint, status, body, at)
        select w.caller_id, w.key, decode(w.fingerprint, 'hex'), w.status, decode(w.body, 'hex'), %(at)s
        from unnest(%(callers)s::bigint[], %(keys)s::text[], %(fingerprints)s::text[], %(statuses)s::smallint[], %(bodies)s::text[])
            w (caller_id, key, fingerprint, status, body)
        order by 1, 2
        """,
        callers=[request.caller_id for request, _ in answers], keys=[request.key for request, _ in answers],
        fingerprints=[answer.fingerprint.hex() for _, answer in answers],
        statuses=[answer.status for _, answer in answers], bodies=[answer.body.hex() for _, answer in answers], at=at,
    )  # fmt: skip


def delete_old_sessions(tx: Transaction, *, at: datetime) -> int:
    """Remove sessions that had expired by `at`."""
    return tx.run("delete from access_sessions where expires_at <= %(at)s", at=at)


def delete_old_attempts(tx: Transaction, *, before: datetime) -> int:
    """Remove failures nobody counts any more."""
    return tx.run("delete from access_attempts where last_at < %(before)s", before=before)


def delete_old_answers(tx: Transaction, *, before: datetime) -> int:
    """Remove answers given before."""
    return tx.run("delete from access_answers where at < %(before)s", before=before)
