"""Deliveries: what was promised, when it was shipped and when it arrived."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from litestar import Response
from litestar.params import JSONBody
from msgspec import Meta, Struct
from msgspec.structs import asdict

from regulars import commerce
from regulars.access import Permission
from regulars.api._calls import Call
from regulars.api._documents import MOST, Outcome, Outcomes, alone, outcomes
from regulars.api._routes import creating
from regulars.api._shapes import ImpossibleDate, Instant, ShopRef, Text, find_shop, sensible
from regulars.commerce import OrderNotFound, ShopNotFound
from regulars.storage import Transaction

TAG = "Deliveries"


class NewDelivery(Struct, forbid_unknown_fields=True):
    """What is known of a delivery now. Sent again with more, it is completed; the first promise is kept for ever."""

    order: Annotated[Text, Meta(description="The shop's number of the order.", examples=["536365"])]
    external_id: Annotated[Text, Meta(description="The carrier's or the shop's number.", examples=["JD0002-1"])]
    carrier: Text | None = None
    promised_at: Annotated[Instant | None, Meta(description="By when the customer was told it would be there.")] = None
    shipped_at: Instant | None = None
    delivered_at: Instant | None = None


class NewShopDelivery(NewDelivery, forbid_unknown_fields=True, kw_only=True):
    """A delivery of a shop's order."""

    shop: ShopRef


class NewDeliveries(Struct, forbid_unknown_fields=True):
    """Deliveries of one shop's orders."""

    shop: ShopRef
    deliveries: Annotated[list[NewDelivery], Meta(min_length=1, max_length=MOST)]


def _record(tx: Transaction, shop: str, new: Sequence[NewDelivery], at: datetime) -> list[commerce.Outcome]:
    for one in new:
        for field in ("promised_at", "shipped_at", "delivered_at"):
            sensible(field, getattr(one, field))
    known = commerce.NewDelivery.__dataclass_fields__
    deliveries = [
        commerce.NewDelivery(**{name: value for name, value in asdict(one).items() if name in known}) for one in new
    ]
    return commerce.record_deliveries(tx, find_shop(tx, shop), deliveries, at=at)


_REFUSALS = (ShopNotFound, OrderNotFound, ImpossibleDate)


@creating("/deliveries", tag=TAG, permission=Permission.RECORD, refusals=_REFUSALS)
def record_delivery(call: Call, data: JSONBody[NewShopDelivery]) -> Response[Outcome]:
    """Record a delivery, or complete it."""

    def work(tx: Transaction, at: datetime) -> Outcome:
        return outcomes("dlv", [alone(_record(tx, data.shop, [data], at))]).items[0]

    return call.write(work)


@creating("/deliveries/batch", tag=TAG, permission=Permission.RECORD, status_code=200, refusals=_REFUSALS)
def record_deliveries(call: Call, data: JSONBody[NewDeliveries]) -> Response[Outcomes]:
    """Record up to 1,000 deliveries of one shop's orders, each by itself.

    Several entries of one delivery complete each other, as if they were sent one after the other.
    """
    return call.write(lambda tx, at: outcomes("dlv", _record(tx, data.shop, data.deliveries, at)))


HANDLERS = (record_delivery, record_deliveries)
