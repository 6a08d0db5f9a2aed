"""What staff do to one member's points: give or take, freeze, give back what was set aside; and the statement as a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Final

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Redirect, Response, Stream

from regulars import members
from regulars.access import Permission
from regulars.console import _addresses, _downloads, _pages, _statement
from regulars.console._addresses import BadAddress
from regulars.console._kinds import USUAL, Kinds
from regulars.console._refusals import REFUSALS, told
from regulars.console._statement import Wanted
from regulars.console._visits import Visit, require
from regulars.errors import RegularsError
from regulars.ledger import InvalidPosting, desk
from regulars.ledger.desk import Account
from regulars.members import Member
from regulars.storage import Transaction
from regulars.types import from_public, random_id, stable_id, to_public

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]

WAYS: Final = ("give", "take")
_LONGEST_AMOUNT: Final = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose points of which kind a form is about."""

    member: Member
    kind: str
    kinds: Kinds
    account: Account | None

    @property
    def place(self) -> str:
        """The member's page."""
        return f"/members/{to_public('mem', self.member.member_id)}"

    @property
    def kind_query(self) -> str | None:
        """The kind as the address says it: the usual one is not named."""
        return None if self.kind == USUAL else self.kind


def _asked(tx: Transaction, visit: Visit, member: str, data: Mapping[str, str]) -> Asked:
    known = members.find(tx, from_public("mem", member, field="member"))
    accounts = desk.accounts(tx, known.member_id, at=visit.now)
    kinds = Kinds.read(tx, visit.language)
    named = tuple({*kinds.decimals, *(one.point_type for one in accounts), USUAL})
    kind = _addresses.one_of("type", data.get("type") or USUAL, named)
    return Asked(known, kind, kinds, next((one for one in accounts if one.point_type == kind), None))


def _back(asked: Asked, done: str) -> Redirect:
    return Redirect(_pages.query(asked.place, tab="points", type=asked.kind_query, done=done), status_code=303)


def _form(
    visit: Visit, template: str, asked: Asked, refused: RegularsError | None = None, **values: Any
) -> Response[str]:
    says = told(asked.kinds, refused) if refused else None
    wrong = str(refused.details.get("field", "")) if refused else ""
    status = 422 if refused else 200
    return _pages.page(
        visit, template, status=status, asked=asked, kinds=asked.kinds, refusal=says, wrong=wrong, **values
    )


@get("/members/{member:str}/points.csv", sync_to_thread=True)
def export_statement(visit: NamedDependency[Visit], member: FromPath[str], request: Request[Any, Any, Any]) -> Stream:
    """A member's statement as a file for a spreadsheet, the latest entry first."""
    member_id = from_public("mem", member, field="member")
    with visit.app.database.transaction(read_only=True) as tx:
        members.find(tx, member_id)
        known = [one.point_type for one in desk.accounts(tx, member_id, at=visit.now)]
    wanted = Wanted.of({**request.query_params, "before": ""}, known)
    name = f"statement-{member}-{wanted.kind}-{visit.today.isoformat()}.csv"
    return _downloads.table(name, _statement.lines(visit, member_id, wanted))


@get("/members/{member:str}/points/adjustment", sync_to_thread=True)
def new_adjustment(
    visit: NamedDependency[Visit], member: FromPath[str], request: Request[Any, Any, Any]
) -> Response[str]:
    """The form to give points by hand, or to take them."""
    require(visit, Permission.GIVE)
    with visit.app.database.transaction(read_only=True) as tx:
        asked = _asked(tx, visit, member, request.query_params)
    return _adjustment_form(visit, asked, {"once": str(random_id()), "way": "give"})


def _adjustment_form(
    visit: Visit, asked: Asked, given: Mapping[str, str], refused: RegularsError | None = None
) -> Response[str]:
    limit = visit.app.settings.adjustment_limit
    typed = {name: given.get(name, "") for name in ("once", "way", "amount", "reason", "expires")}
    return _form(visit, "adjustment_form.html", asked, refused, given=typed, limit=limit)


@post("/members/{member:str}/points/adjustment", sync_to_thread=True, status_code=200)
def adjust_points(visit: NamedDependency[Visit], member: FromPath[str], data: Form) -> Response[Any]:
    """Give points by hand or take them, or have somebody else decide; or say what is wrong.

    The same form sent twice does it once: what it is called follows from who sent it and the number that came with it.
    """
    by = require(visit, Permission.GIVE)
    with visit.app.database.transaction(read_only=True) as tx:
        asked = _asked(tx, visit, member, data)
    try:
        way = _addresses.one_of("way", data.get("way", ""), WAYS)
        amount = _amount(data.get("amount", ""), asked.kinds.decimals.get(asked.kind, 0))
        with visit.app.database.transaction() as tx:
            done = desk.adjust(
                tx,
                asked.member.member_id,
                amount if way == "give" else -amount,
                reason=data.get("reason", "").strip(),
                by=by,
                limit=visit.app.settings.adjustment_limit,
                at=visit.now,
                expires_at=_end_of(visit, data.get("expires", "")) if way == "give" else None,
                adjustment_id=stable_id("adjustment", by, asked.member.member_id, asked.kind, data.get("once", "")),
                point_type=asked.kind,
            )
    except REFUSALS as error:
        return _adjustment_form(visit, asked, data, error)
    if done.decision is None:
        return _back(asked, "proposed")
    return _back(asked, "given" if amount > 0 and way == "give" else "taken")


