"""The SQL of proof: the ledger gone through piece by piece."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString

from regulars.ledger._queries import Discrepancy
from regulars.storage import Transaction


@dataclass(frozen=True, slots=True)
class Pass:
    """One time the whole ledger was, or is being, gone through."""

    pass_id: int
    began_at: datetime
    finished_at: datetime | None
    upto: int
    """The last account checked, -1 before the first."""

    accounts: int
    entries: int
    discrepancies: int
    pieces: int
    """In how many transactions it has been gone through so far."""

    root: bytes
    """SHA-256 over the last hash of every account: whoever keeps it can tell later whether the past was rewritten."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What broke an invariant; `seq` 0 is the account as a whole. `gone_at`: a later check found it right."""

    account_id: int
    invariant: str
    seq: int
    expected: int
    found: int
    found_at: datetime
    gone_at: datetime | None


@dataclass(frozen=True, slots=True)
class Piece:
    """Some accounts in a row: the last of them, how many they are, their entries, and the root with them."""

    upto: int
    accounts: int
    entries: int
    root: bytes


def begin_pass(tx: Transaction, *, at: datetime) -> int:
    """Begin a pass, unless one is running."""
    return tx.run(
        """
        insert into ledger_passes (pass_id, began_at)
        select coalesce((select max(pass_id) from ledger_passes), 0) + 1, %(at)s
        where not exists (select from ledger_passes where finished_at is null)
        on conflict do nothing
        """,
        at=at,
    )


def lock_pass(tx: Transaction) -> Pass | None:
    """The running pass, locked; None while another worker is at it."""
    return tx.first(
        """
        select pass_id, began_at, finished_at, upto, accounts, entries, discrepancies, pieces, root
        from ledger_passes where finished_at is null for update skip locked
        """,
        Pass,
    )


def select_passes(tx: Transaction, *, before: int | None, limit: int) -> list[Pass]:
    """Passes, the latest first."""
    return tx.all(
        """
        select pass_id, began_at, finished_at, upto, accounts, entries, discrepancies, pieces, root
        from ledger_passes where %(before)s::int is null or pass_id < %(before)s
        order by pass_id desc limit %(limit)s
        """,
        Pass, before=before, limit=limit,
    )  # fmt: skip


def select_piece(tx: Transaction, *, after: int, root: bytes, limit: int) -> Piece | None:
    """The next accounts in order of their numbers; None when there are no more."""
    return tx.first(
        """
        with piece as (
            select a.account_id, a.seq, a.head from ledger_accounts a
            where a.account_id > %(after)s order by a.account_id limit %(limit)s
        )
        select max(p.account_id) as upto, count(*) as accounts, sum(p.seq)::bigint as entries,
            sha256(%(root)s::bytea || string_agg(
                int8send(p.account_id) || int4send(p.seq) || coalesce(p.head, ''), ''::bytea order by p.account_id)) as root
        from piece p having count(*) > 0
        """,
        Piece, after=after, root=root, limit=limit,
    )  # fmt: skip


def check(tx: Transaction, *, low: int, high: int, limit: int) -> list[Discrepancy]:
    """What breaks an invariant on a range of accounts."""
    return tx.all(
        """
        select invariant, account_id, seq, expected, found from ledger_check(%(low)s, %(high)s)
        order by account_id, seq nulls first, invariant limit %(limit)s
        """,
        Discrepancy, low=low, high=high, limit=limit,
    )  # fmt: skip


def check_at(tx: Transaction, *, shard: int, low: int, high: int, limit: int) -> list[Discrepancy]:
    """The same on one shard."""
    return tx.all(
        """
        select invariant, account_id, seq, expected, found from ledger_check_at(%(shard)s::smallint, %(low)s, %(high)s)
        order by account_id, seq nulls first, invariant limit %(limit)s
        """,
        Discrepancy, shard=shard, low=low, high=high, limit=limit,
    )  # fmt: skip


