"""`regulars db migrate|status|check`."""

from dataclasses import asdict

import typer

from regulars import ledger, settings, storage
from regulars.cli._app import AsJson, open_app, show, show_one
from regulars.errors import Conflict
from regulars.types import to_public

app = typer.Typer(help="Look after the database.", no_args_is_help=True)


class Inconsistent(Conflict):
    """{count} stored values contradict others, listed above: restore a backup, and report it as a bug."""


@app.command("migrate")
def migrate(as_json: AsJson = False) -> None:
    """Bring the database up to this version. Each migration is applied once, in a transaction of its own."""
    with storage.open_database(settings.from_environment()) as database:
        done = [migration.name for migration in storage.migrate(database.url)]
    sentence = f"Applied {len(done)}: {', '.join(done)}." if done else "Nothing to apply: the database is up to date."
    show_one({"applied": done}, sentence, as_json=as_json)


@app.command("status")
def status(as_json: AsJson = False) -> None:
    """List the migrations, and when each was applied here."""
    with storage.open_database(settings.from_environment()) as database:
        applied = [(one.name, one.applied_at) for one in storage.applied(database.url)]
        waiting = [(one.name, None) for one in storage.pending(database.url)]
    rows = [
        {"migration": name, "applied_at": at and at.isoformat(timespec="seconds")} for name, at in applied + waiting
    ]
    show(rows, as_json=as_json)


@app.command("check")
def check(as_json: AsJson = False) -> None:
    """Prove that what is stored agrees with itself: every balance with its lots and its entries."""
    with open_app() as opened, opened.database.transaction(read_only=True) as tx:
        rows = [asdict(one) | {"account_id": to_public("acc", one.account_id)} for one in ledger.audit(tx)]
    show(rows, as_json=as_json, nothing="Everything agrees.")
    if rows:
        raise Inconsistent(count=len(rows))
