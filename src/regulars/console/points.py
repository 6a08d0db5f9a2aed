"""Points: what the shop owes, what came and went, and what will lapse."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.response import Response

from regulars import ledger, programme
from regulars.access import Permission
from regulars.console import _addresses, _columns, _pages
from regulars.console._columns import Columns
from regulars.console._kinds import USUAL, Kinds
from regulars.console._visits import Visit, require
from regulars.ledger import Totals, liability
from regulars.ledger.liability import Expiring, Flow, Step
from regulars.storage import Transaction

PERIODS: Final = ("30", "90", "365", "all")
MONTHS: Final = 12
"""How many months have a bar of their own: from this one on, or from the first in which anything lapses."""

_FEW_MONTHS: Final = 3
"""As long as there are fewer, the picture is of 30 days unless another is asked for."""

_LONG: Final = 800
"""From how many days on a step of the picture is a month."""


@dataclass(frozen=True, slots=True)
class Course:
    """What came and went by step, as a picture."""

    step: Step
    flows: list[Flow]
    columns: Columns


@dataclass(frozen=True, slots=True)
class Outlook:
    """What will lapse, month by month, and after that."""

    months: list[Expiring]
    later: int
    never: int
    quiet: bool
    """Whether nothing lapses before the first of them."""

    @property
    def most(self) -> int:
        """The longest bar."""
        return max(self.later, self.never, *(one.points for one in self.months))

    @property
    def whole(self) -> int:
        """All open points."""
        return sum(one.points for one in self.months) + self.later + self.never


@get("/points", sync_to_thread=True)
def show_points(visit: NamedDependency[Visit], request: Request[Any, Any, Any]) -> Response[str]:
    """What the shop owes in points, and how it came about."""
    require(visit, Permission.AUDIT)
    asked = request.query_params.get("period")
    chosen_period = _addresses.one_of("period", asked, PERIODS) if asked else None

    def work(tx: Transaction) -> dict[str, Any]:
        totals = ledger.totals(tx)
        kind = _chosen(request, totals)
        chosen = next((one for one in totals if one.point_type == kind), None)
        months = liability.flows(tx, since=None, until=_tomorrow(visit), step="month", point_type=kind)
        period = chosen_period or (PERIODS[0] if len(months) < _FEW_MONTHS else PERIODS[1])
        since, step = _range(visit, period, months)
        found = liability.flows(tx, since=since, until=_tomorrow(visit), step=step, point_type=kind)
        return {
            "totals": totals, "chosen": chosen, "kind": kind, "kinds": Kinds.read(tx, visit.language), "period": period,
            "course": _course(found, step),
        }  # fmt: skip

    return _pages.page(visit, "points.html", periods=PERIODS, **visit.app.read_past(work).found)


def _chosen(request: Request[Any, Any, Any], totals: list[Totals]) -> str:
    """The kind asked for; else the usual one, or whichever there is."""
    known = tuple(one.point_type for one in totals)
    asked = request.query_params.get("type")
    if asked is not None:
        return _addresses.one_of("type", asked, (*known, USUAL))
    return USUAL if USUAL in known or not known else known[0]


def _range(visit: Visit, period: str, months: list[Flow]) -> tuple[date | None, Step]:
    """From which day on, None from the first, and in which steps."""
    today = visit.now.astimezone(UTC).date()
    if period == "all":
        return None, _step((today - months[0].start).days) if months else "day"
    days = int(period)
    return today - timedelta(days=days - 1), _step(days)


def _step(days: int) -> Step:
    if days <= 100:
        return "day"
    return "week" if days <= _LONG else "month"


def _tomorrow(visit: Visit) -> datetime:
    """The end of today, in UTC."""
    today = visit.now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today + timedelta(days=1)


def _course(flows: list[Flow], step: Step) -> Course:
    ups = [(flow.issued, flow.given_back) for flow in flows]
    downs = [(flow.spent, flow.expired, flow.taken_back) for flow in flows]
    return Course(step, flows, _columns.columns(ups, downs))


@get("/points/expiring", sync_to_thread=True)
def show_expiring(visit: NamedDependency[Visit], request: Request[Any, Any, Any]) -> Response[str]:
    """What will lapse in the months to come: every open lot is read for it, so the page asks for it by itself."""
    require(visit, Permission.AUDIT)

    def work(tx: Transaction) -> dict[str, Any]:
        kind = _chosen(request, ledger.totals(tx))
        zone = programme.time_zone(tx, at=visit.now)
        found = liability.expiring(tx, at=visit.now, time_zone=zone, point_type=kind)
        return {"outlook": _outlook(found, visit.today), "kind": kind, "kinds": Kinds.read(tx, visit.language)}

    name = "_points_expiring.html" if visit.partial else "points_expiring.html"
    return _pages.page(visit, name, **visit.app.read_past(work).found)


def _outlook(found: list[Expiring], today: date) -> Outlook:
    known = {one.month: one.points for one in found}
    this = today.replace(day=1)
    first = min((month for month in known if month is not None), default=this)
    months = [_month(first, n) for n in range(MONTHS)]
    later = sum(points for month, points in known.items() if month is not None and month > months[-1])
    shown = [Expiring(month, known.get(month, 0)) for month in months]
    return Outlook(shown, later, known.get(None, 0), quiet=first > this)


def _month(first: date, ahead: int) -> date:
    count = first.year * 12 + first.month - 1 + ahead
    return date(count // 12, count % 12 + 1, 1)


PAGES: Final = (show_points, show_expiring)
