"""Whether the installation lives, is ready, and who is asking."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from msgspec import Meta, Struct

from regulars.access import Role
from regulars.api._calls import Call
from regulars.api._problems import Unavailable
from regulars.api._routes import reading
from regulars.api._shapes import Id
from regulars.app import App
from regulars.storage import LaneReading, pending
from regulars.types import to_public

TAG = "Keys"


class Key(Struct):
    """The API key of this request."""

    id: Id
    name: str
    role: Role
    hint: Annotated[str, Meta(description="Its first letters.")]
    created_at: datetime


class Health(Struct):
    """How it is."""

    status: Literal["live", "ready"]


class LanesHealth(Struct):
    """How the lanes are: what waits for the ledger, and how it went since the start."""

    lanes: Sequence[LaneReading]


@reading("/key", tag=TAG)
def read_key(call: Call) -> Response[Key]:
    """Read which key this is and what it may do."""
    one = call.key
    return call.show(Key(to_public("key", one.key_id), one.name, one.role, one.hint, one.created_at))


def health(app: App, lanes: Callable[[], Sequence[LaneReading]]) -> list[HTTPRouteHandler]:
    """The addresses a supervisor asks; they need no key."""

    @get("/health/live", sync_to_thread=False, include_in_schema=False)
    def live() -> Response[bytes]:
        """Whether the process answers."""
        return _json(Health("live"))

    @get("/health/ready", sync_to_thread=True, include_in_schema=False)
    def ready() -> Response[bytes]:
        """Whether the database answers and has every migration."""
        if pending(app.database.url):
            raise Unavailable
        return _json(Health("ready"))

    @get("/health/lanes", sync_to_thread=False, include_in_schema=False)
    def in_lanes() -> Response[bytes]:
        """What waits for the ledger in this process."""
        return _json(LanesHealth(lanes()))

    return [live, ready, in_lanes]


def _json(content: Struct) -> Response[bytes]:
    headers = {"Cache-Control": "no-store"}
    return Response(msgspec.json.encode(content), media_type="application/json", headers=headers)


HANDLERS = (read_key,)