def select_touched(tx: Transaction, *, since: datetime, after: int, limit: int) -> list[int]:
    """The accounts posted to since a moment, in order, after one of them; of the archive, whole years."""
    old = """
        union
        (select distinct account_id from ledger_archive
         where year >= extract(year from %(since)s::timestamptz at time zone 'UTC') and account_id > %(after)s
         order by account_id limit %(limit)s) order by account_id limit %(limit)s
        """
    return tx.values(
        f"""
        (select distinct account_id from ledger_entries
         where posted_at >= %(since)s and account_id > %(after)s order by account_id limit %(limit)s)
        {old if tx.shards is None else ""}
        """,
        since=since, after=after, limit=limit,
    )  # fmt: skip


def check_each(tx: Transaction, *, account_ids: list[int], limit: int | None) -> list[Discrepancy]:
    """What breaks an invariant on some accounts."""
    return tx.all(
        """
        select invariant, account_id, seq, expected, found from ledger_check_each(%(account_ids)s::bigint[])
        order by account_id, seq nulls first, invariant limit %(limit)s
        """,
        Discrepancy, account_ids=account_ids, limit=limit,
    )  # fmt: skip


def check_each_at(tx: Transaction, *, shard: int, account_ids: list[int], limit: int | None) -> list[Discrepancy]:
    """The same where all are of one shard."""
    return tx.all(
        """
        select invariant, account_id, seq, expected, found from ledger_check_each_at(%(shard)s::smallint, %(account_ids)s::bigint[])
        order by account_id, seq nulls first, invariant limit %(limit)s
        """,
        Discrepancy, shard=shard, account_ids=account_ids, limit=limit,
    )  # fmt: skip


def select_flow_differences(tx: Transaction, *, account_id: int, limit: int) -> list[Discrepancy]:
    """Where what the batches moved is not what all accounts hold; told as of `account_id`."""
    return tx.all(
        """
        with flows as (
            select point_type, sum(amount) as available, sum(pending) as pending, sum(held) as held, sum(debt) as debt
            from ledger_flows group by point_type
        ), holdings as (
            select point_type, sum(available) as available, sum(pending) as pending, sum(held) as held, sum(debt) as debt
            from ledger_accounts group by point_type
        )
        select c.invariant || ' of ' || point_type || ' is what all accounts hold' as invariant, %(account_id)s::bigint as account_id, null::int as seq,
            c.expected::bigint, c.found::bigint
        from holdings h full join flows f using (point_type), lateral (values
            ('available', coalesce(h.available, 0), coalesce(f.available, 0)), ('pending', coalesce(h.pending, 0), coalesce(f.pending, 0)),
            ('held', coalesce(h.held, 0), coalesce(f.held, 0)), ('debt', coalesce(h.debt, 0), coalesce(f.debt, 0))
        ) c (invariant, expected, found)
        where c.expected <> c.found order by 1 limit %(limit)s
        """,
        Discrepancy, account_id=account_id, limit=limit,
    )  # fmt: skip


def upsert_findings(tx: Transaction, *, found: list[Discrepancy], at: datetime) -> int:
    """Keep what was found; what was known stays as it was first found."""
    return tx.run(
        """
        insert into ledger_findings as f (account_id, invariant, seq, expected, found, found_at)
        select distinct on (1, 2, 3) v.account_id, v.invariant, coalesce(v.seq, 0), v.expected, v.found, %(at)s
        from unnest(%(accounts)s::bigint[], %(invariants)s::text[], %(seqs)s::int[], %(expected)s::bigint[], %(found)s::bigint[])
             v (account_id, invariant, seq, expected, found)
        on conflict (account_id, invariant, seq) do update set
            expected = excluded.expected, found = excluded.found, gone_at = null,
            found_at = case when f.gone_at is null then f.found_at else excluded.found_at end
        """,
        at=at, accounts=[one.account_id for one in found], invariants=[one.invariant for one in found],
        seqs=[one.seq for one in found], expected=[one.expected for one in found], found=[one.found for one in found],
    )  # fmt: skip


def select_open_findings(tx: Transaction, *, low: int, high: int) -> list[int]:
    """The accounts of a range of which something found is open."""
    return tx.values(
        """
        select distinct account_id from ledger_findings
        where gone_at is null and account_id between %(low)s and %(high)s order by account_id limit 1000000
        """,
        low=low, high=high,
    )  # fmt: skip


