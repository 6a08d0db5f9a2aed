"""`regulars db migrate|status|check|distribute`."""

from typing import Annotated

import typer

from regulars import jobs, ledger, settings, storage
from regulars.cli._app import AsJson, NotMigrated, open_app, show, show_one
from regulars.commerce import audit
from regulars.errors import Conflict
from regulars.types import to_public

app = typer.Typer(help="Look after the database.", no_args_is_help=True)


class Inconsistent(Conflict):
    """{count} stored values contradict others, listed above: restore a backup, and report it as a bug."""


class NotFollowed(Conflict):
    """{count} facts, listed above, were not followed by what should follow them: mend the reason, then run `regulars jobs retry`."""


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


@app.command("distribute")
def distribute(
    shards: Annotated[
        int, typer.Option(help="Into how many pieces; they are what moves from server to server.")
    ] = storage.SHARDS,
    most_entries: Annotated[
        int, typer.Option(help="Refuse when more entries than that would be moved, all in one transaction.")
    ] = storage.MOST_ENTRIES,
    as_json: AsJson = False,
) -> None:
    """Spread the ledger over the workers of a Citus coordinator. Again, it does only what is missing.

    Stop the servers first, and run it again after every upgrade: docs/howto/distribute-the-ledger.md.
    """
    with storage.open_database(settings.from_environment()) as database:
        missing = storage.pending(database.url)
        if missing:
            raise NotMigrated(count=len(missing))
        done = storage.distribute(database.url, shards=shards, most_entries=most_entries)
    result = {"workers": done.workers, "shards": done.shards, "version": done.version, "made": done.made}
    what = f"Done: {', '.join(done.made)}." if done.made else "Nothing to do."
    show_one(result, f"{what} {done.shards} shards on {done.workers} workers.", as_json=as_json)


@app.command("check")
def check(as_json: AsJson = False) -> None:
    """Prove that what is stored agrees with itself: balances with lots and entries, documents with their lines.

    Facts that points or tiers did not follow are named too.
    """
    with open_app() as opened, opened.database.transaction(read_only=True) as tx:
        found = [*map(_of_account, ledger.audit(tx)), *map(_of_document, audit.contradictions(tx))]
        missed = [_of_fact(one) for one in jobs.failures(tx)]
    show([*found, *missed], as_json=as_json, nothing="Everything agrees.")
    if found:
        raise Inconsistent(count=len(found))
    if missed:
        raise NotFollowed(count=len(missed))


def _of_account(one: ledger.Discrepancy) -> dict[str, object]:
    entry = "" if one.seq is None else f", entry {one.seq}"
    return _row(one.invariant, f"account {one.account_id}{entry}", one.expected, one.found)


def _of_document(one: audit.Contradiction) -> dict[str, object]:
    prefix = {"order": "ord", "return": "ret"}[one.document]
    return _row(one.invariant, to_public(prefix, one.document_id), one.expected, one.found)


def _of_fact(one: jobs.Failure) -> dict[str, object]:
    return _row("every fact is followed by its reactions", f"fact {one.fact_id}, {one.fact}", "followed", one.reason)


def _row(invariant: str, where: str, expected: object, found: object) -> dict[str, object]:
    return {"invariant": invariant, "where": where, "expected": expected, "found": found}
