"""Years of points on one machine: a million accounts, twenty million postings, a night's work after every step.

Everything goes through the ledger's own verb, `ledger.post`, in batches of 10,000, and is durable: fsync and
synchronous_commit are on. The postings are earns, promises, spends, holds, captures and clawbacks of a year; points expire
after 90 days, with a month, or never. After each of the steps of the load comes a night: what is due expires, matures or is
released, a thousand at a time, as the server's job does it. Then come `--nights` more, and the reconciler goes through it all.

    ratio.bulk_over_single   postings a second, in batches, over postings in a transaction each (target: 10, or 20,000 a second)
    ratio.night_growth       the server's CPU per row due in the last third of the nights over that in the first (target: 1.25)

With `--data FOLDER` it keeps what it made, and after a kill it goes on where it was: what it posts again is known to the
ledger. About 0.9 KB of disk a posting are wanted, and up to 8 GB for the log.

    uv run --group dev python benchmarks/soak.py [--quick] [--share 0.1] [--data FOLDER]
"""

import argparse
import contextlib
import json
import os
import shutil
import statistics
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import _soak_tables as tables
import msgspec
from _server import TICKS_S, Server, passing_server
from _soak_world import DAY, World

from regulars import ledger
from regulars.ledger import Posting, proof
from regulars.storage import Database, Transaction, embedded_server, migrate

JOB_BATCH = 1000
BYTES_A_POSTING, LOG_BYTES = 900, 8 << 30
FEW = 500
"""A night with fewer rows due says nothing of the cost of one."""


@dataclass
class Night:
    """What one night did, and what that cost."""

    at: datetime
    entries_before: int
    due: int = 0
    seconds: float = 0.0
    server_cpu_us: float = 0.0
    """Of the connection that worked, per row due."""

    client_cpu_us: float = 0.0
    kinds: dict[str, int] = field(default_factory=dict)


@dataclass
class Kept:
    """How far the soak has come; a file in the data folder, written after each step."""

    accounts: int
    postings: int
    step: int = 0
    posted: int = 0
    posted_singly: int = 0
    load_seconds: float = 0.0
    cpu_s: float = 0.0
    nights: list[Night] = field(default_factory=list)
    single: list[float] = field(default_factory=list)
    bulk: list[float] = field(default_factory=list)
    sizes: list[dict[str, Any]] = field(default_factory=list)
    reconcile_seconds: float = 0.0
    reconcile_cpu_us: float = 0.0


