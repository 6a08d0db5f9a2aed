"""Webhooks: where facts are sent, how that goes, what became of each, and sending again."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Redirect, Response

from regulars.access import Permission
from regulars.console import _addresses, _health, _pages
from regulars.console._visits import Visit, require
from regulars.facts import webhooks
from regulars.facts.webhooks import STATES, AddedEndpoint, BadEndpoint, Endpoint, Range, State, Wish
from regulars.storage import Transaction
from regulars.types import from_public, to_public

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]

OVERLAPS: Final = (0, 1, 24, 72, 168)
"""For how many hours a secret may sign beside the one that takes over."""
_ROWS: Final = 50
_NEW: Final = Wish("", ["*"])


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which deliveries an address asks for; None does not restrict."""

    state: State | None
    name: str | None
    before: int | None

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Wanted":
        """Read a query.

        Raises:
            BadAddress: a part of it cannot be understood.
        """
        given = {name: text.strip() for name, text in query.items() if text.strip()}
        return cls(
            state=_state(given["state"]) if "state" in given else None,
            name=given.get("name"),
            before=from_public("whd", given["before"], field="before") if "before" in given else None,
        )

    def query(self, **changes: str | None) -> dict[str, str | None]:
        """The query that asks for the same from the beginning, with some of it changed."""
        return {"state": self.state, "name": self.name} | changes


def _state(text: str) -> State:
    state: State = _addresses.one_of("state", text, STATES)
    return state


def _endpoint_id(text: str) -> int:
    return from_public("whe", text, field="endpoint")


@get("/webhooks", sync_to_thread=True)
def list_webhooks(visit: NamedDependency[Visit]) -> Response[str]:
    """The endpoints, and how each does."""
    require(visit, Permission.AUDIT)
    with visit.app.database.transaction(read_only=True) as tx:
        found = _healths(tx, visit, webhooks.list_endpoints(tx))
    return _pages.page(visit, "webhooks.html", endpoints=found)


def _healths(tx: Transaction, visit: Visit, found: list[Endpoint]) -> list[_health.Health]:
    alone = found[0].endpoint_id if len(found) == 1 else None
    hours = webhooks.hours(tx, since=_health.since(visit.now), endpoint_id=alone)
    return _health.healths(found, hours, webhooks.backlogs(tx, endpoint_id=alone), now=visit.now)


@get("/webhooks/new", sync_to_thread=True)
def new_webhook(visit: NamedDependency[Visit]) -> Response[str]:
    """The form for a new endpoint."""
    require(visit, Permission.SEND)
    return _form(visit, _NEW, None)


def _form(visit: Visit, wish: Wish, endpoint: Endpoint | None, refusal: BadEndpoint | None = None) -> Response[str]:
    status = 200 if refusal is None else 422
    return _pages.page(
        visit,
        "webhook_form.html",
        status=status,
        wish=wish,
        endpoint=endpoint,
        refusal=refusal,
        networks=visit.app.settings.webhook_networks,
    )


def _wish(data: Mapping[str, str]) -> Wish:
    names = data.get("names", "").replace(",", " ").split()
    return Wish(data.get("url", "").strip(), names, data.get("description", ""))


@post("/webhooks/new", sync_to_thread=True, status_code=200)
def add_webhook(visit: NamedDependency[Visit], data: Form) -> Response[str]:
    """Add an endpoint and show its secret, or say what is wrong."""
    by, wish = require(visit, Permission.SEND), _wish(data)
    try:
        with visit.app.database.transaction() as tx:
            added = webhooks.add_endpoint(tx, wish, by=by, reach=visit.app.reach, vault=visit.app.vault, at=visit.now)
    except BadEndpoint as refusal:
        return _form(visit, wish, None, refusal)
    return _secret(visit, added, new=True)


def _secret(visit: Visit, given: AddedEndpoint, *, new: bool, overlap: int = 0) -> Response[str]:
    return _pages.page(visit, "webhook_secret.html", given=given, new=new, overlap=overlap)


