"""A draft's sections as forms: the same document as its text, changed field by field, with validation as one types."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Redirect, Response

from regulars import programme
from regulars.access import Permission
from regulars.commerce import Order, OrderNotFound
from regulars.console import _addresses, _pages, forms, trials
from regulars.console._visits import Visit, require
from regulars.console.drafts import REFUSALS, draft_id_of, place_of, told_of
from regulars.console.forms import Desk, Editing, Section, Told
from regulars.errors import NotFound, RegularsError
from regulars.programme import NoRate, Trial, drafts, expressions
from regulars.programme.drafts import Draft, DraftChanged, Flaw
from regulars.storage import Transaction

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]

MOVES: Final = ("up", "down", "copy", "remove", "undo")


class SectionNotFound(NotFound):
    """There is no section {section} in the programme."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What a past order would earn under what a form says."""

    asked: str
    order: Order | None = None
    trial: Trial | None = None
    refused: bool = False


@get("/programme/drafts/{draft:str}/sections/{section:str}", sync_to_thread=True)
def show_section(
    visit: NamedDependency[Visit], draft: FromPath[str], section: FromPath[str], request: Request[Any, Any, Any]
) -> Response[Any]:
    """A section of a draft: a list of what is in it, or its form."""
    require(visit, Permission.CONFIGURE)
    desk, found = _desk(visit, draft), _section(section)
    if isinstance(desk, Response):
        return desk
    if found.is_list:
        return _list(visit, desk, found, done=request.query_params.get("done"))
    return _form(visit, Editing.of(desk, found, None), done=request.query_params.get("done"))


@post("/programme/drafts/{draft:str}/sections/{section:str}", sync_to_thread=True)
def change_section(
    visit: NamedDependency[Visit], draft: FromPath[str], section: FromPath[str], data: Form
) -> Response[Any]:
    """Move, copy or take away one of a list, go back by one revision, or take in the form of a section without a list."""
    by = require(visit, Permission.CONFIGURE)
    desk, found = _desk(visit, draft), _section(section)
    if isinstance(desk, Response):
        return desk
    if not found.is_list:
        return _taken(visit, Editing.of(desk, found, None, data), data, by)
    action = _addresses.one_of("action", data.get("action", ""), MOVES)
    place, revision = _whole(data, "place", 0), _whole(data, "revision", 1)
    with visit.app.database.transaction(read_only=True) as tx:
        text = _undone(tx, desk.draft) if action == "undo" else _moved(desk, found, action, place)
    if text is None:
        return _list(visit, desk, found, gone=True)
    try:
        _save(visit, desk.draft, text, revision, by, desk.draft.note)
    except REFUSALS as error:
        return _list(visit, desk, found, refusal=error)
    return Redirect(f"{_address(desk, found)}?done={action}", status_code=303)


@get("/programme/drafts/{draft:str}/sections/{section:str}/{item:str}", sync_to_thread=True)
def show_item(
    visit: NamedDependency[Visit], draft: FromPath[str], section: FromPath[str], item: FromPath[str]
) -> Response[Any]:
    """The form of one of a section's list, or of a new one."""
    require(visit, Permission.CONFIGURE)
    desk, found = _desk(visit, draft), _section(section)
    if isinstance(desk, Response):
        return desk
    return _form(visit, Editing.of(desk, found, _place(desk, found, item)))


@post("/programme/drafts/{draft:str}/sections/{section:str}/{item:str}", sync_to_thread=True)
def change_item(
    visit: NamedDependency[Visit], draft: FromPath[str], section: FromPath[str], item: FromPath[str], data: Form
) -> Response[Any]:
    """Take in the form of one of a section's list: save it, check it, try it on an order, or only draw it again."""
    by = require(visit, Permission.CONFIGURE)
    desk, found = _desk(visit, draft), _section(section)
    if isinstance(desk, Response):
        return desk
    place = None if item == "new" else _addresses.whole("item", item, 0, 100_000)
    return _taken(visit, Editing.of(desk, found, place, data), data, by)


