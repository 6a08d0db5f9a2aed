"""Closing months, and opening them again."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Final

from regulars import facts
from regulars.errors import Conflict
from regulars.ledger._rules import InvalidPosting, check_words
from regulars.ledger.periods import _queries
from regulars.ledger.periods._records import PURPOSES, Books, Closing, Piece, Purpose, month_of, month_start, number_of
from regulars.storage import Transaction

_LONGEST_ACCOUNT: Final = 60


class PeriodClosed(Conflict):
    """{period} of {point_type} was closed by {by} already: reopen it first, with a reason."""


class PeriodNotOver(Conflict):
    """{period} is not over before {over}, in UTC: close it then."""


class PeriodOutOfTurn(Conflict):
    """{period} of {point_type} cannot be closed now: the next one to close is {next}."""


class PeriodNotClosed(Conflict):
    """{period} of {point_type} is not closed."""


class PeriodNotLast(Conflict):
    """{period} of {point_type} cannot be opened again before {last} is: later months begin with what it closed with."""


def pieces(tx: Transaction, *, point_type: str, until: datetime) -> list[Piece]:
    """What became of the points of each month, as it was known when `until` came.

    Cost: every entry of that kind of points is read once and sorted by account, 10 s a million on two busy cores.
    """
    return _queries.select_pieces(tx, point_type=point_type, until=until)


def owed_net(tx: Transaction, *, point_type: str, until: datetime) -> int:
    """What members had when `until`, the beginning of a day, came, less what they owed. From totals: it costs nothing."""
    return _queries.select_net(tx, point_type=point_type, until=until)


def latest(tx: Transaction, point_type: str) -> Closing | None:
    """The last month that is closed; None: none is."""
    return next(iter(_queries.select_closings(tx, point_type=point_type, period=None, standing=True, limit=1)), None)


def closings(
    tx: Transaction, point_type: str, *, period: date | None = None, standing: bool = True, limit: int = 1200
) -> Sequence[Closing]:
    """Months as they were closed, the latest first; without `standing` those, too, that were opened again."""
    return _queries.select_closings(tx, point_type=point_type, period=period, standing=standing, limit=limit)


def next_period(tx: Transaction, point_type: str, period: date, *, at: datetime) -> Closing | None:
    """Lock the books, and see that `period` is the month to close: what closed before it, None if nothing did.

    Raises:
        PeriodNotOver: it is not over at `at`.
        PeriodClosed: it is closed.
        PeriodOutOfTurn: another month has to be closed first, or later ones are closed.
    """
    _queries.lock_books(tx, point_type=point_type)
    over = month_start(month_of(number_of(period) + 1))
    if at < over:
        raise PeriodNotOver(period=f"{period:%Y-%m}", over=over.isoformat())
    for standing in closings(tx, point_type, period=period, limit=1):
        raise PeriodClosed(period=f"{period:%Y-%m}", point_type=point_type, by=standing.closed_by)
    last = latest(tx, point_type)
    if last is not None and number_of(last.period) + 1 != number_of(period):
        following = month_of(number_of(last.period) + 1)
        raise PeriodOutOfTurn(period=f"{period:%Y-%m}", point_type=point_type, next=f"{following:%Y-%m}")
    return last


def keep(tx: Transaction, point_type: str, period: date, books: Books, *, by: str, at: datetime) -> Closing:
    """Close a month with these books. Facts: `period.closed`.

    Raises:
        PeriodNotOver: it is not over.
        PeriodClosed: it is closed.
        PeriodOutOfTurn: another month has to be closed first.
    """
    next_period(tx, point_type, period, at=at)
    closing = len(closings(tx, point_type, period=period, standing=False)) + 1
    kept = replace(books, accounts=dict(account_names(tx)))
    _queries.insert_closing(
        tx, point_type=point_type, period=period, closing=closing, at=at, by=by, books=kept
    )  # fmt: skip
    about = {
        "point_type": point_type,
        "period": f"{period:%Y-%m}",
        "closing": closing,
        "points": kept.rolled.closing_points,
        "liability_minor": kept.rolled.closing_minor,
        "currency": kept.currency,
        "by": by,
    }
    facts.record(tx, [facts.Fact("period.closed", at, data=about)], at=at)
    return Closing(point_type, period, closing, at, by, kept, None, None, None)


def reopen(tx: Transaction, point_type: str, period: date, *, by: str, because: str, at: datetime) -> Closing:
    """Open the last closed month again. What it was closed with stays, and its journal is turned round.

    Facts: `period.reopened`.

    Raises:
        InvalidPosting: `because` says nothing.
        PeriodNotClosed: it is open.
        PeriodNotLast: a later month is closed.
    """
    check_words("because", because)
    _queries.lock_books(tx, point_type=point_type)
    name, last = f"{period:%Y-%m}", latest(tx, point_type)
    if last is None or period > last.period or not closings(tx, point_type, period=period, limit=1):
        raise PeriodNotClosed(period=name, point_type=point_type)
    if period < last.period:
        raise PeriodNotLast(period=name, point_type=point_type, last=f"{last.period:%Y-%m}")
    _queries.reopen_closing(
        tx, point_type=point_type, period=period, closing=last.closing, at=at, by=by, because=because
    )  # fmt: skip
    about = {"point_type": point_type, "period": name, "closing": last.closing, "because": because, "by": by}
    facts.record(tx, [facts.Fact("period.reopened", at, data=about)], at=at)
    return replace(last, reopened_at=at, reopened_by=by, reopened_because=because)


def account_names(tx: Transaction) -> Mapping[str, str]:
    """The accounts of the shop's books by what is booked on them; where none was named, what it is for."""
    return {purpose: purpose for purpose in PURPOSES} | dict(_queries.select_accounts(tx))


def name_accounts(tx: Transaction, named: Mapping[Purpose, str], *, by: str, at: datetime) -> Mapping[str, str]:
    """Say which accounts of the shop's books journals name from the next closing on. Facts: `book_accounts.named`.

    Raises:
        InvalidPosting: an account's name is empty, too long or not printable.
    """
    for purpose, account in sorted(named.items()):
        if not (0 < len(account.strip()) <= _LONGEST_ACCOUNT and account.isprintable()):
            remedy = f"give 1 to {_LONGEST_ACCOUNT} printable characters"
            raise InvalidPosting(field=purpose, value=account, remedy=remedy)
    known = account_names(tx)
    if all(known[purpose] == account for purpose, account in named.items()):
        return known
    for purpose, account in sorted(named.items()):
        _queries.upsert_account(tx, purpose=purpose, account=account)
    facts.record(tx, [facts.Fact("book_accounts.named", at, data={"accounts": dict(named), "by": by})], at=at)
    return account_names(tx)
