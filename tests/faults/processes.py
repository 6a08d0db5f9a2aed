"""Real processes that tests kill: `regulars serve`, and a PostgreSQL of their own."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from regulars.storage import embedded_server, erase_embedded_server

_SERVE = [sys.executable, "-m", "regulars", "serve", "--port", "0"]


class Server:
    """`regulars serve` on a database, each time on another port."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.up = threading.Event()
        self.port = 0
        self.said: list[str] = []
        self.process: subprocess.Popen[str] | None = None

    def launch(self) -> None:
        """Start it; it is `up` once it listens."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("REGULARS_")}
        own = {"REGULARS_DATABASE_URL": self._url, "REGULARS_REQUESTS_PER_MINUTE": "10000000"}
        self.process = subprocess.Popen(_SERVE, env=clean | own, stderr=subprocess.PIPE, text=True)
        threading.Thread(target=self._listen, args=(self.process,), daemon=True).start()

    def wait(self) -> None:
        assert self.up.wait(60), "it did not start: " + "".join(self.said)

    def kill(self) -> None:
        """SIGKILL: it gets to say nothing."""
        if self.process is not None:
            self.up.clear()
            self.process.kill()
            self.process.wait(60)

    def pause(self) -> None:
        """SIGSTOP: it keeps its connections, and does nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT: it goes on as if nothing had been."""
        self.process.send_signal(signal.SIGCONT)

    def _listen(self, process: subprocess.Popen[str]) -> None:
        with process.stderr:
            for line in process.stderr:
                self.said.append(line)
                found = re.search(r"Regulars is at http://127\.0\.0\.1:(\d+)", line)
                if found:
                    self.port = int(found[1])
                    self.up.set()


@contextmanager
def serving(url: str, count: int = 1) -> Generator[list[Server]]:
    """So many servers on one database, killed at the end."""
    servers = [Server(url) for _ in range(count)]
    try:
        for server in servers:
            server.launch()
        for server in servers:
            server.wait()
        yield servers
    finally:
        for server in servers:
            server.kill()


class Cluster:
    """An embedded PostgreSQL that may be killed: fsync is on, as everywhere."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url

    def postmaster(self) -> int:
        [file] = self.folder.glob("postgres-*/postmaster.pid")
        return int(file.read_text().split("\n")[0])

    def kill(self, *, whole: bool) -> None:
        """SIGKILL the postmaster; `whole`: and every other process of it, before they notice."""
        first = self.postmaster()
        family = [first, *(_children(first) if whole else [])]
        for process in family:
            os.kill(process, signal.SIGKILL)

    def kill_one(self) -> None:
        """SIGKILL one process that serves a lane: PostgreSQL then ends all others, and recovers by itself."""
        for pid in self.lanes()[:1]:
            os.kill(pid, signal.SIGKILL)

    def lanes(self) -> list[int]:
        """The processes that serve lanes."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            rows = connection.execute(
                "select pid from pg_stat_activity where application_name like 'regulars lane%' order by pid"
            ).fetchall()
        return [pid for (pid,) in rows]

    def start(self) -> None:
        """Start it again where it is dead, and wait until it lets us in."""
        with embedded_server(self.folder) as url:
            assert url == self.url


@contextmanager
def cluster(folder: Path) -> Generator[Cluster]:
    """A PostgreSQL in `folder`, erased at the end."""
    try:
        with embedded_server(folder) as url:
            yield Cluster(folder, url)
    finally:
        erase_embedded_server(folder)


@contextmanager
def short_folder() -> Generator[Path]:
    """A short path that every user may pass through, as an ordinary home is not."""
    folder = Path(tempfile.mkdtemp(prefix="rg-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _children(parent: int) -> list[int]:
    """The processes that another one started, in `/proc` where there is one."""
    if not Path("/proc/self/stat").exists():
        listed = subprocess.run(["/bin/ps", "-axo", "pid=,ppid="], capture_output=True, text=True, check=True)
        pairs = (map(int, line.split()) for line in listed.stdout.splitlines())
        return [pid for pid, ppid in pairs if ppid == parent]
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        if int(fields[1]) == parent:
            found.append(int(stat.parent.name))
    return found
