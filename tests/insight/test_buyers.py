"""The one-pass kernel against the plain SQL of the same, and against frames of every kind."""

from datetime import date, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars import insight

FIRST = date(2023, 11, 20)
EDGES = [0, 1, 10, 11, 41, 42, 63, 64, 127, 128, 407]  # of words of 64 days, and of months
lines = st.lists(
    st.tuples(
        st.one_of(st.integers(1, 9), st.sampled_from([None, 2_000_000_000_000, -5])),
        st.one_of(st.sampled_from(EDGES), st.integers(0, 500)).map(lambda day: FIRST + timedelta(days=day)),
        st.sampled_from([0, 1, 99, 100, 250, -100]),
    ),
    max_size=60,
)


def table(rows) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [[], [], []]
    types = [pa.int64(), pa.date32(), pa.int64()]
    return pa.table(
        [pa.array(column, type_) for column, type_ in zip(columns, types, strict=True)],
        names=["customer", "day", "amount_minor"],
    )


def same(one: insight.Buyers, other: insight.Buyers) -> bool:
    return (one.until, one.customers.to_pylist(), one.cohorts.to_pylist()) == (
        other.until,
        other.customers.to_pylist(),
        other.cohorts.to_pylist(),
    )


@settings(max_examples=80, deadline=None)
@given(lines, st.one_of(st.none(), st.integers(-3, 510)))
def test_one_pass_answers_what_the_sql_does(rows, length) -> None:
    until = None if length is None else FIRST + timedelta(days=length)
    assert same(insight.buyers(table(rows), until=until), insight.buyers(table(rows), until=until, memory_bytes=0))


def test_the_sql_itself_answers_what_is_worked_out_by_hand() -> None:
    rows = [(7, FIRST, 100), (7, FIRST, 50), (7, date(2024, 1, 3), 200), (7, date(2024, 1, 9), -30), (8, FIRST, -10)]
    seen = insight.buyers(table(rows), until=date(2024, 2, 1), memory_bytes=0)
    [row] = seen.customers.to_pylist()
    assert row == {
        "customer": 7, "first_day": FIRST, "last_day": date(2024, 1, 3), "days": 2, "orders": 3, "amount_minor": 320,
        "r": 1, "f": 1, "m": 1, "grade": "bronze", "x": 1, "tx": 44, "t": 72,
    }  # fmt: skip
    november = date(2023, 11, 1)
    assert seen.cohorts.to_pylist() == [
        {"cohort": november, "months": 0, "active": 1},
        {"cohort": november, "months": 2, "active": 1},
    ]


@settings(max_examples=25, deadline=None)
@given(lines)
def test_names_give_what_numbers_do(rows) -> None:
    numbers = table(rows)
    named = pa.table({**dict(zip(numbers.column_names, numbers.columns, strict=True)), "customer": [None if row[0] is None else f"c{row[0]:020}" for row in rows]})  # fmt: skip
    named = named.set_column(0, "customer", named["customer"].cast(pa.string()))
    order = {row["customer"]: row for row in insight.buyers(named, memory_bytes=0).customers.to_pylist()}
    assert {row["customer"]: row for row in insight.buyers(named).customers.to_pylist()} == order


@settings(max_examples=25, deadline=None)
@given(lines)
def test_a_file_gives_what_a_table_does(tmp_path_factory, rows) -> None:
    path: Path = tmp_path_factory.mktemp("lines") / "lines.parquet"
    pq.write_table(table(rows), path, row_group_size=7)
    assert same(insight.buyers(path), insight.buyers(table(rows)))


def test_lines_of_one_order_are_one_purchase_on_its_first_day() -> None:
    rows = [(7, FIRST, 100), (7, FIRST + timedelta(days=1), 50), (7, FIRST, 5)]
    ordered = table(rows).append_column("order", pa.array(["a", "a", "b"]))
    [row] = insight.buyers(ordered).customers.to_pylist()
    assert (row["orders"], row["days"], row["last_day"], row["amount_minor"]) == (2, 1, FIRST, 155)


def test_any_frame_will_do() -> None:
    arrow = table([(7, FIRST, 100), (9, FIRST + timedelta(days=70), 50)])
    expected = insight.buyers(arrow)
    assert same(insight.buyers(duckdb.sql("select * from arrow")), expected)
    assert same(insight.buyers(arrow.to_batches()[0]), expected)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_of_other_libraries_are_taken(library: str) -> None:
    peer = pytest.importorskip(
        library, reason=f"{library} is not installed: its frames are NOT tested; run with --group bench"
    )
    arrow = table([(7, FIRST, 100), (9, FIRST + timedelta(days=70), 50)])
    frame = peer.from_arrow(arrow) if library == "polars" else peer.DataFrame(arrow.to_pydict())
    assert same(insight.buyers(frame), insight.buyers(arrow))


@pytest.mark.parametrize(
    ("given_frame", "said"),
    [
        (3, "purchases is int"),
        (pa.table({"customer": [1]}), "'day'"),
        (pa.table({"customer": [1], "day": [FIRST], "amount_minor": [1.5]}), "amount_minor is double"),
        (
            pa.table({"customer": [1], "day": [FIRST], "amount_minor": pa.array([None], pa.int64())}),
            "amount_minor is null",
        ),
    ],
)
def test_what_does_not_fit_is_named(given_frame, said) -> None:
    with pytest.raises(insight.BadFrame, match=said):
        insight.buyers(given_frame)
