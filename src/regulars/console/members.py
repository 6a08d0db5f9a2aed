"""Members: the directory with search and filters, its export, and one member's page."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Final

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response, Stream

from regulars import commerce, facts, insight, ledger, members, programme
from regulars.console import _addresses, _pages, _ranks, _timeline, _wanted, households
from regulars.console._visits import Visit
from regulars.console._wanted import Wanted
from regulars.insight import Filter, MemberRow
from regulars.storage import Transaction
from regulars.types import from_public, to_public

TABS: Final = ("timeline", "orders", "points")
_ROWS: Final = 50
_EXPORTED_AT_ONCE: Final = 500
_IN_MEMORY: Final = 4 * 1024 * 1024
"""Bytes of an export kept in memory; a longer one goes to a temporary file."""
_EXPORT: Final = (
    "member_id", "external_id", "name", "email", "country", "joined", "tier", "points", "orders", "spend", "currency",
    "last_purchase", "recency", "frequency", "money", "grade",
)  # fmt: skip


@get("/members", sync_to_thread=True)
def list_members(visit: NamedDependency[Visit], request: Request[Any, Any, Any]) -> Response[str]:
    """The members that fit, in the order asked for."""
    wanted = Wanted.of(request.query_params)
    frame = visit.app.frames.read(visit.app.database)
    chosen = wanted.filter(frame, visit.today)
    with visit.app.database.transaction(read_only=True) as tx:
        tiers = _ranks.tier_names(_ranks.standing_programme(tx), visit.language)
        found = insight.directory(
            tx, chosen, sort=wanted.sort, descending=wanted.descending, after=wanted.after, limit=_ROWS
        )
    answer = _pages.page(
        visit,
        "_members.html" if visit.partial else "members.html",
        wanted=wanted,
        page=found,
        tiers=tiers,
        grades=insight.GRADES,
        months=_wanted.months(frame),
        chips=_wanted.chips(visit, wanted, tiers),
    )
    if visit.partial:
        answer.headers["HX-Replace-Url"] = _pages.query("/members", wanted.query())
    return answer


@get("/members/export.csv", sync_to_thread=True)
def export_members(visit: NamedDependency[Visit], request: Request[Any, Any, Any]) -> Stream:
    """Every member that fits as a file for a spreadsheet, in the order of the list."""
    wanted = Wanted.of(request.query_params)
    chosen = wanted.filter(visit.app.frames.read(visit.app.database), visit.today)
    name = f"members-{visit.today.isoformat()}.csv"
    return Stream(
        _pieces(_spooled(_lines(visit, wanted, chosen))),
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def _spooled(lines: Iterable[str]) -> IO[bytes]:
    """The file, written before it is sent, in memory or on disk: a slow download would keep a connection for its time."""
    spool = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115  closed by `_pieces`, when it was sent
    for line in lines:
        spool.write(line.encode())
    spool.seek(0)
    return spool


def _pieces(spool: IO[bytes]) -> Iterator[bytes]:
    with spool:
        while piece := spool.read(1 << 16):
            yield piece


def _lines(visit: Visit, wanted: Wanted, chosen: Filter) -> Iterator[str]:
    yield "\ufeff" + _csv([_EXPORT])  # the mark tells a spreadsheet that it is UTF-8
    after: str | None = None
    with visit.app.database.transaction(read_only=True) as tx:
        while True:
            page = insight.directory(
                tx, chosen, sort=wanted.sort, descending=wanted.descending, after=after, limit=_EXPORTED_AT_ONCE
            )
            digits = visit.language.digits(page.currency)
            yield _csv([_exported(visit, row, page.currency or "", digits) for row in page.rows])
            after = page.next
            if after is None:
                return


def _exported(visit: Visit, row: MemberRow, currency: str, digits: int) -> Sequence[object]:
    return (
        to_public("mem", row.member_id), *map(harmless, (row.external_id, row.name, row.email, row.country)),
        row.joined_at.astimezone(visit.zone).date().isoformat(), row.tier, row.points, row.orders,
        Decimal(row.spend_minor).scaleb(-digits), currency, row.last_day, row.r, row.f, row.m, row.grade,
    )  # fmt: skip


def harmless(text: str | None) -> str | None:
    """A text no spreadsheet takes for a formula: one that begins like one gets an apostrophe, as OWASP advises."""
    return f"'{text}" if text and text[0] in "=+-@\t\r\n" else text


def _csv(rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


@get("/members/{member:str}", sync_to_thread=True)
def show_member(visit: NamedDependency[Visit], member: FromPath[str], request: Request[Any, Any, Any]) -> Response[str]:
    """One member: the portrait, points, tier, orders, and everything that happened."""
    member_id = from_public("mem", member, field="member")
    tab = _addresses.one_of("tab", request.query_params.get("tab", TABS[0]), TABS)
    with visit.app.database.transaction(read_only=True) as tx:
        known = members.find(tx, member_id)
        found = _ranks.standing_programme(tx)
        values: dict[str, Any] = {
            "member": known,
            "identities": members.identities(tx, member_id=member_id),
            "portrait": insight.portrait(tx, member_id),
            "tiers": _ranks.tier_names(found, visit.language),
            "balance": ledger.balance(tx, member_id, at=visit.now),
            "lots": ledger.lots(tx, member_id, at=visit.now),
            "progress": programme.standing(tx, member_id, at=visit.now) if found else None,
            "programme": found,
            "currency": found.currency if found else None,
            "tab": tab,
            "tabs": TABS,
            **households.shown(tx, visit, member_id),
        }
        before = request.query_params.get("before")
        if tab == "orders":
            values |= _orders(tx, member_id, before)
        elif tab == "points":
            values |= _points(tx, member_id, before)
        else:
            values |= _happened(tx, visit, member_id, before, _ranks.tier_names(found, visit.language))
    return _pages.page(visit, f"_member_{tab}.html" if visit.partial else "member.html", **values)


def _happened(
    tx: Transaction, visit: Visit, member_id: int, before: str | None, tiers: Mapping[str, str]
) -> dict[str, object]:
    place = _addresses.read_place("before", before) if before else None
    found = facts.timeline(tx, member_id=member_id, before=place, limit=_ROWS + 1)
    rows = found[:_ROWS]
    more = len(found) > _ROWS
    return {
        "days": _timeline.days(visit, rows, tiers, _timeline.shops_of(tx, visit, rows)),
        "following": _addresses.write_place(rows[-1].occurred_at, rows[-1].fact_id) if more else None,
    }


def _orders(tx: Transaction, member_id: int, before: str | None) -> dict[str, object]:
    place = _addresses.read_place("before", before) if before else None
    found = commerce.list_orders(tx, member_id=member_id, before=place, limit=_ROWS + 1)
    rows = found[:_ROWS]
    more = len(found) > _ROWS
    awards = programme.awards_of(tx, [order.order_id for order in rows])
    return {
        "orders": rows,
        "awards": {award.order_id: award for award in awards},
        "following": _addresses.write_place(rows[-1].placed_at, rows[-1].order_id) if more else None,
    }


def _points(tx: Transaction, member_id: int, before: str | None) -> dict[str, object]:
    place = _addresses.whole("before", before, 1, 999_999_999) if before else None
    found = ledger.statement(tx, member_id, before_seq=place, limit=_ROWS + 1)
    rows = found[:_ROWS]
    named = {entry.seq: order for entry in rows if (order := _timeline.order_of(entry.reference))}
    orders = commerce.find_orders(tx, sorted({from_public("ord", order) for order in named.values()}))
    told = {entry.seq: ledger.told(entry.reference) for entry in rows}
    whose = members.find_all(tx, sorted({one for _, one in told.values() if one is not None}))
    return {
        "told": told,
        "whose": {one.member_id: one for one in whose},
        "entries": rows,
        "named": named,
        "orders": {to_public("ord", order.order_id): order for order in orders},
        "following": rows[-1].seq if len(found) > _ROWS else None,
    }
