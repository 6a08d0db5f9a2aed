"""Tiers: a page per set with who is where, who is about to lose theirs and how they came; and tiers given to one member."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Annotated, Any, Final

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Redirect, Response

from regulars import members, programme
from regulars.access import Permission
from regulars.console import _addresses, _pages, _ranks
from regulars.console._addresses import BadAddress
from regulars.console._columns import columns
from regulars.console._tiers import Words, benefit_words
from regulars.console._visits import Visit, require
from regulars.errors import RegularsError
from regulars.members import Member
from regulars.programme import Programme, TierSetNotFound, tiers
from regulars.programme.tiers import benefits, figures, grants
from regulars.programme.tiers.grants import BadGrant, GrantDecided, GrantEnded, GrantNotFound, OwnGrant
from regulars.storage import Transaction
from regulars.types import MalformedId, from_public, random_id, stable_id, to_public

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]

_ROWS: Final = 50
_MONTHS: Final = 12
_REFUSALS: Final = (BadAddress, BadGrant, GrantDecided, GrantEnded, OwnGrant, TierSetNotFound)
_DECISIONS: Final = ("approve", "reject", "end")


def shown(tx: Transaction, visit: Visit, member_id: int, found: Programme | None) -> dict[str, Any]:
    """What a member's page tells of tiers: standings with words, benefits, and the tiers given that still matter."""
    if found is None:
        return {"progress": None, "standings": []}
    standings = programme.standings(tx, member_id, at=visit.now)
    writer = _ranks.Writer(visit.language, found.currency)
    held = benefits.entitlements(tx, member_id, standings)
    return {
        "progress": standings[0],
        "standings": [
            (Words.of(one.one, found, visit.language), one, tiers.describe(one, writer)) for one in standings
        ],
        "benefits": [(benefit_words(one.benefit, visit.language), one) for one in held],
        "tier_grants": [one for one in grants.given(tx, [member_id]) if _matters(one, visit.now)],
    }


def _matters(one: tiers.Grant, at: datetime) -> bool:
    return one.decision is None or (one.decision == "approved" and one.until > at)


@get("/programme/tiers", sync_to_thread=True)
def main_set(visit: NamedDependency[Visit]) -> Redirect:
    """The page of the main set."""
    with visit.app.database.transaction(read_only=True) as tx:
        found = _ranks.standing_programme(tx, visit.now)
    return Redirect(f"/programme/tiers/{found.main.code}" if found else "/programme", status_code=303)


@get("/programme/tiers/{tier_set:str}", sync_to_thread=True)
def show_set(visit: NamedDependency[Visit], tier_set: FromPath[str], request: Request[Any, Any, Any]) -> Response[str]:
    """A set of tiers: how many have each, what it takes, who is about to lose theirs, who came and went."""
    text = request.query_params.get("after")
    after = _addresses.read_place("after", text) if text else None
    with visit.app.database.transaction(read_only=True) as tx:
        found = programme.current(tx, at=visit.now)
        one = programme.tier_set(tx, tier_set, at=visit.now)
        risk = figures.at_risk(tx, one.code, after=after, limit=_ROWS + 1)
        waiting = [each for each in grants.listed(tx, waiting=True, limit=_ROWS) if each.set_code == one.code]
        rows = risk[:_ROWS]
        people = {each.member_id: each for each in members.find_all(tx, _whose(rows, waiting))}
        values: dict[str, Any] = {
            "counts": figures.distribution(tx, one.code),
            **_flows(tx, visit, found, one),
            "risks": figures.count_at_risk(tx, one.code),
        }
    following = _addresses.write_place(rows[-1].until, rows[-1].member_id) if len(risk) > _ROWS else None
    words = Words.of(one, found, visit.language)
    return _pages.page(
        visit, "tier_set.html", words=words, main=one == found.main, rows=rows, waiting=waiting,
        people=people, after=text, following=following, sets=found.tier_sets, **values,
    )  # fmt: skip


def _whose(rows: Sequence[figures.AtRisk], waiting: Sequence[tiers.Grant]) -> list[int]:
    return sorted({one.member_id for one in rows} | {one.member_id for one in waiting})


@dataclass(frozen=True, slots=True)
class Month:
    """A month: how many reached a higher tier, how many fell to a lower one."""

    month: date
    reached: int
    left: int


def _flows(tx: Transaction, visit: Visit, found: Programme, one: programme.TierSet) -> dict[str, Any]:
    """Who came and went in the last twelve months, month by month."""
    today = visit.now.astimezone(visit.zone).date()
    months = [_month(today, back) for back in range(_MONTHS - 1, -1, -1)]
    since = datetime.combine(months[0], time(), visit.zone)
    told = figures.flows(tx, one.code, since=since, until=visit.now, zone=found.time_zone)
    made = [
        Month(
            month,
            sum(each.reached for each in told if each.month == month),
            sum(each.left for each in told if each.month == month),
        )
        for month in months
    ]
    drawn = columns([[each.reached] for each in made], [[each.left] for each in made])
    return {"months": made, "drawn": drawn, "moved": any(each.reached or each.left for each in made)}


