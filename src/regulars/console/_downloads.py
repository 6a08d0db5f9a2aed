"""Files for a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from tempfile import SpooledTemporaryFile
from typing import IO, Final

from litestar.response import Stream

_IN_MEMORY: Final = 4 * 1024 * 1024
"""Bytes of a file kept in memory; a longer one goes to a temporary file."""


def table(name: str, lines: Iterable[str]) -> Stream:
    """The answer that is a CSV file of that name; the lines come from `rows`."""
    return Stream(
        _pieces(_spooled(lines)),
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def _spooled(lines: Iterable[str]) -> IO[bytes]:
    """The file, written before it is sent, in memory or on disk: a slow download would keep a connection for its time."""
    spool = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115  closed by `_pieces`, when it was sent
    spool.write("\ufeff".encode())  # the mark tells a spreadsheet that it is UTF-8
    for line in lines:
        spool.write(line.encode())
    spool.seek(0)
    return spool


def _pieces(spool: IO[bytes]) -> Iterator[bytes]:
    with spool:
        while piece := spool.read(1 << 16):
            yield piece


def rows(values: Sequence[Sequence[object]]) -> str:
    """Rows as lines of CSV."""
    text = io.StringIO()
    csv.writer(text).writerows(values)
    return text.getvalue()


def harmless(text: str | None) -> str | None:
    """A text no spreadsheet takes for a formula: one that begins like one gets an apostrophe, as OWASP advises."""
    return f"'{text}" if text and text[0] in "=+-@\t\r\n" else text
