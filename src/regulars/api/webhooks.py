"""Webhooks: where facts are sent, what became of each, and sending again."""

from datetime import datetime, timedelta
from typing import Final

import msgspec
from litestar import Response
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import UNSET

from regulars import facts
from regulars.access import Permission
from regulars.api._calls import ApiCall, Call
from regulars.api._paging import Int64, Page, from_cursor, page_of
from regulars.api._routes import amending, creating, reading
from regulars.api._shapes import Instant, find_member, sensible
from regulars.api._webhooks import (
    AddedEndpoint,
    Attempt,
    Deliveries,
    Delivery,
    DeliveryDetail,
    Endpoint,
    EndpointChange,
    NewEndpoint,
    NewReplay,
    NewSecret,
    Replay,
    Replays,
    Rotation,
    delivery_id_of,
    endpoint_id_of,
    endpoint_now,
    known_id,
    show_delivery,
    show_endpoint,
    show_replay,
)
from regulars.facts import Position, webhooks
from regulars.facts.webhooks import (
    BadEndpoint,
    BadReplay,
    DeliveryNotFound,
    EndpointDisabled,
    EndpointNotFound,
    ReplayNotFound,
    SecretKeyMissing,
    TooManyEndpoints,
    Wish,
)
from regulars.insight import BadCursor
from regulars.members import MemberNotFound
from regulars.storage import Transaction
from regulars.types import to_public

TAG: Final = "Webhooks"


def _by(call: ApiCall) -> str:
    return to_public("key", call.key.key_id)


@reading("/webhooks/endpoints", tag=TAG, permission=Permission.AUDIT)
def list_webhook_endpoints(call: Call) -> Response[Page[Endpoint]]:
    """List where facts are sent, in the order in which the endpoints were added."""

    def work(tx: Transaction) -> Page[Endpoint]:
        backlogs = webhooks.backlogs(tx)
        return Page([show_endpoint(one, backlogs.get(one.endpoint_id)) for one in webhooks.list_endpoints(tx)], None)

    return call.read(work)


@creating(
    "/webhooks/endpoints",
    tag=TAG,
    permission=Permission.SEND,
    refusals=[BadEndpoint, TooManyEndpoints, SecretKeyMissing],
)
def add_webhook_endpoint(call: Call, data: JSONBody[NewEndpoint]) -> Response[AddedEndpoint]:
    """Send facts to an address from now on.

    The answer shows the secret that signatures are checked with, this once. What happened before is not sent; a replay
    sends it.
    """

    def work(tx: Transaction, at: datetime) -> AddedEndpoint:
        wish = Wish(data.url, data.names, data.description)
        added = webhooks.add_endpoint(tx, wish, by=_by(call), reach=call.app.reach, vault=call.app.vault, at=at)
        return AddedEndpoint(**msgspec.structs.asdict(show_endpoint(added.endpoint, None)), secret=added.secret)

    return call.write(work)


@reading("/webhooks/endpoints/{endpoint:str}", tag=TAG, permission=Permission.AUDIT, refusals=[EndpointNotFound])
def read_webhook_endpoint(call: Call, endpoint: FromPath[str]) -> Response[Endpoint]:
    """Read where facts are sent, and how that goes."""
    return call.read(lambda tx: endpoint_now(tx, webhooks.find_endpoint(tx, endpoint_id_of(endpoint))))


@amending(
    "/webhooks/endpoints/{endpoint:str}", tag=TAG, permission=Permission.SEND, refusals=[EndpointNotFound, BadEndpoint]
)
def amend_webhook_endpoint(call: Call, endpoint: FromPath[str], data: JSONBody[EndpointChange]) -> Response[Endpoint]:
    """Change an endpoint. What waits is sent to the new address."""

    def work(tx: Transaction, at: datetime) -> Endpoint:
        before = webhooks.find_endpoint(tx, endpoint_id_of(endpoint))
        wish = Wish(
            before.url if data.url is UNSET else data.url,
            before.names if data.names is UNSET else data.names,
            before.description if data.description is UNSET else data.description,
        )
        after = webhooks.amend_endpoint(tx, before.endpoint_id, wish, by=_by(call), reach=call.app.reach, at=at)
        return endpoint_now(tx, after)

    return call.write(work)


