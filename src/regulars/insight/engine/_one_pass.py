"""Customers and cohorts in one pass over lines: a row of words for each customer, with a bit for every day.

From the bits follow first and last day, the number of days and the months; so nothing is sorted, hashed or joined, and
lines can stream by in any order. Cost: a visit to one row for each line, then the months each customer came in.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

SCORED: Final = {
    "first_day": pa.date32(), "last_day": pa.date32(), "days": pa.int64(), "orders": pa.int64(),
    "amount_minor": pa.int64(), "r": pa.int16(), "f": pa.int16(), "m": pa.int16(),
    "grade": pa.dictionary(pa.int8(), pa.string()), "x": pa.int64(), "tx": pa.int64(), "t": pa.int64(),
}  # fmt: skip
CELLS: Final = pa.schema({"cohort": pa.date32(), "months": pa.int64(), "active": pa.int64()})
_GRADES: Final = pa.array(["gold", "silver", "bronze"])
_WORD: Final = 8
_HEAD: Final = 2


@dataclass(frozen=True, slots=True)
class Bounds:
    """Between which customers (numbers, or places in a list of names) and days all lines lie. Days are since 1970."""

    lowest: int
    highest: int
    first_day: int
    last_day: int

    @property
    def rows(self) -> int:
        """How many numbers there are between the customers' lowest and highest."""
        return self.highest - self.lowest + 1

    @property
    def words(self) -> int:
        """How many words of 64 bits the row of a customer takes."""
        return _HEAD + (self.last_day - self.first_day) // 64 + 1

    @property
    def size_bytes(self) -> int:
        """How much memory one pass takes; what comes after takes less than another hundred bytes a customer."""
        return self.rows * self.words * _WORD


class OutOfBounds(Exception):
    """A line lies outside of the bounds announced."""


def one_pass(
    batches: Iterator[pa.RecordBatch], bounds: Bounds, *, until: int, names: pa.Array | None = None
) -> tuple[pa.Table, pa.Table]:
    """Customers, and their cohorts, of lines (`customer` int64, `day` date32, `amount_minor` int64) before the day `until`.

    `names` are the customers by number, in their order, where the lines' own customers are places in it.

    Raises:
        OutOfBounds: a line lies outside of the bounds.
    """
    from regulars.insight.engine import _kernel  # noqa: PLC0415 - compiled code takes long to import

    rows = np.zeros((bounds.rows, bounds.words), np.int64)
    width = min(until, bounds.last_day + 1) - bounds.first_day
    for batch in batches:
        customers, days, amounts = (_plain(batch.column(name)) for name in ("customer", "day", "amount_minor"))
        if not _kernel.add(rows, customers, days, amounts, bounds.lowest, bounds.first_day, width):
            raise OutOfBounds
    first, columns, cells = _summary(rows, bounds)
    found = columns.pop("row")
    known = pa.array(found + bounds.lowest) if names is None else names.take(pa.array(found))
    scored = _scored(columns, rows[found, 0], rows[found, 1], bounds.first_day, until)
    return pa.table({"customer": known, **scored}), _cells(cells, first)


def _plain(column: pa.Array) -> NDArray[Any]:
    return (column.cast(pa.int32()) if pa.types.is_date32(column.type) else column).to_numpy()


def _summary(rows: NDArray[np.int64], bounds: Bounds) -> tuple[int, dict[str, NDArray[np.int64]], NDArray[np.int64]]:
    from regulars.insight.engine import _kernel  # noqa: PLC0415

    days = np.arange(bounds.first_day, bounds.first_day + (bounds.words - _HEAD) * 64).astype("datetime64[D]")
    months = days.astype("datetime64[M]").astype(np.int64)
    first = int(months[0])
    of, ends = months - first, np.flatnonzero(np.diff(months, append=months[-1] + 1)) + 1
    cells = np.zeros((len(ends), len(ends)), np.int64)
    columns = {name: np.empty(len(rows), np.int64) for name in ("row", "first", "last", "days")}
    many = _kernel.summarize(rows, of, ends, cells, *columns.values())
    return first, {name: column[:many] for name, column in columns.items()}, cells


def _scored(
    columns: dict[str, NDArray[np.int64]], amounts: NDArray[np.int64], orders: NDArray[np.int64], start: int, until: int
) -> dict[str, Any]:
    first, last, days = columns["first"], columns["last"], columns["days"]
    r, f, m = fifths(last), fifths(days), fifths(amounts)
    gold, silver = np.minimum(np.minimum(r, f), m) >= 4, r + f + m >= 9
    codes = np.where(gold, 0, np.where(silver, 1, 2)).astype(np.int8)
    return {
        "first_day": pa.array((first + start).astype("datetime64[D]")),
        "last_day": pa.array((last + start).astype("datetime64[D]")),
        "days": days, "orders": orders, "amount_minor": amounts, "r": r, "f": f, "m": m,
        "grade": pa.DictionaryArray.from_arrays(pa.array(codes), _GRADES),
        "x": days - 1, "tx": last - first, "t": until - 1 - start - first,
    }  # fmt: skip


def fifths(values: NDArray[np.int64]) -> NDArray[np.int16]:
    """1 to 5 for each value, as `ntile(5) over (order by value, place)`: ties go by their place."""
    from regulars.insight.engine import _kernel  # noqa: PLC0415

    count = len(values)
    edges = np.cumsum([count // 5 + (group < count % 5) for group in range(4)])
    edges = edges[edges < count].astype(np.int64)
    scores = np.empty(count, np.int16)
    thresholds = np.partition(values, edges)[edges] if count else values
    _kernel.fifth_of(values, edges, thresholds, scores)
    return scores


def _cells(cells: NDArray[np.int64], first: int) -> pa.Table:
    cohort, month = np.nonzero(cells)
    begun = (cohort + first).astype("datetime64[M]").astype("datetime64[D]")
    return pa.table([pa.array(begun), month - cohort, cells[cohort, month]], schema=CELLS)


def numbered(customers: pa.ChunkedArray) -> tuple[pa.Array, pa.Array]:
    """The place of each line's customer in the sorted list of them, and that list."""
    encoded = customers.combine_chunks().dictionary_encode()
    order = pc.array_sort_indices(encoded.dictionary)
    places = np.empty(len(order), np.int64)
    places[order.to_numpy()] = np.arange(len(order))
    return pa.array(places[encoded.indices.to_numpy()]), encoded.dictionary.take(order)
