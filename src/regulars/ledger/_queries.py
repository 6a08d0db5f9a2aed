"""The SQL of the ledger. Posting, settling and the audit live in the database (migration 0005); this calls them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from regulars.ledger._rules import Batch, Holding
from regulars.storage import Transaction

KINDS: Final = (
    "",
    "earn",
    "spend",
    "mature",
    "expire",
    "promise",
    "restore",
    "clawback",
    "hold",
    "capture",
    "release",
    "send",
    "receive",
    "extend",
    "reinstate",
    "lapse",
    "forgive",
)
"""What the numbers in `ledger_entries.kind` mean."""


class Posted(NamedTuple):
    """What became of one item. A tuple, for there are many: a dataclass costs more to make than the row to read."""

    outcome: int
    kind: int
    amount: int
    pending_change: int
    debt_change: int
    held_change: int
    available: int
    seq: int
    account_id: int
    alloc: str | None


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
    held_change: int
    available: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of an account's journal."""

    seq: int
    kind: str
    """earn, promise (a pending earn), mature, lapse (a promise not kept), spend, expire, restore (a spend undone),
    clawback (an earn undone), hold, capture, release, send, receive, extend, reinstate (an expiry undone), forgive."""

    amount: int
    """Change of what is available."""

    pending_change: int
    debt_change: int
    held_change: int
    available: int
    """What is available afterwards."""

    occurred_at: datetime
    posted_at: datetime
    expires_at: datetime | None
    reverses: int | None
    """The number of the entry undone, or followed from."""

    reference: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Totals:
    """All points of one type.

    issued + restored + received + reinstated + forgiven + debt
    = spent + sent + expired + lapsed + reversed + outstanding + pending + held, always.
    """

    point_type: str
    issued: int
    spent: int
    """Spends, and holds captured."""

    restored: int
    reversed: int
    expired: int
    lapsed: int
    reinstated: int
    sent: int
    received: int
    forgiven: int
    outstanding: int
    pending: int
    held: int
    debt: int


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One account, or one entry of it, that breaks one invariant."""

    invariant: str
    account_id: int
    seq: int | None
    expected: int
    found: int


def post(tx: Transaction, *, batch: Batch, at: datetime, here: bool = False) -> tuple[list[Movement], list[Posted]]:
    """Post a batch: the entries that fell due on the way, and one answer per item in the batch's order.

    With `here` even to accounts that have joined others.
    """
    rows = tx.rows(
        """
        select outcome, kind, amount, pending_change, debt_change, held_change, available, seq, account_id, alloc, reference, occurred_at
        from ledger_post(%(accounts)s, %(members)s, %(types)s, %(ids)s, %(kinds)s, %(amounts)s, %(idems)s, %(refs)s,
                         %(occurred)s, %(expires)s, %(matures)s, %(awaits)s, %(lapses)s, %(gives)s, %(settles)s, %(reasons)s,
                         %(undoes)s, %(earlier)s, %(targets)s, %(siblings)s, %(at)s, %(here)s)
        """,
        accounts=batch.accounts, members=batch.members, types=batch.types, ids=batch.ids, kinds=batch.kinds, amounts=batch.amounts,
        idems=batch.idems, refs=batch.references, occurred=batch.occurred, expires=batch.expires, matures=batch.matures,
        awaits=batch.awaits, lapses=batch.lapses, gives=batch.gives, settles=batch.settles, reasons=batch.reasons,
        undoes=batch.undoes, earlier=batch.earlier, targets=batch.targets, siblings=batch.siblings, at=at, here=here,
    )  # fmt: skip
    first = len(rows) - len(batch.ids)
    owners = dict(zip(batch.accounts, zip(batch.members, batch.types, strict=True), strict=True)) if first else {}
    due = [
        Movement(kind, account, *owners[account], reference, occurred_at, *change)
        for _, kind, *change, _, account, _, reference, occurred_at in rows[:first]
    ]
    return due, [Posted._make(row[:10]) for row in rows[first:]]


@dataclass(frozen=True, slots=True)
class Awaiting:
    """A promise that waits for an event."""

    member_id: int
    point_type: str
    reference: str


def select_awaiting(tx: Transaction, *, event: str, at: datetime, limit: int) -> list[Awaiting]:
    """The promises that wait for an event and have not timed out, by the index on it."""
    return tx.all(
        """
        select a.member_id, a.point_type, e.reference
        from ledger_pending_lots p
        join ledger_accounts a on a.account_id = p.account_id and a.bucket = p.bucket
        join ledger_entries e on e.account_id = p.account_id and e.seq = p.seq and e.bucket = p.bucket
        where p.awaits = %(event)s and p.matures_at > %(at)s
        order by p.account_id, p.seq limit %(limit)s
        """,
        Awaiting, event=event, at=at, limit=limit,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hold:
    """Points set aside: amount = remaining + captured + what was released."""

    seq: int
    reference: str
    amount: int
    remaining: int
    captured: int
    occurred_at: datetime
    held_until: datetime
    """The first instant at which what remains goes back by itself."""

    reason: str | None


def select_holds(tx: Transaction, *, account_id: int, at: datetime, before_seq: int | None, limit: int) -> list[Hold]:
    """An account's holds that are open at `at` and numbered before `before_seq`, latest first."""
    return tx.all(
        """
        select h.seq, e.reference, e.held_change as amount, h.remaining, h.captured, e.occurred_at, h.held_until, e.reason
        from ledger_holds h
        join ledger_entries e on e.account_id = h.account_id and e.seq = h.seq and e.bucket = h.bucket
        where h.account_id = ledger_home(%(account_id)s) and h.held_until > %(at)s
          and h.seq < coalesce(%(before_seq)s::bigint, 1::bigint << 31)
        order by h.seq desc limit %(limit)s
        """,
        Hold, account_id=account_id, at=at, before_seq=before_seq, limit=limit,
    )  # fmt: skip


