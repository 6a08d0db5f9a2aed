"""Roles and what each may do; passwords, tokens and how long a wrong guess has to wait. No database, no clock."""

import hashlib
import secrets
import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from regulars.errors import Forbidden


class NotAllowed(Forbidden):
    """A {role} may not {permission}; it takes the role {needed}."""


class Role(StrEnum):
    """What an operator or an API key is trusted with; each role may do all that the ones before it may."""

    VIEWER = "viewer"
    AGENT = "agent"
    MANAGER = "manager"
    OWNER = "owner"

    @property
    def rank(self) -> int:
        """0 for a viewer to 3 for an owner."""
        return list(Role).index(self)

    def may(self, permission: "Permission") -> bool:
        """Whether this role has the permission."""
        return self.rank >= PERMISSIONS[permission].rank


class Permission(StrEnum):
    """What can be allowed or refused; the value completes the sentence "a viewer may not …"."""

    READ = "read"
    RECORD = "record members and orders"
    SPEND = "spend points"
    GIVE = "give points"
    AUDIT = "read everything that happened"
    CONFIGURE = "change shops and the programme"
    ADMINISTER = "administer operators and keys"
    SEND = "change where webhooks are sent"
    APPROVE = "approve what another wrote of the programme"


PERMISSIONS: Final[Mapping[Permission, Role]] = {
    Permission.READ: Role.VIEWER,
    Permission.RECORD: Role.AGENT,
    Permission.SPEND: Role.AGENT,
    Permission.GIVE: Role.MANAGER,
    Permission.AUDIT: Role.MANAGER,
    Permission.CONFIGURE: Role.MANAGER,
    Permission.ADMINISTER: Role.OWNER,
    Permission.SEND: Role.OWNER,
    Permission.APPROVE: Role.MANAGER,
}
"""The least role that has each permission."""


def require(role: Role, permission: Permission) -> None:
    """Let pass whoever has the permission.

    Raises:
        NotAllowed: the role is too low; names the one that would do.
    """
    if not role.may(permission):
        raise NotAllowed(role=role.value, permission=permission.value, needed=PERMISSIONS[permission].value)


_HASHER: Final = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4)  # RFC 9106, section 4, second choice
DECOY: Final = "$argon2id$v=19$m=65536,t=3,p=4$We0da3/ApzGOf11peW+aSQ$s3rzaHsyl0cI3syI+3o7/XtnERJpMb/pHoKmvURBtKA"
"""Checked when the e-mail is unknown, so that the answer takes as long as for a wrong password."""


def hash_password(password: str) -> str:
    """The argon2id hash to keep."""
    return _HASHER.hash(_password_bytes(password))


def password_matches(password: str, password_hash: str) -> bool:
    """Whether the hash was made from this password; costs about 50 ms of one core and 64 MiB on purpose."""
    try:
        return _HASHER.verify(password_hash, _password_bytes(password))
    except (VerificationError, InvalidHashError):
        return False


def password_hash_is_outdated(password_hash: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return _HASHER.check_needs_rehash(password_hash)


def _password_bytes(password: str) -> bytes:
    # The same password typed on another keyboard may arrive composed differently (NIST SP 800-63B, 5.1.1.2).
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def new_password() -> str:
    """A password nobody will guess: 120 random bits, easy to copy."""
    return secrets.token_urlsafe(15)


def new_token(prefix: str = "") -> str:
    """A secret of 256 random bits."""
    return prefix + secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """What is stored and looked up instead of a secret: its SHA-256."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


FREE_ATTEMPTS: Final = 5
_MEMORY: Final = timedelta(days=1)
_LONGEST_WAIT: Final = timedelta(minutes=15)


def retry_at(failures: int, last_at: datetime, at: datetime) -> datetime | None:
    """From when another password may be tried after `failures` wrong ones; None: now.

    The first five cost nothing; then the wait is 30 s and doubles to at most 15 minutes. A day without a failure
    forgives them all. At this pace a year of guessing tries about 35,000 passwords.
    """
    if failures < FREE_ATTEMPTS or at - last_at >= _MEMORY:
        return None
    wait = min(timedelta(seconds=30 * 2 ** min(failures - FREE_ATTEMPTS, 10)), _LONGEST_WAIT)
    return last_at + wait if at < last_at + wait else None


def failures_after(failures: int, last_at: datetime, at: datetime) -> int:
    """How many failures in a row there are after one more."""
    return 1 if at - last_at >= _MEMORY else failures + 1
