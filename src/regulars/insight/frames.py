"""Any frame as an Arrow table: pandas, polars, Arrow, a DuckDB relation."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from regulars.errors import Invalid


class BadFrame(Invalid):
    """{field} is {value}: {remedy}."""


def table(obj: Any, *, columns: Mapping[str, pa.DataType | None]) -> pa.Table:
    """The named columns of a frame, each of its type, or of whatever type it has where that is None.

    Nothing is copied where the frame is in Arrow's form already. A moment becomes its day where a day is asked for.

    Raises:
        BadFrame: it is no frame, a column is missing, or one does not fit its type.
    """
    found = _arrow(obj)
    missing = [name for name in columns if name not in found.column_names]
    if missing:
        raise BadFrame(field="column", value=repr(missing[0]), remedy=f"not there; there are {found.column_names}")
    return pa.table({name: _typed(name, found[name], type_) for name, type_ in columns.items()})


def _arrow(obj: Any) -> pa.Table:
    if isinstance(obj, pa.Table):
        return obj
    if hasattr(obj, "to_arrow_table"):
        return obj.to_arrow_table()
    try:
        return pa.table(obj)
    except (TypeError, ValueError) as error:
        remedy = "give a frame of pandas or polars, an Arrow table or a DuckDB relation"
        raise BadFrame(field="purchases", value=type(obj).__name__, remedy=remedy) from error


def _typed(name: str, column: pa.ChunkedArray, wanted: pa.DataType | None) -> pa.ChunkedArray:
    if wanted is None or column.type == wanted:
        return column
    try:
        return column.cast(wanted)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise BadFrame(field=name, value=str(column.type), remedy=f"give {wanted}; {error}") from error
