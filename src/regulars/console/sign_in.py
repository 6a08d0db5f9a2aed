"""Signing in and out, and the choices that need nobody to be signed in: language and theme."""

from typing import Annotated, Any

from litestar import Request, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.params import Body, QueryParameter
from litestar.response import Redirect, Response

from regulars import access
from regulars.console import _language, _pages, _visits
from regulars.console._visits import SESSION, THEMES, Visit

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/sign-in", sync_to_thread=True)
def sign_in_page(
    request: Request[Any, Any, Any],
    guest: NamedDependency[Visit],
    wanted: Annotated[str, QueryParameter(name="next")] = "/",
) -> Response[Any]:
    """The sign-in form; whoever is signed in goes on at once."""
    token = request.cookies.get(SESSION)
    if token:
        with guest.app.database.transaction(read_only=True) as tx:
            if access.session(tx, token, at=guest.now):
                return Redirect(_visits.own_path(wanted))
    return _form(request, guest, wanted)


@post("/sign-in", sync_to_thread=True)
def sign_in(request: Request[Any, Any, Any], guest: NamedDependency[Visit], data: Form) -> Response[Any]:
    """Begin a session, or say why not."""
    app, email, wanted = guest.app, data.get("email", ""), data.get("next", "/")
    with app.database.transaction() as tx:
        result = access.sign_in(
            tx, email=email, password=data.get("password", ""), at=guest.now, hours=app.settings.session_hours
        )
    if not isinstance(result, access.SignedIn):
        return _form(request, guest, wanted, email, result)
    seconds = app.settings.session_hours * 3600
    return Redirect(
        _visits.own_path(wanted),
        status_code=303,
        cookies=[_visits.cookie(app, SESSION, result.token, seconds=seconds)],
    )


@post("/sign-out", sync_to_thread=True)
def sign_out(request: Request[Any, Any, Any], guest: NamedDependency[Visit]) -> Redirect:
    """End the session here and in the database."""
    with guest.app.database.transaction() as tx:
        access.sign_out(tx, request.cookies.get(SESSION, ""))
    return Redirect("/sign-in", status_code=303, cookies=[_visits.cookie(guest.app, SESSION, "", seconds=0)])


@post("/preferences", sync_to_thread=False)
def choose(guest: NamedDependency[Visit], data: Form) -> Redirect:
    """Keep a language or a theme in a cookie and go back to where the visitor was."""
    cookies: list[Cookie] = []
    if data.get("language") in _language.languages():
        cookies.append(_visits.lasting(guest.app, _language.COOKIE, data["language"]))
    if data.get("theme") in THEMES:
        cookies.append(_visits.lasting(guest.app, _visits.THEME, data["theme"]))
    return Redirect(_visits.own_path(data.get("next", "/")), status_code=303, cookies=cookies)


def _form(
    request: Request[Any, Any, Any],
    guest: Visit,
    wanted: str,
    email: str = "",
    refused: access.SignInRefused | None = None,
) -> Response[str]:
    visit, cookies = _visits.with_secret(request, guest)
    status = 200 if refused is None else 429 if isinstance(refused, access.TooManyAttempts) else 401
    refusal = _why(guest, refused)
    answer = _pages.page(
        visit, "sign_in.html", status=status, cookies=cookies, next=wanted, email=email, refusal=refusal
    )
    if isinstance(refused, access.TooManyAttempts):
        answer.headers["Retry-After"] = str(refused.details["wait_seconds"])
    return answer


def _why(visit: Visit, refused: access.SignInRefused | None) -> str | None:
    words = visit.language
    if isinstance(refused, access.TooManyAttempts):
        seconds = int(str(refused.details["wait_seconds"]))
        text = words.ngettext(
            "Too many wrong passwords for this address. Try again in %(num)s second.",
            "Too many wrong passwords for this address. Try again in %(num)s seconds.",
            seconds,
        )
        return text % {"num": words.number(seconds)}
    if refused is not None:
        return words.gettext("The e-mail address or the password is wrong.")
    return None