@get("/webhooks/endpoints/{endpoint:str}", sync_to_thread=True)
def show_webhook(
    visit: NamedDependency[Visit], endpoint: FromPath[str], request: Request[Any, Any, Any]
) -> Response[str]:
    """One endpoint: how it does, what was sent, and what can be done about it."""
    require(visit, Permission.AUDIT)
    wanted, endpoint_id = Wanted.of(request.query_params), _endpoint_id(endpoint)
    with visit.app.database.transaction(read_only=True) as tx:
        [health] = _healths(tx, visit, [webhooks.find_endpoint(tx, endpoint_id)])
        found = webhooks.list_deliveries(
            tx, endpoint_id=endpoint_id, state=wanted.state, name=wanted.name, before=wanted.before, limit=_ROWS + 1
        )
        replays = webhooks.list_replays(tx, endpoint_id=endpoint_id, limit=5)
    rows = found[:_ROWS]
    following = to_public("whd", rows[-1].delivery_id) if len(found) > _ROWS else None
    values: dict[str, Any] = {
        "health": health, "endpoint": health.endpoint, "wanted": wanted, "deliveries": rows, "following": following,
        "states": STATES, "replays": replays, "overlaps": OVERLAPS, "done": request.query_params.get("done"),
        "address": f"/webhooks/endpoints/{endpoint}",
    }  # fmt: skip
    answer = _pages.page(visit, "_webhook_deliveries.html" if visit.partial else "webhook.html", **values)
    if visit.partial:
        answer.headers["HX-Replace-Url"] = _pages.query(f"/webhooks/endpoints/{endpoint}", wanted.query())
    return answer


@get("/webhooks/endpoints/{endpoint:str}/change", sync_to_thread=True)
def change_webhook(visit: NamedDependency[Visit], endpoint: FromPath[str]) -> Response[str]:
    """The form for an endpoint there is."""
    require(visit, Permission.SEND)
    with visit.app.database.transaction(read_only=True) as tx:
        known = webhooks.find_endpoint(tx, _endpoint_id(endpoint))
    return _form(visit, Wish(known.url, known.names, known.description), known)


@post("/webhooks/endpoints/{endpoint:str}/change", sync_to_thread=True)
def amend_webhook(visit: NamedDependency[Visit], endpoint: FromPath[str], data: Form) -> Response[Any]:
    """Change an endpoint, or say what is wrong."""
    by, wish, endpoint_id = require(visit, Permission.SEND), _wish(data), _endpoint_id(endpoint)
    with visit.app.database.transaction(read_only=True) as tx:
        known = webhooks.find_endpoint(tx, endpoint_id)
    try:
        with visit.app.database.transaction() as tx:
            webhooks.amend_endpoint(tx, endpoint_id, wish, by=by, reach=visit.app.reach, at=visit.now)
    except BadEndpoint as refusal:
        return _form(visit, wish, known, refusal)
    return _back(endpoint, "changed")


def _back(endpoint: str, done: str) -> Redirect:
    return Redirect(f"/webhooks/endpoints/{endpoint}?done={done}", status_code=303)


@post("/webhooks/endpoints/{endpoint:str}/ping", sync_to_thread=True)
def ping_webhook(visit: NamedDependency[Visit], endpoint: FromPath[str]) -> Redirect:
    """Send a test, and show what comes of it."""
    require(visit, Permission.SEND)
    with visit.app.database.transaction() as tx:
        sent = webhooks.ping(tx, _endpoint_id(endpoint), at=visit.now)
    return Redirect(f"/webhooks/deliveries/{to_public('whd', sent.delivery_id)}", status_code=303)


Switch = Callable[[Transaction, int, str, datetime], object]
_SWITCHES: Final[Mapping[str, Switch]] = {
    "disable": lambda tx, endpoint_id, by, at: webhooks.disable_endpoint(tx, endpoint_id, by=by, at=at),
    "enable": lambda tx, endpoint_id, by, at: webhooks.enable_endpoint(tx, endpoint_id, by=by, at=at),
}


@post("/webhooks/endpoints/{endpoint:str}/switch", sync_to_thread=True)
def switch_webhook(visit: NamedDependency[Visit], endpoint: FromPath[str], data: Form) -> Redirect:
    """Disable or enable an endpoint."""
    by = require(visit, Permission.SEND)
    to = _addresses.one_of("to", data.get("to", ""), tuple(_SWITCHES))
    with visit.app.database.transaction() as tx:
        _SWITCHES[to](tx, _endpoint_id(endpoint), by, visit.now)
    return _back(endpoint, f"{to}d")


