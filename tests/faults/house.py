"""An installation to break, and what its clients know of it."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from faults.book import LONG_AGO, Book, open_accounts, prove
from faults.clients import Desk, insist
from faults.processes import serving
from regulars import access
from regulars.access import Role
from regulars.storage import Database

MEMBERS = 40


@dataclass(frozen=True)
class House:
    """An installation with members, and what its clients know."""

    database: Database
    desk: Desk

    @property
    def book(self) -> Book:
        return self.desk.book

    def settle(self) -> None:
        """Prove what was acknowledged; then ask again for the rest until it is acknowledged, and prove all of it."""
        prove(self.database, self.book, done=False)
        insist(self.desk, self.book.unacknowledged())
        prove(self.database, self.book, done=True)


@contextmanager
def house_on(url: str, servers: int, *, through: str | None = None) -> Generator[House]:
    """A migrated database gets members, a key and servers, which reach it by `through`."""
    database = Database(url)
    try:
        with database.transaction() as tx:
            names = open_accounts(tx, MEMBERS)
            token = access.issue_key(tx, name="till", role=Role.MANAGER, at=LONG_AGO).token
        with serving(through or url, servers) as running:
            yield House(database, Desk(Book(), running, names, token))
    finally:
        database.close()
