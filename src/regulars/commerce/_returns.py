"""Recording what came back, and matching it to what was sold."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from operator import attrgetter

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from regulars import facts
from regulars.commerce import _queries, early
from regulars.commerce._documents import Arrived, arrive
from regulars.commerce._records import Order, Return, Shop
from regulars.commerce._rules import (
    RETURN,
    BadDocument,
    Came,
    NewLine,
    NewReturn,
    OrderCancelled,
    OrderNotFound,
    Outcome,
    OverRefunded,
    OverReturned,
    Part,
    ReturnChanged,
    Returns,
    Shelf,
)
from regulars.commerce._shops import find_shop
from regulars.errors import RegularsError
from regulars.storage import Transaction
from regulars.types import stable_id


def record_returns(tx: Transaction, shop: Shop, returns: Returns, *, at: datetime) -> list[Outcome]:
    """Record a batch of returns of one shop; one answer per return, in order.

    A return that names its order belongs to its lines: it cannot exceed their pieces nor what they cost, nor come before
    the order was placed; where that order is not here yet, it waits for it (`early`). One that names none is matched, product by
    product, to the member's latest purchases before it, those at the same price first; what finds none is kept as a return of nothing sold here.

    Facts: `order.returned`.
    """
    returns, orders, refused = _named_orders(tx, shop, returns)
    return book_returns(tx, arrive(tx, shop, returns, refused=refused, at=at), orders, at=at)


def record_early_returns(tx: Transaction, order_ids: Sequence[int] | None = None, *, at: datetime) -> int:
    """Record returns that waited for orders which are here by now, those of some orders or of any; how many were looked at.

    What cannot be recorded, now that its order is known, stays with its reason. Facts: `order.returned`, `return.refused`.
    """
    come = early.take(tx, order_ids)
    for shop_id, group in groupby(sorted(come, key=attrgetter("shop_id", "return_id")), key=attrgetter("shop_id")):
        own = list(group)
        outcomes = record_returns(tx, find_shop(tx, shop_id), Returns.of(early.documents(own)), at=at)
        refused = [(one, done.error) for one, done in zip(own, outcomes, strict=True) if done.error is not None]
        if refused:
            early.refuse(tx, refused, at=at)
    return len(come)


def book_returns(tx: Transaction, arrived: Arrived, orders: dict[int, int], *, at: datetime) -> list[Outcome]:
    """Record returns that have arrived, it may be in an earlier transaction; `orders` are those they name, by row."""
    is_new = _insert(tx, arrived, at)
    parts = _match(tx, _came(arrived, is_new, orders), arrived, arrived.documents.column("order").to_pylist())
    _queries.delete_returns(tx, return_ids=[arrived.id_of(row) for row in arrived.errors if is_new[row]])
    is_new &= np.array([row not in arrived.errors for row in range(len(arrived.names))], np.bool_)
    _keep(tx, arrived, [part for part in parts if is_new[part.row]])
    facts.record(tx, [_returned(arrived, row) for row in arrived.rows(is_new)], at=at)
    waiting = {row for row, error in arrived.errors.items() if isinstance(error, OrderNotFound)}
    if waiting:
        early.park(tx, arrived.shop, _as_told(arrived, sorted(waiting)), at=at)
    early.forget(tx, [arrived.id_of(row) for row in arrived.rows(is_new)])
    return arrived.outcomes(is_new, waiting=waiting)


def _named_orders(
    tx: Transaction, shop: Shop, returns: Returns
) -> tuple[Returns, dict[int, int], dict[int, RegularsError]]:
    """The returns with the members of the orders they name, those orders by row, and what is wrong with the others."""
    names: list[str | None] = returns.documents.column("order").to_pylist()
    ids = {row: stable_id("order", shop.shop_id, name) for row, name in enumerate(names) if name}
    found = {one.order_id: one for one in _queries.select_orders_by_id(tx, order_ids=list(set(ids.values())))}
    orders = {row: order_id for row, order_id in ids.items() if order_id in found}
    refused: dict[int, RegularsError] = {row: OrderNotFound(order=names[row]) for row in ids if row not in orders}
    refused |= {row: _cancelled(found[order_id]) for row, order_id in orders.items() if found[order_id].cancelled_at}
    times: list[datetime] = returns.documents.column("returned_at").to_pylist()
    refused |= {
        row: _too_early(times[row], found[order_id])
        for row, order_id in orders.items()
        if times[row] < found[order_id].placed_at
    }
    members: list[int | None] = returns.documents.column("member_id").to_pylist()
    customers: list[str | None] = returns.documents.column("customer").to_pylist()
    for row, order_id in orders.items():
        members[row], customers[row] = found[order_id].member_id, None
    documents = returns.documents
    for name, values, kind in (("member_id", members, pa.int64()), ("customer", customers, pa.string())):
        documents = documents.set_column(documents.schema.get_field_index(name), name, pa.array(values, kind))
    return replace(returns, documents=documents), orders, refused


def _cancelled(order: Order) -> OrderCancelled:
    return OrderCancelled(order=order.external_id, cancelled_at=f"{order.cancelled_at:%Y-%m-%d %H:%M} UTC")


def _too_early(returned_at: datetime, order: Order) -> BadDocument:
    placed = f"order {order.external_id} was placed at {order.placed_at:%Y-%m-%d %H:%M:%S} UTC"
    remedy = f"{placed}; give the time at which its goods came back"
    return BadDocument(field="returned_at", value=f"{returned_at:%Y-%m-%d %H:%M:%S} UTC", remedy=remedy)


def _insert(tx: Transaction, arrived: Arrived, at: datetime) -> npt.NDArray[np.bool_]:
    """Insert the returns not yet there, and say which they are; refuse those that are there with another content.

    Before anything is matched: of two that record the same return at once, the second waits here and finds it done.
    """
    rows = [
        Return(
            return_id=arrived.id_of(row),
            shop_id=arrived.shop.shop_id,
            external_id=arrived.names[row],
            member_id=arrived.owners[row],
            returned_at=arrived.time_of(row),
            currency=arrived.shop.currency,
            goods_minor=int(arrived.goods[row]),
            total_minor=int(arrived.total[row]),
            fingerprint=int(arrived.fingerprints[row]),
        )
        for row in arrived.rows(arrived.fine)
    ]
    inserted = _queries.insert_returns(tx, returns=rows, at=at)
    is_new = arrived.fine & np.isin(arrived.ids, np.array(inserted, np.int64))
    there = arrived.rows(arrived.fine & ~is_new)
    known = _queries.select_return_fingerprints(tx, return_ids=[arrived.id_of(row) for row in there])
    for row in there:
        if known[arrived.id_of(row)] != arrived.fingerprints[row]:
            arrived.errors[row] = ReturnChanged(document=arrived.names[row])
    return is_new


def _came(arrived: Arrived, is_new: npt.NDArray[np.bool_], orders: dict[int, int]) -> list[Came]:
    """The lines of new returns, in the order of time in which they are matched."""
    lines = arrived.lines.of_documents(is_new)
    columns = (lines.document, lines.line_no, lines.product_id, lines.unit_minor, lines.quantity, lines.amount_minor)
    rows: list[tuple[int, int, int, int, int, int]] = list(zip(*(column.tolist() for column in columns), strict=True))
    came = [
        Came(
            row=row,
            line_no=line_no,
            member_id=arrived.owners[row],
            order_id=orders.get(row),
            product_id=product_id,
            unit_minor=unit_minor,
            quantity=quantity,
            amount_minor=amount_minor,
            returned_at=arrived.time_of(row),
        )
        for row, line_no, product_id, unit_minor, quantity, amount_minor in rows
    ]
    return sorted(came, key=lambda one: (one.returned_at, arrived.names[one.row], one.line_no))


def _match(tx: Transaction, came: list[Came], arrived: Arrived, named: list[str | None]) -> list[Part]:
    """Match every line, document by document; a document that names an order it exceeds is refused as a whole."""
    of_orders = [one for one in came if one.order_id is not None]
    of_members = [one for one in came if one.order_id is None and one.member_id is not None]
    sold = _queries.lock_sold_of_orders(tx, wanted=of_orders) if of_orders else []
    sold += _queries.lock_sold_to_members(tx, wanted=of_members) if of_members else []
    named_ids = list({one.order_id for one in of_orders if one.order_id is not None})
    given = _queries.select_given_back(tx, order_ids=named_ids) if named_ids else {}
    shelf = Shelf(list({(line.order_id, line.line_no): line for line in sold}.values()), given)
    documents: defaultdict[int, list[Came]] = defaultdict(list)
    for line in came:
        documents[line.row].append(line)
    parts: list[Part] = []
    for row, lines in documents.items():
        taken, given = dict(shelf.taken), dict(shelf.given)
        matched = [part for line in lines for part in shelf.match(line)]
        error = None if lines[0].order_id is None else _excess(tx, matched, named[row])
        if error is None:
            parts += matched
        else:
            shelf.taken, shelf.given = taken, given
            arrived.errors[row] = error
    return parts


def _excess(tx: Transaction, matched: list[Part], order: str | None) -> RegularsError | None:
    """Why what came back is more than its order: in pieces, or in money."""
    beyond = [part for part in matched if part.order_id is None] or [part for part in matched if part.beyond_minor]
    if not beyond:
        return None
    alike = [part for part in matched if part.product_id == beyond[0].product_id]
    [sku] = _queries.select_skus(tx, product_ids=[beyond[0].product_id])
    quantity = sum(part.quantity for part in alike)
    if beyond[0].order_id is None:
        fit = sum(part.quantity for part in alike if part.order_id is not None)
        return OverReturned(open=fit, sku=sku, order=order, quantity=quantity)
    amount = sum(part.amount_minor for part in alike)
    fit = amount - sum(part.beyond_minor for part in alike)
    return OverRefunded(field="lines.amount_minor", value=amount, sku=sku, order=order, open=fit)


def _keep(tx: Transaction, arrived: Arrived, parts: list[Part]) -> None:
    lines = arrived.lines
    places = zip(lines.document.tolist(), lines.line_no.tolist(), lines.goods.tolist(), strict=True)
    goods = {(row, line_no) for row, line_no, is_goods in places if is_goods}
    _queries.copy_return_lines(tx, ids=arrived.ids, parts=parts, goods=goods)
    _queries.add_returned(tx, parts=[part for part in parts if part.order_id is not None])


def _as_told(arrived: Arrived, rows: Sequence[int]) -> list[NewReturn]:
    """Some returns of a batch as they were told."""
    told = arrived.told.filter(pc.is_in(arrived.told.column("document"), pa.array(rows, pa.int32()))).to_pylist()
    lines: defaultdict[int, list[NewLine]] = defaultdict(list)
    for line in told:
        lines[line["document"]].append(
            NewLine(
                line["sku"], line["quantity"], line["unit_minor"], line["name"], line["kind"],
                line["quantity"] * line["unit_minor"] - line["amount_minor"], line["line_no"],
                line["category"], tuple(line["tags"] or ()),
            )
        )  # fmt: skip
    documents = arrived.documents.select(RETURN.names).take(pa.array(rows)).to_pylist()
    return [NewReturn(**document, lines=lines[row]) for row, document in zip(rows, documents, strict=True)]


def _returned(arrived: Arrived, row: int) -> facts.Fact:
    goods_minor = int(arrived.goods[row])
    about = {"external_id": arrived.names[row], "goods_minor": goods_minor, "currency": arrived.shop.currency}
    return facts.Fact("order.returned", arrived.time_of(row), arrived.owners[row], arrived.id_of(row), about)


def find_returns(tx: Transaction, return_ids: Sequence[int]) -> list[Return]:
    """The returns among these identifiers, without their lines, in no promised order."""
    return _queries.select_returns_by_id(tx, return_ids=list(return_ids))


def list_returns(
    tx: Transaction, *, member_id: int | None = None, before: tuple[datetime, int] | None = None, limit: int = 50
) -> list[Return]:
    """Returns, the latest first; page on with the last one's `(returned_at, return_id)` as `before`."""
    return _queries.select_returns(tx, member_id=member_id, before=before, limit=limit)
