"""`regulars webhooks add|list|amend|enable|disable|rotate|ping|remove|deliveries|delivery|replay`."""

import json
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import typer

from regulars.app import App
from regulars.cli._app import AsJson, open_app, show, show_one
from regulars.facts import webhooks
from regulars.facts.webhooks import AddedEndpoint, Delivery, Endpoint, Range, Replay, State, Wish
from regulars.types import from_public, to_public

app = typer.Typer(help="Facts sent to other systems.", no_args_is_help=True)

BY: Final = "command line"
_TIMES: Final = ["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"]

EndpointArgument = Annotated[str, typer.Argument(help="whe_…, as listed.", show_default=False)]
DeliveryArgument = Annotated[str, typer.Argument(help="whd_…, as listed.", show_default=False)]
Names = Annotated[
    list[str] | None,
    typer.Option("--name", help="order.paid, points.* or *; give it several times.", show_default=False),
]
Description = Annotated[str | None, typer.Option(help="What it is for.", show_default=False)]


@app.command("add")
def add(
    url: Annotated[str, typer.Argument(help="Where facts are sent: https://…", show_default=False)],
    names: Names = None,
    description: Description = None,
    as_json: AsJson = False,
) -> None:
    """Send facts to an address from now on, and print the secret, this once. Without --name: every fact."""
    with open_app() as opened, opened.database.transaction() as tx:
        wish = Wish(url, names or ["*"], description or "")
        added = webhooks.add_endpoint(tx, wish, by=BY, reach=opened.reach, vault=opened.vault, at=opened.clock())
    _show_secret(added, as_json)


@app.command("list")
def show_all(as_json: AsJson = False) -> None:
    """List where facts are sent."""
    with open_app() as opened, opened.database.transaction(read_only=True) as tx:
        backlogs = webhooks.backlogs(tx)
        rows = [
            _row(one) | {"waiting": backlogs[one.endpoint_id].waiting, "dead": backlogs[one.endpoint_id].dead}
            for one in webhooks.list_endpoints(tx)
        ]
    show(rows, as_json=as_json, nothing="Nothing is sent anywhere yet.")


@app.command("amend")
def amend(
    endpoint: EndpointArgument,
    url: Annotated[str | None, typer.Option(help="Where facts are sent.", show_default=False)] = None,
    names: Names = None,
    description: Description = None,
    as_json: AsJson = False,
) -> None:
    """Change an endpoint; what is left out stays."""
    with open_app() as opened, opened.database.transaction() as tx:
        before = webhooks.find_endpoint(tx, _endpoint_id(endpoint))
        wish = Wish(
            url or before.url, names or before.names, before.description if description is None else description
        )
        after = webhooks.amend_endpoint(tx, before.endpoint_id, wish, by=BY, reach=opened.reach, at=opened.clock())
    show_one(_row(after), f"{endpoint} is changed.", as_json=as_json)


@app.command("enable")
def enable(endpoint: EndpointArgument, as_json: AsJson = False) -> None:
    """Send to an endpoint again: what waited, and what happens from now on."""
    with open_app() as opened, opened.database.transaction() as tx:
        after = webhooks.enable_endpoint(tx, _endpoint_id(endpoint), by=BY, at=opened.clock())
    show_one(_row(after), f"Facts are sent to {endpoint}.", as_json=as_json)


@app.command("disable")
def disable(endpoint: EndpointArgument, as_json: AsJson = False) -> None:
    """Send nothing to an endpoint until it is enabled."""
    with open_app() as opened, opened.database.transaction() as tx:
        after = webhooks.disable_endpoint(tx, _endpoint_id(endpoint), by=BY, at=opened.clock())
    show_one(_row(after), f"Nothing is sent to {endpoint} any more.", as_json=as_json)


