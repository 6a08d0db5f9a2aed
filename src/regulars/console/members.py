"""Members: the directory with search and filters, its export, and one member's page."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response, Stream

from regulars import commerce, facts, insight, members, programme
from regulars.console import (
    _addresses,
    _downloads,
    _pages,
    _ranks,
    _statement,
    _timeline,
    _wanted,
    goals,
    households,
    referrals,
    tiers,
)
from regulars.console._kinds import Kinds
from regulars.console._visits import Visit
from regulars.console._wanted import Wanted
from regulars.console.rewards import reward_names
from regulars.insight import Filter, MemberRow
from regulars.ledger import desk
from regulars.programme import coupons, gift_cards, rewards
from regulars.storage import Transaction
from regulars.types import from_public, to_public

TABS: Final = ("timeline", "orders", "points", "rewards")
_ROWS: Final = 50
_EXPORTED_AT_ONCE: Final = 500
_EXPORT: Final = (
    "member_id", "external_id", "name", "email", "country", "joined", "tier", "points", "orders", "spend", "currency",
    "last_purchase", "recency", "frequency", "money", "grade",
)  # fmt: skip


@get("/members", sync_to_thread=True)
def list_members(visit: NamedDependency[Visit], request: Request[Any, Any, Any]) -> Response[str]:
    """The members that fit, in the order asked for."""
    wanted = Wanted.of(request.query_params)
    frame = visit.app.frames.read(visit.app.database)
    chosen = wanted.filter(frame, visit.today)
    with visit.app.database.transaction(read_only=True) as tx:
        tiers = _ranks.tier_names(_ranks.standing_programme(tx, visit.now), visit.language)
        found = insight.directory(
            tx, chosen, sort=wanted.sort, descending=wanted.descending, after=wanted.after, limit=_ROWS
        )
    answer = _pages.page(
        visit,
        "_members.html" if visit.partial else "members.html",
        wanted=wanted,
        page=found,
        tiers=tiers,
        grades=insight.GRADES,
        months=_wanted.months(frame),
        chips=_wanted.chips(visit, wanted, tiers),
    )
    if visit.partial:
        answer.headers["HX-Replace-Url"] = _pages.query("/members", wanted.query())
    return answer


@get("/members/export.csv", sync_to_thread=True)
def export_members(visit: NamedDependency[Visit], request: Request[Any, Any, Any]) -> Stream:
    """Every member that fits as a file for a spreadsheet, in the order of the list."""
    wanted = Wanted.of(request.query_params)
    chosen = wanted.filter(visit.app.frames.read(visit.app.database), visit.today)
    return _downloads.table(f"members-{visit.today.isoformat()}.csv", _lines(visit, wanted, chosen))


def _lines(visit: Visit, wanted: Wanted, chosen: Filter) -> Iterator[str]:
    yield _downloads.rows([_EXPORT])
    after: str | None = None
    with visit.app.database.transaction(read_only=True) as tx:
        while True:
            page = insight.directory(
                tx, chosen, sort=wanted.sort, descending=wanted.descending, after=after, limit=_EXPORTED_AT_ONCE
            )
            digits = visit.language.digits(page.currency)
            yield _downloads.rows([_exported(visit, row, page.currency or "", digits) for row in page.rows])
            after = page.next
            if after is None:
                return


def _exported(visit: Visit, row: MemberRow, currency: str, digits: int) -> Sequence[object]:
    return (
        to_public("mem", row.member_id), *map(_downloads.harmless, (row.external_id, row.name, row.email, row.country)),
        row.joined_at.astimezone(visit.zone).date().isoformat(), row.tier, row.points, row.orders,
        Decimal(row.spend_minor).scaleb(-digits), currency, row.last_day, row.r, row.f, row.m, row.grade,
    )  # fmt: skip


@get("/members/{member:str}", sync_to_thread=True)
def show_member(visit: NamedDependency[Visit], member: FromPath[str], request: Request[Any, Any, Any]) -> Response[str]:
    """One member: the portrait, points, tier, orders, and everything that happened."""
    member_id = from_public("mem", member, field="member")
    tab = _addresses.one_of("tab", request.query_params.get("tab", TABS[0]), TABS)
    with visit.app.database.transaction(read_only=True) as tx:
        known = members.find(tx, member_id)
        found = _ranks.standing_programme(tx, visit.now)
        accounts = desk.accounts(tx, member_id, at=visit.now)
        asked = dict(request.query_params) if tab == "points" else {}
        wanted = _statement.Wanted.of(asked, [one.point_type for one in accounts])
        kind = wanted.kind
        values: dict[str, Any] = {
            "member": known,
            "identities": members.identities(tx, member_id=member_id),
            "portrait": insight.portrait(tx, member_id),
            "tiers": _ranks.tier_names(found, visit.language),
            "accounts": accounts,
            "kinds": Kinds.read(tx, visit.language),
            "kind": kind,
            "purse": _statement.purse(tx, visit, member_id, kind, accounts),
            **tiers.shown(tx, visit, member_id, found),
            "programme": found,
            "currency": found.currency if found else None,
            "tab": tab,
            "tabs": TABS,
            **households.shown(tx, visit, member_id),
            **referrals.shown(tx, visit, member_id),
            **goals.shown(tx, visit, member_id, found),
        }
        before = request.query_params.get("before")
        if tab == "orders":
            values |= _orders(tx, member_id, before)
        elif tab == "rewards":
            values |= _rewards(tx, visit, member_id)
        elif tab == "points":
            values |= {"wanted": wanted, "page": _statement.read(tx, visit, member_id, wanted, limit=_ROWS)}
            values |= {"holds": _statement.holds(tx, visit, member_id, kind), "done": request.query_params.get("done")}
        else:
            named = {**_ranks.all_tier_names(found, visit.language), **goals.names(found, visit.language)}
            values |= _happened(tx, visit, member_id, before, named)
    answer = _pages.page(visit, f"_member_{tab}.html" if visit.partial else "member.html", **values)
    if visit.partial and tab == "points" and wanted.before is None:  # filtered anew, not joined by earlier entries
        answer.headers["HX-Replace-Url"] = _pages.query(f"/members/{member}", {"tab": tab, **wanted.query()})
    return answer


def _happened(
    tx: Transaction, visit: Visit, member_id: int, before: str | None, named: Mapping[str, str]
) -> dict[str, object]:
    place = _addresses.read_place("before", before) if before else None
    found = facts.timeline(tx, member_id=member_id, before=place, limit=_ROWS + 1)
    rows = found[:_ROWS]
    more = len(found) > _ROWS
    return {
        "days": _timeline.days(visit, rows, named, _timeline.shops_of(tx, visit, rows)),
        "following": _addresses.write_place(rows[-1].occurred_at, rows[-1].fact_id) if more else None,
    }


def _orders(tx: Transaction, member_id: int, before: str | None) -> dict[str, object]:
    place = _addresses.read_place("before", before) if before else None
    found = commerce.list_orders(tx, member_id=member_id, before=place, limit=_ROWS + 1)
    rows = found[:_ROWS]
    more = len(found) > _ROWS
    awards = programme.awards_of(tx, [order.order_id for order in rows])
    return {
        "orders": rows,
        "awards": {award.order_id: award for award in awards},
        "following": _addresses.write_place(rows[-1].placed_at, rows[-1].order_id) if more else None,
    }


def _rewards(tx: Transaction, visit: Visit, member_id: int) -> dict[str, object]:
    taken = list(rewards.redemptions(tx, member_id=member_id, limit=_ROWS))
    claims = coupons.claims(tx, member_id, limit=_ROWS)
    return {
        "redemptions": taken,
        "owed": rewards.owed(tx, member_id=member_id),
        "reward_names": reward_names(visit, taken),
        "claims": claims,
        "pools": coupons.pools_by_id(tx, [one.pool_id for one in claims]),
        "cards": gift_cards.cards(tx, member_id=member_id, limit=_ROWS),
    }
