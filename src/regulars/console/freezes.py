"""Freezes: the accounts out of which nothing may be taken for now."""

from typing import Any, Final

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.response import Response

from regulars import members
from regulars.access import Permission
from regulars.console import _addresses, _pages
from regulars.console._kinds import Kinds
from regulars.console._visits import Visit, require
from regulars.ledger import desk

_ROWS: Final = 50


@get("/points/freezes", sync_to_thread=True)
def list_freezes(visit: NamedDependency[Visit], request: Request[Any, Any, Any]) -> Response[str]:
    """The accounts that are frozen, the latest first."""
    require(visit, Permission.AUDIT)
    text = request.query_params.get("before")
    before = _addresses.read_place("before", text) if text else None
    with visit.app.database.transaction(read_only=True) as tx:
        found = desk.frozen(tx, before=before, limit=_ROWS + 1)
        rows = found[:_ROWS]
        people = {one.member_id: one for one in members.find_all(tx, sorted({one.member_id for one in rows}))}
        kinds = Kinds.read(tx, visit.language)
    following = _addresses.write_place(rows[-1].frozen_at, rows[-1].account_id) if len(found) > _ROWS else None
    return _pages.page(visit, "freezes.html", rows=rows, people=people, kinds=kinds, before=before, following=following)


PAGES: Final = (list_freezes,)
