"""A member's household: who shares the points, joining and leaving."""

from typing import Annotated, Any

from litestar import post
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Redirect

from regulars import access, ledger, members
from regulars.access import Permission
from regulars.console import _addresses
from regulars.console._visits import Visit
from regulars.ledger import sharing
from regulars.storage import Transaction
from regulars.types import MalformedId, from_public

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


def shown(tx: Transaction, visit: Visit, member_id: int) -> dict[str, Any]:
    """What a member's page says of the household."""
    household = sharing.shared_by(tx, member_id)
    others = [] if household is None else [
        one.member_id for one in members.members_of_household(tx, household.household_id) if one.member_id != member_id
    ]  # fmt: skip
    return {
        "household": household,
        "mates": sorted(members.find_all(tx, others), key=lambda one: one.name or one.external_id),
        "together": ledger.balance(tx, member_id, at=visit.now).available if household else 0,
        "may_share": visit.session is not None and visit.session.role.may(Permission.SPEND),
    }


@post("/members/{member:str}/household", sync_to_thread=True)
def join_household(visit: NamedDependency[Visit], member: FromPath[str], data: Form) -> Redirect:
    """Let a member share points with those of another member, in whose household or in a new one of both."""
    _require(visit)
    member_id, mate = from_public("mem", member, field="member"), data.get("with", "").strip()
    if mate == member:
        raise MalformedId(field="with", value=mate, remedy="name another member")
    with visit.app.database.transaction() as tx:
        known, other = members.find(tx, member_id), members.find(tx, from_public("mem", mate, field="with"))
        theirs = members.household_of(tx, other.member_id)
        if theirs is None:
            name = data.get("name", "").strip() or other.name or other.external_id
            number = members.form_household(tx, name, at=visit.now).household_id
            sharing.join(tx, number, other.member_id, at=visit.now)
        else:
            number = theirs.household_id
        sharing.join(tx, number, known.member_id, at=visit.now)
    return Redirect(f"/members/{member}", status_code=303)


@post("/members/{member:str}/household/leave", sync_to_thread=True)
def leave_household(visit: NamedDependency[Visit], member: FromPath[str], data: Form) -> Redirect:
    """Let a member share points no more, and take some along."""
    _require(visit)
    member_id = from_public("mem", member, field="member")
    share = _addresses.whole("share", data.get("share", "").strip() or "0", 0, 10**12)
    with visit.app.database.transaction() as tx:
        household = sharing.shared_by(tx, member_id)
        if household is not None:
            sharing.leave(tx, household.household_id, member_id, share=share, at=visit.now)
    return Redirect(f"/members/{member}", status_code=303)


def _require(visit: Visit) -> None:
    assert visit.session is not None  # noqa: S101  every page but the sign-in has one
    access.require(visit.session.role, Permission.SPEND)


PAGES = (join_household, leave_household)