def _taken(visit: Visit, editing: Editing, data: Mapping[str, str], by: str) -> Response[Any]:
    action, desk = data.get("action", "save"), editing.desk
    stale = data.get("revision") != str(desk.draft.revision)
    if action == "save":
        return _meanwhile(visit, editing, data) if stale else _saved(visit, editing, data, by)
    editing = _moved_to(desk, editing) if stale else editing
    if action.partition(" ")[0] in {"add", "drop", "up", "down"}:
        form = forms.rearranged(editing.shape, data, desk.units, action)
        again = Editing.of(desk, editing.section, editing.place, form)
        return _form(visit, again, data=data, changed=action)
    text, told = _wrong(editing)
    if action == "check":
        return _pages.page(visit, "_programme_told.html", told=told)
    return _form(visit, editing, told=told, data=data, tried=_tried(visit, text, data.get("order", "").strip()))


def _saved(visit: Visit, editing: Editing, data: Mapping[str, str], by: str) -> Response[Any]:
    desk, (text, told) = editing.desk, _wrong(editing)
    if told:
        return _form(visit, editing, status=422, told=told, data=data)
    try:
        revision, note = desk.draft.revision, data.get("note", desk.draft.note).strip()
        _save(visit, desk.draft, text, revision, by, note)
    except DraftChanged:
        again = _desk(visit, drafts_address(desk.draft))
        return again if isinstance(again, Response) else _meanwhile(visit, _moved_to(again, editing), data)
    except REFUSALS as error:
        return _form(visit, editing, status=409, data=data, refusal=told_of(visit, error))
    return Redirect(f"{_address(desk, editing.section)}?done=saved", status_code=303)


def drafts_address(draft: Draft) -> str:
    """What a draft is called in addresses."""
    return place_of(draft.draft_id).rpartition("/")[2]


def _meanwhile(visit: Visit, editing: Editing, data: Mapping[str, str]) -> Response[Any]:
    """Somebody else has saved the draft: what was written is shown over what they wrote, to be saved once more."""
    found = _moved_to(editing.desk, editing)
    return _form(visit, found, status=409, told=_wrong(found)[1], data=data, meanwhile=True)


def _moved_to(desk: Desk, editing: Editing) -> Editing:
    """The same form over another revision, where its thing stands by now; a new one, if it is there no more."""
    place = editing.place
    if editing.section.is_list and place is not None:
        place = forms.place_of(desk.document, editing.section, editing.form.get("known_as", ""), editing.raw)
    return Editing.of(desk, editing.section, place, editing.form)


def _wrong(editing: Editing) -> tuple[str, list[Told]]:
    """The draft's text with what a form says, and what is wrong with that."""
    text = drafts.rewrite(editing.desk.draft.text, editing.document)
    flaws = drafts.check(text).flaws
    return text, editing.wrong(flaws, drafts.check(editing.desk.draft.text).flaws) if flaws else []


def _tried(visit: Visit, text: str, asked: str) -> Tried:
    content = drafts.check(text).programme
    with visit.app.database.transaction(read_only=True) as tx:
        order = trials.find_order(tx, asked) if asked else None
        if content is None or order is None:
            return Tried(asked, order, refused=content is None)
        try:
            return Tried(asked, order, programme.try_order(tx, content, order.order_id))
        except (NoRate, OrderNotFound):
            return Tried(asked, order)


def _save(visit: Visit, one: Draft, text: str, revision: int, by: str, note: str) -> None:
    with visit.app.database.transaction() as tx:
        drafts.change(tx, one.draft_id, text, revision=revision, by=by, at=visit.now, note=note)


def _moved(desk: Desk, section: Section, action: str, place: int) -> str | None:
    document = forms.moved(desk.document, section, action, place)
    return None if document is None else drafts.rewrite(desk.draft.text, document)


def _undone(tx: Transaction, one: Draft) -> str | None:
    known = drafts.revisions(tx, one.draft_id, limit=2)
    return known[1].text if len(known) == 2 else None


def _desk(visit: Visit, draft: str) -> Desk | Response[Any]:
    """A draft's desk, or where to go when it has none: it was published, or its text cannot be read."""
    with visit.app.database.transaction(read_only=True) as tx:
        one = drafts.draft(tx, draft_id_of(draft))
        desk = None if one.version_id is not None else Desk.of(tx, one, visit.language)
    return desk or Redirect(place_of(one.draft_id), status_code=303)


def _section(name: str) -> Section:
    found = forms.sections().get(name)
    if found is None:
        raise SectionNotFound(section=name)
    return found


def _place(desk: Desk, section: Section, item: str) -> int | None:
    if item == "new" and section.is_list:
        return None
    count = len(forms.listed(desk.document, section)) if section.is_list else 0
    if not (item.isascii() and item.isdigit() and len(item) < 7 and int(item) < count):
        raise SectionNotFound(section=f"{section.name}/{item}")
    return int(item)


