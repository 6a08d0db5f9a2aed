"""Publishing what was approved, going back to an earlier version, and the text of what holds."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from regulars import facts
from regulars.errors import NotFound
from regulars.programme import _queries as queries_of_versions
from regulars.programme import _versions
from regulars.programme._records import Version
from regulars.programme._rules import Programme
from regulars.programme.drafts import _queries
from regulars.programme.drafts._changes import same
from regulars.programme.drafts._drafts import approve, begin, check_note, expect_approved, locked, sound, submit
from regulars.programme.drafts._flaws import check, document_of
from regulars.programme.drafts._records import Release
from regulars.programme.drafts._schemas import headlines
from regulars.programme.drafts._texts import write
from regulars.storage import Transaction

_HEADING = "A loyalty programme of Regulars. Amounts are in minor units of the currency; what each part may hold is in its JSON Schema."


class VersionNotFound(NotFound):
    """There is no version {version} of the programme."""


def publish(
    tx: Transaction,
    draft_id: int,
    *,
    by: str,
    at: datetime,
    effective_at: datetime | None = None,
    revision: int | None = None,
) -> Programme:
    """Make an approved draft the programme that holds from `effective_at`, or at once. Facts: `programme.published`.

    Raises:
        DraftNotFound: there is none.
        DraftPublished: it became a version already.
        DraftChanged: it is at another revision than `revision`.
        DraftNotReady: nobody has approved it.
        DraftOutdated: a version was published since it was last written.
        FlawedDraft: it cannot be used any more.
        BadProgramme: it would begin in the past.
    """
    one = locked(tx, draft_id, revision)
    _queries.lock_versions(tx)
    expect_approved(tx, one)
    done = _versions.publish(tx, sound(one), at=at, by=by, effective_at=effective_at)
    _queries.close_draft(tx, draft_id=draft_id, version_id=done.version_id, at=at, by=by)
    _queries.insert_release(tx, version_id=done.version_id, draft_id=draft_id, restores=None, note=one.note)
    return done


def publish_alone(
    tx: Transaction,
    programme: Programme,
    *,
    by: str,
    at: datetime,
    alone: bool,
    effective_at: datetime | None = None,
    note: str = "",
) -> Programme:
    """Draft, submit, approve and publish a programme at once, where one person may.

    Raises:
        OwnDraft: not `alone`: somebody else has to approve it.
        BadProgramme: it cannot be used, or would begin in the past.
    """
    draft_id = begin(tx, canonical(programme), by=by, at=at, note=note).draft_id
    submit(tx, draft_id, by=by, at=at)
    approve(tx, draft_id, by=by, at=at, alone=alone)
    return publish(tx, draft_id, by=by, at=at, effective_at=effective_at)


def roll_back(
    tx: Transaction, version_id: int, *, by: str, at: datetime, note: str = "", effective_at: datetime | None = None
) -> Programme:
    """Publish an earlier version again, as a new one, from `effective_at` on or at once; nothing is deleted.

    Facts: `programme.rolled_back`, and `programme.published` of the new version.

    Raises:
        VersionNotFound: it was not published.
        UnusableNote: the note is no line of at most 500 letters.
        BadProgramme: it would begin in the past.
    """
    check_note("note", note)
    _queries.lock_versions(tx)
    earlier = version(tx, version_id)
    done = _versions.publish(tx, earlier, at=at, by=by, effective_at=effective_at)
    _queries.insert_release(tx, version_id=done.version_id, draft_id=None, restores=version_id, note=note)
    about = {"restores": version_id, "version": done.version_id, "by": by, "note": note}
    facts.record(tx, [facts.Fact("programme.rolled_back", at, None, done.version_id, about)], at=at)
    return done


def version(tx: Transaction, version_id: int) -> Programme:
    """What a version says.

    Raises:
        VersionNotFound: it was not published.
    """
    known = _versions.by_version(tx, [version_id] if 0 <= version_id < 1 << 31 else [])
    if version_id not in known:
        raise VersionNotFound(version=version_id)
    return known[version_id]


def version_row(tx: Transaction, version_id: int) -> Version:
    """When a version was published, by whom, and from when on it holds.

    Raises:
        VersionNotFound: it was not published.
    """
    for row in queries_of_versions.select_versions_by_id(tx, version_ids=[version_id]):
        return row
    raise VersionNotFound(version=version_id)


def releases(tx: Transaction, versions: Sequence[Version]) -> Mapping[int, Release]:
    """Why versions were published, by their number; one that no draft became and that restores nothing is left out."""
    return {one.version_id: one for one in _queries.select_releases(tx, version_ids=[v.version_id for v in versions])}


def text_of(tx: Transaction, programme: Programme) -> str:
    """A version as it was written, with its comments; where nobody wrote it, or wrote it otherwise, in the stable form."""
    for release in _queries.select_releases(tx, version_ids=[programme.version_id]):
        if release.restores is not None:
            return text_of(tx, version(tx, release.restores))
        written = check(release.text or "").programme
        if written is not None and same(document_of(written), document_of(programme)):
            return release.text or ""
    return canonical(programme)


def canonical(programme: Programme) -> str:
    """A programme in its stable form: YAML, every part in its order, with what it means above it."""
    return write(document_of(programme), notes=headlines(), heading=_HEADING)