@creating(
    "/webhooks/endpoints/{endpoint:str}/deactivation", tag=TAG, permission=Permission.SEND, refusals=[EndpointNotFound]
)
def disable_webhook_endpoint(call: Call, endpoint: FromPath[str]) -> Response[Endpoint]:
    """Send nothing to an endpoint until it is enabled. What waits stays; what happens meanwhile is not for it."""

    def work(tx: Transaction, at: datetime) -> Endpoint:
        return endpoint_now(tx, webhooks.disable_endpoint(tx, endpoint_id_of(endpoint), by=_by(call), at=at))

    return call.write(work)


@creating(
    "/webhooks/endpoints/{endpoint:str}/activation", tag=TAG, permission=Permission.SEND, refusals=[EndpointNotFound]
)
def enable_webhook_endpoint(call: Call, endpoint: FromPath[str]) -> Response[Endpoint]:
    """Send to an endpoint again: what waited, and what happens from now on. A replay sends what happened in between."""

    def work(tx: Transaction, at: datetime) -> Endpoint:
        return endpoint_now(tx, webhooks.enable_endpoint(tx, endpoint_id_of(endpoint), by=_by(call), at=at))

    return call.write(work)


@creating(
    "/webhooks/endpoints/{endpoint:str}/rotation",
    tag=TAG,
    permission=Permission.SEND,
    refusals=[EndpointNotFound, SecretKeyMissing],
)
def rotate_webhook_secret(call: Call, endpoint: FromPath[str], data: JSONBody[Rotation]) -> Response[NewSecret]:
    """Give an endpoint a new secret, shown this once.

    The one before signs beside it for a while: put the new one in place within that time, and nothing is missed.
    """

    def work(tx: Transaction, at: datetime) -> NewSecret:
        overlap = timedelta(hours=data.overlap_hours)
        given = webhooks.rotate_secret(
            tx, endpoint_id_of(endpoint), overlap=overlap, by=_by(call), vault=call.app.vault, at=at
        )
        return NewSecret(to_public("whe", given.endpoint.endpoint_id), given.secret)

    return call.write(work)


@creating(
    "/webhooks/endpoints/{endpoint:str}/ping",
    tag=TAG,
    permission=Permission.SEND,
    refusals=[EndpointNotFound, EndpointDisabled],
)
def ping_webhook_endpoint(call: Call, endpoint: FromPath[str]) -> Response[Delivery]:
    """Send a test, `webhook.pinged`, before all that waits. Read the delivery to see what came of it."""

    def work(tx: Transaction, at: datetime) -> Delivery:
        return Delivery(**show_delivery(webhooks.ping(tx, endpoint_id_of(endpoint), at=at)))

    return call.write(work)


@creating(
    "/webhooks/endpoints/{endpoint:str}/removal", tag=TAG, permission=Permission.SEND, refusals=[EndpointNotFound]
)
def remove_webhook_endpoint(call: Call, endpoint: FromPath[str]) -> Response[Endpoint]:
    """Take an endpoint away. What waits for it is not sent, and its history is cleared."""

    def work(tx: Transaction, at: datetime) -> Endpoint:
        known = endpoint_now(tx, webhooks.find_endpoint(tx, endpoint_id_of(endpoint)))
        webhooks.remove_endpoint(tx, endpoint_id_of(endpoint), by=_by(call), at=at)
        return known

    return call.write(work)


@reading(
    "/webhooks/deliveries",
    tag=TAG,
    permission=Permission.AUDIT,
    refusals=[BadCursor, EndpointNotFound, MemberNotFound],
)
def list_webhook_deliveries(call: Call, asked: NamedDependency[Deliveries]) -> Response[Page[Delivery]]:
    """List what was sent and what is to be sent, the latest first."""
    place = from_cursor(asked.after, tuple[Int64])

    def work(tx: Transaction) -> Page[Delivery]:
        endpoint = None if asked.endpoint is None else webhooks.find_endpoint(tx, endpoint_id_of(asked.endpoint))
        found = webhooks.list_deliveries(
            tx,
            endpoint_id=None if endpoint is None else endpoint.endpoint_id,
            state=asked.state,
            name=asked.name,
            member_id=None if asked.member is None else find_member(tx, asked.member).member_id,
            before=place[0] if place else None,
            limit=asked.limit + 1,
        )
        return page_of(found, asked.limit, lambda one: Delivery(**show_delivery(one)), lambda last: (last.delivery_id,))

    return call.read(work)


