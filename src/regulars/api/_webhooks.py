"""Endpoints, deliveries and replays of webhooks as callers see them."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from regulars.api._paging import After, Limit
from regulars.api._shapes import Id, Instant, MemberRef, shown
from regulars.errors import NotFound
from regulars.facts import webhooks
from regulars.facts.webhooks import DeliveryNotFound, EndpointNotFound
from regulars.storage import Transaction
from regulars.types import MalformedId, from_public, to_public

Url = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=2000,
        description="Where they are sent, over https. It must lead to an address of the open internet.",
        examples=["https://crm.example/hooks/regulars"],
    ),
]
Names = Annotated[
    list[Annotated[str, Meta(pattern=r"^(\*|[a-z_]{1,60}\.([a-z_]{1,60}|\*))$")]],
    Meta(
        min_length=1,
        max_length=100,
        description="Which facts: `order.paid`, `points.*` for all about points, `*` for everything.",
        examples=[["points.*", "tier.reached"]],
    ),
]
Description = Annotated[str, Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$", description="What it is for.")]
EndpointRef = Annotated[str, Meta(max_length=40, description="A webhook endpoint.", examples=["whe_04h8z2k1q9x0b"])]
DeliveryRef = Annotated[str, Meta(max_length=40, description="A webhook delivery.", examples=["whd_0000000000001"])]
FactRef = Annotated[
    str,
    Meta(
        max_length=40,
        pattern="^[0-9]{1,19}-[0-9]{1,19}$",
        description="A fact: its `id` in `/v1/facts`, its `position` in a webhook.",
        examples=["7341-1201"],
    ),
]
State = Annotated[
    Literal["waiting", "retrying", "delivered", "dead"],
    Meta(description="`retrying`: it failed and will be tried again; `dead`: it will not, by itself."),
]


class Endpoint(Struct):
    """Where facts of some names are sent."""

    id: Id
    url: str
    names: list[str]
    description: str
    created_at: datetime
    created_by: str
    enabled_at: Annotated[datetime, Meta(description="Since when, or when last.")]
    enabled_by: str
    disabled_at: Annotated[datetime | None, Meta(description="Null while facts are sent.")]
    disabled_by: str | None
    disabled_because: Annotated[
        Literal["asked", "gone", "failing"] | None,
        Meta(description="`gone`: it answered 410; `failing`: for five days nothing else than failures."),
    ]
    failing_since: Annotated[datetime | None, Meta(description="Since when every attempt has failed; null: none has.")]
    delivered_at: Annotated[datetime | None, Meta(description="The last success.")]
    waiting: Annotated[int, Meta(description="Deliveries still to be made; 10001: more than 10,000.")]
    dead: Annotated[int, Meta(description="Dead letters; 10001: more than 10,000.")]


class NewEndpoint(Struct, forbid_unknown_fields=True):
    """Where facts shall be sent from now on."""

    url: Url
    names: Names
    description: Description = ""


class EndpointChange(Struct, forbid_unknown_fields=True):
    """What shall be different; what is left out stays."""

    url: Url | UnsetType = UNSET
    names: Names | UnsetType = UNSET
    description: Description | UnsetType = UNSET


class NewSecret(Struct):
    """A secret, shown this once."""

    endpoint: Annotated[str, Meta(description="The endpoint's id.")]
    secret: Annotated[str, Meta(description="Keep it: signatures are checked with it.", examples=["whsec_MfKQ9r8G…"])]


class AddedEndpoint(Endpoint, kw_only=True):
    """An endpoint with its secret, which is shown this once."""

    secret: Annotated[str, Meta(description="Keep it: signatures are checked with it.", examples=["whsec_MfKQ9r8G…"])]


class Rotation(Struct, forbid_unknown_fields=True):
    """A new secret."""

    overlap_hours: Annotated[
        int, Meta(ge=0, le=168, description="For so long the secret before signs beside the new one.")
    ] = 24


class Delivery(Struct):
    """One fact for one endpoint, and how far it has come."""

    id: Id
    endpoint: Annotated[str, Meta(description="The endpoint's id.")]
    message: Annotated[str, Meta(description="The `webhook-id` it is sent with, always.")]
    name: str
    member: str | None
    sequence: Annotated[
        int | None, Meta(description="Its number among what the endpoint is sent about the member; null: out of that.")
    ]
    state: State
    created_at: datetime
    due_at: Annotated[datetime | None, Meta(description="From when on it is tried.")]
    delivered_at: datetime | None
    dead_at: datetime | None
    attempts: int
    last_status: Annotated[int | None, Meta(description="The HTTP status of the last answer.")]
    last_error: Annotated[str | None, Meta(description="Why there was none.")]


class Attempt(Struct):
    """One attempt."""

    number: int
    at: datetime
    duration_ms: int
    status: int | None
    error: Annotated[
        Literal["refused", "unknown", "unreachable", "timeout", "tls", "protocol"] | None,
        Meta(description="`refused`: the address is not allowed; `unknown`: the name has none."),
    ]
    answer: Annotated[str, Meta(description="How the answer began, or what went wrong.")]


class DeliveryDetail(Delivery, kw_only=True):
    """A delivery with its attempts, the latest first, and what it says."""

    tries: list[Attempt]
    body: dict[str, Any]


class Deliveries(Struct, forbid_unknown_fields=True):
    """Which deliveries."""

    endpoint: EndpointRef | None = None
    state: State | None = None
    name: (
        Annotated[
            str,
            Meta(
                max_length=121,
                pattern="^[a-z_]+[.][a-z_]+$",
                description="The name of the facts.",
                examples=["order.paid"],
            ),
        ]
        | None
    ) = None
    member: MemberRef | None = None
    limit: Limit = 50
    after: After | None = None


class NewReplay(Struct, forbid_unknown_fields=True):
    """What to send again: one `delivery`; or, to an `endpoint`, its `dead_letters`, or the facts of a range.

    A range is of the time at which facts became known, from `recorded_from` to just before `recorded_until` (or now),
    or of facts from `first` to `last`, both included.
    """

    delivery: DeliveryRef | None = None
    endpoint: EndpointRef | None = None
    dead_letters: bool = False
    recorded_from: Instant | None = None
    recorded_until: Instant | None = None
    first: FactRef | None = None
    last: FactRef | None = None
    missing_only: Annotated[bool, Meta(description="Of a range, only what has not been delivered.")] = False


class Replay(Struct):
    """Something to be sent again, and how far that has come."""

    id: Id
    endpoint: str
    kind: Literal["dead", "delivery", "facts"]
    delivery: str | None
    recorded_from: datetime | None
    recorded_until: datetime | None
    missing_only: bool
    created_at: datetime
    created_by: str
    deliveries: Annotated[int, Meta(description="How many deliveries are due again, so far.")]
    finished_at: Annotated[datetime | None, Meta(description="Null while there is more to look at.")]


class Replays(Struct, forbid_unknown_fields=True):
    """Which replays."""

    endpoint: EndpointRef | None = None
    limit: Limit = 50
    after: After | None = None


def known_id(prefix: str, text: str, missing: Callable[..., NotFound], field: str) -> int:
    """The identifier a caller names.

    Raises:
        NotFound: of the kind `missing`, when it is none.
    """
    try:
        return from_public(prefix, text)
    except MalformedId as error:
        raise missing(**{field: text}) from error


def endpoint_id_of(text: str) -> int:
    """The endpoint a caller names.

    Raises:
        EndpointNotFound: it names none.
    """
    return known_id("whe", text, EndpointNotFound, "endpoint")


def delivery_id_of(text: str) -> int:
    """The delivery a caller names.

    Raises:
        DeliveryNotFound: it names none.
    """
    return known_id("whd", text, DeliveryNotFound, "delivery")


def show_endpoint(one: webhooks.Endpoint, backlog: webhooks.Backlog | None) -> Endpoint:
    """An endpoint as callers see it."""
    return Endpoint(
        id=to_public("whe", one.endpoint_id),
        url=one.url,
        names=one.names,
        description=one.description,
        created_at=one.created_at,
        created_by=one.created_by,
        enabled_at=one.enabled_at,
        enabled_by=one.enabled_by,
        disabled_at=one.disabled_at,
        disabled_by=one.disabled_by,
        disabled_because=one.disabled_because,  # pyright: ignore[reportArgumentType] - the table has exactly these
        failing_since=one.failing_since,
        delivered_at=one.delivered_at,
        waiting=backlog.waiting if backlog else 0,
        dead=backlog.dead if backlog else 0,
    )


def endpoint_now(tx: Transaction, one: webhooks.Endpoint) -> Endpoint:
    """An endpoint as callers see it, with what waits there."""
    backlogs = webhooks.backlogs(tx, endpoint_id=one.endpoint_id)
    return show_endpoint(one, backlogs.get(one.endpoint_id))


def show_delivery(one: webhooks.Delivery) -> dict[str, Any]:
    """The fields of a delivery as callers see it."""
    return {
        "id": to_public("whd", one.delivery_id),
        "endpoint": to_public("whe", one.endpoint_id),
        "message": to_public("png", one.delivery_id) if one.fact_id is None else to_public("fct", one.fact_id),
        "name": one.name,
        "member": shown("mem", one.member_id),
        "sequence": one.sequence,
        "state": one.state,
        "created_at": one.created_at,
        "due_at": None if one.due_at is None else max(one.due_at, one.created_at),
        "delivered_at": one.delivered_at,
        "dead_at": one.dead_at,
        "attempts": one.attempts,
        "last_status": one.last_status,
        "last_error": one.last_error,
    }


def show_replay(one: webhooks.Replay) -> Replay:
    """A replay as callers see it."""
    return Replay(
        id=to_public("rpl", one.replay_id),
        endpoint=to_public("whe", one.endpoint_id),
        kind=one.kind,  # pyright: ignore[reportArgumentType] - the table has exactly these
        delivery=shown("whd", one.delivery_id),
        recorded_from=one.recorded_from,
        recorded_until=one.recorded_until,
        missing_only=one.missing_only,
        created_at=one.created_at,
        created_by=one.created_by,
        deliveries=one.deliveries,
        finished_at=one.finished_at,
    )
