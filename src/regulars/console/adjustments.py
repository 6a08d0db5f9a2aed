"""Adjustments: points given or taken by hand; what waits for a second person, and what became of the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Final

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Redirect, Response

from regulars import members
from regulars.access import Permission
from regulars.console import _addresses, _pages
from regulars.console._kinds import Kinds
from regulars.console._refusals import REFUSALS, told
from regulars.console._visits import Visit, require
from regulars.errors import RegularsError
from regulars.ledger import desk
from regulars.ledger.desk import Account, Adjustment, AdjustmentState
from regulars.members import Member
from regulars.storage import Transaction
from regulars.types import from_public, to_public

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]

STATES: Final[tuple[AdjustmentState, ...]] = ("waiting", "posted", "rejected")
_ROWS: Final = 50
_WAITING: Final = 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which adjustments an address asks for; None does not restrict."""

    state: AdjustmentState | None
    member: str | None
    start: date | None
    end: date | None
    """The last day wanted."""
    before: tuple[datetime, int] | None

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Wanted":
        """Read a query.

        Raises:
            BadAddress: a part of it cannot be understood.
        """
        given = {name: text.strip() for name, text in query.items() if text.strip()}
        return cls(
            state=_state(given["state"]) if "state" in given else None,
            member=given.get("member"),
            start=_addresses.day("from", given["from"]) if "from" in given else None,
            end=_addresses.day("to", given["to"]) if "to" in given else None,
            before=_addresses.read_place("before", given["before"]) if "before" in given else None,
        )

    def query(self, **changes: str | None) -> dict[str, str | None]:
        """The query that asks for the same from the beginning, with some of it changed."""
        return {
            "state": self.state,
            "member": self.member,
            "from": self.start.isoformat() if self.start else None,
            "to": self.end.isoformat() if self.end else None,
        } | changes

    @property
    def narrowed(self) -> bool:
        """Whether anything restricts."""
        return any(value is not None for value in (self.state, self.member, self.start, self.end))


def _state(text: str) -> AdjustmentState:
    state: AdjustmentState = _addresses.one_of("state", text, STATES)
    return state


