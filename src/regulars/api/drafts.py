"""The programme as a document: drafts, what they would change, approval, publishing, versions and going back."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from regulars import programme
from regulars.access import Permission
from regulars.api._calls import ApiCall, Call
from regulars.api._context import answer_headers
from regulars.api._drafts import (
    Begins,
    Changes,
    Checking,
    DocumentChange,
    Draft,
    DraftDecision,
    DraftSummary,
    FullVersion,
    NewDraft,
    Plan,
    ProgrammeFlaw,
    Publication,
    Restoration,
    Since,
    Submission,
    TierMove,
    Validation,
)
from regulars.api._paging import Int64, Page, Paging, from_cursor, page_of
from regulars.api._problems import Flaw, MalformedRequest
from regulars.api._routes import amending, creating, reading
from regulars.api._shapes import ImpossibleDate, sensible
from regulars.insight import BadCursor
from regulars.programme import BadProgramme, NoProgramme, drafts
from regulars.programme.drafts import (
    DraftChanged,
    DraftNotFound,
    DraftNotReady,
    DraftOutdated,
    DraftPublished,
    FlawedDraft,
    OwnDraft,
    UnreadableText,
    UnusableNote,
    VersionNotFound,
)
from regulars.storage import Transaction
from regulars.types import MalformedId, from_public, to_public

TAG = "Programme"
_TAG: Final = re.compile(r'"[0-9]{1,9}-[a-z]{1,20}"')


def _told(one: drafts.Draft) -> dict[str, Any]:
    same = DraftSummary.__struct_fields__
    own = {"id": to_public("drf", one.draft_id), "version": one.version_id}
    return {name: getattr(one, name) for name in same if name not in own} | own


def _draft(one: drafts.Draft) -> Draft:
    return Draft(**_told(one), text=one.text, document=one.document)


def _etag(one: DraftSummary) -> str:
    return f'"{one.revision}-{one.state}"'


def _change(one: drafts.Change) -> DocumentChange:
    return DocumentChange(one.kind, one.path, one.was, one.now)


def _by(call: ApiCall) -> str:
    return to_public("key", call.key.key_id)


def _id_of(draft: str) -> int:
    try:
        return from_public("drf", draft, field="draft")
    except MalformedId as error:
        raise DraftNotFound(draft=draft) from error


def _version_of(version: str) -> int:
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        raise VersionNotFound(version=version)
    return int(version)


def _text(told: NewDraft | Checking, known: str | None = None) -> str | None:
    """The text that was sent, or that a document makes; None: neither was."""
    if told.text is not None and told.document is not None:
        raise UnusableNote(field="document", value="given beside text", remedy="give one of the two")
    if told.document is None:
        return told.text
    return drafts.write(told.document) if known is None else drafts.rewrite(known, told.document)


def _sent(told: NewDraft | Checking, known: str | None = None) -> str:
    text = _text(told, known)
    if text is None:
        raise UnusableNote(field="text", value=None, remedy="give a text or a document")
    return text


def _validation(text: str) -> Validation:
    flaws = [ProgrammeFlaw(one.field, str(one.value)[:200], one.remedy, one.line) for one in drafts.check(text).flaws]
    return Validation(not flaws, flaws)


@reading("/programme/schema", tag=TAG)
def read_programme_schema(call: Call) -> Response[dict[str, Any]]:
    """Read the JSON Schema of the programme's document."""
    return call.show(drafts.schema())


@creating(
    "/programme/validation",
    tag=TAG,
    permission=Permission.READ,
    status_code=200,
    refusals=[UnreadableText, UnusableNote],
)
def validate_programme(call: Call, data: JSONBody[Checking]) -> Response[Validation]:
    """Say what is wrong with a programme; nothing is kept."""
    text = _sent(data)
    return call.write(lambda _tx, _at: _validation(text))


@creating(
    "/programme/plan",
    tag=TAG,
    permission=Permission.READ,
    status_code=200,
    refusals=[UnreadableText, UnusableNote, FlawedDraft, NoProgramme, ImpossibleDate],
)
def plan_programme(call: Call, data: JSONBody[Checking]) -> Response[Plan]:
    """Say what publishing a programme would change: its terms, and who would hold another tier today. Nothing is kept."""
    sensible("effective_at", data.effective_at)
    new = drafts.sound_text(_sent(data))
    return call.write(lambda tx, at: _plan(drafts.plan(tx, new, at=at, begins=_later(data.effective_at, at))))


def _later(moment: datetime | None, at: datetime) -> datetime | None:
    return None if moment is None else max(moment, at)


def _plan(impact: drafts.Impact) -> Plan:
    moves = [TierMove(one.tier_set, one.was, one.becomes, one.members) for one in impact.moves]
    return Plan(impact.against, [_change(one) for one in impact.changes], moves, impact.members)


