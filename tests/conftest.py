"""A real PostgreSQL for every test: migrated once per worker, each test rolled back or given a copy of its own.

`REGULARS_TEST_DATABASE_URL` names a server on which databases may be created; without it all workers share one
embedded server, which the last of them stops and erases: of the wheel's version, or of the programs in the folder that
`REGULARS_TEST_POSTGRESQL` names. `REGULARS_TEST_CITUS_URL` gives every test a ledger that is spread over several servers
(citus.py).
"""

import gc
import os
import uuid
from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from argon2 import PasswordHasher
from hypothesis import settings
from psycopg.conninfo import conninfo_to_dict

import citus
from regulars.access import _rules as access_rules
from regulars.storage import (
    Database,
    EmbeddedServerInUse,
    Transaction,
    _binaries,
    connect,
    embedded_server,
    erase_embedded_server,
    migrate,
)

gc.set_threshold(
    100_000, 50, 50
)  # the applications made for the tests are large, and looked through each time: a quarter of all
settings.register_profile("shared", deadline=None)  # a busy machine is no failure
settings.load_profile("shared")
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session", autouse=True)
def weak_passwords() -> Generator[None]:
    """Let a password be hashed in a moment: as we do it, each takes a tenth of a second and 64 MB. tests/access does that."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(access_rules, "_HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        yield


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """A PostgreSQL on which databases may be created."""
    given = os.environ.get("REGULARS_TEST_DATABASE_URL") or citus.URL
    if given:
        yield given
        return
    _choose_programs(os.environ.get("REGULARS_TEST_POSTGRESQL"))
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    with embedded_server(folder / "server") as url:
        _in_a_hurry(url)
        yield url
    with suppress(EmbeddedServerInUse):
        erase_embedded_server(folder / "server")


def _in_a_hurry(url: str) -> None:
    """Let the server forget these databases in a power cut: a copy of the template then takes 20 ms, not 400."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("alter system set fsync = off")
        connection.execute("select pg_reload_conf()")


def _choose_programs(folder: str | None) -> None:
    """Let the embedded server be of another version than the wheel's, for this process and those it starts."""
    if folder is not None:
        found = list(_binaries._installations(iter([Path(folder)])))
        assert found, f"REGULARS_TEST_POSTGRESQL is {folder!r}: give the folder of initdb, pg_ctl and postgres"
        _binaries._wheel = lambda: iter(found)


def on_database(server_url: str, name: str) -> str:
    """The same server, another database, as a `postgresql://` URL."""
    parts = conninfo_to_dict(server_url) | {"dbname": name}
    return "postgresql:///?" + "&".join(f"{key}={quote(str(value), safe='')}" for key, value in parts.items() if value)


@contextmanager
def temporary_database(server_url: str, template: str = "template1") -> Generator[str]:
    """The name of a database that is dropped again."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'create database "{name}" template "{template}" strategy file_copy')
    yield name
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'drop database if exists "{name}" with (force)')


@pytest.fixture(scope="session")
def template(server_url: str) -> Generator[str]:
    """The name of a migrated database that is copied and never written to."""
    with temporary_database(server_url) as name:
        migrate(on_database(server_url, name))
        yield name


@pytest.fixture(scope="session")
def spread_url() -> Generator[str]:
    """A migrated database on a Citus coordinator, which serves one test after the other."""
    if citus.URL is None:
        pytest.skip(citus.NOT_TRIED)
    with citus.spread_database(citus.URL) as url:
        yield url


@pytest.fixture(scope="session")
def shared_url(server_url: str, request: pytest.FixtureRequest) -> Generator[str]:
    """A migrated database that nobody commits to."""
    if citus.URL is not None:
        with citus.spread_database(citus.URL) as url:
            yield url
        return
    template = request.getfixturevalue("template")
    with temporary_database(server_url, template) as name:
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
def empty_url(server_url: str) -> Generator[str]:
    """A database that no migration has touched."""
    with temporary_database(server_url) as name:
        yield on_database(server_url, name)


@pytest.fixture
def database_url(server_url: str, request: pytest.FixtureRequest) -> Generator[str]:
    """A migrated database of this test's own, by its URL."""
    if citus.URL is not None:
        url = request.getfixturevalue("spread_url")
        yield url
        citus.empty(url)
        return
    template = request.getfixturevalue("template")
    with temporary_database(server_url, template) as name:
        yield on_database(server_url, name)


@pytest.fixture
def database(database_url: str) -> Generator[Database]:
    """A migrated database of this test's own, for doors, races and whatever must commit."""
    opened = Database(database_url)
    try:
        yield opened
    finally:
        opened.close()
