"""Shops."""

from datetime import datetime
from typing import Annotated

from litestar import Response
from litestar.params import JSONBody
from msgspec import Meta, Struct

from regulars import commerce
from regulars.access import Permission
from regulars.api._calls import Call
from regulars.api._paging import Page
from regulars.api._routes import creating, reading
from regulars.api._shapes import Currency, Id, Text
from regulars.commerce import BadShop, ShopExists
from regulars.storage import Transaction
from regulars.types import to_public

TAG = "Shops"


class Shop(Struct):
    """A shop whose orders come in."""

    id: Id
    code: str
    name: str
    currency: str
    time_zone: str
    created_at: datetime


class NewShop(Struct, forbid_unknown_fields=True):
    """A shop to open."""

    code: Annotated[str, Meta(pattern="^[a-z0-9_-]{1,64}$", description="Its short name for ever.", examples=["uk"])]
    name: Annotated[Text, Meta(examples=["Gifts & Co"])]
    currency: Currency
    time_zone: Annotated[
        Text, Meta(description="An IANA name; its days are the shop's days.", examples=["Europe/London"])
    ]


def shop(one: commerce.Shop) -> Shop:
    """A shop as callers see it."""
    return Shop(to_public("shop", one.shop_id), one.code, one.name, one.currency, one.time_zone, one.created_at)


@reading("/shops", tag=TAG)
def list_shops(call: Call) -> Response[Page[Shop]]:
    """List the shops, by code."""
    return call.read(lambda tx: Page([shop(one) for one in commerce.shops(tx)], None))


@creating("/shops", tag=TAG, permission=Permission.CONFIGURE, refusals=[BadShop, ShopExists])
def open_shop(call: Call, data: JSONBody[NewShop]) -> Response[Shop]:
    """Open a shop.

    Opening one that is open with the same currency and time zone answers with it and changes nothing.
    """

    def work(tx: Transaction, at: datetime) -> Shop:
        opened = commerce.open_shop(
            tx, data.code, name=data.name, currency=data.currency, time_zone=data.time_zone, at=at
        )
        return shop(opened)

    return call.write(work)


HANDLERS = (list_shops, open_shop)
