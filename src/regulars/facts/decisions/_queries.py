"""The SQL of decisions."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from regulars.storage import Transaction


@dataclass(frozen=True, slots=True)
class Decision:
    """One row of `facts_decisions`."""

    decision_id: int
    kind: int
    subject_id: int
    member_id: int
    version_id: int
    decided_at: datetime
    verdicts: list[Any]


def insert_decisions(
    tx: Transaction, *, kinds: list[int], subjects: list[int], members: list[int], versions: list[int],
    verdicts: list[str], at: datetime,
) -> int:  # fmt: skip
    """Append decisions, in one statement."""
    return tx.run(
        """
        insert into facts_decisions (kind, subject_id, member_id, version_id, decided_at, verdicts)
        select v.kind, v.subject_id, v.member_id, v.version_id, %(at)s, v.verdicts::jsonb
        from unnest(%(kinds)s::smallint[], %(subjects)s::bigint[], %(members)s::bigint[], %(versions)s::int[], %(verdicts)s::text[])
            v (kind, subject_id, member_id, version_id, verdicts)
        """,
        kinds=kinds, subjects=subjects, members=members, versions=versions, verdicts=verdicts, at=at,
    )  # fmt: skip


def select_decision(tx: Transaction, *, decision_id: int) -> Decision | None:
    """One decision."""
    return tx.first(
        """
        select decision_id, kind, subject_id, member_id, version_id, decided_at, verdicts
        from facts_decisions where decision_id = %(decision_id)s
        """,
        Decision, decision_id=decision_id,
    )  # fmt: skip


def select_by_subject(tx: Transaction, *, subject_id: int, limit: int) -> list[Decision]:
    """The decisions about one subject, the latest first."""
    return tx.all(
        """
        select decision_id, kind, subject_id, member_id, version_id, decided_at, verdicts
        from facts_decisions where subject_id = %(subject_id)s order by decision_id desc limit %(limit)s
        """,
        Decision, subject_id=subject_id, limit=limit,
    )  # fmt: skip


def select_by_member(tx: Transaction, *, member_id: int, before: int | None, limit: int) -> list[Decision]:
    """The decisions about one member, the latest first, from before another on."""
    return tx.all(
        """
        select decision_id, kind, subject_id, member_id, version_id, decided_at, verdicts
        from facts_decisions
        where member_id = %(member_id)s and decision_id < coalesce(%(before)s::bigint, 9223372036854775807)
        order by decision_id desc limit %(limit)s
        """,
        Decision, member_id=member_id, before=before, limit=limit,
    )  # fmt: skip


def delete_old(tx: Transaction, *, before: datetime, limit: int) -> int:
    """Forget the oldest decisions made before a moment. Numbers follow time, so the key finds them; the first that is younger ends it."""
    return tx.run(
        """
        delete from facts_decisions d using (
            select decision_id from (
                select decision_id, decided_at from facts_decisions order by decision_id limit %(limit)s
            ) oldest where decided_at < %(before)s
        ) old where d.decision_id = old.decision_id
        """,
        before=before, limit=limit,
    )  # fmt: skip
