"""Trying the rules of the programme on a real past order: what it would earn today, rule by rule."""

from typing import Any, Final

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.response import Response

from regulars import commerce, programme
from regulars.commerce import Order, OrderNotFound
from regulars.console import _pages, _ranks
from regulars.console._visits import Visit
from regulars.programme import NoRate
from regulars.storage import Transaction
from regulars.types import MalformedId, from_public

_LATEST: Final = 8


@get("/programme/trial", sync_to_thread=True)
def try_rules(visit: NamedDependency[Visit], request: Request[Any, Any, Any]) -> Response[str]:
    """A form that asks for an order, by its number or our id, and what it would earn."""
    asked = str(request.query_params.get("order", "")).strip()
    refusal = trial = order = None
    with visit.app.database.transaction(read_only=True) as tx:
        found = _ranks.standing_programme(tx, visit.now)
        if found is None:
            return _pages.page(visit, "programme_empty.html")
        latest = [one for one in commerce.list_orders(tx, state="paid", limit=50) if one.member_id is not None][
            :_LATEST
        ]
        if asked:
            order = find_order(tx, asked)
            try:
                trial = programme.try_order(tx, found, order.order_id) if order else None
            except (NoRate, OrderNotFound) as error:
                refusal = error
    return _pages.page(
        visit, "programme_trial.html", programme=found, asked=asked, order=order, latest=latest, refusal=refusal,
        trial=trial, reasons=trial.reasons(visit.language.short, "operator") if trial else [],
    )  # fmt: skip


def find_order(tx: Transaction, asked: str) -> Order | None:
    """An order by its number or our id; None: there is no such."""
    try:
        return commerce.find_order(tx, from_public("ord", asked)).order
    except MalformedId:
        return next(iter(commerce.list_orders(tx, number=asked, limit=1)), None)
    except OrderNotFound:
        return None


PAGES: Final = (try_rules,)
