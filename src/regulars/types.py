"""The small values every part shares: identifiers, and how they are made and written.

An identifier is a 63-bit integer in the database and a prefixed Crockford base-32 word at every door
(`mem_04h8z2k1q9x0b`). Whatever has a natural key derives its identifier from that key, so a replayed import, a resent
webhook and a second data centre all arrive at the same one without asking (docs/decisions/0004-identifiers.md).
"""

import hashlib
import secrets
from typing import Final, NewType

from regulars.errors import Invalid

MemberId = NewType("MemberId", int)
ShopId = NewType("ShopId", int)
OperatorId = NewType("OperatorId", int)

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_DECODED: Final = {symbol: value for value, symbol in enumerate(_ALPHABET)} | {"o": 0, "i": 1, "l": 1}
_PAIRS: Final = tuple(one + other for one in _ALPHABET for other in _ALPHABET)
_LENGTH: Final = 13  # 13 symbols of 5 bits hold 63 bits


class MalformedId(Invalid):
    """{field} is {value!r}: {remedy}."""


def stable_id(kind: str, *natural_key: object) -> int:
    """The identifier of the `kind` of thing that `natural_key` names: the first 63 bits of a SHA-256.

    Two keys share an identifier with probability n²/2⁶⁴ for n things (1 in 18 million for a million orders); the
    unique natural key then refuses the second one rather than mixing them.
    """
    key = "\x1f".join((kind, *map(str, natural_key)))
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") >> 1


def random_id() -> int:
    """An identifier for what has no natural key."""
    return secrets.randbits(63)


def to_public(prefix: str, identifier: int) -> str:
    """Write an identifier as the doors show it, for instance `mem_04h8z2k1q9x0b`."""
    n, pair = identifier, _PAIRS
    return (
        f"{prefix}_{_ALPHABET[n >> 60]}{pair[n >> 50 & 1023]}{pair[n >> 40 & 1023]}"
        f"{pair[n >> 30 & 1023]}{pair[n >> 20 & 1023]}{pair[n >> 10 & 1023]}{pair[n & 1023]}"
    )


def from_public(prefix: str, text: str, *, field: str = "id") -> int:
    """Read an identifier a caller sent; confusable letters are forgiven, another kind's prefix is not.

    Raises:
        MalformedId: it is not one of ours, or of another kind.
    """
    head, _, body = text.partition("_")
    symbols = [_DECODED.get(symbol) for symbol in body.lower()]
    remedy = f"expected {prefix}_ and {_LENGTH} letters or digits, as the API returned it"
    if head != prefix or len(symbols) != _LENGTH:
        raise MalformedId(field=field, value=text, remedy=remedy)
    value = 0
    for symbol in symbols:
        if symbol is None:
            raise MalformedId(field=field, value=text, remedy=remedy)
        value = value << 5 | symbol
    if value >> 63:
        raise MalformedId(field=field, value=text, remedy=remedy)
    return value
