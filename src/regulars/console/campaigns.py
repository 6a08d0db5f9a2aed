"""Campaigns: what is on in a month and what clashes, what came of one, and undoing it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Response

from regulars import members, programme
from regulars.access import Permission
from regulars.console import _addresses, _columns, _given, _pages
from regulars.console._given import Form
from regulars.console._kinds import Kinds
from regulars.console._visits import Visit, require
from regulars.errors import RegularsError
from regulars.programme import NoProgramme, Programme, budgets, campaigns, salons, undos
from regulars.programme.campaigns import Campaign, Clash
from regulars.programme.salons import Salon
from regulars.programme.undos import BadUndo, NothingToUndo, OwnUndo, UndoDecided
from regulars.storage import Transaction
from regulars.types import from_public

_REFUSED: Final = (_addresses.BadAddress, BadUndo, NothingToUndo, OwnUndo, UndoDecided)
_MOST_DAYS: Final = 60


@dataclass(frozen=True, slots=True)
class DayOf:
    """A day of the calendar, and what is on."""

    day: date
    campaigns: Sequence[Campaign]
    salons: Sequence[Salon]


def _in_force(tx: Transaction, visit: Visit) -> Programme | None:
    try:
        return programme.current(tx, at=visit.now)
    except NoProgramme:
        return None


@get("/campaigns", sync_to_thread=True)
def show_calendar(visit: NamedDependency[Visit], request: Request[Any, Any, Any]) -> Response[str]:
    """A month of campaigns and salons, what clashes in it, the campaigns and the budgets."""
    asked = request.query_params.get("month")
    first = _addresses.month("month", asked) if asked else visit.today.replace(day=1)
    if not 1900 < first.year < 2200:
        raise _addresses.BadAddress(field="month", value=asked, remedy="give a month of this time")
    with visit.app.database.transaction(read_only=True) as tx:
        now = _in_force(tx, visit)
        if now is None:
            return _pages.page(visit, "campaigns.html", now=None)
        month = campaigns.month_of(f"{first:%Y-%m}", visit.now, now.time_zone)
        by_day = salons.by_day(tx, month, now.time_zone)
        spent = budgets.spent(tx, now.budgets, zone=now.time_zone, at=visit.now)
        kinds = Kinds.read(tx, visit.language)
    days = [_day(now, day, by_day.get(day, [])) for day in month]
    return _pages.page(
        visit,
        "campaigns.html",
        now=now,
        first=first,
        before=(first - timedelta(days=1)).replace(day=1),
        after=(month[-1] + timedelta(days=1)),
        weeks=_weeks(days),
        busy=[one for one in days if one.campaigns or one.salons],
        clashes=_clashes(now, month),
        names={one.code: one for one in now.campaigns},
        open_now={one.code for one in now.campaigns if campaigns.is_open(one, visit.now, now.time_zone)},
        spent=spent,
        kinds=kinds,
    )


def _day(now: Programme, day: date, on: Sequence[Salon]) -> DayOf:
    codes = set(campaigns.on(now.campaigns, day, now.time_zone))
    return DayOf(day, [one for one in now.campaigns if one.code in codes], on)


def _weeks(days: Sequence[DayOf]) -> list[list[DayOf | None]]:
    """The days in weeks from Monday, filled up with nothing."""
    lead: list[DayOf | None] = [None] * days[0].day.weekday()
    cells = [*lead, *days]
    cells += [None] * (-len(cells) % 7)
    return [cells[place : place + 7] for place in range(0, len(cells), 7)]


def _clashes(now: Programme, month: Sequence[date]) -> list[Clash]:
    return campaigns.conflicts(now.campaigns, month[0], month[-1], now.time_zone)


@get("/campaigns/{campaign:str}", sync_to_thread=True)
def show_campaign(
    visit: NamedDependency[Visit], campaign: FromPath[str], request: Request[Any, Any, Any]
) -> Response[str]:
    """One campaign: its rules, what came of it, what is left of its budget, and what an undo would take back."""
    query = request.query_params
    return _campaign(
        visit, campaign, {name: query.get(name, "") for name in ("since", "until")}, done=query.get("done")
    )


def _campaign(
    visit: Visit, code: str, given: dict[str, str], refused: RegularsError | None = None, *, done: str | None = None
) -> Response[str]:
    span = None
    try:
        span = _span(visit, given)
    except _REFUSED as error:
        refused = refused or error
    with visit.app.database.transaction(read_only=True) as tx:
        now = programme.current(tx, at=visit.now)
        one = campaigns.expect_known(tx, now.campaigns, code)
        found = campaigns.results(tx, code, zone=now.time_zone)
        seen = undos.preview(tx, code, since=span[0], until=span[1], at=visit.now) if span else None
        people = {
            each.member_id: each for each in members.find_all(tx, [d.member_id for d in seen.debtors] if seen else [])
        }
        values: dict[str, Any] = {"undone": undos.undos(tx, campaign=code), "kinds": Kinds.read(tx, visit.language)}
        pots = [each for each in now.budgets if one and each.code in _budgets(one)]
        spent = budgets.spent(tx, pots, zone=now.time_zone, at=visit.now)
        burns = [(each, budgets.burn(tx, each.budget, zone=now.time_zone, at=visit.now)) for each in spent]
    days = sorted({each.day for each in found.days})[-_MOST_DAYS:]
    given_by_day = [sum(each.points for each in found.days if each.day == day) for day in days]
    return _pages.page(
        visit,
        "campaign.html",
        status=422 if refused else 200,
        now=now,
        one=one,
        code=code,
        found=found,
        days=[date.fromisoformat(day) for day in days],
        given_by_day=given_by_day,
        drawn=_columns.columns([(points,) for points in given_by_day]),
        burns=[
            (each, burned[-_MOST_DAYS:], _burned(each, [b.taken for b in burned][-_MOST_DAYS:]))
            for each, burned in burns
        ],
        given=given,
        seen=seen,
        people=people,
        limit=visit.app.settings.undo_limit,
        done=done,
        refusal=told(visit, refused) if refused else None,
        **values,
    )


def _budgets(one: Campaign) -> set[str]:
    return {name for rule in one.rules if (name := rule.budget or one.budget) is not None}


def _burned(spent: budgets.Spent, taken: Sequence[int]) -> _columns.Columns:
    """What was taken by the end of each day, and above it what was left of the budget then."""
    total = spent.taken - sum(taken)
    ups: list[tuple[int, int]] = []
    for one in taken:
        total += one
        ups.append((total, max(spent.budget.amount - total, 0)))
    return _columns.columns(ups)


def _span(visit: Visit, given: dict[str, str]) -> tuple[datetime, datetime] | None:
    """The two moments that were written, in the console's time zone; None while none were."""
    if not any(given.values()):
        return None
    since, until = (local_moment(visit, name, given[name]) for name in ("since", "until"))
    return since, until


