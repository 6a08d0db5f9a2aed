"""Referrals: how far friends came, what waits for a person, the best advocates, and one referral's story."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, Final

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Redirect, Response

from regulars import members, programme
from regulars.access import Permission
from regulars.console import _addresses, _pages
from regulars.console._kinds import Kinds
from regulars.console._visits import Visit, require
from regulars.members import Member
from regulars.programme import NoProgramme, referrals
from regulars.programme.referrals import BadReason, NotReviewable, Referred, Terms, stories
from regulars.storage import Transaction
from regulars.types import from_public

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
_ROWS: Final = 50
_QUEUE: Final = 20


@get("/referrals", sync_to_thread=True)
def list_referrals(visit: NamedDependency[Visit], request: Request[Any, Any, Any]) -> Response[str]:
    """How far friends came, what waits for a person, who brings the most, and every referral."""
    require(visit, Permission.AUDIT)
    asked: Mapping[str, str] = request.query_params
    text, before = asked.get("state", "").strip(), asked.get("before")
    state = _state(text) if text else None
    place = _addresses.read_place("before", before) if before else None
    with visit.app.database.transaction(read_only=True) as tx:
        found = stories.list_referrals(tx, state=state, before=place, limit=_ROWS + 1)
        queue = stories.list_referrals(tx, state="held", limit=_QUEUE + 1)
        best = stories.advocates(tx, limit=10)
        rows = found[:_ROWS]
        people = _people(tx, [*rows, *queue], [one.member_id for one in best])
        funnel, terms = stories.funnel(tx), _terms(tx, visit)
    last = rows[-1] if len(found) > _ROWS else None
    return _pages.page(
        visit, "referrals.html", rows=rows, queue=queue[:_QUEUE], more_waiting=len(queue) > _QUEUE, best=best, people=people,
        funnel=funnel, referral=terms.referral if terms else None, currency=terms.currency if terms else None, state=state,
        states=referrals.STATES, before=before, because=_words(visit), done=asked.get("done"),
        following=_addresses.write_place(last.attributed_at, last.referral_id) if last else None,
    )  # fmt: skip


def _state(text: str) -> referrals.State:
    state: referrals.State = _addresses.one_of("state", text, referrals.STATES)
    return state


@get("/referrals/{referral:str}", sync_to_thread=True)
def show_referral(
    visit: NamedDependency[Visit], referral: FromPath[str], request: Request[Any, Any, Any]
) -> Response[str]:
    """One referral: its evidence, the parts of its score, what was given, and what people decided."""
    require(visit, Permission.AUDIT)
    return _one(visit, from_public("rfl", referral, field="referral"), done=request.query_params.get("done"))


def _one(visit: Visit, referral_id: int, *, done: str | None = None, refused: str | None = None) -> Response[str]:
    with visit.app.database.transaction(read_only=True) as tx:
        told = referrals.story(tx, referral_id)
        advocates = [from_public("mem", one["advocate"]) for one in told.referral.evidence]
        people = _people(tx, [told.referral], [*advocates, *(gift.member_id for gift in told.gifts)])
        kinds = Kinds.read(tx, visit.language)
    touches = {each.touch_id: each for each in told.touches}
    weighed = [
        (one, touches.get(from_public("tch", one["touch"])), advocate)
        for one, advocate in zip(told.referral.evidence, advocates, strict=True)
    ]
    return _pages.page(
        visit, "referral.html", status=422 if refused else 200, told=told, one=told.referral, weighed=weighed,
        parts_of_score=[(part.weight, part.words(visit.language.tag)) for part in told.referral.reasons], people=people,
        kinds=kinds, because=_words(visit), done=done, refused=refused,
    )  # fmt: skip


@post("/referrals/{referral:str}/decision", sync_to_thread=True)
def decide_referral(visit: NamedDependency[Visit], referral: FromPath[str], data: Form) -> Response[Any]:
    """Approve a referral, or refuse it, with a reason."""
    by, number = require(visit, Permission.GIVE), from_public("rfl", referral, field="referral")
    decision = _addresses.one_of("decision", data.get("decision", ""), ("approved", "refused"))
    because, verb = data.get("because", "").strip(), referrals.approve if decision == "approved" else referrals.refuse
    try:
        with visit.app.database.transaction() as tx:
            verb(tx, number, by=by, because=because, terms_of=programme.referral_terms_of, at=visit.now)
    except (BadReason, NotReviewable) as error:
        return _one(visit, number, refused=_told(visit, error))
    return Redirect(f"/referrals/{referral}?done={decision}", status_code=303)


def _told(visit: Visit, error: BadReason | NotReviewable) -> str:
    _ = visit.language.gettext
    if isinstance(error, BadReason):
        return _("Give a reason of 1 to 500 letters on one line.")
    return _("Somebody has decided on it in the meantime.")


@post("/members/{member:str}/referral", sync_to_thread=True)
def issue_code(visit: NamedDependency[Visit], member: FromPath[str]) -> Redirect:
    """Give a member a code and link."""
    require(visit, Permission.RECORD)
    with visit.app.database.transaction() as tx:
        referrals.issue(tx, from_public("mem", member, field="member"), at=visit.now)
    return Redirect(f"/members/{member}#referral", status_code=303)


@post("/members/{member:str}/referral/revocation", sync_to_thread=True)
def revoke_code(visit: NamedDependency[Visit], member: FromPath[str], data: Form) -> Redirect:
    """End a member's code."""
    by, because = require(visit, Permission.GIVE), data.get("because", "").strip()
    with visit.app.database.transaction() as tx:
        referrals.revoke(
            tx, from_public("mem", member, field="member"), by=by, because=because[:500] or by, at=visit.now
        )
    return Redirect(f"/members/{member}#referral", status_code=303)


def shown(tx: Transaction, visit: Visit, member_id: int) -> dict[str, Any]:
    """What a member's page says of referrals."""
    terms = _terms(tx, visit)
    return {
        "bringing": referrals.progress(tx, member_id, terms),
        "brought_by": referrals.brought_by(tx, member_id),
        "may_bring": terms is not None and terms.referral is not None,
    }


def _terms(tx: Transaction, visit: Visit) -> Terms | None:
    try:
        return programme.referral_terms(tx, at=visit.now)
    except NoProgramme:
        return None


def _people(tx: Transaction, referred: list[Referred], others: list[int]) -> dict[int, Member]:
    ids = {*others, *(member_id for one in referred for member_id in (one.advocate_id, one.friend_id))}
    return {one.member_id: one for one in members.find_all(tx, sorted(ids))}


def _words(visit: Visit) -> Callable[[str], str]:
    """Says reasons in the visitor's language."""
    return partial(referrals.reason_words, language=visit.language.tag)


PAGES: Final = (list_referrals, show_referral, decide_referral, issue_code, revoke_code)
