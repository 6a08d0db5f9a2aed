"""Documents as they arrive, and the pure rules about them: totals, fingerprints, which sale a return belongs to.

A batch of documents is kept by columns (Arrow), because a file of millions of lines and one order from the API then
take the same way in; `Orders.of` and `Returns.of` make the columns from plain records.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from regulars.commerce._lines import Numbers, refused_labels
from regulars.errors import Conflict, Invalid, NotFound, RegularsError

Kind = Literal["goods", "shipping", "gift_card", "adjustment"]
KINDS: tuple[Kind, ...] = ("goods", "shipping", "gift_card", "adjustment")
TIME = pa.timestamp("us", "UTC")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

ORDER = pa.schema(
    {
        "external_id": pa.string(),
        "customer": pa.string(),
        "member_id": pa.int64(),
        "placed_at": TIME,
        "paid_at": TIME,
        "country": pa.string(),
    }
)
RETURN = pa.schema(
    {
        "external_id": pa.string(),
        "customer": pa.string(),
        "member_id": pa.int64(),
        "returned_at": TIME,
        "order": pa.string(),
    }
)
LINE = pa.schema(
    {
        "document": pa.int32(),  # the row of the document this line belongs to, ascending
        "line_no": pa.int32(),
        "sku": pa.string(),
        "name": pa.string(),
        "kind": pa.string(),
        "quantity": pa.int64(),
        "unit_minor": pa.int64(),
        "amount_minor": pa.int64(),
        "category": pa.string(),
        "tags": pa.list_(pa.string()),
    }
)


class BadDocument(Invalid):
    """{field} is {value!r}: {remedy}."""


class OrderNotFound(NotFound):
    """There is no order {order}."""


class OrderChanged(Conflict):
    """Order {order} is already recorded with another content: record a return, or a revision."""


class OrderCancelled(Conflict):
    """Order {order} was cancelled at {cancelled_at}."""


class ReturnChanged(Conflict):
    """Return {document} is already recorded with another content: use a new number."""


class OverReturned(Conflict):
    """Only {open} of {sku} in order {order} can still come back, not {quantity}: correct the quantity."""


class OverRefunded(Conflict):
    """{field} is {value} for {sku}: of what order {order} cost for it only {open} is left to give back, and goodwill is no return."""


@dataclass(frozen=True, slots=True)
class NewLine:
    """One line of a document. Money is what the customer paid or got back, in minor units of the shop's currency."""

    sku: str
    quantity: int
    unit_minor: int
    name: str | None = None
    kind: Kind = "goods"
    discount_minor: int = 0
    """Taken off the whole line."""
    line_no: int | None = None
    """The shop's own line number; counted from 1 when absent."""
    category: str | None = None
    """What the shop files the product under, as it was sold."""
    tags: Sequence[str] = ()
    """What the shop marks it with."""


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order, known by the shop's own number. Either `customer` (the shop's number), `member_id`, or a guest."""

    external_id: str
    placed_at: datetime
    lines: Sequence[NewLine]
    customer: str | None = None
    member_id: int | None = None
    paid_at: datetime | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class NewReturn:
    """Goods that came back. Without `order` it is matched to the member's own purchases, the latest first."""

    external_id: str
    returned_at: datetime
    lines: Sequence[NewLine]
    order: str | None = None
    """The number of the order it belongs to."""
    customer: str | None = None
    member_id: int | None = None


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """What is known of a delivery now. Sent again with more, it is completed; the first promise is kept for ever."""

    order: str
    """The shop's number of the order."""
    external_id: str
    carrier: str | None = None
    promised_at: datetime | None = None
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None