@reading("/programme/drafts", tag=TAG, refusals=[BadCursor])
def list_programme_drafts(call: Call, asked: NamedDependency[Paging]) -> Response[Page[DraftSummary]]:
    """List drafts, the latest first."""
    place = from_cursor(asked.after, tuple[datetime, Int64])

    def work(tx: Transaction) -> Page[DraftSummary]:
        known = list(drafts.drafts(tx, before=place, limit=asked.limit + 1))
        return page_of(
            known, asked.limit, lambda one: DraftSummary(**_told(one)), lambda last: (last.drafted_at, last.draft_id)
        )

    return call.read(work)


@creating(
    "/programme/drafts",
    tag=TAG,
    permission=Permission.CONFIGURE,
    refusals=[UnusableNote, UnreadableText, NoProgramme],
)
def draft_programme(call: Call, data: JSONBody[NewDraft]) -> Response[Draft]:
    """Begin a draft. It is kept whatever is wrong with it, and changes nothing until it is published."""
    text = _text(data)

    def work(tx: Transaction, at: datetime) -> Draft:
        written = drafts.text_of(tx, programme.current(tx, at=at)) if text is None else text
        return _tagged(call, drafts.begin(tx, written, by=_by(call), at=at, note=data.note))

    return call.write(work)


def _tagged(call: ApiCall, one: drafts.Draft) -> Draft:
    """A draft as an answer that says by which ETag it is changed."""
    told = _draft(one)
    answer_headers(call.request.scope)["ETag"] = _etag(told)
    return told


@reading("/programme/drafts/{draft:str}", tag=TAG, refusals=[DraftNotFound])
def read_programme_draft(call: Call, draft: FromPath[str]) -> Response[Draft]:
    """Read a draft. Its ETag is what a change has to name."""
    return call.read(lambda tx: _draft(drafts.draft(tx, _id_of(draft))), etag=_etag)


@amending(
    "/programme/drafts/{draft:str}",
    tag=TAG,
    permission=Permission.CONFIGURE,
    matching=True,
    refusals=[DraftNotFound, DraftChanged, DraftPublished, UnusableNote, UnreadableText],
)
def change_programme_draft(call: Call, draft: FromPath[str], data: JSONBody[NewDraft]) -> Response[Draft]:
    """Write a draft's next revision. It is open again, whatever was decided.

    A `document` is written into the text there is, so that what stays the same keeps its comments.
    """
    match = call.request.headers.get("if-match")
    if match is None or not _TAG.fullmatch(match):
        told = "Send the ETag of the draft as you read it."
        raise MalformedRequest(reason="If-Match is no ETag of a draft", flaws=[Flaw(told, parameter="If-Match")])

    def work(tx: Transaction, at: datetime) -> Draft:
        one = drafts.draft(tx, _id_of(draft))
        if _etag(_draft(one)) != match:
            raise DraftChanged(draft=draft, revision=one.revision, value=match[:40])
        text = _sent(data, one.text)
        return _tagged(
            call, drafts.change(tx, one.draft_id, text, revision=one.revision, by=_by(call), at=at, note=data.note)
        )

    return call.write(work)


@reading("/programme/drafts/{draft:str}/validation", tag=TAG, refusals=[DraftNotFound])
def validate_programme_draft(call: Call, draft: FromPath[str]) -> Response[Validation]:
    """Say what is wrong with a draft."""
    return call.read(lambda tx: _validation(drafts.draft(tx, _id_of(draft)).text))


@reading(
    "/programme/drafts/{draft:str}/plan", tag=TAG, refusals=[DraftNotFound, FlawedDraft, NoProgramme, ImpossibleDate]
)
def plan_programme_draft(call: Call, draft: FromPath[str], asked: NamedDependency[Begins]) -> Response[Plan]:
    """Say what publishing a draft would change: its terms, and who would hold another tier today."""
    sensible("effective_at", asked.effective_at)
    at = call.app.clock()

    def work(tx: Transaction) -> Plan:
        new = drafts.sound_text(drafts.draft(tx, _id_of(draft)).text)
        return _plan(drafts.plan(tx, new, at=at, begins=_later(asked.effective_at, at)))

    return call.read(work)


_GOING_ON = (DraftNotFound, DraftPublished, DraftChanged, DraftNotReady)


@creating(
    "/programme/drafts/{draft:str}/submission",
    tag=TAG,
    permission=Permission.CONFIGURE,
    refusals=[*_GOING_ON, DraftOutdated, FlawedDraft],
)
def submit_programme_draft(
    call: Call, draft: FromPath[str], data: JSONBody[Submission | None] = None
) -> Response[Draft]:
    """Ask for a decision on a draft."""
    revision = data.revision if data else None
    return call.write(
        lambda tx, at: _tagged(call, drafts.submit(tx, _id_of(draft), by=_by(call), at=at, revision=revision))
    )


