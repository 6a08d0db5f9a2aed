"""What the shop sold and what came of it: shops, products, orders, returns, deliveries, and importing them.

The invariant: a document (order, return) is known by its shop's own number. The same document again changes nothing, a
different one under the same number is refused unless it is called a revision, no more of a line can come back than was sold, and a return that names
its order is not older than it and gives back no more than it cost.

    shop = commerce.open_shop(tx, "uk", name="Gifts", currency="GBP", time_zone="Europe/London", at=now)
    order = NewOrder("536365", placed_at, customer="17850", lines=[NewLine("85123A", 6, 255)])
    [outcome] = commerce.record_orders(tx, shop, Orders.of([order]), at=now)
    commerce.find_order(tx, outcome.document_id).order.goods_minor  # 1530
"""

from regulars.commerce._deliveries import record_deliveries
from regulars.commerce._orders import cancel_order, find_order, find_orders, list_orders, pay_order, record_orders
from regulars.commerce._records import Delivery, Order, OrderDetail, OrderLine, Return, ReturnLine, Shop
from regulars.commerce._returns import find_returns, list_returns, record_early_returns, record_returns
from regulars.commerce._revisions import RevisionRefused, revise_order
from regulars.commerce._rules import (
    BadDocument,
    NewDelivery,
    NewLine,
    NewOrder,
    NewReturn,
    OrderCancelled,
    OrderChanged,
    OrderNotFound,
    Orders,
    Outcome,
    OverRefunded,
    OverReturned,
    ReturnChanged,
    Returns,
)
from regulars.commerce._shops import BadShop, ShopExists, ShopNotFound, find_shop, open_shop, shop_by_code, shops, today
from regulars.commerce.connectors import Import, ImportNotFound, find_import, list_imports

__all__ = [
    "BadDocument",
    "BadShop",
    "Delivery",
    "Import",
    "ImportNotFound",
    "NewDelivery",
    "NewLine",
    "NewOrder",
    "NewReturn",
    "Order",
    "OrderCancelled",
    "OrderChanged",
    "OrderDetail",
    "OrderLine",
    "OrderNotFound",
    "Orders",
    "Outcome",
    "OverRefunded",
    "OverReturned",
    "Return",
    "ReturnChanged",
    "ReturnLine",
    "Returns",
    "RevisionRefused",
    "Shop",
    "ShopExists",
    "ShopNotFound",
    "cancel_order",
    "find_import",
    "find_order",
    "find_orders",
    "find_returns",
    "find_shop",
    "list_imports",
    "list_orders",
    "list_returns",
    "open_shop",
    "pay_order",
    "record_deliveries",
    "record_early_returns",
    "record_orders",
    "record_returns",
    "revise_order",
    "shop_by_code",
    "shops",
    "today",
]
