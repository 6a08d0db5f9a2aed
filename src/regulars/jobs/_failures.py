"""Reactions that failed: which are open, and trying them again."""

from collections.abc import Collection, Sequence
from datetime import datetime

from regulars import facts
from regulars.jobs import _queries
from regulars.jobs._queries import Failure
from regulars.storage import Transaction


def failures(tx: Transaction, *, limit: int = 1000) -> list[Failure]:
    """The facts that were not followed by what should follow them, the oldest first."""
    return _queries.select_failures(tx, limit=limit)


def record_failure(tx: Transaction, fact: facts.Happened, error: Exception, *, at: datetime) -> None:
    """Note that nothing followed a fact, and why. Facts: `reaction.failed`."""
    about = {"fact": fact.name, "fact_id": fact.fact_id, "xact": fact.xact, "reason": str(error)}
    facts.record(tx, [facts.Fact("reaction.failed", at, fact.member_id, fact.subject_id, about)], at=at)


def close_failures(
    tx: Transaction, followed: Sequence[facts.Happened], *, failed: Collection[int], at: datetime
) -> None:
    """Note which of these facts, but for those that `failed` now, were followed after all. Facts: `reaction.succeeded`."""
    ids = [fact.fact_id for fact in followed if fact.fact_id not in failed]
    closed = _queries.select_failures(tx, fact_ids=ids, limit=len(ids)) if ids else []
    told = [
        facts.Fact("reaction.succeeded", at, one.member_id, one.subject_id, {"fact": one.fact, "fact_id": one.fact_id})
        for one in closed
    ]
    if told:
        facts.record(tx, told, at=at)
