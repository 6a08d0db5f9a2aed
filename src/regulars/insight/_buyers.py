"""Buyers: recency-frequency-money, cohorts and the lifetime models' summary of any table of purchases, in one pass."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from regulars.insight import frames
from regulars.insight.engine import CELLS, SCORED, Bounds, Engine, OutOfBounds, numbered, one_pass

_LINES: Final = {"customer": None, "day": pa.date32(), "amount_minor": pa.int64()}
_EPOCH: Final = date(1970, 1, 1)
_MEMORY_BYTES: Final = 2 << 30
_BATCH: Final = 1 << 17
_ORDERS: Final = """
    select customer, min(day) as day, cast(sum(amount_minor) as bigint) as amount_minor
    from lines group by customer, "order"
"""


@dataclass(frozen=True, slots=True)
class Buyers:
    """Everyone with a purchase, and their cohorts."""

    until: date
    """What is counted is before this day."""

    customers: pa.Table
    """Ascending by customer: customer, first_day, last_day, days (different days with a purchase), orders, amount_minor
    (less what was given back), r, f, m (fifths by last_day, days, amount_minor; 5 is best; ties go by customer), grade,
    and for the lifetime models x (days - 1), tx (days from first to last), t (days from first to the last day before
    `until`)."""

    cohorts: pa.Table
    """cohort (first day of the month of the first purchase), months since, active (customers with a purchase then); only
    months in which there were some."""


def buyers(purchases: Any, *, until: date | None = None, memory_bytes: int = _MEMORY_BYTES) -> Buyers:
    """Recency-frequency-money, cohorts and the lifetime models' summary of purchases, in one pass over them.

    `purchases` is a frame (pandas, polars, Arrow, a DuckDB relation), or the `Path` of a Parquet file, read batch by batch. Columns:
    `customer` (a number or a name; null for a guest, who is left out), `day`, `amount_minor`. A negative amount is money
    given back and no purchase. Lines of one customer on one day are one purchase day; each counts as an order unless a
    column `order` says which belong together: those are one purchase, on the order's first day. `until` is the day
    after the last one when left out.

    A row of bits for each customer must fit in `memory_bytes`; where it does not, DuckDB computes the same from its SQL, and spills.

    Raises:
        BadFrame: it is no frame, or a column is missing or does not fit.
    """
    if isinstance(purchases, Path):
        return _of_file(purchases, until, memory_bytes)
    found = frames.table(purchases, columns=_LINES)
    if "order" in _names(purchases):
        lines = frames.table(purchases, columns={**_LINES, "order": None})
        with Engine({"lines": lines}).session() as session:
            found = session.ask(_ORDERS)
    return _of_table(_without_guests(found), until, memory_bytes)


def _names(purchases: Any) -> list[str]:
    named = getattr(purchases, "column_names", None) or purchases.columns
    return [str(name) for name in named]


def _without_guests(found: pa.Table) -> pa.Table:
    kept = found if found["customer"].null_count == 0 else found.filter(pc.is_valid(found["customer"]))
    for name in ("day", "amount_minor"):
        if kept[name].null_count:
            raise frames.BadFrame(field=name, value="null", remedy="every purchase needs one; leave such lines out")
    integers = pa.types.is_integer(kept["customer"].type)
    kind = pa.int64() if integers else pa.string()
    return kept.set_column(0, "customer", kept["customer"].cast(kind))


def _of_table(found: pa.Table, until: date | None, memory_bytes: int) -> Buyers:
    if found.num_rows == 0:
        return _by_sql(Engine({"lines": found}), until or _EPOCH)
    days = pc.min_max(found["day"].cast(pa.int32())).as_py()
    until = until or date.fromordinal(_EPOCH.toordinal() + days["max"] + 1)
    names = None
    bounds = _bounds(found["customer"], days) if pa.types.is_integer(found["customer"].type) else None
    lines = found
    if bounds is None or bounds.rows > 8 * found.num_rows + 1024:
        places, names = numbered(found["customer"])
        lines, bounds = found.set_column(0, "customer", places), Bounds(0, len(names) - 1, days["min"], days["max"])
    if bounds.size_bytes > memory_bytes:
        return _by_sql(Engine({"lines": found}), until)
    batches = iter(lines.to_batches())
    return Buyers(until, *one_pass(batches, bounds, until=_number(until), names=names))


def _bounds(customers: pa.ChunkedArray, days: dict[str, int]) -> Bounds:
    ends = pc.min_max(customers).as_py()
    return Bounds(ends["min"], ends["max"], days["min"], days["max"])


def _number(day: date) -> int:
    return day.toordinal() - _EPOCH.toordinal()


def _of_file(path: Path, until: date | None, memory_bytes: int) -> Buyers:
    import pyarrow.parquet  # noqa: PLC0415 - most never read a file

    with pyarrow.parquet.ParquetFile(path) as file:
        bounds = None if "order" in file.schema_arrow.names else _announced(file)
        if bounds is not None and bounds.size_bytes <= memory_bytes:
            last = until or date.fromordinal(_EPOCH.toordinal() + bounds.last_day + 1)
            batches: Iterator[pa.RecordBatch] = file.iter_batches(_BATCH, columns=list(_LINES), use_threads=False)
            with suppress(OutOfBounds):
                return Buyers(last, *one_pass(batches, bounds, until=_number(last)))
    return _of_lines_in(path, until, memory_bytes)


def _announced(file: Any) -> Bounds | None:
    """What the file says of its columns; None where it says too little, or has names, nulls or other types."""
    types = [file.schema_arrow.field(name).type for name in _LINES if name in file.schema_arrow.names]
    if types != [pa.int64(), pa.date32(), pa.int64()] or file.metadata.num_rows == 0:
        return None
    ends: list[list[Any]] = []
    for group in range(file.metadata.num_row_groups):
        columns = [file.metadata.row_group(group).column(at) for at in range(file.metadata.num_columns)]
        seen = {column.path_in_schema: column.statistics for column in columns if column.path_in_schema in _LINES}
        if any(one is None or one.null_count != 0 or not one.has_min_max for one in seen.values()):
            return None
        ends.append([seen["customer"].min, seen["customer"].max, _number(seen["day"].min), _number(seen["day"].max)])
    lows, highs, firsts, lasts = zip(*ends, strict=True)
    return Bounds(min(lows), max(highs), min(firsts), max(lasts))


def _of_lines_in(path: Path, until: date | None, memory_bytes: int) -> Buyers:
    engine = Engine.on_parquet("lines", path, memory_bytes=memory_bytes)
    with engine.session() as session:
        columns = session.ask("select * from lines limit 0").column_names
        if "order" in columns:
            session.define("orders", _ORDERS)
        if until is None:
            last = session.ask("select max(day) as last from lines where customer is not null").to_pylist()[0]["last"]
            until = _EPOCH if last is None else date.fromordinal(last.toordinal() + 1)
    return _by_sql(engine, until, "orders" if "order" in columns else "lines")


def _by_sql(engine: Engine, until: date, lines: str = "lines") -> Buyers:
    with engine.session() as session:
        if lines == "orders":
            session.keep("orders", _ORDERS)
        session.give("edge", pa.table({"until": pa.array([until], pa.date32())}))
        asked = [
            session.ask(_text(name).replace("from lines", f"from {lines}")) for name in ("buyers", "buyer_cohorts")
        ]
    kind = asked[0].schema.field("customer").type
    return Buyers(until, asked[0].cast(pa.schema({"customer": kind, **SCORED})), asked[1].cast(CELLS))


@cache
def _text(name: str) -> str:
    return (resources.files("regulars.insight") / "relations" / f"{name}.sql").read_text("utf-8")
