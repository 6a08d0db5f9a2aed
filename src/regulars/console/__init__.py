"""The console: the pages the shop's staff work with, in English and Chinese, with or without JavaScript.

The invariant: every page but the sign-in needs a session, every form a token of its own visitor, and every page is
made of this server's own files alone. A handler asks for a `visit`, calls verbs and queries, and renders a template.

    Litestar(route_handlers=create_console(app))
"""

from litestar import Router
from litestar.datastructures import CacheControlHeader
from litestar.di import Provide
from litestar.static_files import create_static_files_router  # pyright: ignore[reportUnknownVariableType]
from litestar.types import ControllerRouterHandler

from regulars.app import App
from regulars.console import (
    _errors,
    _pages,
    _visits,
    adjustments,
    campaigns,
    coupons,
    drafts,
    early,
    economics,
    freezes,
    gift_cards,
    holds,
    households,
    imports,
    kinds,
    member_points,
    members,
    orders,
    overview,
    points,
    programme,
    promises,
    proof,
    referrals,
    reward_gifts,
    rewards,
    salons,
    sections,
    sign_in,
    tiers,
    trials,
    webhooks,
    what_ifs,
)
from regulars.console._errors import error_page
from regulars.console._visits import ConsoleRequest, Visit

__all__ = ["create_console", "error_page"]

_STAFF = (
    overview.overview,
    members.list_members,
    members.export_members,
    members.show_member,
    *households.PAGES,
    *early.PAGES,
    orders.list_orders,
    orders.show_order,
    *programme.PAGES,
    *drafts.PAGES,
    *sections.PAGES,
    *what_ifs.PAGES,
    *trials.PAGES,
    *tiers.PAGES,
    *rewards.PAGES,
    *reward_gifts.PAGES,
    *coupons.PAGES,
    *gift_cards.PAGES,
    *referrals.PAGES,
    *campaigns.PAGES,
    *salons.PAGES,
    imports.list_imports,
    imports.show_import,
    *member_points.PAGES,
    *points.PAGES,
    *economics.PAGES,
    *proof.PAGES,
    *adjustments.PAGES,
    *freezes.PAGES,
    *holds.PAGES,
    *promises.PAGES,
    *kinds.PAGES,
    *webhooks.PAGES,
)
_DOOR = (sign_in.sign_in_page, sign_in.sign_in, sign_in.sign_out, sign_in.choose)


def create_console(app: App) -> list[ControllerRouterHandler]:
    """The console's routes, at the root: pages, and what they are made of under `/static`."""

    def visit(request: ConsoleRequest) -> Visit:
        return _visits.arrive(request, app)

    def guest(request: ConsoleRequest) -> Visit:
        return _visits.glance(request, app)

    pages = Router(
        "/",
        route_handlers=[*_STAFF, *_DOOR],
        dependencies={"visit": Provide(visit, sync_to_thread=True), "guest": Provide(guest, sync_to_thread=False)},
        before_request=_visits.refuse_strange_forms,
        exception_handlers=_errors.handlers(app),
        include_in_schema=False,
    )
    files = create_static_files_router(
        "/static",
        [_pages.STATIC],
        name="console-static",
        cache_control=CacheControlHeader(max_age=31_536_000, immutable=True, public=True),
        include_in_schema=False,
    )
    return [pages, files]