def _whole(data: Mapping[str, str], name: str, least: int) -> int:
    return _addresses.whole(name, data.get(name, "0"), least if name == "revision" else 0, 999_999_999)


def _address(desk: Desk, section: Section) -> str:
    return f"{place_of(desk.draft.draft_id)}/sections/{section.name}"


def tabs(visit: Visit, desk: Desk, flaws: Sequence[Flaw]) -> list[tuple[str, str, int | None, bool]]:
    """Every section: where it is, what it is called, how much is in its list, and whether something is wrong with it."""
    wrong = {forms.part_of(one.field) for one in flaws}
    return [
        (
            _address(desk, one), forms.section_name(one.name, visit.language.short),
            len(forms.listed(desk.document, one)) if one.is_list else None, one.name in wrong,
        )
        for one in forms.sections().values()
    ]  # fmt: skip


def _list(
    visit: Visit,
    desk: Desk,
    section: Section,
    *,
    done: str | None = None,
    refusal: RegularsError | None = None,
    gone: bool = False,
) -> Response[str]:
    flaws, teller = drafts.check(desk.draft.text).flaws, desk.teller
    cards = [
        (teller.title(item, place), forms.code_of(item), teller.lines(section.name, section.shape, item))
        for place, item in enumerate(forms.listed(desk.document, section))
    ]
    return _pages.page(
        visit, "programme_section.html", status=409 if refusal or gone else 200, desk=desk, draft=desk.draft,
        section=section, name=forms.section_name(section.name, visit.language.short), cards=cards,
        singular=forms.singular(section.name, visit.language.short), tabs=tabs(visit, desk, flaws), done=done,
        place_here=_address(desk, section), flaws=_shown_flaws(desk, flaws), gone=gone,
        refusal=told_of(visit, refusal) if refusal else None,
    )  # fmt: skip


def _shown_flaws(desk: Desk, flaws: Sequence[Flaw]) -> list[tuple[str, str, bool]]:
    language = desk.language.short
    return [(forms.path_words(one.field, desk.document, language), *forms.said(one.remedy, language)) for one in flaws]


def _form(
    visit: Visit,
    editing: Editing,
    *,
    status: int = 200,
    told: Sequence[Told] = (),
    data: Mapping[str, str] | None = None,
    refusal: str | None = None,
    meanwhile: bool = False,
    done: str | None = None,
    tried: Tried | None = None,
    changed: str = "",
) -> Response[str]:
    desk, section = editing.desk, editing.section
    language = visit.language.short
    flaws = drafts.check(desk.draft.text).flaws
    if (data is None and not told and editing.place is not None) or (data is None and not section.is_list):
        told = editing.wrong(flaws, flaws)
    wrong: dict[str, list[Told]] = {}
    for one in told:
        wrong.setdefault(one.name, []).append(one)
    given = data or {}
    title = desk.teller.title(editing.raw, editing.place or 0) if section.is_list and editing.place is not None else ""
    item = "" if not section.is_list else "/new" if editing.place is None else f"/{editing.place}"
    return _pages.page(
        visit, "programme_item.html", status=status, desk=desk, draft=desk.draft, section=section, title=title,
        name=forms.section_name(section.name, language), singular=forms.singular(section.name, language),
        tabs=tabs(visit, desk, flaws), place_here=_address(desk, section), action=f"{_address(desk, section)}{item}",
        groups=editing.groups, form=editing.form, wrong=wrong, told=told, refusal=refusal, meanwhile=meanwhile,
        done=done, note=given.get("note", desk.draft.note), known_as=forms.code_of(editing.raw), tried=tried,
        revision=desk.draft.revision if meanwhile or not data else given.get("revision", ""),
        first=_first(changed, editing.form), operand_of={one.name: one.operand for one in forms.CHOICES},
        fields=expressions.documented() if section.name == "earning" else [],
        reasons=tried.trial.reasons(language, "operator") if tried and tried.trial else [],
    )  # fmt: skip


def _first(changed: str, form: Mapping[str, str]) -> str:
    """The row that was just added: writing goes on there."""
    what, _, name = changed.partition(" ")
    return f"{name}.{form.get(f'{name}.rows', '').rpartition(',')[2]}" if what == "add" else ""


PAGES: Final = (show_section, change_section, show_item, change_item)
