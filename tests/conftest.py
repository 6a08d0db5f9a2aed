"""A real PostgreSQL for every test: migrated once per worker, each test rolled back or given a copy of its own.

`REGULARS_TEST_DATABASE_URL` names a server on which databases may be created; without it the embedded one is used.
"""

import os
import uuid
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from regulars.storage import Database, Transaction, connect, migrate
from regulars.storage._embedded import embedded_server

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SHARED = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    given = os.environ.get("REGULARS_TEST_DATABASE_URL")
    if given:
        yield given
    else:
        with embedded_server(tmp_path_factory.mktemp("pg")) as url:
            yield url


def on_database(server_url: str, name: str) -> str:
    """The same server, another database, as a `postgresql://` URL."""
    parts = conninfo_to_dict(server_url) | {"dbname": name}
    query = "&".join(f"{key}={value}" for key, value in parts.items() if value is not None)
    return f"postgresql:///?{query}" if make_conninfo(f"postgresql:///?{query}") else ""


@pytest.fixture(scope="session")
def template(server_url: str) -> Generator[str]:
    """The name of a migrated database that is copied and never written to."""
    with _temporary_database(server_url) as name:
        migrate(on_database(server_url, name))
        yield name


@pytest.fixture(scope="session")
def shared_url(server_url: str, template: str) -> Generator[str]:
    with _temporary_database(server_url, template) as name:
        yield on_database(server_url, name)


@pytest.fixture
def tx(shared_url: str) -> Generator[Transaction]:
    """A transaction on a migrated database, rolled back after the test."""
    connection = connect(shared_url)
    try:
        with connection.transaction(force_rollback=True):
            yield Transaction(connection)
    finally:
        connection.close()


@pytest.fixture
def database(server_url: str, template: str) -> Generator[Database]:
    """A migrated database of this test's own, for doors, races and whatever must commit."""
    with _temporary_database(server_url, template) as name:
        opened = Database(on_database(server_url, name))
        try:
            yield opened
        finally:
            opened.close()


class _temporary_database:  # noqa: N801
    def __init__(self, server_url: str, template: str = "template1") -> None:
        self.server_url, self.template, self.name = server_url, template, f"test_{uuid.uuid4().hex[:12]}"

    def __enter__(self) -> str:
        with psycopg.connect(self.server_url, autocommit=True) as connection:
            connection.execute(f'create database "{self.name}" template "{self.template}"')
        return self.name

    def __exit__(self, *_: object) -> None:
        with psycopg.connect(self.server_url, autocommit=True) as connection:
            connection.execute(f'drop database if exists "{self.name}" with (force)')
