"""How every command opens the installation and says what it found."""

import json
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from regulars import settings, storage
from regulars.app import App
from regulars.errors import Conflict

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]


class NotMigrated(Conflict):
    """The database lacks {count} of this version's migrations: run `regulars db migrate`."""


def now() -> datetime:
    """The time, as every door but the demonstration asks for it."""
    return datetime.now(UTC)


@contextmanager
def open_app(configured: settings.Settings | None = None) -> Generator[App]:
    """The installation that the environment, or `configured`, describes.

    The embedded database is brought up to this version by itself; any other one is migrated only on request.

    Raises:
        NotMigrated: it is not ours to migrate, and older than this version.
    """
    chosen = settings.from_environment() if configured is None else configured
    with storage.open_database(chosen) as database, storage.open_replica(chosen) as replica:
        if chosen.database_url is None:
            storage.migrate(database.url)
        else:
            missing = storage.pending(database.url)
            if missing:
                raise NotMigrated(count=len(missing))
        yield App(chosen, database, now, replica=replica)


def show(rows: Sequence[Mapping[str, object]], *, as_json: bool, nothing: str = "Nothing yet.") -> None:
    """Print rows as a table, or as a JSON array for programs. Every row has the same keys."""
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, default=_plain))
    elif not rows:
        typer.echo(nothing)
    else:
        table = Table(*(name.replace("_", " ") for name in rows[0]))
        for row in rows:
            table.add_row(*("" if value is None else str(_plain(value)) for value in row.values()))
        Console().print(table)


def show_one(result: Mapping[str, object], sentence: str, *, as_json: bool) -> None:
    """Print one result: a sentence for people, an object for programs."""
    typer.echo(json.dumps(result, ensure_ascii=False, default=_plain) if as_json else sentence)


def _plain(value: object) -> object:
    """A value as JSON and tables show it: times in ISO 8601, to the second."""
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else str(value)
