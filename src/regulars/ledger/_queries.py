"""The SQL of the ledger. Posting, settling and the audit live in the database (migration 0005); this calls them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from regulars.ledger._rules import Batch, Holding
from regulars.storage import Transaction

KINDS: Final = ("", "earn", "spend", "mature", "expire", "promise", "restore", "clawback")
"""What the numbers in `ledger_entries.kind` mean."""


class Posted(NamedTuple):
    """What became of one item. A tuple, for there are many: a dataclass costs more to make than the row to read."""

    outcome: int
    kind: int
    amount: int
    pending_change: int
    debt_change: int
    available: int
    seq: int
    account_id: int


@dataclass(frozen=True, slots=True)
class Movement:
    """An entry that fell due, and whose it is."""

    kind: int
    account_id: int
    member_id: int
    point_type: str
    reference: str
    occurred_at: datetime
    amount: int
    pending_change: int
    debt_change: int
    available: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of an account's journal."""

    seq: int
    kind: str
    """earn, promise (a pending earn), mature, spend, expire, restore (a spend undone), clawback (an earn undone)."""

    amount: int
    """Change of what is available."""

    pending_change: int
    debt_change: int
    available: int
    """What is available afterwards."""

    occurred_at: datetime
    posted_at: datetime
    expires_at: datetime | None
    reverses: int | None
    """The number of the entry undone."""

    reference: str


@dataclass(frozen=True, slots=True)
class Totals:
    """All points of one type. issued + restored + debt = spent + expired + reversed + outstanding + pending."""

    point_type: str
    issued: int
    spent: int
    restored: int
    reversed: int
    expired: int
    outstanding: int
    pending: int
    debt: int


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One account, or one entry of it, that breaks one invariant."""

    invariant: str
    account_id: int
    seq: int | None
    expected: int
    found: int


def post(tx: Transaction, *, batch: Batch, at: datetime) -> tuple[list[Movement], list[Posted]]:
    """Post a batch: the entries that fell due on the way, and one answer per item in the batch's order."""
    rows = tx.rows(
        """
        select outcome, kind, amount, pending_change, debt_change, available, seq, account_id, reference, occurred_at
        from ledger_post(%(accounts)s::bigint[], %(members)s::bigint[], %(types)s::text[], %(ids)s::bigint[],
            %(kinds)s::smallint[], %(amounts)s::bigint[], %(idems)s::uuid[], %(refs)s::text[], %(occurred)s::bigint[],
            %(expires)s::bigint[], %(matures)s::bigint[], %(undoes)s::uuid[], %(earlier)s::int[], %(targets)s::int[],
            %(siblings)s::int[], %(at)s)
        """,
        accounts=batch.accounts, members=batch.members, types=batch.types,
        ids=batch.ids, kinds=batch.kinds, amounts=batch.amounts,
        idems=batch.idems, refs=batch.references, occurred=batch.occurred,
        expires=batch.expires, matures=batch.matures, undoes=batch.undoes,
        earlier=batch.earlier, targets=batch.targets, siblings=batch.siblings, at=at,
    )  # fmt: skip
    first = len(rows) - len(batch.ids)
    owners = dict(zip(batch.accounts, zip(batch.members, batch.types, strict=True), strict=True)) if first else {}
    due = [
        Movement(kind, account, *owners[account], reference, occurred_at, *change)
        for _, kind, *change, _, account, reference, occurred_at in rows[:first]
    ]
    return due, [Posted._make(row[:8]) for row in rows[first:]]


def settle_due(tx: Transaction, *, at: datetime, limit: int) -> list[Movement]:
    """Settle the accounts of the `limit` lots longest due; the entries made."""
    return tx.all(
        """
        select kind, account_id, member_id, point_type, reference, occurred_at, amount, pending_change, debt_change, available
        from ledger_settle_due(%(at)s, %(limit)s)
        """,
        Movement, at=at, limit=limit,
    )  # fmt: skip


def select_holding(tx: Transaction, *, account_id: int) -> list[Holding]:
    """An account with its lots, open ones first, then pending ones as they mature: one statement, one snapshot."""
    return tx.all(
        """
        select a.available, a.pending, a.debt, coalesce(l.expires_at, '9999-01-01 00:00+00') as expires_at,
               coalesce(l.amount, 0) as amount, l.matures_at
        from ledger_accounts a
        left join lateral (
            select o.expires_at, o.remaining as amount, null::timestamptz as matures_at, 0 as seq
            from ledger_lots o where o.account_id = a.account_id
            union all
            select p.expires_at, p.amount, p.matures_at, p.seq
            from ledger_pending_lots p where p.account_id = a.account_id) l on true
        where a.account_id = %(account_id)s
        order by l.matures_at nulls first, l.seq, l.expires_at
        """,
        Holding, account_id=account_id,
    )  # fmt: skip


def select_entries(tx: Transaction, *, account_id: int, before_seq: int | None, limit: int) -> list[Entry]:
    """An account's entries before a number, latest first; numbers have no gaps, so both ends of the page are known."""
    return tx.all(
        """
        select e.* from (
            select a.account_id, least(%(before_seq)s::int, a.seq + 1) as stop
            from ledger_accounts a where a.account_id = %(account_id)s) a,
        lateral (
            select e.seq, (%(kinds)s::text[])[e.kind] as kind, e.amount, e.pending_change, e.debt_change, e.available,
                   e.occurred_at, e.posted_at, nullif(e.expires_at, '9999-01-01 00:00+00') as expires_at, e.reverses, e.reference
            from ledger_entries e
            where e.account_id = a.account_id and e.seq >= a.stop - %(limit)s and e.seq < a.stop
            order by e.account_id desc, e.seq desc  -- the order only the right index has
            limit %(limit)s) e
        """,
        Entry, account_id=account_id, before_seq=before_seq, limit=limit, kinds=list(KINDS[1:]),
    )  # fmt: skip


def select_totals(tx: Transaction) -> list[Totals]:
    """What was ever issued, spent and so on, from the journal, and what is held now, from the accounts."""
    return tx.all(
        """
        with moved as (
            select account_id, bucket, kind, sum(amount + pending_change - debt_change) as worth
            from ledger_entries group by account_id, bucket, kind
        ), by_type as (
            select a.point_type,
                   sum(m.worth) filter (where m.kind in (1, 5)) as issued, -sum(m.worth) filter (where m.kind = 2) as spent,
                   sum(m.worth) filter (where m.kind = 6) as restored, -sum(m.worth) filter (where m.kind = 7) as reversed,
                   -sum(m.worth) filter (where m.kind = 4) as expired
            from moved m join ledger_accounts a using (account_id, bucket) group by a.point_type
        ), held as (
            select point_type, sum(available) as outstanding, sum(pending) as pending, sum(debt) as debt
            from ledger_accounts group by point_type
        )
        select point_type, coalesce(issued, 0)::bigint as issued, coalesce(spent, 0)::bigint as spent,
               coalesce(restored, 0)::bigint as restored, coalesce(reversed, 0)::bigint as reversed,
               coalesce(expired, 0)::bigint as expired, outstanding::bigint, pending::bigint, debt::bigint
        from held left join by_type using (point_type)
        order by point_type
        limit 1000
        """,
        Totals,
    )  # fmt: skip


def select_discrepancies(tx: Transaction, *, limit: int) -> list[Discrepancy]:
    """What breaks an invariant."""
    return tx.all(
        """
        select invariant, account_id, seq, expected, found from ledger_discrepancies
        order by account_id, seq nulls first, invariant
        limit %(limit)s
        """,
        Discrepancy, limit=limit,
    )  # fmt: skip
