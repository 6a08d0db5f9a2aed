"""Recording orders, paying and cancelling them, finding them again."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from regulars import facts, members
from regulars.commerce import _queries
from regulars.commerce._queries import Order, Shop
from regulars.commerce._rules import (
    Lines,
    Numbers,
    OrderCancelled,
    OrderChanged,
    OrderNotFound,
    Orders,
    Outcome,
    is_goods,
    moments,
    numbers,
    refusals,
)
from regulars.commerce._views import OrderDetail
from regulars.errors import RegularsError
from regulars.storage import Transaction
from regulars.types import stable_id, to_public


def record_orders(tx: Transaction, shop: Shop, orders: Orders, *, at: datetime) -> list[Outcome]:
    """Record a batch of orders of one shop; one answer per order, in order.

    Customers not yet members are enrolled. An order already recorded changes nothing when it is the same; when it has
    the same lines and more, the new ones are added (a corrected file is imported again); any other change is refused.
    One refused order never keeps the others back.

    Facts: `order.placed`, `order.paid`, `order.amended`; `member.joined` of customers enrolled.
    """
    documents = orders.documents
    errors: dict[int, RegularsError] = dict(refusals(documents, orders.lines))
    fine = np.array([row not in errors for row in range(documents.num_rows)], np.bool_)
    ids = document_ids("order", shop, documents)
    lines = identify(tx, shop, orders.lines, fine, named_at=documents.column("placed_at"))
    owners = owners_of(tx, shop, documents, fine, joined_at="placed_at", at=at)
    goods, total = lines.totals(documents.num_rows)
    fingerprints = lines.fingerprints(documents.num_rows, np.array([owner or 0 for owner in owners], np.int64), moments(documents, "placed_at"))
    columns = {"order_id": ids, "member_id": pa.array(owners, pa.int64()), "goods_minor": goods, "total_minor": total, "fingerprint": fingerprints}
    rows = pa.table({**{name: documents.column(name) for name in ("external_id", "placed_at", "paid_at", "country")}, **columns})
    new = set(_queries.insert_orders(tx, shop=shop, orders=rows.filter(pa.array(fine)), at=at))
    is_new = fine & np.isin(ids, np.fromiter(new, np.int64, len(new)))
    _queries.copy_order_lines(tx, ids=ids, lines=lines.of_documents(is_new))
    facts.record(tx, _facts_of(documents, ids, owners, goods, shop.currency, is_new), at=at)
    amended = _amend(tx, ids, lines.of_documents(fine & ~is_new), fine & ~is_new, fingerprints, errors, documents, owners, at)
    return [_outcome(row, name, ids, is_new, amended, errors) for row, name in enumerate(documents.column("external_id").to_pylist())]


def _outcome(row: int, name: str, ids: Numbers, is_new: npt.NDArray[np.bool_], amended: set[int], errors: dict[int, RegularsError]) -> Outcome:
    if row in errors:
        return Outcome(name, "refused", int(ids[row]), errors[row])
    status = "recorded" if is_new[row] else "amended" if row in amended else "replayed"
    return Outcome(name, status, int(ids[row]))


def document_ids(kind: str, shop: Shop, documents: pa.Table) -> Numbers:
    """The identifier of each document, derived from its shop and number."""
    names = documents.column("external_id").to_pylist()
    return np.array([stable_id(kind, shop.shop_id, name) for name in names], np.int64)


def owners_of(tx: Transaction, shop: Shop, documents: pa.Table, fine: npt.NDArray[np.bool_], *, joined_at: str, at: datetime) -> list[int | None]:
    """The member of each document: the one named, or the customer's, enrolled at the first document if new."""
    customers = documents.column("customer").to_pylist()
    countries = documents.column("country").to_pylist() if "country" in documents.column_names else [None] * len(customers)
    times = documents.column(joined_at).to_pylist()
    people: dict[str, members.NewMember] = {}
    for row in sorted(np.flatnonzero(fine), key=lambda row: times[row]):
        if customers[row] and customers[row] not in people:
            people[customers[row]] = members.NewMember(customers[row], issuer=shop.code, country=countries[row], joined_at=times[row])
    enrolled = members.enrol(tx, list(people.values()), at=at) if people else []
    known = {customer: enrolment.member_id for customer, enrolment in zip(people, enrolled, strict=True)}
    return [named or known.get(customer or "") for named, customer in zip(documents.column("member_id").to_pylist(), customers, strict=True)]


