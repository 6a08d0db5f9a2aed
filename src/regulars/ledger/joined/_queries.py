"""The SQL of accounts that have joined others."""

from dataclasses import dataclass
from datetime import datetime

from regulars.ledger._queries import Movement
from regulars.storage import Transaction


@dataclass(frozen=True, slots=True)
class Locked:
    """An account that was locked."""

    account_id: int
    owner: int
    joined: int | None
    """The account posted to instead; its own: it has left such a one."""

    frozen: bool
    due: bool
    """Something may have fallen due."""


def make_accounts(tx: Transaction, *, accounts: list[int], owners: list[int], types: list[str]) -> int:
    """Make those accounts that are not there, in ascending order."""
    return tx.run(
        """
        insert into ledger_accounts (account_id, bucket, member_id, point_type)
        select v.id, v.id %% 256, v.owner, v.point_type
        from unnest(%(accounts)s::bigint[], %(owners)s::bigint[], %(types)s::text[]) v(id, owner, point_type)
        order by v.id on conflict do nothing
        """,
        accounts=accounts, owners=owners, types=types,
    )  # fmt: skip


def lock_accounts(tx: Transaction, *, account_ids: list[int], at: datetime) -> list[Locked]:
    """Lock those accounts that exist, in ascending order; they are few."""
    return tx.all(
        """
        select account_id, member_id as owner, joined, frozen_at is not null as frozen, due_at <= %(at)s as due
        from ledger_accounts where account_id = any(%(account_ids)s::bigint[]) order by account_id for update
        """,
        Locked, account_ids=account_ids, at=at,
    )  # fmt: skip


def select_home(tx: Transaction, *, account_id: int) -> int:
    """Where what is posted for an account goes: the account itself, unless it has joined another."""
    if tx.shards is not None:
        return account_id
    return tx.value("select ledger_home(%(account_id)s)", account_id=account_id)


@dataclass(frozen=True, slots=True)
class Home:
    """Where what is posted for an account goes, as it has joined another."""

    account_id: int
    home: int
    owner: int
    entries: int
    """How many there are at home."""


def select_homes(tx: Transaction, *, account_ids: list[int]) -> dict[int, Home]:
    """The homes of those accounts that have joined others."""
    if tx.shards is not None:
        return {}
    found = tx.all(
        """
        select a.account_id, h.account_id as home, h.member_id as owner, h.seq as entries
        from (select unnest(%(account_ids)s::bigint[]) as id) u
        cross join lateral (
            select x.account_id, x.joined from ledger_accounts x where x.account_id = u.id order by x.account_id limit 1) a
        cross join lateral (
            select x.account_id, x.member_id, x.seq from ledger_accounts x where x.account_id = ledger_home(a.account_id)
            order by x.account_id limit 1) h
        where a.joined <> a.account_id
        """,
        Home, account_ids=account_ids,
    )  # fmt: skip
    return {one.account_id: one for one in found}


