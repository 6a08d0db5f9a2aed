"""Writing a programme: drafts, every revision of them, and what a second person decides."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from regulars import facts
from regulars.errors import Conflict, Invalid, NotFound
from regulars.programme._rules import Programme
from regulars.programme.drafts import _queries
from regulars.programme.drafts._flaws import Checked, check, document_of
from regulars.programme.drafts._records import Draft, Revision, State
from regulars.programme.drafts._texts import LONGEST
from regulars.storage import Transaction
from regulars.types import random_id, to_public


class DraftNotFound(NotFound):
    """There is no draft {draft}."""


class DraftChanged(Conflict):
    """Draft {draft} is at revision {revision}, not {value}: read it again, and change that."""


class DraftPublished(Conflict):
    """Draft {draft} became version {version}: begin another one."""


class DraftOutdated(Conflict):
    """Version {version} was published since draft {draft} was last written: compare them, and save the draft again."""


class DraftNotReady(Conflict):
    """Draft {draft} is {state}: {remedy}."""


class OwnDraft(Conflict):
    """{by} wrote draft {draft}: somebody else has to approve it, or set REGULARS_APPROVE_ALONE=yes."""


class FlawedDraft(Invalid):
    """{field} is {value!r}: {remedy} (line {line}; {count} in all)."""


class UnusableNote(Invalid):
    """{field} is {value!r}: {remedy}."""


def begin(tx: Transaction, text: str, *, by: str, at: datetime, note: str = "", draft_id: int | None = None) -> Draft:
    """Keep a text as a draft, whatever is wrong with it. Facts: `programme.drafted`.

    Raises:
        UnusableNote: the note is no line of at most 500 letters, or the text is too long.
    """
    identifier = random_id() if draft_id is None else draft_id
    _check_words(text, note)
    _queries.insert_draft(tx, draft_id=identifier, base_version=_queries.select_last_version(tx), at=at)
    return _written(tx, identifier, 1, text, note, by, at)


def change(tx: Transaction, draft_id: int, text: str, *, revision: int, by: str, at: datetime, note: str = "") -> Draft:
    """Write a draft's next revision; it is open again, whatever was decided. Facts: `programme.drafted`.

    `revision` is the one that was read: what somebody else has written since is never overwritten. The last version
    published is what the draft is compared with from now on.

    Raises:
        DraftNotFound: there is none.
        DraftPublished: it became a version.
        DraftChanged: it is at another revision.
        UnusableNote: the note is no line of at most 500 letters, or the text is too long.
    """
    _check_words(text, note)
    if not _queries.advance_draft(
        tx, draft_id=draft_id, revision=revision, base_version=_queries.select_last_version(tx)
    ):
        _expect(draft(tx, draft_id), revision)
    return _written(tx, draft_id, revision + 1, text, note, by, at)


def _written(tx: Transaction, draft_id: int, revision: int, text: str, note: str, by: str, at: datetime) -> Draft:
    programme = check(text).programme
    document = None if programme is None else document_of(programme)
    _queries.insert_revision(
        tx, draft_id=draft_id, revision=revision, text=text, document=document, note=note, at=at, by=by
    )
    about = {"revision": revision, "by": by, "note": note}
    facts.record(tx, [facts.Fact("programme.drafted", at, None, draft_id, about)], at=at)
    return draft(tx, draft_id)


def submit(tx: Transaction, draft_id: int, *, by: str, at: datetime, revision: int | None = None) -> Draft:
    """Ask for a decision on a draft. Facts: `programme.submitted`.

    Raises:
        DraftNotFound: there is none.
        DraftPublished: it became a version.
        DraftChanged: it is at another revision than `revision`.
        DraftNotReady: it was asked for already, or was decided on.
        DraftOutdated: a version was published since it was last written.
        FlawedDraft: it cannot be used as it stands.
    """
    one = locked(tx, draft_id, revision)
    _expect_state(one, "open", "change it, if something else is to be decided on")
    _expect_current(tx, one)
    sound(one)
    _queries.submit_draft(tx, draft_id=draft_id, at=at, by=by)
    facts.record(tx, [_fact("submitted", one, by, at)], at=at)
    return draft(tx, draft_id)


def approve(
    tx: Transaction,
    draft_id: int,
    *,
    by: str,
    at: datetime,
    because: str | None = None,
    revision: int | None = None,
    alone: bool = False,
) -> Draft:
    """Let a draft be published. Facts: `programme.approved`, which says whether it was `alone`.

    Whoever wrote any of it cannot, unless `alone` says that this shop has one operator; the fact and the draft tell.

    Raises:
        DraftNotFound: there is none.
        DraftPublished: it became a version.
        DraftChanged: it is at another revision than `revision`.
        DraftNotReady: nobody has asked for a decision, or it was made.
        DraftOutdated: a version was published since it was last written.
        FlawedDraft: it cannot be used as it stands.
        OwnDraft: who approves has written some of it.
        UnusableNote: `because` is no line of at most 500 letters.
    """
    one = _decidable(tx, draft_id, because, revision)
    own = by in one.authors
    if own and not alone:
        raise OwnDraft(by=by, draft=public(draft_id))
    _expect_current(tx, one)
    sound(one)
    _queries.decide_draft(tx, draft_id=draft_id, decision="approved", because=because, at=at, by=by)
    facts.record(tx, [_fact("approved", one, by, at, because=because, alone=own)], at=at)
    return draft(tx, draft_id)


def reject(
    tx: Transaction, draft_id: int, *, by: str, at: datetime, because: str | None = None, revision: int | None = None
) -> Draft:
    """Decide against a draft; who wrote it may withdraw it so. Facts: `programme.rejected`.

    Raises:
        DraftNotFound: there is none.
        DraftPublished: it became a version.
        DraftChanged: it is at another revision than `revision`.
        DraftNotReady: nobody has asked for a decision, or it was made.
        UnusableNote: `because` is no line of at most 500 letters.
    """
    one = _decidable(tx, draft_id, because, revision)
    _queries.decide_draft(tx, draft_id=draft_id, decision="rejected", because=because, at=at, by=by)
    facts.record(tx, [_fact("rejected", one, by, at, because=because)], at=at)
    return draft(tx, draft_id)


def draft(tx: Transaction, draft_id: int) -> Draft:
    """One draft, with the last revision of its text.

    Raises:
        DraftNotFound: there is none.
    """
    found = _queries.select_draft(tx, draft_id=draft_id)
    if found is None:
        raise DraftNotFound(draft=public(draft_id))
    return found


def drafts(
    tx: Transaction, *, unpublished: bool = False, before: tuple[datetime, int] | None = None, limit: int = 50
) -> Sequence[Draft]:
    """Drafts, the latest begun first; page on with the last one's `(drafted_at, draft_id)` as `before`."""
    return _queries.select_drafts(tx, open_only=unpublished, before=before, limit=limit)


