"""Rewards: what there is to have, what is left of it, and what has to be sent."""

from collections.abc import Mapping
from typing import Any, Final

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Response

from regulars import members, programme
from regulars.access import Permission
from regulars.console import _addresses, _given, _pages
from regulars.console._given import REFUSALS, Form
from regulars.console._kinds import Kinds
from regulars.console._visits import Visit, require
from regulars.errors import RegularsError
from regulars.programme import NoProgramme, rewards
from regulars.programme.rewards import Redemption, Shelf
from regulars.storage import Transaction
from regulars.types import from_public

_ROWS: Final = 50
_STEPS: Final = ("packed", "sent", "delivered")


def shelf_of(tx: Transaction, visit: Visit) -> Shelf:
    """The rewards in force; none as long as there is no programme."""
    try:
        return programme.shelf(tx, at=visit.now)
    except NoProgramme:
        return Shelf((), "", "UTC")


def reward_names(visit: Visit, some: list[Redemption]) -> Mapping[int, str]:
    """What the rewards of redemptions are called, as they were promised."""
    return {one.redemption_id: visit.language.named(rewards.promised(one)) for one in some}


@get("/rewards", sync_to_thread=True)
def list_rewards(visit: NamedDependency[Visit]) -> Response[str]:
    """What members can have, and what is left."""
    with visit.app.database.transaction(read_only=True) as tx:
        shelf = shelf_of(tx, visit)
        left = rewards.stock(tx, [one.code for one in shelf.rewards])
        waiting = rewards.to_fulfil(tx, limit=_ROWS + 1)
        kinds = Kinds.read(tx, visit.language)
    return _pages.page(visit, "rewards.html", shelf=shelf, left=left, waiting=len(waiting), most=_ROWS, kinds=kinds)


@get("/rewards/queue", sync_to_thread=True)
def list_queue(visit: NamedDependency[Visit], request: Request[Any, Any, Any]) -> Response[str]:
    """What somebody has to pack, send or do, what has waited longest first."""
    text = request.query_params.get("after")
    after = _addresses.read_place("after", text) if text else None
    with visit.app.database.transaction(read_only=True) as tx:
        found = list(rewards.to_fulfil(tx, after=after, limit=_ROWS + 1))
        rows = found[:_ROWS]
        people = {one.member_id: one for one in members.find_all(tx, sorted({one.member_id for one in rows}))}
    following = _addresses.write_place(rows[-1].changed_at, rows[-1].redemption_id) if len(found) > _ROWS else None
    return _pages.page(
        visit,
        "reward_queue.html",
        rows=rows,
        names=reward_names(visit, rows),
        people=people,
        after=after,
        following=following,
        done=request.query_params.get("done"),
    )


@post("/rewards/redemptions/{redemption:str}/fulfilment", sync_to_thread=True)
def advance_redemption(visit: NamedDependency[Visit], redemption: FromPath[str], data: Form) -> Response[Any]:
    """Note that a reward was packed, sent, or has arrived."""
    by, number = require(visit, Permission.RECORD), from_public("rdm", redemption, field="redemption")
    to = _addresses.one_of("to", data.get("to", ""), _STEPS)
    try:
        with visit.app.database.transaction() as tx:
            note = data.get("note", "").strip()[:200]
            rewards.advance(tx, number, to, at=visit.now, by=by, note=note or None)  # pyright: ignore[reportArgumentType]
    except REFUSALS as error:
        return _redemption(visit, number, error)
    back = f"/rewards/redemptions/{redemption}" if data.get("back") == "one" else "/rewards/queue"
    return Redirect(f"{back}?done={to}", status_code=303)


@get("/rewards/redemptions/{redemption:str}", sync_to_thread=True)
def show_redemption(
    visit: NamedDependency[Visit], redemption: FromPath[str], request: Request[Any, Any, Any]
) -> Response[str]:
    """One reward on its way to a member."""
    number = from_public("rdm", redemption, field="redemption")
    return _redemption(visit, number, done=request.query_params.get("done"))


