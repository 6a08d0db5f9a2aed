"""The SQL of birthdays and anniversaries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from regulars.programme.occasions._rules import Kind, Origin
from regulars.storage import Transaction


@dataclass(frozen=True, slots=True)
class Occasion:
    """One row of `programme_occasions`."""

    member_id: int
    kind: Kind
    origin_year: int
    origin_month: int
    origin_day: int
    due_on: date | None
    last_on: date | None

    @property
    def origin(self) -> Origin:
        """The day that is celebrated."""
        return Origin(self.origin_year, self.origin_month, self.origin_day)


@dataclass(frozen=True, slots=True)
class Begun:
    """What is known of the days of a member."""

    member_id: int
    birthday: str
    joined_at: datetime
    first_order_at: datetime | None


def select_begun(tx: Transaction, *, member_ids: list[int]) -> list[Begun]:
    """What is known of the days of members."""
    return tx.all(
        """
        select m.member_id, coalesce(m.attributes ->> 'birthday', '') as birthday, m.joined_at, o.first_order_at
        from members m
        left join lateral (
            select min(p.placed_at) as first_order_at from commerce_purchases p where p.member_id = m.member_id
        ) o on true
        where m.member_id = any(%(member_ids)s)
        """,
        Begun, member_ids=member_ids,
    )  # fmt: skip


def select_members_after(tx: Transaction, *, upto: int, limit: int) -> list[int]:
    """The next members by their number."""
    return tx.values(
        "select member_id from members where member_id > %(upto)s order by member_id limit %(limit)s",
        upto=upto, limit=limit,
    )  # fmt: skip


def lock_occasions(tx: Transaction, *, member_ids: list[int], kinds: list[str]) -> list[Occasion]:
    """What is kept of members, locked, in one order."""
    return tx.all(
        """
        select member_id, kind, origin_year, origin_month, origin_day, due_on, last_on from programme_occasions
        where member_id = any(%(member_ids)s) and kind = any(%(kinds)s::text[]) order by member_id, kind for update
        """,
        Occasion, member_ids=member_ids, kinds=kinds,
    )  # fmt: skip


def upsert_occasions(tx: Transaction, *, occasions: Sequence[Occasion]) -> int:
    """Keep when occasions fall due."""
    return tx.run(
        """
        insert into programme_occasions (member_id, kind, origin_year, origin_month, origin_day, due_on, last_on)
        select v.member_id, v.kind, v.year, v.month, v.day, v.due_on, v.last_on
        from unnest(%(members)s::bigint[], %(kinds)s::text[], %(years)s::smallint[], %(months)s::smallint[], %(days)s::smallint[],
            %(due)s::date[], %(last)s::date[]) v (member_id, kind, year, month, day, due_on, last_on)
        order by v.member_id, v.kind
        on conflict (member_id, kind) do update set origin_year = excluded.origin_year, origin_month = excluded.origin_month,
            origin_day = excluded.origin_day, due_on = excluded.due_on, last_on = excluded.last_on
        """,
        members=[o.member_id for o in occasions], kinds=[o.kind for o in occasions],
        years=[o.origin_year for o in occasions], months=[o.origin_month for o in occasions],
        days=[o.origin_day for o in occasions], due=[o.due_on for o in occasions], last=[o.last_on for o in occasions],
    )  # fmt: skip


def take_due(tx: Transaction, *, today: date, limit: int) -> list[Occasion]:
    """Occasions that have come, locked: those that somebody else deals with are left to them."""
    return tx.all(
        """
        select member_id, kind, origin_year, origin_month, origin_day, due_on, last_on from programme_occasions
        where due_on <= %(today)s order by due_on, member_id limit %(limit)s for update skip locked
        """,
        Occasion, today=today, limit=limit,
    )  # fmt: skip


def select_of_member(tx: Transaction, *, member_id: int) -> list[Occasion]:
    """When a member's birthday and anniversaries come next, as far as they are kept."""
    return tx.all(
        """
        select member_id, kind, origin_year, origin_month, origin_day, due_on, last_on from programme_occasions
        where member_id = %(member_id)s and due_on is not null order by due_on, kind
        """,
        Occasion, member_id=member_id,
    )  # fmt: skip


def select_kept(tx: Transaction) -> list[str]:
    """The kinds that are kept: those that any version asked for so far."""
    return tx.values("select kind from programme_occasion_progress")


def begin_keeping(tx: Transaction, *, kind: str) -> int:
    """Keep a kind from now on."""
    return tx.run(
        "insert into programme_occasion_progress (kind, upto, done) values (%(kind)s, -1, false) on conflict (kind) do nothing",
        kind=kind,
    )


def lock_progress(tx: Transaction) -> list[tuple[Kind, int]]:
    """The kinds of which members of before have still to be looked up, and from which number on; locked."""
    rows = tx.rows(
        "select kind, upto from programme_occasion_progress where not done order by kind for update skip locked"
    )
    return [(kind, upto) for kind, upto in rows]


def update_progress(tx: Transaction, *, kind: str, upto: int, done: bool) -> int:
    """Note how far the members of before have been looked up."""
    return tx.run(
        "update programme_occasion_progress set upto = %(upto)s, done = %(done)s where kind = %(kind)s",
        kind=kind, upto=upto, done=done,
    )  # fmt: skip
