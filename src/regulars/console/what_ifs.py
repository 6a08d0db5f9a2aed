"""What would have happened: asked for on a draft's page, followed while it is replayed, and shown with pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Response

from regulars import members, programme
from regulars.access import Permission
from regulars.console import _columns, _given, _pages, _ranks
from regulars.console._addresses import BadAddress
from regulars.console._given import Form
from regulars.console._kinds import Kinds
from regulars.console._visits import Visit, require
from regulars.insight import what_if
from regulars.insight.what_if import Month, Move, Report, WhatIf, WhatIfNotFound, WhatIfOver
from regulars.members import Member
from regulars.programme import drafts
from regulars.programme.drafts import Draft
from regulars.storage import Transaction
from regulars.types import MalformedId, from_public, to_public

MONTHS: Final = ("1", "3", "6", "12", "24")


@dataclass(frozen=True, slots=True)
class Matrix:
    """The members of one set, by the tier they have and the one they would have."""

    name: str
    was: Sequence[str]
    """Codes; empty for whoever is in no such set now."""

    becomes: Sequence[str]
    members: Mapping[tuple[str, str], int]
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a report shows, worked out."""

    report: Report
    matrices: Sequence[Matrix]
    months: _columns.Columns
    titles: Sequence[Month]
    deciles: _columns.Columns
    people: Mapping[int, Member]
    tiers: Mapping[str, str]


@post("/programme/drafts/{draft:str}/what-if", sync_to_thread=True)
def ask(visit: NamedDependency[Visit], draft: FromPath[str], data: Form) -> Response[Any]:
    """Ask what the orders of the last months would have brought under a draft."""
    by = require(visit, Permission.CONFIGURE)
    months = int(data["months"]) if data.get("months") in MONTHS else 12
    with visit.app.database.transaction() as tx:
        one = drafts.draft(tx, from_public("drf", draft, field="draft"))
        wanted = drafts.sound_text(one.text)
        worth = _worth(data.get("thousand", ""), visit.language.digits(programme.current(tx, at=visit.now).currency))
        asked = what_if.ask(tx, wanted, by=by, at=visit.now, draft=one, months=months, thousand_minor=worth)
    return Redirect(place_of(asked), status_code=303)


def _worth(text: str, digits: int) -> int | None:
    """What was given as the worth of a thousand points; None: nothing that can be read, so that rewards say it."""
    try:
        return _given.minor("thousand", text, digits) if text.strip() else None
    except BadAddress:
        return None


@get("/programme/what-ifs/{number:str}", sync_to_thread=True)
def show(visit: NamedDependency[Visit], number: FromPath[str]) -> Response[str]:
    """How far a what-if is, or what it found."""
    with visit.app.database.transaction(read_only=True) as tx:
        one = what_if.find(tx, _id_of(number))
        draft = drafts.draft(tx, one.draft_id) if one.draft_id is not None else None
        seen = _seen(tx, visit, one.report, draft) if one.report is not None else None
        kinds = Kinds.read(tx, visit.language)
    return _pages.page(visit, "what_if.html", one=one, draft=draft, seen=seen, kinds=kinds)


@post("/programme/what-ifs/{number:str}/cancel", sync_to_thread=True)
def cancel(visit: NamedDependency[Visit], number: FromPath[str]) -> Response[Any]:
    """Let a what-if be that waits or runs; one that is over stays as it is."""
    by, what_if_id = require(visit, Permission.CONFIGURE), _id_of(number)
    with visit.app.database.transaction() as tx:
        try:
            one = what_if.cancel(tx, what_if_id, by=by, at=visit.now)
        except WhatIfOver:
            one = what_if.find(tx, what_if_id)
    return Redirect(place_of(one), status_code=303)


def place_of(one: WhatIf) -> str:
    """The page of a what-if."""
    return f"/programme/what-ifs/{to_public('wif', one.what_if_id)}"


def _id_of(text: str) -> int:
    try:
        return from_public("wif", text, field="what_if")
    except MalformedId as error:
        raise WhatIfNotFound(what_if=text) from error


def _seen(tx: Transaction, visit: Visit, report: Report, draft: Draft | None) -> Seen:
    holds = _ranks.standing_programme(tx, visit.now)
    wanted = drafts.check(draft.text).programme if draft else None
    names = dict(_ranks.all_tier_names(holds, visit.language)) | dict(_ranks.all_tier_names(wanted, visit.language))
    sets = {
        one.code: _ranks.set_name(one, visit.language) for each in (holds, wanted) if each for one in each.tier_sets
    }
    codes = list(dict.fromkeys(move.tier_set for move in report.moves))
    own = [one.member_id for one in (*report.won_most, *report.lost_most)]
    pairs = [pair for one in report.months for pair in ((max(one.now, 0), 0), (0, max(one.draft, 0)))]
    return Seen(
        report,
        [_matrix(sets.get(code, code), [one for one in report.moves if one.tier_set == code], names) for code in codes],
        _columns.columns(pairs),
        [one for one in report.months for _ in range(2)],
        _columns.columns(
            [(max(one.total, 0),) for one in report.deciles], [(max(-one.total, 0),) for one in report.deciles]
        ),
        {one.member_id: one for one in members.find_all(tx, sorted(set(own)))},
        names,
    )


def _matrix(name: str, moves: Sequence[Move], names: Mapping[str, str]) -> Matrix:
    order = list(names)

    def sorted_codes(found: set[str]) -> list[str]:
        return sorted(found, key=lambda code: order.index(code) if code in order else -1)

    counted = {(move.was or "", move.becomes): move.members for move in moves}
    return Matrix(
        name,
        sorted_codes({was for was, _ in counted}),
        sorted_codes({becomes for _, becomes in counted}),
        counted,
        names,
    )


PAGES: Final = (ask, show, cancel)