@app.command("rotate")
def rotate(
    endpoint: EndpointArgument,
    overlap_hours: Annotated[int, typer.Option(help="How long the old secret signs beside the new one.", min=0, max=168)] = 24,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Give an endpoint a new secret, and print it, this once."""
    with open_app() as opened, opened.database.transaction() as tx:
        overlap = timedelta(hours=overlap_hours)
        given = webhooks.rotate_secret(
            tx, _endpoint_id(endpoint), overlap=overlap, by=BY, vault=opened.vault, at=opened.clock()
        )
    _show_secret(given, as_json)


@app.command("new-key")
def new_key() -> None:
    """Print a new key for REGULARS_SECRET_KEY. Put the old one behind it, with a comma, then run `rekey`."""
    typer.echo(webhooks.new_key())


@app.command("rekey")
def rekey(as_json: AsJson = False) -> None:
    """Encrypt all secrets with the first key of REGULARS_SECRET_KEY; after that the others are not needed."""
    with open_app() as opened, opened.database.transaction() as tx:
        count = webhooks.rekey(tx, vault=opened.vault)
    show_one({"secrets": count}, f"{count} secrets are encrypted with the first key.", as_json=as_json)


@app.command("ping")
def ping(endpoint: EndpointArgument, as_json: AsJson = False) -> None:
    """Send a test. `regulars serve` sends it; `regulars webhooks delivery` shows what came of it."""
    with open_app() as opened, opened.database.transaction() as tx:
        sent = webhooks.ping(tx, _endpoint_id(endpoint), at=opened.clock())
    show_one(_delivery(sent), f"It will be sent: {to_public('whd', sent.delivery_id)}.", as_json=as_json)


@app.command("remove")
def remove(endpoint: EndpointArgument, as_json: AsJson = False) -> None:
    """Take an endpoint away; what waits is not sent."""
    with open_app() as opened, opened.database.transaction() as tx:
        webhooks.remove_endpoint(tx, _endpoint_id(endpoint), by=BY, at=opened.clock())
    show_one({"endpoint": endpoint}, f"{endpoint} is removed.", as_json=as_json)


@app.command("deliveries")
def deliveries(
    endpoint: Annotated[str | None, typer.Option(help="whe_…: of one endpoint.", show_default="all")] = None,
    state: Annotated[State | None, typer.Option(help="How far they have come.", show_default="any")] = None,
    name: Annotated[str | None, typer.Option(help="The name of the fact.", show_default="any")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    as_json: AsJson = False,
) -> None:
    """List what was sent and what waits, the latest first."""
    with open_app() as opened, opened.database.transaction(read_only=True) as tx:
        found = webhooks.list_deliveries(
            tx, endpoint_id=None if endpoint is None else _endpoint_id(endpoint), state=state, name=name, limit=limit
        )
    show([_delivery(one) for one in found], as_json=as_json, nothing="No deliveries.")


@app.command("delivery")
def delivery(delivery: DeliveryArgument, as_json: AsJson = False) -> None:
    """Show a delivery: what it says, and every attempt."""
    with open_app() as opened, opened.database.transaction(read_only=True) as tx:
        found = webhooks.find_delivery(tx, from_public("whd", delivery, field="delivery"))
        attempts = [
            {"attempt": one.attempt, "at": one.at, "took_ms": one.duration_ms, "status": one.status, "error": one.error,
             "answer": one.answer} for one in webhooks.attempts_of(tx, found)
        ]  # fmt: skip
        body: dict[str, object] = json.loads(webhooks.body_of(tx, found))
    if as_json:
        show_one(_delivery(found) | {"attempts": attempts, "body": body}, "", as_json=True)
        return
    show([_delivery(found)], as_json=False)
    show(attempts, as_json=False, nothing="It has not been tried yet.")
    typer.echo(json.dumps(body, indent=2, ensure_ascii=False))


@app.command("replay")
def replay(
    endpoint: Annotated[str | None, typer.Argument(help="whe_…, as listed.", show_default=False)] = None,
    delivery: Annotated[str | None, typer.Option(help="whd_…: one delivery.", show_default=False)] = None,
    dead_letters: Annotated[bool, typer.Option("--dead-letters", help="All that was given up.")] = False,
    start: Annotated[datetime | None, typer.Option("--from", formats=_TIMES, help="What became known from then on; UTC.", show_default=False)] = None,
    end: Annotated[datetime | None, typer.Option("--until", formats=_TIMES, help="Up to then.", show_default="now")] = None,
    missing_only: Annotated[bool, typer.Option("--missing-only", help="Only what has not been delivered.")] = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Send again: one delivery, what was given up, or the facts of a time. `regulars serve` sends it."""
    with open_app() as opened:
        done = _replayed(opened, endpoint, delivery, dead_letters, _utc(start), _utc(end), missing_only)
    row: dict[str, object] = {
        "replay": to_public("rpl", done.replay_id),
        "deliveries": done.deliveries,
        "finished_at": done.finished_at,
    }
    show_one(row, f"{done.deliveries} will be sent again{'' if done.finished_at else ', and more'}.", as_json=as_json)


def _replayed(
    opened: App, endpoint: str | None, delivery: str | None, dead: bool, start: datetime | None, end: datetime | None,
    missing_only: bool,
) -> Replay:  # fmt: skip
    at = opened.clock()
    with opened.database.transaction() as tx:
        if delivery is not None:
            return webhooks.replay_delivery(tx, from_public("whd", delivery, field="delivery"), by=BY, at=at)
        if endpoint is None:
            raise webhooks.BadReplay(field="endpoint", value="missing", remedy="give an endpoint, or --delivery")
        if dead:
            return webhooks.replay_dead_letters(tx, _endpoint_id(endpoint), by=BY, at=at)
        return webhooks.replay_facts(
            tx, _endpoint_id(endpoint), Range(start, end), missing_only=missing_only, by=BY, at=at
        )


def _utc(moment: datetime | None) -> datetime | None:
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)


def _endpoint_id(text: str) -> int:
    return from_public("whe", text, field="endpoint")


def _show_secret(given: AddedEndpoint, as_json: bool) -> None:
    row = _row(given.endpoint)
    sentence = f"{given.secret}\nGive it to the receiver; it is not shown again. The endpoint is {row['endpoint']}."
    show_one(row | {"secret": given.secret}, sentence, as_json=as_json)


def _row(one: Endpoint) -> dict[str, object]:
    return {
        "endpoint": to_public("whe", one.endpoint_id),
        "url": one.url,
        "names": " ".join(one.names),
        "description": one.description,
        "disabled": one.disabled_because,
        "failing_since": one.failing_since,
        "delivered_at": one.delivered_at,
    }


def _delivery(one: Delivery) -> dict[str, object]:
    return {
        "delivery": to_public("whd", one.delivery_id),
        "endpoint": to_public("whe", one.endpoint_id),
        "name": one.name,
        "member": None if one.member_id is None else to_public("mem", one.member_id),
        "sequence": one.sequence,
        "state": one.state,
        "created_at": one.created_at,
        "attempts": one.attempts,
        "last": one.last_status or one.last_error,
    }
