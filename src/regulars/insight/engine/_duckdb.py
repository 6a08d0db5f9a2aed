"""DuckDB in this process."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

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
        import duckdb  # noqa: PLC0415 - it takes long to import, and most commands never come here

        self._connection = duckdb.connect(":memory:", config=_CLOSED)
        for name, table in tables.items():
            self._connection.register("arriving", table)
            self._connection.query(f"create table {name} as select * from arriving")
            self._connection.unregister("arriving")

    @contextmanager
    def session(self) -> Generator[Session]:
        """Open a session, closed with the block."""
        with self._connection.cursor() as connection:
            yield Session(connection)
