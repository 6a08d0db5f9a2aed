"""Deliveries: made of facts, taken by a worker, recorded, shown, and cleared away."""

import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from regulars.errors import NotFound
from regulars.facts import _queries as _feed
from regulars.facts.webhooks import _queries, _rules
from regulars.facts.webhooks._records import Attempt, Backlog, Delivery, Due, Hour, Stream
from regulars.facts.webhooks._rules import HOLD, LEASE, Message, State
from regulars.facts.webhooks._sending import Answer
from regulars.facts.webhooks._vault import Vault
from regulars.facts.webhooks.endpoints import EndpointNotFound, require_enabled, stop_endpoint
from regulars.facts.webhooks.endpoints._endpoints import LANES
from regulars.storage import Transaction
from regulars.types import random_id, to_public

READER: Final = "webhooks"
_STREAM: Final = 20
_COUNTED: Final = 10_001
_LAST: Final = (1 << 63) - 1
_MANY: Final = 100_000


class DeliveryNotFound(NotFound):
    """There is no webhook delivery {delivery}, or it was cleared away."""


@dataclass(frozen=True, slots=True)
class Attempted:
    """An attempt to send a delivery at `at`, and what came of it."""

    due: Due
    at: datetime
    answer: Answer

    @property
    def delivered(self) -> bool:
        """Whether the receiver has it."""
        return _rules.is_delivered(self.answer.status)

    @property
    def ends_stream(self) -> bool:
        """Whether the endpoint does not answer, so that there is no use in trying the next one now."""
        return not self.delivered and _rules.says_endpoint_is_down(self.answer.status)


def prepare(tx: Transaction, *, at: datetime, limit: int = 5000) -> int | None:
    """Make deliveries of the facts that have become final, up to `limit` of them or a little more; how many there are.

    None: there is no fact left to look at, or another worker is at it. While nobody asks for anything, all are passed by.
    """
    place = _feed.lock_cursor(tx, reader=READER)
    if place is None:
        return None
    anybody = _queries.is_asked_for_anything(tx)
    upto = _feed.select_horizon(tx, after=place, limit=limit) if anybody else _queries.select_newest_final(tx)
    if upto is None or (upto.xact, upto.fact_id) <= (place.xact, place.fact_id):
        return None
    made = 0
    if anybody:
        made = _queries.insert_deliveries(tx, after=place, upto=upto, lanes=LANES, held_since=at - HOLD, at=at)
    _feed.move_cursor(tx, reader=READER, position=upto)
    return made


def claim(tx: Transaction, *, at: datetime, limit: int) -> list[tuple[Stream, list[Due]]]:
    """What may be sent now: up to `limit` streams, each for one worker, its deliveries in order.

    A lane that was taken stays so until `record` gives it back, or until its lease has ended.
    """
    lease = random_id()
    streams = _queries.lease_lanes(tx, at=at, until=at + LEASE, lease=lease, limit=limit)
    if not streams:
        return []
    due: dict[tuple[int, int], list[Due]] = {}
    for one in _queries.select_due(tx, lease=lease, at=at, held_since=at - HOLD, most=_STREAM):
        due.setdefault((one.endpoint_id, one.lane), []).append(one)
    for stream in streams:
        if (stream.endpoint_id, stream.lane) not in due:  # held back by what another worker has just recorded
            _queries.release_lane(tx, stream=stream, at=at)
    return [(one, due[one.endpoint_id, one.lane]) for one in streams if (one.endpoint_id, one.lane) in due]


def message(due: Due) -> Message:
    """What a delivery says, the same however often it is sent."""
    if due.fact_id is None or due.xact is None:
        return _rules.ping_message(due.endpoint_id, due.delivery_id, due.created_at)
    return _rules.fact_message(
        due.fact_id, due.xact, due.name, due.occurred_at or due.created_at, due.recorded_at or due.created_at,
        due.member_id, due.subject_id, due.sequence, due.data or {},
    )  # fmt: skip


def headers(stream: Stream, said: Message, *, vault: Vault, at: datetime) -> Mapping[str, str]:
    """The headers of an attempt, with a signature by each secret.

    Raises:
        SecretKeyMissing: there is no key to read the secrets with.
        SecretKeyLost: there are only others.
    """
    return _rules.headers([vault.unseal(secret) for secret in stream.secrets], said, at)


def record(tx: Transaction, stream: Stream, attempts: Sequence[Attempted], *, at: datetime) -> bool:
    """Keep what came of a stream's attempts and give its lane back. False: the lease had ended, and another sends it.

    An endpoint that says it is gone, or has only failed for five days, is disabled; `webhook.disabled` tells of it.
    """
    if not _queries.release_lane(tx, stream=stream, at=at):
        return False
    if attempts:
        _keep(tx, stream, attempts, at)
        _judge(tx, stream, attempts, at)
    return True


