"""What points are worth."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from regulars import facts
from regulars.errors import Conflict, Invalid
from regulars.ledger._rules import POINT_TYPE
from regulars.ledger.periods import _queries
from regulars.ledger.periods._closings import latest
from regulars.ledger.periods._records import PointValue, month_of, number_of
from regulars.storage import Transaction

MOST: Final = 10**12
_NOTE: Final = 500


class PointValueMissing(Conflict):
    """Nobody has said what {point_type} are worth on {day}: set their value from that day or an earlier one on."""


class BadPointValue(Invalid):
    """{field} is {value}: {remedy}."""


def set_value(tx: Transaction, value: PointValue, *, at: datetime) -> PointValue:
    """Say what points are worth from a day on, and how their breakage is estimated. The same again changes nothing.

    Facts: `points.valued`.

    Raises:
        BadPointValue: an input can never be right, a closed month has used it, or the books have another currency.
    """
    _check(value)
    _queries.lock_books(tx, point_type=value.point_type)
    _check_books(tx, value)
    known = next((one for one in values(tx, value.point_type) if one.effective_from == value.effective_from), None)
    if known is not None and _said(known) == _said(value):
        return known
    _queries.upsert_value(tx, value=value)
    about: dict[str, object] = {
        "point_type": value.point_type,
        "effective_from": value.effective_from.isoformat(),
        "currency": value.currency,
        "minor_per_million": value.minor_per_million,
        "basis": value.basis,
        "method": value.method,
        "note": value.note,
        "by": value.set_by,
    }
    facts.record(tx, [facts.Fact("points.valued", at, data=about)], at=at)
    return value


def _said(value: PointValue) -> tuple[object, ...]:
    return (value.currency, value.minor_per_million, value.basis, value.method, value.note)


def _check(value: PointValue) -> None:
    if not POINT_TYPE.fullmatch(value.point_type):
        raise BadPointValue(
            field="point_type", value=value.point_type, remedy="give at most 32 of a to z, 0 to 9 and _"
        )
    if not (
        value.currency.isascii() and value.currency.isalpha() and value.currency.isupper() and len(value.currency) == 3
    ):
        raise BadPointValue(field="currency", value=value.currency, remedy="give an ISO 4217 code such as GBP")
    if not 0 < value.minor_per_million <= MOST:
        remedy = f"give 1 to {MOST}: minor units for a million points"
        raise BadPointValue(field="minor_per_million", value=value.minor_per_million, remedy=remedy)
    if len(value.note) > _NOTE or not value.note.isprintable():
        raise BadPointValue(field="note", value=value.note, remedy=f"give one line of at most {_NOTE} characters")


def _check_books(tx: Transaction, value: PointValue) -> None:
    closed = latest(tx, value.point_type)
    if closed is None:
        return
    open_from = month_of(number_of(closed.period) + 1)
    if value.effective_from < open_from:
        remedy = f"{closed.period:%Y-%m} is closed: give a day from {open_from} on"
        raise BadPointValue(field="effective_from", value=value.effective_from, remedy=remedy)
    if closed.books.currency != value.currency:
        raise BadPointValue(field="currency", value=value.currency, remedy=f"the books are in {closed.books.currency}")


def values(tx: Transaction, point_type: str = "points") -> Sequence[PointValue]:
    """What points of a kind are worth, and were, the latest first."""
    return _queries.select_values(tx, point_type=point_type, limit=1000)


def value_at(tx: Transaction, point_type: str, day: date) -> PointValue:
    """What points of a kind are worth on a day.

    Raises:
        PointValueMissing: nobody has said so.
    """
    for one in values(tx, point_type):
        if one.effective_from <= day:
            return one
    raise PointValueMissing(point_type=point_type, day=day)
