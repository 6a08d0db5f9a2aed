"""Returns that wait for their orders, and giving up on one that was a mistake."""

from typing import Any, Final

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Response

from regulars import commerce
from regulars.access import Permission
from regulars.commerce import early
from regulars.console import _addresses, _pages
from regulars.console._given import Form
from regulars.console._visits import Visit, require
from regulars.types import from_public

_ROWS: Final = 50


@get("/orders/waiting", sync_to_thread=True)
def list_early(visit: NamedDependency[Visit], request: Request[Any, Any, Any]) -> Response[str]:
    """Returns whose orders are not here, the latest first."""
    text = request.query_params.get("before")
    before = _addresses.read_place("before", text) if text else None
    with visit.app.database.transaction(read_only=True) as tx:
        found = early.listed(tx, before=before, limit=_ROWS + 1)
        shops = {shop.shop_id: shop for shop in commerce.shops(tx)}
    rows = found[:_ROWS]
    following = _addresses.write_place(rows[-1].told_at, rows[-1].return_id) if len(found) > _ROWS else None
    told = list(zip(rows, early.documents(rows), strict=True))
    return _pages.page(
        visit, "early.html", told=told, amount=early.amount, shops=shops, before=before, following=following
    )


@post("/orders/waiting/{return_id:str}/discard", sync_to_thread=True)
def discard_early(visit: NamedDependency[Visit], return_id: FromPath[str], data: Form) -> Redirect:
    """Give up on one of them."""
    del data
    by = require(visit, Permission.RECORD)
    with visit.app.database.transaction() as tx:
        early.discard(tx, from_public("ret", return_id, field="return"), at=visit.now, by=by)
    return Redirect("/orders/waiting", status_code=303)


PAGES: Final = (list_early, discard_early)
