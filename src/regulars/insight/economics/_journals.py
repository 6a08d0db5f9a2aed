"""Journals: what a closed month is booked as, in pairs of debit and credit."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Literal

from regulars.ledger.periods import Closing, month_of, number_of

What = Literal["issued_on_sales", "issued_otherwise", "adjusted", "redeemed", "expired", "reestimated"]


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One side of a booking."""

    number: str
    """Of the journal: `points-2026-10-1`, with an R behind it when it turns one round. It never changes."""

    line: int
    """1, 2, 3 … in the journal."""

    day: date
    what: What
    account: str
    debit_minor: int
    credit_minor: int
    currency: str


def journal(closings: Iterable[Closing]) -> list[JournalLine]:
    """The lines of closings, in their order; each that was reopened is followed by the same turned round.

    Debits are credits, journal by journal.
    """
    lines: list[JournalLine] = []
    for one in sorted(closings, key=lambda closing: (closing.period, closing.closing)):
        lines += _lines(one, turned=False)
        if one.reopened_at is not None:
            lines += _lines(one, turned=True)
    return lines


def _lines(one: Closing, *, turned: bool) -> list[JournalLine]:
    number = f"{one.point_type}-{one.period:%Y-%m}-{one.closing}{'R' if turned else ''}"
    day = month_of(number_of(one.period) + 1) - timedelta(days=1)
    lines: list[JournalLine] = []
    for what, debit, credit, amount in _bookings(one):
        from_account, to_account = (credit, debit) if (amount < 0) != turned else (debit, credit)
        size, money = abs(amount), one.books.currency
        lines.append(JournalLine(number, len(lines) + 1, day, what, from_account, size, 0, money))
        lines.append(JournalLine(number, len(lines) + 1, day, what, to_account, 0, size, money))
    return lines


def _bookings(one: Closing) -> Iterator[tuple[What, str, str, int]]:
    """What is booked, the account debited, the one credited, how much; below 0: the other way round."""
    rolled, names = one.books.rolled, one.books.accounts
    owed, deferred, redeemed = names["liability"], names["deferred"], names["redeemed"]
    breakage, cost = names["breakage"], names["cost"]
    every: Sequence[tuple[What, str, str, int]] = (
        ("issued_on_sales", deferred, owed, rolled.from_sales_minor),
        ("issued_otherwise", cost, owed, rolled.issued_minor - rolled.from_sales_minor),
        ("adjusted", owed, deferred, -rolled.adjusted_minor),
        ("redeemed", owed, redeemed, -rolled.redeemed_minor),
        ("expired", owed, breakage, -rolled.expired_minor),
        ("reestimated", owed, breakage, -rolled.reestimated_minor),
    )
    return (booking for booking in every if booking[3])


def journal_csv(lines: Sequence[JournalLine]) -> str:
    """Lines as CSV with a header; amounts in minor units."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = [field.name for field in fields(JournalLine)]
    writer.writerow(names)
    writer.writerows([getattr(line, name) for name in names] for line in lines)
    return text.getvalue()
