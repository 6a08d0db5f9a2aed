"""Rewards given by staff, without points."""

from collections.abc import Mapping
from typing import Any, Final

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Response

from regulars import members
from regulars.access import Permission
from regulars.console import _given, _pages
from regulars.console._given import REFUSALS, Form
from regulars.console._visits import Visit, require
from regulars.console.rewards import shelf_of
from regulars.errors import RegularsError
from regulars.members import Member
from regulars.programme import rewards
from regulars.programme.rewards import NewGift, Redeemed
from regulars.storage import Transaction
from regulars.types import from_public, random_id, stable_id, to_public


@get("/members/{member:str}/rewards/gift", sync_to_thread=True)
def new_reward_gift(visit: NamedDependency[Visit], member: FromPath[str]) -> Response[str]:
    """The form to give a member a reward."""
    require(visit, Permission.GIVE)
    return _form(visit, member, {"once": str(random_id())})


def _form(visit: Visit, member: str, given: Mapping[str, str], refused: RegularsError | None = None) -> Response[str]:
    with visit.app.database.transaction(read_only=True) as tx:
        known, shelf = _known(tx, member), shelf_of(tx, visit)
        left = rewards.stock(tx, [one.code for one in shelf.rewards])
    return _pages.page(
        visit,
        "reward_gift_form.html",
        status=422 if refused else 200,
        member=known,
        choices=[one for one in shelf.rewards if one.kind != "cash_off"],
        left=left,
        given={name: given.get(name, "") for name in ("once", "reward", "reason")},
        refusal=_given.told(visit.language, refused) if refused else None,
    )


def _known(tx: Transaction, member: str) -> Member:
    return members.find(tx, from_public("mem", member, field="member"))


@post("/members/{member:str}/rewards/gift", sync_to_thread=True, status_code=200)
def give_reward(visit: NamedDependency[Visit], member: FromPath[str], data: Form) -> Response[Any]:
    """Give a member a reward; or say what is wrong. The same form sent twice gives it once."""
    by = require(visit, Permission.GIVE)
    try:
        with visit.app.database.transaction() as tx:
            known = _known(tx, member)
            reference = f"staff/{stable_id('reward gift', by, known.member_id, data.get('once', ''))}"
            new = NewGift(known.member_id, data.get("reward", ""), reference, "staff", data.get("reason", "").strip())
            limit = visit.app.settings.adjustment_limit
            done = rewards.give(tx, shelf_of(tx, visit), new, at=visit.now, by=by, limit=limit)
    except REFUSALS as error:
        return _form(visit, member, data, error)
    return _given_page(visit, known, done)


def _given_page(visit: Visit, known: Member, done: Redeemed) -> Response[Any]:
    """A gift card's code is shown this once; everything else has a page of its own."""
    there = f"/rewards/redemptions/{to_public('rdm', done.redemption.redemption_id)}"
    if done.card is None:
        return Redirect(f"{there}?done=given", status_code=303)
    name = visit.language.named(rewards.promised(done.redemption))
    return _pages.page(visit, "reward_gift_code.html", member=known, code=done.card, name=name, there=there)


PAGES: Final = (new_reward_gift, give_reward)
