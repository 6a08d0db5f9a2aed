"""`regulars import orders FILE`; `import points` is in `_import_points`."""

import json
import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from regulars import commerce, jobs
from regulars.app import App
from regulars.cli._app import open_app
from regulars.commerce import Shop
from regulars.commerce import connectors as files
from regulars.storage import Transaction
from regulars.types import to_public

app = typer.Typer(help="Bring a shop's records in.", no_args_is_help=True)
err = Console(stderr=True)


@app.command("orders")
def orders(
    file: Annotated[Path, typer.Argument(help="A CSV or Parquet file, one row per order line.", show_default=False)],
    shop: Annotated[
        str, typer.Option(help="The shop's code; opened with --currency and --time-zone if it is new.")
    ] = "shop",
    currency: Annotated[str, typer.Option(help="ISO 4217 code of a new shop.")] = "EUR",
    time_zone: Annotated[
        str, typer.Option(help="IANA time zone of a new shop; the file's dates are read in it.")
    ] = "UTC",
    columns: Annotated[
        list[str] | None, typer.Option("--map", help="field=Header, as often as needed: customer=CustomerID.")
    ] = None,
    profile: Annotated[str | None, typer.Option(help="Read it as saved under this name.")] = None,
    save_profile: Annotated[str | None, typer.Option(help="Save how it was read under this name.")] = None,
    date_format: Annotated[
        str | None, typer.Option(help="How dates are written, for instance '%d/%m/%Y %H:%M'.")
    ] = None,
    decimal_comma: Annotated[bool, typer.Option(help="Prices are written 1.234,50.")] = False,
    return_prefix: Annotated[str | None, typer.Option(help="Order numbers that begin so are returns.")] = None,
    drop_duplicates: Annotated[bool, typer.Option(help="Drop rows that repeat another in every column.")] = False,
    drop_zero_prices: Annotated[bool, typer.Option(help="Drop rows without a price.")] = False,
    dry_run: Annotated[bool, typer.Option(help="Say what would be imported, and import nothing.")] = False,
    again: Annotated[bool, typer.Option(help="Go through a file that was imported before once more.")] = False,
    rejects: Annotated[
        Path | None,
        typer.Option(help="Where rows that cannot be read go. [default: FILE.rejects.csv]", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Import orders, and what came back of them, from a shop's export.

    Columns are recognised by their names; what was recognised is shown, and --map corrects it. A file that was imported
    before is left alone unless --again is given, and after a kill it goes on where it was.
    """
    with open_app() as opened:
        with opened.database.transaction() as tx:
            found = _shop(tx, shop, currency, time_zone, opened, keep=not dry_run)
            kept = files.load_profile(tx, profile) if profile else files.Profile({})
        wanted = replace(
            kept,
            columns={**kept.columns, **dict(pair(text) for text in columns or [])},
            date_format=date_format or kept.date_format,
            decimal="," if decimal_comma else kept.decimal,
            return_prefix=return_prefix or kept.return_prefix,
            drop_duplicates=drop_duplicates or kept.drop_duplicates,
            drop_zero_prices=drop_zero_prices or kept.drop_zero_prices,
        )
        source = files.read_file(file, wanted, found)
        try:
            _confirm(source, as_json)
            if save_profile and not dry_run:
                with opened.database.transaction() as tx:
                    files.save_profile(tx, save_profile, source.profile, at=opened.clock())
            target = rejects or file.with_name(file.name + ".rejects.csv")
            _bring_in(opened, found, source, target, dry_run=dry_run, again=again, as_json=as_json)
        finally:
            source.close()


def pair(text: str) -> tuple[str, str]:
    """`field=Header` as the two."""
    field, equals, header = text.partition("=")
    if not equals or not re.fullmatch(r"\w+", field):
        raise files.BadProfile(field="--map", value=text, remedy="write field=Header")
    return field, header


def _shop(tx: Transaction, code: str, currency: str, time_zone: str, opened: App, *, keep: bool) -> Shop:
    """The shop with that code, opened if it is new; for a dry run it does not stay open."""
    try:
        return commerce.shop_by_code(tx, code)
    except commerce.ShopNotFound:
        with tx.savepoint(undo=not keep):
            return commerce.open_shop(tx, code, name=code, currency=currency, time_zone=time_zone, at=opened.clock())


def _confirm(source: files.Source, as_json: bool) -> None:
    if not as_json:
        err.print("Columns: " + ", ".join(f"{field} = {header}" for field, header in source.profile.columns.items()))


def _finished(opened: App, source: files.Source) -> files.Import | None:
    with opened.database.transaction(read_only=True) as tx:
        known = files.known_import(tx, source)
    return known if known and known.finished_at else None


def _already(known: files.Import) -> str:
    first = f"{known.started_at:%Y-%m-%d %H:%M} UTC as {known.file_name}"
    return f"Already imported on {first}. To go through it once more, add --again."


def _say_known(source: files.Source, known: files.Import, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(_result(source, known, None, already=known), ensure_ascii=False))
    else:
        typer.echo(f"{_already(known)} Nothing was done.")


def _bring_in(
    opened: App, shop: Shop, source: files.Source, rejects: Path, *, dry_run: bool, again: bool, as_json: bool
) -> None:
    known = None if again else _finished(opened, source)
    if dry_run:
        _report(source, None, None, as_json, known=known)
    elif known:
        _say_known(source, known, as_json)
    else:
        done = _record(opened, shop, source, again=again, quiet=as_json)
        _report(source, done, rejects if source.write_rejects(rejects) else None, as_json)


def _record(opened: App, shop: Shop, source: files.Source, *, again: bool, quiet: bool) -> files.Import:
    with progress_bar(quiet) as bar:
        task = bar.add_task("Importing", total=source.total_chunks)
        return jobs.import_file(
            opened, shop, source, again=again, on_chunk=lambda running: bar.update(task, completed=running.chunks_done)
        )


def progress_bar(quiet: bool) -> Progress:
    """A bar on standard error, of parts done."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=err,
        disable=quiet,
    )


def _report(
    source: files.Source,
    done: files.Import | None,
    target: Path | None,
    as_json: bool,
    *,
    known: files.Import | None = None,
) -> None:
    if as_json:
        typer.echo(json.dumps(_result(source, done, target, already=known), ensure_ascii=False))
        return
    documents: dict[str, int] = done.report["documents"] if done else {}
    refusals: list[dict[str, str]] = done.report["refusals"] if done else []
    table = Table("What became of them", "Count", title=f"{source.rows_read:,} rows read")
    for verdict, count in source.verdicts.items():
        table.add_row(f"rows of {verdict}s" if verdict in {"order", "return"} else verdict, f"{count:,}")
    for what, count in documents.items():
        table.add_row(what, f"{count:,}", style="bold")
    Console().print(table)
    for refusal in refusals[:10]:
        err.print(f"[red]{refusal['document']}[/red]: {refusal['reason']}")
    if target:
        err.print(f"{source.rejected:,} rows could not be read; they are in {target}, each with its reason.")
    if not done:
        err.print("Dry run: nothing was imported.")
    if known:
        err.print(_already(known))


def _result(
    source: files.Source, done: files.Import | None, target: Path | None, *, already: files.Import | None = None
) -> dict[str, object]:
    """What a program is told. `already` is the import of this file that was finished before."""
    return {
        "import_id": to_public("imp", done.import_id) if done else None,
        "already_imported_at": already.started_at.isoformat() if already else None,
        "rows_read": source.rows_read,
        "rows": source.verdicts,
        "documents": done.report["documents"] if done else {},
        "refusals": done.report["refusals"] if done else [],
        "rejects_file": str(target) if target else None,
        "profile": asdict(source.profile),
    }
