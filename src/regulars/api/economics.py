"""The economics of points: what they are worth, how many will be redeemed, a month's deferred revenue and its journal."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import IO, Any, Final

import msgspec
from litestar import Response
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.response import Stream

from regulars.access import Permission
from regulars.api._calls import Call
from regulars.api._economics import (
    BookAccounts,
    Booking,
    BooksPeriod,
    Breakage,
    IssueMonth,
    KnownPointValue,
    NewPointValue,
    OfBackTest,
    OfJournal,
    OfJournalFile,
    OfKind,
    OfPeriods,
    PointsValuation,
    Reopening,
    shown_books,
    shown_breakage,
    shown_closing,
    shown_line,
    shown_months,
    shown_valuation,
    shown_value,
)
from regulars.api._files import sent, spooled
from regulars.api._paging import Page, from_cursor, page_of
from regulars.api._points import OfType
from regulars.api._routes import creating, reading
from regulars.api._shapes import ImpossibleDate, sensible_day
from regulars.insight import BadCursor, economics
from regulars.insight.economics import BooksDisagree, JournalLine, NothingRedeemed
from regulars.ledger import InvalidPosting, periods
from regulars.ledger.periods import (
    BadPeriod,
    BadPointValue,
    PeriodClosed,
    PeriodNotClosed,
    PeriodNotLast,
    PeriodNotOver,
    PeriodOutOfTurn,
    PeriodUnknown,
    PointValue,
    PointValueMissing,
)
from regulars.storage import Transaction
from regulars.types import to_public

TAG: Final = "Economics"
_MEDIA: Final = {"csv": "text/csv", "jsonl": "application/x-ndjson"}


def _named(period: str) -> date:
    """The month that an address names.

    Raises:
        PeriodUnknown: it names none.
    """
    try:
        return periods.read_period(period)
    except BadPeriod as error:
        raise PeriodUnknown(period=repr(period)) from error


def _by(call: Call) -> str:
    return to_public("key", call.key.key_id)


@reading("/economics/liability", tag=TAG, permission=Permission.AUDIT, refusals=[PointValueMissing])
def read_points_valuation(call: Call, asked: NamedDependency[OfType]) -> Response[PointsValuation]:
    """Read what the points that members have are worth now, less what is expected never to be redeemed.

    It reads every entry of that kind of points: about 10 s a million on two busy cores.
    """
    at = call.app.clock()
    return call.read_past(lambda tx: shown_valuation(economics.valued(tx, asked.point_type, at=at)))


@reading("/economics/cohorts", tag=TAG, permission=Permission.AUDIT, refusals=[PointValueMissing])
def list_issue_months(call: Call, asked: NamedDependency[OfType]) -> Response[Page[IssueMonth]]:
    """List the points of each month, the earliest first: redeemed, expired, there, and how many will be redeemed."""
    at = call.app.clock()
    return call.read_past(lambda tx: Page(shown_months(economics.valued(tx, asked.point_type, at=at).estimate), None))


@reading("/economics/breakage", tag=TAG, permission=Permission.AUDIT, refusals=[PointValueMissing])
def read_breakage(call: Call, asked: NamedDependency[OfBackTest]) -> Response[Breakage]:
    """Read how points are redeemed with age, and what would have been expected some months ago beside what has happened."""
    at = call.app.clock()
    return call.read_past(
        lambda tx: shown_breakage(economics.valued(tx, asked.point_type, at=at, months=asked.months))
    )  # fmt: skip


@reading("/economics/values", tag=TAG, permission=Permission.AUDIT)
def list_point_values(call: Call, asked: NamedDependency[OfType]) -> Response[Page[KnownPointValue]]:
    """List what points of a kind are worth, and were, the latest first."""
    return call.read(lambda tx: Page([shown_value(one) for one in periods.values(tx, asked.point_type)], None))


@creating(
    "/economics/values",
    tag=TAG,
    permission=Permission.CONFIGURE,
    refusals=[BadPointValue, NothingRedeemed, ImpossibleDate],
)
def set_point_value(call: Call, data: JSONBody[NewPointValue]) -> Response[KnownPointValue]:
    """Say what points are worth from a day on. The same again changes nothing; a day in a closed month is refused."""
    sensible_day("effective_from", data.effective_from)

    def work(tx: Transaction, at: datetime) -> KnownPointValue:
        worth = data.minor_per_million
        given = PointValue(
            data.point_type,
            data.effective_from,
            data.currency,
            economics.redemption_value(tx, data.point_type, data.currency, at=at) if worth is None else worth,
            "redemption" if worth is None else "by_hand",
            data.method,
            data.note,
            at,
            _by(call),
        )
        return shown_value(periods.set_value(tx, given, at=at))

    return call.write(work)


@reading("/economics/accounts", tag=TAG, permission=Permission.AUDIT)
def read_book_accounts(call: Call) -> Response[BookAccounts]:
    """Read which accounts of the shop's own books journals name."""
    return call.read(lambda tx: BookAccounts(**periods.account_names(tx)))


