"""The economics of points: what they are worth, how they are redeemed with age, and the months of their books."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Response, Stream

from regulars import ledger
from regulars.access import Permission
from regulars.console import _addresses, _downloads, _pages
from regulars.console._addresses import BadAddress
from regulars.console._curves import Scale
from regulars.console._given import Form
from regulars.console._kinds import USUAL, Kinds
from regulars.console._visits import Visit, require
from regulars.errors import RegularsError
from regulars.insight import economics
from regulars.insight.economics import BooksDisagree, NothingRedeemed, Valuation
from regulars.ledger import InvalidPosting, periods
from regulars.ledger.periods import (
    BadPeriod,
    BadPointValue,
    Books,
    Closing,
    PeriodClosed,
    PeriodNotClosed,
    PeriodNotLast,
    PeriodNotOver,
    PeriodOutOfTurn,
    PointValue,
    PointValueMissing,
    month_of,
    number_of,
)
from regulars.storage import Transaction

METHODS: Final = ("chain_ladder", "beta_geometric", "no_breakage")
_REFUSALS: Final = (
    BadAddress, BadPeriod, BadPointValue, BooksDisagree, InvalidPosting, NothingRedeemed, PeriodClosed, PeriodNotClosed, PeriodNotLast,
    PeriodNotOver, PeriodOutOfTurn, PointValueMissing,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pictures:
    """The curves of a valuation, each in a box 100 wide and 100 high."""

    most: float
    line: str
    band: str
    modelled: str
    tested_most: float
    expected: str
    expected_band: str
    happened: str


@get("/points/economics", sync_to_thread=True)
def show_economics(visit: NamedDependency[Visit], request: Request[Any, Any, Any]) -> Response[str]:
    """What points are worth, and the months of their books."""
    require(visit, Permission.AUDIT)
    return _page(visit, request.query_params.get("type") or USUAL, request.query_params.get("period"))


def _page(
    visit: Visit,
    kind: str,
    period: str | None,
    refused: RegularsError | None = None,
    values: Mapping[str, str] | None = None,
) -> Response[str]:
    asked = None if period is None else periods.read_period(period)
    with visit.app.database.transaction(read_only=True) as tx:
        known = sorted({USUAL, *(one.point_type for one in ledger.totals(tx))})
        kind = _addresses.one_of("type", kind, tuple(known))
        closed = list(periods.closings(tx, kind, standing=False))
        standing = [one for one in closed if one.reopened_at is None]
        chosen = next((one for one in standing if asked in {None, one.period}), None)
        following, worth = _next(visit, standing), periods.values(tx, kind)
        preview = following if worth and asked is not None and asked == following else None
        drawn, trouble = _preview(tx, kind, preview) if preview else (None, None)
        refused = refused or trouble
        found: dict[str, Any] = {
            "books": chosen.books if chosen else drawn,
            "month": chosen.period if chosen else preview if drawn else None,
            "kinds": Kinds.read(tx, visit.language),
            "values": worth,
            "closed": closed,
            "standing": standing,
            "chosen": chosen,
            "next": following,
            "known": known,
        }
    said = None if refused is None else _told(visit, refused)
    return _pages.page(
        visit,
        "economics.html",
        status=422 if refused else 200,
        kind=kind,
        methods=METHODS,
        refusal=said,
        wrong=str(refused.details.get("field")) if refused else "",
        given=_blank(visit, found) | dict(values or {}),
        owed=[float(one.books.rolled.closing_minor) for one in reversed(standing)],
        **found,
    )


def _preview(tx: Transaction, kind: str, month: date) -> tuple[Books | None, RegularsError | None]:
    """A month as it would be closed now, or why it cannot be."""
    try:
        return economics.read_books(tx, month, kind)[0], None
    except (BooksDisagree, PointValueMissing) as refused:
        return None, refused


def _next(visit: Visit, standing: Sequence[Closing]) -> date | None:
    """The month that can be closed now; None: none is over."""
    now = number_of(visit.now.astimezone(UTC).date())
    following = number_of(standing[0].period) + 1 if standing else now - 1
    return month_of(following) if following < now else None


def _blank(visit: Visit, found: Mapping[str, Any]) -> dict[str, str]:
    last: PointValue | None = next(iter(found["values"]), None)
    money = last.currency if last else next((shop.currency for shop in visit.shops), "")
    method = last.method if last else METHODS[0]
    return {"from": visit.today.isoformat(), "currency": money, "worth": "", "method": method, "note": ""}


@get("/points/economics/outlook", sync_to_thread=True)
def show_outlook(visit: NamedDependency[Visit], request: Request[Any, Any, Any]) -> Response[str]:
    """What the points are worth now: every entry is read for it, so the page asks for it by itself."""
    require(visit, Permission.AUDIT)

    def work(tx: Transaction) -> dict[str, Any]:
        known = tuple({USUAL, *(one.point_type for one in ledger.totals(tx))})
        kind = _addresses.one_of("type", request.query_params.get("type") or USUAL, known)
        found = economics.valued(tx, kind, at=visit.now) if periods.values(tx, kind) else None
        return {"found": found, "kind": kind, "kinds": Kinds.read(tx, visit.language)}

    read = visit.app.read_past(work).found
    drawn = _pictures(read["found"]) if read["found"] else None
    name = "_economics_outlook.html" if visit.partial else "economics_outlook.html"
    return _pages.page(visit, name, drawn=drawn, month_of=month_of, **read)


def _pictures(found: Valuation) -> Pictures:
    curve, tested = found.estimate.curve, found.back_test
    course = tested.course if tested else []
    most = max((max(age.redeemed + 1.96 * age.error, age.modelled or 0) for age in curve), default=0) or 1
    highest = max((max(one.high, one.happened) for one in course), default=0) or 1
    shares, ahead = Scale(len(curve), most), Scale(len(course) + 1, highest)
    return Pictures(
        most,
        shares.line([age.redeemed for age in curve]),
        shares.band(
            [age.redeemed - 1.96 * age.error for age in curve], [age.redeemed + 1.96 * age.error for age in curve]
        ),
        shares.line([age.modelled for age in curve]),
        highest,
        ahead.line([0, *(one.expected for one in course)]) if course else "",
        ahead.band([0, *(one.low for one in course)], [0, *(one.high for one in course)]) if course else "",
        ahead.line([0, *(one.happened for one in course)]) if course else "",
    )


@post("/points/economics/value", sync_to_thread=True, status_code=200)
def set_value(visit: NamedDependency[Visit], data: Form) -> Response[Any]:
    """Say what points are worth from a day on."""
    by = require(visit, Permission.CONFIGURE)
    kind = data.get("type", USUAL)
    try:
        with visit.app.database.transaction() as tx:
            periods.set_value(tx, _given(tx, visit, kind, data, by), at=visit.now)
    except _REFUSALS as refused:
        return _page(
            visit,
            USUAL if isinstance(refused, BadPointValue) and refused.details["field"] == "point_type" else kind,
            None,
            refused,
            data,
        )
    return Redirect(_pages.query("/points/economics", type=None if kind == USUAL else kind), status_code=303)


def _given(tx: Transaction, visit: Visit, kind: str, data: Mapping[str, str], by: str) -> PointValue:
    currency = data.get("currency", "").strip().upper()
    text = data.get("worth", "").strip()
    worth = _worth(visit, text, currency) if text else economics.redemption_value(tx, kind, currency, at=visit.now)
    return PointValue(
        kind,
        _addresses.day("effective_from", data.get("from", "").strip()),
        currency,
        worth,
        "by_hand" if text else "redemption",
        _addresses.one_of("method", data.get("method", ""), METHODS),
        data.get("note", "").strip(),
        visit.now,
        by,
    )


def _worth(visit: Visit, text: str, currency: str) -> int:
    """What a thousand points are worth, as a person writes it, as minor units for a million."""
    try:
        worth = Decimal(text.replace(",", "")).scaleb(visit.language.digits(currency)) * 1000
        exact = int(worth) if worth.is_finite() and len(text) <= 16 else 0
    except InvalidOperation:
        exact = 0
    if exact <= 0:
        raise BadPointValue(field="minor_per_million", value=text, remedy="give an amount above 0")
    return exact


@post("/points/economics/{period:str}/{step:str}", sync_to_thread=True, status_code=200)
def step_period(visit: NamedDependency[Visit], period: FromPath[str], step: FromPath[str], data: Form) -> Response[Any]:
    """Close a month, or open it again."""
    by, kind = require(visit, Permission.CONFIGURE), data.get("type", USUAL)
    wanted = _addresses.one_of("step", step, ("closing", "reopening"))
    try:
        month = periods.read_period(period)
        with visit.app.database.transaction() as tx:
            if wanted == "closing":
                economics.close(tx, month, kind, by=by, at=visit.now)
            else:
                periods.reopen(tx, kind, month, by=by, because=data.get("because", "").strip(), at=visit.now)
    except _REFUSALS as refused:
        return _page(visit, kind, None, refused)
    shown = period if wanted == "closing" else None
    return Redirect(
        _pages.query("/points/economics", type=None if kind == USUAL else kind, period=shown), status_code=303
    )  # fmt: skip


@get("/points/economics/journal", sync_to_thread=True)
def export_journal(visit: NamedDependency[Visit], request: Request[Any, Any, Any]) -> Stream:
    """The journal of closed months as a file."""
    require(visit, Permission.AUDIT)
    kind, period = request.query_params.get("type") or USUAL, request.query_params.get("period")
    month = None if period is None else periods.read_period(period)
    with visit.app.database.transaction(read_only=True) as tx:
        lines = economics.journal(periods.closings(tx, kind, period=month, standing=False))
    return _downloads.table(f"journal-{period or visit.today.isoformat()}.csv", [economics.journal_csv(lines)])


def _told(visit: Visit, error: RegularsError) -> str:
    """A refusal in words that say what would do."""
    _ = visit.language.gettext
    words: Mapping[type[RegularsError], str] = {
        PeriodClosed: _("Somebody has closed this month in the meantime."),
        PeriodNotOver: _("This month is not over yet, in UTC."),
        PeriodOutOfTurn: _("Another month has to be closed first."),
        PeriodNotClosed: _("This month is open."),
        PeriodNotLast: _("A later month is closed. Open that one first."),
        PointValueMissing: _("Say first what points were worth in this month."),
        NothingRedeemed: _("Nothing was redeemed in this currency in the last year. Give the value by hand."),
        InvalidPosting: _("Give a reason of 1 to 500 letters on one line."),
        BooksDisagree: _("The books do not come to the ledger's total. Look at the proof."),
    }
    fields = {
        "effective_from": _("Give a day in a month that is not closed."),
        "currency": _("Give a currency such as GBP; the books keep the one they began with."),
        "minor_per_million": _("Give an amount of money above 0."),
        "note": _("Give a note of at most 500 letters on one line."),
    }
    return words.get(type(error)) or fields.get(str(error.details.get("field")), str(error))


PAGES: Final = (show_economics, show_outlook, set_value, step_period, export_journal)
