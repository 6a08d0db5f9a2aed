"""The programme in words: what an order earns, the tiers, how points lapse, and what was published when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Final

from litestar import get, post
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect, Response

from regulars import access, ledger, programme
from regulars.access import Permission
from regulars.console import _pages, _ranks, _terms, _tiers
from regulars.console._visits import Visit
from regulars.programme import BadProgramme, Programme
from regulars.programme.tiers import figures

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]

_EXAMPLE_LINES: Final = ((3, 4.25), (1, 12.99))
"""Pieces, and the price of one in major units: the worked example multiplies and rounds it as an order would be."""


@dataclass(frozen=True, slots=True)
class ExampleLine:
    """A line of the worked example, computed by the programme's own rule."""

    quantity: int
    unit_minor: int
    amount_minor: int
    points: int


@get("/programme", sync_to_thread=True)
def show_programme(visit: NamedDependency[Visit]) -> Response[str]:
    """The programme that holds, and the versions before it."""
    with visit.app.database.transaction(read_only=True) as tx:
        found = _ranks.standing_programme(tx, visit.now)
        if found is None:
            return _pages.page(visit, "programme_empty.html")
        counts = {one.code: figures.distribution(tx, one.code) for one in found.tier_sets}
        versions = programme.versions(tx)
    earlier = [
        (version, Programme.from_document(version.document, version_id=version.version_id)) for version in versions
    ]
    return _pages.page(
        visit,
        "programme.html",
        programme=found,
        holding=next((version for version in versions if version.version_id == found.version_id), None),
        names=_ranks.all_tier_names(found, visit.language),
        sets=[_tiers.Words.of(one, found, visit.language) for one in found.tier_sets],
        counts=counts,
        versions=earlier,
        example=_example(visit, found),
        times=programme.terms(visit.now, found, told_at=visit.now),
    )


def _example(visit: Visit, found: Programme) -> list[ExampleLine]:
    unit = 10 ** visit.language.digits(found.currency)
    lines: list[ExampleLine] = []
    for quantity, price in _EXAMPLE_LINES:
        each = round(price * unit)
        amount = quantity * each
        lines.append(ExampleLine(quantity, each, amount, programme.points_for(amount, found.earning)))
    return lines


@get("/programme/terms", sync_to_thread=True)
def change_terms(visit: NamedDependency[Visit]) -> Response[Any]:
    """The form for how long points last and wait."""
    _require(visit)
    found = _holding(visit)
    return _form(visit, found, _terms.filled(found)) if found else Redirect("/programme", status_code=303)


@post("/programme/terms", sync_to_thread=True)
def publish_terms(visit: NamedDependency[Visit], data: Form) -> Response[Any]:
    """Publish a version with other terms, or say what is wrong with them."""
    by, found = _require(visit), _holding(visit)
    if found is None:
        return Redirect("/programme", status_code=303)
    try:
        begins = _beginning(data.get("effective_at", "").strip(), found.time_zone)
        changed = {term: _terms.document(term, data) for term in _terms.FIELDS}
        new = Programme.from_document(found.as_document() | changed)
        with visit.app.database.transaction() as tx:
            programme.publish(tx, new, at=visit.now, by=by, effective_at=begins)
    except BadProgramme as refusal:
        return _form(visit, found, _terms.filled(found) | data, refusal)
    return Redirect("/programme", status_code=303)


def _require(visit: Visit) -> str:
    """Who is looking, if they may change the programme."""
    assert visit.session is not None  # noqa: S101  every page but the sign-in has one
    access.require(visit.session.role, Permission.CONFIGURE)
    return visit.session.email


def _holding(visit: Visit) -> Programme | None:
    with visit.app.database.transaction(read_only=True) as tx:
        return _ranks.standing_programme(tx, visit.now)


def _form(
    visit: Visit, found: Programme, values: Mapping[str, str], refusal: BadProgramme | None = None
) -> Response[str]:
    status = 200 if refusal is None else 422
    return _pages.page(visit, "programme_form.html", status=status, programme=found, values=values, refusal=refusal)


def _beginning(text: str, zone: str) -> datetime | None:
    try:
        return ledger.day_begins(date.fromisoformat(text), zone) if text else None
    except (ValueError, OverflowError) as error:
        raise BadProgramme(field="effective_at", value=text, remedy="give a day such as 2027-01-01") from error


PAGES: Final = (show_programme, change_terms, publish_terms)
