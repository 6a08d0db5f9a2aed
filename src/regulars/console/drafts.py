"""Drafts of the programme: written as text with validation as one types, compared, approved, published, taken back."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Final, cast

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Redirect, Response

from regulars import programme
from regulars.access import Permission
from regulars.console import _addresses, _pages, _ranks, forms, what_ifs
from regulars.console._days import beginning
from regulars.console._kinds import Kinds
from regulars.console._visits import Visit, require
from regulars.errors import RegularsError
from regulars.insight import what_if
from regulars.programme import BadProgramme, Programme, Version, campaigns, drafts
from regulars.programme.campaigns import Clash
from regulars.programme.drafts import (
    Draft,
    DraftChanged,
    DraftNotReady,
    DraftOutdated,
    DraftPublished,
    Flaw,
    FlawedDraft,
    Impact,
    OwnDraft,
    UnusableNote,
    VersionNotFound,
)
from regulars.storage import Transaction
from regulars.types import from_public, to_public

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]

STEPS: Final = ("submit", "approve", "reject", "publish")
_ROWS: Final = 50
REFUSALS: Final = (
    BadProgramme, DraftChanged, DraftNotReady, DraftOutdated, DraftPublished, FlawedDraft, OwnDraft, UnusableNote,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ShownChange:
    """A difference, and its two sides in words."""

    kind: str
    path: str
    was: str
    now: str
    words: str = ""
    """What the path is called."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a document would change, as it is shown."""

    impact: Impact
    changes: Sequence[ShownChange]
    names: Mapping[str, str]
    """What the tiers are called, those that hold and those to come."""


@get("/programme/drafts", sync_to_thread=True)
def list_drafts(visit: NamedDependency[Visit], request: Request[Any, Any, Any]) -> Response[str]:
    """Drafts, the latest first."""
    before = request.query_params.get("before")
    place = _addresses.read_place("before", before) if before else None
    with visit.app.database.transaction(read_only=True) as tx:
        found = drafts.drafts(tx, before=place, limit=_ROWS + 1)
        holds = _ranks.standing_programme(tx, visit.now)
    last = found[_ROWS - 1] if len(found) > _ROWS else None
    following = _addresses.write_place(last.drafted_at, last.draft_id) if last else None
    return _pages.page(visit, "programme_drafts.html", drafts=found[:_ROWS], following=following, programme=holds)


@post("/programme/drafts", sync_to_thread=True)
def begin_draft(visit: NamedDependency[Visit], data: Form) -> Response[Any]:
    """Begin a draft with what holds, or with what a version said."""
    by = require(visit, Permission.CONFIGURE)
    with visit.app.database.transaction() as tx:
        version = data.get("version", "")
        content = drafts.version(tx, version_number(version)) if version else programme.current(tx, at=visit.now)
        one = drafts.begin(tx, drafts.text_of(tx, content), by=by, at=visit.now)
    return Redirect(f"{place_of(one.draft_id)}/sections/earning", status_code=303)


@get("/programme/drafts/{draft:str}", sync_to_thread=True)
def show_draft(visit: NamedDependency[Visit], draft: FromPath[str], request: Request[Any, Any, Any]) -> Response[str]:
    """A draft: how far it has come, what is wrong with it, what it would change, and what can be done next."""
    return _shown(visit, draft_id_of(draft), done=request.query_params.get("done"))


def _shown(
    visit: Visit,
    draft_id: int,
    *,
    done: str | None = None,
    refusal: str | None = None,
    data: Mapping[str, str] | None = None,
) -> Response[str]:
    with visit.app.database.transaction(read_only=True) as tx:
        one = drafts.draft(tx, draft_id)
        checked = drafts.check(one.text)
        holds = _ranks.standing_programme(tx, visit.now)
        effect = None
        if checked.programme is not None and one.version_id is None and holds is not None:
            effect = effect_of(tx, visit, holds, checked.programme)
        values: dict[str, Any] = {
            "revisions": drafts.revisions(tx, draft_id),
            "says": _says(tx, visit, one),
            "outdated": one.version_id is None and not drafts.is_current(tx, one),
            "programme": holds,
            "clashes": _clashes(visit, checked.programme) if effect else [],
            "campaigns": {each.code: each for each in checked.programme.campaigns} if checked.programme else {},
            "tried": what_if.of_draft(tx, one),
            "asked": what_if.of_draft(tx, one, finished=False),
            "kinds": Kinds.read(tx, visit.language),
            "months": what_ifs.MONTHS,
        }
    own = visit.session is not None and visit.session.email in one.authors
    return _pages.page(
        visit, "programme_draft.html", status=409 if refusal else 200, draft=one, flaws=checked.flaws, effect=effect,
        done=done, refusal=refusal, given=data or {}, own=own, alone=visit.app.settings.approve_alone, **values,
    )  # fmt: skip


def _says(tx: Transaction, visit: Visit, one: Draft) -> list[tuple[str, str, list[str]]]:
    """A draft in words, section by section; nothing, if its text is no document."""
    desk = forms.Desk.of(tx, one, visit.language)
    return forms.summary(desk) if desk else []