def _keep(tx: Transaction, stream: Stream, attempts: Sequence[Attempted], at: datetime) -> None:
    _queries.record_attempts(
        tx,
        endpoint_id=stream.endpoint_id,
        delivery_ids=[one.due.delivery_id for one in attempts],
        ats=[one.at for one in attempts],
        durations=[one.answer.duration_ms for one in attempts],
        statuses=[one.answer.status for one in attempts],
        errors=[one.answer.error for one in attempts],
        answers=[one.answer.said for one in attempts],
        delivered=[one.delivered for one in attempts],
        dues=[None if one.delivered else _next_try(one) for one in attempts],
    )
    failed = [one.due.delivery_id for one in attempts if not one.delivered]
    if failed:
        _queries.hold_back(tx, endpoint_id=stream.endpoint_id, delivery_ids=failed, held_since=at - HOLD, at=at)
    _queries.count_attempts(
        tx, endpoint_id=stream.endpoint_id, at=at, delivered=len(attempts) - len(failed), failed=len(failed),
        duration_ms=sum(one.answer.duration_ms for one in attempts),
    )  # fmt: skip


def _next_try(one: Attempted) -> datetime | None:
    return _rules.next_try(
        tries=one.due.tries + 1, status=one.answer.status, wish=one.answer.retry_after, at=one.at, chance=_chance()
    )


def _chance() -> float:
    return secrets.randbelow(1 << 20) / (1 << 20)


def _judge(tx: Transaction, stream: Stream, attempts: Sequence[Attempted], at: datetime) -> None:
    """Note how the endpoint does, and disable it when there is no hope."""
    endpoint_id = stream.endpoint_id
    wishes = [_rules.retry_after(one.answer.retry_after, one.at) for one in attempts if one.ends_stream]
    wished = max((at + wish for wish in wishes if wish is not None), default=None)
    failing_since = None
    if any(one.delivered for one in attempts):
        _queries.note_success(tx, endpoint_id=endpoint_id, at=at, rest_until=wished)
    else:
        rest = at + _rules.rest_after(_queries.failures_of(tx, endpoint_id=endpoint_id) + 1, _chance())
        rest_until = max(rest, wished or rest)
        failing_since = _queries.note_failure(tx, endpoint_id=endpoint_id, at=at, rest_until=rest_until)
    with suppress(EndpointNotFound):  # it was removed meanwhile
        if any(_rules.is_gone(one.answer.status) for one in attempts):
            stop_endpoint(tx, endpoint_id, by="the endpoint", because="gone", at=at)
        elif failing_since is not None and at - failing_since >= _rules.DISABLED_AFTER:
            stop_endpoint(tx, endpoint_id, by="Regulars", because="failing", at=at)


def ping(tx: Transaction, endpoint_id: int, *, at: datetime) -> Delivery:
    """Send an endpoint a test, `webhook.pinged`, before anything else and even while it rests.

    Raises:
        EndpointNotFound: there is none.
        EndpointDisabled: nothing is sent to it.
    """
    require_enabled(tx, endpoint_id)
    _queries.wake(tx, endpoint_id=endpoint_id)
    return find_delivery(tx, _queries.insert_ping(tx, endpoint_id=endpoint_id, name=_rules.PING, at=at))


def list_deliveries(
    tx: Transaction,
    *,
    endpoint_id: int | None = None,
    state: State | None = None,
    name: str | None = None,
    member_id: int | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Delivery]:
    """Deliveries, the latest first; page on with the last one's `delivery_id` as `before`."""
    return _queries.select_deliveries(
        tx, before=_LAST if before is None else before, endpoint_id=endpoint_id, state=state, name=name,
        member_id=member_id, limit=limit,
    )  # fmt: skip


def find_delivery(tx: Transaction, delivery_id: int) -> Delivery:
    """One delivery.

    Raises:
        DeliveryNotFound: there is none.
    """
    for one in _queries.select_deliveries(tx, before=min(delivery_id + 1, _LAST), limit=1):
        if one.delivery_id == delivery_id:
            return one
    raise DeliveryNotFound(delivery=to_public("whd", delivery_id))


def attempts_of(tx: Transaction, delivery: Delivery, *, limit: int = 200) -> list[Attempt]:
    """The attempts to send it, the latest first."""
    return _queries.select_attempts(tx, endpoint_id=delivery.endpoint_id, delivery_id=delivery.delivery_id, limit=limit)


def body_of(tx: Transaction, delivery: Delivery) -> bytes:
    """What it says, as it is sent."""
    due = _queries.select_message(tx, endpoint_id=delivery.endpoint_id, delivery_id=delivery.delivery_id)
    return message(due).body if due is not None else b""


def hours(tx: Transaction, *, since: datetime, endpoint_id: int | None = None) -> list[Hour]:
    """How endpoints have done since then, hour by hour."""
    return _queries.select_hours(tx, endpoint_id=endpoint_id, since=since, limit=_MANY)


def backlogs(tx: Transaction, *, endpoint_id: int | None = None) -> dict[int, Backlog]:
    """What endpoints have still to be sent and what they will not be sent, by endpoint; counted up to 10,001."""
    found = _queries.select_backlogs(tx, endpoint_id=endpoint_id, most=_COUNTED)
    return {one.endpoint_id: one for one in found}


def clear(tx: Transaction, *, at: datetime, days: int, limit: int = 5000) -> int:
    """Remove what was delivered or given up more than `days` ago, and what nobody will be sent; how many deliveries."""
    before = at - timedelta(days=days)
    removed = _queries.delete_finished(tx, before=before, limit=limit)
    removed += _queries.delete_unwanted(tx, before=before, limit=limit)
    if not removed:
        _queries.delete_remains(tx, before=before, at=at)
    return removed
