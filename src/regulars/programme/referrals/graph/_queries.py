"""The SQL of the graph. Every search is bounded: so many signals of one member, so many members of one signal, so many steps."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from regulars.programme.referrals.graph._signals import Signal
from regulars.storage import Transaction

RECYCLED = timedelta(days=90)
"""A number unseen for so long may have been given to somebody else."""


def upsert_edges(tx: Transaction, *, edges: Sequence[Signal], first: list[datetime]) -> int:
    """Keep edges, or note that they were seen again."""
    return tx.run(
        """
        insert into programme_identity_edges as e (kind, hash, owner_id, guest, first_seen, last_seen, times)
        select v.kind, v.hash, v.owner_id, v.guest, v.first_seen, v.last_seen, 1
        from unnest(%(kinds)s::text[], %(hashes)s::bytea[], %(owners)s::bigint[], %(guests)s::boolean[],
            %(first)s::timestamptz[], %(last)s::timestamptz[]) v (kind, hash, owner_id, guest, first_seen, last_seen)
        order by v.kind, v.hash, v.owner_id
        on conflict (kind, hash, owner_id) do update set times = e.times + 1,
            first_seen = least(e.first_seen, excluded.first_seen), last_seen = greatest(e.last_seen, excluded.last_seen)
        """,
        kinds=[one.kind for one in edges], hashes=[one.hash for one in edges], owners=[one.owner_id for one in edges],
        guests=[one.guest for one in edges], first=first, last=[one.seen_at for one in edges],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Contact:
    """How a member can be reached."""

    member_id: int
    email: str | None
    phone: str | None
    joined_at: datetime


def select_contacts(tx: Transaction, *, member_ids: list[int]) -> list[Contact]:
    """How some members can be reached."""
    return tx.all(
        """
        select m.member_id, m.email, m.phone, m.joined_at from members m
        where m.member_id = any(%(member_ids)s) and (m.email is not null or m.phone is not null)
        """,
        Contact, member_ids=member_ids,
    )  # fmt: skip


def select_contacts_after(tx: Transaction, *, upto: int, limit: int) -> list[Contact]:
    """How the next members can be reached."""
    return tx.all(
        """
        select m.member_id, m.email, m.phone, m.joined_at from members m where m.member_id > %(upto)s
        order by m.member_id limit %(limit)s
        """,
        Contact, upto=upto, limit=limit,
    )  # fmt: skip


def lock_progress(tx: Transaction, *, mark: bytes) -> int:
    """How far members have been taken in with this key; nothing, if it is another one."""
    return tx.value(
        """
        insert into programme_identity_progress as p (key_mark, upto) values (%(mark)s, -1)
        on conflict (one) do update set key_mark = excluded.key_mark,
            upto = case when p.key_mark = excluded.key_mark then p.upto else -1 end
        returning upto
        """,
        mark=mark,
    )  # fmt: skip


def move_progress(tx: Transaction, *, upto: int) -> int:
    """Note how far members have been taken in."""
    return tx.run("update programme_identity_progress set upto = %(upto)s", upto=upto)


def select_forgotten(tx: Transaction, *, member_ids: list[int]) -> set[int]:
    """Who of some members was erased."""
    return set(
        tx.values(
            "select member_id from programme_identity_forgotten where member_id = any(%(member_ids)s)",
            member_ids=member_ids,
        )
    )


def insert_forgotten(tx: Transaction, *, member_id: int, at: datetime) -> int:
    """Note that a member was erased."""
    return tx.run(
        """
        insert into programme_identity_forgotten (member_id, forgotten_at) values (%(member_id)s, %(at)s)
        on conflict (member_id) do nothing
        """,
        member_id=member_id, at=at,
    )  # fmt: skip


def delete_edges(tx: Transaction, *, member_id: int) -> int:
    """Remove a member's edges."""
    return tx.run("delete from programme_identity_edges where owner_id = %(member_id)s", member_id=member_id)


@dataclass(frozen=True, slots=True)
class Shared:
    """That two members have something in common, and how many have it in all, up to 200."""

    advocate_id: int
    friend_id: int
    kind: str
    owners: int


def select_shared(tx: Transaction, *, pairs: Sequence[tuple[int, int]]) -> list[Shared]:
    """What pairs have in common, of each kind the rarest. A phone number only while it cannot have been handed on."""
    return tx.all(
        """
        select p.advocate_id, p.friend_id, a.kind, min(d.owners) as owners
        from unnest(%(advocates)s::bigint[], %(friends)s::bigint[]) p (advocate_id, friend_id)
        cross join lateral (
            select e.kind, e.hash, e.first_seen, e.last_seen from programme_identity_edges e
            where e.owner_id = p.advocate_id order by e.last_seen desc limit 100) a
        join programme_identity_edges f on f.kind = a.kind and f.hash = a.hash and f.owner_id = p.friend_id
        cross join lateral (
            select count(*)::int as owners from (
                select from programme_identity_edges o where o.kind = a.kind and o.hash = a.hash limit 200) o) d
        where a.kind <> 'phone'
            or (f.first_seen <= a.last_seen + %(recycled)s::interval and a.first_seen <= f.last_seen + %(recycled)s::interval)
        group by p.advocate_id, p.friend_id, a.kind
        order by p.advocate_id, p.friend_id, a.kind
        """,
        Shared, advocates=[one for one, _ in pairs], friends=[one for _, one in pairs], recycled=RECYCLED,
    )  # fmt: skip


