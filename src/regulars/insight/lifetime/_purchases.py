"""Any frame of purchases as one Arrow table."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from regulars.errors import Invalid


class NotAFrame(Invalid):
    """The purchases are {value}: {remedy}."""


class ColumnMissing(Invalid):
    """The purchases have no column {field}, only {value}: {remedy}."""


class Unusable(Invalid):
    """{field} is {value}: {remedy}."""


def table(purchases: Any, *, columns: Sequence[str]) -> Any:
    """A pandas, Polars or Arrow frame or a DuckDB relation as an Arrow table that has these columns.

    Raises:
        NotAFrame: it is none of these.
        ColumnMissing: one of the columns is not there.
    """
    found = _arrow(purchases)
    for column in columns:
        if column not in found.column_names:
            raise ColumnMissing(field=column, value=", ".join(found.column_names), remedy=f"name one of them {column}")
    return found


def _arrow(purchases: Any) -> Any:
    if isinstance(purchases, pa.Table):
        return purchases
    if hasattr(purchases, "to_arrow_table"):
        return purchases.to_arrow_table()
    if hasattr(purchases, "__arrow_c_stream__"):
        return pa.table(purchases)
    if hasattr(purchases, "columns") and hasattr(purchases, "to_numpy"):
        return pa.Table.from_pandas(purchases, preserve_index=False)
    raise NotAFrame(value=type(purchases).__name__, remedy="pass a pandas, Polars or Arrow frame, or a DuckDB relation")
