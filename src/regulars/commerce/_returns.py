"""Recording what came back, and matching it to what was sold."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

import numpy as np
import numpy.typing as npt

from regulars import facts
from regulars.commerce import _queries
from regulars.commerce._orders import document_ids, identify, owners_of
from regulars.commerce._queries import Return, Shop
from regulars.commerce._rules import (
    Came,
    Lines,
    Numbers,
    OrderNotFound,
    Outcome,
    OverReturned,
    Part,
    ReturnChanged,
    Returns,
    Shelf,
    moments,
    refusals,
)
from regulars.errors import RegularsError
from regulars.storage import Transaction
from regulars.types import stable_id


def record_returns(tx: Transaction, shop: Shop, returns: Returns, *, at: datetime) -> list[Outcome]:
    """Record a batch of returns of one shop; one answer per return, in order.

    A return that names its order belongs to its lines and cannot exceed them. One that does not is matched, product by
    product, to the member's latest purchases before it; what finds none is kept as a return of nothing sold here.

    Facts: `order.returned`.
    """
    documents = returns.documents
    errors: dict[int, RegularsError] = dict(refusals(documents, returns.lines))
    fine = np.array([row not in errors for row in range(documents.num_rows)], np.bool_)
    ids = document_ids("return", shop, documents)
    orders = _orders_named(tx, shop, returns, fine, errors)
    lines = identify(tx, shop, returns.lines, fine, named_at=documents.column("returned_at"))
    owners = owners_of(tx, shop, documents, fine, joined_at="returned_at", at=at)
    owners = [orders[row][1] if row in orders else owner for row, owner in enumerate(owners)]
    fingerprints = lines.fingerprints(len(ids), np.array([o or 0 for o in owners], np.int64), moments(documents, "returned_at"))
    goods, total = lines.totals(len(ids))
    names = documents.column("external_id").to_pylist()
    arrived = [
        Return(int(ids[r]), shop.shop_id, names[r], owners[r], documents.column("returned_at")[r].as_py(), shop.currency, int(goods[r]), int(total[r]), int(fingerprints[r]))
        for r in map(int, np.flatnonzero(fine))
    ]
    new = set(_queries.insert_returns(tx, returns=arrived, at=at))
    known = _queries.select_return_fingerprints(tx, return_ids=[one.return_id for one in arrived if one.return_id not in new])
    for row in map(int, np.flatnonzero(fine)):
        if known.get(int(ids[row]), fingerprints[row]) != fingerprints[row]:
            errors[row] = ReturnChanged(document=names[row])
    is_new = fine & np.array([int(i) in new for i in ids], np.bool_)
    parts = _match(tx, _came(returns, lines.of_documents(is_new), owners, orders), errors, documents.column("order").to_pylist())
    _queries.delete_returns(tx, return_ids=[int(ids[row]) for row in errors if is_new[row]])
    is_new &= np.array([row not in errors for row in range(len(ids))], np.bool_)
    _keep(tx, ids, lines, [part for part in parts if is_new[part.row]])
    about = [one for one in arrived if one.return_id in set(ids[is_new].tolist())]
    facts.record(tx, [_returned(one) for one in about], at=at)
    status = ["refused" if row in errors else "recorded" if is_new[row] else "replayed" for row in range(len(ids))]
    return [Outcome(name, state, int(ids[row]), errors.get(row)) for row, (name, state) in enumerate(zip(names, status, strict=True))]


def _orders_named(tx: Transaction, shop: Shop, returns: Returns, fine: npt.NDArray[np.bool_], errors: dict[int, RegularsError]) -> dict[int, tuple[int, int | None]]:
    """The order and its member for each return that names one; returns that name an unknown one are refused."""
    named = {row: name for row, name in enumerate(returns.documents.column("order").to_pylist()) if name and fine[row]}
    ids = {row: stable_id("order", shop.shop_id, name) for row, name in named.items()}
    found = {order.order_id: order for order in _queries.select_orders_by_id(tx, order_ids=list(set(ids.values())))}
    for row, order_id in ids.items():
        if order_id not in found:
            errors[row] = OrderNotFound(order=named[row])
            fine[row] = False
    return {row: (order_id, found[order_id].member_id) for row, order_id in ids.items() if order_id in found}


def _came(returns: Returns, lines: Lines, owners: list[int | None], orders: dict[int, tuple[int, int | None]]) -> list[Came]:
    """The goods and other lines of new returns, in the order of time in which they are matched."""
    times = returns.documents.column("returned_at").to_pylist()
    names = returns.documents.column("external_id").to_pylist()
    came = [
        Came(int(row), int(no), owners[row], orders[row][0] if row in orders else None, int(product), int(quantity), int(amount), times[row])
        for row, no, product, quantity, amount in zip(lines.document, lines.line_no, lines.product_id, lines.quantity, lines.amount_minor, strict=True)
    ]
    return sorted(came, key=lambda c: (c.returned_at, names[c.row], c.line_no))


def _match(tx: Transaction, came: list[Came], errors: dict[int, RegularsError], named: list[str | None]) -> list[Part]:
    by_order = [c for c in came if c.order_id is not None]
    by_member = [c for c in came if c.order_id is None and c.member_id is not None]
    sold = _queries.lock_sold_of_orders(tx, wanted=by_order) if by_order else []
    sold += _queries.lock_sold_to_members(tx, wanted=by_member) if by_member else []
    shelf = Shelf([*{(line.order_id, line.line_no): line for line in sold}.values()])
    parts: list[Part] = []
    for document in _by_document(came):
        taken = dict(shelf.taken)
        matched = [part for line in document for part in shelf.match(line)]
        first = document[0]
        loose = sum(part.quantity for part in matched if part.order_id is None)
        if first.order_id is not None and loose:
            shelf.taken = taken
            sku = next(part.product_id for part in matched if part.order_id is None)
            quantity = sum(line.quantity for line in document if line.product_id == sku)
            [name] = _queries.select_skus(tx, product_ids=[sku])
            errors[first.row] = OverReturned(open=quantity - loose, sku=name, order=named[first.row], quantity=quantity)
        else:
            parts += matched
    return parts


def _by_document(came: list[Came]) -> Iterator[list[Came]]:
    documents: defaultdict[int, list[Came]] = defaultdict(list)
    for line in came:
        documents[line.row].append(line)
    return iter(documents.values())


def _keep(tx: Transaction, ids: Numbers, lines: Lines, parts: list[Part]) -> None:
    goods = {(int(d), int(n)) for d, n, g in zip(lines.document, lines.line_no, lines.goods, strict=True) if g}
    _queries.copy_return_lines(tx, ids=ids, parts=parts, goods=goods)
    _queries.add_returned(tx, parts=[part for part in parts if part.order_id is not None])


def _returned(one: Return) -> facts.Fact:
    data = {"external_id": one.external_id, "goods_minor": one.goods_minor, "currency": one.currency}
    return facts.Fact("order.returned", one.returned_at, one.member_id, one.return_id, data)


def list_returns(tx: Transaction, *, member_id: int | None = None, before: tuple[datetime, int] | None = None, limit: int = 50) -> list[Return]:
    """Returns, the latest first; page on with the last one's `(returned_at, return_id)` as `before`."""
    return _queries.select_returns(tx, member_id=member_id, before=before, limit=limit)
