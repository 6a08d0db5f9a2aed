"""Promises: points that wait to be available, whosever they are; and whose open points lapse first."""

from datetime import datetime
from typing import Any, Final

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.response import Response

from regulars import ledger, members
from regulars.access import Permission
from regulars.console import _addresses, _pages
from regulars.console._kinds import USUAL, Kinds
from regulars.console._visits import Visit, require
from regulars.ledger import liability
from regulars.ledger.liability import Promised
from regulars.storage import Transaction

_ROWS: Final = 50
_Place = tuple[datetime, int, int]


@get("/points/promises", sync_to_thread=True)
def list_promises(visit: NamedDependency[Visit], request: Request[Any, Any, Any]) -> Response[str]:
    """What was promised and has not come; what matures first comes first. An event may be asked for."""
    require(visit, Permission.AUDIT)
    text, event = request.query_params.get("after"), request.query_params.get("event") or None
    after = _read_place(text) if text else None
    with visit.app.database.transaction(read_only=True) as tx:
        found = liability.promised(tx, at=visit.now, event=event, after=after, limit=_ROWS + 1)
        rows = found[:_ROWS]
        people = {one.member_id: one for one in members.find_all(tx, sorted({one.owner for one in rows}))}
        kinds = Kinds.read(tx, visit.language)
    following = _write_place(rows[-1]) if len(found) > _ROWS else None
    return _pages.page(
        visit, "promises.html", rows=rows, people=people, kinds=kinds, event=event, after=after, following=following
    )  # fmt: skip


def _write_place(last: Promised) -> str:
    return f"{_addresses.write_place(last.matures_at, last.account_id)}~{last.seq}"


def _read_place(text: str) -> _Place:
    place, _, number = text.rpartition("~")
    until, account_id = _addresses.read_place("after", place)
    return until, account_id, _addresses.whole("after", number, 1, 999_999_999)


@get("/points/expiring/members", sync_to_thread=True)
def list_expiring(visit: NamedDependency[Visit], request: Request[Any, Any, Any]) -> Response[str]:
    """Whose points lapse first."""
    require(visit, Permission.AUDIT)
    text = request.query_params.get("after")
    after = _addresses.read_place("after", text) if text else None

    def work(tx: Transaction) -> dict[str, Any]:
        known = tuple(one.point_type for one in ledger.totals(tx))
        kind = _addresses.one_of("type", request.query_params.get("type", USUAL), (*known, USUAL))
        found = liability.expiring_lots(tx, since=visit.now, point_type=kind, after=after, limit=_ROWS + 1)
        rows = found[:_ROWS]
        people = {one.member_id: one for one in members.find_all(tx, sorted({one.owner for one in rows}))}
        more = len(found) > _ROWS
        return {
            "rows": rows, "people": people, "kinds": Kinds.read(tx, visit.language), "kind": kind,
            "following": _addresses.write_place(rows[-1].expires_at, rows[-1].account_id) if more else None,
        }  # fmt: skip

    return _pages.page(visit, "expiring_members.html", after=after, **visit.app.read_past(work).found)


PAGES: Final = (list_promises, list_expiring)
