"""The SQL of what campaigns gave."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from regulars.storage import Transaction


@dataclass(frozen=True, slots=True)
class Gift:
    """What an order is given by one rule of a campaign."""

    order_id: int
    rule: str
    campaign: str
    member_id: int
    version_id: int
    point_type: str
    points: int
    placed_at: datetime


@dataclass(frozen=True, slots=True)
class Result:
    """What a campaign gave of one kind of points, and to how many."""

    point_type: str
    orders: int
    members: int
    first: int
    """What it gave."""
    points: int
    """What is left of that: without what came back, and what was undone."""
    undone: int


@dataclass(frozen=True, slots=True)
class Given:
    """What a campaign gave on one day, as far as it is left."""

    day: str
    point_type: str
    orders: int
    points: int


def upsert_gifts(tx: Transaction, *, gifts: Sequence[Gift], at: datetime) -> int:
    """Note what orders are given; of an order that was given more than once, the time of the first stays."""
    return tx.run(
        """
        insert into programme_campaign_gifts as g
            (order_id, rule, campaign, member_id, version_id, point_type, first, points, placed_at, awarded_at)
        select v.order_id, v.rule, v.campaign, v.member_id, v.version_id, v.point_type, v.points, v.points, v.placed_at, %(at)s
        from unnest(%(orders)s::bigint[], %(rules)s::text[], %(campaigns)s::text[], %(members)s::bigint[], %(versions)s::int[],
            %(types)s::text[], %(points)s::bigint[], %(placed)s::timestamptz[])
            v (order_id, rule, campaign, member_id, version_id, point_type, points, placed_at)
        order by v.order_id, v.rule
        on conflict (order_id, rule) do update
            set points = excluded.points, first = greatest(g.first, excluded.points)
            where g.undo_id is null
        """,
        at=at, orders=[g.order_id for g in gifts], rules=[g.rule for g in gifts], campaigns=[g.campaign for g in gifts],
        members=[g.member_id for g in gifts], versions=[g.version_id for g in gifts], types=[g.point_type for g in gifts],
        points=[g.points for g in gifts], placed=[g.placed_at for g in gifts],
    )  # fmt: skip


def lessen_gifts(tx: Transaction, *, left: Sequence[tuple[int, str, int]]) -> int:
    """Note what orders still have of what rules gave, where it is less than before."""
    return tx.run(
        """
        update programme_campaign_gifts g set points = v.points
        from unnest(%(orders)s::bigint[], %(rules)s::text[], %(points)s::bigint[]) v (order_id, rule, points)
        where g.order_id = v.order_id and g.rule = v.rule and g.points > v.points
        """,
        orders=[order for order, _, _ in left], rules=[rule for _, rule, _ in left], points=[points for _, _, points in left],
    )  # fmt: skip


def select_results(tx: Transaction, *, campaign: str, since: datetime | None, until: datetime | None) -> list[Result]:
    """What a campaign gave to orders placed between two moments, by kind of points."""
    return tx.all(
        """
        select point_type, count(distinct order_id) as orders, count(distinct member_id) as members, sum(first)::bigint as first,
            sum(points)::bigint as points, sum(undone)::bigint as undone
        from programme_campaign_gifts
        where campaign = %(campaign)s and (%(since)s::timestamptz is null or placed_at >= %(since)s)
          and (%(until)s::timestamptz is null or placed_at < %(until)s)
        group by point_type order by point_type
        """,
        Result, campaign=campaign, since=since, until=until,
    )  # fmt: skip


def select_reach(
    tx: Transaction, *, campaign: str, since: datetime | None, until: datetime | None
) -> tuple[int, int, list[tuple[str, int]]]:
    """Of how many orders and members it gave to, and what those orders' goods came to, by currency."""
    rows = tx.rows(
        """
        with given as (
            select distinct order_id, member_id from programme_campaign_gifts
            where campaign = %(campaign)s and (%(since)s::timestamptz is null or placed_at >= %(since)s)
              and (%(until)s::timestamptz is null or placed_at < %(until)s))
        select o.currency, count(*), (select count(distinct member_id) from given), sum(o.goods_minor)::bigint
        from given g join commerce_rule_orders o using (order_id) group by o.currency order by o.currency
        """,
        campaign=campaign, since=since, until=until,
    )  # fmt: skip
    return sum(row[1] for row in rows), max((row[2] for row in rows), default=0), [(row[0], row[3]) for row in rows]


def select_days(
    tx: Transaction, *, campaign: str, since: datetime | None, until: datetime | None, zone: str, limit: int
) -> list[Given]:
    """What a campaign gave day by day, as far as it is left; days without are left out."""
    return tx.all(
        """
        select to_char(placed_at at time zone %(zone)s, 'YYYY-MM-DD') as day, point_type, count(distinct order_id) as orders,
            sum(points)::bigint as points
        from programme_campaign_gifts
        where campaign = %(campaign)s and (%(since)s::timestamptz is null or placed_at >= %(since)s)
          and (%(until)s::timestamptz is null or placed_at < %(until)s)
        group by 1, 2 order by 1, 2 limit %(limit)s
        """,
        Given, campaign=campaign, since=since, until=until, zone=zone, limit=limit,
    )  # fmt: skip


def gave(tx: Transaction, *, campaign: str) -> bool:
    """Whether a campaign ever gave anything."""
    return tx.value(
        "select exists (select 1 from programme_campaign_gifts where campaign = %(campaign)s)", campaign=campaign
    )
