"""The SQL of the ledger. Posting, settling and the audit live in the database (migration 0005); this calls them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, LiteralString, NamedTuple

from regulars.ledger._balances import Holding
from regulars.ledger._rules import NEVER, Batch, Parts, bucket, micros, read_parts
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
    alloc: str | None = None
    """The lots it changed, as the journal keeps them; read `lots`."""

    follows_kind: str | None = None
    """The kind and the reference of the entry undone, or followed from."""

    follows_reference: str | None = None
    worded: bool = True
    """False: its reference and its reason are in files of the archive, out of the house."""

    place: int = 0
    """Where it is in its member's statement, from 1: its number, as long as the member never shared points."""

    @property
    def lots(self) -> Parts:
        """The lots it changed, or for a capture, those its points had come from: expiry in microseconds since 1970, and by how much."""
        if self.kind in {"earn", "mature", "expire"}:
            return ((micros(self.expires_at or NEVER), self.amount),) if self.amount else ()
        return read_parts(self.alloc)


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


_POST: Final = """
    select outcome, kind, amount, pending_change, debt_change, held_change, available, seq, account_id, alloc, reference, occurred_at
    from ledger_post(%(accounts)s, %(members)s, %(types)s, %(ids)s, %(kinds)s, %(amounts)s, %(idems)s, %(refs)s,
                     %(occurred)s, %(expires)s, %(matures)s, %(awaits)s, %(lapses)s, %(gives)s, %(settles)s, %(reasons)s,
                     %(undoes)s, %(earlier)s, %(targets)s, %(siblings)s, %(at)s, %(here)s)
    """
_POST_AT: Final = """
    select outcome, kind, amount, pending_change, debt_change, held_change, available, seq, account_id, alloc, reference, occurred_at
    from ledger_post_at(%(bucket)s::smallint, %(accounts)s, %(members)s, %(types)s, %(ids)s, %(kinds)s, %(amounts)s, %(idems)s, %(refs)s,
                        %(occurred)s, %(expires)s, %(matures)s, %(awaits)s, %(lapses)s, %(gives)s, %(settles)s, %(reasons)s,
                        %(undoes)s, %(earlier)s, %(targets)s, %(siblings)s, %(at)s, %(here)s)
    """
# Where the ledger is spread over several servers, a function is called as `…_at(bucket, …)`: on the shard of that bucket.


