"""Deliveries: what was promised, when it was shipped and when it arrived."""

from collections.abc import Sequence
from datetime import datetime

from regulars import facts
from regulars.commerce import _queries
from regulars.commerce._records import Shop
from regulars.commerce._rules import NewDelivery, OrderNotFound, Outcome
from regulars.storage import Transaction
from regulars.types import stable_id


def record_deliveries(tx: Transaction, shop: Shop, deliveries: Sequence[NewDelivery], *, at: datetime) -> list[Outcome]:
    """Record or complete a batch of deliveries; one answer per delivery, in order. Facts: `order.delivered`."""
    order_ids = [stable_id("order", shop.shop_id, one.order) for one in deliveries]
    orders = {order.order_id: order for order in _queries.select_orders_by_id(tx, order_ids=list(set(order_ids)))}
    ids = [
        stable_id("delivery", order_id, one.external_id) for order_id, one in zip(order_ids, deliveries, strict=True)
    ]
    latest = {
        i: (order_id, one) for i, order_id, one in zip(ids, order_ids, deliveries, strict=True) if order_id in orders
    }
    before = {one.delivery_id: one for one in _queries.select_deliveries_by_id(tx, delivery_ids=list(latest))}
    _queries.upsert_deliveries(tx, deliveries=[(i, order_id, one) for i, (order_id, one) in latest.items()], at=at)
    arrived = [
        facts.Fact(
            "order.delivered",
            one.delivered_at,
            orders[order_id].member_id,
            order_id,
            {"external_id": one.order, "delivery": one.external_id},
        )
        for i, (order_id, one) in latest.items()
        if one.delivered_at and not (i in before and before[i].delivered_at)
    ]
    facts.record(tx, arrived, at=at)
    return [
        Outcome(one.external_id, "recorded", i)
        if order_id in orders
        else Outcome(one.external_id, "refused", i, OrderNotFound(order=one.order))
        for i, order_id, one in zip(ids, order_ids, deliveries, strict=True)
    ]
