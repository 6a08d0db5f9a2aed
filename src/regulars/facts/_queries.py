"""The SQL of facts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from regulars.storage import Transaction


@dataclass(frozen=True, slots=True)
class Recorded:
    """One row of `facts`."""

    fact_id: int
    xact: int
    name: str
    occurred_at: datetime
    recorded_at: datetime
    member_id: int | None
    subject_id: int | None
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a reader has come."""

    xact: int
    fact_id: int


def copy_facts(tx: Transaction, table: pa.Table) -> None:
    """Append rows."""
    tx.copy("facts (name, occurred_at, recorded_at, member_id, subject_id, data)", table)


def select_timeline(tx: Transaction, *, member_id: int, before: tuple[datetime, int] | None, limit: int) -> list[Recorded]:
    """One member's facts before a position, latest first."""
    at, fact_id = before or (None, None)
    return tx.all(
        """
        select fact_id, xact::text::bigint as xact, name, occurred_at, recorded_at, member_id, subject_id, data
        from facts
        where member_id = %(member_id)s
          and (%(at)s::timestamptz is null or (occurred_at, fact_id) < (%(at)s::timestamptz, %(fact_id)s::bigint))
        order by occurred_at desc, fact_id desc
        limit %(limit)s
        """,
        Recorded, member_id=member_id, at=at, fact_id=fact_id, limit=limit,
    )  # fmt: skip


def select_feed(tx: Transaction, *, xact: int, fact_id: int, names: list[str], limit: int) -> list[Recorded]:
    """Facts after a position whose transaction, and every earlier one, has ended."""
    return tx.all(
        """
        select fact_id, xact::text::bigint as xact, name, occurred_at, recorded_at, member_id, subject_id, data
        from facts
        where (xact, fact_id) > (%(xact)s::text::xid8, %(fact_id)s)
          and xact < pg_snapshot_xmin(pg_current_snapshot())
          and (cardinality(%(names)s::text[]) = 0 or name = any(%(names)s))
        order by xact, fact_id
        limit %(limit)s
        """,
        Recorded, xact=xact, fact_id=fact_id, names=names, limit=limit,
    )  # fmt: skip


def lock_cursor(tx: Transaction, *, reader: str) -> Cursor | None:
    """The reader's place, locked; None while another worker holds it."""
    tx.run("insert into facts_cursors (reader, xact, fact_id) values (%(reader)s, '0', 0) on conflict do nothing", reader=reader)
    return tx.first(
        """
        select xact::text::bigint as xact, fact_id from facts_cursors
        where reader = %(reader)s for update skip locked
        """,
        Cursor, reader=reader,
    )  # fmt: skip


def move_cursor(tx: Transaction, *, reader: str, xact: int, fact_id: int) -> None:
    """Set the reader's place."""
    tx.run(
        "update facts_cursors set xact = %(xact)s::text::xid8, fact_id = %(fact_id)s where reader = %(reader)s",
        reader=reader, xact=xact, fact_id=fact_id,
    )  # fmt: skip
