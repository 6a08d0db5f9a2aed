"""What a text file is written in: its encoding, its delimiter, whether it has a header, and where that is."""

import codecs
import csv
import gzip
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, cast

from regulars.insight.exports._records import UnreadableExport

_HEAD_BYTES: Final = 1 << 20
_HEAD_ROWS: Final = 400
_BLOCK_BYTES: Final = 1 << 22
_DELIMITERS: Final = (",", ";", "\t", "|", "^", "~")
BLANKS: Final = "blanks"
"""The delimiter of files whose columns are parted by any number of blanks."""

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_VALUE: Final = re.compile(r"[-+]?[\d.,:/\s-]*\d[\d.,:/TZ\s-]*|#\d+")


@dataclass(frozen=True, slots=True)
class Written:
    """How a text file is written."""

    encoding: str
    delimiter: str
    """One character, or `BLANKS`."""

    skipped: int
    """Lines before the header or, without one, before the first row."""

    has_header: bool
    names: tuple[str, ...]
    ragged: bool
    """Some rows have fewer cells than the header."""


def opened(path: Path) -> IO[bytes]:
    """The file's bytes, unpacked when they are gzip."""
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return cast("IO[bytes]", gzip.open(path, "rb")) if packed else path.open("rb")


def written(path: Path, *, encoding: str | None, delimiter: str | None) -> Written:
    """How the file is written, told from its first megabyte; what is given is taken as it is.

    Raises:
        UnreadableExport: it is empty, or has no two columns.
    """
    with opened(path) as file:
        head = file.read(_HEAD_BYTES)
    chosen = encoding or _encoding(head)
    try:
        text = codecs.getincrementaldecoder(chosen)("replace").decode(head)
    except LookupError as error:
        raise UnreadableExport(
            field="--encoding", value=chosen, remedy="give one such as utf-8, gb18030 or cp1252"
        ) from error
    if not text.strip("\ufeff \r\n\t"):
        raise UnreadableExport(
            field="file", value=path.name, remedy="it is empty: export the orders again, with a header"
        )
    if len(head) == _HEAD_BYTES:
        text = text[: text.rfind("\n") + 1] or text
    mark = delimiter or _delimiter(text)
    rows = _rows(text, mark)
    width = _width(rows)
    if width < 2:
        raise UnreadableExport(
            field="file", value=path.name, remedy="it has one column only: give the delimiter, as in --delimiter ';'"
        )
    first = next(number for number, row in enumerate(rows) if len(row) >= width and sum(map(_filled, row)) > 1)
    has_header = not any(_VALUE.fullmatch(cell.strip()) for cell in rows[first] if cell.strip())
    names = rows[first] if has_header else [f"column{number}" for number in range(1, width + 1)]
    later = [row for row in rows[first + 1 :] if row]
    return Written(chosen, mark, first, has_header, _distinct(names), any(len(row) < len(names) for row in later))


def _encoding(head: bytes) -> str:
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if head[1:400:2].count(0) > len(head[:400]) // 4:
        return "utf-16-le"
    if head[0:400:2].count(0) > len(head[:400]) // 4:
        return "utf-16-be"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "gb18030" if _looks_chinese(head) else "cp1252"
    return "utf-8"


def _looks_chinese(head: bytes) -> bool:
    """High bytes come in pairs in Chinese texts, and nearly always alone in those of Western Europe."""
    runs = [len(run) for run in re.findall(rb"[\x80-\xff]+", head)]
    return sum(run for run in runs if run > 1) > 0.7 * sum(runs)


def _delimiter(text: str) -> str:
    """The one that cuts most rows into the same number of cells; with equal shares, into more cells."""
    scores = list[tuple[float, int, str]]()
    for mark in _DELIMITERS:
        rows = [row for row in _rows(text, mark) if row]
        width = _width(rows)
        if width > 1:
            scores.append((round(sum(len(row) == width for row in rows) / len(rows), 1), width, mark))
    blank = [row for row in _rows(text, BLANKS) if row]
    if not scores and blank and all(len(row) == len(blank[0]) > 2 and any(map(_VALUE.fullmatch, row)) for row in blank):
        return BLANKS
    return max(scores, default=(0, 0, ","))[2]


def _rows(text: str, delimiter: str) -> list[list[str]]:
    lines = io.StringIO(text.lstrip("\ufeff"), newline="")
    if delimiter == BLANKS:
        return [line.split() for line, _ in zip(lines, range(_HEAD_ROWS), strict=False)]
    try:
        return [row for row, _ in zip(csv.reader(lines, delimiter=delimiter), range(_HEAD_ROWS), strict=False)]
    except csv.Error:
        return []


def _filled(cell: str) -> bool:
    return bool(cell.strip())


def _width(rows: Sequence[Sequence[str]]) -> int:
    """The number of cells of most rows; the wider one where there are as many."""
    counted = Counter(len(row) for row in rows if any(cell.strip() for cell in row))
    return max(counted, key=lambda width: (counted[width], width), default=0)


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    """The names without blanks around them, and a number behind those that occur again or are empty."""
    seen, distinct = Counter[str](), list[str]()
    for number, name in enumerate(names, 1):
        bare = name.strip().strip("\ufeff") or f"column{number}"
        seen[bare.lower()] += 1
        distinct.append(bare if seen[bare.lower()] == 1 else f"{bare} ({seen[bare.lower()]})")
    return tuple(distinct)


def in_utf8(path: Path, form: Written, target: Path) -> Path:
    """The file as UTF-8 with a delimiter of one character: the file itself where it is so, otherwise a copy."""
    if form.encoding == "utf-8" and form.delimiter != BLANKS:
        return path
    with opened(path) as file, target.open("w", encoding="utf-8", newline="") as copy:
        decoded = io.TextIOWrapper(file, form.encoding, errors="replace", newline="")
        if form.delimiter == BLANKS:
            for line in decoded:
                copy.write("\t".join(line.split()) + "\n")
        else:
            while block := decoded.read(_BLOCK_BYTES):
                copy.write(block)
    return target
