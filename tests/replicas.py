"""A real streaming replica of an embedded PostgreSQL, made with pg_basebackup."""

import shutil
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from conftest import on_database
from regulars.storage import _account, _binaries, embedded_programs
from regulars.storage._account import Account


@dataclass
class Standby:
    """A hot standby that can be held back, stopped and started again."""

    url: str
    folder: Path
    programs: Path
    account: Account

    def start(self) -> None:
        log = self.folder / "start.log"
        self._control("start", f"--log={log}", "--options=-c cluster_name=replica")

    def stop(self) -> None:
        self._control("stop", "--mode=immediate")

    def hold(self) -> None:
        """Replay nothing more until `go_on`."""
        self._run("select pg_wal_replay_pause()")
        while self._run("select pg_get_wal_replay_pause_state()") != "paused":
            time.sleep(0.01)

    def go_on(self) -> None:
        self._run("select pg_wal_replay_resume()")

    def catch_up(self, primary_url: str) -> None:
        """Wait until all that the primary has written is here."""
        with psycopg.connect(primary_url) as connection:
            position = connection.execute("select pg_current_wal_lsn()::text").fetchone()[0]
        while not self._run(f"select pg_last_wal_replay_lsn() >= '{position}'::pg_lsn"):
            time.sleep(0.01)

    def _run(self, sql: str) -> object:
        with psycopg.connect(self.url, autocommit=True) as connection:
            row = connection.execute(sql).fetchone()
        return row[0] if row else None

    def _control(self, *arguments: str) -> None:
        said = self.account.run([self.programs / "pg_ctl", "--wait", *arguments], PGDATA=self.folder / "data")
        assert said.returncode == 0, said.stdout.decode()


@contextmanager
def standby_of(url: str, data_dir: Path) -> Generator[Standby]:
    """A replica of the embedded server of `data_dir`; its URL names the same database."""
    account = _account.choose(None)
    found = _binaries.readable_by(account, _binaries.Installation(major_of(url), embedded_programs(data_dir)))
    if not found.program("pg_basebackup").exists():
        pytest.skip(f"NO REPLICA IS TESTED: {found.folder} has no pg_basebackup")
    folder = Path(tempfile.mkdtemp(prefix="rg-"))  # short, for the socket's sake
    account.give(folder)
    command = [
        found.program("pg_basebackup"),
        f"--pgdata={folder / 'data'}",
        "--write-recovery-conf",
        "--checkpoint=fast",
        "--create-slot",  # or the log it has yet to read may be gone, when other tests write much
        f"--slot={folder.name.replace('-', '_')}",
    ]
    said = account.run([*command, f"--dbname={url}"])
    assert said.returncode == 0, said.stdout.decode()
    settings = (
        f"listen_addresses = ''\nunix_socket_directories = '{folder}'\nshared_buffers = '32MB'\nmax_connections = 300\n"
    )
    (folder / "data" / "regulars.conf").write_text(settings)
    parts = conninfo_to_dict(url) | {"host": str(folder)}
    its_url = "postgresql:///?" + "&".join(f"{key}={quote(str(value), safe='')}" for key, value in parts.items())
    standby = Standby(on_database(its_url, str(parts["dbname"])), folder, found.folder, account)
    standby.start()
    try:
        yield standby
    finally:
        standby.stop()
        _drop_slot(url, folder.name.replace("-", "_"))
        shutil.rmtree(folder)


def _drop_slot(url: str, name: str) -> None:
    """Let the primary forget what the replica has read, as soon as it has noticed that it is gone."""
    with psycopg.connect(url, autocommit=True) as connection:
        sql = "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = %s and not active"
        while connection.execute(sql, [name]).fetchone() is None:
            time.sleep(0.01)


def major_of(url: str) -> int:
    with psycopg.connect(url) as connection:
        return connection.info.server_version // 10_000