@creating("/economics/accounts", tag=TAG, permission=Permission.CONFIGURE, refusals=[InvalidPosting])
def name_book_accounts(call: Call, data: JSONBody[BookAccounts]) -> Response[BookAccounts]:
    """Say which accounts journals name, from the next closing on; those left out stay as they are."""
    named: Any = {name: account for name, account in msgspec.structs.asdict(data).items() if account is not None}
    return call.write(lambda tx, at: BookAccounts(**periods.name_accounts(tx, named, by=_by(call), at=at)))


@reading("/economics/periods", tag=TAG, permission=Permission.AUDIT, refusals=[BadCursor])
def list_periods(call: Call, asked: NamedDependency[OfPeriods]) -> Response[Page[BooksPeriod]]:
    """List the months as they were closed, the latest first; those opened again, too."""
    place = from_cursor(asked.after, tuple[str, int])

    def work(tx: Transaction) -> Page[BooksPeriod]:
        known = [shown_closing(one) for one in periods.closings(tx, asked.point_type, standing=False)]
        later = [one for one in known if place is None or (one.period, one.closing or 0) < place]
        return page_of(later[: asked.limit + 1], asked.limit, lambda one: one, lambda last: (last.period, last.closing))

    return call.read(work)


@reading(
    "/economics/periods/{period:str}",
    tag=TAG,
    permission=Permission.AUDIT,
    refusals=[PeriodUnknown, PointValueMissing, PeriodOutOfTurn, BooksDisagree],
)
def read_period(call: Call, period: FromPath[str], asked: NamedDependency[OfType]) -> Response[BooksPeriod]:
    """Read a month's roll-forward: as it was closed, or as it would be now."""
    month = _named(period)

    def work(tx: Transaction) -> BooksPeriod:
        books, closed = economics.read_books(tx, month, asked.point_type)
        return shown_closing(closed) if closed else shown_books(asked.point_type, month, books)

    return call.read_past(work)


@creating(
    "/economics/periods/{period:str}/closing",
    tag=TAG,
    permission=Permission.CONFIGURE,
    refusals=[PeriodUnknown, PeriodNotOver, PeriodClosed, PeriodOutOfTurn, PointValueMissing, BooksDisagree],
)
def close_period(call: Call, period: FromPath[str], data: JSONBody[OfKind | None] = None) -> Response[BooksPeriod]:
    """Close a month. What is posted later belongs to the next one, whenever it happened."""
    month, kind = _named(period), data.point_type if data else "points"
    return call.write(lambda tx, at: shown_closing(economics.close(tx, month, kind, by=_by(call), at=at)))


@creating(
    "/economics/periods/{period:str}/reopening",
    tag=TAG,
    permission=Permission.CONFIGURE,
    refusals=[PeriodUnknown, PeriodNotClosed, PeriodNotLast, InvalidPosting],
)
def reopen_period(call: Call, period: FromPath[str], data: JSONBody[Reopening]) -> Response[BooksPeriod]:
    """Open the last closed month again, with a reason. Its journal is turned round, and it is closed anew."""
    month = _named(period)
    return call.write(
        lambda tx, at: shown_closing(
            periods.reopen(tx, data.point_type, month, by=_by(call), because=data.because, at=at)
        )
    )


@reading("/economics/journal", tag=TAG, permission=Permission.AUDIT, refusals=[BadPeriod])
def list_bookings(call: Call, asked: NamedDependency[OfJournal]) -> Response[Page[Booking]]:
    """List what closed months are booked as, the earliest first: debits are credits, journal by journal."""
    return call.read(lambda tx: Page([shown_line(one) for one in _journal(tx, asked)], None))


@reading(
    "/economics/journal/export",
    tag=TAG,
    permission=Permission.AUDIT,
    refusals=[BadPeriod],
    files=list(_MEDIA.values()),
)
def export_journal(call: Call, asked: NamedDependency[OfJournalFile]) -> Stream:
    """Export what closed months are booked as. The same months give the same numbers, however often."""

    def work(tx: Transaction) -> IO[bytes]:
        lines = _journal(tx, asked)
        if asked.format == "csv":
            return spooled([economics.journal_csv(lines)])
        return spooled(f"{msgspec.json.encode(shown_line(one)).decode()}\n" for one in lines)

    at = call.app.clock()
    spool = call.past_of(at, call.app.read_past(work))
    name = f"journal-{asked.point_type}-{asked.period or at.date().isoformat()}.{asked.format}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Stream(sent(spool), media_type=_MEDIA[asked.format], headers=headers)


def _journal(tx: Transaction, asked: OfJournal) -> Sequence[JournalLine]:
    month = None if asked.period is None else periods.read_period(asked.period)
    return economics.journal(periods.closings(tx, asked.point_type, period=month, standing=False))


HANDLERS = (
    read_points_valuation,
    list_issue_months,
    read_breakage,
    list_point_values,
    set_point_value,
    read_book_accounts,
    name_book_accounts,
    list_periods,
    read_period,
    close_period,
    reopen_period,
    list_bookings,
    export_journal,
)
