"""Replays: of one delivery, of dead letters, of the facts of a time or between two positions."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from regulars import facts
from regulars.errors import Invalid, NotFound
from regulars.facts._queries import Position
from regulars.facts.webhooks._deliveries import READER, find_delivery
from regulars.facts.webhooks._queries import wake
from regulars.facts.webhooks._records import Replay
from regulars.facts.webhooks.endpoints import find_endpoint, require_enabled
from regulars.facts.webhooks.endpoints._endpoints import LANES
from regulars.facts.webhooks.replays import _queries
from regulars.storage import Transaction
from regulars.types import random_id, to_public

_START: Final = Position(0, 0)
_MOMENT: Final = timedelta(microseconds=1)


class ReplayNotFound(NotFound):
    """There is no replay {replay}."""


class BadReplay(Invalid):
    """{field} is {value}: {remedy}."""


@dataclass(frozen=True, slots=True)
class Range:
    """Facts by when they became known, `recorded_until` itself left out, or by position, both ends included."""

    recorded_from: datetime | None = None
    recorded_until: datetime | None = None
    first: Position | None = None
    last: Position | None = None


def replay_delivery(tx: Transaction, delivery_id: int, *, by: str, at: datetime) -> Replay:
    """Send one delivery again, now.

    Raises:
        DeliveryNotFound: there is none.
        EndpointDisabled: nothing is sent to its endpoint.
    """
    delivery = find_delivery(tx, delivery_id)
    require_enabled(tx, delivery.endpoint_id)
    _queries.revive_delivery(tx, endpoint_id=delivery.endpoint_id, delivery_id=delivery_id, at=at)
    new = _new(delivery.endpoint_id, "delivery", by, at, delivery_id=delivery_id, deliveries=1, finished_at=at)
    return _begin(tx, new, at)


def replay_dead_letters(tx: Transaction, endpoint_id: int, *, by: str, at: datetime) -> Replay:
    """Send again everything that an endpoint was not sent in all its attempts.

    Raises:
        EndpointNotFound: there is none.
        EndpointDisabled: nothing is sent to it.
    """
    require_enabled(tx, endpoint_id)
    return _begin(tx, _new(endpoint_id, "dead", by, at), at)


def replay_facts(
    tx: Transaction, endpoint_id: int, between: Range, *, missing_only: bool = False, by: str, at: datetime
) -> Replay:
    """Send the facts of a range, those of the names that the endpoint asks for now; also such as it was never sent.

    `missing_only` leaves out what was delivered. What has not yet been read by the webhooks is not part of it: it will
    be delivered anyway.

    Raises:
        EndpointNotFound: there is none.
        EndpointDisabled: nothing is sent to it.
        BadReplay: the range has no beginning, or ends before it.
    """
    require_enabled(tx, endpoint_id)
    after, upto = _positions(tx, between, at)
    end = min(upto, _queries.select_place(tx, reader=READER) or _START, key=_order)
    new = _new(
        endpoint_id, "facts", by, at, missing_only=missing_only, recorded_from=between.recorded_from,
        recorded_until=between.recorded_until, after_xact=after.xact, after_id=after.fact_id, upto_xact=end.xact,
        upto_id=end.fact_id,
    )  # fmt: skip
    return _begin(tx, new, at)


def _order(position: Position) -> tuple[int, int]:
    return (position.xact, position.fact_id)


def _positions(tx: Transaction, between: Range, at: datetime) -> tuple[Position, Position]:
    """After which fact a range begins, and with which it ends."""
    if between.first is not None and between.last is not None:
        if _order(between.last) < _order(between.first):
            raise BadReplay(field="last", value="before first", remedy="give a later fact")
        return Position(between.first.xact, between.first.fact_id - 1), between.last
    if between.recorded_from is None:
        raise BadReplay(field="recorded_from", value="missing", remedy="give it, or both first and last")
    end = between.recorded_until or at + _MOMENT
    if end <= between.recorded_from:
        raise BadReplay(field="recorded_until", value=end.isoformat(), remedy="give a time after recorded_from")
    found = _queries.select_bounds(tx, start=between.recorded_from, end=end)
    if found is None or found.first_xact is None or found.first_id is None:
        return _START, _START
    return Position(found.first_xact, found.first_id - 1), Position(found.last_xact or 0, found.last_id or 0)


def _new(
    endpoint_id: int, kind: Literal["dead", "delivery", "facts"], by: str, at: datetime, **more: object
) -> Replay:  # fmt: skip
    names = ("delivery_id", "recorded_from", "recorded_until", "after_xact", "after_id", "upto_xact", "upto_id", "finished_at")  # fmt: skip
    fields: dict[str, object] = {**dict.fromkeys(names), "missing_only": False, "deliveries": 0, **more}
    return Replay(replay_id=random_id(), endpoint_id=endpoint_id, kind=kind, created_at=at, created_by=by, **fields)  # pyright: ignore[reportArgumentType]


def _begin(tx: Transaction, new: Replay, at: datetime) -> Replay:
    """Note the replay, tell of it, and take its first step at once: most are done with that."""
    _queries.insert_replay(tx, new=new)
    wake(tx, endpoint_id=new.endpoint_id)  # who asks for it knows, or wants to know, that the endpoint works again
    about = {"kind": new.kind, "replay": to_public("rpl", new.replay_id), "by": new.created_by}
    facts.record(tx, [facts.Fact("webhook.replayed", at, subject_id=new.endpoint_id, data=about)], at=at)
    if new.finished_at is None:
        _step(tx, new, at=at, limit=1000)
    return find_replay(tx, new.replay_id)


def advance_replays(tx: Transaction, *, at: datetime, limit: int = 5000) -> int | None:
    """Take a replay a step further: how many deliveries are due again; None when none is open."""
    replay = _queries.lock_open_replay(tx)
    return None if replay is None else _step(tx, replay, at=at, limit=limit)


def _step(tx: Transaction, replay: Replay, *, at: datetime, limit: int) -> int:
    if replay.kind == "dead":
        revived = _queries.revive_dead(
            tx, endpoint_id=replay.endpoint_id, died_by=replay.created_at, at=at, limit=limit
        )
        finished = at if revived < limit else None
        _queries.update_replay(tx, replay_id=replay.replay_id, deliveries=revived, after=None, finished_at=finished)
        return revived
    step = _queries.send_again(tx, replay=replay, lanes=LANES, at=at, limit=limit)
    place = None if step is None or step.xact is None or step.fact_id is None else Position(step.xact, step.fact_id)
    sent = 0 if step is None else step.deliveries
    ended = place is None or _order(place) >= (replay.upto_xact or 0, replay.upto_id or 0)
    _queries.update_replay(
        tx, replay_id=replay.replay_id, deliveries=sent, after=place, finished_at=at if ended else None
    )
    return sent


def find_replay(tx: Transaction, replay_id: int) -> Replay:
    """One replay.

    Raises:
        ReplayNotFound: there is none, or it was cleared away.
    """
    for one in _queries.select_replays(tx, replay_id=replay_id, limit=1):
        return one
    raise ReplayNotFound(replay=to_public("rpl", replay_id))


def list_replays(
    tx: Transaction, *, endpoint_id: int | None = None, before: tuple[datetime, int] | None = None, limit: int = 50
) -> list[Replay]:
    """Replays, the latest first; page on with the last one's `(created_at, replay_id)` as `before`.

    Raises:
        EndpointNotFound: there is no such endpoint.
    """
    if endpoint_id is not None:
        find_endpoint(tx, endpoint_id)
    return _queries.select_replays(tx, endpoint_id=endpoint_id, before=before, limit=limit)
