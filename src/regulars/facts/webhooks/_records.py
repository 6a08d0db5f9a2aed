"""The records of webhooks: endpoints, deliveries, attempts, replays."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from regulars.facts.webhooks._rules import State


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where facts of some names are sent."""

    endpoint_id: int
    url: str
    names: list[str]
    description: str
    created_at: datetime
    created_by: str
    enabled_at: datetime
    enabled_by: str
    disabled_at: datetime | None
    disabled_by: str | None
    disabled_because: str | None
    """`asked`, `gone` (it answered 410) or `failing`; the last two without anybody's doing."""
    failures: int
    """Streams in a row without one success."""
    failing_since: datetime | None
    resting_until: datetime | None
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Stream:
    """What one worker may send over one line, in order, until its lease ends."""

    endpoint_id: int
    lane: int
    lease: int
    url: str
    secrets: list[bytes]
    """Encrypted, the newest first; more than one while one takes over from another."""


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery to be sent now, with its fact; a ping has none."""

    endpoint_id: int
    lane: int
    delivery_id: int
    created_at: datetime
    tries: int
    member_id: int | None
    sequence: int | None
    fact_id: int | None
    xact: int | None
    name: str
    occurred_at: datetime | None
    recorded_at: datetime | None
    subject_id: int | None
    data: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One fact for one endpoint, and how far it has come."""

    endpoint_id: int
    delivery_id: int
    fact_id: int | None
    name: str
    member_id: int | None
    sequence: int | None
    created_at: datetime
    due_at: datetime | None
    delivered_at: datetime | None
    dead_at: datetime | None
    attempts: int
    tries: int
    last_status: int | None
    last_error: str | None

    @property
    def state(self) -> State:
        """How far it has come; `retrying`: it failed and will be tried again; `dead`: it will not, by itself."""
        if self.due_at is None:
            return "dead" if self.delivered_at is None else "delivered"
        return "retrying" if self.tries else "waiting"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt, as it is kept."""

    attempt: int
    at: datetime
    duration_ms: int
    status: int | None
    error: str | None
    answer: str


@dataclass(frozen=True, slots=True)
class Hour:
    """An endpoint's attempts within an hour."""

    endpoint_id: int
    hour: datetime
    delivered: int
    failed: int
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """What an endpoint has still to be sent, and what it will not be sent; counted up to 10,000."""

    endpoint_id: int
    waiting: int
    dead: int


@dataclass(frozen=True, slots=True)
class Replay:
    """Something to be sent again, and how far that has come."""

    replay_id: int
    endpoint_id: int
    kind: str
    delivery_id: int | None
    recorded_from: datetime | None
    recorded_until: datetime | None
    after_xact: int | None
    after_id: int | None
    upto_xact: int | None
    upto_id: int | None
    missing_only: bool
    created_at: datetime
    created_by: str
    deliveries: int
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a replay over facts: how many deliveries it made, and the last fact it looked at."""

    deliveries: int
    xact: int | None
    fact_id: int | None
