"""The routes of the API, joined."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from litestar import Response, Router, route
from litestar.di import NamedDependency, Provide
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp

from regulars.api import (
    adjustments,
    campaigns,
    checkout,
    corrections,
    coupons,
    decisions,
    deliveries,
    drafts,
    economics,
    events,
    feed,
    gift_cards,
    health,
    holds,
    households,
    imports,
    liability,
    measures,
    members,
    orders,
    points,
    postings,
    programme,
    promises,
    reconciliation,
    referrals,
    returns,
    rewards,
    salons,
    shops,
    statements,
    tiers,
    transfers,
    webhooks,
    what_ifs,
)
from regulars.api._calls import ApiCall, guard
from regulars.api._gate import Gate
from regulars.api._hot import HotPath
from regulars.api._openapi import document
from regulars.api._problems import BODY_LIMIT, refuse
from regulars.api._requests import ApiRequest, decode_query
from regulars.api.documentation import documentation
from regulars.app import App

_MODULES: Final = (
    shops, members, households, orders, returns, deliveries, points, statements, liability, economics, holds, transfers, promises, corrections, postings, adjustments,
    reconciliation, programme, drafts, what_ifs, decisions, events, tiers, rewards, coupons, gift_cards, checkout, referrals, campaigns, salons, measures,
    imports, feed, webhooks, health,
)  # fmt: skip
_HANDLERS: Final[tuple[HTTPRouteHandler, ...]] = tuple(handler for module in _MODULES for handler in module.HANDLERS)


@dataclass(frozen=True, slots=True)
class Api:
    """The API, to be joined with whatever else is served."""

    routes: Sequence[Router]
    """Everything to mount: `/v1`, its documentation, and `/health`."""

    around: Callable[[ASGIApp], ASGIApp]
    """The application they are mounted in, with the hot routes in front of it."""

    close: Callable[[], None]
    """Answers what still waits for a lane; call it in a thread before the event loop ends."""


def create_api(app: App) -> Api:
    """The API of an installation."""
    gate = Gate(app)
    hot = HotPath(app, gate)
    return Api(_routes(app, gate, hot), hot.around, hot.lanes.close)


def _routes(app: App, gate: Gate, hot: HotPath) -> list[Router]:

    async def call(request: ApiRequest, asked: NamedDependency[Any]) -> ApiCall:
        return ApiCall(app, request, request.scope["state"]["key"], asked, await request.body())

    def asked(request: ApiRequest) -> Any:
        return decode_query(request)

    options: dict[str, Any] = {"exception_handlers": {Exception: refuse}, "include_in_schema": False}
    routes = Router(
        "/v1",
        route_handlers=[*_options(), *_HANDLERS],
        dependencies={"call": Provide(call), "asked": Provide(asked, sync_to_thread=False)},
        guards=[guard(gate)],
        request_class=ApiRequest,
        request_max_body_size=BODY_LIMIT,
        **options,
    )
    about = Router("/v1", route_handlers=documentation(_HANDLERS), **options)
    return [routes, about, Router("/", route_handlers=health.health(app, hot.readings), **options)]


def _options() -> Iterator[HTTPRouteHandler]:
    """Say which methods each address takes; what Litestar says by itself misses those declared apart."""
    methods: dict[str, set[str]] = {}
    for handler in _HANDLERS:
        for path in handler.paths:
            methods.setdefault(path, {"OPTIONS"}).update(handler.http_methods)
    for path, allowed in methods.items():
        yield _allow(path, ", ".join(sorted(allowed)))


def _allow(path: str, allowed: str) -> HTTPRouteHandler:
    @route(path, http_method=["OPTIONS"], status_code=204, sync_to_thread=False)
    def allow() -> Response[None]:
        return Response(None, status_code=204, headers={"Allow": allowed})

    return allow


def openapi_document() -> dict[str, Any]:
    """The OpenAPI 3.1 description of `/v1`."""
    return document(_HANDLERS)
