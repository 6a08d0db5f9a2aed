"""A database, its pool, and the transaction that verbs and queries are given."""

import io
import re
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any, LiteralString, TypeVar, cast

import msgspec
import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.csv
from psycopg import sql as fragments
from psycopg.rows import scalar_row
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg_pool import ConnectionPool, PoolTimeout

from regulars.errors import Conflict
from regulars.settings import Settings
from regulars.storage._embedded import embedded_server

Record = TypeVar("Record")

set_json_loads(msgspec.json.decode)
set_json_dumps(msgspec.json.encode)

_MOMENT = pa.timestamp("us", "UTC")
_SQL_TYPES = {
    pa.int64(): "bigint",
    pa.int32(): "int",
    pa.int16(): "smallint",
    pa.string(): "text",
    pa.bool_(): "boolean",
    pa.date32(): "date",
    _MOMENT: "timestamptz",
}


class DatabaseUnavailable(Conflict):
    """PostgreSQL cannot be reached ({reason}): check REGULARS_DATABASE_URL, or leave it unset for the embedded one."""

    retryable = True


_BINARY_TYPES = {pa.int64(): ">i8", pa.int32(): ">i4", pa.int16(): ">i2", pa.bool_(): "?"}
_BINARY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_BINARY_END = b"\xff\xff"


def _csv_rows(table: pa.Table) -> memoryview:
    for place, field in enumerate(table.schema):
        if field.type == _MOMENT:  # sessions run in UTC; to write the zone takes thirty times as long
            table = table.set_column(place, field.name, table.column(place).cast(pa.timestamp("us")))
    text = io.BytesIO()
    pyarrow.csv.write_csv(table, text, pyarrow.csv.WriteOptions(include_header=False))
    return text.getbuffer()


def _binary_rows(table: pa.Table) -> memoryview | None:
    """The table in PostgreSQL's binary COPY format, if it holds whole numbers and truth values only, and no nulls.

    PostgreSQL need not parse it. A row is the number of its fields and, for each
    field, its length and its bytes.
    """
    kinds = [_BINARY_TYPES.get(field.type) for field in table.schema]
    if not all(kinds) or any(column.null_count for column in table.columns):
        return None
    fields = [part for n, kind in enumerate(kinds) for part in ((f"length{n}", ">i4"), (f"value{n}", str(kind)))]
    row = np.zeros(1, np.dtype([("fields", ">i2"), *fields]))
    row["fields"] = len(kinds)
    for n in range(len(kinds)):
        row[f"length{n}"] = row.dtype[f"value{n}"].itemsize
    text = bytearray().join((_BINARY_HEADER, row.tobytes() * table.num_rows, _BINARY_END))
    rows = np.frombuffer(text, row.dtype, table.num_rows, len(_BINARY_HEADER))
    for n, column in enumerate(table.columns):
        rows[f"value{n}"] = column.combine_chunks().to_numpy(zero_copy_only=False)
    return memoryview(text)


_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"'})
_OF_JSON_ALONE = re.compile(r'\\[^"\\]')
"""An escape that PostgreSQL reads otherwise than JSON: of a line break, say. (A text with `\\\\n` may look like one, and costs time only.)"""
_LITERAL = {int, str, datetime, bool, type(None)}


def _sent(params: dict[str, object]) -> dict[str, object]:
    """The parameters, with lists and columns written as PostgreSQL's array literals.

    psycopg writes each element of a list by a dumper of its own, a microsecond and more apiece; this takes a fiftieth.
    The SQL says the type: `%(ids)s::bigint[]`.
    """
    return {name: _array(value) for name, value in params.items()}


def _array(value: object) -> object:
    if isinstance(value, (pa.Array, pa.ChunkedArray)):
        return _literal(_plain(value))
    return _literal(cast("list[object]", value)) if isinstance(value, list) else value


def _plain(column: "pa.Array | pa.ChunkedArray") -> list[Any]:
    if column.type == _MOMENT:  # a time becomes a Python object twenty times as slowly as a text
        column = column.cast(pa.timestamp("us")).cast(pa.string())
    return column.to_pylist()


def _literal(values: list[object]) -> object:
    kinds = set(map(type, values))
    if not kinds <= _LITERAL:
        return values
    text = msgspec.json.encode(values).decode()
    if _OF_JSON_ALONE.search(text):
        written = ("null" if value is None else f'"{str(value).translate(_ESCAPES)}"' for value in values)
        return f"{{{','.join(written)}}}"
    return f"{{{text[1:-1]}}}"


