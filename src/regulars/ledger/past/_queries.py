"""The SQL of the past."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, LiteralString

from regulars.ledger._queries import KINDS, Entry, Totals
from regulars.ledger._rules import bucket
from regulars.storage import Transaction


@dataclass(frozen=True, slots=True)
class Part:
    """What an account held: an open lot (1), a promise (2), a hold (3), a debt (4), or a promise that had lapsed (5)."""

    what: int
    seq: int
    expires_at: datetime | None
    until: datetime | None
    """When a promise matures, or a hold ends."""

    amount: int
    lapses: bool
    awaits: str | None


def select_joined(tx: Transaction, *, account_id: int, moment: datetime) -> tuple[int, int] | None:
    """The account that one had joined at a moment, and its owner."""
    if tx.shards is not None:
        return None
    found = tx.rows(
        """
        select j.target, t.member_id
        from ledger_joins j
        cross join lateral (
            select a.member_id from ledger_accounts a where a.account_id = j.target order by a.account_id limit 1) t
        where j.account_id = %(account_id)s and j.joined_at <= %(moment)s and (j.left_at is null or j.left_at > %(moment)s)
        order by j.number desc limit 1
        """,
        account_id=account_id, moment=moment,
    )  # fmt: skip
    return found[0] if found else None


def select_parts(tx: Transaction, *, account_id: int, as_of: datetime, known_at: datetime) -> list[Part]:
    """What one account held, lots by expiry, promises by maturity; its cost is that of reading its own journal."""
    return tx.all(
        """
        select what, seq, nullif(expires_at, '9999-01-01 00:00+00') as expires_at, until, amount, lapses, awaits
        from ledger_past(%(account_id)s, %(account_id)s, %(as_of)s, %(known_at)s)
        order by what, until, case when what = 1 then ledger_past.expires_at end, seq
        """,
        Part, account_id=account_id, as_of=as_of, known_at=known_at,
    )  # fmt: skip


def select_totals_past(tx: Transaction, *, as_of: datetime, known_at: datetime) -> list[Totals]:
    """As `select_totals`, from the journal; what has expired and is no entry yet is what is then missing."""
    return tx.all(
        """
        with moved as (
            select a.point_type, c.kind, sum(c.amount + c.pending_change - c.debt_change + c.held_change) as points
            from ledger_counted(0, 9223372036854775807, %(as_of)s, %(known_at)s) c join ledger_accounts a using (account_id)
            group by a.point_type, c.kind
        ), held as (
            select a.point_type, p.what, sum(p.amount) as points
            from ledger_past(0, 9223372036854775807, %(as_of)s, %(known_at)s) p join ledger_accounts a using (account_id)
            group by a.point_type, p.what
        ), flow as (
            select point_type, coalesce(sum(points) filter (where kind in (1, 5)), 0) as issued, -coalesce(sum(points) filter (where kind in (2, 9)), 0) as spent,
                coalesce(sum(points) filter (where kind = 6), 0) as restored, -coalesce(sum(points) filter (where kind = 7), 0) as reversed,
                -coalesce(sum(points) filter (where kind = 15), 0) as lapsed, coalesce(sum(points) filter (where kind = 14), 0) as reinstated,
                -coalesce(sum(points) filter (where kind = 11), 0) as sent, coalesce(sum(points) filter (where kind = 12), 0) as received,
                coalesce(sum(points) filter (where kind = 16), 0) as forgiven
            from moved group by point_type
        ), holding as (
            select point_type, coalesce(sum(points) filter (where what = 1), 0) as outstanding, coalesce(sum(points) filter (where what = 2), 0) as pending,
                coalesce(sum(points) filter (where what = 3), 0) as held, coalesce(sum(points) filter (where what = 4), 0) as debt,
                coalesce(sum(points) filter (where what = 5), 0) as lapsed
            from held group by point_type
        )
        select f.point_type, f.issued::bigint, f.spent::bigint, f.restored::bigint, f.reversed::bigint,
            (f.issued + f.restored + f.received + f.reinstated + f.forgiven + coalesce(h.debt, 0) - f.spent - f.sent - f.reversed - f.lapsed
                - coalesce(h.lapsed + h.outstanding + h.pending + h.held, 0))::bigint as expired,
            (f.lapsed + coalesce(h.lapsed, 0))::bigint as lapsed, f.reinstated::bigint, f.sent::bigint, f.received::bigint, f.forgiven::bigint,
            coalesce(h.outstanding, 0)::bigint as outstanding, coalesce(h.pending, 0)::bigint as pending, coalesce(h.held, 0)::bigint as held,
            coalesce(h.debt, 0)::bigint as debt
        from flow f left join holding h using (point_type)
        order by f.point_type limit 1000
        """,
        Totals, as_of=as_of, known_at=known_at,
    )  # fmt: skip


_CHOSEN: Final[LiteralString] = """
    e.account_id = %(account_id)s and e.bucket = %(bucket)s
    and (%(kinds)s::smallint[] is null or e.kind = any(%(kinds)s::smallint[]))
    and (%(since)s::timestamptz is null or case when %(occurred)s then e.occurred_at else e.posted_at end >= %(since)s)
    and (%(until)s::timestamptz is null or case when %(occurred)s then e.occurred_at else e.posted_at end < %(until)s)
    and (%(as_of)s::timestamptz is null or e.occurred_at <= %(as_of)s)
    and (%(known_at)s::timestamptz is null or e.posted_at <= %(known_at)s)
