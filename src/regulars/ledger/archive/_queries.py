"""The SQL of the archive."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from regulars.storage import Transaction


@dataclass(frozen=True, slots=True)
class Run:
    """One time that old entries were put away."""

    run_id: int
    before: datetime
    began_at: datetime
    finished_at: datetime | None
    upto: int
    """The last account that is done, -1 before the first."""

    accounts: int
    entries: int


@dataclass(frozen=True, slots=True)
class Year:
    """What was posted in a year and put away, but for what came too late for that year's files: that is in the next one's."""

    year: int
    bundles: int
    entries: int
    sealed_at: datetime | None
    exported_at: datetime | None
    manifest: bytes | None
    """SHA-256 of the manifest of its files."""

    root: bytes | None
    """SHA-256 over the seals of its bundles."""

    folder: str | None
    detached_at: datetime | None
    """Since when references, reasons and hashes are in the files alone."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one call put away; `upto` is None when there are no more accounts."""

    upto: int | None
    accounts: int
    entries: int


@dataclass(frozen=True, slots=True)
class Bundle:
    """Entries of an account that lie in one row, and what the account had before them."""

    account_id: int
    first_seq: int
    last_seq: int
    seal: bytes
    before_available: int
    before_hash: str


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Of an account, the entries whose words have left the house: up to a number, posted before a moment."""

    upto: int
    since: datetime | None
    """From here on the account's lines are complete; None: none is yet."""

    folders: list[str]


def turn_run(tx: Transaction, *, before: datetime) -> int:
    """Let a run that was to do something else do this, from the first account on."""
    return tx.run(
        "update ledger_archive_runs set before = %(before)s, upto = -1 where finished_at is null and before <> %(before)s",
        before=before,
    )  # fmt: skip


def begin_run(tx: Transaction, *, before: datetime, at: datetime) -> int:
    """Begin a run, unless one is under way."""
    return tx.run(
        """
        insert into ledger_archive_runs (run_id, before, began_at)
        select coalesce((select max(run_id) from ledger_archive_runs), 0) + 1, %(before)s, %(at)s
        where not exists (select from ledger_archive_runs where finished_at is null)
        on conflict do nothing
        """,
        before=before, at=at,
    )  # fmt: skip


def lock_run(tx: Transaction) -> Run | None:
    """The run under way, locked; None while another worker is at it."""
    return tx.first(
        """
        select run_id, before, began_at, finished_at, upto, accounts, entries
        from ledger_archive_runs where finished_at is null for update skip locked
        """,
        Run,
    )


def update_run(tx: Transaction, *, done: Run) -> int:
    """Keep how far a run has come."""
    return tx.run(
        """
        update ledger_archive_runs set upto = %(upto)s, accounts = %(accounts)s, entries = %(entries)s, finished_at = %(finished_at)s
        where run_id = %(run_id)s
        """,
        run_id=done.run_id, upto=done.upto, accounts=done.accounts, entries=done.entries, finished_at=done.finished_at,
    )  # fmt: skip


def select_runs(tx: Transaction, *, limit: int) -> list[Run]:
    """Runs, the latest first."""
    return tx.all(
        """
        select run_id, before, began_at, finished_at, upto, accounts, entries
        from ledger_archive_runs order by run_id desc limit %(limit)s
        """,
        Run, limit=limit,
    )  # fmt: skip


def put_away(tx: Transaction, *, after: int, before: datetime, scanned: int, most: int) -> Batch:
    """Put away entries of the next accounts: see `ledger_put_away`."""
    [batch] = tx.all(
        "select upto, accounts, entries from ledger_put_away(%(after)s, %(before)s, %(scanned)s, %(most)s)",
        Batch, after=after, before=before, scanned=scanned, most=most,
    )  # fmt: skip
    return batch


def select_years(tx: Transaction) -> list[Year]:
    """All years of the archive, the earliest first."""
    return tx.all(
        """
        select year, bundles, entries, sealed_at, exported_at, manifest, root, folder, detached_at
        from ledger_archive_years order by year limit 10000
        """,
        Year,
    )


def lock(tx: Transaction) -> None:
    """Keep out whoever puts away, exports or takes out, until the transaction ends."""
    tx.rows("select pg_advisory_xact_lock(hashtext('ledger_archive'))")


def seal_year(tx: Transaction, *, year: int, at: datetime) -> int:
    """From now on nothing is added to a year."""
    return tx.run(
        "update ledger_archive_years set sealed_at = coalesce(sealed_at, %(at)s) where year = %(year)s",
        year=year,
        at=at,
    )