def settle_due(tx: Transaction, *, at: datetime, limit: int) -> list[Movement]:
    """Settle the accounts of the `limit` lots longest due; the entries made."""
    return tx.all(
        """
        select kind, account_id, member_id, point_type, reference, occurred_at, amount, pending_change, debt_change, held_change, available
        from ledger_settle_due(%(at)s, %(limit)s)
        """,
        Movement, at=at, limit=limit,
    )  # fmt: skip


def select_holding(tx: Transaction, *, account_id: int) -> list[Holding]:
    """An account with its lots, promises and holds: one statement, one snapshot."""
    return tx.all(
        """
        select a.debt, a.held, coalesce(l.seq, 0) as seq, coalesce(l.expires_at, '9999-01-01 00:00+00') as expires_at,
               coalesce(l.amount, 0) as amount, l.matures_at, l.awaits, coalesce(l.lapses, false) as lapses,
               coalesce(l.captured, 0) as captured, coalesce(l.of_held, 0) as of_held, l.alloc
        from ledger_accounts a
        left join lateral (
            select o.expires_at, o.remaining as amount, null::timestamptz as matures_at, 0 as seq, null as awaits, false as lapses,
                   0::bigint as captured, 0::bigint as of_held, null as alloc
            from ledger_lots o where o.account_id = a.account_id
            union all
            select p.expires_at, p.amount, p.matures_at, p.seq, p.awaits, p.lapses, 0, 0, null
            from ledger_pending_lots p where p.account_id = a.account_id
            union all
            select h.held_until, h.remaining, h.held_until, h.seq, null, false, h.captured, e.held_change, e.alloc::text
            from ledger_holds h join ledger_entries e on e.account_id = h.account_id and e.seq = h.seq
            where h.account_id = a.account_id) l on true
        where a.account_id = ledger_home(%(account_id)s)
        """,
        Holding, account_id=account_id,
    )  # fmt: skip


