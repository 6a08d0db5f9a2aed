"""Holds: points set aside for checkouts, whosever they are."""

from datetime import datetime
from typing import Any, Final

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.response import Response

from regulars import members
from regulars.console import _addresses, _pages
from regulars.console._kinds import Kinds
from regulars.console._visits import Visit
from regulars.ledger import desk
from regulars.ledger.desk import OpenHold

_ROWS: Final = 50
_Place = tuple[datetime, int, int]


@get("/points/holds", sync_to_thread=True)
def list_holds(visit: NamedDependency[Visit], request: Request[Any, Any, Any]) -> Response[str]:
    """The open holds; those that end first come first."""
    text = request.query_params.get("after")
    after = _read_place(text) if text else None
    with visit.app.database.transaction(read_only=True) as tx:
        found = desk.open_holds(tx, at=visit.now, after=after, limit=_ROWS + 1)
        rows = found[:_ROWS]
        people = {one.member_id: one for one in members.find_all(tx, sorted({one.member_id for one in rows}))}
        kinds = Kinds.read(tx, visit.language)
    following = _write_place(rows[-1]) if len(found) > _ROWS else None
    return _pages.page(visit, "holds.html", rows=rows, people=people, kinds=kinds, after=after, following=following)


def _write_place(last: OpenHold) -> str:
    return f"{_addresses.write_place(last.held_until, last.account_id)}~{last.seq}"


def _read_place(text: str) -> _Place:
    place, _, number = text.rpartition("~")
    until, account_id = _addresses.read_place("after", place)
    return until, account_id, _addresses.whole("after", number, 1, 999_999_999)


PAGES: Final = (list_holds,)