def local_moment(visit: Visit, field: str, text: str) -> datetime:
    """A moment as a form writes it, 2026-03-02T14:05, in the console's time zone.

    Raises:
        BadAddress: it is none, or of another time than ours.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise _addresses.BadAddress(field=field, value=text, remedy="give a day and a time") from error
    if not 1900 < found.year < 2200 or found.tzinfo is not None:
        raise _addresses.BadAddress(field=field, value=text, remedy="give a day and a time of ours")
    return found.replace(tzinfo=visit.zone)


def told(visit: Visit, error: RegularsError) -> str:
    """Why an undo cannot be, in words."""
    _ = visit.language.gettext
    words: Mapping[type[RegularsError], str] = {
        NothingToUndo: _("Nothing is left of what the campaign gave in that time."),
        OwnUndo: _("You proposed this: somebody else has to decide on it."),
        UndoDecided: _("Somebody has decided on this already."),
    }
    fields = {
        "since": _("Give the day and time from which on to undo."),
        "until": _("Give a day and time after the first: until then it is undone."),
        "reason": _("Give a reason of 1 to 200 letters."),
    }
    field = str(error.details.get("field"))
    return words.get(type(error)) or fields.get(field) or _given.told(visit.language, error)


@post("/campaigns/{campaign:str}/undo", sync_to_thread=True)
def undo_campaign(visit: NamedDependency[Visit], campaign: FromPath[str], data: Form) -> Response[Any]:
    """Propose to take back what was looked at."""
    by = require(visit, Permission.GIVE)
    given = {name: data.get(name, "") for name in ("since", "until")}
    try:
        span = _span(visit, given)
        if span is None:
            raise BadUndo(field="since", value="", remedy="say from when on")
        with visit.app.database.transaction() as tx:
            campaigns.expect_known(tx, programme.current(tx, at=visit.now).campaigns, campaign)
            limit, reason = visit.app.settings.undo_limit, data.get("reason", "").strip()
            undos.propose(tx, campaign, since=span[0], until=span[1], reason=reason, by=by, limit=limit, at=visit.now)
    except _REFUSED as error:
        return _campaign(visit, campaign, given, error)
    return Redirect(f"/campaigns/{campaign}?done=proposed", status_code=303)


@post("/campaigns/undos/{undo:str}/decision", sync_to_thread=True)
def decide_undo(visit: NamedDependency[Visit], undo: FromPath[str], data: Form) -> Response[Any]:
    """Approve or reject an undo."""
    by, number = require(visit, Permission.GIVE), from_public("und", undo, field="undo")
    decision = _addresses.one_of("decision", data.get("decision", ""), ("approve", "reject"))
    with visit.app.database.transaction(read_only=True) as tx:
        code = undos.undo(tx, number).campaign
    try:
        with visit.app.database.transaction() as tx:
            (undos.approve if decision == "approve" else undos.reject)(tx, number, by=by, at=visit.now)
    except _REFUSED as error:
        return _campaign(visit, code, {"since": "", "until": ""}, error)
    return Redirect(f"/campaigns/{code}?done={decision}", status_code=303)


PAGES: Final = (show_calendar, show_campaign, undo_campaign, decide_undo)
