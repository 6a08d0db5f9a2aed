"""One PostgreSQL cluster on disk: made, configured, started, stopped, erased."""

import hashlib
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg

from regulars.storage._account import NOT_AS_ROOT, Account, EmbeddedServerFailed, make_state_folder, open_own
from regulars.storage._binaries import Installation

_ROLE = "regulars"
_PORT = 5432  # only part of the socket's name: nothing listens on it
_SOCKET = f".s.PGSQL.{_PORT}"
_PATH_LIMIT = 103  # bytes of a socket's path on macOS and BSD; Linux allows 107
_WAIT_SECONDS = 300  # recovery after a crash may take minutes
_SILENCE_SECONDS = 30  # for a server that lives but says nothing
_LAUNCHES = 3
_MIB = 2**20


class _NotStartedError(Exception):
    """`pg_ctl start` failed; the message is what the server said last."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster, the programs that fit it, and the user they run as."""

    folder: Path
    data_dir: Path
    installation: Installation
    account: Account

    @property
    def name(self) -> str:
        """Stands in the command line of each of its processes, and so tells whether any of them lives."""
        return f"regulars-{_hash(self.folder)}"

    def start(self) -> str:
        """Start the server unless it runs; its URL. Call this while holding the turn.

        Raises:
            EmbeddedServerFailed: it did not start, or does not let us in.
        """
        begun, launches, reason = time.monotonic(), 0, ""
        while launches < _LAUNCHES:
            try:
                if not self._alive():
                    launches += 1
                    self._launch()
                return self._open()
            except (_NotStartedError, psycopg.OperationalError) as error:
                reason = str(error)
                self._refuse_if_password(reason)
            busy = "the database system is" in reason  # starting up, recovering, or shutting down
            if time.monotonic() - begun > (_WAIT_SECONDS if busy else _SILENCE_SECONDS):
                break
            time.sleep(0.2)
        raise EmbeddedServerFailed(problem=f"did not start: {reason}", remedy=self._where_to_look())

    def stop(self) -> None:
        """Stop the server; who is still connected is cut off."""
        if self._alive():
            self._control("stop", "--mode=fast")

    def erase(self) -> None:
        """Stop the server and delete the cluster."""
        self.stop()
        link = self.data_dir / f"postgres-{self.installation.major}"
        shutil.rmtree(self.folder)
        if link.is_symlink():
            link.unlink()
        shutil.rmtree(self._short_socket_folder(), ignore_errors=True)

    def _launch(self) -> None:
        """Start a server that is known to be dead."""
        socket_folder = self._make_socket_folder()
        # None of our processes lives, so these are left over. PostgreSQL itself would refuse to start while their
        # process id is that of a zombie nobody reaps (a container without an init), or of an unrelated process.
        for stale in (self.folder / "postmaster.pid", socket_folder / _SOCKET, socket_folder / f"{_SOCKET}.lock"):
            stale.unlink(missing_ok=True)
        self._configure(socket_folder)
        if self._control("start", f"--options=-c cluster_name={self.name}") != 0:
            raise _NotStartedError(_tail(self._log()))

    def _control(self, *arguments: str) -> int:
        """Run `pg_ctl`. The folder goes by environment: on the command line pg_ctl would hand it to a shell."""
        command = [self.installation.program("pg_ctl"), "--silent", "--wait", f"--timeout={_WAIT_SECONDS}", *arguments]
        with open_own(self._log(), self.folder) as log:
            log.truncate()
            return self.account.run(command, output=log, PGDATA=self.folder).returncode

    def _configure(self, socket_folder: Path) -> None:
        """Write our settings, afresh at every start; `alter system` goes before them."""
        text = "".join(f"{name} = '{value}'\n" for name, value in _settings(self.folder, socket_folder).items())
        _write(self.folder / "regulars.conf", text, self.account)

    def _open(self) -> str:
        """Make sure that our database is there; its URL."""
        password = (self.data_dir / "postgres.password").read_text("ascii").strip()
        folder = quote(str(self._socket_folder()), safe="/")
        url = f"postgresql://{_ROLE}:{password}@/{{}}?host={folder}&port={_PORT}"
        with psycopg.connect(url.format("postgres"), autocommit=True, connect_timeout=10) as connection:
            if connection.execute("select 1 from pg_database where datname = %s", [_ROLE]).fetchone() is None:
                connection.execute("create database regulars")
        return url.format(_ROLE)

    def _refuse_if_password(self, reason: str) -> None:
        if "password authentication failed" in reason:
            path = self.data_dir / "postgres.password"
            remedy = f"put back the file {path} that belongs to {self.folder}"
            raise EmbeddedServerFailed(problem="does not accept its password", remedy=remedy)

    def _alive(self) -> bool:
        """Whether any of its processes lives, here or in another container that shares the folder."""
        return any(self.name in command for command in _commands()) or _answers(self._socket_folder() / _SOCKET)

    def _socket_folder(self) -> Path:
        """Where the socket of the running server is, else where the next one's will be."""
        try:
            said = (self.folder / "postmaster.pid").read_text("utf-8", "surrogateescape").splitlines()[4]
        except (OSError, IndexError):
            said = ""
        if said:
            return Path(said)
        inside = self.folder / "socket"
        return inside if _fits(inside) else self._short_socket_folder()

    def _short_socket_folder(self) -> Path:
        temporary = Path(tempfile.gettempdir()) / self.name
        return temporary if _fits(temporary) else Path("/tmp") / self.name  # noqa: S108 - checked when made

    def _make_socket_folder(self) -> Path:
        """The folder of the next server's socket, which nobody else may enter or have prepared for us."""
        inside = self.folder / "socket"
        folder = inside if _fits(inside) else self._short_socket_folder()
        try:
            folder.mkdir(mode=0o700)
            self.account.give(folder)
        except FileExistsError:
            status, owner = folder.lstat(), os.geteuid() if self.account.uid is None else self.account.uid
            if folder.is_symlink() or status.st_uid != owner or status.st_mode & 0o077:
                problem = f"cannot put its socket into {folder}, which another user made"
                raise EmbeddedServerFailed(problem=problem, remedy="remove that folder, or set TMPDIR") from None
        return folder

    def _log(self) -> Path:
        return self.folder / "start.log"

    def _where_to_look(self) -> str:
        return f"the logs are {self._log()} and in {self.folder / 'log'}"


