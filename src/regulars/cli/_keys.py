"""`regulars keys issue|list|revoke`."""

from dataclasses import asdict
from typing import Annotated

import typer

from regulars import access
from regulars.access import Key, Role
from regulars.cli._app import AsJson, open_app, show, show_one
from regulars.types import from_public, to_public

app = typer.Typer(help="API keys, for programs.", no_args_is_help=True)


@app.command("issue")
def issue(
    name: Annotated[str, typer.Argument(help="Where it will be used: webshop, nightly export.", show_default=False)],
    role: Annotated[Role, typer.Option(help="What it may do.")] = Role.AGENT,
    as_json: AsJson = False,
) -> None:
    """Make an API key and print it, this once."""
    with open_app() as opened, opened.database.transaction() as tx:
        issued = access.issue_key(tx, name=name, role=role, at=opened.clock())
    sentence = f"{issued.token}\nOnly its hash is kept, so note it down. It is {_row(issued.key)['key_id']}."
    show_one(_row(issued.key) | {"token": issued.token}, sentence, as_json=as_json)


@app.command("list")
def show_all(as_json: AsJson = False) -> None:
    """List the API keys, revoked ones too."""
    with open_app() as opened, opened.database.transaction(read_only=True) as tx:
        rows = [_row(key) for key in access.keys(tx)]
    show(rows, as_json=as_json, nothing="No API keys yet.")


@app.command("revoke")
def revoke(
    key: Annotated[str, typer.Argument(help="key_…, as listed.", show_default=False)], as_json: AsJson = False
) -> None:
    """Stop an API key: its next request is refused."""
    key_id = from_public("key", key, field="key")
    with open_app() as opened, opened.database.transaction() as tx:
        access.revoke_key(tx, key_id, at=opened.clock())
    show_one({"key_id": key}, f"{key} no longer works.", as_json=as_json)


def _row(key: Key) -> dict[str, object]:
    own: dict[str, object] = {"key_id": to_public("key", key.key_id), "role": Role(key.role).value}
    return asdict(key) | own