@post("/webhooks/endpoints/{endpoint:str}/rotate", sync_to_thread=True, status_code=200)
def rotate_webhook(visit: NamedDependency[Visit], endpoint: FromPath[str], data: Form) -> Response[str]:
    """Give an endpoint a new secret, and show it."""
    by, hours = require(visit, Permission.SEND), _addresses.whole("overlap", data.get("overlap", "24"), 0, 168)
    with visit.app.database.transaction() as tx:
        given = webhooks.rotate_secret(
            tx, _endpoint_id(endpoint), overlap=timedelta(hours=hours), by=by, vault=visit.app.vault, at=visit.now
        )
    return _secret(visit, given, new=False, overlap=hours)


@post("/webhooks/endpoints/{endpoint:str}/remove", sync_to_thread=True)
def remove_webhook(visit: NamedDependency[Visit], endpoint: FromPath[str], data: Form) -> Redirect:
    """Take an endpoint away, if that was ticked."""
    by = require(visit, Permission.SEND)
    _addresses.one_of("sure", data.get("sure", ""), ("yes",))
    with visit.app.database.transaction() as tx:
        webhooks.remove_endpoint(tx, _endpoint_id(endpoint), by=by, at=visit.now)
    return Redirect("/webhooks", status_code=303)


@post("/webhooks/endpoints/{endpoint:str}/replay", sync_to_thread=True)
def replay_webhook(visit: NamedDependency[Visit], endpoint: FromPath[str], data: Form) -> Redirect:
    """Send dead letters again, or the facts of a time."""
    by, endpoint_id = require(visit, Permission.SEND), _endpoint_id(endpoint)
    what = _addresses.one_of("what", data.get("what", ""), ("dead", "time"))
    with visit.app.database.transaction() as tx:
        if what == "dead":
            webhooks.replay_dead_letters(tx, endpoint_id, by=by, at=visit.now)
        else:
            between = Range(_moment(visit, "from", data), _moment(visit, "to", data) if data.get("to") else None)
            missing = data.get("missing") == "yes"
            webhooks.replay_facts(tx, endpoint_id, between, missing_only=missing, by=by, at=visit.now)
    return _back(endpoint, "replayed")


def _moment(visit: Visit, field: str, data: Mapping[str, str]) -> datetime:
    """A day and time as a browser sends it, in the shop's time zone."""
    text = data.get(field, "")
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise _addresses.BadAddress(field=field, value=text, remedy="give a day and a time") from error
    return at if at.tzinfo else at.replace(tzinfo=visit.zone)


@get("/webhooks/deliveries/{delivery:str}", sync_to_thread=True)
def show_webhook_delivery(visit: NamedDependency[Visit], delivery: FromPath[str]) -> Response[str]:
    """One delivery: what it says, and every attempt."""
    require(visit, Permission.AUDIT)
    with visit.app.database.transaction(read_only=True) as tx:
        found = webhooks.find_delivery(tx, from_public("whd", delivery, field="delivery"))
        endpoint = webhooks.find_endpoint(tx, found.endpoint_id)
        attempts, body = webhooks.attempts_of(tx, found), webhooks.body_of(tx, found)
    said = json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    return _pages.page(visit, "webhook_delivery.html", delivery=found, endpoint=endpoint, attempts=attempts, said=said)


@post("/webhooks/deliveries/{delivery:str}/replay", sync_to_thread=True)
def replay_webhook_delivery(visit: NamedDependency[Visit], delivery: FromPath[str]) -> Redirect:
    """Send one delivery again."""
    by = require(visit, Permission.SEND)
    with visit.app.database.transaction() as tx:
        webhooks.replay_delivery(tx, from_public("whd", delivery, field="delivery"), by=by, at=visit.now)
    return Redirect(f"/webhooks/deliveries/{delivery}", status_code=303)


PAGES: Final = (
    list_webhooks,
    new_webhook,
    add_webhook,
    show_webhook,
    change_webhook,
    amend_webhook,
    ping_webhook,
    switch_webhook,
    rotate_webhook,
    remove_webhook,
    replay_webhook,
    show_webhook_delivery,
    replay_webhook_delivery,
)
