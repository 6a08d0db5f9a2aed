"""Orders that become another version of themselves: exchanged, repriced, split, reopened."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

from regulars import facts
from regulars.commerce import _queries
from regulars.commerce._documents import Arrived, arrive
from regulars.commerce._records import Order
from regulars.commerce._rules import NewLine, NewOrder, OrderNotFound, Orders
from regulars.commerce._shops import find_shop
from regulars.errors import Conflict
from regulars.storage import Transaction
from regulars.types import ShopId, to_public


class RevisionRefused(Conflict):
    """Order {order} cannot become this version: {returned} of line {line_no} came back already; keep that line, with as many pieces."""


def revise_order(
    tx: Transaction, order_id: int, lines: Sequence[NewLine], *, at: datetime, paid_at: datetime | None = None
) -> Order:
    """Put another version in the place of an order's lines, and reopen it if it was cancelled; the same again changes nothing.

    What came back stays back: a line of which pieces were returned keeps its number, its product and as many pieces. Whose
    order it is and when it was placed do not change. `paid_at` notes a payment, if there was none.

    Facts: `order.revised`; `order.paid` if it is paid by this.

    Raises:
        OrderNotFound: there is no such order.
        BadDocument: the lines cannot be those of an order.
        RevisionRefused: they would undo what came back.
    """
    stored = _queries.lock_orders(tx, order_ids=[order_id])
    if not stored:
        raise OrderNotFound(order=to_public("ord", order_id))
    [order] = stored
    version = _arrive(tx, order, lines, at)
    done = replace(
        order,
        goods_minor=int(version.goods[0]),
        total_minor=int(version.total[0]),
        fingerprint=int(version.fingerprints[0]),
        cancelled_at=None,
        paid_at=order.paid_at or paid_at,
    )
    if done == order:
        return order
    _replace(tx, order, version)
    _queries.set_version(tx, order=done)
    told = [_about(done, "order.revised", at)]
    if paid_at and not order.paid_at:
        told.append(_about(done, "order.paid", paid_at))
    facts.record(tx, told, at=at)
    return done


def _arrive(tx: Transaction, order: Order, lines: Sequence[NewLine], at: datetime) -> Arrived:
    shop = find_shop(tx, ShopId(order.shop_id))
    document = NewOrder(order.external_id, order.placed_at, lines, member_id=order.member_id, country=order.country)
    arrived = arrive(tx, shop, Orders.of([document]), at=at)
    for error in arrived.errors.values():
        raise error
    return arrived


def _replace(tx: Transaction, order: Order, version: Arrived) -> None:
    """The version's lines for those there were; lines of which something came back are changed in their place."""
    back = {
        line_no: (product, count) for line_no, product, count in _queries.lock_returned(tx, order_id=order.order_id)
    }
    lines = version.lines
    columns = (lines.line_no, lines.product_id, lines.quantity)
    there = {
        line_no: (product, pieces) for line_no, product, pieces in zip(*(c.tolist() for c in columns), strict=True)
    }
    for line_no, (product, count) in back.items():
        same, pieces = there.get(line_no, (None, 0))
        if same != product or pieces < count:
            raise RevisionRefused(order=order.external_id, returned=count, line_no=line_no)
    _queries.delete_unreturned(tx, order_id=order.order_id)
    kept = np.isin(lines.line_no, list(back))
    _queries.change_lines(tx, order_id=order.order_id, lines=lines.only(kept))
    _queries.copy_order_lines(tx, ids=version.ids, lines=lines.only(~kept))


def _about(order: Order, name: str, occurred_at: datetime) -> facts.Fact:
    data = {"external_id": order.external_id, "goods_minor": order.goods_minor, "currency": order.currency}
    return facts.Fact(name, occurred_at, order.member_id, order.order_id, data)
