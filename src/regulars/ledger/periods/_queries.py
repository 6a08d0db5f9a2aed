"""The SQL of the books."""

from datetime import date, datetime
from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from regulars.ledger.periods._records import Books, Closing, Piece, PointValue
from regulars.storage import Transaction

_GONE = ("redeemed", "expired", "sent", "withdrawn", "taken_back")


def select_pieces(tx: Transaction, *, point_type: str, until: datetime) -> list[Piece]:
    """What became of the points posted before `until`, by month of issue and month of going.

    Within an account what came first goes first. Spends undone count as if they had not been; earns undone are told
    apart (4). Reads every entry of the kind of points once.

    A code is the entry's number, its month, its life and its class, so that the least of those not used up is the next.
    """
    found = tx.rows(
        """
        with moved as (
            select j.account_id, j.bucket, j.seq, j.kind,
                case when j.kind not in (6, 7, 14, 15) then j.seq
                     when j.reverses is not null then j.reverses else split_part(j.reference, ':', 2)::int end as root,
                j.amount + j.pending_change + j.held_change - j.debt_change as points,
                (date_part('year', j.occurred_at at time zone 'UTC') * 12
                    + date_part('month', j.occurred_at at time zone 'UTC') - 1)::int as month,
                case when j.expires_at < '9000-01-01 00:00+00' and j.kind in (1, 5, 12)
                     then (date_part('year', (j.expires_at - interval '1 microsecond') at time zone 'UTC') * 12
                         + date_part('month', (j.expires_at - interval '1 microsecond') at time zone 'UTC') - 1)::int end as ends
            from ledger_journal j join ledger_accounts a on a.account_id = j.account_id and a.bucket = j.bucket
            where a.point_type = %(point_type)s and j.posted_at < %(until)s and j.kind not in (3, 8, 10, 13)
        ), netted as (
            select m.account_id, m.bucket, m.root, sum(m.points)::bigint as points,
                sum(m.points) filter (where m.seq = m.root)::bigint as at_first,
                max(m.kind) filter (where m.seq = m.root) as kind,
                coalesce(max(m.month) filter (where m.seq = m.root), max(m.month)) as month,
                least(greatest(coalesce(max(m.ends - m.month) filter (where m.seq = m.root), -1) + 1, 0), 4095) as life
            from moved m group by m.account_id, m.bucket, m.root
        ), coded as (
            select n.account_id, n.bucket, n.root, n.points, n.at_first,
                n.root::bigint * 1073741824 + n.month * 16384 + n.life * 4
                    + case when n.points > 0 or n.at_first > 0 then case when n.kind in (11, 12) then 1 else 0 end
                           when n.kind in (2, 9) then 0 when n.kind = 4 then 1 when n.kind in (11, 12) then 2 else 3 end as code
            from netted n
        ), ends as (
            select c.account_id, c.bucket, case when c.points > 0 then c.code end as came, case when c.points < 0 then c.code end as went,
                sum(abs(c.points)) over (partition by c.bucket, c.account_id, c.points > 0 order by c.root) as upto
            from coded c where c.points <> 0
        ), parts as (
            select e.upto - coalesce(lead(e.upto) over (partition by e.bucket, e.account_id order by e.upto desc), 0) as points,
                min(e.came) over (partition by e.bucket, e.account_id order by e.upto desc) %% 1073741824 as came,
                min(e.went) over (partition by e.bucket, e.account_id order by e.upto desc) %% 1073741824 as went
            from ends e
        )
        select p.came, p.went / 16384 as month, p.went %% 4 as gone, sum(p.points)::bigint as points
        from parts p where p.points > 0 group by p.came, p.went / 16384, p.went %% 4
        union all
        select c.code %% 1073741824, null, 4, sum(c.at_first - c.points)::bigint
        from coded c where c.at_first > greatest(c.points, 0) group by c.code %% 1073741824
        """,
        point_type=point_type, until=until,
    )  # fmt: skip
    return [_piece(*row) for row in found]