def select_home_owner(tx: Transaction, *, account_id: int) -> int | None:
    """Whose account is posted to for an account; None where there is none."""
    return tx.value(
        "select member_id from ledger_accounts where account_id = ledger_home(%(account_id)s)", account_id=account_id
    )


def select_entries(
    tx: Transaction, *, account_id: int, before_seq: int | None, limit: int, own: bool = False
) -> list[Entry]:
    """An account's entries before a number, latest first; numbers have no gaps, so both ends of the page are known.

    Those of the account it has joined, unless `own`.
    """
    return tx.all(
        """
        select e.* from (
            select a.account_id, least(%(before_seq)s::int, a.seq + 1) as stop
            from ledger_accounts a
            where a.account_id = case when %(own)s then %(account_id)s else ledger_home(%(account_id)s) end) a,
        lateral (
            select e.seq, (%(kinds)s::text[])[e.kind] as kind, e.amount, e.pending_change, e.debt_change, e.held_change, e.available,
                   e.occurred_at, e.posted_at, nullif(e.expires_at, '9999-01-01 00:00+00') as expires_at, e.reverses, e.reference, e.reason
            from ledger_entries e
            where e.account_id = a.account_id and e.seq >= a.stop - %(limit)s and e.seq < a.stop
            order by e.account_id desc, e.seq desc  -- the order only the right index has
            limit %(limit)s) e
        """,
        Entry, account_id=account_id, before_seq=before_seq, limit=limit, own=own, kinds=list(KINDS[1:]),
    )  # fmt: skip


def roll_up_flows(tx: Transaction, *, before: datetime) -> int:
    """Join what batches moved before a moment to a row per day, type and kind; how many rows that left."""
    return tx.run(
        """
        with gone as (
            delete from ledger_flows where not rolled and posted_at < %(before)s
            returning bucket, point_type, kind, entries, amount, pending, debt, held, posted_at
        )
        insert into ledger_flows (bucket, point_type, kind, entries, amount, pending, debt, held, posted_at, rolled)
        select min(g.bucket), g.point_type, g.kind, sum(g.entries), sum(g.amount), sum(g.pending), sum(g.debt), sum(g.held),
            date_trunc('day', g.posted_at), true
        from gone g group by g.point_type, g.kind, date_trunc('day', g.posted_at)
        """,
        before=before,
    )  # fmt: skip


def select_totals(tx: Transaction) -> list[Totals]:
    """What was ever issued, spent and so on: the sum of what the batches moved."""
    return tx.all(
        """
        with worth as (
            select f.point_type, f.kind, f.amount + f.pending - f.debt + f.held as moved, f.amount, f.pending, f.debt, f.held from ledger_flows f
        )
        select point_type,
               coalesce(sum(moved) filter (where kind in (1, 5)), 0)::bigint as issued,
               -coalesce(sum(moved) filter (where kind in (2, 9)), 0)::bigint as spent,
               coalesce(sum(moved) filter (where kind = 6), 0)::bigint as restored,
               -coalesce(sum(moved) filter (where kind = 7), 0)::bigint as reversed,
               -coalesce(sum(moved) filter (where kind = 4), 0)::bigint as expired,
               -coalesce(sum(moved) filter (where kind = 15), 0)::bigint as lapsed,
               coalesce(sum(moved) filter (where kind = 14), 0)::bigint as reinstated,
               -coalesce(sum(moved) filter (where kind = 11), 0)::bigint as sent,
               coalesce(sum(moved) filter (where kind = 12), 0)::bigint as received,
               coalesce(sum(moved) filter (where kind = 16), 0)::bigint as forgiven,
               sum(amount)::bigint as outstanding, sum(pending)::bigint as pending, sum(held)::bigint as held, sum(debt)::bigint as debt
        from worth
        group by point_type
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
