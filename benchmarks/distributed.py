"""What it costs to post on Citus: the same batches on one plain database of the same server, and on one and two workers.

    REGULARS_TEST_CITUS_URL=postgresql://… uv run --group dev python benchmarks/distributed.py [--quick]

Coordinator, workers and client share this machine's cores, so a rate tells little; microseconds of CPU per posting tell which
server would be full first. Every process of a PostgreSQL server found by its port counts to it; nothing else should be running.
"""

import argparse
import json
import os
import statistics
import sys
import threading
import time
import uuid
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import psycopg

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import citus
from regulars import ledger
from regulars.ledger import Posting
from regulars.storage import Database, distribute, migrate

MEMBERS: Final = 20_000
THREADS: Final = 4
TICK: Final = 1_000_000 // os.sysconf("SC_CLK_TCK")


@contextmanager
def plain(url: str) -> Generator[str]:
    """A database of the coordinator's server that knows nothing of Citus."""
    name = f"bench_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'create database "{name}"'.encode())
    here = citus.url_of(url, dbname=name)
    migrate(here)
    yield here
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'drop database "{name}" with (force)'.encode())


@contextmanager
def spread(url: str, workers: int) -> Generator[str]:
    """A ledger on so many workers, four shards on each."""
    with citus.bare_database(url) as here:
        for host, port in citus.nodes(here)[1 + workers :]:
            with psycopg.connect(here, autocommit=True) as connection:
                connection.execute("select citus_remove_node(%s, %s)", [host, port])
        migrate(here)
        distribute(here, shards=4 * workers)
        yield here


def cpu_us(port: int) -> int:
    """Microseconds of CPU that a server has used, its children's that have ended included."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if len(words) > 2 and words[0].endswith(b"bin/postgres") and f"/{port}".encode() in b" ".join(words):
                return sum(_used(int(pid)) for pid in [entry.name, *_children(int(entry.name))]) * TICK
        except OSError:
            continue
    raise SystemExit(f"no server with {port} in its data folder's name runs here")


def _children(parent: int) -> list[str]:
    return (Path("/proc") / str(parent) / "task" / str(parent) / "children").read_text().split()


def _used(pid: int) -> int:
    try:
        fields = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12]) + int(fields[13]) + int(fields[14])


def batches(database: Database, size: int) -> list[list[int]]:
    """Members by the shard of their account, `size` at a time: what a lane would be given."""
    shards = database.shards or [0] * 256
    homes: dict[int, list[int]] = {}
    for member in range(MEMBERS):
        homes.setdefault(shards[ledger.account_id(member, "points") % 256], []).append(member)
    made = [some[start : start + size] for some in homes.values() for start in range(0, len(some) - size + 1, size)]
    return sorted(made, key=lambda some: some[0] * 7919 % MEMBERS)


def run(url: str, size: int, seconds: float) -> tuple[float, float, float]:
    """Postings a second, median ms of a batch, and the client's µs of CPU per posting; four in five earn, one spends."""
    database = Database(url, pool_size=THREADS)
    work, done, took, mark = batches(database, size), [0] * THREADS, [[] for _ in range(THREADS)], uuid.uuid4().hex[:6]
    until = time.monotonic() + seconds

    def client(number: int) -> None:
        turn = number
        while time.monotonic() < until:
            at = datetime.now(UTC)
            some = [_posting(member, f"{mark}-{turn}", at, turn) for member in work[turn % len(work)]]
            began = time.perf_counter()
            with database.transaction() as tx:
                ledger.post(tx, some, at=at)
            took[number].append(time.perf_counter() - began)
            done[number] += size
            turn += THREADS

    began, used = time.monotonic(), time.process_time()
    threads = [threading.Thread(target=client, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lasted, used = time.monotonic() - began, time.process_time() - used
    database.close()
    each = sorted(one for some in took for one in some)
    return sum(done) / lasted, statistics.median(each) * 1000, used / sum(done) * 1e6


def _posting(member: int, reference: str, at: datetime, turn: int) -> Posting:
    if (member + turn) % 5:
        return Posting("earn", member, 10, reference, at, datetime(2030, 1 + turn % 12, 1, tzinfo=UTC))
    return Posting("spend", member, 5, reference, at - timedelta(0))


def measured(name: str, url: str, size: int, seconds: float, ports: Sequence[int]) -> dict[str, float | str | int]:
    """One line of the table."""
    run(url, size, min(seconds, 2.0))  # plans, caches, the shards' functions
    before = [cpu_us(port) for port in ports]
    rate, median_ms, client_us = run(url, size, seconds)
    after = [cpu_us(port) for port in ports]
    count = rate * seconds
    coordinator, *workers = [(b - a) / count for a, b in zip(before, after, strict=True)]
    line = {
        "where": name, "batch": size, "per_s": round(rate), "median_ms": round(median_ms, 1), "client_us": round(client_us, 1),
        "coordinator_us": round(coordinator, 1), "workers_us": round(sum(workers), 1),
    }  # fmt: skip
    print(json.dumps(line), flush=True)
    return line


def main() -> None:
    """Measure, and print the ratios last."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--quick", action="store_true")
    quick = asked.parse_args().quick
    if citus.URL is None:
        raise SystemExit(citus.NOT_TRIED)
    ports = [port for _, port in citus.nodes(citus.URL)]
    lines = []
    with ExitStack() as stack:
        places = {"plain": stack.enter_context(plain(citus.URL))}
        places |= {f"{n} workers": stack.enter_context(spread(citus.URL, n)) for n in range(1, len(ports))}
        for size in (1, 32, 256):
            lines += [measured(name, url, size, 2.0 if quick else 8.0, ports) for name, url in places.items()]
    cost = {(one["where"], one["batch"]): one["client_us"] + one["coordinator_us"] + one["workers_us"] for one in lines}
    ratio = {
        f"{where} {size}, CPU per posting to plain": round(cost[where, size] / cost["plain", size], 2)
        for where, size in cost
        if where != "plain"
    }
    print(json.dumps({"ratio": ratio}))


main()
