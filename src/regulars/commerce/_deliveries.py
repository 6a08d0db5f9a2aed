"""Deliveries: what was promised, when it was shipped and when it arrived."""

from collections.abc import Sequence
from datetime import datetime

from regulars import facts
from regulars.commerce import _queries
from regulars.commerce._records import Order, Shop
from regulars.commerce._rules import NewDelivery, OrderNotFound, Outcome, completed
from regulars.storage import Transaction
from regulars.types import stable_id


def record_deliveries(tx: Transaction, shop: Shop, deliveries: Sequence[NewDelivery], *, at: datetime) -> list[Outcome]:
    """Record or complete a batch of deliveries; one answer per delivery, in order.

    Several entries of one delivery have the effect they would have one after the other. Facts: `order.delivered`.
    """
    order_ids = [stable_id("order", shop.shop_id, one.order) for one in deliveries]
    orders = {order.order_id: order for order in _queries.select_orders_by_id(tx, order_ids=list(set(order_ids)))}
    ids = [
        stable_id("delivery", order_id, one.external_id) for order_id, one in zip(order_ids, deliveries, strict=True)
    ]
    known = [
        (i, order_id, one) for i, order_id, one in zip(ids, order_ids, deliveries, strict=True) if order_id in orders
    ]
    arrived = {one.delivery_id for one in _queries.select_deliveries_by_id(tx, delivery_ids=ids) if one.delivered_at}
    merged: dict[int, tuple[int, int, NewDelivery]] = {}
    happened: list[facts.Fact] = []
    for i, order_id, one in known:
        merged[i] = i, order_id, completed(merged[i][2], one) if i in merged else one
        if one.delivered_at and i not in arrived:
            arrived.add(i)
            happened.append(_delivered(orders[order_id], one, one.delivered_at))
    _queries.upsert_deliveries(tx, deliveries=list(merged.values()), at=at)
    facts.record(tx, happened, at=at)
    return [
        Outcome(one.external_id, "recorded", i)
        if order_id in orders
        else Outcome(one.external_id, "refused", i, OrderNotFound(order=one.order))
        for i, order_id, one in zip(ids, order_ids, deliveries, strict=True)
    ]


def _delivered(order: Order, one: NewDelivery, delivered_at: datetime) -> facts.Fact:
    about = {"external_id": one.order, "delivery": one.external_id}
    return facts.Fact("order.delivered", delivered_at, order.member_id, order.order_id, about)
