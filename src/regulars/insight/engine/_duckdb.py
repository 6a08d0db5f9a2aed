"""DuckDB in this process."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pyarrow as pa

if TYPE_CHECKING:
    import duckdb

_CLOSED: dict[
    str, str | bool | int | float | list[str]
] = {  # a SQL text can read nothing but the tables it is given, and nothing is ever downloaded
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


class Session:
    """One thread's view of an engine: its tables, and relations only this session sees."""

    def __init__(self, connection: "duckdb.DuckDBPyConnection") -> None:
        """Wrap a connection of its own."""
        self._connection = connection

    def keep(self, name: str, sql: str) -> None:
        """Compute `sql` now and call the result `name` for the rest of the session."""
        self._connection.query(f"create or replace temp table {name} as {sql}")

    def define(self, name: str, sql: str) -> None:
        """Call `sql` by `name`, computed whenever it is read."""
        self._connection.query(f"create or replace temp view {name} as {sql}")

    def give(self, name: str, table: pa.Table) -> None:
        """Call an Arrow table by `name`."""
        self._connection.register(name, table)

    def ask(self, sql: str) -> pa.Table:
        """The rows of `sql`."""
        return self._connection.query(sql).to_arrow_table()


class Engine:
    """Tables held in memory in DuckDB's own columnar form, read by as many threads as like."""

    def __init__(self, tables: Mapping[str, pa.Table]) -> None:
        """Take a copy of the tables."""
        self._connection = _open(None)
        for name, table in tables.items():
            self._connection.register("arriving", table)
            self._connection.query(f"create table {name} as select * from arriving")
            self._connection.unregister("arriving")

    @classmethod
    def on_parquet(cls, name: str, path: Path, *, memory_bytes: int) -> Self:
        """An engine on a Parquet file, read whenever it is asked about; what does not fit in memory is put beside on disk."""
        engine = cls({})
        engine._connection = _open(path)
        connection, quoted = engine._connection, str(path).replace("'", "''")
        connection.query(f"set memory_limit = '{memory_bytes // 1_000_000}MB'")
        connection.query("set preserve_insertion_order = false")
        connection.query(f"create view {name} as select * from read_parquet('{quoted}')")
        return engine

    @contextmanager
    def session(self) -> Generator[Session]:
        """Open a session, closed with the block."""
        with self._connection.cursor() as connection:
            yield Session(connection)


def _open(readable: Path | None) -> "duckdb.DuckDBPyConnection":
    """A database in memory that may read this one file, or none."""
    import duckdb  # noqa: PLC0415 - it takes long to import, and most commands never come here

    if readable is None:
        return duckdb.connect(":memory:", config=_CLOSED)
    connection = duckdb.connect(":memory:", config={**_CLOSED, "enable_external_access": "true"})
    quoted = str(readable).replace("'", "''")
    connection.query(f"set allowed_paths = ['{quoted}']")
    connection.query("set enable_external_access = false")
    return connection
