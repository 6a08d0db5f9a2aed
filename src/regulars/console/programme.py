"""The programme in words: what an order earns, the tiers, how points lapse, and what was published when."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect, Response

from regulars import programme
from regulars.access import Permission
from regulars.console import _addresses, _pages, _ranks, _terms, _tiers
from regulars.console._visits import Visit, require
from regulars.console.drafts import place_of, told_of
from regulars.errors import RegularsError
from regulars.programme import BadProgramme, Programme, drafts, earning
from regulars.programme.drafts import Draft, DraftChanged, DraftPublished, UnusableNote
from regulars.programme.tiers import figures
from regulars.storage import Transaction
from regulars.types import from_public

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
        releases = drafts.releases(tx, versions)
    return _pages.page(
        visit,
        "programme.html",
        programme=found,
        holding=next((version for version in versions if version.version_id == found.version_id), None),
        names=_ranks.all_tier_names(found, visit.language),
        sets=[_tiers.Words.of(one, found, visit.language) for one in found.tier_sets],
        counts=counts,
        versions=versions,
        releases=releases,
        example=_example(visit, found),
        proportion=earning.proportion,
        times=programme.terms(visit.now, found, told_at=visit.now),
    )


def _example(visit: Visit, found: Programme) -> list[ExampleLine]:
    """What two lines earn by the first rule that is nothing but so many points for so much; none when there is no such."""
    plain = next((rule for rule in found.earning if earning.proportion(rule)), None)
    if plain is None:
        return []
    unit = 10 ** visit.language.digits(found.currency)
    rules = earning.compiled((plain,))
    lines: list[ExampleLine] = []
    for quantity, price in _EXAMPLE_LINES:
        each = round(price * unit)
        item = earning.Item(1, ("", "", quantity, each, quantity * each))
        decision = earning.evaluate(rules, earning.Case({}, [item], 0, visit.now))
        lines.append(ExampleLine(quantity, each, quantity * each, sum(decision.parts.values())))
    return lines


@get("/programme/terms", sync_to_thread=True)
def change_terms(visit: NamedDependency[Visit], request: Request[Any, Any, Any]) -> Response[Any]:
    """The form for how long points last and wait: of what holds, or of a draft."""
    require(visit, Permission.CONFIGURE)
    with visit.app.database.transaction(read_only=True) as tx:
        base = _base(tx, visit, request.query_params.get("draft"))
    return _form(visit, base, _terms.filled(base.content)) if base else Redirect("/programme", status_code=303)


@post("/programme/terms", sync_to_thread=True)
def draft_terms(visit: NamedDependency[Visit], data: Form) -> Response[Any]:
    """Write other terms into a draft, or into a new one, or say what is wrong with them."""
    by = require(visit, Permission.CONFIGURE)
    with visit.app.database.transaction() as tx:
        base = _base(tx, visit, data.get("draft") or None)
        if base is None:
            return Redirect("/programme", status_code=303)
        try:
            changed = {term: _terms.document(term, data) for term in _terms.FIELDS}
            new = Programme.from_document(base.content.as_document() | changed)
            text, note = drafts.rewrite(base.text, drafts.document_of(new)), data.get("note", "").strip()
            if base.draft is None:
                done = drafts.begin(tx, text, by=by, at=visit.now, note=note)
            else:
                revision = _addresses.whole("revision", data.get("revision", ""), 1, 999_999_999)
                done = drafts.change(tx, base.draft.draft_id, text, revision=revision, by=by, at=visit.now, note=note)
        except (BadProgramme, DraftChanged, DraftPublished, UnusableNote) as refusal:
            return _form(visit, base, _terms.filled(base.content) | data, refusal)
    return Redirect(f"{place_of(done.draft_id)}?done=saved", status_code=303)


@dataclass(frozen=True, slots=True)
class Base:
    """What the form changes: a draft, or what holds."""

    draft: Draft | None
    content: Programme
    text: str


def _base(tx: Transaction, visit: Visit, draft: str | None) -> Base | None:
    if draft is None:
        found = _ranks.standing_programme(tx, visit.now)
        return Base(None, found, drafts.text_of(tx, found)) if found else None
    one = drafts.draft(tx, from_public("drf", draft, field="draft"))
    return Base(one, drafts.sound_text(one.text), one.text)


def _form(visit: Visit, base: Base, values: Mapping[str, str], refusal: RegularsError | None = None) -> Response[str]:
    status = 200 if refusal is None else 422
    told = None if refusal is None else told_of(visit, refusal)
    return _pages.page(
        visit,
        "programme_form.html",
        status=status,
        base=base,
        values=values,
        refusal=told,
        english=isinstance(refusal, BadProgramme),
    )


PAGES: Final = (show_programme, change_terms, draft_terms)
