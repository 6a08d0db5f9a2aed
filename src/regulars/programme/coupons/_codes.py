"""Codes: an alphabet in which nothing looks like anything else, a check character, and how a code reads once typed. Pure.

29 characters, a prime. The check character makes `Σ k·value` a multiple of 29, counted from the right, the check character
being k = 1. So one wrong character changes the sum by `k·d`, and two that were swapped by `(j - k)·d`, neither of which
is a multiple of 29 in codes of at most 28 characters: both are found, always.
"""

import csv
import math
import secrets
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

ALPHABET: Final = "0123456789ACDEFGHJKMNPQRTVWXY"
"""No O, I, L, Z, S, B and U: they are read as 0, 1, 1, 2, 5, 8 and V."""

LONGEST: Final = 64
"""Of a code, as printed."""

MOST_CHARACTERS: Final = 28
GROUP: Final = 4

_BASE: Final = len(ALPHABET)
_EVEN: Final = 256 // _BASE * _BASE
_LETTERS: Final = np.frombuffer(ALPHABET.encode(), np.uint8)
_LOOK_ALIKES: Final = str.maketrans("OILZSBU", "011258V", " -_./\t\u00a0\u2010\u2011\u2012\u2013\u2014")
_CODES: Final = pa.schema({"row": pa.int64(), "key": pa.string(), "code": pa.string()})


def normal_form(text: str) -> str:
    """How a code reads whatever was typed for it: case, spaces, dashes, width and look-alikes do not count."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return text.upper().translate(_LOOK_ALIKES)


def is_right(body: str) -> bool:
    """Whether the last character of a code made here, without its prefix, is the check of the others."""
    values = [ALPHABET.find(character) for character in normal_form(body)]
    weighed = sum(weight * value for weight, value in enumerate(reversed(values), start=1))
    return bool(values) and min(values) >= 0 and weighed % _BASE == 0


def entropy_bits(characters: int) -> float:
    """How many bits are random in a code of so many characters, its check character among them."""
    return (characters - 1) * math.log2(_BASE)


def guesses_per_hit(characters: int, codes: int) -> int:
    """How many random codes somebody tries, on average, before one of `codes` is hit."""
    return _BASE ** (characters - 1) // max(codes, 1)


def new_codes(count: int, *, prefix: str, characters: int) -> pa.Table:
    """Random codes with their check character, from the system's own source of chance; some may be equal by chance."""
    body = np.empty((count, characters), np.uint8)
    body[:, :-1] = _chance(count * (characters - 1)).reshape(count, characters - 1)
    weights = np.arange(characters, 1, -1, dtype=np.int64)
    body[:, -1] = -(body[:, :-1] @ weights) % _BASE
    letters = _LETTERS[body]
    cuts = [letters[:, start : start + GROUP] for start in range(0, characters, GROUP)]
    parts = [_repeated(f"{prefix}-", count), cuts[0]] if prefix else [cuts[0]]
    for cut in cuts[1:]:
        parts += [_repeated("-", count), cut]
    keys = np.hstack([_repeated(normal_form(prefix), count), letters])
    return pa.table([pa.array(np.arange(1, count + 1)), _texts(keys), _texts(np.hstack(parts))], schema=_CODES)


def _chance(count: int) -> npt.NDArray[np.uint8]:
    """So many numbers below 29, each as likely as any other: bytes that would favour the first ones are left out."""
    drawn = np.empty(0, np.uint8)
    while len(drawn) < count:
        more = np.frombuffer(secrets.token_bytes(int((count - len(drawn)) * 1.12) + 64), np.uint8)
        drawn = np.concatenate([drawn, more[more < _EVEN] % _BASE])
    return drawn[:count]


def _repeated(text: str, count: int) -> npt.NDArray[np.uint8]:
    letters = np.frombuffer(text.encode(), np.uint8)
    return np.broadcast_to(letters, (count, len(letters)))


def _texts(letters: npt.NDArray[np.uint8]) -> pa.Array:
    """Rows of letters as a column of texts, without making an object of each."""
    count, width = letters.shape
    offsets = np.arange(0, (count + 1) * width, width, dtype=np.int32) if width else np.zeros(count + 1, np.int32)
    data = pa.py_buffer(np.ascontiguousarray(letters).tobytes())
    return pa.Array.from_buffers(pa.string(), count, [None, pa.py_buffer(offsets.tobytes()), data])


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row of a file that did not become a code."""

    row: int
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReadCodes:
    """The codes of a file, as `_CODES`, and the rows that hold none."""

    codes: pa.Table
    refused: list[RefusedRow]


def read_codes(lines: Iterable[str]) -> ReadCodes:
    """Read one code a line, or CSV with a column `code`; rows are counted from 1, a header among them."""
    rows: list[int] = []
    codes: list[str] = []
    refused: list[RefusedRow] = []
    column = 0
    for number, cells in enumerate(csv.reader(lines), start=1):
        if number == 1:
            named = [cell.strip().lower().lstrip("\ufeff") for cell in cells]
            if "code" in named:
                column = named.index("code")
                continue
        text = cells[column].strip().lstrip("\ufeff") if len(cells) > column else ""
        reason = unusable(text) if text else ("there is no code in this row" if any(cells) else "")
        if reason:
            refused.append(RefusedRow(number, text[:LONGEST], reason))
        elif text:
            rows.append(number)
            codes.append(text)
    keys = [normal_form(code) for code in codes]
    return ReadCodes(pa.table([rows, keys, codes], schema=_CODES), refused)


def unusable(code: str) -> str:
    """Why a text cannot be a code; an empty text when it can."""
    if len(code) > LONGEST or not code.isprintable():
        return f"give at most {LONGEST} printable characters"
    return "" if len(normal_form(code)) >= 3 else "give at least 3 letters or digits"
