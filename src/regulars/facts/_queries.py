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
class Happened:
    """What a reaction must know of a fact; what it says in words and figures is left where it is."""

    fact_id: int
    xact: int
    name: str
    occurred_at: datetime
    member_id: int | None
    subject_id: int | None


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the feed, after the fact it names."""

    xact: int
    fact_id: int


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the feed as somebody outside keeps it: of which numbering, and after which fact."""

    numbering: int
    xact: int
    fact_id: int


def copy_facts(tx: Transaction, table: pa.Table) -> None:
    """Append rows."""
    tx.copy("facts (name, occurred_at, member_id, subject_id, data, recorded_at)", table)


def insert_facts(
    tx: Transaction,
    *,
    names: list[str],
    occurred: list[datetime],
    members: list[int | None],
    subjects: list[int | None],
    data: list[str],
    at: datetime,
) -> None:
    """Append rows, in order."""
    tx.run(
        """
        insert into facts (name, occurred_at, recorded_at, member_id, subject_id, data)
        select f.name, f.occurred_at, %(at)s, f.member_id, f.subject_id, f.data
        from unnest(%(names)s::text[], %(occurred)s::timestamptz[], %(members)s::bigint[], %(subjects)s::bigint[], %(data)s::jsonb[])
            f (name, occurred_at, member_id, subject_id, data)
        """,
        names=names, occurred=occurred, members=members, subjects=subjects, data=data, at=at,
    )  # fmt: skip


def select_timeline(
    tx: Transaction, *, member_id: int, before: tuple[datetime, int] | None, limit: int
) -> list[Recorded]:
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


def select_feed(tx: Transaction, *, after: Position, names: list[str], limit: int) -> list[Recorded]:
    """Facts after a position whose transaction, and every earlier one, has ended."""
    return tx.all(
        """
        select fact_id, xact::text::bigint as xact, name, occurred_at, recorded_at, member_id, subject_id, data
        from facts
        where (xact, fact_id) > (%(xact)s::text::xid8, %(fact_id)s)
          and xact < (select facts_horizon())
          and (cardinality(%(names)s::text[]) = 0 or name = any(%(names)s))
        order by xact, fact_id
        limit %(limit)s
        """,
        Recorded, xact=after.xact, fact_id=after.fact_id, names=names, limit=limit,
    )  # fmt: skip


def select_recorded_here(tx: Transaction, *, names: list[str]) -> list[Happened]:
    """The facts of some names that this transaction has recorded so far, in order."""
    return tx.all(
        """
        select fact_id, xact::text::bigint as xact, name, occurred_at, member_id, subject_id
        from facts
        where xact = pg_current_xact_id_if_assigned() and name = any(%(names)s)
        order by fact_id
        """,
        Happened, names=names,
    )  # fmt: skip


def select_between(tx: Transaction, *, after: Position, upto: Position, names: list[str]) -> list[Happened]:
    """The facts of some names after one position, up to and with another."""
    return tx.all(
        """
        select fact_id, xact::text::bigint as xact, name, occurred_at, member_id, subject_id
        from facts
        where (xact, fact_id) > (%(from_xact)s::text::xid8, %(from_id)s)
          and (xact, fact_id) <= (%(to_xact)s::text::xid8, %(to_id)s)
          and name = any(%(names)s)
        order by xact, fact_id
        """,
        Happened, from_xact=after.xact, from_id=after.fact_id, to_xact=upto.xact, to_id=upto.fact_id, names=names,
    )  # fmt: skip


def select_horizon(tx: Transaction, *, after: Position, limit: int) -> Position | None:
    """The position `limit` final facts after another, or of the last one there is; None when there is none.

    It is the end of a transaction, so that what was recorded together is read together.
    """
    return tx.first(
        """
        select last.xact::text::bigint as xact, (select max(f.fact_id) from facts f where f.xact = last.xact) as fact_id
        from (
            select following.xact from (
                select xact, fact_id from facts
                where (xact, fact_id) > (%(xact)s::text::xid8, %(fact_id)s) and xact < (select facts_horizon())
                order by xact, fact_id
                limit %(limit)s
            ) following
            order by following.xact desc limit 1
        ) last
        """,
        Position, xact=after.xact, fact_id=after.fact_id, limit=limit,
    )  # fmt: skip


def lock_cursor(tx: Transaction, *, reader: str) -> Position | None:
    """The reader's place, locked; None while another worker holds it."""
    tx.run(
        "insert into facts_cursors (reader, xact, fact_id) values (%(reader)s, '0', 0) on conflict do nothing",
        reader=reader,
    )
    return tx.first(
        """
        select xact::text::bigint as xact, fact_id from facts_cursors
        where reader = %(reader)s for update skip locked
        """,
        Position, reader=reader,
    )  # fmt: skip


def move_cursor(tx: Transaction, *, reader: str, position: Position) -> None:
    """Set the reader's place."""
    tx.run(
        "update facts_cursors set xact = %(xact)s::text::xid8, fact_id = %(fact_id)s where reader = %(reader)s",
        reader=reader, xact=position.xact, fact_id=position.fact_id,
    )  # fmt: skip


def is_behind(tx: Transaction, *, reader: str) -> bool:
    """Whether a committed fact lies beyond the reader's place."""
    return tx.value(
        """
        select exists (
            select from facts f left join facts_cursors c on c.reader = %(reader)s
            where (f.xact, f.fact_id) > (coalesce(c.xact, '0'), coalesce(c.fact_id, 0)))
        """,
        reader=reader,
    )  # fmt: skip


def is_restored(tx: Transaction) -> bool:
    """Whether facts bear transactions that this server has not reached: they were written on another one."""
    return tx.value(
        """
        select exists (
            select from facts
            where xact >= pg_snapshot_xmax(pg_current_snapshot()) and xact is distinct from pg_current_xact_id_if_assigned())
        """
    )


def rebase_cursors(tx: Transaction) -> int:
    """Set every reader's place before the first fact it has not read, in the order of numbers alone."""
    return tx.run(
        """
        update facts_cursors c set xact = '1', fact_id = coalesce(
            (select min(f.fact_id) - 1 from facts f where (f.xact, f.fact_id) > (c.xact, c.fact_id)),
            (select max(f.fact_id) from facts f), 0)
        """
    )


def rebase_facts(tx: Transaction) -> int:
    """Let all facts bear a transaction that is long over, so that their numbers alone order them."""
    return tx.run("update facts set xact = '1'")


def select_numbering(tx: Transaction) -> int:
    """Which numbering the facts bear now."""
    return tx.value("select numbering from facts_numbering")


def is_reached(tx: Transaction, *, xact: int) -> bool:
    """Whether a transaction has begun on this server: a place beyond is from a future that a restore took back."""
    return tx.value("select %(xact)s::text::xid8 < pg_snapshot_xmax(pg_current_snapshot())", xact=xact)


def set_numbering(tx: Transaction, *, numbering: int) -> int:
    """Say that the facts bear another numbering."""
    return tx.run("update facts_numbering set numbering = %(numbering)s", numbering=numbering)


def rebase_webhooks(tx: Transaction) -> int:
    """Let what waits for webhooks, and what is to be sent again, name the facts as `rebase_facts` leaves them."""
    return tx.run(
        """
        with endpoints as (
            update facts_webhook_endpoints set since = '1'
        ), replays as (
            update facts_webhook_replays set after_xact = '1', upto_xact = '1' where kind = 'facts'
        )
        update facts_webhook_deliveries set xact = '1' where xact is not null
        """
    )
