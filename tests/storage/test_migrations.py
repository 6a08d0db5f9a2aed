"""Each migration is applied once, whoever is first, and never differently from what was applied before."""

import subprocess
import sys

import psycopg
import pytest

from regulars.storage import MigrationChanged, applied, migrate, pending


def names(migrations: list) -> list[str]:
    return [migration.name for migration in migrations]


def test_every_migration_is_applied_once_in_order(empty_url: str) -> None:
    todo = names(pending(empty_url))
    assert todo == sorted(todo)
    assert names(migrate(empty_url)) == todo
    assert names(applied(empty_url)) == todo
    assert pending(empty_url) == []
    assert migrate(empty_url) == []


def test_the_numbers_are_without_gap_and_used_once(empty_url: str) -> None:
    todo = names(pending(empty_url))
    assert [name.partition("_")[0] for name in todo] == [f"{number:04}" for number in range(1, len(todo) + 1)]


def test_two_processes_that_migrate_at_once_take_turns(empty_url: str) -> None:
    script = "import sys; from regulars.storage import migrate; print(len(migrate(sys.argv[1])))"
    command = [sys.executable, "-c", script, empty_url]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE) as one,
        subprocess.Popen(command, stdout=subprocess.PIPE) as two,
    ):
        counts = sorted(int(process.communicate(timeout=120)[0]) for process in (one, two))
    assert counts == [0, len(applied(empty_url))]


def test_a_file_changed_after_it_was_applied_is_refused(database_url: str) -> None:
    first = applied(database_url)[0].name
    with psycopg.connect(database_url) as connection:
        connection.execute("update storage_migrations set checksum = 'another' where name = %s", [first])
        connection.execute("delete from storage_migrations where name <> %s", [first])
    for attempt in (pending, migrate):
        with pytest.raises(MigrationChanged, match=f"{first} was changed.*put the change in a new one"):
            attempt(database_url)
    assert names(applied(database_url)) == [first]


def test_a_migration_that_fails_leaves_nothing_of_itself(empty_url: str) -> None:
    second = pending(empty_url)[1].name
    with psycopg.connect(empty_url) as connection:  # in the way of the second migration's last table
        connection.execute("create table access_answers (in_the_way int)")
    with pytest.raises(psycopg.errors.DuplicateTable):
        migrate(empty_url)
    assert second not in names(applied(empty_url))
    with psycopg.connect(empty_url) as connection:
        assert connection.execute("select to_regclass('access_operators')").fetchone() == (None,)
        connection.execute("drop table access_answers")
    assert second in names(migrate(empty_url))
