"""The operating-system user that the embedded PostgreSQL runs as, and files made for a folder's owner."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from regulars.errors import Conflict

if sys.platform != "win32":
    import pwd

STATE = Path("/var/lib/regulars")
"""Where a root installation keeps what the system user `regulars` must reach."""

NOT_AS_ROOT = "run regulars as an ordinary user, or set REGULARS_DATABASE_URL to a PostgreSQL 15 or newer"
_USER = "regulars"


class EmbeddedServerFailed(Conflict):
    """The embedded PostgreSQL {problem}: {remedy}."""

    retryable = True


@dataclass(frozen=True, slots=True)
class Account:
    """A user to run programs as; `uid` None is the one we are."""

    uid: int | None = None
    gid: int | None = None

    def run(
        self, command: Sequence[str | Path], *, output: int | IO[bytes] = subprocess.PIPE, **variables: str | Path
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a program in a session of its own, so that a Ctrl-C at the terminal does not reach it.

        It starts in `/`, because PostgreSQL's programs refuse a folder they cannot read, and sees none of the `PG…`
        variables meant for other servers. What it says is the result's `stdout`.
        """
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
        environment: Mapping[str, str] = inherited | {name: str(value) for name, value in variables.items()}
        return subprocess.run(  # noqa: S603, PLW1510 - our own programs; the caller looks at the exit code
            [str(part) for part in command],
            cwd="/",
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=self.uid,
            group=self.gid,
            extra_groups=None if self.uid is None else [],
        )

    def reaches(self, folder: Path) -> bool:
        """Whether it can work in that folder."""
        return self.uid is None or self.run(["/bin/sh", "-c", 'cd "$0" && test -w .', folder]).returncode == 0

    def give(self, path: Path) -> None:
        """Make it the owner."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def choose(cluster: Path | None) -> Account:
    """Who runs the server: the cluster's owner when we are root, else we ourselves.

    Raises:
        EmbeddedServerFailed: we are root and may not become anybody else.
    """
    if os.geteuid() != 0:
        return Account()
    account = _unprivileged() if cluster is None else owner_of(cluster)
    try:
        account.run(["/bin/sh", "-c", ":"])
    except OSError as error:
        problem = f"refuses to run as root, and root may not change to user {account.uid} here ({error})"
        raise EmbeddedServerFailed(problem=problem, remedy=NOT_AS_ROOT) from error
    return account


def owner_of(cluster: Path) -> Account:
    """The cluster's owner, when we are root; PostgreSQL accepts no other user."""
    status = cluster.stat()
    return Account(status.st_uid, status.st_gid) if os.geteuid() == 0 and status.st_uid != 0 else Account()


def _unprivileged() -> Account:
    """The system user `regulars`, made when missing; `nobody` where it cannot be made."""
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))
    useradd, shell = shutil.which("useradd", path=path), shutil.which("nologin", path=path) or "/bin/false"
    if useradd is not None and not _exists(_USER):
        Account().run([useradd, "--system", "--no-create-home", "--home-dir", STATE, "--shell", shell, _USER])
    for name in (_USER, "nobody"):
        if _exists(name):
            entry = pwd.getpwnam(name)
            return Account(entry.pw_uid, entry.pw_gid)
    problem = "refuses to run as root, and there is neither a user `regulars` nor `nobody`"
    raise EmbeddedServerFailed(problem=problem, remedy=NOT_AS_ROOT)


def _exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def make_state_folder() -> Path:
    """`/var/lib/regulars`, which everybody may pass through.

    Raises:
        EmbeddedServerFailed: it cannot be made.
    """
    try:
        STATE.mkdir(mode=0o755, parents=True, exist_ok=True)
        if not os.access(STATE, os.W_OK):
            raise PermissionError(f"{STATE} is not writable")
    except OSError as error:
        problem = f"needs {STATE}, because the unprivileged user it runs as cannot reach root's files ({error})"
        raise EmbeddedServerFailed(problem=problem, remedy=NOT_AS_ROOT) from error
    return STATE


def make_folder(folder: Path) -> None:
    """Make the data folder, for its owner alone; one that root makes lets others pass, but not look."""
    folder.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)


def open_own(path: Path, folder: Path) -> IO[bytes]:
    """Open a file that only the folder's owner may read, whoever we are; made when missing, never through a link."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    if os.geteuid() == 0:
        status = folder.stat()
        os.chown(descriptor, status.st_uid, status.st_gid)
    return os.fdopen(descriptor, "r+b")
