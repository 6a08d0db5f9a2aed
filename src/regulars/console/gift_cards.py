"""Gift cards: what is on them, what is owed on all, and the journal of each."""

from collections.abc import Mapping
from typing import Any, Final

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Response

from regulars import members
from regulars.access import Permission
from regulars.console import _addresses, _given, _pages
from regulars.console._given import REFUSALS, Form
from regulars.console._visits import Visit, require
from regulars.errors import RegularsError
from regulars.programme import gift_cards, guesses
from regulars.programme.guesses import CodeUnknown
from regulars.types import from_public, random_id, stable_id, to_public

_ROWS: Final = 50
_FIELDS: Final = ("once", "amount", "currency", "until")


@get("/gift-cards", sync_to_thread=True)
def list_cards(visit: NamedDependency[Visit], request: Request[Any, Any, Any]) -> Response[str]:
    """Cards, the latest first, and what is owed on all of them."""
    require(visit, Permission.AUDIT)
    return _cards(visit, before=request.query_params.get("before"))


def _cards(
    visit: Visit, refused: RegularsError | None = None, *, before: str | None = None, typed: str = ""
) -> Response[str]:
    place = _addresses.read_place("before", before) if before else None
    with visit.app.database.transaction(read_only=True) as tx:
        found = gift_cards.cards(tx, before=place, limit=_ROWS + 1)
        rows = found[:_ROWS]
        owners = sorted({one.member_id for one in rows if one.member_id is not None})
        people = {one.member_id: one for one in members.find_all(tx, owners)}
        owed = gift_cards.owed(tx, at=visit.now)
    return _pages.page(
        visit,
        "gift_cards.html",
        status=422 if refused else 200,
        rows=rows,
        people=people,
        owed=owed,
        before=before,
        following=_addresses.write_place(rows[-1].issued_at, rows[-1].card_id) if len(found) > _ROWS else None,
        typed=typed,
        refusal=_given.told(visit.language, refused) if refused else None,
    )


@post("/gift-cards/lookup", sync_to_thread=True, status_code=200)
def look_up(visit: NamedDependency[Visit], data: Form) -> Response[Any]:
    """The card with a code; the code is in no address."""
    by, typed = require(visit, Permission.AUDIT), data.get("typed", "").strip()[:100]
    try:
        with visit.app.database.transaction() as tx:
            guesses.let_try(tx, f"operator {by}", at=visit.now)
            found = gift_cards.find_by_code(tx, typed)
    except CodeUnknown as error:
        with visit.app.database.transaction() as tx:
            guesses.note(tx, f"operator {by}", at=visit.now)
        return _cards(visit, error, typed=typed)
    except REFUSALS as error:
        return _cards(visit, error, typed=typed)
    return Redirect(f"/gift-cards/{to_public('gft', found.card_id)}", status_code=303)


@get("/gift-cards/new", sync_to_thread=True)
def new_card(visit: NamedDependency[Visit]) -> Response[str]:
    """The form to issue a card."""
    require(visit, Permission.GIVE)
    return _form(visit, {"once": str(random_id()), "currency": _currencies(visit)[0]})


def _currencies(visit: Visit) -> list[str]:
    shops = sorted(visit.shops, key=lambda shop: shop.created_at)
    return list(dict.fromkeys(shop.currency for shop in shops)) or ["GBP"]


def _form(visit: Visit, given: Mapping[str, str], refused: RegularsError | None = None) -> Response[str]:
    return _pages.page(
        visit,
        "gift_card_form.html",
        status=422 if refused else 200,
        given={name: given.get(name, "") for name in _FIELDS},
        currencies=_currencies(visit),
        issued=None,
        wrong=str(refused.details.get("field", "")) if refused else "",
        refusal=_given.told(visit.language, refused) if refused else None,
    )


@post("/gift-cards/new", sync_to_thread=True, status_code=200)
def issue_card(visit: NamedDependency[Visit], data: Form) -> Response[Any]:
    """Issue a card, and show its code, this once. The same form sent twice issues one."""
    by = require(visit, Permission.GIVE)
    try:
        currency = _addresses.one_of("currency", data.get("currency", ""), tuple(_currencies(visit)))
        until = data.get("until", "").strip()
        amount = _given.minor("amount", data.get("amount", ""), visit.language.digits(currency))
        with visit.app.database.transaction() as tx:
            issued = gift_cards.issue(
                tx,
                currency,
                amount,
                reference=f"console {stable_id('gift_card', by, data.get('once', ''))}",
                at=visit.now,
                by=by,
                expires_at=_addresses.midnight(_addresses.day("expires_at", until), visit.zone, after=1)
                if until
                else None,
            )
    except REFUSALS as error:
        return _form(visit, data, error)
    return _pages.page(visit, "gift_card_code.html", issued=issued)


@get("/gift-cards/{card:str}", sync_to_thread=True)
def show_card(visit: NamedDependency[Visit], card: FromPath[str], request: Request[Any, Any, Any]) -> Response[str]:
    """One card, and everything that changed it."""
    number = from_public("gft", card, field="card")
    before = request.query_params.get("before")
    seq = _addresses.whole("before", before, 1, 10**9 - 1) if before else None
    return _card(visit, number, before=seq, done=request.query_params.get("done"))


def _card(
    visit: Visit,
    number: int,
    refused: RegularsError | None = None,
    *,
    before: int | None = None,
    done: str | None = None,
) -> Response[str]:
    with visit.app.database.transaction(read_only=True) as tx:
        one = gift_cards.card(tx, number)
        entries = gift_cards.entries(tx, number, before_seq=before, limit=_ROWS + 1)
        people = members.find_all(tx, [one.member_id]) if one.member_id is not None else []
    return _pages.page(
        visit,
        "gift_card.html",
        status=422 if refused else 200,
        one=one,
        ends=gift_cards.expired_at(one),
        entries=entries[:_ROWS],
        following=entries[_ROWS - 1].seq if len(entries) > _ROWS else None,
        member=next(iter(people), None),
        done=done,
        refusal=_given.told(visit.language, refused) if refused else None,
    )


@post("/gift-cards/{card:str}/block", sync_to_thread=True)
def block_card(visit: NamedDependency[Visit], card: FromPath[str], data: Form) -> Response[Any]:
    """Block a card, or let it be used again."""
    by, number = require(visit, Permission.GIVE), from_public("gft", card, field="card")
    to = _addresses.one_of("to", data.get("to", ""), ("blocked", "unblocked"))
    turn = gift_cards.block if to == "blocked" else gift_cards.unblock
    try:
        with visit.app.database.transaction() as tx:
            turn(tx, number, reason=data.get("reason", "").strip(), at=visit.now, by=by)
    except REFUSALS as error:
        return _card(visit, number, error)
    return Redirect(f"/gift-cards/{card}?done={to}", status_code=303)


PAGES: Final = (list_cards, look_up, new_card, issue_card, show_card, block_card)
