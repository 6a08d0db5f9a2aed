"""Numbered, forward-only SQL files, each applied once in a transaction of its own."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources

import psycopg
from psycopg.rows import class_row

from regulars.errors import Conflict
from regulars.storage._connections import connect
from regulars.storage._distribution import distribute, forget_shards

_LOCK = 7_305_801  # any constant: two processes that migrate at once take turns


class MigrationChanged(Conflict):
    """Migration {name} was changed after it was applied here: restore the file, and put the change in a new one."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of `migrations/`."""

    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the file, so that a changed one is noticed."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Applied:
    """One row of `storage_migrations`."""

    name: str
    checksum: str
    applied_at: datetime


@cache
def known() -> tuple[Migration, ...]:
    """Every migration this version ships, in order."""
    folder = resources.files("regulars.storage") / "migrations"
    files = sorted(file.name for file in folder.iterdir() if file.name.endswith(".sql"))
    return tuple(Migration(name, (folder / name).read_text("utf-8")) for name in files)


def applied(url: str) -> list[Applied]:
    """What has been applied to that database, in order."""
    with connect(url) as connection:
        return _applied(connection)


def pending(url: str) -> list[Migration]:
    """What `migrate` would apply.

    Raises:
        MigrationChanged: an applied file is not what it was.
    """
    with connect(url) as connection:
        return _pending(connection)


def migrate(url: str) -> list[Migration]:
    """Apply what is pending, each in its own transaction; what was applied.

    Where the ledger is spread over several servers, its functions there are brought up to date, too.

    Raises:
        MigrationChanged: an applied file is not what it was.
    """
    with connect(url) as connection:
        connection.execute("select pg_advisory_lock(%s)", [_LOCK])
        todo = _pending(connection)
        spread = connection.shards is not None
        if todo and spread:
            forget_shards(connection)  # their views would be in the way
        for migration in todo:
            with connection.transaction():
                connection.execute("set local lock_timeout = '5s'")
                connection.execute(migration.sql.encode())
                connection.execute(
                    "insert into storage_migrations (name, checksum) values (%s, %s)",
                    [migration.name, migration.checksum],
                )
    if spread:
        distribute(url)
    return todo


def _applied(connection: psycopg.Connection) -> list[Applied]:
    connection.execute(
        "create table if not exists storage_migrations ("
        "name text primary key, checksum text not null, applied_at timestamptz not null default now())"
    )
    with connection.cursor(row_factory=class_row(Applied)) as cursor:
        return cursor.execute("select name, checksum, applied_at from storage_migrations order by name").fetchall()


def _pending(connection: psycopg.Connection) -> list[Migration]:
    done = {row.name: row.checksum for row in _applied(connection)}
    for migration in known():
        if done.get(migration.name, migration.checksum) != migration.checksum:
            raise MigrationChanged(name=migration.name)
    return [migration for migration in known() if migration.name not in done]
