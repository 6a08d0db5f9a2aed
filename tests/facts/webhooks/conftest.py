"""Webhooks sent on a virtual clock to a real receiver."""

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from conftest import NOON
from receiver import Receiver, receiving, settings
from regulars import facts, jobs
from regulars.app import App
from regulars.facts import Fact, webhooks
from regulars.facts.webhooks import AddedEndpoint, Delivery, Endpoint, Reach, Wish
from regulars.storage import Database


@dataclass
class Post:
    """An installation whose time is turned by hand."""

    database: Database
    at: datetime = NOON
    reach: Reach | None = None
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def app(self) -> App:
        return App(settings(**self.settings), self.database, lambda: self.at)

    def later(self, **more: float) -> "Post":
        self.at += timedelta(**more)
        return self

    def add(self, url: str, *names: str, **more: Any) -> AddedEndpoint:
        with self.database.transaction() as tx:
            wish = Wish(url, names or ("*",), **more)
            return webhooks.add_endpoint(tx, wish, by="Olga", reach=self.app.reach, vault=self.app.vault, at=self.at)

    def happen(self, *happened: tuple[str, int | None, int]) -> None:
        """Record facts: name, member, and a number to know each by; and wait for the older work of other tests on the server."""
        with self.database.transaction() as tx:
            found = [Fact(name, self.at, member, None, {"n": n}) for name, member, n in happened]
            facts.record(tx, found, at=self.at)
        while self._others_at_work():
            time.sleep(0.01)

    def _others_at_work(self) -> bool:
        """Whether transactions on other tests' databases, older than whatever is written here, hold the feed back."""
        with self.database.transaction() as tx:
            return tx.value(
                "select count(*) > 0 from pg_stat_activity where datname <> current_database() "
                "and backend_xid::text::bigint <= (select max(xact::text::bigint) from facts)"
            )

    def deliver(self) -> int:
        return jobs.deliver(self.app, reach=self.reach)

    def deliveries(self, **more: Any) -> list[Delivery]:
        with self.database.transaction() as tx:
            return webhooks.list_deliveries(tx, limit=1000, **more)

    def endpoint(self, added: AddedEndpoint) -> Endpoint:
        with self.database.transaction() as tx:
            return webhooks.find_endpoint(tx, added.endpoint.endpoint_id)

    def facts(self) -> list[str]:
        with self.database.transaction() as tx:
            return tx.values("select name from facts where name like 'webhook.%%' order by xact, fact_id")

    def until_done(self, hours: float = 200) -> None:
        """Turn the clock from one due time to the next until nothing waits."""
        end = self.at + timedelta(hours=hours)
        while self.at < end:
            self.deliver()
            with self.database.transaction() as tx:
                due = tx.value("select min(greatest(due_at, resting_until)) from facts_webhook_deliveries join facts_webhook_endpoints using (endpoint_id) where due_at is not null and disabled_at is null")  # fmt: skip
            if due is None:
                return
            self.at = max(self.at + timedelta(milliseconds=1), due)


@pytest.fixture
def post(database: Database) -> Post:
    return Post(database)


@pytest.fixture
def receiver() -> Generator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def other() -> Generator[Receiver]:
    with receiving() as found:
        yield found


def sequences(got: Sequence[Any]) -> list[int | None]:
    return [one.json["sequence"] for one in got]
