"""Salons: what is to come, who signed up, and who is there."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Response

from regulars import members, programme
from regulars.access import Permission
from regulars.console import _addresses, _given, _pages
from regulars.console._given import Form
from regulars.console._kinds import Kinds
from regulars.console._visits import Visit, require
from regulars.console.campaigns import local_moment
from regulars.errors import RegularsError
from regulars.ledger import AccountFrozen, InsufficientPoints, NotSpendable
from regulars.members import MemberNotFound
from regulars.programme import salons
from regulars.programme.salons import (
    BadSalon,
    NewSalon,
    NotSignedUp,
    SalonExists,
    SalonFull,
    SalonRefused,
    SignupEnded,
)
from regulars.storage import Transaction
from regulars.types import from_public, to_public

_ROWS: Final = 50
_FIELDS: Final = (
    "code", "name_en", "name_zh", "place", "starts_at", "ends_at", "cancel_until", "capacity", "waiting_most", "price", "reward",
)  # fmt: skip
_REFUSED: Final = (
    AccountFrozen, BadSalon, InsufficientPoints, MemberNotFound, NotSignedUp, NotSpendable, SalonExists, SalonFull, SalonRefused,
    SignupEnded, _addresses.BadAddress,
)  # fmt: skip


@get("/salons", sync_to_thread=True)
def list_salons(visit: NamedDependency[Visit], request: Request[Any, Any, Any]) -> Response[str]:
    """The salons to come, or all there were."""
    text = request.query_params.get("after")
    after = _addresses.read_place("after", text) if text else None
    everything = request.query_params.get("show") == "all"
    with visit.app.database.transaction(read_only=True) as tx:
        found = list(salons.salons(tx, since=None if everything else visit.now, after=after, limit=_ROWS + 1))
    rows = found[:_ROWS]
    following = _addresses.write_place(rows[-1].starts_at, rows[-1].salon_id) if len(found) > _ROWS else None
    return _pages.page(visit, "salons.html", rows=rows, everything=everything, after=after, following=following)


@get("/salons/new", sync_to_thread=True)
def new_salon(visit: NamedDependency[Visit]) -> Response[str]:
    """The form to open a salon."""
    require(visit, Permission.CONFIGURE)
    return _form(visit, {"waiting_most": "50", "price": "0", "reward": "0"})


def _form(visit: Visit, given: Mapping[str, str], refused: RegularsError | None = None) -> Response[str]:
    return _pages.page(
        visit,
        "salon_form.html",
        status=422 if refused else 200,
        given={name: given.get(name, "") for name in _FIELDS},
        wrong=str(refused.details.get("field", "")) if refused else "",
        refusal=_told(visit, refused) if refused else None,
    )


@post("/salons/new", sync_to_thread=True, status_code=200)
def open_salon(visit: NamedDependency[Visit], data: Form) -> Response[Any]:
    """Open a salon, or say what is wrong."""
    by = require(visit, Permission.CONFIGURE)
    try:
        new = _wished(visit, data)
        with visit.app.database.transaction() as tx:
            salons.open_salon(tx, new, at=visit.now, by=by)
    except _REFUSED as error:
        return _form(visit, data, error)
    return Redirect(f"/salons/{new.code}?done=opened", status_code=303)


def _wished(visit: Visit, data: Mapping[str, str]) -> NewSalon:
    def number(name: str, least: int = 0) -> int:
        return _given.whole(name, data.get(name, "") or "0", least=least)

    def moment(name: str) -> datetime:
        return local_moment(visit, name, data.get(name, ""))

    return NewSalon(
        code=data.get("code", "").strip(),
        name_en=data.get("name_en", "").strip(),
        name_zh=data.get("name_zh", "").strip(),
        place=data.get("place", "").strip(),
        starts_at=moment("starts_at"),
        ends_at=moment("ends_at"),
        cancel_until=moment("cancel_until") if data.get("cancel_until") else None,
        opens_at=visit.now,
        capacity=number("capacity"),
        waiting_most=number("waiting_most"),
        price=number("price"),
        reward=number("reward"),
    )


@get("/salons/{salon:str}", sync_to_thread=True)
def show_salon(visit: NamedDependency[Visit], salon: FromPath[str], request: Request[Any, Any, Any]) -> Response[str]:
    """One salon: its places, who signed up, and a field to check people in."""
    query = request.query_params
    after = _addresses.whole("after", query.get("after", "0"), 0, 10**9)
    return _salon(visit, salon, after=after, done=query.get("done"), seen=query.get("who"))


def _salon(
    visit: Visit, code: str, refused: RegularsError | None = None, *, after: int = 0, done: str | None = None,
    seen: str | None = None,
) -> Response[str]:  # fmt: skip
    with visit.app.database.transaction(read_only=True) as tx:
        one = salons.salon_coded(tx, code)
        found = list(salons.signups(tx, one.salon_id, after=after, limit=_ROWS + 1))
        rows = found[:_ROWS]
        wanted = sorted(
            {each.member_id for each in rows} | ({from_public("mem", seen, field="who")} if seen else set())
        )
        people = {each.member_id: each for each in members.find_all(tx, wanted)}
        kinds = Kinds.read(tx, visit.language)
    return _pages.page(
        visit,
        "salon.html",
        status=422 if refused else 200,
        one=one,
        rows=rows,
        people=people,
        shown_key=salons.shown_key,
        kinds=kinds,
        after=after,
        following=rows[-1].number if len(found) > _ROWS else None,
        over=visit.now >= one.ends_at,
        done=done,
        who=people.get(from_public("mem", seen, field="who")) if seen else None,
        refusal=_told(visit, refused) if refused else None,
    )


@post("/salons/{salon:str}/signups", sync_to_thread=True)
def sign_up(visit: NamedDependency[Visit], salon: FromPath[str], data: Form) -> Response[Any]:
    """Sign a member up, by the shop's number or e-mail address, or ours."""
    by, typed = require(visit, Permission.SPEND), data.get("member", "").strip()[:200]
    try:
        with visit.app.database.transaction() as tx:
            one = salons.salon_coded(tx, salon)
            holder = programme.holder(tx, _member(tx, visit, typed), at=visit.now)
            done = salons.sign_up(tx, one.salon_id, holder, at=visit.now, by=by)
    except _REFUSED as error:
        return _salon(visit, salon, error)
    return Redirect(f"/salons/{salon}?done={done.state}", status_code=303)


