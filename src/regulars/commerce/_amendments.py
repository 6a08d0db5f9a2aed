"""Orders that come again with more than they had: a corrected file, a line the shop forgot."""

from datetime import datetime

import numpy as np
import numpy.typing as npt

from regulars import facts
from regulars.commerce import _queries
from regulars.commerce._documents import Arrived
from regulars.commerce._lines import Lines
from regulars.commerce._rules import OrderChanged
from regulars.storage import Transaction

LineKey = tuple[int, int, int, int, int, int, bool, str | None, str | None]
"""Order, line number, product, quantity, unit price, amount, whether it is goods, category, tags."""


def amend(tx: Transaction, arrived: Arrived, existing: npt.NDArray[np.bool_], *, at: datetime) -> set[int]:
    """Add the new lines of orders that came again with more; refuse those that came again with something else.

    Facts: `order.amended`.

    Returns:
        The rows of the orders amended.
    """
    rows = {arrived.id_of(row): row for row in arrived.rows(existing)}
    known = _queries.select_fingerprints(tx, order_ids=list(rows))
    changed = [order_id for order_id, row in rows.items() if known[order_id] != arrived.fingerprints[row]]
    if not changed:
        return set()
    stored = {order.order_id: order for order in _queries.lock_orders(tx, order_ids=changed)}
    before = _queries.select_line_keys(tx, order_ids=changed)
    lines = arrived.lines.of_documents(existing)
    lost = {key[0] for key in before} - _whole(before, set(_keys(arrived, lines)))
    for order_id in changed:
        order, row = stored[order_id], rows[order_id]
        same_header = order.member_id == arrived.owners[row] and order.placed_at == arrived.time_of(row)
        if order_id in lost or not same_header or order.cancelled_at:
            arrived.errors[row] = OrderChanged(order=order.external_id)
    amended = [rows[order_id] for order_id in changed if rows[order_id] not in arrived.errors]
    _add(tx, arrived, _new_lines(arrived, lines, set(amended), before), amended, at)
    return set(amended)


def _keys(arrived: Arrived, lines: Lines) -> list[LineKey]:
    columns = (lines.line_no, lines.product_id, lines.quantity, lines.unit_minor, lines.amount_minor, lines.goods)
    numbers = (arrived.ids[lines.document].tolist(), *(column.tolist() for column in columns))
    labels = lines.told()
    categories, tags = [one.category for one in labels], ["\x1f".join(one.tags) or None for one in labels]
    return list(zip(*numbers, categories, tags, strict=True))


def _whole(before: list[LineKey], came: set[LineKey]) -> set[int]:
    """The orders of which every line recorded has come again."""
    return {key[0] for key in before} - {key[0] for key in before if key not in came}


def _new_lines(arrived: Arrived, lines: Lines, amended: set[int], before: list[LineKey]) -> Lines:
    recorded = {key[:2] for key in before}
    places = zip(lines.document.tolist(), lines.line_no.tolist(), strict=True)
    fresh = [row in amended and (arrived.id_of(row), line_no) not in recorded for row, line_no in places]
    return lines.only(np.array(fresh, np.bool_))


def _add(tx: Transaction, arrived: Arrived, added: Lines, amended: list[int], at: datetime) -> None:
    _queries.copy_order_lines(tx, ids=arrived.ids, lines=added)
    goods, total = added.totals(len(arrived.names))
    _queries.add_to_orders(
        tx,
        ids=[arrived.id_of(row) for row in amended],
        goods=goods[amended].tolist(),
        total=total[amended].tolist(),
        fingerprints=arrived.fingerprints[amended].tolist(),
    )
    facts.record(tx, [_amended(arrived, row, int(goods[row]), at) for row in amended], at=at)


def _amended(arrived: Arrived, row: int, goods_minor: int, at: datetime) -> facts.Fact:
    about = {"external_id": arrived.names[row], "goods_minor": goods_minor, "currency": arrived.shop.currency}
    return facts.Fact("order.amended", at, arrived.owners[row], arrived.id_of(row), about)