def settle(tx: Transaction, *, account_ids: list[int], at: datetime) -> list[Movement]:
    """Bring accounts that are locked to `at`; the entries made."""
    return tx.all(
        """
        select kind, account_id, member_id, point_type, reference, occurred_at, amount, pending_change, debt_change, held_change, available
        from ledger_settle(%(account_ids)s::bigint[], %(at)s)
        """,
        Movement, account_ids=account_ids, at=at,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """An account where postings of the account `start` may be, since that has joined it, or what that had joined."""

    start: int
    account_id: int
    owner: int
    through: list[int]
    """The owners on the way there, the first of them its own; empty for the account itself."""

    joined: int | None


def select_places(tx: Transaction, *, account_ids: list[int]) -> list[Place]:
    """Where postings of some accounts may be: those themselves, and what they have ever joined, the nearest first."""
    return tx.all(
        """
        with recursive place as (
            select a.account_id as start, a.account_id, a.member_id as owner, '{}'::bigint[] as through, a.joined, array[a.account_id] as way
            from ledger_accounts a where a.account_id = any(%(account_ids)s::bigint[])
            union
            select p.start, t.account_id, t.member_id, p.through || p.owner, t.joined, p.way || t.account_id
            from place p
            join ledger_joins j on j.account_id = p.account_id
            join ledger_accounts t on t.account_id = j.target
            where t.account_id <> all(p.way)
        )
        select start, account_id, owner, through, joined from place order by start, cardinality(through), account_id, through
        """,
        Place, account_ids=account_ids,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Known:
    """An entry found by its reference."""

    key: int
    account_id: int
    expires: int | None
    left: int
    """What may still be undone of it."""

    sent: bool
    """It was moved to another account: what is left of it is there."""


def select_known(tx: Transaction, *, keys: list[int], accounts: list[int], idems: list[str]) -> list[Known]:
    """Which references some accounts know."""
    return tx.all(
        """
        select v.key, v.id as account_id, ledger_micros(e.expires_at) as expires, e.worth - u.worth as left, u.sent
        from unnest(%(keys)s::bigint[], %(accounts)s::bigint[], %(idems)s::uuid[]) v(key, id, idem),
        lateral (
            (select e.seq, e.expires_at,
                    abs(case when e.held_change <> 0 then e.held_change else e.amount + e.pending_change - e.debt_change end) as worth
             from ledger_entries e where e.account_id = v.id and e.idem >= v.idem and e.idem <= v.idem
             order by e.account_id, e.idem limit 1)
            union all
            select g.seq, ledger_instant(g.expires), abs(case when g.held <> 0 then g.held else g.amount + g.pending - g.debt end)
            from ledger_recall(array[v.id], array[1], array[v.id], array[v.idem]) g
            limit 1) e,
        lateral (select z.worth, z.sent from ledger_undone(v.id, e.seq) z limit 1) u
        order by v.key, v.id
        """,
        Known, keys=keys, accounts=accounts, idems=idems,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Moved:
    """What went from one account to another, and what is available there."""

    available: int
    pending: int
    held: int
    debt: int
    balance: int


def move(
    tx: Transaction, *, source: int, target: int, most: int | None, first: int | None, seqs: list[int],
    names: list[str], reason: str | None, at: datetime,
) -> Moved:  # fmt: skip
    """Move points from one account to another, both locked and settled: see `ledger_move`."""
    [moved] = tx.all(
        """
        select available, pending, held, debt, balance
        from ledger_move(%(source)s, %(target)s, %(most)s, %(first)s, %(seqs)s::int[], %(names)s::text[], %(reason)s, %(at)s)
        """,
        Moved, source=source, target=target, most=most, first=first, seqs=seqs, names=names, reason=reason, at=at,
    )  # fmt: skip
    return moved


def select_open(tx: Transaction, *, account_id: int) -> list[tuple[int, str]]:
    """The promises and holds of an account, by number, and their references."""
    return tx.rows(
        """
        select e.seq, e.reference from ledger_entries e
        where e.account_id = %(account_id)s and e.seq in (
            select p.seq from ledger_pending_lots p where p.account_id = %(account_id)s
            union all
            select h.seq from ledger_holds h where h.account_id = %(account_id)s)
        order by e.seq
        """,
        account_id=account_id,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Join:
    """When an account joined another, what that brought there, and when it left."""

    account_id: int
    number: int
    target: int
    """The account posted to instead."""

    target_owner: int
    point_type: str
    reference: str
    reason: str | None
    available: int
    pending: int
    held: int
    debt: int
    joined_at: datetime
    left_at: datetime | None
    left_by: str | None
    """The reference of leaving."""

    own_seq: int
    """The account's last entry when it had joined."""

    home: int | None
    """Where its points went: what `target` had joined, or that itself; None: nobody noted it."""

    home_seq: int
    """The last entry there before they came."""

    left_own_seq: int
    """On leaving, the account's last entry before its share came."""

    left_home: int | None
    left_home_seq: int
    """And the last entry there, the share taken."""


def select_joins(tx: Transaction, *, account_id: int, limit: int) -> list[Join]:
    """What an account has joined, the latest first."""
    return tx.all(
        """
        select j.account_id, j.number, j.target, t.member_id as target_owner, t.point_type, j.reference, j.reason,
               j.available, j.pending, j.held, j.debt, j.joined_at, j.left_at, j.left_by,
               j.own_seq, j.home, j.home_seq, j.left_own_seq, j.left_home, j.left_home_seq
        from ledger_joins j join ledger_accounts t on t.account_id = j.target
        where j.account_id = %(account_id)s order by j.number desc limit %(limit)s
        """,
        Join, account_id=account_id, limit=limit,
    )  # fmt: skip


def insert_join(
    tx: Transaction, *, account_id: int, target: int, reference: str, reason: str | None, moved: Moved, own_seq: int,
    home: int, home_seq: int, at: datetime,
) -> int:  # fmt: skip
    """Note that an account has joined another."""
    return tx.run(
        """
        insert into ledger_joins (account_id, number, bucket, target, reference, reason, available, pending, held, debt, joined_at,
                                  own_seq, home, home_seq)
        select %(account_id)s, coalesce(max(j.number), 0) + 1, %(account_id)s %% 256, %(target)s, %(reference)s, %(reason)s,
               %(available)s, %(pending)s, %(held)s, %(debt)s, %(at)s, %(own_seq)s, %(home)s, %(home_seq)s
        from ledger_joins j where j.account_id = %(account_id)s
        """,
        account_id=account_id, target=target, reference=reference, reason=reason, available=moved.available, pending=moved.pending,
        held=moved.held, debt=moved.debt, own_seq=own_seq, home=home, home_seq=home_seq, at=at,
    )  # fmt: skip


def select_seqs(tx: Transaction, *, account_ids: list[int]) -> dict[int, int]:
    """The numbers of some accounts' last entries."""
    return dict(
        tx.rows(
            "select account_id, seq from ledger_accounts where account_id = any(%(account_ids)s::bigint[])",
            account_ids=account_ids,
        )
    )


def end_join(
    tx: Transaction, *, account_id: int, reference: str, own_seq: int, home: int, home_seq: int, at: datetime
) -> int:
    """Note that an account has left what it had joined, and at which entries."""
    return tx.run(
        """
        update ledger_joins
        set left_at = greatest(joined_at, %(at)s), left_by = %(reference)s, left_own_seq = %(own_seq)s, left_home = %(home)s,
            left_home_seq = %(home_seq)s
        where account_id = %(account_id)s and left_at is null
        """,
        account_id=account_id, reference=reference, own_seq=own_seq, home=home, home_seq=home_seq, at=at,
    )  # fmt: skip


def set_joined(tx: Transaction, *, account_id: int, target: int) -> int:
    """Say where postings for an account go: its own number brings them home."""
    return tx.run(
        "update ledger_accounts set joined = %(target)s where account_id = %(account_id)s",
        account_id=account_id, target=target,
    )  # fmt: skip


def select_types(tx: Transaction, *, owners: list[int]) -> list[str]:
    """The kinds of points that are defined, and those that some owners have an account of."""
    return tx.values(
        """
        select point_type from ledger_point_types
        union select point_type from ledger_accounts where member_id = any(%(owners)s::bigint[])
        order by point_type limit 1000
        """,
        owners=owners,
    )  # fmt: skip


def select_brought(tx: Transaction, *, home: int, above: int, joined_at: datetime) -> list[tuple[int, int]]:
    """The lots that a join brought to an account, what paid a debt there left out: expiry in microseconds, points."""
    return tx.rows(
        """
        select z.expires, sum(z.points)::bigint
        from (select e.alloc[place] as expires, e.alloc[place + 1] as points
              from ledger_changes e, generate_series(1, cardinality(e.alloc), 2) place
              where e.account_id = %(home)s and e.seq = %(above)s + 1 and e.kind = 12 and e.posted_at = %(joined_at)s
                and e.pending_change + e.held_change = 0 and e.amount >= 0) z
        group by z.expires having sum(z.points) > 0 order by z.expires
        """,
        home=home, above=above, joined_at=joined_at,
    )  # fmt: skip


def select_lots(tx: Transaction, *, account_id: int) -> dict[int, int]:
    """An account's open lots: expiry in microseconds, points."""
    return dict(
        tx.rows(
            "select ledger_micros(expires_at), remaining from ledger_lots where account_id = %(account_id)s",
            account_id=account_id,
        )
    )


def select_brought_open(tx: Transaction, *, home: int, above: int, joined_at: datetime) -> list[tuple[int, str]]:
    """The promises and holds that joins brought to an account at a moment and that are still open there, and their references."""
    return tx.rows(
        """
        select e.seq, e.reference from ledger_entries e
        where e.account_id = %(home)s and e.seq > %(above)s and e.kind = 12 and e.posted_at = %(joined_at)s and e.seq in (
            select p.seq from ledger_pending_lots p where p.account_id = %(home)s
            union all
            select h.seq from ledger_holds h where h.account_id = %(home)s)
        order by e.seq
        """,
        home=home, above=above, joined_at=joined_at,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Returned:
    """What came back to an account when it left another."""

    available: int
    pending: int
    held: int


def select_returned(tx: Transaction, *, account_id: int, above: int, upto: datetime) -> Returned:
    """What an account received behind an entry, up to a moment."""
    [found] = tx.all(
        """
        select coalesce(sum(amount), 0)::bigint as available, coalesce(sum(pending_change), 0)::bigint as pending,
            coalesce(sum(held_change), 0)::bigint as held
        from ledger_changes where account_id = %(account_id)s and seq > %(above)s and kind = 12 and posted_at <= %(upto)s
        """,
        Returned, account_id=account_id, above=above, upto=upto,
    )  # fmt: skip
    return found
