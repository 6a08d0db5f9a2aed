"""Posting points through lanes against the usual ways of posting them, interleaved on one embedded PostgreSQL.

Everything is durable: fsync and synchronous_commit are on. 200,000 accounts with a lot each, four earns to a spend;
everybody writes entries, lots, balances and facts. A ratio is our rate over the peer's in the same round; the median
of the rounds counts.

    for_update       256 clients; the peer opens a transaction per request, locks the account, 6 to 8 statements (asyncpg)
    function_call    256 clients; the peer calls our own ledger_post once per request, one statement, one round trip (asyncpg)
    hot_accounts     as for_update, on ten accounts
    pgbench_insert   256 clients; the peer is pgbench: a bare INSERT into a table with a key, per transaction
    pgledger         256 clients; the peer is pgledger's transfer, if --pgledger or REGULARS_BENCH_PGLEDGER names a checkout of it
    hordak           256 clients; the peer is django-hordak's transfer, from eight threads
    read_modify_write  256 clients; what plug-ins do: read a number, write the sum, add a line of history, with no lock and no key
    http_single      one server process each: ours against FastAPI and SQLAlchemy with a transaction per request, 256 connections
    http_batch       the same peer, against POST /v1/postings with 500 postings each, 8 connections

    uv run --group dev --group bench python benchmarks/ledger.py [--quick] [--rounds N] [--seconds S] [--pgledger FOLDER]
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import _ledger_http as http
import _ledger_peers as peers
import asyncpg
import uvloop
from _server import Server, passing_server
from psycopg.conninfo import make_conninfo

from regulars import access, ledger
from regulars.access import Role
from regulars.storage import Database, connect, embedded_programs, migrate

TARGETS = {
    "for_update": 8, "function_call": 5, "hot_accounts": 20, "pgbench_insert": 0.8, "pgledger": 5, "hordak": 25, "http_single": 8, "http_batch": 15,
}  # fmt: skip
ACCOUNTS, HOT, TILLS = 200_000, 10, 500


class Bench:
    """One run: what each contestant did, round by round."""

    def __init__(self, url: str, folder: Path, asked: argparse.Namespace) -> None:
        self.url, self.folder, self.asked = url, folder, asked
        self.accounts = peers.account_ids(ACCOUNTS)
        self.rates: dict[str, list[float]] = {}
        self.figures: dict[str, list[float]] = {}
        with connect(url) as connection:
            peers.fill(connection, self.accounts)
        self.server = Server(url)
        self.hordak_url = database_beside(url, "hordak")
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert self.server.value(f"show {setting}") == "on"

    def note(self, name: str, rate: float) -> None:
        self.rates.setdefault(name, []).append(rate)
        print(f"  {name:22} {rate:9.0f} postings/s", flush=True)

    def figure(self, name: str, value: float) -> None:
        self.figures.setdefault(name, []).append(value)

    async def contest(self, name: str, way: Any, *, clients: int, members: int = ACCOUNTS) -> list[float]:
        """Load one way of posting; the waits."""
        async with way as post:
            await peers.load(post, clients=clients, members=members, seconds=0.2)
            rate, waits = await peers.load(post, clients=clients, members=members, seconds=self.asked.seconds)
        self.note(name, rate)
        return waits

    async def ours_measured(self) -> None:
        """Our lanes at 256 clients, with what they cost the server, the client and the disk."""
        flushes, server, client = self.server.flushes(), self.server.cpu_s(), time.process_time()
        async with peers.through_lanes(self.url, self.accounts) as post:
            await peers.load(post, clients=256, members=ACCOUNTS, seconds=0.2)
            rate, waits = await peers.load(post, clients=256, members=ACCOUNTS, seconds=self.asked.seconds)
        done = len(waits) * (1 + 0.2 / self.asked.seconds)  # the warm-up cost its part as well
        self.note("lanes", rate)
        self.figure("server_cpu_us", (self.server.cpu_s() - server) / done * 1e6)
        self.figure("client_cpu_us", (time.process_time() - client) / done * 1e6)
        self.figure("fsyncs_per_posting", (self.server.flushes() - flushes) / done)

    async def in_process(self) -> None:
        url, accounts = self.url, self.accounts
        await self.contest("for_update", peers.by_for_update(url, accounts), clients=256)
        await self.ours_measured()
        await self.contest("function_call", peers.by_function(url, accounts), clients=256)
        await self.contest("for_update_hot", peers.by_for_update(url, accounts), clients=256, members=HOT)
        await self.contest("lanes_hot", peers.through_lanes(url, accounts), clients=256, members=HOT)
        self.note("pgbench_insert", await self.pgbench())
        if self.asked.pgledger:
            await self.contest("pgledger", by_pgledger(url), clients=256)
        self.note("hordak", await by_hordak(self.hordak_url, self.asked.seconds))
        await self.contest("read_modify_write", peers.by_read_modify_write(url), clients=256)
        waits = await self.contest("lanes_64", peers.through_lanes(url, accounts), clients=64)
        self.figure("p50_ms", quantile(waits, 0.50) * 1000)
        self.figure("p99_ms", quantile(waits, 0.99) * 1000)
        await self.alone()

    async def alone(self) -> None:
        """One client, by a call of its own and through a lane, in turns: the shorter the figure, the more a moment matters."""
        waits: dict[str, list[float]] = {"single_call": [], "single_lane": []}
        async with by_verb(self.url) as call, peers.through_lanes(self.url, self.accounts) as lane:
            for turn in range(9):
                for name, post in (("single_call", call), ("single_lane", lane)):
                    _, some = await peers.load(post, clients=1, members=ACCOUNTS, seconds=self.asked.seconds / 9)
                    waits[name] += some if turn else []  # the first turn warms up
        for name, each in waits.items():
            self.figure(f"{name}_ms", quantile(sorted(each), 0.5) * 1000)

    async def pgbench(self) -> float:
        """A bare INSERT per transaction: by pgbench, or by as many connections of our own where there is none."""
        program = shutil.which("pgbench", path=str(embedded_programs(self.folder / "data"))) or shutil.which("pgbench")
        with connect(self.url) as connection:
            connection.execute("create table if not exists bare (number bigint primary key, word text)")
        if program is None:
            return await self._inserter()
        script = self.folder / "insert.sql"
        script.write_text(
            "\\set number random(1, 9000000000000000000)\ninsert into bare values (:number, 'x') on conflict do nothing;\n"
        )
        seconds = max(2, round(self.asked.seconds))
        command = [
            program,
            "-n",
            "-M",
            "prepared",
            "-c",
            "64",
            "-j",
            "2",
            "-T",
            str(seconds),
            "-f",
            str(script),
            self.url,
        ]
        process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = await process.communicate()
        lines = [line for line in out.decode().splitlines() if line.startswith("tps = ")]
        assert lines, (command, out.decode(), err.decode())
        return float(lines[0].split()[2])

    async def _inserter(self) -> float:
        print("  (no pgbench: 64 connections of asyncpg insert instead)")
        async with asyncpg.create_pool(self.url, min_size=64, max_size=64) as pool:
            count, end = 0, time.perf_counter() + self.asked.seconds

            async def insert() -> None:
                nonlocal count
                async with pool.acquire() as connection:
                    while time.perf_counter() < end:
                        await connection.execute("insert into bare values ($1, 'x')", random.getrandbits(63))
                        count += 1

            await asyncio.gather(*(insert() for _ in range(64)))
        return count / self.asked.seconds

    async def over_http(self, ours: int, usual: int, token: str) -> None:
        run = f"{random.getrandbits(40):x}"
        seconds, single = self.asked.seconds, http.singles
        for warm in (True, False):
            for name, port, make, clients in (
                ("http_usual", usual, single("usual", "secret", ACCOUNTS, f"{run}u{warm}"), 256),
                ("http_lanes", ours, single("regulars", token, ACCOUNTS, f"{run}o{warm}"), 256),
                ("http_postings", ours, http.batches(token, ACCOUNTS, f"{run}b{warm}", 500), 8),
            ):
                rate = await http.load(port, make, clients=clients, seconds=0.3 if warm else seconds)
                if not warm:
                    self.note(name, rate)

    def ratio(self, ours: str, peer: str) -> float | None:
        if peer not in self.rates:
            return None
        each = [mine / theirs for mine, theirs in zip(self.rates[ours], self.rates[peer], strict=True)]
        return round(statistics.median(each), 2)

    def result(self) -> dict[str, Any]:
        middle = {name: statistics.median(values) for name, values in self.figures.items()}
        return {
            "ratio": {
                "for_update": self.ratio("lanes", "for_update"),
                "function_call": self.ratio("lanes", "function_call"),
                "hot_accounts": self.ratio("lanes_hot", "for_update_hot"),
                "pgbench_insert": self.ratio("lanes", "pgbench_insert"),
                "pgledger": self.ratio("lanes", "pgledger"),
                "hordak": self.ratio("lanes", "hordak"),
                "read_modify_write": self.ratio("lanes", "read_modify_write"),
                "http_single": self.ratio("http_lanes", "http_usual"),
                "http_batch": self.ratio("http_postings", "http_usual"),
            },
            "p50_ms_64_clients": round(middle["p50_ms"], 2),
            "p99_ms_64_clients": round(middle["p99_ms"], 2),
            "p99_over_p50": round(middle["p99_ms"] / middle["p50_ms"], 2),
            "fsyncs_per_posting": round(middle["fsyncs_per_posting"], 4),
            "cpu_us_per_posting": round(middle["server_cpu_us"] + middle["client_cpu_us"], 1),
            "server_cpu_us": round(middle["server_cpu_us"], 1),
            "client_cpu_us": round(middle["client_cpu_us"], 1),
            "single_client_over_single_call": round(middle["single_lane_ms"] / middle["single_call_ms"], 2),
            "single_lane_ms": round(middle["single_lane_ms"], 2),
            "single_call_ms": round(middle["single_call_ms"], 2),
            "postings_per_second": {name: round(statistics.median(values)) for name, values in self.rates.items()},
            "rounds": self.asked.rounds,
            "seconds": self.asked.seconds,
            "load_average": round(os.getloadavg()[0], 1),
        }


def quantile(waits: Sequence[float], share: float) -> float:
    return waits[min(int(len(waits) * share), len(waits) - 1)]


@contextlib.asynccontextmanager
async def by_verb(url: str) -> Any:
    """The same verb in a transaction of its own from the pool, called in a thread: what a route does without lanes."""
    database, loop = Database(url), asyncio.get_running_loop()

    def call(member: int, kind: Any, amount: int, reference: str) -> bool:
        expiry = peers.EXPIRY if kind == "earn" else None
        posting = ledger.Posting(kind, member, amount, reference, peers.now(), expiry)
        with database.transaction() as tx:
            return ledger.post(tx, [posting], at=peers.now())[0].status == "posted"

    async def post(*what: Any) -> bool:
        return await loop.run_in_executor(None, call, *what)

    yield post
    database.close()


@contextlib.asynccontextmanager
async def by_pgledger(url: str) -> Any:
    """pgledger's own transfer between a till of the shop and a member; enough tills that they are no queue."""
    async with asyncpg.create_pool(url, min_size=peers.POOL, max_size=peers.POOL) as pool:
        ids = await pool.fetch("select id from pgledger_accounts_view where name like 'bench%' order by name")
        tills, members = [row["id"] for row in ids[:TILLS]], [row["id"] for row in ids[TILLS:]]

        async def post(member: int, kind: str, amount: int, _reference: str) -> bool:
            till, other = tills[member % TILLS], members[member % len(members)]
            source, target = (till, other) if kind == "earn" else (other, till)
            async with pool.acquire() as connection:
                await connection.fetch("select id from pgledger_create_transfer($1, $2, $3)", source, target, amount)
            return True

        yield post