def _month(today: date, back: int) -> date:
    counted = today.year * 12 + today.month - 1 - back
    return date(counted // 12, counted % 12 + 1, 1)


@get("/members/{member:str}/tier", sync_to_thread=True)
def tier_form(visit: NamedDependency[Visit], member: FromPath[str]) -> Response[str]:
    """The form to give a member a tier or to lock the one they have, and the tiers that were given."""
    require(visit, Permission.GIVE)
    return _form(visit, member, {})


def _form(visit: Visit, member: str, given: Mapping[str, str], refused: RegularsError | None = None) -> Response[str]:
    with visit.app.database.transaction(read_only=True) as tx:
        known = _member(tx, member)
        found = programme.current(tx, at=visit.now)
        values = shown(tx, visit, known.member_id, found)
        past = list(reversed(grants.given(tx, [known.member_id])))
    return _pages.page(
        visit,
        "tier_form.html",
        status=422 if refused else 200,
        member=known,
        place=_place(known),
        given={"once": str(random_id()), "tier": "", "reason": "", "until": "", **given},
        refusal=_told(visit, refused) if refused else None,
        wrong=str(refused.details.get("field", "")) if refused else "",
        grants=[(one, _ranks.all_tier_names(found, visit.language).get(one.tier, one.tier)) for one in past],
        **values,
    )


def _member(tx: Transaction, member: str) -> Member:
    return members.find(tx, from_public("mem", member, field="member"))


def _place(member: Member) -> str:
    return f"/members/{to_public('mem', member.member_id)}"


def _told(visit: Visit, error: RegularsError) -> str:
    """A refusal in words that say what would do."""
    _ = visit.language.gettext
    words: Mapping[type[RegularsError], str] = {
        OwnGrant: _("You asked for this yourself: somebody else has to decide on it."),
        GrantDecided: _("Somebody has decided on it in the meantime."),
        GrantEnded: _("It holds no more: there is nothing to end."),
    }
    fields = {
        "reason": _("Give a reason of 1 to 500 letters on one line."),
        "ends_at": _("Give a day in the future, or none."),
        "tier": _("Choose a tier."),
    }
    return words.get(type(error)) or fields.get(str(error.details.get("field")), str(error))


@post("/members/{member:str}/tier", sync_to_thread=True, status_code=200)
def give_tier(visit: NamedDependency[Visit], member: FromPath[str], data: Form) -> Response[Any]:
    """Give a tier or lock the one they have, or have somebody else decide; or say what is wrong.

    The same form sent twice does it once.
    """
    by = require(visit, Permission.GIVE)
    try:
        with visit.app.database.transaction() as tx:
            known = _member(tx, member)
            code, _, tier = data.get("tier", "").partition(":")
            programme.grant_tier(
                tx,
                known.member_id,
                code,
                tier or None,
                reason=data.get("reason", "").strip(),
                by=by,
                at=visit.now,
                grant_id=stable_id("tier given", by, known.member_id, data.get("once", "")),
                ends_at=_end_of(visit, data.get("until", "")),
            )
    except _REFUSALS as error:
        return _form(visit, member, data, error)
    return Redirect(f"{_place(known)}/tier", status_code=303)


def _end_of(visit: Visit, text: str) -> datetime | None:
    """The first instant after a day that a form names; None: it names none."""
    if not text.strip():
        return None
    try:
        return _addresses.midnight(_addresses.day("ends_at", text.strip()), visit.zone, after=1)
    except (BadAddress, OverflowError) as error:
        raise BadGrant(field="ends_at", value=text, remedy="give a day") from error


@post("/members/{member:str}/tier/{grant:str}/{decision:str}", sync_to_thread=True, status_code=200)
def decide(
    visit: NamedDependency[Visit], member: FromPath[str], grant: FromPath[str], decision: FromPath[str], data: Form
) -> Response[Any]:
    """Approve or reject a tier that somebody asked for, or end one; or say what is wrong."""
    by = require(visit, Permission.GIVE)
    wanted = _addresses.one_of("decision", decision, _DECISIONS)
    verb = {"approve": programme.approve_grant, "reject": grants.reject, "end": programme.end_grant}[wanted]
    because = data.get("because", "").strip()[:500] or None
    try:
        with visit.app.database.transaction() as tx:
            one = _of(tx, member, grant)
            verb(tx, one.grant_id, by=by, because=because, at=visit.now)
    except _REFUSALS as error:
        return _form(visit, member, {}, error)
    return Redirect(f"/members/{to_public('mem', one.member_id)}/tier", status_code=303)


def _of(tx: Transaction, member: str, grant: str) -> tiers.Grant:
    """A tier given to this very member.

    Raises:
        GrantNotFound: there is none.
    """
    try:
        one = grants.find(tx, from_public("tgr", grant, field="grant"))
    except MalformedId as error:
        raise GrantNotFound(grant=grant) from error
    if one.member_id != _member(tx, member).member_id:
        raise GrantNotFound(grant=grant)
    return one


PAGES: Final = (main_set, show_set, tier_form, give_tier, decide)
