"""What a webhook says, how it is signed, and what follows from its answer. No database, no clock, no network."""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final, Literal

import msgspec

from regulars.errors import Invalid
from regulars.facts._rules import subject_of
from regulars.types import to_public

State = Literal["waiting", "retrying", "delivered", "dead"]
STATES: Final[tuple[State, ...]] = ("waiting", "retrying", "delivered", "dead")

PING: Final = "webhook.pinged"
EVERYTHING: Final = "*"
_PREFIX: Final = "whsec_"
_NAME: Final = re.compile(r"[a-z_]{1,60}\.(?:[a-z_]{1,60}|\*)")

LEASE: Final = timedelta(minutes=5)
"""How long a worker may be silent about what it has taken before another takes it."""
HOLD: Final = timedelta(hours=1)
"""How long a delivery that fails holds back the later ones of its member."""
DISABLED_AFTER: Final = timedelta(days=5)
"""After so long without one success among its attempts an endpoint is disabled."""

_FIRST_DELAY: Final = timedelta(seconds=5)
_LONGEST_DELAY: Final = timedelta(hours=6)
_LONGEST_WISH: Final = timedelta(hours=24)
_LONGEST_REST: Final = timedelta(minutes=5)
ATTEMPTS: Final = 19
"""How often a delivery is tried before it is a dead letter: 5 s, 20 s, … 6 h apart, at least 73 hours in all."""


class BadEndpoint(Invalid):
    """{field} is {value!r}: {remedy}."""


def wanted_names(names: Iterable[str]) -> list[str]:
    """The names an endpoint asks for, sorted, none of them said twice: `points.*` covers `points.earned`.

    Raises:
        BadEndpoint: there is none, there are too many, or one is no name.
    """
    given = {name.strip() for name in names}
    remedy = "give names such as order.paid, points.* for all about points, or * for everything"
    for name in sorted(given):
        if name != EVERYTHING and not _NAME.fullmatch(name):
            raise BadEndpoint(field="names", value=name, remedy=remedy)
    if not given or len(given) > 100:
        raise BadEndpoint(field="names", value=", ".join(sorted(given))[:200], remedy=f"{remedy}; 1 to 100 of them")
    if EVERYTHING in given:
        return [EVERYTHING]
    return sorted(name for name in given if name.endswith("*") or f"{name.partition('.')[0]}.*" not in given)


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent: the same for every attempt."""

    message_id: str
    body: bytes


def fact_message(
    fact_id: int, xact: int, name: str, occurred_at: datetime, recorded_at: datetime,
    member_id: int | None, subject_id: int | None, sequence: int | None, data: Mapping[str, Any],
) -> Message:  # fmt: skip
    """A fact as it is sent."""
    message_id = to_public("fct", fact_id)
    content = {
        "type": name,
        "timestamp": occurred_at,
        "id": message_id,
        "position": f"{xact}-{fact_id}",
        "recorded_at": recorded_at,
        "member": None if member_id is None else to_public("mem", member_id),
        "subject": subject_of(name, subject_id, data),
        "sequence": sequence,
        "data": data,
    }
    return Message(message_id, msgspec.json.encode(content))


def ping_message(endpoint_id: int, delivery_id: int, at: datetime) -> Message:
    """A test: nothing happened, somebody only looks whether it arrives."""
    message_id = to_public("png", delivery_id)
    data = {"endpoint": to_public("whe", endpoint_id)}
    return Message(
        message_id,
        msgspec.json.encode({"type": PING, "timestamp": at, "id": message_id, "sequence": None, "data": data}),
    )


def show_secret(secret: bytes) -> str:
    """A secret as its receiver is given it."""
    return _PREFIX + base64.b64encode(secret).decode()


def read_secret(text: str) -> bytes:
    """The bytes of a secret as shown."""
    return base64.b64decode(text.removeprefix(_PREFIX))


def signature(secret: bytes, message: Message, at: datetime) -> str:
    """The signature of Standard Webhooks: `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`."""
    signed = f"{message.message_id}.{int(at.timestamp())}.".encode() + message.body
    return "v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()


def headers(secrets: Sequence[bytes], message: Message, at: datetime) -> dict[str, str]:
    """The headers of one attempt. While one secret takes over from another there are two signatures."""
    return {
        "webhook-id": message.message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signature(secret, message, at) for secret in secrets),
    }


def delay_after(tries: int, chance: float) -> timedelta | None:
    """How long to wait after the `tries`-th failure; None after the last.

    Four times as long each time, up to six hours, and up to a fifth more by `chance` (from 0 to 1), so that what failed
    together does not come back together.
    """
    if tries >= ATTEMPTS:
        return None
    return min(_FIRST_DELAY * 4 ** (tries - 1), _LONGEST_DELAY) * (1 + 0.2 * chance)


def rest_after(failures: int, chance: float) -> timedelta:
    """How long an endpoint is left alone after so many failures in a row."""
    return min(timedelta(seconds=2 ** min(failures - 1, 20)), _LONGEST_REST) * (1 + 0.2 * chance)


def retry_after(text: str | None, at: datetime) -> timedelta | None:
    """What a Retry-After header asks for, a day at most; None when it cannot be understood or asks for nothing."""
    if text is None:
        return None
    if text.isascii() and text.strip().isdigit():
        return min(timedelta(seconds=min(int(text.strip()[:9]), 10**6)), _LONGEST_WISH)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    wait = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - at
    return min(wait, _LONGEST_WISH) if wait > timedelta(0) else None


def is_delivered(status: int | None) -> bool:
    """Whether an answer says that the receiver has it."""
    return status is not None and 200 <= status < 300


def is_gone(status: int | None) -> bool:
    """Whether the receiver says that nobody will ever listen there again."""
    return status == 410


def says_endpoint_is_down(status: int | None) -> bool:
    """Whether a failure is about the endpoint, so that its other deliveries need not be tried now."""
    return status is None or status in {408, 410, 429} or status >= 500


def next_try(*, tries: int, status: int | None, wish: str | None, at: datetime, chance: float) -> datetime | None:
    """When to try again after a failure at `at`; None: never."""
    delay = delay_after(tries, chance)
    if delay is None or is_gone(status):
        return None
    return at + max(delay, retry_after(wish, at) or delay)
