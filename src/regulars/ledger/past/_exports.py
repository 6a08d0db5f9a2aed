"""A statement as a file: CSV for spreadsheets, JSON Lines for programs."""

import csv
import io
import json
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Final

from regulars.ledger._balances import Balance
from regulars.ledger._queries import Entry
from regulars.ledger.past._statements import EVERYTHING, Chapter, Period, carried, chapters, lots_of, statement
from regulars.ledger.past._words import Language, in_words, order_of
from regulars.storage import Transaction

_AT_ONCE: Final = 1000
_COLUMNS: Final = (
    "number", "occurred_at", "posted_at", "kind", "amount", "pending_change", "held_change", "debt_change", "available",
    "expires_at", "reference", "order", "follows", "reason", "words", "lots", "pending", "held", "debt",
    "shared_with",
)  # fmt: skip


def written(
    tx: Transaction,
    member_id: int,
    *,
    as_json: bool,
    point_type: str = "points",
    period: Period = EVERYTHING,
    kinds: Collection[str] = (),
    language: Language = "en",
) -> Iterator[str]:
    """A member's statement, the earliest entry first, between what the period began and ended with.

    Where it goes on with points that are shared, or with the member's own again, a line says what was there (`opening`).

    It comes in pieces of a thousand entries, read one after the other: memory does not grow with the statement.
    """
    sums = carried(tx, member_id, point_type=point_type, period=period, kinds=kinds)
    yield _piece([_balance("opening", sums.opening)], as_json=as_json, header=True)
    upto, opens = 0, chapters(tx, member_id, point_type=point_type)
    while True:
        found = statement(tx, member_id, after=upto, limit=_AT_ONCE, point_type=point_type, period=period, kinds=kinds)
        if not found:
            break
        upto = found[0].place
        rows: list[Mapping[str, object]] = []
        for entry in reversed(found):
            while opens and opens[0].place <= entry.place:
                rows.append(_chapter(opens.pop(0)))
            rows.append(_line(entry, language, point_type))
        yield _piece(rows, as_json=as_json)
    yield _piece([_balance("closing", sums.closing)], as_json=as_json)


def _line(entry: Entry, language: Language, point_type: str) -> Mapping[str, object]:
    return {
        "number": entry.seq,
        "occurred_at": _written(entry.occurred_at),
        "posted_at": _written(entry.posted_at),
        "kind": entry.kind,
        "amount": entry.amount,
        "pending_change": entry.pending_change,
        "held_change": entry.held_change,
        "debt_change": entry.debt_change,
        "available": entry.available,
        "expires_at": _written(entry.expires_at),
        "reference": entry.reference,
        "order": order_of(entry),
        "follows": entry.follows_reference,
        "reason": entry.reason,
        "words": in_words(entry, language, point_type=point_type),
        "lots": [{"expires_at": _written(expires_at), "amount": points} for expires_at, points in lots_of(entry)],
    }


def _balance(what: str, balance: Balance) -> dict[str, object]:
    return {
        "kind": what,
        "available": balance.available,
        "pending": balance.pending,
        "held": balance.held,
        "debt": balance.debt,
    }


def _chapter(one: Chapter) -> Mapping[str, object]:
    """An opening line in the middle: from here on it is of shared points, or of the member's own again."""
    more = {"occurred_at": _written(one.began_at), "shared_with": one.shared_with}
    return _balance("opening", one.opening) | more


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


def _piece(rows: Collection[Mapping[str, object]], *, as_json: bool, header: bool = False) -> str:
    if as_json:
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    text = io.StringIO()
    out = csv.writer(text)
    if header:
        out.writerow(_COLUMNS)
    out.writerows([_cell(row.get(name)) for name in _COLUMNS] for row in rows)
    return text.getvalue()


def _cell(value: object) -> object:
    """A value as a spreadsheet takes it: no text that it would run as a formula (an apostrophe before it, as OWASP advises)."""
    if isinstance(value, list):
        lots: list[dict[str, object]] = value  # pyright: ignore[reportUnknownVariableType]
        return " ".join(f"{lot['amount']:+}@{lot['expires_at'] or 'never'}" for lot in lots)
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