@creating(
    "/programme/drafts/{draft:str}/approval",
    tag=TAG,
    permission=Permission.APPROVE,
    refusals=[*_GOING_ON, DraftOutdated, FlawedDraft, OwnDraft],
)
def approve_programme_draft(
    call: Call, draft: FromPath[str], data: JSONBody[DraftDecision | None] = None
) -> Response[Draft]:
    """Let a draft be published. Whoever wrote any of it cannot, unless `REGULARS_APPROVE_ALONE=yes`."""
    told, alone = data or DraftDecision(), call.app.settings.approve_alone
    return call.write(
        lambda tx, at: _tagged(
            call,
            drafts.approve(
                tx, _id_of(draft), by=_by(call), at=at, because=told.because, revision=told.revision, alone=alone
            ),
        )
    )


@creating("/programme/drafts/{draft:str}/rejection", tag=TAG, permission=Permission.CONFIGURE, refusals=_GOING_ON)
def reject_programme_draft(
    call: Call, draft: FromPath[str], data: JSONBody[DraftDecision | None] = None
) -> Response[Draft]:
    """Decide against a draft, or withdraw one's own. It can be changed and submitted again."""
    told = data or DraftDecision()
    return call.write(
        lambda tx, at: _tagged(
            call,
            drafts.reject(tx, _id_of(draft), by=_by(call), at=at, because=told.because, revision=told.revision),
        )
    )


@creating(
    "/programme/drafts/{draft:str}/publication",
    tag=TAG,
    permission=Permission.CONFIGURE,
    refusals=[*_GOING_ON, DraftOutdated, FlawedDraft, BadProgramme, ImpossibleDate],
)
def publish_programme_draft(
    call: Call, draft: FromPath[str], data: JSONBody[Publication | None] = None
) -> Response[Draft]:
    """Make an approved draft the programme that holds, from now on or from a later moment."""
    told = data or Publication()
    sensible("effective_at", told.effective_at)

    def work(tx: Transaction, at: datetime) -> Draft:
        draft_id = _id_of(draft)
        drafts.publish(tx, draft_id, by=_by(call), at=at, effective_at=told.effective_at, revision=told.revision)
        return _tagged(call, drafts.draft(tx, draft_id))

    return call.write(work)


@reading("/programme/versions/{version:str}", tag=TAG, refusals=[VersionNotFound])
def read_programme_version(call: Call, version: FromPath[str]) -> Response[FullVersion]:
    """Read a version, why it was published, and its text."""
    return call.read(lambda tx: _full(tx, _version_of(version)))


def _full(tx: Transaction, version_id: int) -> FullVersion:
    content = drafts.version(tx, version_id)
    row = drafts.version_row(tx, version_id)
    release: Mapping[int, drafts.Release] = drafts.releases(tx, [row])
    why = release.get(version_id)
    return FullVersion(
        version_id,
        row.published_at,
        row.published_by,
        row.effective_at,
        to_public("drf", why.draft_id) if why and why.draft_id is not None else None,
        why.approved_by if why else None,
        why.restores if why else None,
        why.note if why else "",
        drafts.document_of(content),
        drafts.text_of(tx, content),
    )


@reading("/programme/versions/{version:str}/changes", tag=TAG, refusals=[VersionNotFound])
def compare_programme_versions(call: Call, version: FromPath[str], asked: NamedDependency[Since]) -> Response[Changes]:
    """Say how a version differs from another, by what they say."""
    number = _version_of(version)
    since = asked.since or number - 1

    def work(tx: Transaction) -> Changes:
        now, was = drafts.document_of(drafts.version(tx, number)), drafts.document_of(drafts.version(tx, since))
        found: Sequence[drafts.Change] = drafts.changes(was, now)
        return Changes(since, number, [_change(one) for one in found])

    return call.read(work)


@creating(
    "/programme/versions/{version:str}/restoration",
    tag=TAG,
    permission=Permission.APPROVE,
    refusals=[VersionNotFound, UnusableNote, BadProgramme, ImpossibleDate],
)
def restore_programme_version(
    call: Call, version: FromPath[str], data: JSONBody[Restoration | None] = None
) -> Response[FullVersion]:
    """Go back: publish an earlier version again, as a new one. One person may: it was approved before."""
    told = data or Restoration()
    sensible("effective_at", told.effective_at)

    def work(tx: Transaction, at: datetime) -> FullVersion:
        done = drafts.roll_back(
            tx, _version_of(version), by=_by(call), at=at, note=told.note, effective_at=told.effective_at
        )
        return _full(tx, done.version_id)

    return call.write(work)


HANDLERS = (
    read_programme_schema,
    validate_programme,
    plan_programme,
    list_programme_drafts,
    draft_programme,
    read_programme_draft,
    change_programme_draft,
    validate_programme_draft,
    plan_programme_draft,
    submit_programme_draft,
    approve_programme_draft,
    reject_programme_draft,
    publish_programme_draft,
    read_programme_version,
    compare_programme_versions,
    restore_programme_version,
)