def _piece(came: int | None, month: int | None, gone: int | None, points: int) -> Piece:
    cohort, life, received = (None, 0, False) if came is None else (came // 16384, came % 16384 // 4, came % 4 == 1)
    how: Any = None if gone is None else _GONE[gone]
    return Piece(cohort, life, received, how, month, points)


def select_net(tx: Transaction, *, point_type: str, until: datetime) -> int:
    """What was owed by what was posted before a day began, less what members owe, from the totals."""
    return tx.value(
        """
        select coalesce(sum(amount + pending + held - debt), 0)::bigint from ledger_flows
        where point_type = %(point_type)s and posted_at < %(until)s
        """,
        point_type=point_type, until=until,
    )  # fmt: skip


def upsert_value(tx: Transaction, *, value: PointValue) -> int:
    """Keep what points are worth from a day on."""
    return tx.run(
        """
        insert into ledger_point_values (point_type, effective_from, currency, minor_per_million, basis, method, note, set_at, set_by)
        values (%(point_type)s, %(effective_from)s, %(currency)s, %(minor)s, %(basis)s, %(method)s, %(note)s, %(set_at)s, %(set_by)s)
        on conflict (point_type, effective_from) do update
        set currency = excluded.currency, minor_per_million = excluded.minor_per_million, basis = excluded.basis,
            method = excluded.method, note = excluded.note, set_at = excluded.set_at, set_by = excluded.set_by
        """,
        point_type=value.point_type, effective_from=value.effective_from, currency=value.currency,
        minor=value.minor_per_million, basis=value.basis, method=value.method, note=value.note, set_at=value.set_at,
        set_by=value.set_by,
    )  # fmt: skip


def select_values(tx: Transaction, *, point_type: str, limit: int) -> list[PointValue]:
    """What points of a kind are worth, the latest first."""
    return tx.all(
        """
        select point_type, effective_from, currency, minor_per_million, basis, method, note, set_at, set_by
        from ledger_point_values where point_type = %(point_type)s order by effective_from desc limit %(limit)s
        """,
        PointValue, point_type=point_type, limit=limit,
    )  # fmt: skip


def lock_books(tx: Transaction, *, point_type: str) -> None:
    """Let one transaction at a time close, reopen or value a kind of points."""
    tx.value("select pg_advisory_xact_lock(7305824, hashtext(%(point_type)s))::text", point_type=point_type)


def select_closings(
    tx: Transaction, *, point_type: str, period: date | None, standing: bool, limit: int
) -> list[Closing]:
    """Closings, the latest month first; `standing`: only those that were not reopened."""
    found = tx.rows(
        """
        select point_type, period, closing, closed_at, closed_by, document, reopened_at, reopened_by, reopened_because
        from ledger_closings
        where point_type = %(point_type)s and (%(period)s::date is null or period = %(period)s)
          and (not %(standing)s or reopened_at is null)
        order by period desc, closing desc limit %(limit)s
        """,
        point_type=point_type, period=period, standing=standing, limit=limit,
    )  # fmt: skip
    return [_closing(row) for row in found]


def _closing(row: tuple[Any, ...]) -> Closing:
    point_type, period, closing, closed_at, closed_by, document, *reopened = row
    at, by, because = reopened
    return Closing(point_type, period, closing, closed_at, closed_by, msgspec.convert(document, Books), at, by, because)


def insert_closing(
    tx: Transaction, *, point_type: str, period: date, closing: int, at: datetime, by: str, books: Books
) -> int:
    """Keep a month as it is closed."""
    return tx.run(
        """
        insert into ledger_closings (point_type, period, closing, closed_at, closed_by, document)
        values (%(point_type)s, %(period)s, %(closing)s, %(at)s, %(by)s, %(document)s)
        """,
        point_type=point_type, period=period, closing=closing, at=at, by=by, document=Jsonb(msgspec.to_builtins(books)),
    )  # fmt: skip


def reopen_closing(
    tx: Transaction, *, point_type: str, period: date, closing: int, at: datetime, by: str, because: str
) -> int:
    """Note who opened a month again; 0 rows: it is open."""
    return tx.run(
        """
        update ledger_closings set reopened_at = %(at)s, reopened_by = %(by)s, reopened_because = %(because)s
        where point_type = %(point_type)s and period = %(period)s and closing = %(closing)s and reopened_at is null
        """,
        point_type=point_type, period=period, closing=closing, at=at, by=by, because=because,
    )  # fmt: skip


def upsert_account(tx: Transaction, *, purpose: str, account: str) -> int:
    """Keep which account of the shop's books something is booked on."""
    return tx.run(
        """
        insert into ledger_book_accounts (purpose, account) values (%(purpose)s, %(account)s)
        on conflict (purpose) do update set account = excluded.account
        """,
        purpose=purpose, account=account,
    )  # fmt: skip


def select_accounts(tx: Transaction) -> list[tuple[Any, ...]]:
    """The accounts that were named."""
    return tx.rows("select purpose, account from ledger_book_accounts order by purpose limit 10")
