"""`regulars import points FILE`."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from regulars import commerce, jobs, members
from regulars.app import App
from regulars.cli._app import open_app
from regulars.cli._import import err, pair, progress_bar
from regulars.ledger import openings
from regulars.types import to_public


def run(
    file: Annotated[Path, typer.Argument(help="A CSV or Parquet file, one row per lot of points.", show_default=False)],
    shop: Annotated[
        str | None, typer.Option(help="Whose customer numbers the file names members by. [default: any shop's]")
    ] = None,
    enrol: Annotated[bool, typer.Option(help="Make members of those whom nobody knows.")] = False,
    columns: Annotated[
        list[str] | None, typer.Option("--map", help="field=Header, as often as needed: member=CustomerID.")
    ] = None,
    time_zone: Annotated[
        str | None, typer.Option(help="Where the file's dates and times are at home. [default: the shop's]")
    ] = None,
    date_format: Annotated[str | None, typer.Option(help="How dates are written, for instance '%d/%m/%Y'.")] = None,
    total: Annotated[
        list[str] | None,
        typer.Option(help="What the file has to sum to, else nothing is imported: 125000, or stars=40."),
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="Say what would become of every row, and import nothing.")] = False,
    again: Annotated[bool, typer.Option(help="Go through a file that was imported before once more.")] = False,
    rejects: Annotated[
        Path | None,
        typer.Option(help="Where rows that are not imported go. [default: FILE.rejects.csv]", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Import opening balances: what members had in another system, as lots with the expiry they had there.

    Columns: member, points, and if there are any expires_at, earned_at, reference, point_type, reason. A date without a time
    is the last day on which the points count. A row that was imported before changes nothing, and after a kill it goes on.
    """
    with open_app() as opened:
        naming, home = _naming(opened, shop, enrols=enrol)
        layout = openings.Layout(dict(pair(text) for text in columns or []), time_zone or home, date_format)
        source = openings.read_file(file, layout, at=opened.clock())
        try:
            openings.check_totals(source, dict(map(_total, total or [])))
            known = None if again else _finished(opened, source)
            done = None if dry_run else known or _post(opened, source, naming, again=again, quiet=as_json)
            report = done.report if done else jobs.try_points(opened, source, naming)
            target = rejects or file.with_name(file.name + ".rejects.csv")
            refused = [(int(one["row"]), str(one["reason"])) for one in report["refusals"]]
            written = 0 if known or dry_run else source.write_rejects(target, refused)
        finally:
            source.close()
    result = {
        "import_id": to_public("imp", done.import_id) if done else None,
        "already_imported_at": known.started_at.isoformat() if known else None,
        "dry_run": dry_run,
        **report,
        "rejects_file": str(target) if written else None,
    }
    typer.echo(json.dumps(result, ensure_ascii=False)) if as_json else _say(result)


def _naming(opened: App, shop: str | None, *, enrols: bool) -> tuple[openings.Naming, str]:
    """How members are named, and the time zone that goes with it."""
    with opened.database.transaction(read_only=True) as tx:
        shops = [commerce.shop_by_code(tx, shop)] if shop else commerce.shops(tx)
    issuers = [one.code for one in shops] + ([] if shop else [members.DIRECT])
    if enrols and not shop:  # a new member is the installation's own, not any shop's
        issuers = [members.DIRECT, *issuers[:-1]]
    return openings.Naming(issuers, enrols), shops[0].time_zone if len(shops) == 1 else "UTC"


def _total(text: str) -> tuple[str, int]:
    name, equals, number = text.rpartition("=")
    if not number.lstrip("+-").isdecimal():
        raise openings.BadLayout(field="--total", value=text, remedy="write a whole number, or point_type=number")
    return name if equals else "points", int(number)


def _finished(opened: App, source: openings.Source) -> openings.Import | None:
    with opened.database.transaction(read_only=True) as tx:
        known = openings.known_import(tx, source)
    return known if known and known.finished_at else None


def _post(
    opened: App, source: openings.Source, naming: openings.Naming, *, again: bool, quiet: bool
) -> openings.Import:
    with progress_bar(quiet) as bar:
        task = bar.add_task("Importing", total=source.rows)
        return jobs.import_points(
            opened, source, naming, again=again, on_chunk=lambda done: bar.update(task, completed=done)
        )


def _say(result: dict[str, Any]) -> None:
    if result["already_imported_at"] and not result["dry_run"]:
        typer.echo(
            f"Already imported on {result['already_imported_at'][:16]} UTC. To go through it once more, add --again."
        )
        return
    table = Table("What became of them", "Count", title=f"{result['rows_read']:,} rows read")
    for verdict, count in {**result["verdicts"], **result["rows"]}.items():
        table.add_row(verdict, f"{count:,}")
    Console().print(table)
    sums = Table("Points", "in the file", "not read", "posted", "known", "refused")
    for point_type, one in result["totals"].items():
        figures = (one[name] for name in ("in_file", "unread", "posted", "known", "refused"))
        sums.add_row(point_type, *(f"{figure:,}" for figure in figures))
    Console().print(sums)
    for refusal in result["refusals"][:10]:
        err.print(f"[red]row {refusal['row']}[/red]: {refusal['reason']}")
    if result["rejects_file"]:
        err.print(f"Rows that were not imported are in {result['rejects_file']}, each with its reason.")
    if result["dry_run"]:
        err.print("Dry run: nothing was imported.")
