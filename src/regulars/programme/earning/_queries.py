"""The SQL of what rules read, and of what members got by those with limits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from regulars.storage import Transaction


@dataclass(frozen=True, slots=True)
class Sold:
    """An order as rules see it; the lists are by line of goods, in their order."""

    order_id: int
    member_id: int
    placed_at: datetime
    paid_at: datetime | None
    cancelled_at: datetime | None
    currency: str
    country: str
    shop: str
    time_zone: str
    other_minor: int
    line_nos: list[int]
    quantities: list[int]
    returned: list[int]
    amounts: list[int]
    units: list[int] | None
    skus: list[str] | None
    names: list[str] | None
    categories: list[str] | None = None
    tags: list[str] | None = None
    """Of each line all, a unit separator between."""


@dataclass(frozen=True, slots=True)
class Buyer:
    """What rules may read of a member."""

    member_id: int
    joined_at: datetime
    country: str | None
    attributes: dict[str, Any]
    tier: str | None
    tiers: dict[str, str] | None
    """By set, where rules read them."""


@dataclass(frozen=True, slots=True)
class Use:
    """One row of `programme_uses`."""

    member_id: int
    rule: str
    source_id: int
    """The number of the order, the event, the occasion or the goal that it was got for: numbers of all kinds are never the same."""
    used_at: datetime
    points: int


def select_sold(tx: Transaction, *, order_ids: list[int], named: bool, labelled: bool = False) -> list[Sold]:
    """Orders with their lines of goods, none where there are none; `named`: with products and prices too, `labelled`: with labels."""
    return tx.all(
        """
        select o.order_id, coalesce(o.member_id, 0) as member_id, o.placed_at, o.paid_at, o.cancelled_at, o.currency, o.country,
            o.shop, o.time_zone, o.other_minor, coalesce(g.line_nos, '{}') as line_nos, coalesce(g.quantities, '{}') as quantities,
            coalesce(g.returned, '{}') as returned, coalesce(g.amounts, '{}') as amounts, n.units, n.skus, n.names,
            m.categories, m.tags
        from commerce_rule_orders o
        cross join lateral (  -- order by order, its lines found by their key, in its order: no sort of all lines
            select array_agg(l.line_no) as line_nos, array_agg(l.quantity) as quantities, array_agg(l.returned) as returned,
                array_agg(l.amount_minor) as amounts
            from (select line_no, quantity, returned, amount_minor from commerce_rule_lines k
                  where k.order_id = o.order_id order by k.line_no) l
        ) g
        left join lateral (
            select array_agg(l.unit_minor) as units, array_agg(l.sku) as skus, array_agg(l.name) as names
            from (select unit_minor, sku, name from commerce_rule_lines k
                  where k.order_id = o.order_id and %(named)s order by k.line_no) l
        ) n on true
        left join lateral (
            select array_agg(l.category) as categories, array_agg(l.tags) as tags
            from (select category, tags from commerce_rule_lines k
                  where k.order_id = o.order_id and %(labelled)s order by k.line_no) l
        ) m on true
        where o.order_id = any(%(order_ids)s)
        """,
        Sold, order_ids=order_ids, named=named, labelled=labelled,
    )  # fmt: skip


def select_buyers(tx: Transaction, *, member_ids: list[int], tiers: bool = False) -> list[Buyer]:
    """What rules may read of members; `tiers`: those of every set too."""
    return tx.all(
        """
        select m.member_id, m.joined_at, m.country, m.attributes, t.tier, s.tiers
        from members m left join programme_current_tiers t using (member_id)
        left join lateral (
            select jsonb_object_agg(g.set_code, g.tier) as tiers from programme_standings g
            where g.member_id = m.member_id and %(tiers)s
        ) s on true
        where m.member_id = any(%(member_ids)s)
        """,
        Buyer, member_ids=member_ids, tiers=tiers,
    )  # fmt: skip


def select_before(
    tx: Transaction, *, members: list[int], moments: list[datetime], days: list[int], currency: str
) -> dict[tuple[int, datetime, int], tuple[int, int]]:
    """How many orders members had paid for in so many days before some moments, and their goods; 0 days: ever."""
    rows = tx.rows(
        """
        select v.member_id, v.moment, d.days, b.orders, b.spend_minor
        from unnest(%(members)s::bigint[], %(moments)s::timestamptz[]) v (member_id, moment)
        cross join unnest(%(days)s::int[]) d (days)
        cross join lateral (
            select count(*) as orders, coalesce(sum(p.goods_minor), 0)::bigint as spend_minor
            from commerce_purchases p
            where p.member_id = v.member_id and p.placed_at < v.moment and p.currency = %(currency)s
              and (d.days = 0 or p.placed_at >= v.moment - make_interval(days => d.days))
        ) b
        """,
        members=members, moments=moments, days=days, currency=currency,
    )  # fmt: skip
    return {(member, moment, day): (orders, spend) for member, moment, day, orders, spend in rows}


def lock_counted(tx: Transaction, *, member_ids: list[int]) -> int:
    """Lock members, in one order, so that nobody else looks up at the same time what is left for them."""
    tx.run(
        """
        insert into programme_counted (member_id) select unnest(%(member_ids)s::bigint[]) as member_id order by member_id
        on conflict (member_id) do nothing
        """,
        member_ids=member_ids,
    )  # fmt: skip
    return len(
        tx.values(
            "select member_id from programme_counted where member_id = any(%(member_ids)s) order by member_id for update",
            member_ids=member_ids,
        )
    )


def select_uses(tx: Transaction, *, member_ids: list[int], rules: list[str]) -> list[Use]:
    """What members got by some rules."""
    return tx.all(
        """
        select member_id, rule, source_id, used_at, points from programme_uses
        where member_id = any(%(member_ids)s) and rule = any(%(rules)s::text[])
        """,
        Use, member_ids=member_ids, rules=rules,
    )  # fmt: skip


def upsert_uses(tx: Transaction, *, uses: Sequence[Use]) -> int:
    """Note what members got by rules."""
    return tx.run(
        """
        insert into programme_uses as u (member_id, rule, source_id, used_at, points)
        select v.member_id, v.rule, v.source_id, v.used_at, v.points
        from unnest(%(members)s::bigint[], %(rules)s::text[], %(sources)s::bigint[], %(moments)s::timestamptz[], %(points)s::bigint[])
            v (member_id, rule, source_id, used_at, points)
        order by v.member_id, v.rule, v.source_id
        on conflict (member_id, rule, source_id) do update set points = excluded.points
        """,
        members=[u.member_id for u in uses], rules=[u.rule for u in uses], sources=[u.source_id for u in uses],
        moments=[u.used_at for u in uses], points=[u.points for u in uses],
    )  # fmt: skip


def lessen_uses(tx: Transaction, *, left: Sequence[Use]) -> int:
    """Give back what rules gave for orders, as far as it is more than is left of it."""
    return tx.run(
        """
        update programme_uses u set points = v.points
        from unnest(%(members)s::bigint[], %(rules)s::text[], %(sources)s::bigint[], %(points)s::bigint[]) v (member_id, rule, source_id, points)
        where u.member_id = v.member_id and u.rule = v.rule and u.source_id = v.source_id and u.points > v.points
        """,
        members=[u.member_id for u in left], rules=[u.rule for u in left], sources=[u.source_id for u in left],
        points=[u.points for u in left],
    )  # fmt: skip
