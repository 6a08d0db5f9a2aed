"""`regulars ledger verify|export|archive|statement|totals|flows|expiring|types|define-type`."""

import time
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from regulars.app import App
from regulars.cli import _archive, _liability, _statements
from regulars.cli._app import AsJson, open_app, show_one
from regulars.errors import Conflict
from regulars.ledger import proof

app = typer.Typer(help="Read and prove the points ledger.", no_args_is_help=True)
app.command("archive")(_archive.archive_entries)
app.command("statement")(_statements.statement)
app.command("totals")(_statements.totals)
app.command("flows")(_liability.flows)
app.command("expiring")(_liability.expiring)
app.command("types")(_liability.types)
app.command("define-type")(_liability.define_type)


class LedgerContradicted(Conflict):
    """{count} invariants of the ledger are broken, listed above: restore a backup, and report it as a bug."""


@app.callback()
def _group() -> None:
    """Read and prove the points ledger."""


@app.command("verify")
def verify(
    since: Annotated[
        datetime | None, typer.Option(help="Only accounts posted to since then, in UTC; all of them otherwise.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Go through the ledger: balances, lots, numbering, and the hash of every entry behind the one before.

    In pieces, a transaction each; stopped, it goes on where it was. The root at the end is what an auditor keeps.
    """
    with open_app() as opened:
        done = _whole(opened, as_json) if since is None else _since(opened, since.replace(tzinfo=opened.clock().tzinfo))
        with opened.database.transaction(read_only=True) as tx:
            found = proof.findings(tx, limit=1000)
    for one in found:
        where = "the ledger" if one.account_id == proof.THE_WHOLE else f"account {one.account_id}"
        entry = f", entry {one.seq}" if one.seq else ""
        typer.echo(f"{where}{entry}: {one.invariant}; expected {one.expected}, found {one.found}", err=True)
    result = {**done, "discrepancies": len(found)}
    sentence = f"{done['accounts']:,} accounts are right." if not found else f"{len(found)} discrepancies."
    show_one(result, sentence + (f" Root {done['root']}." if "root" in done else ""), as_json=as_json)
    if found:
        raise LedgerContradicted(count=len(found))


@app.command("export")
def export(
    file: Annotated[Path, typer.Argument(help="Where the CSV file goes.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Write the whole journal as CSV, for an auditor who checks it without our code.

    docs/howto/audit-the-ledger.md has the program that checks it, in thirty lines.
    """
    entries = -1
    with (
        open_app() as opened,
        opened.database.transaction(read_only=True) as tx,
        file.with_name(file.name + ".part").open("wb") as out,
    ):
        for row in proof.export_journal(tx):
            entries += row.count(b"\n")
            out.write(row)
    Path(out.name).replace(file)
    show_one({"file": str(file), "entries": entries}, f"{entries:,} entries are in {file}.", as_json=as_json)


def _whole(opened: App, quiet: bool) -> dict[str, object]:
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        disable=quiet,
    ) as bar:
        task = bar.add_task("Verifying", total=None)
        while True:
            with opened.database.transaction() as tx:
                done = proof.reconcile(tx, at=opened.clock())
            if done is None:  # the running server is at the next piece
                time.sleep(0.1)
                continue
            bar.update(task, description=f"Verified {done.accounts:,} accounts, {done.entries:,} entries")
            if done.finished_at is not None:
                return {"accounts": done.accounts, "entries": done.entries, "root": done.root.hex()}


def _since(opened: App, since: datetime) -> dict[str, object]:
    accounts, after = 0, -1
    while True:
        with opened.database.transaction() as tx:
            checked = proof.verify_since(tx, since, at=opened.clock(), after=after)
        if not checked.accounts:
            return {"accounts": accounts, "since": since.isoformat()}
        accounts, after = accounts + checked.accounts, checked.upto