def folders(data_dir: Path) -> dict[int, Path]:
    """The clusters of a data folder by major version.

    Raises:
        EmbeddedServerFailed: one is a link to a folder that is gone, which must not look like an empty database.
    """
    found: dict[int, Path] = {}
    for path in data_dir.glob("postgres-*"):
        match = re.fullmatch(r"postgres-(\d+)", path.name)
        if match:
            if path.is_symlink() and not path.exists() and os.access(path.readlink().parent, os.X_OK):
                problem = f"has lost its data: {path} is a link to {path.readlink()}, which is not there"
                raise EmbeddedServerFailed(
                    problem=problem, remedy="restore that folder, or remove the link to start empty"
                )
            found[int(match[1])] = path.resolve()
    return found


def create(data_dir: Path, installation: Installation, account: Account) -> Path:
    """Make the cluster; complete or, when we are killed, not at all. Call this while holding the turn.

    Raises:
        EmbeddedServerFailed: `initdb` refused.
    """
    for left_over in data_dir.glob(".initdb-*"):
        shutil.rmtree(left_over, ignore_errors=True)
    place = data_dir / f"postgres-{installation.major}"
    stage = _stage(data_dir, account)
    if account.reaches(stage):
        _initialise(stage, place, data_dir, installation, account)
        return place
    stage.rmdir()
    place = make_state_folder() / _hash(data_dir)
    if place.exists():  # its data folder was deleted: neither take that data over nor delete it
        place.rename(place.with_name(f"{place.name}.left-{int(place.stat().st_ctime)}-{secrets.token_hex(4)}"))
    _initialise(_stage(place.parent, account), place, data_dir, installation, account)
    (data_dir / f"postgres-{installation.major}").symlink_to(place)
    return place


def forget_password(data_dir: Path) -> None:
    """Delete the password's file; the next cluster gets another one."""
    (data_dir / "postgres.password").unlink(missing_ok=True)


def _stage(folder: Path, account: Account) -> Path:
    stage = Path(tempfile.mkdtemp(dir=folder, prefix=".initdb-"))
    account.give(stage)
    return stage


def _initialise(stage: Path, place: Path, data_dir: Path, installation: Installation, account: Account) -> None:
    """Run `initdb` in `stage`, then move the cluster to its place."""
    with open_own(data_dir / "postgres.password", data_dir) as file:
        password = file.read().decode("ascii").strip() or secrets.token_urlsafe(24)
        file.seek(0)
        file.write(password.encode())
    _write(stage / "password", password, account)
    said = account.run([installation.program("initdb"), *_initdb_options(installation.major, stage)])
    if said.returncode != 0:
        reason = said.stdout.decode(errors="replace").strip().rpartition("\n")[2]
        shutil.rmtree(stage, ignore_errors=True)
        problem = f"could not make its cluster in {place}: {reason}"
        raise EmbeddedServerFailed(problem=problem, remedy=NOT_AS_ROOT if os.geteuid() == 0 else "see the reason")
    with (stage / "cluster" / "postgresql.conf").open("a") as file:
        file.write("\ninclude_if_exists = 'regulars.conf'\n")
    (stage / "cluster").rename(place)
    shutil.rmtree(stage)


