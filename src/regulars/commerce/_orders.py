"""Recording orders, paying and cancelling them, finding them again."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from regulars import facts
from regulars.commerce import _queries
from regulars.commerce._amendments import amend
from regulars.commerce._documents import Arrived, arrive
from regulars.commerce._records import Order, OrderDetail, Shop
from regulars.commerce._returns import record_early_returns
from regulars.commerce._rules import OrderCancelled, OrderNotFound, Orders, Outcome
from regulars.storage import Transaction
from regulars.types import to_public


def record_orders(tx: Transaction, shop: Shop, orders: Orders, *, at: datetime) -> list[Outcome]:
    """Record a batch of orders of one shop; one answer per order, in order.

    Customers not yet members are enrolled. An order already recorded changes nothing when it is the same; when it has
    the same lines and more, the new ones are added (a corrected file is imported again); when it is paid by now, that is
    noted; any other change is refused.
    One refused order never keeps the others back. Returns that waited for an order are recorded with it.

    Facts: `order.placed`, `order.paid`, `order.amended`; `member.joined` of customers enrolled; `order.returned`.
    """
    return book_orders(tx, arrive(tx, shop, orders, at=at), at=at)


def book_orders(tx: Transaction, arrived: Arrived, *, at: datetime) -> list[Outcome]:
    """Record orders that have arrived, it may be in an earlier transaction; the rest is as in `record_orders`."""
    inserted = _queries.insert_orders(tx, shop=arrived.shop, orders=_rows(arrived), at=at)
    is_new = arrived.fine & np.isin(arrived.ids, np.array(inserted, np.int64))
    _queries.copy_order_lines(tx, ids=arrived.ids, lines=arrived.lines.of_documents(is_new))
    facts.record_columns(tx, _facts_of(arrived, is_new), at=at)
    amended = amend(tx, arrived, arrived.fine & ~is_new, at=at)
    paid = _pay_later(tx, arrived, arrived.fine & ~is_new, at)
    record_early_returns(tx, inserted, at=at)
    return arrived.outcomes(is_new, amended | paid)


def _pay_later(tx: Transaction, arrived: Arrived, existing: npt.NDArray[np.bool_], at: datetime) -> set[int]:
    """Note the payment of orders that came again, now paid; the rows of those that had none."""
    again = [row for row in arrived.rows(existing) if row not in arrived.errors]
    paid = arrived.documents.column("paid_at").take(pa.array(again, pa.int64())).to_pylist()
    times = {row: moment for row, moment in zip(again, paid, strict=True) if moment}
    if not times:
        return set()
    ids = [arrived.id_of(row) for row in times]
    newly = set(_queries.set_paid_all(tx, order_ids=ids, paid=list(times.values())))
    rows = {row for row in times if arrived.id_of(row) in newly}
    stored = {order.order_id: order for order in _queries.select_orders_by_id(tx, order_ids=list(newly))}
    facts.record(tx, [_about(stored[arrived.id_of(row)], "order.paid", times[row]) for row in sorted(rows)], at=at)
    return rows


def _rows(arrived: Arrived) -> pa.Table:
    """The orders that are fine, as rows of their table."""
    columns = {name: arrived.documents.column(name) for name in ("external_id", "placed_at", "paid_at", "country")}
    columns |= {
        "order_id": arrived.ids,
        "member_id": pa.array(arrived.owners, pa.int64()),
        "goods_minor": arrived.goods,
        "total_minor": arrived.total,
        "fingerprint": arrived.fingerprints,
    }
    return pa.table(columns).filter(pa.array(arrived.fine))


def _facts_of(arrived: Arrived, wanted: npt.NDArray[np.bool_]) -> pa.Table:
    """Of every order marked that it was placed, and right behind, if it was, that it was paid."""
    rows = np.flatnonzero(wanted)
    times = arrived.documents.select(["placed_at", "paid_at"]).take(pa.array(rows))
    names, goods = [arrived.names[row] for row in rows], arrived.goods[rows].tolist()
    about = {
        "member_id": pa.array(arrived.owners, pa.int64()).take(pa.array(rows)),
        "subject_id": arrived.ids[rows],
        "data": facts.json_texts(
            [
                {"external_id": name, "goods_minor": amount, "currency": arrived.shop.currency}
                for name, amount in zip(names, goods, strict=True)
            ]
        ),
    }
    told = [
        pa.table({"name": pa.repeat(name, len(rows)), "occurred_at": times.column(column), **about}, schema=facts.FACT)
        for name, column in (("order.placed", "placed_at"), ("order.paid", "paid_at"))
    ]
    order_by_order = np.arange(2 * len(rows)).reshape(2, -1).T.ravel()
    both = pa.concat_tables(told).take(pa.array(order_by_order))
    return both.filter(both.column("occurred_at").is_valid())


def pay_order(tx: Transaction, order_id: int, *, at: datetime, paid_at: datetime | None = None) -> Order:
    """Note that an order was paid; paying it again changes nothing. Facts: `order.paid`.

    Raises:
        OrderNotFound: there is no such order.
        OrderCancelled: it was cancelled.
    """
    order = _find(tx, order_id)
    if order.cancelled_at:
        raise OrderCancelled(order=order.external_id, cancelled_at=order.cancelled_at.isoformat())
    if _queries.set_paid(tx, order_id=order_id, paid_at=paid_at or at):
        facts.record(tx, [_about(order, "order.paid", paid_at or at)], at=at)
    return _find(tx, order_id)


def cancel_order(tx: Transaction, order_id: int, *, at: datetime, cancelled_at: datetime | None = None) -> Order:
    """Cancel an order as a whole; cancelling it again changes nothing. Facts: `order.cancelled`.

    Raises:
        OrderNotFound: there is no such order.
    """
    order = _find(tx, order_id)
    if _queries.set_cancelled(tx, order_id=order_id, cancelled_at=cancelled_at or at):
        facts.record(tx, [_about(order, "order.cancelled", cancelled_at or at)], at=at)
    return _find(tx, order_id)


def _about(order: Order, name: str, occurred_at: datetime) -> facts.Fact:
    data = {"external_id": order.external_id, "goods_minor": order.goods_minor, "currency": order.currency}
    return facts.Fact(name, occurred_at, order.member_id, order.order_id, data)


def _find(tx: Transaction, order_id: int) -> Order:
    for order in _queries.select_orders_by_id(tx, order_ids=[order_id]):
        return order
    raise OrderNotFound(order=to_public("ord", order_id))


def find_orders(tx: Transaction, order_ids: Sequence[int]) -> list[Order]:
    """The orders among these identifiers, without their lines, in no promised order."""
    return _queries.select_orders_by_id(tx, order_ids=list(order_ids))


def find_order(tx: Transaction, order_id: int) -> OrderDetail:
    """An order with its lines, returns and deliveries.

    Raises:
        OrderNotFound: there is no such order.
    """
    return OrderDetail(
        _find(tx, order_id),
        _queries.select_lines(tx, order_id=order_id),
        _queries.select_return_lines(tx, order_id=order_id),
        _queries.select_deliveries(tx, order_id=order_id),
    )


def list_orders(
    tx: Transaction,
    *,
    shop_id: int | None = None,
    member_id: int | None = None,
    number: str | None = None,
    state: str | None = None,
    placed_from: datetime | None = None,
    placed_until: datetime | None = None,
    before: tuple[datetime, int] | None = None,
    limit: int = 50,
) -> list[Order]:
    """Orders, the latest first; page on with the last one's `(placed_at, order_id)` as `before`.

    `number` is the shop's own order number, or how it begins; `state` one of paid, unpaid, cancelled, returned.
    """
    return _queries.select_orders(
        tx, shop_id=shop_id, member_id=member_id, number=number, state=state, placed_from=placed_from,
        placed_until=placed_until, before=before, limit=limit,
    )  # fmt: skip
