"""Turning templates into pages: one environment per language, and the headers every page is sent with."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import tzinfo
from functools import cache, partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from litestar.datastructures import Cookie
from litestar.enums import MediaType
from litestar.response import Response
from markupsafe import Markup

from regulars.console import _language, _pictures, _remedies
from regulars.console._visits import Visit
from regulars.types import to_public

STATIC: Final = Path(__file__).parent / "static"
_SECURITY: Final = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Vary": "HX-Request, Accept-Language, Cookie",
}


def page(
    visit: Visit, template: str, *, status: int = 200, cookies: list[Cookie] | None = None, **values: object
) -> Response[str]:
    """A page in the visitor's language."""
    environment = _environment(visit.language.tag)
    html = environment.get_template(template).render(visit=visit, **values)
    return Response(html, media_type=MediaType.HTML, status_code=status, headers=_SECURITY, cookies=cookies or [])


@cache
def _environment(tag: str) -> Environment:
    language = _language.languages()[tag]
    environment = Environment(
        loader=PackageLoader("regulars.console"),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["ext.i18n.trimmed"] = True
    extended: Any = environment  # the i18n extension adds methods that its types do not know
    extended.install_gettext_callables(language.gettext, language.ngettext, newstyle=True)
    filters: dict[str, Callable[..., Any]] = {
        "number": language.number,
        "points": language.points,
        "signed": language.signed,
        "percent": language.percent,
        "money": language.money,
        "month": language.month,
        "day": language.day,
        "country": language.country,
        "date": _date,
        "time": _time,
        "clock": _clock,
        "public": _public,
        "query": query,
        "remedy": partial(_remedies.said, language=language.short),
    }
    names: dict[str, Any] = {
        "asset": asset,
        "icon": icon,
        "language": language,
        "languages": _language.languages(),
        "pictures": _pictures,
    }
    environment.filters.update(filters)
    environment.globals.update(names)
    return environment


@pass_context
def _date(context: Context, value: Any, zone: tzinfo | None = None) -> str:
    visit: Visit = context["visit"]
    return visit.language.full_date(value, zone or visit.zone)


@pass_context
def _time(context: Context, value: Any, zone: tzinfo | None = None) -> str:
    """A moment in a shop's zone, or the console's own; with several zones about, the shop's is named."""
    visit: Visit = context["visit"]
    written = visit.language.moment(value, zone or visit.zone)
    return f"{written} ({zone})" if zone and visit.zones_differ else written


@pass_context
def _clock(context: Context, value: Any, zone: tzinfo | None = None) -> str:
    visit: Visit = context["visit"]
    return value.astimezone(zone or visit.zone).strftime("%H:%M")


def _public(identifier: int, prefix: str) -> str:
    return to_public(prefix, identifier)


def query(path: str, values: Mapping[str, object] | None = None, /, **more: object) -> str:
    """A path with a query of those values that are there; None and empty texts are left out."""
    kept = {name: value for name, value in {**(values or {}), **more}.items() if value not in (None, "")}
    return f"{path}?{urlencode(kept)}" if kept else path


def icon(name: str, css: str = "") -> Markup:
    """A drawing from the sprite; it says nothing to a screen reader, the words beside it do."""
    source = f"{asset('vendor/icons.svg')}#{name}"
    return Markup('<svg class="icon {}" aria-hidden="true"><use href="{}"></use></svg>').format(css, source)


@cache
def asset(name: str) -> str:
    """The address of a static file, with its content's fingerprint: it may be kept for a year, and changes at once."""
    fingerprint = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={fingerprint}"
