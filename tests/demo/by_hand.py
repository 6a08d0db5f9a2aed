"""The demonstration's figures, worked out from the raw file with nothing but loops: no SQL, none of our rules.

It follows docs/explanation/demo-data.md sentence by sentence and shares no code with what it checks, but for the
identifiers, which decide ties in the fifths of recency, frequency and money.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from pathlib import Path

import pyarrow.parquet as pq

from regulars.types import stable_id

SHIPPING = {"POST", "DOT", "C2"}
ADJUSTMENT = {"M", "m", "D", "S", "B", "BANK CHARGES", "AMAZONFEE", "CRUK"}


@dataclass
class Line:
    sku: str
    quantity: int
    price: int
    pence: int
    goods: bool
    returned: int = 0


@dataclass
class Document:
    number: str
    customer: int | None
    at: datetime
    lines: list[Line] = field(default_factory=list)

    @property
    def goods(self) -> int:
        return sum(line.pence for line in self.lines if line.goods)


class ByHand:
    def __init__(self, path: Path) -> None:
        self.rows = [tuple(row.values()) for row in pq.read_table(path).to_pylist()]
        self.dropped: Counter[str] = Counter()
        self.orders: dict[str, Document] = {}
        self.returns: dict[str, Document] = {}
        self.customers = {row[6] for row in self.rows if row[6] is not None}
        seen: set[tuple[object, ...]] = set()
        for row in self.rows:
            self._read(row, seen)

    def _read(self, row: tuple[object, ...], seen: set[tuple[object, ...]]) -> None:
        number, sku, _, quantity, at, price, customer, _ = row
        pence = round(price * 100)
        if number.startswith("A"):
            self.dropped["bookkeeping"] += 1
        elif row in seen:
            self.dropped["duplicate"] += 1
        elif quantity <= 0 and not number.startswith("C"):
            self.dropped["stock adjustment"] += 1
        elif pence == 0:
            self.dropped["no price"] += 1
        else:
            documents = self.returns if number.startswith("C") else self.orders
            document = documents.setdefault(number, Document(number, customer, at))
            document.at = min(document.at, at)
            goods = sku not in SHIPPING | ADJUSTMENT and not sku.startswith(("gift_", "TEST"))
            document.lines.append(Line(sku, abs(quantity), pence, abs(quantity) * pence, goods))
        seen.add(row)

    @cached_property
    def purchases(self) -> list[Document]:
        return [order for order in self.orders.values() if order.goods > 0]

    @cached_property
    def by_customer(self) -> dict[int, list[Document]]:
        found: defaultdict[int, list[Document]] = defaultdict(list)
        for order in sorted(self.purchases, key=lambda o: (o.at, o.number)):
            if order.customer is not None:
                found[order.customer].append(order)
        return found

    def revenue(self) -> int:
        return sum(order.goods for order in self.purchases)

    def refunds(self) -> int:
        return sum(one.goods for one in self.returns.values())

    def repurchase_rate(self) -> float:
        days = {customer: {order.at.date() for order in orders} for customer, orders in self.by_customer.items()}
        return sum(len(one) >= 2 for one in days.values()) / len(days)

    def cohorts(self) -> dict[tuple[date, int], int]:
        """Members by month of the first purchase and months since, with a purchase in that month."""
        cells: defaultdict[tuple[date, int], set[int]] = defaultdict(set)
        for customer, orders in self.by_customer.items():
            first = orders[0].at
            for order in orders:
                months = (order.at.year - first.year) * 12 + order.at.month - first.month
                cells[date(first.year, first.month, 1), months].add(customer)
        return {cell: len(members) for cell, members in cells.items()}

    def rfm(self) -> dict[str, tuple[int, int, int]]:
        """The three fifths of every customer; ties go by member id."""
        refunded: Counter[int] = Counter()
        for one in self.returns.values():
            if one.customer is not None:
                refunded[one.customer] += one.goods
        last = {c: max(order.at.date() for order in orders) for c, orders in self.by_customer.items()}
        count = {c: len(orders) for c, orders in self.by_customer.items()}
        spend = {c: sum(order.goods for order in orders) - refunded[c] for c, orders in self.by_customer.items()}
        scores = [_fifths(values) for values in (last, count, spend)]
        return {str(c): (scores[0][c], scores[1][c], scores[2][c]) for c in self.by_customer}

    @cached_property
    def points(self) -> tuple[dict[str, int], dict[str, int]]:
        """Each customer's points before and after all returns: 1 for every full 10 pence of each line of goods."""
        earned: Counter[str] = Counter()
        for order in self.purchases:
            if order.customer is not None:
                earned[str(order.customer)] += sum(line.pence // 10 for line in order.lines if line.goods)
        after = Counter(earned)
        after.subtract(self._taken_back())
        return dict(earned), dict(after)

    @property
    def stamps(self) -> tuple[dict[str, int], dict[str, int]]:
        """Each customer's stamps before and after all returns: 1 for an order from 20 pounds, 2 from November on."""
        assert self.points  # notes on the lines what came back of them
        found: tuple[Counter[str], Counter[str]] = Counter(), Counter()
        for order in self.purchases:
            kept = sum(one.pence - one.pence * one.returned // one.quantity for one in order.lines if one.goods)
            for stamps, goods in zip(found, (order.goods, kept), strict=True):
                if order.customer is not None and goods >= 2000:
                    stamps[str(order.customer)] += 2 if (order.at.year, order.at.month) >= (2011, 11) else 1
        return dict(found[0]), dict(found[1])

    def _taken_back(self) -> Counter[str]:
        """What returns take, the latest purchase first, in the order in which things came back."""
        taken: Counter[str] = Counter()
        for back in sorted(self.returns.values(), key=lambda one: (one.at, one.number)):
            for line in back.lines:
                left = line.quantity
                for order, sold in self._sold(back, line):
                    pieces = min(left, sold.quantity - sold.returned)
                    if sold.goods and order.goods > 0:
                        points = sold.pence // 10
                        taken[str(back.customer)] += points * (sold.returned + pieces) // sold.quantity
                        taken[str(back.customer)] -= points * sold.returned // sold.quantity
                    sold.returned += pieces
                    left -= pieces
        return taken

    def _sold(self, back: Document, came: Line) -> list[tuple[Document, Line]]:
        if back.customer is None:
            return []
        orders = sorted(self._all_of(back.customer), key=lambda o: (o.at, stable_number(o)), reverse=True)
        sold = [
            (order, line) for order in orders if order.at <= back.at for line in order.lines if line.sku == came.sku
        ]
        return sorted(sold, key=lambda one: one[1].price != came.price)

    def _all_of(self, customer: int) -> list[Document]:
        return self._orders_by_customer[customer]

    @cached_property
    def _orders_by_customer(self) -> dict[int, list[Document]]:
        found: defaultdict[int, list[Document]] = defaultdict(list)
        for order in self.orders.values():
            if order.customer is not None:
                found[order.customer].append(order)
        return found

    def tiers(self) -> Counter[str]:
        """Each customer's tier on 10 December 2011 by what twelve months' goods cost, less what came back of them."""
        spend: Counter[int] = Counter()
        for order in self.purchases:
            if order.customer is not None and order.at.date() >= date(2010, 12, 10):
                for line in order.lines:
                    if line.goods:
                        spend[order.customer] += line.pence - line.pence * line.returned // line.quantity
        tiers: Counter[str] = Counter()
        for customer in self.customers:
            pence = spend[customer]
            tiers["gold" if pence >= 500_000 else "silver" if pence >= 100_000 else "bronze"] += 1
        return tiers


SHOP = stable_id("shop", "online-retail")


def stable_number(order: Document) -> int:
    """Two orders of the same minute are told apart by their identifiers."""
    return stable_id("order", SHOP, order.number)


def _fifths(values: dict[int, object]) -> dict[int, int]:
    ranked = sorted(values, key=lambda c: (values[c], stable_id("member", "online-retail", c)))
    size, extra = divmod(len(ranked), 5)
    scores: dict[int, int] = {}
    start = 0
    for score in range(1, 6):
        end = start + size + (1 if score <= extra else 0)
        scores |= dict.fromkeys(ranked[start:end], score)
        start = end
    return scores
