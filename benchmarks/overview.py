"""The overview's SQL on purchases held in PostgreSQL, against the same SQL on DuckDB reading Parquet, interleaved.

Both sides run the very same texts: every measure over 90 days with what it was before and its weeks, and the cohort
table. Ours runs them on a frame read from PostgreSQL by ADBC: `warm`, with the frame at hand and checked to be current
(its memory of answers emptied, so that everything is computed), and `cold`, with the frame read anew. The peer is
DuckDB alone, its views on two Parquet files. A ratio is the peer's time over ours: above 1 we are faster.

The shop is the demonstration's year (about 20,000 purchases); without --quick fifty such shops, a million purchases.

    uv run python benchmarks/overview.py [--quick] [--rounds N]

It starts an embedded PostgreSQL, or makes a database of its own on the server of REGULARS_DATABASE_URL.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from urllib.parse import quote

import duckdb
import psycopg
import pyarrow as pa
import pyarrow.parquet
from _server import passing_server
from psycopg.conninfo import conninfo_to_dict

from regulars import demo, insight
from regulars.insight import SCHEMA, Frame, Frames, Scope
from regulars.insight.engine import Session
from regulars.storage import Database, migrate

UNTIL = date(2011, 12, 10)
SCOPE = Scope.last(90, UNTIL, currency="GBP")
DOCUMENTS = """
    select "InvoiceNo" as number, min("InvoiceDate") as moment, any_value("CustomerID") as customer,
           abs(cast(round(sum("Quantity" * "UnitPrice" * 100)) as bigint)) as goods_minor
    from read_parquet('{path}')
    where "UnitPrice" > 0 and left("InvoiceNo", 1) {sign} 'C' and ("Quantity" < 0) = ('{sign}' = '=')
    group by 1
"""


class OnParquet(Frame):
    """The peer: the same questions to DuckDB alone, which reads Parquet files each time."""

    def __init__(self, folder: Path, first_day: date) -> None:
        self.first_day, self.last_day = first_day, UNTIL
        self._answers = {}
        self._connection = duckdb.connect()
        self._folder = folder

    @contextmanager
    def session(self, shop_id: int | None = None) -> Generator[Session]:  # noqa: ARG002 - of all shops
        with self._connection.cursor() as cursor:
            session = Session(cursor)
            for name in ("purchases", "refunds"):
                session.define(name, f"select * from read_parquet('{self._folder / name}.parquet')")
            yield session


def overview(frame: Frame) -> tuple[object, ...]:
    """What the overview computes from a frame; nothing of it from memory."""
    frame._answers.clear()  # noqa: SLF001
    return insight.figures(frame, SCOPE), insight.cohorts(frame, until=UNTIL, currency="GBP")


def read_anew(frames: Frames, database: Database) -> Frame:
    """The frame after something has changed: all of it is read again."""
    frames._held.clear()  # noqa: SLF001
    return frames.read(database)


def take_in(database: Database, copies: int) -> None:
    """The demonstration's orders and returns as rows, `copies` times with customers of their own."""
    with demo.export() as path, database.transaction() as tx:
        tx.run("insert into commerce_shops values (1, 'bench', 'Bench', 'GBP', 'Europe/London', '2010-01-01')")
        found = {
            table: duckdb.connect().query(DOCUMENTS.format(path=path, sign=sign)).to_arrow_table()
            for table, sign in (("orders", "<>"), ("returns", "="))
        }
        customers = sorted({key for table in found.values() for key in table["customer"].to_pylist() if key})
        for copy in range(copies):
            first = copy * 100_000
            numbers = [f"{copy}-{number}" for number in customers]
            ids = [first + number for number in customers]
            joined = pa.array(["2010-12-01T00:00:00Z"] * len(ids))
            columns = "members (member_id, issuer, external_id, joined_at)"
            tx.copy(columns, pa.table([ids, ["bench"] * len(ids), numbers, joined], names=list("abcd")))
            for kind, table in found.items():
                tx.copy(*rows(kind, table, copy, first))
        tx.run("analyze")


def rows(kind: str, table: pa.Table, copy: int, first: int) -> tuple[str, pa.Table]:
    count = table.num_rows
    moments = table["moment"]
    members = pa.array([None if key is None else first + key for key in table["customer"].to_pylist()], pa.int64())
    own = {"order_id": moments, "paid_at": moments} if kind == "orders" else {"return_id": moments}
    filled = {
        **own,
        next(iter(own)): pa.array(range(copy * count, (copy + 1) * count)),
        "shop_id": pa.array([1] * count),
        "external_id": pa.array([f"{copy}-{number}" for number in table["number"].to_pylist()]),
        "member_id": members,
        "placed_at" if kind == "orders" else "returned_at": moments,
        "currency": pa.array(["GBP"] * count),
        "goods_minor": table["goods_minor"],
        "total_minor": table["goods_minor"],
        "recorded_at": moments,
        "fingerprint": pa.array([0] * count),
    }
    return f"commerce_{kind} ({', '.join(filled)})", pa.table(filled)


@contextmanager
def fresh_database() -> Generator[Database]:
    with ExitStack() as stack:
        server = os.environ.get("REGULARS_DATABASE_URL")
        if server is None:
            _, server = stack.enter_context(passing_server())
        name = f"bench_overview_{uuid.uuid4().hex[:8]}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'create database "{name}"')
        parts = conninfo_to_dict(server) | {"dbname": name}
        url = "postgresql:///?" + "&".join(
            f"{key}={quote(str(value), safe='')}" for key, value in parts.items() if value
        )
        try:
            migrate(url)
            database = Database(url)
            yield database
            database.close()
        finally:
            with psycopg.connect(server, autocommit=True) as connection:
                connection.execute(f'drop database "{name}" with (force)')


def timed(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="one shop instead of fifty; under a minute")
    parser.add_argument("--rounds", type=int, default=11)
    asked = parser.parse_args()
    with fresh_database() as database, tempfile.TemporaryDirectory() as folder:
        take_in(database, 1 if asked.quick else 50)
        frames = Frames()
        frame = frames.read(database)
        for name, table in (("purchases", frame.purchases), ("refunds", frame.refunds)):
            pyarrow.parquet.write_table(
                table.select(SCHEMA.names), Path(folder) / f"{name}.parquet", compression="zstd"
            )
        peer = OnParquet(Path(folder), frame.first_day or UNTIL)
        assert overview(frame) == overview(peer), "the two sides must answer the same"
        sides: dict[str, Callable[[], object]] = {
            "warm": lambda: overview(frames.read(database)),
            "parquet": lambda: overview(peer),
            "cold": lambda: overview(read_anew(frames, database)),
        }
        seconds: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(asked.rounds):
            for name, run in sides.items():
                seconds[name].append(timed(run))
    middle = {name: statistics.median(values) for name, values in seconds.items()}
    for name, value in middle.items():
        print(
            f"{name:8} {1000 * value:8.1f} ms  (of {asked.rounds}: {min(seconds[name]):.3f} to {max(seconds[name]):.3f} s)"
        )
    print(
        json.dumps(
            {
                "ratio": {
                    "overview_warm_vs_duckdb_on_parquet": round(middle["parquet"] / middle["warm"], 3),
                    "overview_cold_vs_duckdb_on_parquet": round(middle["parquet"] / middle["cold"], 3),
                },
                "milliseconds": {name: round(1000 * value, 1) for name, value in middle.items()},
                "purchases": frame.purchases.num_rows,
                "rounds": asked.rounds,
            }
        )
    )


if __name__ == "__main__":
    main()
