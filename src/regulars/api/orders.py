"""Orders, their payment and cancellation."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct
from msgspec.structs import asdict

from regulars import commerce
from regulars.access import Permission
from regulars.api._calls import Call
from regulars.api._documents import MOST, NewDocument, NewLines, Outcomes, alone, as_commerce_takes, outcomes
from regulars.api._paging import After, Int64, Limit, Page, from_cursor, page_of
from regulars.api._routes import creating, reading
from regulars.api._shapes import (
    Country,
    Id,
    ImpossibleDate,
    Instant,
    MemberRef,
    Name,
    ShopRef,
    find_shop,
    member_id_of,
    sensible,
    shop_codes,
    shop_id_of,
    shown,
)
from regulars.commerce import (
    BadDocument,
    OrderCancelled,
    OrderChanged,
    OrderNotFound,
    Orders,
    RevisionRefused,
    ShopNotFound,
)
from regulars.insight import BadCursor
from regulars.members import BadMember, MemberNotFound
from regulars.storage import Transaction
from regulars.types import MalformedId, from_public, stable_id, to_public

TAG = "Orders"


class Order(Struct):
    """An order. Amounts are minor units of its currency."""

    id: Id
    shop: Annotated[str, Meta(description="The shop's code.")]
    external_id: str
    member: Annotated[str | None, Meta(description="Null: a guest.")]
    placed_at: datetime
    paid_at: datetime | None
    cancelled_at: datetime | None
    currency: str
    country: str | None
    goods_minor: Annotated[int, Meta(description="Its goods, after discounts; what points and tiers count.")]
    total_minor: Annotated[int, Meta(description="All its lines.")]


class Line(Struct):
    """A line of an order."""

    line_no: int
    sku: str
    name: str
    kind: str
    quantity: int
    unit_minor: int
    amount_minor: Annotated[int, Meta(description="What was paid for the line, after discounts.")]
    returned: Annotated[int, Meta(description="How many of it have come back.")]
    category: Annotated[str | None, Meta(description="What it was filed under.")]
    tags: Annotated[list[str], Meta(description="What it was marked with.")]


class CameBack(Struct):
    """What of an order came back."""

    return_id: str
    external_id: str
    returned_at: datetime
    line_no: Annotated[int, Meta(description="The line of the order.")]
    sku: str
    quantity: int
    amount_minor: Annotated[int, Meta(description="Money given back.")]


class Delivery(Struct):
    """How an order, or part of it, was delivered."""

    external_id: str
    carrier: str | None
    promised_at: Annotated[datetime | None, Meta(description="The first promise.")]
    shipped_at: datetime | None
    delivered_at: datetime | None


class OrderDetail(Struct):
    """An order with its lines, what came back of them and how it was delivered."""

    order: Order
    lines: list[Line]
    returns: list[CameBack]
    deliveries: list[Delivery]


class NewOrder(NewDocument, forbid_unknown_fields=True, kw_only=True):
    """An order as the shop knows it. With neither `customer` nor `member` it is a guest's."""

    placed_at: Instant
    paid_at: Annotated[Instant | None, Meta(description="When it was paid; it earns points from then on.")] = None
    country: Country | None = None


class NewShopOrder(NewOrder, forbid_unknown_fields=True, kw_only=True):
    """An order of a shop."""

    shop: ShopRef


class NewOrders(Struct, forbid_unknown_fields=True):
    """Orders of one shop."""

    shop: ShopRef
    orders: Annotated[list[NewOrder], Meta(min_length=1, max_length=MOST)]


class Payment(Struct, forbid_unknown_fields=True):
    """A payment of a whole order."""

    paid_at: Annotated[Instant | None, Meta(description="Now when left out.")] = None


class Revision(Struct, forbid_unknown_fields=True):
    """What an order became: all its lines."""

    lines: NewLines
    paid_at: Annotated[Instant | None, Meta(description="When it was paid, if it had not been.")] = None


class Cancellation(Struct, forbid_unknown_fields=True):
    """A cancellation of a whole order."""

    cancelled_at: Annotated[Instant | None, Meta(description="Now when left out.")] = None