def close_findings(tx: Transaction, *, account_ids: list[int], still: list[Discrepancy], at: datetime) -> int:
    """Note that what was found of some accounts, but for what still is, is right by now."""
    return tx.run(
        """
        update ledger_findings f set gone_at = %(at)s
        where f.gone_at is null and f.account_id = any(%(account_ids)s::bigint[])
          and not exists (select from unnest(%(accounts)s::bigint[], %(invariants)s::text[], %(seqs)s::int[]) c (account_id, invariant, seq)
                          where c.account_id = f.account_id and c.invariant = f.invariant and c.seq = f.seq)
        """,
        at=at, account_ids=account_ids, accounts=[one.account_id for one in still],
        invariants=[one.invariant for one in still], seqs=[one.seq or 0 for one in still],
    )  # fmt: skip


def close_whole(tx: Transaction, *, account_id: int, still: list[str], at: datetime) -> int:
    """Note that what was found of the ledger as a whole, but for what still is, is right by now."""
    return tx.run(
        """
        update ledger_findings set gone_at = %(at)s
        where account_id = %(account_id)s and gone_at is null and invariant <> all(%(still)s::text[])
        """,
        account_id=account_id, still=still, at=at,
    )  # fmt: skip


def select_findings(tx: Transaction, *, only_open: bool, limit: int) -> list[Finding]:
    """What was found, open ones first, the latest first."""
    return tx.all(
        """
        select account_id, invariant, seq, expected, found, found_at, gone_at
        from ledger_findings where not %(only_open)s or gone_at is null
        order by gone_at is not null, found_at desc, account_id, seq, invariant limit %(limit)s
        """,
        Finding, only_open=only_open, limit=limit,
    )  # fmt: skip


_AUDITED: Final[LiteralString] = """
    select j.account_id, j.seq, j.kind, j.amount, j.pending_change, j.debt_change, j.held_change, j.available,
        ledger_micros(j.occurred_at) as occurred_us, ledger_micros(j.posted_at) as posted_us,
        ledger_micros(j.expires_at) as expires_us, j.reverses, array_to_string(j.alloc, ',') as alloc, j.reference, j.reason,
        encode(j.hash, 'hex') as hash"""


def select_journal(tx: Transaction, *, low: int, high: int, header: bool) -> Iterator[bytes]:
    """The journal of a range of accounts as CSV, by account and number, as it comes from the server.

    Of entries whose words have left the house there is one line an account: the number, balance and hash of the last.
    """
    if tx.shards is not None:
        return tx.csv(
            _AUDITED + " from ledger_entries j where j.account_id between %(low)s and %(high)s order by j.account_id, j.seq",
            header=header, low=low, high=high,
        )  # fmt: skip
    return tx.csv(
        _AUDITED + """
        from ledger_journal j where j.account_id between %(low)s and %(high)s and j.worded
        union all
        select e.account_id, e.upto, null, null, null, null, null, b.availables[cardinality(b.availables)], null, null, null, null, null, null, null,
            encode(b.head, 'hex')
        from (select x.account_id, max(x.last_seq) as upto, max(x.first_seq) as first_seq
              from ledger_archive x join ledger_archive_years y on y.year = x.year and y.detached_at is not null
              where x.account_id between %(low)s and %(high)s group by x.account_id) e
        join ledger_archive b on b.account_id = e.account_id and b.first_seq = e.first_seq
        order by account_id, seq
        """,
        header=header, low=low, high=high,
    )  # fmt: skip


def select_next_account(tx: Transaction, *, after: int, skip: int) -> int | None:
    """The account that comes so many after another."""
    return tx.value(
        "select account_id from ledger_accounts where account_id > %(after)s order by account_id offset %(skip)s limit 1",
        after=after, skip=skip,
    )  # fmt: skip


def update_pass(tx: Transaction, *, done: Pass) -> int:
    """Keep how far a pass has come."""
    return tx.run(
        """
        update ledger_passes set upto = %(upto)s, accounts = %(accounts)s, entries = %(entries)s,
            discrepancies = %(discrepancies)s, pieces = %(pieces)s, root = %(root)s, finished_at = %(finished_at)s
        where pass_id = %(pass_id)s
        """,
        pass_id=done.pass_id, upto=done.upto, accounts=done.accounts, entries=done.entries,
        discrepancies=done.discrepancies, pieces=done.pieces, root=done.root, finished_at=done.finished_at,
    )  # fmt: skip