def _member(tx: Transaction, visit: Visit, typed: str) -> int:
    """Whom somebody means: our identifier, an e-mail address, or the number in a shop.

    Raises:
        MemberNotFound: nobody, or there are several.
    """
    if typed.startswith("mem_"):
        return members.find(tx, from_public("mem", typed, field="member")).member_id
    if "@" in typed:
        return members.by_identity(tx, "email", typed.lower()).member_id
    for shop in visit.shops:
        try:
            return members.by_identity(tx, shop.code, typed).member_id
        except MemberNotFound:
            continue
    raise MemberNotFound(member=typed)


@post("/salons/{salon:str}/check-in", sync_to_thread=True)
def check_in(visit: NamedDependency[Visit], salon: FromPath[str], data: Form) -> Response[Any]:
    """Note that somebody is there, by the ticket."""
    by = require(visit, Permission.RECORD)
    try:
        with visit.app.database.transaction() as tx:
            one = salons.salon_coded(tx, salon)
            done = salons.check_in(tx, one.salon_id, data.get("ticket", "").strip()[:100], at=visit.now, by=by)
            who = members.find(tx, done.member_id).member_id
    except _REFUSED as error:
        return _salon(visit, salon, error)
    return Redirect(f"/salons/{salon}?done=attended&who={to_public('mem', who)}", status_code=303)


@post("/salons/{salon:str}/capacity", sync_to_thread=True)
def change_capacity(visit: NamedDependency[Visit], salon: FromPath[str], data: Form) -> Response[Any]:
    """Have more places, or fewer."""
    by = require(visit, Permission.CONFIGURE)
    try:
        capacity = _given.whole("capacity", data.get("capacity", ""), least=1)
        with visit.app.database.transaction() as tx:
            one = salons.salon_coded(tx, salon)
            salons.change_capacity(tx, one.salon_id, capacity, at=visit.now, by=by)
    except _REFUSED as error:
        return _salon(visit, salon, error)
    return Redirect(f"/salons/{salon}?done=resized", status_code=303)


@post("/salons/{salon:str}/calling-off", sync_to_thread=True)
def call_off(visit: NamedDependency[Visit], salon: FromPath[str], data: Form) -> Response[Any]:
    """Call a salon off."""
    by = require(visit, Permission.CONFIGURE)
    try:
        with visit.app.database.transaction() as tx:
            one = salons.salon_coded(tx, salon)
            salons.call_off(tx, one.salon_id, reason=data.get("reason", "").strip(), at=visit.now, by=by)
    except _REFUSED as error:
        return _salon(visit, salon, error)
    return Redirect(f"/salons/{salon}?done=off", status_code=303)


@post("/salons/signups/{signup:str}/cancellation", sync_to_thread=True)
def cancel_signup(visit: NamedDependency[Visit], signup: FromPath[str]) -> Response[Any]:
    """Give a place up for a member."""
    by, number = require(visit, Permission.SPEND), from_public("sgn", signup, field="signup")
    with visit.app.database.transaction(read_only=True) as tx:
        code = salons.salon(tx, salons.signup(tx, number).salon_id).code
    try:
        with visit.app.database.transaction() as tx:
            salons.cancel(tx, number, at=visit.now, by=by)
    except _REFUSED as error:
        return _salon(visit, code, error)
    return Redirect(f"/salons/{code}?done=cancelled", status_code=303)


def _told(visit: Visit, error: RegularsError) -> str:
    """Why something cannot be, in words that say what would do."""
    _ = visit.language.gettext
    words: Mapping[type[RegularsError], str] = {
        InsufficientPoints: _("The member has too few points for a place."),
        MemberNotFound: _("Nobody has this number or address. Check how it is written."),
        NotSignedUp: _("Nobody who has a place here has this ticket. Check how it is written."),
        SalonExists: _("There is a salon with this code already. Choose another one."),
        SalonFull: _("All places are taken, and the waiting list is full."),
        SalonRefused: _(
            "It is not open for this: it was called off, is over, not open yet, closed, or for other tiers."
        ),
        SignupEnded: _("The member has no place any more, or not yet, or was there already."),
    }
    fields = {
        "capacity": _("Give how many places there are: at least as many as are taken."),
        "waiting_most": _("Give how many may wait, 0 for nobody."),
        "starts_at": _("Give the day and time when it starts."),
        "ends_at": _("Give a day and time after it starts."),
        "cancel_until": _("Give a day and time before it ends, or none."),
        "place": _("Give a place of at most 200 letters."),
        "price": _("Give how many points, 0 for none."),
        "reward": _("Give how many points, 0 for none."),
    }
    field = str(error.details.get("field"))
    return words.get(type(error)) or fields.get(field) or _given.told(visit.language, error)


PAGES: Final = (
    list_salons, new_salon, open_salon, show_salon, sign_up, check_in, change_capacity, call_off, cancel_signup,
)  # fmt: skip