class Search(Struct, forbid_unknown_fields=True):
    """Which orders; everything given must hold."""

    shop: ShopRef | None = None
    member: MemberRef | None = None
    number: Annotated[Name | None, Meta(description="The shop's number, or how it begins.")] = None
    state: Annotated[
        Literal["paid", "unpaid", "cancelled", "returned"] | None, Meta(description="`returned`: something came back.")
    ] = None
    placed_from: Instant | None = None
    placed_until: Annotated[Instant | None, Meta(description="Up to, not including.")] = None
    limit: Limit = 50
    after: After | None = None


def _order(one: commerce.Order, shops: Mapping[int, str]) -> Order:
    return Order(
        id=to_public("ord", one.order_id),
        shop=shops[one.shop_id],
        external_id=one.external_id,
        member=shown("mem", one.member_id),
        placed_at=one.placed_at,
        paid_at=one.paid_at,
        cancelled_at=one.cancelled_at,
        currency=one.currency,
        country=one.country,
        goods_minor=one.goods_minor,
        total_minor=one.total_minor,
    )


def _detail(tx: Transaction, order_id: int) -> OrderDetail:
    found = commerce.find_order(tx, order_id)
    return OrderDetail(
        _order(found.order, shop_codes(tx)),
        [
            Line(
                line_no=one.line_no,
                sku=one.sku,
                name=one.name,
                kind=one.kind,
                quantity=one.quantity,
                unit_minor=one.unit_minor,
                amount_minor=one.amount_minor,
                returned=one.returned,
                category=one.category,
                tags=one.tags,
            )
            for one in found.lines
        ],
        [
            CameBack(
                to_public("ret", one.return_id),
                one.external_id,
                one.returned_at,
                one.order_line_no,
                one.sku,
                one.quantity,
                one.amount_minor,
            )
            for one in found.returns
        ],
        [
            Delivery(one.external_id, one.carrier, one.promised_at, one.shipped_at, one.delivered_at)
            for one in found.deliveries
        ],
    )


def find_order_id(tx: Transaction, named: str) -> int:
    """The order a caller names: `ord_…`, or `shop:number`.

    Raises:
        OrderNotFound, ShopNotFound: there is none.
    """
    shop, colon, number = named.partition(":")
    if colon and number:
        return stable_id("order", find_shop(tx, shop).shop_id, number)
    try:
        return from_public("ord", named)
    except MalformedId as error:
        raise OrderNotFound(order=named) from error


def _record(tx: Transaction, shop: str, new: Sequence[NewOrder], at: datetime) -> list[commerce.Outcome]:
    for one in new:
        sensible("placed_at", one.placed_at)
        sensible("paid_at", one.paid_at)
    orders = as_commerce_takes(tx, new, commerce.NewOrder)
    return commerce.record_orders(tx, find_shop(tx, shop), Orders.of(orders), at=at)


_REFUSALS = (ShopNotFound, MemberNotFound, BadMember, BadDocument, OrderChanged, ImpossibleDate)


@creating("/orders", tag=TAG, permission=Permission.RECORD, statuses=[200], refusals=_REFUSALS)
def record_order(call: Call, data: JSONBody[NewShopOrder]) -> Response[OrderDetail]:
    """Record an order.

    The same order again changes nothing and is answered with status 200; with more lines than before it is amended;
    with anything else changed it is refused. Points and tier are there when the answer arrives.
    """
    status: list[int] = []

    def work(tx: Transaction, at: datetime) -> OrderDetail:
        outcome = alone(_record(tx, data.shop, [data], at))
        status[:] = [201 if outcome.status == "recorded" else 200]
        return _detail(tx, outcome.document_id)

    return call.write(work, status=lambda _: status[0], react=True)


