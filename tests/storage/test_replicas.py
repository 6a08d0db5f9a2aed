"""What may be a little old is read from a replica, as long as it keeps up."""

import sys
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path

import pytest

from regulars.storage import Database, Replica, embedded_server, erase_embedded_server, read_past
from regulars.storage import _replicas as replicas
from replicas import Standby, standby_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the embedded server does not run on Windows")

NEVER_TOO_FAR = timedelta(days=1)


@pytest.fixture(scope="module")
def primary(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[Database, Path]]:
    folder = tmp_path_factory.mktemp("primary")
    with embedded_server(folder) as url:
        database = Database(url)
        with database.transaction() as tx:
            tx.run("create table notes (note int)")
        yield database, folder
        database.close()
    erase_embedded_server(folder)


@pytest.fixture(scope="module")
def standby(primary: tuple[Database, Path]) -> Generator[Standby]:
    with standby_of(primary[0].url, primary[1]) as made:
        yield made


@pytest.fixture
def database(primary: tuple[Database, Path]) -> Database:
    return primary[0]


def note(database: Database) -> int:
    with database.transaction() as tx:
        return tx.value("insert into notes (note) select count(*) + 1 from notes returning note")


def notes(tx) -> int:
    return tx.value("select count(*)::int from notes")


def follow(standby: Standby, most_behind: timedelta = NEVER_TOO_FAR) -> Replica:
    return Replica(standby.url, pool_size=2, most_behind=most_behind)


def test_what_was_committed_is_read_from_a_replica_that_keeps_up(database: Database, standby: Standby) -> None:
    last = note(database)
    standby.catch_up(database.url)
    replica = follow(standby, timedelta(0))
    assert read_past(database, replica, notes) == replicas.Read(last, "replica", timedelta(0))
    assert read_past(database, replica, lambda tx: tx.value("select pg_is_in_recovery()")).found is True
    replica.close()


def test_a_replica_that_is_behind_says_how_far_and_one_too_far_behind_is_not_asked(
    database: Database, standby: Standby
) -> None:
    before = note(database)
    standby.catch_up(database.url)
    standby.hold()
    try:
        last = note(database)
        patient, strict = follow(standby), follow(standby, timedelta(0))
        late = read_past(database, patient, notes)
        assert (late.found, late.source) == (before, "replica")
        assert late.behind > timedelta(0)
        assert read_past(database, strict, notes) == replicas.Read(last, "primary", timedelta(0))
        patient.close()
        strict.close()
    finally:
        standby.go_on()
    standby.catch_up(database.url)


def test_while_the_replica_is_away_the_primary_answers_and_it_is_asked_again_later(
    database: Database, standby: Standby, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replicas, "_REST_SECONDS", 0.0)
    monkeypatch.setattr(replicas, "_PATIENCE_SECONDS", 0.5)
    last = note(database)
    replica = follow(standby)
    standby.catch_up(database.url)
    assert read_past(database, replica, notes).source == "replica"
    standby.stop()
    try:
        assert read_past(database, replica, notes) == replicas.Read(last, "primary", timedelta(0))
    finally:
        standby.start()
    standby.catch_up(database.url)
    replica.close()
    again = follow(standby)
    assert read_past(database, again, notes).source == "replica"
    again.close()


def test_a_replica_that_was_away_is_left_alone_for_a_while(database: Database, standby: Standby) -> None:
    nowhere = Replica(standby.url.replace("host=", "host=%2Fnowhere"), pool_size=2, most_behind=NEVER_TOO_FAR)
    assert read_past(database, nowhere, notes).source == "primary"
    asked: list[str | None] = []
    nowhere._database.behind = asked.append
    assert read_past(database, nowhere, notes).source == "primary"
    assert asked == []
    nowhere.close()


def test_a_server_that_is_no_replica_any_more_is_not_asked(database: Database) -> None:
    promoted = Replica(database.url, pool_size=2, most_behind=NEVER_TOO_FAR)
    assert read_past(database, promoted, notes).source == "primary"
    promoted.close()


def test_nothing_can_be_written_in_what_is_read(database: Database, standby: Standby) -> None:
    replica = follow(standby)
    with pytest.raises(Exception, match="read-only"):
        read_past(database, replica, lambda tx: tx.run("insert into notes (note) values (0)"))
    replica.close()