def _clashes(visit: Visit, wanted: Programme | None) -> Sequence[Clash]:
    """Which campaigns of a draft would meet within a year."""
    if wanted is None:
        return []
    return campaigns.conflicts(wanted.campaigns, visit.today, visit.today + timedelta(days=365), wanted.time_zone)


def effect_of(tx: Transaction, visit: Visit, holds: Programme, wanted: Programme) -> Effect:
    """What a programme would change, in words."""
    impact = drafts.plan(tx, wanted, at=visit.now)
    names = dict(_ranks.tier_names(holds, visit.language)) | dict(_ranks.tier_names(wanted, visit.language))
    return Effect(impact, [shown_change(one, wanted, visit) for one in impact.changes], names)


def shown_change(one: drafts.Change, content: Programme, visit: Visit) -> ShownChange:
    """A difference with its sides as text, and its place in words."""
    words = forms.path_words(one.path, drafts.document_of(content), visit.language.short)
    return ShownChange(one.kind, one.path, _written(one.was), _written(one.now), words)


def _written(value: Any) -> str:
    """A value as a document has it; nothing for none."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return drafts.write(cast("dict[str, Any]", value)).strip()
    return textwrap.dedent(drafts.write({"it": value}).removeprefix("it:")).strip()


@get("/programme/drafts/{draft:str}/text", sync_to_thread=True)
def edit_draft(visit: NamedDependency[Visit], draft: FromPath[str]) -> Response[Any]:
    """A draft's text, to be changed."""
    require(visit, Permission.CONFIGURE)
    with visit.app.database.transaction(read_only=True) as tx:
        one = drafts.draft(tx, draft_id_of(draft))
    if one.version_id is not None:
        return Redirect(place_of(one.draft_id), status_code=303)
    return _editor(visit, one, one.text, one.note)


@post("/programme/drafts/{draft:str}/text", sync_to_thread=True)
def save_draft(visit: NamedDependency[Visit], draft: FromPath[str], data: Form) -> Response[Any]:
    """Save a draft's text as its next revision, or only say what is wrong with it."""
    by, draft_id = require(visit, Permission.CONFIGURE), draft_id_of(draft)
    text, note = plain_lines(data.get("text", "")), data.get("note", "").strip()
    revision = _addresses.whole("revision", data.get("revision", ""), 1, 999_999_999)
    refusal: RegularsError | None = None
    with visit.app.database.transaction(read_only=True) as tx:
        one = drafts.draft(tx, draft_id)
    if data.get("action") == "save":
        try:
            with visit.app.database.transaction() as tx:
                drafts.change(tx, draft_id, text, revision=revision, by=by, at=visit.now, note=note)
            return Redirect(f"{place_of(draft_id)}?done=saved", status_code=303)
        except REFUSALS as error:
            refusal = error
    return _editor(visit, one, text, note, refusal)


def _editor(visit: Visit, one: Draft, text: str, note: str, refusal: RegularsError | None = None) -> Response[str]:
    flaws = drafts.check(text).flaws
    told = told_of(visit, refusal) if refusal else None
    meanwhile = isinstance(refusal, DraftChanged)
    return _pages.page(
        visit, "programme_text.html", status=409 if refusal else 200, draft=one, text=text, note=note, flaws=flaws,
        refusal=None if meanwhile else told, meanwhile=meanwhile,
    )  # fmt: skip


@post("/programme/check", sync_to_thread=True)
def check_text(visit: NamedDependency[Visit], data: Form) -> Response[str]:
    """What is wrong with a text, as a part of the editor."""
    require(visit, Permission.CONFIGURE)
    flaws: Sequence[Flaw] = drafts.check(plain_lines(data.get("text", ""))).flaws
    return _pages.page(visit, "_programme_flaws.html", flaws=flaws)


@post("/programme/drafts/{draft:str}/step", sync_to_thread=True)
def take_step(visit: NamedDependency[Visit], draft: FromPath[str], data: Form) -> Response[Any]:
    """Submit a draft, approve or reject it, or publish it."""
    step = _addresses.one_of("step", data.get("step", ""), STEPS)
    by, draft_id = require(visit, Permission.APPROVE if step == "approve" else Permission.CONFIGURE), draft_id_of(draft)
    revision = _addresses.whole("revision", data.get("revision", ""), 1, 999_999_999)
    try:
        with visit.app.database.transaction() as tx:
            _take(tx, visit, step, draft_id, revision, by, data)
    except REFUSALS as error:
        return _shown(visit, draft_id, refusal=told_of(visit, error), data=data)
    return Redirect(f"{place_of(draft_id)}?done={step}", status_code=303)