@creating("/orders/batch", tag=TAG, permission=Permission.RECORD, status_code=200, refusals=_REFUSALS)
def record_orders(call: Call, data: JSONBody[NewOrders]) -> Response[Outcomes]:
    """Record up to 1,000 orders of one shop.

    Each is recorded or refused by itself, as alone. A member or a shop that is not there refuses the whole batch.
    """
    return call.write(lambda tx, at: outcomes("ord", _record(tx, data.shop, data.orders, at)), react=True)


@reading("/orders", tag=TAG, refusals=[ShopNotFound, MemberNotFound, BadCursor])
def list_orders(call: Call, asked: NamedDependency[Search]) -> Response[Page[Order]]:
    """List orders, the latest first."""
    before = from_cursor(asked.after, tuple[Instant, Int64])

    def work(tx: Transaction) -> Page[Order]:
        shops = shop_codes(tx)
        rows = commerce.list_orders(
            tx,
            shop_id=shop_id_of(tx, asked.shop),
            member_id=member_id_of(tx, asked.member),
            number=asked.number or None,
            state=asked.state,
            placed_from=asked.placed_from,
            placed_until=asked.placed_until,
            before=before,
            limit=asked.limit + 1,
        )
        return page_of(rows, asked.limit, lambda row: _order(row, shops), lambda row: (row.placed_at, row.order_id))

    return call.read(work)


@reading("/orders/{order:str}", tag=TAG, refusals=[OrderNotFound, ShopNotFound])
def read_order(call: Call, order: FromPath[str]) -> Response[OrderDetail]:
    """Read an order with its lines, returns and deliveries."""
    return call.read(lambda tx: _detail(tx, find_order_id(tx, order)))


_DONE = (OrderNotFound, ShopNotFound, ImpossibleDate)


@creating("/orders/{order:str}/payment", tag=TAG, permission=Permission.RECORD, refusals=[*_DONE, OrderCancelled])
def pay_order(call: Call, order: FromPath[str], data: JSONBody[Payment]) -> Response[OrderDetail]:
    """Note that an order was paid.

    Paying it again changes nothing. Points and tier are there when the answer arrives.
    """
    sensible("paid_at", data.paid_at)

    def work(tx: Transaction, at: datetime) -> OrderDetail:
        paid = commerce.pay_order(tx, find_order_id(tx, order), at=at, paid_at=data.paid_at)
        return _detail(tx, paid.order_id)

    return call.write(work, react=True)


@creating("/orders/{order:str}/cancellation", tag=TAG, permission=Permission.RECORD, refusals=_DONE)
def cancel_order(call: Call, order: FromPath[str], data: JSONBody[Cancellation]) -> Response[OrderDetail]:
    """Cancel an order as a whole.

    Its points and what it counts towards a tier are taken back. Cancelling it again changes nothing.
    """
    sensible("cancelled_at", data.cancelled_at)

    def work(tx: Transaction, at: datetime) -> OrderDetail:
        cancelled = commerce.cancel_order(tx, find_order_id(tx, order), at=at, cancelled_at=data.cancelled_at)
        return _detail(tx, cancelled.order_id)

    return call.write(work, react=True)


_REVISION_REFUSALS = (*_DONE, BadDocument, RevisionRefused)


@creating("/orders/{order:str}/revision", tag=TAG, permission=Permission.RECORD, refusals=_REVISION_REFUSALS)
def revise_order(call: Call, order: FromPath[str], data: JSONBody[Revision]) -> Response[OrderDetail]:
    """Replace an order's lines: an exchange, another price, a part that is sent later, an order that is opened again.

    Points and tier follow the difference to the version before. What came back stays back: its lines keep their numbers and
    as many pieces. The same lines again change nothing.
    """
    sensible("paid_at", data.paid_at)
    lines = [commerce.NewLine(**asdict(line)) for line in data.lines]

    def work(tx: Transaction, at: datetime) -> OrderDetail:
        revised = commerce.revise_order(tx, find_order_id(tx, order), lines, at=at, paid_at=data.paid_at)
        return _detail(tx, revised.order_id)

    return call.write(work, react=True)


HANDLERS = (record_order, record_orders, list_orders, read_order, pay_order, cancel_order, revise_order)
