"""API keys: how programs call."""

from dataclasses import dataclass
from datetime import datetime

from regulars import facts
from regulars.access import _queries
from regulars.access._operators import usable_name
from regulars.access._queries import Key
from regulars.access._rules import Role, digest, new_token
from regulars.errors import NotFound
from regulars.facts import Fact
from regulars.storage import Transaction
from regulars.types import random_id, to_public

_PREFIX = "rk_"
_HINT = 8  # `rk_` and five of the 43 letters: 226 bits stay secret


class KeyNotFound(NotFound):
    """There is no API key {key}, or it was revoked before."""


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key. `token` is shown this once; only its SHA-256 is stored."""

    token: str
    key: Key


def issue_key(tx: Transaction, *, name: str, role: Role, at: datetime, by: str = "command line") -> IssuedKey:
    """Make an API key. `name` says where it is used; `by` says for the audit who made it.

    Raises:
        UnusableName: empty, too long, or unprintable.
    """
    token = new_token(_PREFIX)
    key = Key(random_id(), token[:_HINT], usable_name(name), Role(role), at, None)
    _queries.insert_key(
        tx, key_id=key.key_id, token_hash=digest(token), hint=key.hint, name=key.name, role=key.role.value, at=at
    )
    data = {"name": key.name, "role": key.role.value, "hint": key.hint, "by": by}
    facts.record(tx, [Fact("key.issued", occurred_at=at, subject_id=key.key_id, data=data)], at=at)
    return IssuedKey(token, key)


def find_key(tx: Transaction, token: str) -> Key | None:
    """The key with this secret; None when there is none or it was revoked."""
    return _queries.select_key(tx, token_hash=digest(token)) if token.startswith(_PREFIX) else None


def keys(tx: Transaction, *, limit: int = 200) -> list[Key]:
    """Every key, latest first, revoked ones too."""
    return _queries.select_keys(tx, limit=limit)


def revoke_key(tx: Transaction, key_id: int, *, at: datetime, by: str = "command line") -> None:
    """Stop a key; its next request is refused.

    Raises:
        KeyNotFound: there is none that works.
    """
    if not _queries.revoke_key(tx, key_id=key_id, at=at):
        raise KeyNotFound(key=to_public("key", key_id))
    facts.record(tx, [Fact("key.revoked", occurred_at=at, subject_id=key_id, data={"by": by})], at=at)
