"""A transaction commits when its block ends, rolls back when it raises, and carries every value unchanged."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg
import pyarrow as pa
import pytest

from conftest import NOON
from regulars.settings import Settings
from regulars.storage import Database, DatabaseUnavailable, Transaction, open_database


@dataclass(frozen=True, slots=True)
class Row:
    number: int
    word: str | None


@pytest.fixture
def table(database: Database) -> Database:
    with database.transaction() as tx:
        tx.run("create table things (number int primary key, word text)")
    return database


def words(database: Database) -> list[str]:
    with database.transaction() as tx:
        return tx.values("select word from things order by number")


def test_a_block_that_ends_commits(table: Database) -> None:
    with table.transaction() as tx:
        assert tx.run("insert into things values (%(number)s, %(word)s)", number=1, word="one") == 1
    assert words(table) == ["one"]


def test_a_block_that_raises_leaves_nothing(table: Database) -> None:
    with pytest.raises(ZeroDivisionError), table.transaction() as tx:
        tx.run("insert into things values (1, 'one')")
        raise ZeroDivisionError
    assert words(table) == []


def test_a_savepoint_undoes_only_its_own_block(table: Database) -> None:
    with table.transaction() as tx:
        tx.run("insert into things values (1, 'one')")
        with pytest.raises(psycopg.errors.UniqueViolation), tx.savepoint():
            tx.run("insert into things values (2, 'two')")
            tx.run("insert into things values (1, 'again')")
        tx.run("insert into things values (3, 'three')")
    assert words(table) == ["one", "three"]


def test_a_reader_cannot_write_and_sees_one_moment(table: Database) -> None:
    with table.transaction(read_only=True) as reader:
        assert reader.value("select count(*) from things") == 0
        with table.transaction() as writer:
            writer.run("insert into things values (1, 'one')")
        assert reader.value("select count(*) from things") == 0
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            reader.run("insert into things values (2, 'two')")


def test_rows_come_as_the_record_asked_for(tx: Transaction) -> None:
    sql = "select number, word from (values (1, 'one'), (2, null)) v (number, word) where number <= %(most)s order by number"
    assert tx.all(sql, Row, most=2) == [Row(1, "one"), Row(2, None)]
    assert tx.first(sql, Row, most=2) == Row(1, "one")
    assert tx.first(sql, Row, most=0) is None
    assert tx.values(sql, most=2) == [1, 2]
    assert tx.value(sql, most=0) is None
    assert tx.rows(sql, most=1) == [(1, "one")]


def test_time_is_utc_whatever_the_server_thinks(tx: Transaction) -> None:
    assert tx.value("select %(at)s::timestamptz", at=NOON) == NOON
    assert tx.value("select '2026-03-02 12:00'::timestamptz") == NOON
    assert tx.value("show timezone") == "UTC"


AWKWARD = [
    "", " ", "null", "NULL", "\\N", "\\.", '"', '""', "'", ",", "a,b", "two\nlines", "carriage\rreturn", "tab\tbed",
    "back\\slash", "忠诚 ❤️", "Zürich", "{}", "%s %(x)s", None,
]  # fmt: skip


def test_copy_keeps_every_text_and_tells_null_from_empty(tx: Transaction) -> None:
    tx.run("create temp table texts (number int, word text)")
    table = pa.table({"number": pa.array(range(len(AWKWARD)), pa.int32()), "word": pa.array(AWKWARD, pa.string())})
    assert tx.copy("texts (number, word)", table) == len(AWKWARD)
    assert tx.values("select word from texts order by number") == AWKWARD
    assert tx.value("select count(*) from texts where word is null") == 1


def test_copy_keeps_numbers_times_and_truths(tx: Transaction) -> None:
    times = [
        NOON + timedelta(microseconds=1),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
        None,
    ]
    numbers, truths, raw = (
        [2**63 - 1, -(2**63), 0, None],
        [True, False, None, True],
        [b"", b"\x00\xff\\", b'",\n', None],
    )
    tx.run("create temp table values_of_all_kinds (place int, at timestamptz, number bigint, truth boolean, raw bytea)")
    table = pa.table(
        {
            "place": pa.array(range(4), pa.int32()),
            "at": pa.array(times, pa.timestamp("us", "UTC")),
            "number": pa.array(numbers, pa.int64()),
            "truth": pa.array(truths, pa.bool_()),
            "raw": pa.array([None if value is None else "\\x" + value.hex() for value in raw], pa.string()),
        }
    )
    tx.copy("values_of_all_kinds (place, at, number, truth, raw)", table)
    kept = tx.rows("select at, number, truth, raw from values_of_all_kinds order by place")
    assert kept == list(zip(times, numbers, truths, raw, strict=True))


def test_copying_nothing_is_nothing(tx: Transaction) -> None:
    tx.run("create temp table nothing (number int)")
    assert tx.copy("nothing (number)", pa.table({"number": pa.array([], pa.int32())})) == 0


def test_copy_rolls_back_with_the_rest(table: Database) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation), table.transaction() as tx:
        tx.copy("things (number, word)", pa.table({"number": [1, 2], "word": ["one", "two"]}))
        tx.copy("things (number, word)", pa.table({"number": [2], "word": ["two again"]}))
    assert words(table) == []


def test_a_database_that_does_not_answer_says_what_to_check() -> None:
    settings = Settings(database_url="postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(DatabaseUnavailable, match="check REGULARS_DATABASE_URL"), open_database(settings):
        pass


def test_a_connection_that_was_cut_is_replaced(table: Database) -> None:
    with table.transaction() as tx:
        backend = tx.value("select pg_backend_pid()")
    with psycopg.connect(table.url, autocommit=True) as other:
        other.execute("select pg_terminate_backend(%s, 5000)", [backend])
    assert words(table) == []


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("bigint", [1, None, -(2**63), 2**63 - 1]),
        ("text", ["a", None, "", 'quote " and \\ and {,}', "NULL", "中文\n\t"]),
        ("text", ["a", "", "NULL", "{,}", "中文\n\t"]),
        ("text", ['"', "a"]),
        ("text", ['a","b', "\\"]),
        ("text", AWKWARD),
        *(
            ("text", [word])
            for word in ("\\n", "\\\\n", "\n", '\\"', '{"a":"b\\"c"}', "\\u0041", "\x01", "\u2028", "a\\")
        ),
        ("timestamptz", [datetime(2026, 3, 2, 12, 0, 0, 1, tzinfo=UTC), None]),
        ("boolean", [True, None, False]),
        ("bigint", []),
        ("bigint", [None]),
    ],
)
def test_a_list_arrives_as_the_array_it_is(tx: Transaction, kind: str, values: list[object]) -> None:
    assert tx.value(f"select %(values)s::{kind}[]", values=values) == values