def _amount(text: str, decimals: int) -> int:
    """Points above 0 as a person writes them, in the smallest unit."""
    plain = text.strip().replace(",", "").replace("\N{FULLWIDTH COMMA}", "")
    try:
        amount = Decimal(plain).scaleb(decimals) if len(plain) <= _LONGEST_AMOUNT else Decimal(0)
    except InvalidOperation:
        amount = Decimal(0)
    if not amount.is_finite() or amount <= 0 or amount != amount.to_integral_value():
        raise InvalidPosting(field="amount", value=text, remedy="give a number above 0")
    return int(amount)


def _end_of(visit: Visit, text: str) -> datetime | None:
    """The first instant after a day that a form names; None: it names none."""
    if not text.strip():
        return None
    try:
        day = _addresses.day("expires_at", text.strip())
        return _addresses.midnight(day, visit.zone, after=1)
    except (BadAddress, OverflowError) as error:
        raise InvalidPosting(field="expires_at", value=text, remedy="give a day") from error


@get("/members/{member:str}/points/freeze", sync_to_thread=True)
def freeze_form(visit: NamedDependency[Visit], member: FromPath[str], request: Request[Any, Any, Any]) -> Response[str]:
    """The form to freeze points, or to unfreeze them where they are."""
    require(visit, Permission.GIVE)
    return _freeze_form(visit, member, request.query_params)


def _freeze_form(
    visit: Visit, member: str, data: Mapping[str, str], refused: RegularsError | None = None
) -> Response[str]:
    with visit.app.database.transaction(read_only=True) as tx:
        asked = _asked(tx, visit, member, data)
        known = desk.freezes(tx, asked.member.member_id, point_type=asked.kind, limit=10)
    now = next((one for one in known if one.lifted_at is None), None)
    return _form(visit, "freeze_form.html", asked, refused, now=now, freezes=known, reason=data.get("reason", ""))


@post("/members/{member:str}/points/freeze", sync_to_thread=True, status_code=200)
def freeze_points(visit: NamedDependency[Visit], member: FromPath[str], data: Form) -> Response[Any]:
    """Freeze points or unfreeze them, or say what is wrong. Done already is done too."""
    by = require(visit, Permission.GIVE)
    to = _addresses.one_of("to", data.get("to", ""), ("frozen", "unfrozen"))
    reason = data.get("reason", "").strip()
    try:
        with visit.app.database.transaction() as tx:
            asked = _asked(tx, visit, member, data)
            who = asked.member.member_id
            if to == "frozen":
                desk.freeze(tx, who, reason=reason, by=by, at=visit.now, point_type=asked.kind)
            else:
                desk.unfreeze(tx, who, because=reason, by=by, at=visit.now, point_type=asked.kind)
    except REFUSALS as error:
        return _freeze_form(visit, member, data, error)
    return _back(asked, to)


@get("/members/{member:str}/points/holds/{number:str}/release", sync_to_thread=True)
def release_form(
    visit: NamedDependency[Visit], member: FromPath[str], number: FromPath[str], request: Request[Any, Any, Any]
) -> Response[str]:
    """The form to give back what is left of a hold."""
    require(visit, Permission.SPEND)
    return _release_form(visit, member, number, request.query_params)


def _release_form(
    visit: Visit, member: str, number: str, data: Mapping[str, str], refused: RegularsError | None = None
) -> Response[str]:
    with visit.app.database.transaction(read_only=True) as tx:
        asked = _asked(tx, visit, member, data)
        seq = _addresses.whole("number", number, 1, 999_999_999)
        hold = desk.open_hold(tx, asked.member.member_id, seq, at=visit.now, point_type=asked.kind)
    return _form(visit, "hold_release.html", asked, refused, hold=hold, reason=data.get("reason", ""))


@post("/members/{member:str}/points/holds/{number:str}/release", sync_to_thread=True, status_code=200)
def release_hold(
    visit: NamedDependency[Visit], member: FromPath[str], number: FromPath[str], data: Form
) -> Response[Any]:
    """Give back what is left of a hold, or say what is wrong. Given back already is told as such."""
    by = require(visit, Permission.SPEND)
    seq = _addresses.whole("number", number, 1, 999_999_999)
    with visit.app.database.transaction(read_only=True) as tx:
        asked = _asked(tx, visit, member, data)
    try:
        with visit.app.database.transaction() as tx:
            reason = data.get("reason", "").strip()
            desk.release_hold(
                tx, asked.member.member_id, seq, reason=reason, by=by, at=visit.now, point_type=asked.kind
            )
    except desk.HoldNotFound:
        return _back(asked, "gone")
    except InvalidPosting as error:
        return _release_form(visit, member, number, data, error)
    return _back(asked, "released")


PAGES: Final = (
    export_statement,
    new_adjustment,
    adjust_points,
    freeze_form,
    freeze_points,
    release_form,
    release_hold,
)
