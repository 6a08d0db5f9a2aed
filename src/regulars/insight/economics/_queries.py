"""The SQL of economics."""

from datetime import datetime

from regulars.insight.economics._rolls import Sales
from regulars.storage import Transaction


def select_sales(tx: Transaction, *, point_type: str, currency: str, since: datetime, until: datetime) -> Sales:
    """What the orders that were awarded points between two instants were worth, and the points; by the index on that."""
    found = tx.first(
        """
        with awarded as (
            select w.order_id, sum(w.points) as points from programme_awarded w
            where w.point_type = %(point_type)s and w.awarded_at >= %(since)s and w.awarded_at < %(until)s
            group by w.order_id
        )
        select coalesce(sum(o.goods_minor), 0)::bigint as price_minor, coalesce(sum(a.points), 0)::bigint as points
        from awarded a join commerce_rule_orders o using (order_id) where o.currency = %(currency)s
        """,
        Sales, point_type=point_type, currency=currency, since=since, until=until,
    )  # fmt: skip
    return found or Sales(0, 0)


def select_redeemed(tx: Transaction, *, point_type: str, currency: str, since: datetime, until: datetime) -> Sales:
    """What members got for their points between two instants, in money, and for how many points; reads all rewards given."""
    found = tx.first(
        """
        select coalesce(sum(r.value_minor), 0)::bigint as price_minor, coalesce(sum(r.points), 0)::bigint as points
        from programme_redeemed r
        where r.point_type = %(point_type)s and r.currency = %(currency)s and r.changed_at >= %(since)s
          and r.changed_at < %(until)s and r.points > 0
        """,
        Sales, point_type=point_type, currency=currency, since=since, until=until,
    )  # fmt: skip
    return found or Sales(0, 0)
