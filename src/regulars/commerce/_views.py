"""What a reader of one order sees together."""

from dataclasses import dataclass

from regulars.commerce._queries import Delivery, Order, OrderLine, ReturnLine


@dataclass(frozen=True, slots=True)
class OrderDetail:
    """An order with its lines, what came back of them and how it was delivered."""

    order: Order
    lines: list[OrderLine]
    returns: list[ReturnLine]
    deliveries: list[Delivery]
