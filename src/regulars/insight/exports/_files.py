"""Opening an export with DuckDB: whatever the file is, its rows become the view `file`."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from regulars.insight.exports._records import UnreadableExport
from regulars.insight.exports._texts import Written, in_utf8, written

if TYPE_CHECKING:
    import duckdb

_SHEETS: Final = {b"PK\x03\x04": "excel", b"\xd0\xcf\x11\xe0": "excel"}
_LONGEST_LINE: Final = 1 << 24


@dataclass(frozen=True, slots=True)
class Opened:
    """A file whose rows can be asked for as `file`."""

    kind: Literal["csv", "parquet", "excel"]
    text: Written | None
    headers: tuple[str, ...]
    types: dict[str, str]
    """DuckDB's type of each column; VARCHAR for all of a text file."""


def quoted(text: object) -> str:
    """A text as SQL writes it, without the quotes around it."""
    return str(text).replace("'", "''")


def named(header: str) -> str:
    """A column's name as SQL writes it."""
    return '"' + header.replace('"', '""') + '"'


def open_file(
    db: "duckdb.DuckDBPyConnection", path: Path, folder: Path, *, encoding: str | None, delimiter: str | None
) -> Opened:
    """Make the view `file` of what is at `path`; `folder` takes a copy where DuckDB cannot read it as it is.

    Raises:
        UnreadableExport: there is no such file, it is empty, or it is of a kind that is not read.
    """
    if not path.is_file():
        raise UnreadableExport(
            field="file", value=str(path), remedy="there is no such file: give the path of an export"
        )
    with path.open("rb") as file:
        head = file.read(8)
    if not head:
        raise UnreadableExport(
            field="file", value=path.name, remedy="it is empty: export the orders again, with a header"
        )
    if head.startswith(b"PAR1"):
        db.execute(f"create temp view file as select * from read_parquet('{quoted(path)}')")
        types = _types(db)
        return Opened("parquet", None, tuple(types), types)
    if head[:4] in _SHEETS:
        copy = _sheet(path, folder / "sheet.csv")
        return _text(db, copy, folder, kind="excel", form=written(copy, encoding="utf-8", delimiter=","))
    return _text(db, path, folder, kind="csv", form=written(path, encoding=encoding, delimiter=delimiter))


def _types(db: "duckdb.DuckDBPyConnection") -> dict[str, str]:
    return {str(name): str(kind) for name, kind, *_ in db.execute("describe file").fetchall()}


def _text(
    db: "duckdb.DuckDBPyConnection", path: Path, folder: Path, *, kind: Literal["csv", "excel"], form: Written
) -> Opened:
    readable = in_utf8(path, form, folder / "utf8.csv")
    mark = "\t" if len(form.delimiter) > 1 else form.delimiter
    columns = ", ".join(f"'{quoted(name)}': 'VARCHAR'" for name in form.names)
    padding = "null_padding = true, parallel = false" if form.ragged else "store_rejects = true, rejects_limit = 0"
    db.execute(
        f"create temp view file as select * from read_csv('{quoted(readable)}', auto_detect = false, delim = '{quoted(mark)}', "
        f"quote = '\"', escape = '\"', header = {str(form.has_header).lower()}, skip = {form.skipped}, columns = {{{columns}}}, "
        f"ignore_errors = true, {padding}, max_line_size = {_LONGEST_LINE})"
    )
    return Opened(kind, form, form.names, dict.fromkeys(form.names, "VARCHAR"))


def _sheet(path: Path, target: Path) -> Path:
    """The sheet with the most rows, as CSV.

    Raises:
        UnreadableExport: it is no workbook, or all its sheets are empty.
    """
    from python_calamine import CalamineError, CalamineWorkbook  # noqa: PLC0415 - only who brings a workbook waits for it

    try:
        book = cast("Any", CalamineWorkbook).from_path(str(path))
        sheets = [book.get_sheet_by_name(name) for name in book.sheet_names]
    except CalamineError as error:
        remedy = "it is neither a workbook nor a text file: give a CSV, Parquet or Excel file, unpacked"
        raise UnreadableExport(field="file", value=path.name, remedy=remedy) from error
    sheet = max(sheets, key=lambda one: one.total_height, default=None)
    if sheet is None or not sheet.total_height:
        raise UnreadableExport(
            field="file", value=path.name, remedy="all its sheets are empty: save the one with the orders"
        )
    with target.open("w", encoding="utf-8", newline="") as copy:
        csv.writer(copy).writerows([_cell(cell) for cell in cast("Sequence[object]", row)] for row in sheet.iter_rows())
    return target


def _cell(cell: object) -> object:
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    return cell.isoformat(" ") if isinstance(cell, datetime) else cell.isoformat() if isinstance(cell, date) else cell