def _records(record: type[Record]) -> Callable[[psycopg.Cursor[Any]], Callable[[Sequence[Any]], Record]]:
    """Rows as records: by position where the statement names the columns in the record's order, which is half the work."""
    in_order = [field.name for field in fields(cast("Any", record))]

    def rows_of(cursor: psycopg.Cursor[Any]) -> Callable[[Sequence[Any]], Record]:
        names = [column.name for column in cursor.description or ()]
        if names == in_order:
            return lambda values: record(*values)
        return lambda values: record(**dict(zip(names, values, strict=True)))

    return rows_of


class Connection(psycopg.Connection):
    """A connection that knows whether the ledger is spread over several servers."""

    shards: tuple[int, ...] | None = None
    """Per bucket, the least bucket of the shard that it is in; None: all tables are in this one database."""


class Transaction:
    """One open transaction. Rows become the frozen dataclass asked for, parameters are named.

    A parameter may be a list or an Arrow column: an array to PostgreSQL, whose type the SQL says.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        """Wrap a connection on which a transaction is open."""
        self.connection = connection
        self.shards: tuple[int, ...] | None = getattr(connection, "shards", None)

    def all(self, sql: LiteralString, record: type[Record], **params: object) -> list[Record]:
        """Every row, as `record`s."""
        with self.connection.cursor(row_factory=_records(record)) as cursor:
            return cursor.execute(sql, _sent(params)).fetchall()

    def first(self, sql: LiteralString, record: type[Record], **params: object) -> Record | None:
        """The first row, or None."""
        with self.connection.cursor(row_factory=_records(record)) as cursor:
            return cursor.execute(sql, _sent(params)).fetchone()

    def values(self, sql: LiteralString, **params: object) -> list[Any]:
        """The only column of every row."""
        with self.connection.cursor(row_factory=scalar_row) as cursor:
            return cursor.execute(sql, _sent(params)).fetchall()

    def value(self, sql: LiteralString, **params: object) -> Any:
        """The only column of the first row, or None when there is no row."""
        with self.connection.cursor(row_factory=scalar_row) as cursor:
            return cursor.execute(sql, _sent(params)).fetchone()

    def rows(self, sql: LiteralString, **params: object) -> list[tuple[Any, ...]]:
        """Every row as a plain tuple, for results that have no record of their own."""
        return self.connection.execute(sql, _sent(params)).fetchall()

    def run(self, sql: LiteralString, **params: object) -> int:
        """Run a statement; how many rows it touched, which is the answer of a conditional update."""
        return self.connection.execute(sql, _sent(params)).rowcount

    def copy(self, target: LiteralString, table: pa.Table) -> int:
        """Append an Arrow table to `target` by COPY: the fastest way in.

        `target` is the table and its columns, `facts (name, member_id)`, in the order of the Arrow columns, whose types
        are the columns' own. Nulls stay nulls; an empty text stays an empty text.
        """
        if table.num_rows:
            binary = _binary_rows(table)
            with (
                self.connection.cursor() as cursor,
                cursor.copy(
                    fragments.SQL("copy {} from stdin (format {})").format(
                        fragments.SQL(target), fragments.SQL("csv" if binary is None else "binary")
                    )
                ) as copy,
            ):
                copy.write(_csv_rows(table) if binary is None else binary)
        return table.num_rows

    def csv(self, sql: LiteralString, *, header: bool = True, **params: object) -> Iterator[bytes]:
        """The rows of a statement as CSV, with a header, as they come from the server: nothing is gathered here."""
        copy = fragments.SQL("copy ({}) to stdout (format csv, header {})").format(
            fragments.SQL(sql), fragments.Literal(header)
        )
        with self.connection.cursor() as cursor, cursor.copy(copy, params or None) as rows:
            for row in rows:
                yield bytes(row)

    def stage(self, name: LiteralString, table: pa.Table) -> None:
        """Put an Arrow table into the temporary table `name`, for one set-based statement to take it from.

        The table is made once per connection and emptied at every commit, so that a batch costs no catalogue writes.
        """
        columns = ", ".join(f"{field.name} {_SQL_TYPES[field.type]}" for field in table.schema)
        create = fragments.SQL(f"create temp table if not exists {name} ({columns}) on commit delete rows")  # pyright: ignore[reportArgumentType]
        self.connection.execute(create)
        self.connection.execute(fragments.SQL("delete from {}").format(fragments.Identifier(name)))
        self.copy(name, table)

    @contextmanager
    def savepoint(self, *, undo: bool = False) -> Generator[None]:
        """Undo only what the block did: when it raises, or in any case."""
        with self.connection.transaction(force_rollback=undo):
            yield


class Database:
    """A pool of connections to one PostgreSQL database."""

    def __init__(self, url: str, *, pool_size: int = 8, patience_seconds: float = 30) -> None:
        """Prepare the pool; connections are made when first asked for, and waited for so long."""
        self.url = url
        self._pool = ConnectionPool(
            url,
            min_size=0,
            max_size=pool_size,
            open=True,
            timeout=patience_seconds,
            configure=_configure,
            connection_class=Connection,
            check=ConnectionPool.check_connection,
            name="regulars",
        )

    @contextmanager
    def transaction(self, *, read_only: bool = False) -> Generator[Transaction]:
        """Open a transaction: committed when the block ends, rolled back when it raises."""
        with self._pool.connection() as connection, connection.transaction():
            if read_only:
                connection.execute("set transaction isolation level repeatable read, read only")
            else:
                commit_everywhere(connection)
            yield Transaction(connection)

    def position(self) -> str:
        """How far this server has written its log."""
        with self._pool.connection() as connection:
            row = connection.execute("select pg_current_wal_lsn()::text").fetchone()
        return row[0] if row else "0/0"

    def behind(self, position: str | None) -> timedelta | None:
        """How far a replica is behind a primary that has written up to `position`; None when that cannot be told.

        Asked before a transaction begins, so that what it says is true of the transaction. It is by the server's clock.
        """
        with self._pool.connection() as connection:
            row = connection.execute(
                """
                select case when not pg_is_in_recovery() then null
                            when pg_last_wal_replay_lsn() >= %s::pg_lsn then interval '0'
                            when pg_last_xact_replay_timestamp() is null then null  -- it has replayed no commit since its start
                            else greatest(clock_timestamp() - pg_last_xact_replay_timestamp(), interval '0') end
                """,
                [position],
            ).fetchone()
        return row[0] if row else None

    @property
    def shards(self) -> tuple[int, ...] | None:
        """As of a connection.

        Raises:
            DatabaseUnavailable: none is to be had.
        """
        try:
            with self._pool.connection() as connection:
                return connection.shards
        except (psycopg.OperationalError, PoolTimeout) as error:
            raise DatabaseUnavailable(reason=str(error).partition("\n")[0]) from error

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()


def connect(url: str) -> Connection:
    """One connection of its own, set up as the pool's are.

    Raises:
        DatabaseUnavailable: nothing answers there.
    """
    try:
        connection = Connection.connect(url, autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(reason=str(error).partition("\n")[0]) from error
    _configure(connection)
    return connection


def lost_a_race(error: Exception) -> bool:
    """Whether a transaction was undone for another's sake (a deadlock, a serialization failure): repeated, it may succeed."""
    return isinstance(error, psycopg.Error) and (error.sqlstate or "").startswith("40")


