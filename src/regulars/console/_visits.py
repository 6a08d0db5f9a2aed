"""Who is looking at the console, in which language and light, and whether a form they send was one of ours.

Every page but the sign-in needs a session. Every form carries a token made from the visitor's own cookie, which a page
of another origin can neither read nor guess; the hook below refuses any unsafe request without it, so that no handler
can forget to.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo
from typing import Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from litestar import Request
from litestar.datastructures import Cookie
from litestar.enums import MediaType
from litestar.response import Redirect, Response

from regulars import access, commerce
from regulars.access import Permission, Session
from regulars.app import App
from regulars.commerce import Shop
from regulars.console import _language
from regulars.console._language import Language
from regulars.errors import Forbidden
from regulars.facts import webhooks

SESSION: Final = "regulars_session"
FORM: Final = "regulars_form"
THEME: Final = "regulars_theme"
THEMES: Final = ("auto", "light", "dark")
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_YEAR: Final = 365 * 24 * 3600

ConsoleRequest = Request[Any, Any, Any]


class NotSignedIn(Forbidden):
    """You are not signed in."""


class StrangeForm(Forbidden):
    """The form did not come from a page of this console, or the page had been open for too long."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One request as the pages see it."""

    app: App
    now: datetime
    language: Language
    theme: str
    path: str
    query: str
    partial: bool
    """Whether htmx asks for a part of the page, not for all of it."""

    form_token: str
    session: Session | None = None
    shops: tuple[Shop, ...] = ()
    stopped: int = 0
    """How many webhook endpoints were disabled without anybody's doing; told to whoever can do something about it."""

    def may(self, permission: str) -> bool:
        """Whether the visitor may do that: `AUDIT`, `SEND`, …."""
        return self.session is not None and self.session.role.may(Permission[permission])

    @property
    def zone(self) -> tzinfo:
        """The time zone of the shop opened first: what belongs to no shop is written in it."""
        first = min(self.shops, key=lambda shop: shop.created_at, default=None)
        return ZoneInfo(first.time_zone if first else "UTC")

    def zone_of(self, shop_id: int | None) -> tzinfo:
        """The time zone of a shop, in which its orders are written; the console's own while the shop is not known."""
        return next((ZoneInfo(shop.time_zone) for shop in self.shops if shop.shop_id == shop_id), self.zone)

    @property
    def zones_differ(self) -> bool:
        """Whether times of several zones are written, so that each has to say which is its own."""
        return len({shop.time_zone for shop in self.shops}) > 1

    @property
    def today(self) -> date:
        """The day it is in the shop opened first."""
        return self.now.astimezone(self.zone).date()

    @property
    def address(self) -> str:
        """The path and query asked for, to come back to."""
        return f"{self.path}?{self.query}" if self.query else self.path


def glance(request: ConsoleRequest, app: App) -> Visit:
    """What a request says about itself, without looking into the database: enough for the pages outside the door."""
    headers, cookies = request.headers, request.cookies
    theme = cookies.get(THEME, "auto")
    return Visit(
        app=app,
        now=app.clock(),
        language=_language.choose(cookies.get(_language.COOKIE), headers.get("accept-language", "")),
        theme=theme if theme in THEMES else "auto",
        path=request.url.path,
        query=request.url.query,
        partial=headers.get("hx-request") == "true" and "hx-history-restore-request" not in headers,
        form_token=form_token(_secret(cookies)),
    )


def arrive(request: ConsoleRequest, app: App) -> Visit:
    """The visit of somebody signed in.

    Raises:
        NotSignedIn: the session has ended or there is none.
    """
    token = request.cookies.get(SESSION, "")
    visit = glance(request, app)
    with app.database.transaction() as tx:
        session = access.session(tx, token, at=visit.now) if token else None
        if session is None:
            raise NotSignedIn
        shops = tuple(commerce.shops(tx))
        stopped = len(webhooks.stopped_by_itself(tx)) if session.role.may(Permission.SEND) else 0
    request.state.visit = signed_in = replace(visit, session=session, shops=shops, stopped=stopped)
    return signed_in


def require(visit: Visit, permission: Permission) -> str:
    """Who is looking, if they may; by their e-mail address.

    Raises:
        NotAllowed: their role is too low.
    """
    assert visit.session is not None  # noqa: S101  every page but the sign-in has one
    access.require(visit.session.role, permission)
    return visit.session.email


def form_token(secret: str) -> str:
    """What a form must carry: it follows from the visitor's cookie, and the cookie does not follow from it."""
    return hashlib.sha256(b"form\0" + secret.encode()).hexdigest()[:32]


def _secret(cookies: Mapping[str, str]) -> str:
    return cookies.get(SESSION) or cookies.get(FORM) or ""


async def refuse_strange_forms(request: ConsoleRequest) -> None:
    """Let an unsafe request through only with the token of its own visitor.

    Raises:
        StrangeForm: it has none, or another's.
    """
    if request.method in _SAFE:
        return
    secret = _secret(request.cookies)
    given = request.headers.get("x-form-token") or (await request.form()).get("form_token", "")
    if not secret or not isinstance(given, str) or not hmac.compare_digest(given.encode(), form_token(secret).encode()):
        raise StrangeForm


def with_secret(request: ConsoleRequest, visit: Visit) -> tuple[Visit, list[Cookie]]:
    """The visit with a token that counts, and the cookie it follows from if the visitor has none yet."""
    if _secret(request.cookies):
        return visit, []
    secret = secrets.token_urlsafe(32)
    return replace(visit, form_token=form_token(secret)), [cookie(visit.app, FORM, secret)]


def cookie(app: App, name: str, value: str, *, seconds: int | None = None) -> Cookie:
    """A cookie no script can read, sent over TLS alone where the console is reached by it."""
    secure = (app.settings.public_url or "").startswith("https://")
    return Cookie(key=name, value=value, path="/", max_age=seconds, httponly=True, samesite="lax", secure=secure)


def lasting(app: App, name: str, value: str) -> Cookie:
    """A cookie that keeps a choice for a year."""
    return cookie(app, name, value, seconds=_YEAR)


def own_path(text: str) -> str:
    """A path of this console to go on to, or the overview: never another site's address."""
    plain = text.startswith("/") and not text.startswith(("//", "/\\")) and text.isprintable()
    return text if plain else "/"


def to_sign_in(visit: Visit) -> Response[Any]:
    """Send a visitor to the sign-in page, and back afterwards to where they wanted to go."""
    place = "/sign-in" if visit.path == "/" else f"/sign-in?next={quote(visit.address, safe='')}"
    if visit.partial:
        return Response("", headers={"HX-Redirect": "/sign-in"}, media_type=MediaType.TEXT)
    return Redirect(place)
