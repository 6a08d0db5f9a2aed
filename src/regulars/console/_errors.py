"""What a visitor sees when something does not work: what happened, in their language, and a way on."""

import secrets
from collections.abc import Callable
from typing import Any, Final

import structlog
from litestar.exceptions import HTTPException
from litestar.response import Response

from regulars.app import App
from regulars.console import _pages, _visits
from regulars.console._visits import ConsoleRequest, NotSignedIn, Visit
from regulars.errors import RegularsError

_STATUS: Final = {"not_found": 404, "conflict": 409, "invalid": 400, "forbidden": 403}
_log = structlog.get_logger()


def handlers(app: App) -> dict[int | type[Exception], Callable[[ConsoleRequest, Exception], Response[Any]]]:
    """The exception handlers of the console's routes."""

    def answer(request: ConsoleRequest, error: Exception) -> Response[Any]:
        return error_page(request, error, app)

    return {RegularsError: answer, HTTPException: answer, Exception: answer}


def error_page(request: ConsoleRequest, error: Exception, app: App) -> Response[Any]:
    """The page that tells of an error; whoever is not signed in is sent to sign in."""
    known = getattr(request.state, "visit", None)
    visit: Visit = known if isinstance(known, Visit) else _visits.glance(request, app)
    if isinstance(error, NotSignedIn):
        return _visits.to_sign_in(visit)
    if isinstance(error, RegularsError):
        return _tell(visit, _STATUS.get(error.kind, 500), str(error))
    if isinstance(error, HTTPException) and error.status_code < 500:
        return _tell(visit, error.status_code)
    reference = secrets.token_hex(4)
    _log.error("request failed", path=request.url.path, reference=reference, exc_info=error)
    return _tell(visit, 500, reference=reference)


def _tell(visit: Visit, status: int, detail: str | None = None, *, reference: str | None = None) -> Response[str]:
    _ = visit.language.gettext
    drawing, title, text = {
        403: ("lock-closed", _("You may not do that"), _("Your role does not allow it, or the page had been open for too long. Go back, load it again and try once more.")),
        404: ("magnifying-glass", _("There is nothing here"), _("The address may be mistyped, or what it named is no longer there.")),
        405: ("magnifying-glass", _("There is nothing here"), _("The address may be mistyped, or what it named is no longer there.")),
        400: ("exclamation-triangle", _("This address cannot be used"), _("A part of it cannot be understood. Start again from the list.")),
        409: ("exclamation-triangle", _("That does not fit any more"), _("Something has changed in the meantime. Load the page again and look.")),
    }.get(status, ("exclamation-triangle", _("Something went wrong"), _("It is not your doing. Try again in a moment; if it stays so, give this reference to whoever runs the installation.")))  # fmt: skip
    return _pages.page(
        visit, "error.html", status=status, drawing=drawing, title=title, text=text, detail=detail, reference=reference
    )