def post(tx: Transaction, *, batch: Batch, at: datetime, here: bool = False) -> tuple[list[Movement], list[Posted]]:
    """Post a batch: the entries that fell due on the way, and one answer per item in the batch's order.

    With `here` even to accounts that have joined others.
    """
    rows = tx.rows(
        _POST if tx.shards is None else _POST_AT, bucket=bucket(batch.accounts[0]),
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


def insert_promises(
    tx: Transaction,
    *,
    account_ids: list[int],
    seqs: list[int],
    matures: list[datetime],
    lapses: list[bool],
    awaits: list[str | None],
) -> int:
    """Keep what promises were made under; their entries do not say it."""
    return tx.run(
        """
        insert into ledger_promises (account_id, seq, bucket, matures_at, lapses, awaits)
        select v.account_id, v.seq, v.account_id %% 256, v.matures_at, v.lapses, v.awaits
        from unnest(%(accounts)s::bigint[], %(seqs)s::int[], %(matures)s::timestamptz[], %(lapses)s::boolean[], %(awaits)s::text[])
             v (account_id, seq, matures_at, lapses, awaits)
        """,
        accounts=account_ids, seqs=seqs, matures=matures, lapses=lapses, awaits=awaits,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A transfer that was sent and has not arrived."""

    transfer_id: int
    sender: int
    receiver: int
    point_type: str
    amount: int
    lots: list[int]
    """Expiry in microseconds since 1970, points, and so on."""

    reference: str
    reason: str | None
    sent_at: datetime


def insert_transfer(tx: Transaction, *, new: UnderWay) -> int:
    """Keep what was sent, and to whom."""
    return tx.run(
        """
        insert into ledger_transfers (transfer_id, sender, receiver, point_type, amount, lots, reference, reason, sent_at)
        values (%(transfer_id)s, %(sender)s, %(receiver)s, %(point_type)s, %(amount)s, %(lots)s, %(reference)s, %(reason)s, %(sent_at)s)
        """,
        transfer_id=new.transfer_id, sender=new.sender, receiver=new.receiver, point_type=new.point_type, amount=new.amount,
        lots=new.lots, reference=new.reference, reason=new.reason, sent_at=new.sent_at,
    )  # fmt: skip


def select_receiver(tx: Transaction, *, transfer_id: int) -> int | None:
    """To whom a transfer goes, or went."""
    return tx.value(
        "select receiver from ledger_transfers where transfer_id = %(transfer_id)s", transfer_id=transfer_id
    )


def lock_transfers(tx: Transaction, *, limit: int) -> list[UnderWay]:
    """Transfers under way that nobody else is at, those sent first."""
    return tx.all(
        """
        select transfer_id, sender, receiver, point_type, amount, lots, reference, reason, sent_at from ledger_transfers
        where ended_at is null order by sent_at, transfer_id limit %(limit)s for update skip locked
        """,
        UnderWay, limit=limit,
    )  # fmt: skip


def select_transfers(tx: Transaction, *, limit: int) -> list[UnderWay]:
    """Transfers under way, those sent first."""
    return tx.all(
        """
        select transfer_id, sender, receiver, point_type, amount, lots, reference, reason, sent_at from ledger_transfers
        where ended_at is null order by sent_at, transfer_id limit %(limit)s
        """,
        UnderWay, limit=limit,
    )  # fmt: skip


def end_transfers(tx: Transaction, *, transfer_ids: list[int], returned: bool, at: datetime) -> int:
    """Note that transfers have arrived, or went back."""
    return tx.run(
        """
        update ledger_transfers set ended_at = %(at)s, returned = %(returned)s
        where transfer_id = any(%(transfer_ids)s::bigint[]) and ended_at is null
        """,
        transfer_ids=transfer_ids, returned=returned, at=at,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Awaiting:
    """A promise that waits for an event."""

    member_id: int
    point_type: str
    reference: str
    awaits: str


def select_awaiting(tx: Transaction, *, events: list[str], at: datetime, limit: int) -> list[Awaiting]:
    """The promises that wait for events and have not timed out, by the index on them."""
    return tx.all(
        """
        select a.member_id, a.point_type, e.reference, p.awaits
        from ledger_pending_lots p
        cross join lateral (
            select c.member_id, c.point_type from ledger_accounts c
            where c.account_id = p.account_id and c.bucket = p.bucket order by c.account_id limit 1) a
        cross join lateral (
            select c.reference from ledger_entries c
            where c.account_id = p.account_id and c.seq = p.seq and c.bucket = p.bucket order by c.account_id, c.seq limit 1) e
        where p.awaits = any(%(events)s) and p.matures_at > %(at)s
        order by p.account_id, p.seq limit %(limit)s
        """,
        Awaiting, events=events, at=at, limit=limit,
    )  # fmt: skip


def select_sooner(tx: Transaction, *, untils: list[tuple[int, datetime]]) -> set[int]:
    """Of some accounts, each with an instant, those that have a lot which expires before it."""
    return set(
        tx.values(
            """
            select v.account_id from unnest(%(accounts)s::bigint[], %(untils)s::timestamptz[]) v (account_id, until)
            where (select l.account_id from ledger_lots l where l.account_id = v.account_id and l.expires_at < v.until
                   order by l.account_id, l.expires_at limit 1) is not null
            """,
            accounts=[account for account, _ in untils], untils=[until for _, until in untils],
        )
    )  # fmt: skip


def _home(tx: Transaction, alias: Literal["a", "h"]) -> LiteralString:
    """The rows of the account that an account has joined, or of itself: in one statement, lest they move in between."""
    if tx.shards is None:
        return f"{alias}.account_id = ledger_home(%(account_id)s)"
    return f"{alias}.account_id = %(account_id)s and {alias}.bucket = %(bucket)s"


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
        f"""
        select h.seq, e.reference, e.held_change as amount, h.remaining, h.captured, e.occurred_at, h.held_until, e.reason
        from ledger_holds h
        join ledger_entries e on e.account_id = h.account_id and e.seq = h.seq and e.bucket = h.bucket
        where {_home(tx, 'h')} and h.held_until > %(at)s
          and h.seq < coalesce(%(before_seq)s::bigint, 1::bigint << 31)
        order by h.seq desc limit %(limit)s
        """,
        Hold, account_id=account_id, bucket=bucket(account_id), at=at, before_seq=before_seq, limit=limit,
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


def select_due_buckets(tx: Transaction, *, at: datetime, limit: int) -> list[int]:
    """The buckets of the lots, promises and holds that fell due first, one each."""
    return tx.values(
        """
        select d.bucket from (
            (select bucket, expires_at as due from ledger_lots where expires_at <= %(at)s order by expires_at limit %(limit)s)
            union all
            (select bucket, matures_at from ledger_pending_lots where matures_at <= %(at)s order by matures_at limit %(limit)s)
            union all
            (select bucket, held_until from ledger_holds where held_until <= %(at)s order by held_until limit %(limit)s)
        ) d order by d.due limit %(limit)s
        """,
        at=at, limit=limit,
    )  # fmt: skip


def settle_due_at(tx: Transaction, *, shard: int, at: datetime, limit: int) -> list[Movement]:
    """The same on one shard."""
    return tx.all(
        """
        select kind, account_id, member_id, point_type, reference, occurred_at, amount, pending_change, debt_change, held_change, available
        from ledger_settle_due_at(%(shard)s::smallint, %(at)s, %(limit)s)
        """,
        Movement, shard=shard, at=at, limit=limit,
    )  # fmt: skip


def select_holding(tx: Transaction, *, account_id: int) -> list[Holding]:
    """An account with its lots, promises and holds: one statement, one snapshot."""
    return tx.all(
        f"""
        select a.debt, a.held, coalesce(l.seq, 0) as seq, coalesce(l.expires_at, '9999-01-01 00:00+00') as expires_at,
               coalesce(l.amount, 0) as amount, l.matures_at, l.awaits, coalesce(l.lapses, false) as lapses,
               coalesce(l.captured, 0) as captured, coalesce(l.of_held, 0) as of_held, l.alloc
        from ledger_accounts a
        left join lateral (
            select o.expires_at, o.remaining as amount, null::timestamptz as matures_at, 0 as seq, null as awaits, false as lapses,
                   0::bigint as captured, 0::bigint as of_held, null as alloc
            from ledger_lots o where o.account_id = a.account_id and o.bucket = a.bucket
            union all
            select p.expires_at, p.amount, p.matures_at, p.seq, p.awaits, p.lapses, 0, 0, null
            from ledger_pending_lots p where p.account_id = a.account_id and p.bucket = a.bucket
            union all
            select h.held_until, h.remaining, h.held_until, h.seq, null, false, h.captured, e.held_change, e.alloc::text
            from ledger_holds h join ledger_entries e on e.account_id = h.account_id and e.seq = h.seq and e.bucket = h.bucket
            where h.account_id = a.account_id and h.bucket = a.bucket) l on true
        where {_home(tx, 'a')}
        """,
        Holding, account_id=account_id, bucket=bucket(account_id),
    )  # fmt: skip


def roll_up_flows(tx: Transaction, *, before: datetime) -> int:
    """Join what batches moved before a moment to a row per day, type and kind; how many rows that left."""
    return tx.value("select kept from ledger_roll_up(%(before)s)", before=before)


def roll_up_flows_at(tx: Transaction, *, shard: int, before: datetime) -> int:
    """The same on one shard."""
    return tx.value("select kept from ledger_roll_up_at(%(shard)s::smallint, %(before)s)", shard=shard, before=before)


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


def select_discrepancies_at(tx: Transaction, *, shard: int, limit: int) -> list[Discrepancy]:
    """The same on one shard."""
    return tx.all(
        """
        select invariant, account_id, seq, expected, found from ledger_check_at(%(shard)s::smallint, 0, 9223372036854775807)
        order by account_id, seq nulls first, invariant
        limit %(limit)s
        """,
        Discrepancy, shard=shard, limit=limit,
    )  # fmt: skip