def select_near(
    tx: Transaction, *, friends: Sequence[tuple[int, int]], kinds: list[str], steps: int
) -> dict[int, set[int]]:
    """Who is within some steps of each friend, by signals of some kinds that at most 20 have, the latest 10 of each.

    Each comes with an advocate, whom no way leads through: what friends have in common with the advocate is counted apart.
    """
    rows = tx.rows(
        """
        with recursive near (origin, advocate_id, member_id, steps) as (
            select f.friend_id, f.advocate_id, f.friend_id, 0
            from unnest(%(friends)s::bigint[], %(advocates)s::bigint[]) f (friend_id, advocate_id)
            union
            select n.origin, n.advocate_id, o.owner_id, n.steps + 1
            from near n
            cross join lateral (
                select e.kind, e.hash from programme_identity_edges e
                where e.owner_id = n.member_id and e.kind = any(%(kinds)s::text[])
                order by e.last_seen desc limit 10) mine
            cross join lateral (
                select every.owner_id, count(*) over () as owners from (
                    select x.owner_id from programme_identity_edges x
                    where x.kind = mine.kind and x.hash = mine.hash and not x.guest limit 21) every) o
            where n.steps < %(steps)s and o.owners <= 20 and n.member_id <> n.advocate_id
        )
        select n.origin, n.member_id from near n group by n.origin, n.member_id
        """,
        friends=[one for one, _ in friends], advocates=[one for _, one in friends], kinds=kinds, steps=steps,
    )  # fmt: skip
    found: dict[int, set[int]] = {}
    for origin, member_id in rows:
        found.setdefault(origin, set()).add(member_id)
    return found


def select_namesakes(tx: Transaction, *, member_ids: list[int]) -> dict[int, list[int]]:
    """Other members, and guests' orders, with the same e-mail address or card as some members. Phone numbers do not tell."""
    rows = tx.rows(
        """
        select m.member_id, o.owner_id from unnest(%(member_ids)s::bigint[]) m (member_id)
        join programme_identity_edges e on e.owner_id = m.member_id and e.kind in ('email', 'payment')
        cross join lateral (
            select x.owner_id from programme_identity_edges x
            where x.kind = e.kind and x.hash = e.hash and x.owner_id <> m.member_id limit 50) o
        group by m.member_id, o.owner_id
        """,
        member_ids=member_ids,
    )  # fmt: skip
    found: dict[int, list[int]] = {}
    for member_id, owner_id in rows:
        found.setdefault(member_id, []).append(owner_id)
    return found


@dataclass(frozen=True, slots=True)
class Record:
    """What an advocate has done before, and how far a circle goes."""

    referral_id: int
    in_a_day: int
    before: int
    undone_before: int
    circle_steps: int | None
    email: str | None
    goods_minor: int | None


def select_record(tx: Transaction, *, referral_ids: list[int], at: datetime) -> list[Record]:
    """What counts for the score of some referrals: how many friends in a day, earlier ones who sent everything back, circles.

    A circle is sought six steps up: everybody was brought by one.
    """
    return tx.all(
        """
        with recursive up (referral_id, origin, member_id, steps) as (
            select r.referral_id, r.friend_id, r.advocate_id, 1 from programme_referrals r
            where r.referral_id = any(%(referral_ids)s)
            union all
            select u.referral_id, u.origin, r.advocate_id, u.steps + 1 from up u
            join programme_referrals r on r.friend_id = u.member_id
            where u.steps < 6 and u.member_id <> u.origin and r.advocate_id <> r.friend_id and r.refusal is distinct from 'own_code'
        )
        select r.referral_id, day.friends as in_a_day, earlier.friends as before, earlier.undone as undone_before,
            (select min(u.steps) from up u where u.referral_id = r.referral_id and u.member_id = u.origin) as circle_steps,
            m.email, (select min(o.goods_minor) from commerce_purchases o
                where o.member_id = r.friend_id and o.placed_at >= r.touched_at) as goods_minor
        from programme_referrals r
        left join members m on m.member_id = r.friend_id
        cross join lateral (
            select count(*)::int as friends from (
                select from programme_referrals d where d.advocate_id = r.advocate_id
                    and d.attributed_at > r.attributed_at - interval '12 hours'
                    and d.attributed_at <= r.attributed_at + interval '12 hours' limit 100) d) day
        cross join lateral (
            select count(*)::int as friends, count(e.undone_at)::int as undone from (
                select x.undone_at from programme_referrals x
                where x.advocate_id = r.advocate_id and x.referral_id <> r.referral_id and x.completed_at < %(at)s
                order by x.attributed_at desc limit 20) e) earlier
        where r.referral_id = any(%(referral_ids)s)
        """,
        Record, referral_ids=referral_ids, at=at,
    )  # fmt: skip


def select_friends_among(tx: Transaction, *, advocate_id: int, member_ids: list[int]) -> list[int]:
    """Who of some members was brought by an advocate."""
    return tx.values(
        """
        select friend_id from programme_referrals where friend_id = any(%(member_ids)s) and advocate_id = %(advocate_id)s
        """,
        advocate_id=advocate_id, member_ids=member_ids,
    )  # fmt: skip