@dataclass(frozen=True, slots=True)
class Shown:
    """An adjustment, whose it is, and what their account holds now."""

    one: Adjustment
    member: Member | None
    account: Account | None

    @property
    def now(self) -> int:
        """What can be spent now."""
        return self.account.balance.available if self.account else 0

    @property
    def after(self) -> int:
        """What could be spent once it is posted: a debt is paid first; below 0 it cannot be posted."""
        debt = self.account.balance.debt if self.account else 0
        return self.now + self.one.amount - (min(debt, self.one.amount) if self.one.amount > 0 else 0)


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a decision was not made, on which adjustment, and what was typed."""

    adjustment_id: int
    says: str
    because: str


@get("/points/adjustments", sync_to_thread=True)
def list_adjustments(visit: NamedDependency[Visit], request: Request[Any, Any, Any]) -> Response[str]:
    """What waits for a second person, and what was given or taken by hand, the latest first."""
    require(visit, Permission.AUDIT)
    return _listed(visit, Wanted.of(request.query_params), done=request.query_params.get("done"))


def _listed(visit: Visit, wanted: Wanted, *, done: str | None = None, refused: Refused | None = None) -> Response[str]:
    with visit.app.database.transaction(read_only=True) as tx:
        found = desk.adjustments(
            tx,
            state=wanted.state,
            member_id=from_public("mem", wanted.member, field="member") if wanted.member else None,
            since=_addresses.midnight(wanted.start, visit.zone),
            until=_addresses.midnight(wanted.end, visit.zone, after=1),
            before=wanted.before,
            limit=_ROWS + 1,
        )
        waiting = () if visit.partial else desk.waiting(tx, limit=_WAITING + 1)
        kinds = Kinds.read(tx, visit.language)
        values: dict[str, Any] = {
            "rows": _shown(tx, visit, found[:_ROWS]),
            "queue": _shown(tx, visit, waiting[:_WAITING]),
        }
    last = found[_ROWS - 1] if len(found) > _ROWS else None
    values |= {
        "wanted": wanted, "states": STATES, "kinds": kinds, "done": done, "refused": refused,
        "more_waiting": len(waiting) > _WAITING,
        "following": _addresses.write_place(last.proposed_at, last.adjustment_id) if last else None,
    }  # fmt: skip
    name = "_adjustments.html" if visit.partial else "adjustments.html"
    answer = _pages.page(visit, name, status=409 if refused else 200, **values)
    if visit.partial:
        answer.headers["HX-Replace-Url"] = _pages.query("/points/adjustments", wanted.query())
    return answer


def _shown(tx: Transaction, visit: Visit, found: Sequence[Adjustment]) -> list[Shown]:
    people = {one.member_id: one for one in members.find_all(tx, sorted({one.member_id for one in found}))}
    open_ones = [(one.member_id, one.point_type) for one in found if one.decision is None]
    accounts = desk.balances(tx, open_ones, at=visit.now) if open_ones else {}
    return [Shown(one, people.get(one.member_id), accounts.get((one.member_id, one.point_type))) for one in found]


@get("/points/adjustments/{adjustment:str}", sync_to_thread=True)
def show_adjustment(
    visit: NamedDependency[Visit], adjustment: FromPath[str], request: Request[Any, Any, Any]
) -> Response[str]:
    """One adjustment: who asked for it and why, and who decided."""
    require(visit, Permission.AUDIT)
    return _one(visit, _adjustment_id(adjustment), done=request.query_params.get("done"))


def _adjustment_id(text: str) -> int:
    return from_public("adj", text, field="adjustment")


def _one(visit: Visit, adjustment_id: int, *, done: str | None = None, refused: Refused | None = None) -> Response[str]:
    with visit.app.database.transaction(read_only=True) as tx:
        [shown] = _shown(tx, visit, [desk.adjustment(tx, adjustment_id)])
        kinds = Kinds.read(tx, visit.language)
    return _pages.page(
        visit, "adjustment.html", status=409 if refused else 200, shown=shown, kinds=kinds, done=done, refused=refused
    )


@post("/points/adjustments/{adjustment:str}/decision", sync_to_thread=True)
def decide_adjustment(visit: NamedDependency[Visit], adjustment: FromPath[str], data: Form) -> Response[Any]:
    """Approve an adjustment, reject it, or withdraw one's own."""
    by, adjustment_id = require(visit, Permission.GIVE), _adjustment_id(adjustment)
    decision = _addresses.one_of("decision", data.get("decision", ""), ("posted", "rejected"))
    because = data.get("because", "").strip()
    try:
        with visit.app.database.transaction() as tx:
            if decision == "posted":
                desk.approve(tx, adjustment_id, by=by, at=visit.now, because=because or None)
            else:
                desk.reject(tx, adjustment_id, by=by, at=visit.now, because=because)
    except REFUSALS as error:
        return _refuse(visit, adjustment_id, error, because, back=data.get("back", ""))
    return Redirect(f"{_place(adjustment, data)}?done={decision}", status_code=303)


def _place(adjustment: str, data: Mapping[str, str]) -> str:
    """Where a decision is told: where it was made."""
    return f"/points/adjustments/{adjustment}" if data.get("back") == "one" else "/points/adjustments"


def _refuse(visit: Visit, adjustment_id: int, error: RegularsError, because: str, *, back: str) -> Response[str]:
    with visit.app.database.transaction(read_only=True) as tx:
        refused = Refused(adjustment_id, told(Kinds.read(tx, visit.language), error), because)
    if back == "one":
        return _one(visit, adjustment_id, refused=refused)
    return _listed(visit, Wanted.of({}), refused=refused)


def place_of(adjustment_id: int) -> str:
    """The page of an adjustment."""
    return f"/points/adjustments/{to_public('adj', adjustment_id)}"


PAGES: Final = (list_adjustments, show_adjustment, decide_adjustment)