def _redemption(
    visit: Visit, number: int, refused: RegularsError | None = None, *, done: str | None = None
) -> Response[str]:
    with visit.app.database.transaction(read_only=True) as tx:
        one = rewards.redemption(tx, number)
        people = {known.member_id: known for known in members.find_all(tx, [one.member_id])}
        kinds = Kinds.read(tx, visit.language)
    return _pages.page(
        visit,
        "redemption.html",
        status=409 if refused else 200,
        one=one,
        name=visit.language.named(rewards.promised(one)),
        member=people.get(one.member_id),
        kinds=kinds,
        done=done,
        refusal=_given.told(visit.language, refused) if refused else None,
    )


@post("/rewards/redemptions/{redemption:str}/refund", sync_to_thread=True)
def refund_redemption(visit: NamedDependency[Visit], redemption: FromPath[str], data: Form) -> Response[Any]:
    """Undo a reward: points, stock and code go back."""
    by, number = require(visit, Permission.GIVE), from_public("rdm", redemption, field="redemption")
    try:
        with visit.app.database.transaction() as tx:
            restock, reason = data.get("restock") == "yes", data.get("reason", "").strip()
            rewards.give_back(tx, number, reason=reason, restock=restock, at=visit.now, by=by)
    except REFUSALS as error:
        return _redemption(visit, number, error)
    return Redirect(f"/rewards/redemptions/{redemption}?done=back", status_code=303)


@get("/rewards/{reward:str}", sync_to_thread=True)
def show_reward(visit: NamedDependency[Visit], reward: FromPath[str], request: Request[Any, Any, Any]) -> Response[str]:
    """One reward: what it costs whom, its stock, and who had it last."""
    return _reward(visit, reward, done=request.query_params.get("done"))


def _reward(
    visit: Visit,
    code: str,
    refused: RegularsError | None = None,
    *,
    done: str | None = None,
    given: Mapping[str, str] | None = None,
) -> Response[str]:
    with visit.app.database.transaction(read_only=True) as tx:
        shelf = shelf_of(tx, visit)
        one = rewards.found_on(shelf, code)
        recent = list(rewards.redemptions(tx, reward=code, limit=20))
        people = {known.member_id: known for known in members.find_all(tx, sorted({r.member_id for r in recent}))}
        values: dict[str, Any] = {
            "left": rewards.stock(tx, [code])[code],
            "changes": rewards.stock_changes(tx, code, limit=20),
            "kinds": Kinds.read(tx, visit.language),
        }
    return _pages.page(
        visit,
        "reward.html",
        status=422 if refused else 200,
        one=one,
        shelf=shelf,
        recent=recent,
        people=people,
        done=done,
        given=given or {"amount": "", "reason": ""},
        refusal=_given.told(visit.language, refused) if refused else None,
        **values,
    )


@post("/rewards/{reward:str}/stock", sync_to_thread=True)
def change_stock(visit: NamedDependency[Visit], reward: FromPath[str], data: Form) -> Response[Any]:
    """Put so many into stock, or take them off it."""
    by = require(visit, Permission.GIVE)
    given = {name: data.get(name, "").strip() for name in ("amount", "reason")}
    try:
        amount = _given.whole("amount", given["amount"], least=-(10**9))
        with visit.app.database.transaction() as tx:
            rewards.found_on(shelf_of(tx, visit), reward)
            rewards.change_stock(tx, reward, amount, reason=given["reason"], by=by, at=visit.now)
    except REFUSALS as error:
        return _reward(visit, reward, error, given=given)
    return Redirect(f"/rewards/{reward}?done=stock", status_code=303)


PAGES: Final = (
    list_rewards,
    list_queue,
    show_redemption,
    advance_redemption,
    refund_redemption,
    show_reward,
    change_stock,
)