"""
_COLUMNS: Final[LiteralString] = """
    e.seq, e.kind, e.amount, e.pending_change, e.debt_change, e.held_change, e.available, e.occurred_at, e.posted_at, e.expires_at, e.reverses,
    e.reference, e.reason, e.alloc"""
_FOLLOWED: Final[LiteralString] = """
    select t.kind, t.reference from ledger_entries t
    where t.account_id = %(account_id)s and t.bucket = %(bucket)s and t.seq = e.target order by t.account_id, t.seq limit 1"""
_FOLLOWED_ARCHIVED: Final[LiteralString] = """
    select t.kind, t.reference from ledger_archived_lines t
    where t.account_id = %(account_id)s and t.first_seq <= e.target and t.last_seq >= e.target and t.seq = e.target
    order by t.account_id desc, t.first_seq desc limit 1"""


def _page(tx: Transaction, order: Literal["asc", "desc"]) -> LiteralString:
    """A page of entries: those of the journal, and only where they do not fill it, those that were put away."""
    hot: LiteralString = f"""
        select {_COLUMNS}, true as worded from ledger_entries e where e.seq > %(above)s and e.seq < %(below)s and {_CHOSEN}
        order by e.account_id {order}, e.seq {order} limit %(limit)s"""  # the order only the right index has
    old: LiteralString = f"""
        select {_COLUMNS}, e.worded from ledger_archived_lines e
        where (select {"count(*) < %(limit)s" if order == "desc" else "coalesce(min(h.seq), %(below)s) > %(above)s + 1"} from hot h)
          and e.last_seq > %(above)s and e.first_seq < %(below)s and e.seq > %(above)s and e.seq < %(below)s and {_CHOSEN}
        order by e.account_id {order}, e.first_seq {order}, e.seq {order} limit %(limit)s"""  # as bundles lie in their index
    return f"""
        with hot as materialized ({hot}), found as (
            select {_COLUMNS}, e.worded from hot e {f"union all (select {_COLUMNS}, e.worded from ({old}) e)" if tx.shards is None else ""}
        )
        select e.seq, (%(names)s::text[])[e.kind] as kind, e.amount, e.pending_change, e.debt_change, e.held_change, e.available,
            e.occurred_at, e.posted_at, nullif(e.expires_at, '9999-01-01 00:00+00') as expires_at, e.reverses, e.reference, e.reason,
            e.alloc::text as alloc, (%(names)s::text[])[f.kind] as follows_kind, f.reference as follows_reference, e.worded, e.seq + %(shift)s as place
        from (select {_COLUMNS}, e.worded,  -- what it follows from, by its number
                  coalesce(e.reverses, case when e.reference ~ '^@(mature|lapse):' then split_part(e.reference, ':', 2)::int end) as target
              from found e order by e.seq {order} limit %(limit)s) e
        left join lateral (
            select z.kind, z.reference from (({_FOLLOWED}) {f"union all ({_FOLLOWED_ARCHIVED})" if tx.shards is None else ""}) z limit 1) f on true
        order by e.seq {order}
        """


@dataclass(frozen=True, slots=True)
class Choice:
    """Which entries."""

    kinds: list[int] | None
    since: datetime | None
    until: datetime | None
    occurred: bool
    """Whether `since` and `until` are about when it happened, or when it was posted."""

    as_of: datetime | None
    known_at: datetime | None

    @property
    def is_everything(self) -> bool:
        """Whether no entry is left out: then where a page ends is known by the numbers alone."""
        return not any((self.kinds, self.since, self.until, self.as_of, self.known_at))

    def named(self, account_id: int) -> dict[str, Any]:
        """As parameters of a statement."""
        return {
            "account_id": account_id,
            "bucket": bucket(account_id),
            "kinds": self.kinds,
            "since": self.since,
            "until": self.until,
            "occurred": self.occurred,
            "as_of": self.as_of,
            "known_at": self.known_at,
        }


def select_owner(tx: Transaction, *, account_id: int) -> int | None:
    """Whose an account is."""
    return tx.value("select member_id from ledger_accounts where account_id = %(account_id)s", account_id=account_id)


def select_last_seq(tx: Transaction, *, account_id: int) -> int:
    """The number of an account's last entry, 0 where there is none."""
    return (
        tx.value(
            "select seq from ledger_accounts where account_id = %(account_id)s and bucket = %(bucket)s",
            account_id=account_id, bucket=bucket(account_id),
        ) or 0
    )  # fmt: skip