def _take(
    tx: Transaction, visit: Visit, step: str, draft_id: int, revision: int, by: str, data: Mapping[str, str]
) -> None:
    at, because = visit.now, data.get("because", "").strip() or None
    if step == "submit":
        drafts.submit(tx, draft_id, by=by, at=at, revision=revision)
    elif step == "approve":
        alone = visit.app.settings.approve_alone
        drafts.approve(tx, draft_id, by=by, at=at, because=because, revision=revision, alone=alone)
    elif step == "reject":
        drafts.reject(tx, draft_id, by=by, at=at, because=because, revision=revision)
    else:
        wanted = drafts.sound_text(drafts.draft(tx, draft_id).text)
        begins = beginning(data.get("effective_at", "").strip(), wanted.time_zone)
        drafts.publish(tx, draft_id, by=by, at=at, revision=revision, effective_at=begins)


@get("/programme/versions/{version:str}", sync_to_thread=True)
def show_version(
    visit: NamedDependency[Visit], version: FromPath[str], request: Request[Any, Any, Any]
) -> Response[str]:
    """A version: who published it and why, how it differs from another, and its text."""
    number, since = version_number(version), request.query_params.get("since")
    with visit.app.database.transaction(read_only=True) as tx:
        content, row = drafts.version(tx, number), drafts.version_row(tx, number)
        known = programme.versions(tx)
        earlier = version_number(since) if since else _before(known, number)
        was = drafts.version(tx, earlier) if earlier else None
        values: dict[str, Any] = {
            "version": row,
            "release": drafts.releases(tx, [row]).get(number),
            "holds": programme.current(tx, at=visit.now).version_id == number,
            "versions": known,
            "since": earlier,
            "text": drafts.text_of(tx, content),
        }
    found = drafts.changes(drafts.document_of(was), drafts.document_of(content)) if was else []
    return _pages.page(
        visit,
        "programme_version.html",
        programme=content,
        changes=[shown_change(one, content, visit) for one in found],
        **values,
    )


def _before(known: Sequence[Version], number: int) -> int | None:
    return max((one.version_id for one in known if one.version_id < number), default=None)


@get("/programme/versions/{version:str}/restore", sync_to_thread=True)
def ask_to_restore(visit: NamedDependency[Visit], version: FromPath[str]) -> Response[str]:
    """What going back to a version would change, and whether that is meant."""
    require(visit, Permission.APPROVE)
    return _restoring(visit, version_number(version), {})


@post("/programme/versions/{version:str}/restore", sync_to_thread=True)
def restore(visit: NamedDependency[Visit], version: FromPath[str], data: Form) -> Response[Any]:
    """Publish an earlier version again, as a new one."""
    by, number = require(visit, Permission.APPROVE), version_number(version)
    try:
        with visit.app.database.transaction() as tx:
            begins = beginning(data.get("effective_at", "").strip(), drafts.version(tx, number).time_zone)
            note = data.get("note", "").strip()
            done = drafts.roll_back(tx, number, by=by, at=visit.now, note=note, effective_at=begins)
    except REFUSALS as error:
        return _restoring(visit, number, data, told_of(visit, error))
    return Redirect(f"/programme/versions/{done.version_id}", status_code=303)


def _restoring(visit: Visit, number: int, given: Mapping[str, str], refusal: str | None = None) -> Response[str]:
    with visit.app.database.transaction(read_only=True) as tx:
        content = drafts.version(tx, number)
        effect = effect_of(tx, visit, programme.current(tx, at=visit.now), content)
    return _pages.page(
        visit, "programme_restore.html", status=409 if refusal else 200, number=number, programme=content, effect=effect,
        given=given, refusal=refusal,
    )  # fmt: skip


def told_of(visit: Visit, error: RegularsError) -> str:
    """Why something was not done, in the visitor's language."""
    _ = visit.language.gettext
    words: Mapping[type[RegularsError], str] = {
        OwnDraft: _("You wrote some of this draft: somebody else has to approve it."),
        DraftChanged: _("Somebody has changed the draft in the meantime. Look at it again, then decide."),
        DraftPublished: _("The draft was published in the meantime."),
        DraftNotReady: _("Somebody has decided on the draft in the meantime."),
        DraftOutdated: _(
            "Another version was published since this draft was last written. Compare them and save the draft again."
        ),
        UnusableNote: _("Write one line of at most 500 letters."),
    }
    if isinstance(error, BadProgramme) and error.details.get("field") == "effective_at":
        return _("Give a day to come, or none: what is past keeps its terms.")
    return words.get(type(error)) or str(error)


def plain_lines(text: str) -> str:
    """A text as it was typed: forms send it with other ends of lines."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def place_of(draft_id: int) -> str:
    """The page of a draft."""
    return f"/programme/drafts/{to_public('drf', draft_id)}"


def draft_id_of(text: str) -> int:
    """The identifier of a draft in an address."""
    return from_public("drf", text, field="draft")


def version_number(text: str) -> int:
    """The number of a version in an address.

    Raises:
        VersionNotFound: it is no number.
    """
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise VersionNotFound(version=text)
    return int(text)


PAGES: Final = (
    list_drafts, begin_draft, show_draft, edit_draft, save_draft, check_text, take_step, show_version, ask_to_restore,
    restore,
)  # fmt: skip
