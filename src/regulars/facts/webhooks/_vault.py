"""Secrets as the database keeps them: encrypted with a key that is not in it."""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from regulars.errors import Conflict, Invalid

_PLAIN: Final = 32
"""So many bytes has a secret that nobody encrypted: it is from before there was a key."""


class SecretKeyMissing(Conflict):
    """There is no key to encrypt secrets with: make one with `regulars webhooks new-key` and set REGULARS_SECRET_KEY to it."""


class SecretKeyLost(Conflict):
    """A webhook's secret was encrypted with another key: put that one behind a comma in REGULARS_SECRET_KEY; if it is lost, give the endpoint a new secret with `regulars webhooks rotate`, and its receiver too."""


class BadSecretKey(Invalid):
    """{field} holds what is no key: {remedy}."""


def new_key() -> str:
    """A key for `REGULARS_SECRET_KEY`."""
    return Fernet.generate_key().decode()


class Vault:
    """Encrypts with the first of some keys, and reads what any of them encrypted (Fernet: AES-128-CBC with HMAC-SHA256)."""

    def __init__(self, keys: Sequence[str], *, field: str = "REGULARS_SECRET_KEY") -> None:
        """Take keys as `new_key` makes them, the newest first.

        Raises:
            BadSecretKey: one of them is none.
        """
        try:
            self._keys = [Fernet(key.strip()) for key in keys if key.strip()]
        except ValueError as error:
            remedy = "give what `regulars webhooks new-key` prints, with commas between several"
            raise BadSecretKey(field=field, remedy=remedy) from error

    def seal(self, secret: bytes) -> bytes:
        """A secret as it is kept.

        Raises:
            SecretKeyMissing: there is no key.
        """
        if not self._keys:
            raise SecretKeyMissing
        return MultiFernet(self._keys).encrypt(secret)

    def unseal(self, kept: bytes) -> bytes:
        """The secret.

        Raises:
            SecretKeyMissing: there is no key.
            SecretKeyLost: none of the keys is the one.
        """
        if len(kept) == _PLAIN:
            return kept
        if not self._keys:
            raise SecretKeyMissing
        try:
            return MultiFernet(self._keys).decrypt(kept)
        except InvalidToken as error:
            raise SecretKeyLost from error


def kept_key(file: Path) -> str:
    """The key in a file that only its owner can read; made when there is none. Two who make it at once have the same one."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f"{file.name}.{os.getpid()}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            out.write(new_key())
            out.flush()
            os.fsync(out.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, file)
        draft.unlink()
    return file.read_text()