def select_earlier(
    tx: Transaction, *, account_id: int, choice: Choice, above: int, below: int, shift: int, limit: int
) -> list[Entry]:
    """Entries with numbers between two, the latest first."""
    return tx.all(
        _page(tx, "desc"),
        Entry, names=list(KINDS[1:]), above=above, below=below, shift=shift, limit=limit, **choice.named(account_id),
    )  # fmt: skip


def select_later(
    tx: Transaction, *, account_id: int, choice: Choice, above: int, below: int, shift: int, limit: int
) -> list[Entry]:
    """Entries with numbers between two, the earliest first."""
    return tx.all(
        _page(tx, "asc"),
        Entry, names=list(KINDS[1:]), above=above, below=below, shift=shift, limit=limit, **choice.named(account_id),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sums:
    """What entries before a period, and before its end, add up to."""

    entries: int
    opening_available: int
    opening_pending: int
    opening_debt: int
    opening_held: int
    closing_available: int
    closing_pending: int
    closing_debt: int
    closing_held: int


def select_sums(tx: Transaction, *, account_id: int, choice: Choice, above: int, below: int) -> Sums:
    """Sum an account's entries with numbers between two, up to the beginning and up to the end of a period; reads its journal."""
    found = tx.first(
        """
        with counted as (
            select e.kind, e.amount, e.pending_change, e.debt_change, e.held_change,
                coalesce(case when %(occurred)s then e.occurred_at else e.posted_at end < %(since)s::timestamptz, false) as earlier,
                (%(kinds)s::smallint[] is null or e.kind = any(%(kinds)s::smallint[])) as chosen
            from ledger_changes e
            where e.account_id = %(account_id)s and e.seq > %(above)s and e.seq < %(below)s
              and (%(until)s::timestamptz is null or case when %(occurred)s then e.occurred_at else e.posted_at end < %(until)s)
              and (%(as_of)s::timestamptz is null or e.occurred_at <= %(as_of)s)
              and (%(known_at)s::timestamptz is null or e.posted_at <= %(known_at)s)
        )
        select count(*) filter (where not earlier and chosen) as entries,
            coalesce(sum(amount) filter (where earlier), 0)::bigint as opening_available,
            coalesce(sum(pending_change) filter (where earlier), 0)::bigint as opening_pending,
            coalesce(sum(debt_change) filter (where earlier), 0)::bigint as opening_debt,
            coalesce(sum(held_change) filter (where earlier), 0)::bigint as opening_held,
            coalesce(sum(amount), 0)::bigint as closing_available, coalesce(sum(pending_change), 0)::bigint as closing_pending,
            coalesce(sum(debt_change), 0)::bigint as closing_debt, coalesce(sum(held_change), 0)::bigint as closing_held
        from counted
        """,
        Sums, above=above, below=below, **choice.named(account_id),
    )  # fmt: skip
    return found or Sums(0, 0, 0, 0, 0, 0, 0, 0, 0)