class Soak:
    """One soak, from where it was left."""

    def __init__(self, url: str, asked: argparse.Namespace, note: Path) -> None:
        self.note = note
        self.world = World(asked.accounts, asked.postings, asked.workers)
        self.kept = Kept(asked.accounts, asked.postings)
        if note.exists():
            self.kept = msgspec.json.decode(note.read_bytes(), type=Kept)
        if (self.kept.accounts, self.kept.postings) != (asked.accounts, asked.postings):
            raise SystemExit(
                f"{note} is of another size: {self.kept.accounts:,} accounts, {self.kept.postings:,} postings"
            )
        self.database, self.server = Database(url, pool_size=asked.workers + 1), Server(url)
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert self.server.value(f"show {setting}") == "on"

    def keep(self) -> None:
        fresh = self.note.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(self.kept))
        fresh.replace(self.note)

    def load(self) -> None:
        """The steps that are left, each with its night."""
        while self.kept.step <= self.world.steps:
            step = self.kept.step
            batches, at = self.world.batches(step), self.world.ends(step)
            cpu, began = self.server.cpu_s() + time.process_time(), time.perf_counter()
            with ThreadPoolExecutor(self.world.workers) as threads:
                works = [threads.submit(self._post, step, number) for number in range(self.world.workers)]
                posted = sum(work.result() for work in works)
            seconds = time.perf_counter() - began
            self.kept.cpu_s += self.server.cpu_s() + time.process_time() - cpu
            self.kept.posted += posted
            self.kept.load_seconds += seconds
            night = self.night(at)
            self.kept.bulk.append(posted / seconds)
            if step % max(1, self.world.steps // 5) == 0:
                self.kept.single.append(self.one_by_one(step, at))
                self.kept.sizes.append(tables.sizes(self.database))
            self.kept.step += 1
            self.keep()
            rate = f"{posted / seconds:7,.0f} postings/s in {len(batches):3} batches"
            print(f"step {step:3} of {self.world.steps}  {rate}  night {tell(night)}", flush=True)

    def _post(self, step: int, worker: int) -> int:
        """One worker's batches, of members that no other worker's batches are of; how many were posted, now or before."""
        done = 0
        for number in self.world.batches(step):
            if number % self.world.workers != worker:
                continue
            postings = self.world.draw(step, number)
            with self.database.transaction() as tx:
                outcomes = ledger.post(tx, postings, at=postings[0].occurred_at)
            wrong = {one.status for one in outcomes} - {"posted", "replayed", "insufficient", "nothing_to_reverse"}
            assert not wrong, wrong  # a capture of a hold that was refused finds nothing
            done += sum(one.status in {"posted", "replayed"} for one in outcomes)
        return done

    def night(self, at: datetime) -> Night:
        """All that is due, as `jobs.tick` does it."""
        night = Night(at, self.kept.posted + self.kept.posted_singly + sum(one.due for one in self.kept.nights))
        began, client = time.perf_counter(), time.thread_time()
        spent, done = 0.0, 1
        while done:
            with self.database.transaction() as tx:
                before = cpu_of(tx)
                done = ledger.expire_due(tx, at=at, limit=JOB_BATCH)
                spent += cpu_of(tx) - before
            night.due += done
        night.seconds = time.perf_counter() - began
        with self.database.transaction() as tx:
            night.kinds = tables.kinds_at(tx, at)
            ledger.roll_up(tx, at=at)
        night.server_cpu_us = round(spent / max(night.due, 1) * 1e6, 1)
        night.client_cpu_us = round((time.thread_time() - client) / max(night.due, 1) * 1e6, 1)
        self.kept.nights.append(night)
        return night

    def nights(self, count: int) -> None:
        """Days without a customer: only what falls due."""
        last = self.world.steps + 1
        while self.kept.step < last + count:
            night = self.night(self.world.ends(self.world.steps) + DAY * (self.kept.step - last + 1))
            self.kept.step += 1
            self.keep()
            print(f"night of {night.at:%Y-%m-%d}  {tell(night)}", flush=True)

    def one_by_one(self, step: int, at: datetime) -> float:
        """The same verb with a transaction for each posting, from as many threads: postings a second."""
        end, counts = time.perf_counter() + 2.0, [0] * self.world.workers

        def work(worker: int) -> None:
            while time.perf_counter() < end:
                member = (counts[worker] * self.world.workers + worker) % self.world.accounts
                posting = Posting("earn", member, 1, f"one{step}.{counts[worker]}", at)
                with self.database.transaction() as tx:
                    ledger.post(tx, [posting], at=at)
                counts[worker] += 1

        with ThreadPoolExecutor(self.world.workers) as threads:
            list(threads.map(work, range(self.world.workers)))
        self.kept.posted_singly += sum(counts)
        return sum(counts) / 2.0

    def reconcile(self) -> proof.Pass:
        """The reconciler through the whole ledger, piece by piece."""
        at = self.kept.nights[-1].at
        cpu, began = self.server.cpu_s(), time.perf_counter()
        while True:
            with self.database.transaction() as tx:
                done = proof.reconcile(tx, at=at)
            assert done is not None
            if done.finished_at is not None:
                break
        self.kept.reconcile_seconds = time.perf_counter() - began
        self.kept.reconcile_cpu_us = (self.server.cpu_s() - cpu) / done.entries * 1e6
        print(f"reconciled {done.accounts:,} accounts, {done.entries:,} entries in {self.kept.reconcile_seconds:.0f} s")
        return done

    def result(self, done: proof.Pass) -> dict[str, Any]:
        kept = self.kept
        self.kept.sizes.append(tables.sizes(self.database))
        nights = [one for one in kept.nights if one.due >= FEW]
        third = max(len(nights) // 3, 1)
        first, last = (
            statistics.median(one.server_cpu_us for one in some) for some in (nights[:third], nights[-third:])
        )
        bulk = kept.posted / kept.load_seconds
        return {
            "ratio": {
                "bulk_over_single": round(bulk / statistics.median(kept.single), 2),
                "night_growth": round(last / first, 3),
            },
            "accounts": done.accounts,
            "entries": done.entries,
            "discrepancies": done.discrepancies,
            "root": done.root.hex(),
            "load_seconds": round(kept.load_seconds, 1),
            "postings_per_second": round(bulk),
            "single_per_second": round(statistics.median(kept.single)),
            "slowest_step_over_median": round(min(kept.bulk) / statistics.median(kept.bulk), 2),
            "cpu_us_per_posting": round(kept.cpu_s / kept.posted * 1e6, 1),
            "nights": len(kept.nights),
            "due_rows": sum(one.due for one in kept.nights),
            "due_kinds": summed(one.kinds for one in kept.nights),
            "night_server_cpu_us": {"first_third": first, "last_third": last},
            "night_client_cpu_us": statistics.median(one.client_cpu_us for one in nights),
            "due_rows_per_second": round(sum(one.due for one in nights) / sum(one.seconds for one in nights)),
            "reconcile_seconds": round(kept.reconcile_seconds, 1),
            "reconcile_cpu_us_per_entry": round(kept.reconcile_cpu_us, 1),
            **tables.told(kept.sizes, entries=done.entries),
            "load_average": round(os.getloadavg()[0], 1),
        }


def summed(counts: Any) -> dict[str, int]:
    total: dict[str, int] = {}
    for one in counts:
        for name, count in one.items():
            total[name] = total.get(name, 0) + count
    return total


def cpu_of(tx: Transaction) -> float:
    """What the server's process behind a connection has used, in seconds."""
    fields = Path(f"/proc/{tx.connection.info.backend_pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / TICKS_S


def tell(night: Night) -> str:
    cost = f"{night.server_cpu_us:5.1f} + {night.client_cpu_us:4.1f} µs of CPU each" if night.due >= FEW else ""
    return f"{night.due:7,} rows due in {night.seconds:5.1f} s  {cost}  of {night.entries_before:,} entries"


def enough_room(folder: Path, postings: int) -> None:
    """End at once rather than with a full disk."""
    wanted, free = (
        postings * BYTES_A_POSTING + min(LOG_BYTES, shutil.disk_usage(folder).free // 8),
        shutil.disk_usage(folder).free,
    )
    if wanted > free:
        raise SystemExit(
            f"{wanted >> 20:,} MiB are wanted in {folder} and {free >> 20:,} are free: give --data, or a smaller --share"
        )


@contextlib.contextmanager
def kept_server(folder: Path) -> Generator[tuple[Path, str]]:
    """The folder and the server in it, made if there is none; they stay."""
    folder.mkdir(parents=True, exist_ok=True)
    with embedded_server(folder / "data") as url:
        yield folder, url


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a hundredth of it, under a minute")
    parser.add_argument(
        "--share", type=float, default=1.0, help="how much of a million accounts and 20 million postings"
    )
    parser.add_argument("--accounts", type=int)
    parser.add_argument("--postings", type=int)
    parser.add_argument("--nights", type=int, default=7, help="nights after the load, a day apart")
    parser.add_argument(
        "--workers", type=int, default=min(os.cpu_count() or 1, 4), help="connections that post at once"
    )
    parser.add_argument("--data", type=Path, help="keep the data there, and go on with what is there")
    asked = parser.parse_args()
    share = 0.01 if asked.quick else asked.share
    asked.accounts = asked.accounts or round(1_000_000 * share)
    asked.postings = asked.postings or round(20_000_000 * share)
    with passing_server() if asked.data is None else kept_server(asked.data) as (folder, url):
        note = folder / "soak.json"
        if not note.exists():
            enough_room(folder, asked.postings)
        migrate(url)
        soak = Soak(url, asked, note)
        soak.load()
        soak.nights(asked.nights)
        done = soak.reconcile()
        result = soak.result(done)
        soak.database.close()
    print(json.dumps(result, default=str))
    if done.discrepancies:
        raise SystemExit(f"{done.discrepancies} discrepancies")


if __name__ == "__main__":
    main()