def identify(tx: Transaction, shop: Shop, table: pa.Table, fine: npt.NDArray[np.bool_], *, named_at: pa.ChunkedArray) -> Lines:
    """The lines of the documents that are fine, as arrays; their products are added or renamed on the way."""
    document = numbers(table, "document")
    table = table.filter(pa.array(fine[document]))
    document = numbers(table, "document")
    skus = table.column("sku").combine_chunks().dictionary_encode()
    names = skus.dictionary.to_pylist()
    products = np.array([stable_id("product", shop.shop_id, sku) for sku in names], np.int64)
    codes = skus.indices.to_numpy()
    _queries.upsert_products(tx, shop=shop, products=products, skus=names, table=table, codes=codes, named_at=named_at.take(pa.array(document)))
    return Lines(
        document,
        numbers(table, "line_no"),
        products[codes] if len(codes) else np.zeros(0, np.int64),
        numbers(table, "quantity"),
        numbers(table, "unit_minor"),
        numbers(table, "amount_minor"),
        is_goods(table),
    )


def _facts_of(documents: pa.Table, ids: Numbers, owners: list[int | None], goods: Numbers, currency: str, wanted: npt.NDArray[np.bool_]) -> list[facts.Fact]:
    names, placed, paid = (documents.column(name).to_pylist() for name in ("external_id", "placed_at", "paid_at"))
    found: list[facts.Fact] = []
    for row in map(int, np.flatnonzero(wanted)):
        data = {"external_id": names[row], "goods_minor": int(goods[row]), "currency": currency}
        found.append(facts.Fact("order.placed", placed[row], owners[row], int(ids[row]), data))
        if paid[row] is not None:
            found.append(facts.Fact("order.paid", paid[row], owners[row], int(ids[row]), data))
    return found


def _amend(tx: Transaction, ids: Numbers, lines: Lines, existing: npt.NDArray[np.bool_], fingerprints: Numbers, errors: dict[int, RegularsError], documents: pa.Table, owners: list[int | None], at: datetime) -> set[int]:
    """Add the new lines of orders that came again with more; refuse those that came again with something else."""
    rows = {int(ids[row]): int(row) for row in np.flatnonzero(existing)}
    stored = {order.order_id: order for order in _queries.select_orders_by_id(tx, order_ids=list(rows))}
    changed = {order_id: row for order_id, row in rows.items() if stored[order_id].fingerprint != fingerprints[row]}
    if not changed:
        return set()
    before = _queries.select_line_keys(tx, order_ids=list(changed))
    came = {(int(ids[d]), int(n), int(p), int(q), int(u), int(a)) for d, n, p, q, u, a in zip(lines.document, lines.line_no, lines.product_id, lines.quantity, lines.unit_minor, lines.amount_minor, strict=True)}
    broken = {key[0] for key in before if key not in came}
    placed = documents.column("placed_at").to_pylist()
    for order_id, row in changed.items():
        known = stored[order_id]
        if order_id in broken or known.member_id != owners[row] or known.placed_at != placed[row] or known.cancelled_at:
            errors[row] = OrderChanged(order=known.external_id)
    amended = {row for row in changed.values() if row not in errors}
    recorded = {(key[0], key[1]) for key in before}
    fresh = [row in amended and (int(ids[row]), int(no)) not in recorded for row, no in zip(lines.document, lines.line_no, strict=True)]
    added = Lines(*(getattr(lines, name)[np.array(fresh, np.bool_)] for name in Lines.__dataclass_fields__))
    _queries.copy_order_lines(tx, ids=ids, lines=added)
    goods, total = added.totals(len(ids))
    _queries.add_to_orders(tx, ids=[int(ids[r]) for r in amended], goods=[int(goods[r]) for r in amended], total=[int(total[r]) for r in amended], fingerprints=[int(fingerprints[r]) for r in amended])
    facts.record(tx, [facts.Fact("order.amended", at, owners[r], int(ids[r]), {"external_id": stored[int(ids[r])].external_id, "goods_minor": int(goods[r])}) for r in amended], at=at)
    return amended


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