@reading("/webhooks/deliveries/{delivery:str}", tag=TAG, permission=Permission.AUDIT, refusals=[DeliveryNotFound])
def read_webhook_delivery(call: Call, delivery: FromPath[str]) -> Response[DeliveryDetail]:
    """Read a delivery: what it says, and every attempt."""

    def work(tx: Transaction) -> DeliveryDetail:
        found = webhooks.find_delivery(tx, delivery_id_of(delivery))
        tries = [
            Attempt(one.attempt, one.at, one.duration_ms, one.status, one.error, one.answer)  # pyright: ignore[reportArgumentType]
            for one in webhooks.attempts_of(tx, found)
        ]
        body = msgspec.json.decode(webhooks.body_of(tx, found))
        return DeliveryDetail(**show_delivery(found), tries=tries, body=body)

    return call.read(work)


_REPLAYING: Final = (EndpointNotFound, EndpointDisabled, DeliveryNotFound, BadReplay)


@creating("/webhooks/replays", tag=TAG, permission=Permission.SEND, refusals=_REPLAYING)
def replay_webhooks(call: Call, data: JSONBody[NewReplay]) -> Response[Replay]:
    """Send again: one delivery, dead letters, or the facts of a range, also such as the endpoint was never sent.

    Each keeps its `webhook-id` and its number. A large replay goes on by itself; read it to see how far it has come.
    """
    for field in ("recorded_from", "recorded_until"):
        sensible(field, getattr(data, field))
    return call.write(lambda tx, at: show_replay(_replayed(tx, data, by=_by(call), at=at)))


def _replayed(tx: Transaction, data: NewReplay, *, by: str, at: datetime) -> webhooks.Replay:
    if data.delivery is not None and data.endpoint is None and not data.dead_letters:
        return webhooks.replay_delivery(tx, delivery_id_of(data.delivery), by=by, at=at)
    if data.endpoint is None or data.delivery is not None:
        raise BadReplay(field="endpoint", value="missing", remedy="give an endpoint, or a delivery alone")
    endpoint_id = endpoint_id_of(data.endpoint)
    if data.dead_letters:
        return webhooks.replay_dead_letters(tx, endpoint_id, by=by, at=at)
    between = webhooks.Range(data.recorded_from, data.recorded_until, _position(data.first), _position(data.last))
    return webhooks.replay_facts(tx, endpoint_id, between, missing_only=data.missing_only, by=by, at=at)


def _position(text: str | None) -> Position | None:
    if text is None:
        return None
    place = facts.read_position(text)
    if place is None:
        raise BadReplay(field="first", value=text, remedy="give a fact's id as the feed shows it")
    return place


@reading("/webhooks/replays", tag=TAG, permission=Permission.AUDIT, refusals=[BadCursor, EndpointNotFound])
def list_webhook_replays(call: Call, asked: NamedDependency[Replays]) -> Response[Page[Replay]]:
    """List what was sent again, the latest first."""
    place = from_cursor(asked.after, tuple[Instant, Int64])
    endpoint_id = None if asked.endpoint is None else endpoint_id_of(asked.endpoint)

    def work(tx: Transaction) -> Page[Replay]:
        found = webhooks.list_replays(tx, endpoint_id=endpoint_id, before=place, limit=asked.limit + 1)
        return page_of(found, asked.limit, show_replay, lambda last: (last.created_at, last.replay_id))

    return call.read(work)


@reading("/webhooks/replays/{replay:str}", tag=TAG, permission=Permission.AUDIT, refusals=[ReplayNotFound])
def read_webhook_replay(call: Call, replay: FromPath[str]) -> Response[Replay]:
    """Read how far a replay has come."""
    return call.read(
        lambda tx: show_replay(webhooks.find_replay(tx, known_id("rpl", replay, ReplayNotFound, "replay")))
    )


HANDLERS = (
    list_webhook_endpoints,
    add_webhook_endpoint,
    read_webhook_endpoint,
    amend_webhook_endpoint,
    disable_webhook_endpoint,
    enable_webhook_endpoint,
    rotate_webhook_secret,
    ping_webhook_endpoint,
    remove_webhook_endpoint,
    list_webhook_deliveries,
    read_webhook_delivery,
    replay_webhooks,
    list_webhook_replays,
    read_webhook_replay,
)
