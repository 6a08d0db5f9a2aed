"""The SQL of drafts, and of what one would change."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, LiteralString

from psycopg.types.json import Jsonb

from regulars.programme.drafts._records import Draft, Release, Revision
from regulars.storage import Transaction

_DRAFT: Final[LiteralString] = """
    select d.draft_id, d.revision, d.base_version, d.drafted_at, d.submitted_at, d.submitted_by, d.decided_at, d.decided_by,
        d.decision, d.because, d.published_at, d.published_by, d.version_id, r.text, r.document, r.note,
        r.written_at as changed_at, r.written_by as changed_by, a.authors
    from programme_drafts d
    join programme_draft_revisions r on r.draft_id = d.draft_id and r.revision = d.revision
    cross join lateral (
        select array_agg(w.written_by order by w.first) as authors
        from (select written_by, min(revision) as first from programme_draft_revisions where draft_id = d.draft_id group by written_by) w
    ) a
"""


def insert_draft(tx: Transaction, *, draft_id: int, base_version: int, at: datetime) -> int:
    """Begin a draft, unless it is there."""
    return tx.run(
        """
        insert into programme_drafts (draft_id, revision, base_version, drafted_at)
        values (%(draft_id)s, 1, %(base)s, %(at)s)
        """,
        draft_id=draft_id, base=base_version, at=at,
    )  # fmt: skip


def insert_revision(
    tx: Transaction, *, draft_id: int, revision: int, text: str, document: dict[str, Any] | None, note: str,
    at: datetime, by: str,
) -> int:  # fmt: skip
    """Keep what was written."""
    return tx.run(
        """
        insert into programme_draft_revisions (draft_id, revision, text, document, note, written_at, written_by)
        values (%(draft_id)s, %(revision)s, %(text)s, %(document)s, %(note)s, %(at)s, %(by)s)
        """,
        draft_id=draft_id, revision=revision, text=text, document=None if document is None else Jsonb(document), note=note,
        at=at, by=by,
    )  # fmt: skip


def advance_draft(tx: Transaction, *, draft_id: int, revision: int, base_version: int) -> int:
    """Let a draft that is at one revision be at the next, with nothing decided; 0 rows: it is at another, or published."""
    return tx.run(
        """
        update programme_drafts set revision = revision + 1, base_version = %(base)s, submitted_at = null, submitted_by = null,
            decided_at = null, decided_by = null, decision = null, because = null
        where draft_id = %(draft_id)s and revision = %(revision)s and published_at is null
        """,
        draft_id=draft_id, revision=revision, base=base_version,
    )  # fmt: skip


def lock_draft(tx: Transaction, *, draft_id: int) -> int:
    """Lock a draft, so that it is decided on and published once."""
    return tx.run("select draft_id from programme_drafts where draft_id = %(draft_id)s for update", draft_id=draft_id)


def submit_draft(tx: Transaction, *, draft_id: int, at: datetime, by: str) -> int:
    """Note who asks for a decision."""
    return tx.run(
        """
        update programme_drafts set submitted_at = %(at)s, submitted_by = %(by)s, decided_at = null, decided_by = null,
            decision = null, because = null
        where draft_id = %(draft_id)s
        """,
        draft_id=draft_id, at=at, by=by,
    )  # fmt: skip


def decide_draft(
    tx: Transaction, *, draft_id: int, decision: str, because: str | None, at: datetime, by: str
) -> int:  # fmt: skip
    """Keep a decision."""
    return tx.run(
        """
        update programme_drafts set decided_at = %(at)s, decided_by = %(by)s, decision = %(decision)s, because = %(because)s
        where draft_id = %(draft_id)s
        """,
        draft_id=draft_id, decision=decision, because=because, at=at, by=by,
    )  # fmt: skip


def close_draft(tx: Transaction, *, draft_id: int, version_id: int, at: datetime, by: str) -> int:
    """Note which version a draft became."""
    return tx.run(
        """
        update programme_drafts set published_at = %(at)s, published_by = %(by)s, version_id = %(version_id)s
        where draft_id = %(draft_id)s
        """,
        draft_id=draft_id, version_id=version_id, at=at, by=by,
    )  # fmt: skip


def select_draft(tx: Transaction, *, draft_id: int) -> Draft | None:
    """One draft."""
    return tx.first(_DRAFT + "where d.draft_id = %(draft_id)s", Draft, draft_id=draft_id)


def select_drafts(tx: Transaction, *, open_only: bool, before: tuple[datetime, int] | None, limit: int) -> list[Draft]:
    """Drafts, the latest first."""
    where: LiteralString = "where d.published_at is null" if open_only else "where true"
    return tx.all(
        _DRAFT
        + where
        + """
        and (%(before_at)s::timestamptz is null or (d.drafted_at, d.draft_id) < (%(before_at)s, %(before_id)s))
        order by d.drafted_at desc, d.draft_id desc limit %(limit)s
        """,
        Draft, before_at=before and before[0], before_id=before and before[1], limit=limit,
    )  # fmt: skip


def select_draft_that_says(tx: Transaction, *, document: dict[str, Any]) -> Draft | None:
    """The latest draft that was not published and says just that."""
    return tx.first(
        _DRAFT
        + """
        where d.published_at is null and r.document = %(document)s order by d.drafted_at desc, d.draft_id desc limit 1
        """,
        Draft, document=Jsonb(document),
    )  # fmt: skip


def select_revisions(tx: Transaction, *, draft_id: int, limit: int) -> list[Revision]:
    """What was written in a draft, the latest first."""
    return tx.all(
        """
        select draft_id, revision, text, note, written_at, written_by from programme_draft_revisions
        where draft_id = %(draft_id)s order by revision desc limit %(limit)s
        """,
        Revision, draft_id=draft_id, limit=limit,
    )  # fmt: skip


def insert_release(tx: Transaction, *, version_id: int, draft_id: int | None, restores: int | None, note: str) -> int:
    """Note why a version was published."""
    return tx.run(
        """
        insert into programme_releases (version_id, draft_id, restores, note)
        values (%(version_id)s, %(draft_id)s, %(restores)s, %(note)s)
        """,
        version_id=version_id, draft_id=draft_id, restores=restores, note=note,
    )  # fmt: skip


def select_releases(tx: Transaction, *, version_ids: Sequence[int]) -> list[Release]:
    """Why some versions were published, and the text they were written in; those published otherwise are left out."""
    return tx.all(
        """
        select l.version_id, l.draft_id, l.restores, l.note, r.text, d.decided_by as approved_by
        from programme_releases l
        left join programme_drafts d on d.draft_id = l.draft_id
        left join programme_draft_revisions r on r.draft_id = d.draft_id and r.revision = d.revision
        where l.version_id = any(%(version_ids)s) order by l.version_id limit 10000
        """,
        Release, version_ids=list(version_ids),
    )  # fmt: skip


def select_last_version(tx: Transaction) -> int:
    """The number of the last version somebody published; 0: none, or only the programme a shop begins with."""
    return tx.value(
        """
        select coalesce(max(version_id), 0) from programme_versions
        where version_id > 1 or published_by <> 'regulars'
        """
    )


def lock_versions(tx: Transaction) -> int:
    """Let nobody else publish until this transaction ends."""
    return tx.run("lock table programme_versions in share row exclusive mode")


def count_standings(tx: Transaction) -> int:
    """How many members have a tier."""
    return tx.value("select count(distinct member_id) from programme_standings")
