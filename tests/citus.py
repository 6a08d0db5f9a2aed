"""Databases on a Citus coordinator and its workers: `REGULARS_TEST_CITUS_URL` names a database of the coordinator.

With it, the tests that ask for a database are given one whose ledger is spread over the workers; without it, one embedded
server. The role has to be a superuser on all of them, and the workers are reached with the URL's own user and password.
"""

import os
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final, LiteralString
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict

from regulars.storage import distribute, migrate

URL: Final = os.environ.get("REGULARS_TEST_CITUS_URL")
SHARDS: Final = 8
NOT_TRIED: Final = (
    "NOT TRIED: the ledger beyond one machine. REGULARS_TEST_CITUS_URL names no Citus coordinator "
    "(docs/howto/distribute-the-ledger.md says how to have one)."
)


def url_of(url: str, **parts: object) -> str:
    """The same place but for some parts, as a `postgresql://` URL."""
    all_parts = conninfo_to_dict(url) | parts
    return "postgresql:///?" + "&".join(f"{key}={quote(str(value), safe='')}" for key, value in all_parts.items())


def nodes(url: str) -> list[tuple[str, int]]:
    """The coordinator first, then the workers."""
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "select nodename, nodeport from pg_dist_node where noderole = 'primary' order by groupid"
        )
        return found.fetchall()


def _run(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


@contextmanager
def bare_database(url: str) -> Generator[str]:
    """The URL of a database that knows its workers, and of which nothing is distributed yet."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    everywhere = nodes(url)
    for host, port in everywhere:
        _run(url_of(url, host=host, port=port), f'create database "{name}"')
        _run(url_of(url, host=host, port=port, dbname=name), "create extension citus")
    (host, port), *workers = everywhere
    here = url_of(url, host=host, port=port, dbname=name)
    _run(here, f"select citus_set_coordinator_host('{host}', {port})")
    _run(here, *[f"select citus_add_node('{host}', {port})" for host, port in workers])
    try:
        yield here
    finally:
        for host, port in everywhere:
            _run(url_of(url, host=host, port=port), f'drop database if exists "{name}" with (force)')


@contextmanager
def spread_database(url: str) -> Generator[str]:
    """The URL of a migrated database whose ledger is spread over the workers."""
    with bare_database(url) as here:
        migrate(here)
        distribute(here, shards=SHARDS)
        _keep_seeds(here)
        yield here


def _keep_seeds(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create schema seeds")
        for name in _names(connection, _TABLES):
            if connection.execute(f"select from {name} limit 1".encode()).rowcount:
                connection.execute(f"create table seeds.{name} as table {name}".encode())


def empty(url: str) -> None:
    """Take out all rows that tests wrote: making such a database takes seconds, so one serves all tests."""
    with psycopg.connect(url, autocommit=True) as connection:
        spread = _names(connection, "select logicalrelid::regclass::text from pg_dist_partition where partmethod = 'h'")
        connection.execute(f"truncate {', '.join(spread)}, ledger_point_types".encode())
        for name in _names(connection, _TABLES):  # most are empty, and truncating costs more than looking
            if connection.execute(f"select from {name} limit 1".encode()).rowcount:
                connection.execute(f"truncate {name} restart identity cascade".encode())
        seeds = _names(connection, "select relname::text from pg_class where relnamespace = 'seeds'::regnamespace")
        for name in seeds:
            connection.execute(
                f"insert into {name} overriding system value select * from seeds.{name} on conflict do nothing".encode()
            )


_TABLES: Final = """
    select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'
    and relname not like 'storage%' and oid not in (select logicalrelid::oid from pg_dist_partition) order by 1
    """


def _names(connection: psycopg.Connection, query: LiteralString) -> list[str]:
    return [name for (name,) in connection.execute(query)]
