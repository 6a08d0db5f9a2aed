"""Signals: what somebody was seen with, in one spelling, and then as a keyed hash. Pure."""

import hashlib
import hmac
import ipaddress
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, get_args

from regulars.errors import Invalid

Kind = Literal["email", "phone", "device", "payment", "address", "network"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
_DOTLESS: Final = frozenset({"gmail.com", "googlemail.com"})
"""Providers for whom `a.da` and `ada` are one mailbox."""

_SAME_DOMAIN: Final = {"googlemail.com": "gmail.com", "yandex.ru": "yandex.com", "ya.ru": "yandex.com", "me.com": "icloud.com", "mac.com": "icloud.com"}  # fmt: skip
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")

DISPOSABLE: Final = frozenset(
    [
        "10minutemail.com",
        "20minutemail.com",
        "dispostable.com",
        "fakeinbox.com",
        "getairmail.com",
        "getnada.com",
        "grr.la",
        "guerrillamail.com",
        "guerrillamail.net",
        "guerrillamail.org",
        "maildrop.cc",
        "mailinator.com",
        "mailnesia.com",
        "mintemail.com",
        "mohmal.com",
        "mytemp.email",
        "sharklasers.com",
        "spam4.me",
        "temp-mail.org",
        "tempail.com",
        "tempmail.com",
        "tempmailo.com",
        "throwawaymail.com",
        "trashmail.com",
        "trashmail.de",
        "yopmail.com",
        "yopmail.fr",
        "yopmail.net",
        "1secmail.com",
        "emailondeck.com",
        "moakt.com",
        "linshiyouxiang.net",
        "24mail.chacuo.net",
    ]
)
"""Domains of throw-away mail. The programme's document adds to them."""


class BadSignal(Invalid):
    """{field} is {value!r}: {remedy}."""


@dataclass(frozen=True, slots=True)
class Signal:
    """Something that an owner, a member or a guest's order, was seen with."""

    owner_id: int
    kind: Kind
    hash: bytes
    seen_at: datetime
    guest: bool = False


def canonical(kind: Kind, text: str) -> str:
    """The one spelling of what may be written in many ways.

    Raises:
        BadSignal: it is none of that kind.
    """
    if not text.strip() or len(text) > 1000:
        raise BadSignal(field=kind, value=text, remedy="give 1 to 1000 characters")
    written = unicodedata.normalize("NFKC", text).strip()
    found = {"email": _email, "phone": _phone, "network": _network, "address": _address}.get(kind, str)(written)
    if not found:
        raise BadSignal(field=kind, value=text, remedy=f"give {_EXAMPLES[kind]}")
    return found


_EXAMPLES: Final[dict[str, str]] = {
    "email": "an address like ada@example.com",
    "phone": "5 to 15 digits, with + and country code if you can",
    "network": "an IPv4 or IPv6 address",
    "address": "letters or digits",
    "device": "the device's fingerprint",
    "payment": "the card's or account's fingerprint",
}


def _email(text: str) -> str:
    """The mailbox: without case, without what follows a plus, and for some providers without dots."""
    if not _EMAIL.fullmatch(text):
        return ""
    local, _, domain = text.casefold().rpartition("@")
    domain = domain.rstrip(".")
    local = local.partition("+")[0]
    if domain in _DOTLESS:
        local = local.replace(".", "")
    return f"{local}@{_SAME_DOMAIN.get(domain, domain)}" if local and domain else ""


def _phone(text: str) -> str:
    """Digits, with a + where the country is known."""
    digits = "".join(str(unicodedata.digit(letter)) for letter in text if letter.isdigit())
    international = text.lstrip("( ").startswith("+")
    if not international and digits.startswith("00"):
        international, digits = True, digits[2:]
    return f"{'+' if international else ''}{digits}" if 5 <= len(digits) <= 15 else ""


def _network(text: str) -> str:
    """The network an address is in: /24 of IPv4, /48 of IPv6."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    inner = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    address = inner or address
    return str(ipaddress.ip_network(f"{address}/{24 if address.version == 4 else 48}", strict=False))


def _address(text: str) -> str:
    """A postal address without case, punctuation and spaces."""
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def keyed(key: bytes, kind: Kind, text: str) -> bytes:
    """What is kept instead of a signal: the first 128 bits of HMAC-SHA-256 of its one spelling (RFC 2104).

    Raises:
        BadSignal: it is none of that kind.
    """
    return hmac.new(key, f"{kind}\0{canonical(kind, text)}".encode(), hashlib.sha256).digest()[:16]


def mark_of(key: bytes) -> bytes:
    """By which a key is told from another, without giving it away."""
    return hmac.new(key, b"mark", hashlib.sha256).digest()[:16]


def is_disposable(email: str | None, more: tuple[str, ...] = ()) -> bool:
    """Whether an address is of throw-away mail: its domain, or one above it, is listed."""
    parts = (email or "").rpartition("@")[2].casefold().split(".")
    domains = {".".join(parts[place:]) for place in range(len(parts))}
    return bool(domains & (DISPOSABLE | set(more)))