def _initdb_options(major: int, stage: Path) -> list[str]:
    """Sorted by code point and classified by Unicode, the same on every system and after every upgrade of it."""
    c_utf8 = "C.UTF-8" if sys.platform == "linux" else "C"
    built_in = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", f"--lc-ctype={c_utf8}"]
    return [
        f"--pgdata={stage / 'cluster'}",
        f"--username={_ROLE}",
        f"--pwfile={stage / 'password'}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--data-checksums",
        *(built_in if major >= 17 else ["--locale=C", f"--lc-ctype={c_utf8}"]),
    ]


def _settings(folder: Path, socket_folder: Path) -> dict[str, str]:
    """What is not PostgreSQL's default, as measured (docs/decisions/0003-embedded-postgresql.md)."""
    wal = min(8 << 10, max(1 << 10, shutil.disk_usage(folder).free // _MIB // 8))
    buffers = min(2 << 10, max(64, _memory() // _MIB // 4))
    quoted = str(socket_folder).replace('"', '""').replace("\\", r"\\").replace("'", "''")
    return {
        "listen_addresses": "",
        "port": str(_PORT),
        "unix_socket_directories": f'"{quoted}"',
        "unix_socket_permissions": "0700",
        "max_connections": "300",  # one costs nothing until it is used, and several commands share this server
        "shared_buffers": f"{buffers}MB",
        "dynamic_shared_memory_type": _dynamic_shared_memory(),
        "max_wal_size": f"{wal}MB",  # WAL is ten times as much right after a checkpoint: have few of them
        "checkpoint_timeout": "15min",
        "jit": "off",  # compiling costs more than these queries do
        "timezone": "UTC",
        "logging_collector": "on",
        "log_filename": "%a.log",  # seven files, each a day old at most when it is begun anew
        "log_truncate_on_rotation": "on",
        "log_error_verbosity": "terse",  # details would name members' addresses
    }


def _dynamic_shared_memory() -> str:
    """Files where `/dev/shm` is as small as container runtimes make it: a parallel hash join does not fit in 64 MB."""
    small = sys.platform == "linux" and (not Path("/dev/shm").is_dir() or shutil.disk_usage("/dev/shm").total < 2**30)  # noqa: S108
    return "mmap" if small else "posix"


def _memory() -> int:
    """The memory this process may use, in bytes."""
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for file in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            limits.append(int(Path(file).read_text("ascii")))
        except (OSError, ValueError):  # no such limit, or `max`
            continue
    return min(limits)


def _hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:16]


def _fits(folder: Path) -> bool:
    """Whether a socket can lie there, and a connection string can name it: a comma in it separates hosts."""
    return len(os.fsencode(folder / _SOCKET)) <= _PATH_LIMIT and "," not in str(folder)


def _write(path: Path, text: str, account: Account) -> None:
    """Write a file for `account` alone, whole or not at all, whatever lies at its path."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
    account.give(Path(temporary))
    Path(temporary).rename(path)


def _commands() -> Iterator[str]:
    """The command lines of all living processes; a zombie has none."""
    if sys.platform != "linux":
        listed = subprocess.run(["/bin/ps", "-axww", "-o", "command="], capture_output=True, check=False)
        yield from listed.stdout.decode(errors="replace").splitlines()
        return
    for process in Path("/proc").glob("[0-9]*"):
        try:
            yield (process / "cmdline").read_bytes().decode(errors="replace")
        except OSError:  # it has just ended
            continue


def _answers(path: Path) -> bool:
    """Whether somebody listens on that socket."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        try:
            client.connect(str(path))
        except OSError:
            return False
        return True


def _tail(log: Path) -> str:
    """The last words of a server that did not start, its other log included."""
    files = [log, *sorted(log.parent.glob("log/*.log"), key=lambda file: file.stat().st_mtime)[-1:]]
    lines = [line for file in files for line in file.read_text(errors="replace").splitlines() if line.strip()]
    said = [line for line in lines if "FATAL" in line or "could not" in line] or lines
    return " ".join(said[-2:])
