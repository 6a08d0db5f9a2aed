"""Promises: points that wait for an event, which is told here."""

from typing import Annotated

from litestar import Response
from litestar.params import JSONBody
from msgspec import Meta, Struct

from regulars import ledger
from regulars.access import Permission
from regulars.api._calls import Call
from regulars.api._points import TAG, Event
from regulars.api._routes import creating


class Fulfilment(Struct, forbid_unknown_fields=True):
    """An event that has come."""

    event: Event


class Fulfilled(Struct):
    """What the event has made available."""

    event: str
    promises: Annotated[int, Meta(description="How many promises were kept: ask again until it is 0.")]


@creating("/fulfilments", tag=TAG, permission=Permission.GIVE, status_code=200)
def fulfil_event(call: Call, data: JSONBody[Fulfilment]) -> Response[Fulfilled]:
    """Make available what was promised until an event, now that it has come.

    It takes up to 1,000 promises, of whichever members and kinds of points. What had timed out before stays as it is. An
    event that nothing waits for changes nothing: it is not remembered for promises made later.
    """
    return call.write(lambda tx, at: Fulfilled(data.event, ledger.fulfil(tx, data.event, at=at)))


HANDLERS = (fulfil_event,)
