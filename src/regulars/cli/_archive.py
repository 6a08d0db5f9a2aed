"""`regulars ledger archive`: old entries put away, written to files, taken out of the house and brought back."""

import time
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from regulars.app import App
from regulars.cli._app import AsJson, open_app, show, show_one
from regulars.errors import Invalid
from regulars.ledger import archive
from regulars.storage import lost_a_race


def archive_entries(
    before: Annotated[
        datetime | None, typer.Option(help="Put away entries posted before then, in UTC.", show_default=False)
    ] = None,
    most: Annotated[
        int | None, typer.Option(min=1, help="Stop after about so many entries; the next call goes on.")
    ] = None,
    export: Annotated[
        int | None,
        typer.Option(help="Write a year's entries to files; nothing is added to it then.", show_default=False),
    ] = None,
    detach: Annotated[
        bool, typer.Option("--detach", help="With --export: once the files are checked, take its words out.")
    ] = False,
    restore: Annotated[
        int | None, typer.Option(help="Bring a year's words back from its files.", show_default=False)
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--to", "--from", help="The folder of the files.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Put old entries of the ledger away, and say what is there.

    The journal stays small, and nothing is lost: docs/howto/archive-old-entries.md says how it works.
    """
    _refuse_muddle(before, most, export, detach, restore, folder)
    with open_app() as opened:
        if before is not None:
            _put_away(opened, before.replace(tzinfo=opened.clock().tzinfo), most, as_json)
        elif export is not None and folder is not None:
            _export(opened, export, folder, detach, as_json)
        elif restore is not None and folder is not None:
            with opened.database.transaction() as tx:
                year = archive.restore(tx, restore, folder, at=opened.clock())
            show_one(_told(year), f"{year.entries:,} entries of {restore} are complete again.", as_json=as_json)
        else:
            with opened.database.transaction(read_only=True) as tx:
                known = archive.years(tx)
            show([_told(one) for one in known], as_json=as_json, nothing="Nothing was put away yet.")


def _refuse_muddle(
    before: datetime | None,
    most: int | None,
    export: int | None,
    detach: bool,
    restore: int | None,
    folder: Path | None,
) -> None:
    asked = [
        name for name, value in (("before", before), ("export", export), ("restore", restore)) if value is not None
    ]
    if len(asked) > 1:
        raise Invalid(field=asked[1], value=f"given beside {asked[0]}", remedy="ask for one at a time")
    if (export is not None or restore is not None) and folder is None:
        raise Invalid(field="to", value="missing", remedy="name the folder of the files, --to FOLDER")
    if most is not None and before is None:
        raise Invalid(field="most", value=most, remedy="give it with --before")
    if detach and export is None:
        raise Invalid(field="detach", value="given alone", remedy="give it with --export YEAR")


def _put_away(opened: App, before: datetime, most: int | None, quiet: bool) -> None:
    moved = 0
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        disable=quiet,
    ) as bar:
        task = bar.add_task("Putting away", total=None)
        while True:
            left = archive.MOST if most is None else min(archive.MOST, most - moved)
            done = _batch(opened, before, left)
            if done is None:  # somebody else is at it
                time.sleep(0.1)
                continue
            run, batch = done
            moved += batch
            bar.update(task, description=f"Put away {moved:,} entries")
            if run.finished_at is not None or (most is not None and moved >= most):
                break
    result = {"entries": moved, "finished": run.finished_at is not None}
    rest = "" if run.finished_at is not None else " There are more: the same call goes on."
    show_one(result, f"{moved:,} entries were put away.{rest}", as_json=quiet)


def _batch(opened: App, before: datetime, most: int) -> tuple[archive.Run, int] | None:
    """One transaction of it; where another's was preferred, again."""
    while True:
        try:
            with opened.database.transaction() as tx:
                return archive.put_away(tx, before, at=opened.clock(), most=most)
        except Exception as error:
            if not lost_a_race(error):
                raise


def _export(opened: App, year: int, folder: Path, detach: bool, as_json: bool) -> None:
    with opened.database.transaction() as tx:
        archive.seal(tx, year, at=opened.clock())
    with opened.database.transaction() as tx:
        manifest = archive.write(tx, year, folder.absolute())
        done = archive.note_export(tx, manifest, folder.absolute(), at=opened.clock())
    if detach:
        with opened.database.transaction() as tx:
            done = archive.detach(tx, year, folder.absolute(), at=opened.clock())
    gone = " Their words are there alone: keep the folder, and a copy of it." if detach else ""
    show_one(
        _told(done),
        f"{manifest.entries:,} entries of {year} are in {folder}. Root {manifest.root}.{gone}",
        as_json=as_json,
    )


def _told(year: archive.Year) -> dict[str, object]:
    return {
        "year": year.year,
        "entries": year.entries,
        "sealed_at": year.sealed_at,
        "exported_at": year.exported_at,
        "folder": year.folder,
        "detached_at": year.detached_at,
        "root": year.root.hex() if year.root else None,
    }
