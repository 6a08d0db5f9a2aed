"""PostgreSQL itself is killed, or has no room left: what was acknowledged stays, and the service goes on by itself."""

import os
import random
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from faults.clients import load
from faults.house import House, house_on
from faults.processes import Cluster, cluster, short_folder
from regulars.storage import migrate

_MIB = 2**20


def shown(url: str, name: str) -> str:
    with psycopg.connect(url) as connection:
        [value] = connection.execute("select current_setting(%s)", [name]).fetchone()
    return value


def kill(postgresql: Cluster, how: int) -> None:
    if how == 0:
        postgresql.kill(whole=True)
    elif how == 1:
        postgresql.kill_one()
    else:
        postgresql.kill(whole=False)


def test_postgresql_killed_again_and_again_loses_nothing_and_doubles_nothing(rounds: int):
    chance = random.Random(rounds)
    with short_folder() as folder, cluster(folder / "data") as postgresql:
        assert (shown(postgresql.url, "fsync"), shown(postgresql.url, "synchronous_commit")) == ("on", "on")
        migrate(postgresql.url)
        with house_on(postgresql.url, servers=1) as house:
            with load(house.desk, "postgresql"):
                for n in range(rounds):
                    house.book.wait_for(chance.randrange(50, 150))
                    kill(postgresql, n % 3)
                    postgresql.start()
                house.book.wait_for(50)
            house.settle()
            assert {status for status, _ in house.book.refused} <= {503, 409}
            [server] = house.desk.servers
            assert server.process.poll() is None


@contextmanager
def small_disk(mib: int) -> Generator[Path]:
    """A folder with a file system of its own. Skips where we may not mount one."""
    with short_folder() as folder:
        (folder / "data").mkdir()
        options = f"size={mib}m,mode=711"
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder / "data")]
        try:
            done = subprocess.run(command, capture_output=True, text=True)  # noqa: PLW1510 - looked at below
        except OSError as error:
            pytest.skip(f"a full disk is NOT tested here: {error}")
        if done.returncode != 0:
            pytest.skip(f"a full disk is NOT tested here, a small file system cannot be mounted: {done.stderr.strip()}")
        try:
            yield folder / "data"
        finally:
            subprocess.run(["umount", str(folder / "data")], check=True)


def fill(disk: Path) -> Path:
    """Take all the room there is."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return ballast


@contextmanager
def on_small_disk() -> Generator[tuple[House, Cluster]]:
    with small_disk(192) as disk, cluster(disk) as postgresql:
        assert os.path.ismount(disk)
        [data] = disk.glob("postgres-*")
        assert data.resolve().is_relative_to(disk), "the cluster lies on the small disk"
        migrate(postgresql.url)
        with house_on(postgresql.url, servers=1) as house:
            yield house, postgresql


def test_a_full_disk_refuses_and_spoils_nothing_and_room_is_all_it_takes(rounds: int):
    with on_small_disk() as (house, postgresql):
        first = postgresql.postmaster()
        with load(house.desk, "full"):
            for _ in range(rounds):
                house.book.wait_for(50)
                ballast = fill(postgresql.folder)
                house.book.wait_for(30, refusals=True)
                ballast.unlink()
            house.book.wait_for(50)
        assert postgresql.postmaster() == first
        assert house.book.refused[507, "DiskFull"] >= 30
        house.settle()

        with load(house.desk, "log"):
            ballast = fill(postgresql.folder)
            with (
                pytest.raises(psycopg.OperationalError),
                psycopg.connect(postgresql.url, autocommit=True) as connection,
            ):
                while True:  # not even the log has room: PostgreSQL gives up
                    connection.execute("select pg_switch_wal()")
                    connection.execute("select pg_logical_emit_message(true, 'fill', repeat('x', 100000))")
            house.book.wait_for(12, refusals=True)
            ballast.unlink()
            postgresql.start()
            house.book.wait_for(50)
        house.settle()
        assert {status for status, _ in house.book.refused} <= {503, 507, 409}