def completed(before: NewDelivery, after: NewDelivery) -> NewDelivery:
    """What is known of a delivery when `after` was sent after `before`; the upsert of deliveries says the same."""
    return replace(
        after,
        carrier=after.carrier or before.carrier,
        promised_at=before.promised_at or after.promised_at,
        shipped_at=after.shipped_at or before.shipped_at,
        delivered_at=after.delivered_at or before.delivered_at,
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one document of a batch."""

    external_id: str
    status: Literal["recorded", "amended", "replayed", "waiting", "refused"]
    """`waiting`: a return of an order that is not here yet, kept until it is."""
    document_id: int
    error: RegularsError | None = None


_LIMIT = 2**62  # beyond what any line may be; `refusals` names the line, an overflow would not


def _columns(schema: pa.Schema, records: Iterable[dict[str, object]]) -> pa.Table:
    return pa.Table.from_pylist([*records], schema=schema)


def _line_rows(documents: Sequence[NewOrder] | Sequence[NewReturn]) -> Iterable[dict[str, object]]:
    for index, document in enumerate(documents):
        for position, line in enumerate(document.lines, start=1):
            yield {
                "document": index,
                "line_no": line.line_no or position,
                "sku": line.sku,
                "name": line.name,
                "kind": line.kind,
                "quantity": line.quantity,
                "unit_minor": line.unit_minor,
                "amount_minor": max(-_LIMIT, min(_LIMIT, line.quantity * line.unit_minor - line.discount_minor)),
                "category": line.category,
                "tags": list(line.tags) or None,
            }


@dataclass(frozen=True, slots=True)
class Orders:
    """A batch of orders by columns: `documents` as in `ORDER`, `lines` as in `LINE`."""

    documents: pa.Table
    lines: pa.Table

    @classmethod
    def of(cls, orders: Sequence[NewOrder]) -> "Orders":
        """Lay orders out by columns."""
        documents = ({name: getattr(order, name) for name in ORDER.names} for order in orders)
        return cls(_columns(ORDER, documents), _columns(LINE, _line_rows(orders)))


@dataclass(frozen=True, slots=True)
class Returns:
    """A batch of returns by columns: `documents` as in `RETURN`, `lines` as in `LINE`."""

    documents: pa.Table
    lines: pa.Table

    @classmethod
    def of(cls, returns: Sequence[NewReturn]) -> "Returns":
        """Lay returns out by columns."""
        documents = ({name: getattr(one, name) for name in RETURN.names} for one in returns)
        return cls(_columns(RETURN, documents), _columns(LINE, _line_rows(returns)))


def numbers(table: pa.Table, column: str) -> Numbers:
    """A column without nulls as a NumPy array."""
    # Array, not ChunkedArray: the latter's to_numpy imports pandas wherever it is installed, which takes a second
    return table.column(column).combine_chunks().to_numpy(zero_copy_only=False).astype(np.int64, copy=False)


def _true(column: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    return column.combine_chunks().to_numpy(zero_copy_only=False)


def is_goods(lines: pa.Table) -> npt.NDArray[np.bool_]:
    """Which lines are of goods, the only ones that earn and count."""
    return _true(pc.equal(lines.column("kind"), "goods"))


def latest_names(lines: pa.Table, products: Numbers, times: Numbers) -> Numbers:
    """For each product of a batch the last line that names it, or its last line."""
    named = _true(lines.column("name").is_valid())
    order = np.lexsort((numbers(lines, "line_no"), times, named))
    last = np.zeros(products.max() + 1, np.int64)
    last[products[order]] = order  # where a product comes again, the later line stays
    return last


def moments(table: pa.Table, column: str) -> Numbers:
    """A column of times as microseconds since 1970."""
    return table.column(column).combine_chunks().cast(pa.int64()).to_numpy(zero_copy_only=False)


def instant(moment: int) -> datetime:
    """The time so many microseconds after 1970 began. Arrow, asked for it, takes ten times as long."""
    return EPOCH + timedelta(microseconds=moment)


_EARLIEST, _LATEST = (int(np.datetime64(year, "us").astype(np.int64)) for year in ("1900-01-01", "2200-01-01"))


def refusals(documents: pa.Table, lines: pa.Table) -> dict[int, BadDocument]:
    """Why documents of a batch cannot be recorded, by their row; empty when all can."""
    found: dict[int, BadDocument] = {}
    numbers_seen: set[str] = set()
    for row, external_id in enumerate(documents.column("external_id").to_pylist()):
        if not external_id or len(external_id) > 200:
            found[row] = BadDocument(field="external_id", value=external_id, remedy="give 1 to 200 characters")
        elif external_id in numbers_seen:
            found[row] = BadDocument(field="external_id", value=external_id, remedy="it occurs twice in this batch")
        numbers_seen.add(external_id or "")
    for name in {"placed_at", "paid_at", "returned_at"} & set(documents.column_names):
        for row in np.flatnonzero(_absurd(documents.column(name))).tolist():
            value = f"{documents.column(name)[row].cast(pa.int64()).as_py() // 31_556_952_000_000 + 1970:.0f}"
            found.setdefault(row, BadDocument(field=name, value=value, remedy="give a time from 1900 to 2199"))
    document, line_no = numbers(lines, "document"), numbers(lines, "line_no")
    for row in set(range(documents.num_rows)) - set(document.tolist()):
        found.setdefault(row, BadDocument(field="lines", value="empty", remedy="give at least one line"))
    _refuse(found, document, line_no < 1, lines, "line_no", "number lines from 1")
    pairs = document << np.int64(32) | line_no
    _refuse(found, document, ~_first(pairs), lines, "line_no", "number every line once")
    quantity, goods = numbers(lines, "quantity"), is_goods(lines)
    _refuse(
        found,
        document,
        (quantity < 1) | (quantity >= 2**31),
        lines,
        "quantity",
        "give a whole number from 1 to 2147483647",
    )
    amount = numbers(lines, "amount_minor")
    _refuse(found, document, (amount < 0) & goods, lines, "amount_minor", "a discount cannot exceed the line")
    _refuse(found, document, np.abs(amount) > 10**12, lines, "amount_minor", "give at most 10¹² minor units a line")
    _refuse(
        found,
        document,
        ~_true(pc.is_in(lines.column("kind"), pa.array(KINDS))),
        lines,
        "kind",
        f"use one of {', '.join(KINDS)}",
    )
    for places, name, value, remedy in refused_labels(lines):
        for row in document[places].tolist():
            found.setdefault(row, BadDocument(field=name, value=value, remedy=remedy))
    return found


def _absurd(times: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """Which times no order can have; a missing one is none of them."""
    micros = pc.fill_null(times.cast(pa.int64()), 0).combine_chunks().to_numpy(zero_copy_only=False)
    return (micros < _EARLIEST) | (micros >= _LATEST)


def _first(values: Numbers) -> npt.NDArray[np.bool_]:
    first = np.zeros(len(values), np.bool_)
    first[np.unique(values, return_index=True)[1]] = True
    return first


def _refuse(
    found: dict[int, BadDocument], document: Numbers, bad: npt.NDArray[Any], lines: pa.Table, column: str, remedy: str
) -> None:
    for index in np.flatnonzero(bad):
        value = lines.column(column)[int(index)].as_py()
        found.setdefault(int(document[index]), BadDocument(field=f"lines.{column}", value=value, remedy=remedy))


@dataclass(frozen=True, slots=True)
class Sold:
    """An order line of which something may still come back."""

    order_id: int
    line_no: int
    member_id: int | None
    product_id: int
    placed_at: datetime
    unit_minor: int
    quantity: int
    returned: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Came:
    """A returned line looking for its sale: `order_id` when the shop named the order."""

    row: int
    line_no: int
    member_id: int | None
    order_id: int | None
    product_id: int
    unit_minor: int
    quantity: int
    amount_minor: int
    returned_at: datetime


@dataclass(frozen=True, slots=True)
class Part:
    """So many pieces of a returned line, matched to an order line, or to none."""

    row: int
    line_no: int
    part_no: int
    product_id: int
    quantity: int
    amount_minor: int
    order_id: int | None
    order_line_no: int | None
    before: int
    beyond_minor: int = 0
    """Money beyond what its order line, named by the shop, cost and has not given back."""


@dataclass(slots=True)
class Shelf:
    """What can still come back, and how much of it is taken while a batch is matched."""

    sold: Sequence[Sold]
    given: dict[tuple[int, int], int] = field(default_factory=dict[tuple[int, int], int])
    """Money given back by order line; needed of the orders that are named."""
    taken: dict[tuple[int, int], int] = field(default_factory=dict[tuple[int, int], int])
    _by_order: dict[tuple[int, int], list[Sold]] = field(default_factory=lambda: defaultdict(list))
    _by_member: dict[tuple[int, int], list[Sold]] = field(default_factory=lambda: defaultdict(list))

    _paid: dict[tuple[int, int], int] = field(default_factory=dict[tuple[int, int], int])

    def __post_init__(self) -> None:
        self._paid = {(line.order_id, line.line_no): line.amount_minor for line in self.sold}
        for line in sorted(self.sold, key=lambda s: (s.placed_at, s.order_id, -s.line_no), reverse=True):
            self._by_order[line.order_id, line.product_id].append(line)
            if line.member_id is not None:
                self._by_member[line.member_id, line.product_id].append(line)

    def match(self, came: Came) -> list[Part]:
        """Match one returned line: to its order if that is named, else to the member's purchases, the latest first.

        Those at the price that is given back come before those at another.
        What finds no sale becomes a part without an order: the money went out, but nothing was earned on it here.
        """
        if came.order_id is not None:
            lines = self._by_order[came.order_id, came.product_id]
        else:
            lines = self._by_member[came.member_id, came.product_id] if came.member_id is not None else []
        parts: list[Part] = []
        left, paid = came.quantity, 0
        for line in [*sorted(lines, key=lambda sold: sold.unit_minor != came.unit_minor), None]:
            if line is None:
                pieces, before = left, 0
            elif came.order_id is None and line.placed_at > came.returned_at:
                continue
            else:
                before = line.returned + self.taken.get((line.order_id, line.line_no), 0)
                pieces = min(left, line.quantity - before)
            if pieces <= 0:
                continue
            left -= pieces
            share = came.amount_minor * (came.quantity - left) // came.quantity - paid
            paid += share
            order_id, order_line_no = (line.order_id, line.line_no) if line else (None, None)
            if line:
                self.taken[line.order_id, line.line_no] = before - line.returned + pieces
            parts.append(
                Part(
                    came.row,
                    came.line_no,
                    len(parts) + 1,
                    came.product_id,
                    pieces,
                    share,
                    order_id,
                    order_line_no,
                    before,
                )
            )
        return parts if came.order_id is None else self._priced(parts)

    def _priced(self, parts: list[Part]) -> list[Part]:
        """The parts with their money where it was paid: what is too much for one order line goes to the next."""
        room = {part.part_no: self._room(part) for part in parts}
        surplus = sum(max(0, part.amount_minor - room[part.part_no]) for part in parts)
        priced: list[Part] = []
        for part in parts:
            kept = min(part.amount_minor, room[part.part_no])
            more = surplus if part is parts[-1] else min(surplus, room[part.part_no] - kept)
            surplus -= more
            priced.append(
                replace(part, amount_minor=kept + more, beyond_minor=max(0, kept + more - room[part.part_no]))
            )
        for part in priced:
            if part.order_id is not None and part.order_line_no is not None:
                line = part.order_id, part.order_line_no
                self.given[line] = self.given.get(line, 0) + part.amount_minor
        return priced

    def _room(self, part: Part) -> int:
        """How much money may be given back for a part; nothing was earned on one without an order."""
        if part.order_id is None or part.order_line_no is None:
            return part.amount_minor
        line = part.order_id, part.order_line_no
        return max(0, max(0, self._paid[line]) - max(0, self.given.get(line, 0)))
