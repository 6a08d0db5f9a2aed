"""Importing a real shop's year against bare COPY of the same rows, interleaved on one embedded PostgreSQL.

The import does everything `regulars import orders` does after start-up: reads and judges the file, enrols members,
records orders, lines, returns and facts, posts points, reviews tiers, computes portraits. COPY writes the same 541,909
rows, as text, into a table without keys. The ratio is COPY's time over the import's: 0.125 is an eighth of its speed.

COPY took 0.40 s and the import 5.0 s where this was written: 0.08. The import wants two cores, COPY little more than
one, so the ratio is less where others work on the same machine.

    uv run python benchmarks/import_orders.py [--quick] [--rounds N]
"""

import argparse
import io
import json
import statistics
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
import pyarrow.csv
import pyarrow.parquet
from _server import passing_server
from psycopg.conninfo import conninfo_to_dict

from regulars import commerce, demo, jobs, settings
from regulars.app import App
from regulars.commerce import connectors as files
from regulars.storage import Database, migrate

BARE = """
    create table bare (invoice text, stock text, description text, quantity int, placed_at timestamp, price float8,
        customer int, country text)
"""


@contextmanager
def fresh_database(server: str, name: str) -> Generator[str]:
    parts = conninfo_to_dict(server)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'create database "{name}"')
        connection.execute("checkpoint")
    yield "postgresql:///?" + "&".join(
        f"{key}={quote(str(value), safe='')}" for key, value in (parts | {"dbname": name}).items() if value
    )
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'drop database "{name}" with (force)')


def bare_copy(server: str, path: Path) -> float:
    """Seconds to COPY the file's rows, already laid out as CSV, into a bare table."""
    text = io.BytesIO()
    pyarrow.csv.write_csv(pyarrow.parquet.read_table(path), text, pyarrow.csv.WriteOptions(include_header=False))
    with fresh_database(server, "bare") as url, psycopg.connect(url) as connection:
        connection.execute(BARE)
        connection.commit()
        started = time.perf_counter()
        with connection.cursor() as cursor, cursor.copy("copy bare from stdin (format csv)") as copy:
            copy.write(text.getbuffer())
        connection.commit()
        return time.perf_counter() - started


def whole_import(server: str, path: Path) -> tuple[float, int]:
    """Seconds to import the file into a migrated database, and how many orders that were."""
    with fresh_database(server, "regulars_import") as url:
        migrate(url)
        database = Database(url)
        app = App(settings.Settings(), database, lambda: demo.NOW)
        with database.transaction() as tx:
            shop = commerce.open_shop(
                tx, demo.CODE, name=demo.NAME, currency=demo.CURRENCY, time_zone=demo.TIME_ZONE, at=demo.NOW
            )
        started = time.perf_counter()
        source = files.read_file(path, demo.PROFILE, shop)
        done = jobs.import_file(app, shop, source)
        seconds = time.perf_counter() - started
        source.close()
        database.close()
        return seconds, done.report["documents"]["orders recorded"]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--quick", action="store_true", help="one round after a warm-up")
    arguments.add_argument("--rounds", type=int, default=3)
    options = arguments.parse_args()
    rounds = 1 if options.quick else options.rounds
    copies: list[float] = []
    imports: list[float] = []
    orders = 0
    with passing_server() as (_, server), demo.export() as path:
        whole_import(server, path)  # warms up the interpreter and the file cache, for both
        for number in range(rounds):
            copies.append(bare_copy(server, path))
            seconds, orders = whole_import(server, path)
            imports.append(seconds)
            copies.append(bare_copy(server, path))
            print(f"round {number + 1}: COPY {copies[-2]:.2f} s, import {seconds:.2f} s, COPY {copies[-1]:.2f} s")
    copy, imported = statistics.median(copies), statistics.median(imports)
    result = {
        "ratio": {"copy": round(copy / imported, 4)},
        "copy_seconds": round(copy, 3),
        "import_seconds": round(imported, 3),
        "rows": 541_909,
        "orders_per_second": round(orders / imported),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