def install_pgledger(url: str, checkout: Path) -> None:
    """Its tables beside ours, 20,000 accounts of it; its SQL stays where it is."""
    with connect(url) as connection:
        for file in (*sorted(checkout.glob("vendor/*/*.sql")), checkout / "pgledger.sql"):
            connection.execute(file.read_text("utf-8"))
        connection.execute(
            "select pgledger_create_account('bench' || lpad(n::text, 5, '0'), 'POINTS') from generate_series(1, 20000) n"
        )


def database_beside(url: str, name: str) -> str:
    """A new database on the same server."""
    with connect(url) as connection:
        connection.execute(f"create database {name}")
    return make_conninfo(url, dbname=name)


async def by_hordak(url: str, seconds: float) -> float:
    """Its rate, by a process of its own: Django's settings are made once a process."""
    script = str(Path(__file__).with_name("_ledger_hordak.py"))
    process = await asyncio.create_subprocess_exec(sys.executable, script, url, str(seconds), stdout=subprocess.PIPE)
    out, _ = await process.communicate()
    return float(out)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one short round, under a minute")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--pgledger", type=Path, default=os.environ.get("REGULARS_BENCH_PGLEDGER"))
    asked = parser.parse_args()
    asked.rounds = asked.rounds or (1 if asked.quick else 7)
    asked.seconds = asked.seconds or (1.5 if asked.quick else 3.0)
    with contextlib.ExitStack() as stack:
        folder, url = stack.enter_context(passing_server())
        migrate(url)
        bench = Bench(url, folder, asked)
        if asked.pgledger:
            install_pgledger(url, Path(asked.pgledger))
        database = Database(url)
        with database.transaction() as tx:
            token = access.issue_key(tx, name="bench", role=Role.MANAGER, at=peers.now()).token
        database.close()
        ports = free_port(), free_port()
        for number in range(asked.rounds):
            print(f"round {number + 1} of {asked.rounds}")
            uvloop.run(bench.in_process())
            with http.serving("http", url, ports[0]), http.serving("usual", url, ports[1]):
                uvloop.run(bench.over_http(*ports, token))
        result = bench.result()
    for name, least in TARGETS.items():
        print(f"{name:16} {result['ratio'][name]!s:>7}   (target: at least {least})")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
