"""The overview: every measure with its trend, and the maps of who comes back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final

from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Response

from regulars import insight, jobs
from regulars.access import Permission
from regulars.console import _pages, _ranks
from regulars.console._visits import Visit
from regulars.insight import Cohort, Figure, Overview, Scope, Share
from regulars.jobs import Failure

PERIODS: Final = ("30", "90", "365", "all")
"""Days before today, or everything on record."""

_COHORTS_SHOWN: Final = 13
_MONTHS_SHOWN: Final = 13


@get("/", sync_to_thread=True)
def overview(
    visit: NamedDependency[Visit], period: Annotated[str | None, QueryParameter(name="period")] = None
) -> Response[str]:
    """The shop's loyalty at a glance."""
    chosen = period if period in PERIODS else "90"
    frame = visit.app.frames.read(visit.app.database)
    failures = _failures(visit)
    if frame.first_day is None:
        return _pages.page(visit, "overview_empty.html", failures=failures)
    first = min(frame.first_day, visit.today - timedelta(days=1))
    scope = Scope(first, visit.today) if chosen == "all" else Scope.last(int(chosen), visit.today)
    with visit.app.database.transaction(read_only=True) as tx:
        seen = insight.overview(tx, frame, scope)
        tiers = _ranks.tier_names(_ranks.standing_programme(tx, visit.now), visit.language)
    return _pages.page(
        visit,
        "overview.html",
        failures=failures,
        overview=seen,
        cohorts=_recent(seen.cohorts),
        tiers=tiers,
        tier_shares=_in_order(seen.distribution.tiers, tiers),
        behind=behind,
        course=course,
        chart=_chart(visit, seen),
        chosen=chosen,
        periods=PERIODS,
        last_day=scope.end - timedelta(days=1),
    )


def _failures(visit: Visit) -> list[Failure]:
    """The reactions that failed, for an owner: nobody else can have them tried again."""
    if visit.session is None or not visit.session.role.may(Permission.ADMINISTER):
        return []
    with visit.app.database.transaction(read_only=True) as tx:
        return jobs.failures(tx)


def _in_order(shares: Sequence[Share], tiers: Mapping[str, str]) -> list[Share]:
    """Every tier of the programme, the highest first, with those nobody has."""
    members = {share.name: share.members for share in shares}
    return [Share(code, members.get(code, 0)) for code in reversed(list(tiers))]


def course(figure: Figure) -> list[float | None]:
    """The values of a sparkline: without a first or last week or month that is cut short and would look like a fall."""
    whole = [point.value for point in figure.series if point.complete]
    return whole if len(whole) > 1 else [point.value for point in figure.series]


@dataclass(frozen=True, slots=True)
class _Cohorts:
    rows: tuple[Cohort, ...]
    months: range
    most: float
    """The highest share of a month after the first; it gets the darkest colour."""


def _recent(cohorts: tuple[Cohort, ...]) -> _Cohorts:
    rows = cohorts[-_COHORTS_SHOWN:]
    rates = [cell.rate for row in rows for cell in row.cells[1:_MONTHS_SHOWN]]
    longest = max((len(row.cells) for row in rows), default=0)
    return _Cohorts(rows, range(min(longest, _MONTHS_SHOWN)), max(rates, default=0))


def _chart(visit: Visit, seen: Overview) -> dict[str, object]:
    """What charts.js draws; the words are put in here, in the visitor's language."""
    revenue, members = seen.figure("revenue"), seen.figure("active_members")
    return {
        "language": visit.language.tag,
        "currency": seen.scope.currency,
        "digits": visit.language.digits(seen.scope.currency),
        "names": [revenue.measure.title.in_(visit.language.tag), members.measure.title.in_(visit.language.tag)],
        "part": visit.language.gettext("incomplete"),
        "points": [
            {
                "label": _label(visit, seen, place),
                "revenue": revenue.series[place].value,
                "members": members.series[place].value,
                "complete": members.series[place].complete,
                "href": behind(members, place),
            }
            for place in range(len(members.series))
        ],
    }


def _label(visit: Visit, seen: Overview, place: int) -> str:
    point = seen.figures[0].series[place]
    return visit.language.month(point.start) if seen.step == "month" else visit.language.day(point.start)


def behind(figure: Figure, place: int | None = None) -> str:
    """The address of the members behind a figure, or behind one point of its course."""
    point = figure.now if place is None else figure.series[place]
    days = {"from": point.start.isoformat(), "to": (point.end - timedelta(days=1)).isoformat()}
    return _pages.query("/members", measure=figure.measure.name, **days)
