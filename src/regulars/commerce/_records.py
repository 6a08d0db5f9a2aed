"""The rows of commerce, and an order as a reader sees it. Amounts are minor units of the currency beside them."""

from dataclasses import dataclass
from datetime import datetime

from regulars.types import ShopId


@dataclass(frozen=True, slots=True)
class Shop:
    """One row of `commerce_shops`."""

    shop_id: ShopId
    code: str
    name: str
    currency: str
    time_zone: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Order:
    """One row of `commerce_orders`. Amounts are minor units of `currency`."""

    order_id: int
    shop_id: int
    external_id: str
    member_id: int | None
    placed_at: datetime
    paid_at: datetime | None
    cancelled_at: datetime | None
    currency: str
    country: str | None
    goods_minor: int
    total_minor: int
    recorded_at: datetime
    fingerprint: int


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A line of an order, with its product."""

    line_no: int
    product_id: int
    sku: str
    name: str
    kind: str
    quantity: int
    unit_minor: int
    amount_minor: int
    returned: int
    category: str | None
    tags: list[str]


@dataclass(frozen=True, slots=True)
class Return:
    """One row of `commerce_returns`."""

    return_id: int
    shop_id: int
    external_id: str
    member_id: int | None
    returned_at: datetime
    currency: str
    goods_minor: int
    total_minor: int
    fingerprint: int


@dataclass(frozen=True, slots=True)
class ReturnLine:
    """What of an order came back with which return."""

    return_id: int
    external_id: str
    returned_at: datetime
    sku: str
    name: str
    quantity: int
    amount_minor: int
    order_line_no: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """One row of `commerce_deliveries`."""

    delivery_id: int
    order_id: int
    external_id: str
    carrier: str | None
    promised_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True)
class OrderDetail:
    """An order with its lines, what came back of them and how it was delivered."""

    order: Order
    lines: list[OrderLine]
    returns: list[ReturnLine]
    deliveries: list[Delivery]