def note_export(tx: Transaction, *, year: int, manifest: bytes, root: bytes, folder: str, at: datetime) -> int:
    """Note where a year's files are."""
    return tx.run(
        """
        update ledger_archive_years set exported_at = %(at)s, manifest = %(manifest)s, root = %(root)s, folder = %(folder)s
        where year = %(year)s
        """,
        year=year, manifest=manifest, root=root, folder=folder, at=at,
    )  # fmt: skip


def set_detached(tx: Transaction, *, year: int, at: datetime | None) -> int:
    """Note that a year's words have left the house, or are back."""
    return tx.run("update ledger_archive_years set detached_at = %(at)s where year = %(year)s", year=year, at=at)


def drop_words(tx: Transaction, *, year: int) -> None:
    """Drop the partition of a year's words."""
    tx.rows("select from ledger_drop_words(%(year)s::smallint)", year=year)


def make_words(tx: Transaction, *, year: int) -> None:
    """Make the partition of a year's words."""
    tx.rows("select from ledger_make_words(%(year)s::smallint)", year=year)


def insert_words(tx: Transaction, *, year: int, bundles: list[dict[str, Any]]) -> int:
    """Bring back the words of some bundles."""
    return tx.run(
        """
        insert into ledger_archive_words (account_id, first_seq, bucket, year, refs, reasons, hashes)
        select b.account_id, b.first_seq, b.account_id %% 256, %(year)s, b.refs, b.reasons,
               array(select decode(h.text, 'hex') from unnest(b.hashes) with ordinality h (text, place) order by h.place)
        from jsonb_to_recordset(%(bundles)s::jsonb) b (account_id bigint, first_seq int, refs text[], reasons text[], hashes text[])
        """,
        year=year, bundles=msgspec.json.encode(bundles).decode(),
    )  # fmt: skip


def select_bundles(tx: Transaction, *, year: int, after: tuple[int, int], limit: int) -> list[Bundle]:
    """A year's next bundles, by account and number."""
    return tx.all(
        """
        select b.account_id, b.first_seq, b.last_seq, b.seal, coalesce(p.available, 0) as before_available, coalesce(p.hash, '') as before_hash
        from ledger_archive b
        left join lateral (
            select q.availables[cardinality(q.availables)] as available, encode(q.head, 'hex') as hash from ledger_archive q
            where q.account_id = b.account_id and q.first_seq < b.first_seq order by q.account_id desc, q.first_seq desc limit 1) p on true
        where b.year = %(year)s and (b.account_id, b.first_seq) > (%(account_id)s, %(first_seq)s)
        order by b.year, b.account_id, b.first_seq limit %(limit)s
        """,
        Bundle, year=year, account_id=after[0], first_seq=after[1], limit=limit,
    )  # fmt: skip


def select_lines(tx: Transaction, *, year: int, since: tuple[int, int], upto: tuple[int, int]) -> list[tuple[Any, ...]]:
    """The entries of a year's bundles from one to another, as an auditor reads them."""
    return tx.rows(
        """
        select a.account_id, a.seq, a.kind, a.amount, a.pending_change, a.debt_change, a.held_change, a.available, ledger_micros(a.occurred_at),
               ledger_micros(a.posted_at), ledger_micros(a.expires_at), a.reverses, array_to_string(a.alloc, ','), a.reference, a.reason,
               encode(a.hash, 'hex')
        from ledger_archived_lines a
        where a.year = %(year)s and (a.account_id, a.first_seq) >= (%(low)s, %(low_seq)s) and (a.account_id, a.first_seq) <= (%(high)s, %(high_seq)s)
        order by a.account_id, a.seq
        """,
        year=year, low=since[0], low_seq=since[1], high=upto[0], high_seq=upto[1],
    )  # fmt: skip


def select_elsewhere(tx: Transaction, *, account_id: int) -> Elsewhere | None:
    """The entries of an account whose words have left the house."""
    return tx.first(
        """
        select max(b.last_seq) as upto,
               coalesce((select ledger_instant(n.posted[1]) from ledger_archive n where n.account_id = %(account_id)s and n.first_seq = max(b.last_seq) + 1),
                        (select e.posted_at from ledger_entries e where e.account_id = %(account_id)s and e.seq = max(b.last_seq) + 1)) as since,
               array_agg(distinct y.folder) as folders
        from ledger_archive b join ledger_archive_years y on y.year = b.year and y.detached_at is not null
        where b.account_id = %(account_id)s having count(*) > 0
        """,
        Elsewhere, account_id=account_id,
    )  # fmt: skip