def is_current(tx: Transaction, one: Draft) -> bool:
    """Whether no version was published since a draft was last written."""
    return _queries.select_last_version(tx) <= one.base_version


def draft_that_says(tx: Transaction, document: Mapping[str, Any]) -> Draft | None:
    """The latest draft not published that says just that, if there is one."""
    return _queries.select_draft_that_says(tx, document=dict(document))


def revisions(tx: Transaction, draft_id: int, *, limit: int = 100) -> Sequence[Revision]:
    """Every revision of a draft, the latest first."""
    return _queries.select_revisions(tx, draft_id=draft_id, limit=limit)


def locked(tx: Transaction, draft_id: int, revision: int | None) -> Draft:
    """A draft as nobody else changes it until this transaction ends."""
    _queries.lock_draft(tx, draft_id=draft_id)
    one = draft(tx, draft_id)
    _expect(one, one.revision if revision is None else revision)
    return one


def sound(one: Draft) -> Programme:
    """The programme that a draft says.

    Raises:
        FlawedDraft: it cannot be used as it stands.
    """
    return sound_text(one.text)


def sound_text(text: str) -> Programme:
    """The programme that a text says.

    Raises:
        FlawedDraft: it cannot be used as it stands.
    """
    checked: Checked = check(text)
    if checked.programme is None:
        first = checked.flaws[0]
        raise FlawedDraft(
            field=first.field or "text",
            value=first.value,
            remedy=first.remedy,
            line=first.line,
            count=len(checked.flaws),
        )
    return checked.programme


def public(draft_id: int) -> str:
    """A draft as doors name it."""
    return to_public("drf", draft_id)


def _decidable(tx: Transaction, draft_id: int, because: str | None, revision: int | None) -> Draft:
    check_note("because", because or "")
    one = locked(tx, draft_id, revision)
    _expect_state(one, "submitted", "submit it first" if one.state == "open" else "change it, and submit it again")
    return one


def _expect(one: Draft, revision: int) -> None:
    if one.version_id is not None:
        raise DraftPublished(draft=public(one.draft_id), version=one.version_id)
    if one.revision != revision:
        raise DraftChanged(draft=public(one.draft_id), revision=one.revision, value=revision)


def _expect_state(one: Draft, state: State, remedy: str) -> None:
    if one.state != state:
        raise DraftNotReady(draft=public(one.draft_id), state=one.state, remedy=remedy)


def _expect_current(tx: Transaction, one: Draft) -> None:
    """A decision is about the difference that was looked at: another version in between makes it another one."""
    if not is_current(tx, one):
        raise DraftOutdated(draft=public(one.draft_id), version=_queries.select_last_version(tx))


def expect_approved(tx: Transaction, one: Draft) -> None:
    """Let a draft pass that can be published.

    Raises:
        DraftNotReady: nobody has approved it.
        DraftOutdated: a version was published since it was last written.
    """
    _expect_state(one, "approved", "let somebody else approve it first")
    _expect_current(tx, one)


def _check_words(text: str, note: str) -> None:
    check_note("note", note)
    if len(text) > LONGEST or "\0" in text:
        raise UnusableNote(field="text", value=f"{len(text)} letters", remedy=f"write at most {LONGEST}, and no NUL")


def check_note(field: str, note: str) -> None:
    """Let a line of words pass.

    Raises:
        UnusableNote: it is longer than 500 letters, or not one line.
    """
    if len(note) > 500 or any(ord(letter) < 32 or ord(letter) == 127 for letter in note):
        raise UnusableNote(field=field, value=note[:80], remedy="write one line of at most 500 letters")


def _fact(what: str, one: Draft, by: str, at: datetime, **more: object) -> facts.Fact:
    about = {"revision": one.revision, "by": by} | {name: value for name, value in more.items() if value is not None}
    return facts.Fact(f"programme.{what}", at, None, one.draft_id, about)
