"""A copy of the database that PostgreSQL keeps by streaming, read from while it keeps up."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Generic, Literal, TypeVar

import psycopg
import structlog

from regulars.settings import Settings
from regulars.storage._connections import Database, Transaction

log = structlog.get_logger(__name__)

Found = TypeVar("Found")

_PATIENCE_SECONDS: Final = 2.0
"""How long is waited for a connection to the replica: the primary is there, too."""

_REST_SECONDS: Final = 10.0
"""How long a replica that was away is left alone."""


@dataclass(frozen=True, slots=True)
class Read(Generic[Found]):
    """What was found, where, and how old it may be."""

    found: Found
    source: Literal["primary", "replica"]
    behind: timedelta
    """Everything committed so long ago is in it."""


class Replica:
    """A hot standby of the primary. It is asked each time how far it has come; who reads is told."""

    def __init__(self, url: str, *, pool_size: int = 8, most_behind: timedelta) -> None:
        """Prepare the pool; connections are made when first asked for."""
        self._database = Database(url, pool_size=pool_size, patience_seconds=_PATIENCE_SECONDS)
        self._most_behind = most_behind
        self._rests_until = 0.0

    def read(self, work: Callable[[Transaction], Found], primary: Database) -> Read[Found] | None:
        """What `work` finds there; None when the replica is away, is none any more, or is too far behind.

        It is as good as the primary when it has replayed all that the primary had written when asked. Otherwise it is as
        old as the last commit it has replayed.
        """
        if time.monotonic() < self._rests_until:
            return None
        position = _position(primary)
        try:
            behind = self._database.behind(position)
            if behind is None or behind > self._most_behind:
                log.warning("replica_behind", behind=None if behind is None else str(behind))
                return None
            with self._database.transaction(read_only=True) as tx:
                return Read(work(tx), "replica", behind)
        except psycopg.OperationalError as error:
            if not _was_cancelled(error):
                self._rests_until = time.monotonic() + _REST_SECONDS
            log.warning("replica_away", reason=str(error).partition("\n")[0])
            return None

    def close(self) -> None:
        """Close every connection."""
        self._database.close()


@contextmanager
def open_replica(settings: Settings) -> Generator[Replica | None]:
    """The configured replica, or None; that it is away now is no error."""
    if settings.replica_url is None or settings.database_url is None:  # the demonstration's database is embedded
        yield None
        return
    most = timedelta(seconds=settings.replica_behind_seconds)
    replica = Replica(settings.replica_url, pool_size=settings.pool_size, most_behind=most)
    try:
        yield replica
    finally:
        replica.close()


def read_past(primary: Database, replica: Replica | None, work: Callable[[Transaction], Found]) -> Read[Found]:
    """What `work` finds: in the replica, if there is one that keeps up, else in the primary.

    For what may be a few seconds old: statements, exports, the past. `work` may be called twice, for a replica may go away
    half way, and changes nothing.
    """
    read = replica.read(work, primary) if replica is not None else None
    if read is not None:
        return read
    with primary.transaction(read_only=True) as tx:
        return Read(work(tx), "primary", timedelta(0))


def _position(primary: Database) -> str | None:
    """How far the primary has written; None when it is away, which is no reason not to read the past."""
    try:
        return primary.position()
    except psycopg.OperationalError:
        return None


def _was_cancelled(error: psycopg.OperationalError) -> bool:
    """Whether the replica gave up a statement because the primary had cleaned up what it was reading."""
    return (error.sqlstate or "").startswith("40")