def commit_everywhere(connection: Connection) -> None:
    """Let the transaction that is open commit on all servers or on none: on several, that takes two phases."""
    if connection.shards is not None:
        connection.execute("delete from storage_anchor")


def _shards(connection: Connection) -> tuple[int, ...] | None:
    if connection.execute("select to_regclass('storage_shards')").fetchone() == (None,):
        return None
    rows = connection.execute("select first from storage_shards order by bucket").fetchall()
    return tuple(first for (first,) in rows) or None


def _configure(connection: Connection) -> None:
    connection.autocommit = True
    for setting in ("timezone = 'UTC'", "jit = off", "lock_timeout = '30s'", "client_min_messages = warning"):
        connection.execute(fragments.SQL("set " + setting))  # pyright: ignore[reportArgumentType, reportCallIssue]
    connection.shards = _shards(connection)


@contextmanager
def open_database(settings: Settings) -> Generator[Database]:
    """The configured database, or the embedded one, started and stopped with the block.

    Raises:
        DatabaseUnavailable: nothing answers at the configured URL.
    """
    if settings.database_url is None:
        with embedded_server(settings.data_dir) as url:
            yield from _pool(url, settings)
    else:
        connect(settings.database_url).close()
        yield from _pool(settings.database_url, settings)


def _pool(url: str, settings: Settings) -> Generator[Database]:
    database = Database(url, pool_size=settings.pool_size)
    try:
        yield database
    finally:
        database.close()
