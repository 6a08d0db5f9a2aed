"""The SQL of reactions that failed. Which are open follows from the facts alone: no success came after the failure."""

from dataclasses import dataclass
from datetime import datetime

from regulars.facts import Happened
from regulars.storage import Transaction


@dataclass(frozen=True, slots=True)
class Failure:
    """A fact that what should follow it has not followed: the last attempt, and why it failed."""

    fact_id: int
    xact: int
    """The transaction that recorded the fact, as it was numbered then."""

    fact: str
    member_id: int | None
    subject_id: int | None
    failed_at: datetime
    reason: str


def select_failures(tx: Transaction, *, fact_ids: list[int] | None = None, limit: int) -> list[Failure]:
    """The open failures, of some facts or of all, in the order of the facts."""
    return tx.all(
        """
        select distinct on (1) (f.data ->> 'fact_id')::bigint as fact_id, (f.data ->> 'xact')::bigint as xact,
            f.data ->> 'fact' as fact, f.member_id, f.subject_id, f.occurred_at as failed_at, f.data ->> 'reason' as reason
        from facts f
        where f.name = 'reaction.failed'
          and (%(fact_ids)s::bigint[] is null or (f.data ->> 'fact_id')::bigint = any(%(fact_ids)s::bigint[]))
          and not exists (
              select from facts s
              where s.name = 'reaction.succeeded' and s.data ->> 'fact_id' = f.data ->> 'fact_id' and s.fact_id > f.fact_id)
        order by 1, f.fact_id desc
        limit %(limit)s
        """,
        Failure, fact_ids=fact_ids, limit=limit,
    )  # fmt: skip


def select_fact(tx: Transaction, *, failure: Failure) -> Happened | None:
    """The fact that was not followed; after a restore it bears transaction 1 like all others."""
    return tx.first(
        """
        select fact_id, xact::text::bigint as xact, name, occurred_at, member_id, subject_id
        from facts where xact in (%(xact)s::text::xid8, '1') and fact_id = %(fact_id)s
        """,
        Happened, xact=failure.xact, fact_id=failure.fact_id,
    )  # fmt: skip
