"""Orders: the list, and one order with all that came of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any, Final

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from regulars import commerce, members, programme
from regulars.commerce import Order, early
from regulars.console import _addresses, _pages
from regulars.console._visits import Visit
from regulars.facts import decisions
from regulars.storage import Transaction
from regulars.types import from_public

STATES: Final = ("paid", "unpaid", "cancelled", "returned")
_ROWS: Final = 50


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which orders an address asks for; None does not restrict."""

    number: str | None
    state: str | None
    start: date | None
    end: date | None
    """The last day wanted."""
    member: str | None
    before: tuple[datetime, int] | None

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Wanted":
        """Read a query.

        Raises:
            BadAddress: a part of it cannot be understood.
        """
        given = {name: text.strip() for name, text in query.items() if text.strip()}
        return cls(
            number=given.get("q"),
            state=_addresses.one_of("state", given["state"], STATES) if "state" in given else None,
            start=_addresses.day("from", given["from"]) if "from" in given else None,
            end=_addresses.day("to", given["to"]) if "to" in given else None,
            member=given.get("member"),
            before=_addresses.read_place("before", given["before"]) if "before" in given else None,
        )

    def query(self, **changes: str | None) -> dict[str, str | None]:
        """The query that asks for the same from the beginning, with some of it changed."""
        return {
            "q": self.number,
            "state": self.state,
            "from": self.start.isoformat() if self.start else None,
            "to": self.end.isoformat() if self.end else None,
            "member": self.member,
        } | changes

    @property
    def narrowed(self) -> bool:
        """Whether anything restricts."""
        return any(value is not None for value in (self.number, self.state, self.start, self.end, self.member))


@get("/orders", sync_to_thread=True)
def list_orders(visit: NamedDependency[Visit], request: Request[Any, Any, Any]) -> Response[str]:
    """Orders, the latest first."""
    wanted = Wanted.of(request.query_params)
    with visit.app.database.transaction(read_only=True) as tx:
        found = _find(tx, wanted, visit.zone)
        waiting = early.any_early(tx)
        buyers = {
            member.member_id: member
            for member in members.find_all(tx, [order.member_id for order in found if order.member_id is not None])
        }
    rows, more = found[:_ROWS], len(found) > _ROWS
    following = _addresses.write_place(rows[-1].placed_at, rows[-1].order_id) if more else None
    values: dict[str, Any] = {
        "wanted": wanted,
        "orders": rows,
        "buyers": buyers,
        "following": following,
        "states": STATES,
        "early": waiting,
    }
    answer = _pages.page(visit, "_orders.html" if visit.partial else "orders.html", **values)
    if visit.partial:
        answer.headers["HX-Replace-Url"] = _pages.query("/orders", wanted.query())
    return answer


def _find(tx: Transaction, wanted: Wanted, zone: tzinfo) -> list[Order]:
    return commerce.list_orders(
        tx,
        member_id=from_public("mem", wanted.member, field="member") if wanted.member else None,
        number=wanted.number,
        state=wanted.state,
        placed_from=_addresses.midnight(wanted.start, zone),
        placed_until=_addresses.midnight(wanted.end, zone, after=1),
        before=wanted.before,
        limit=_ROWS + 1,
    )


@get("/orders/{order:str}", sync_to_thread=True)
def show_order(visit: NamedDependency[Visit], order: FromPath[str]) -> Response[str]:
    """One order: its lines, what came back, how it was delivered, and the points it earned."""
    order_id = from_public("ord", order, field="order")
    with visit.app.database.transaction(read_only=True) as tx:
        detail = commerce.find_order(tx, order_id)
        buyer = members.find(tx, detail.order.member_id) if detail.order.member_id is not None else None
        award = next(iter(programme.awards_of(tx, [order_id])), None)
        kept = decisions.of_subject(tx, order_id, limit=20)
        why = programme.explain(tx, kept, language=visit.language.short, audience="operator")
    return _pages.page(
        visit, "order.html", detail=detail, order=detail.order, buyer=buyer, award=award, decisions=kept, why=why
    )
