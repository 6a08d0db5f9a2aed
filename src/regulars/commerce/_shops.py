"""The shops whose orders come in."""

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo, available_timezones

from babel.numbers import list_currencies

from regulars.commerce import _queries
from regulars.commerce._records import Shop
from regulars.errors import Conflict, Invalid, NotFound
from regulars.storage import Transaction
from regulars.types import ShopId, stable_id, to_public


class ShopNotFound(NotFound):
    """There is no shop {shop}."""


class BadShop(Invalid):
    """{field} is {value!r}: {remedy}."""


class ShopExists(Conflict):
    """Shop {code} is already open with {field} {value}, which cannot be changed under its orders."""


def open_shop(tx: Transaction, code: str, *, name: str, currency: str, time_zone: str, at: datetime) -> Shop:
    """Open a shop, or find it open with the same currency and time zone.

    Raises:
        BadShop: a field cannot be used.
        ShopExists: it is open with another currency or time zone.
    """
    if not re.fullmatch(r"[a-z0-9_-]{1,64}", code):
        raise BadShop(field="code", value=code, remedy="use a-z, 0-9, - and _, at most 64 characters")
    if currency not in list_currencies():
        raise BadShop(field="currency", value=currency, remedy="give an ISO 4217 code such as GBP")
    if time_zone not in available_timezones():
        raise BadShop(field="time_zone", value=time_zone, remedy="give an IANA name such as Europe/London")
    if not name.strip() or not name.isprintable():
        raise BadShop(field="name", value=name, remedy="give printable text")
    shop = Shop(ShopId(stable_id("shop", code)), code, name.strip(), currency, time_zone, at)
    _queries.insert_shop(tx, shop=shop)
    opened = find_shop(tx, shop.shop_id)
    for field in ("currency", "time_zone"):
        if getattr(opened, field) != getattr(shop, field):
            raise ShopExists(code=code, field=field, value=getattr(opened, field))
    return opened


def find_shop(tx: Transaction, shop_id: int) -> Shop:
    """One shop.

    Raises:
        ShopNotFound: there is no such shop.
    """
    for shop in _queries.select_shops(tx, shop_id=shop_id, code=None):
        return shop
    raise ShopNotFound(shop=to_public("shop", shop_id))


def shop_by_code(tx: Transaction, code: str) -> Shop:
    """The shop with a code.

    Raises:
        ShopNotFound: there is no such shop.
    """
    for shop in _queries.select_shops(tx, shop_id=None, code=code):
        return shop
    raise ShopNotFound(shop=code)


def today(tx: Transaction, *, at: datetime) -> date:
    """The day it is in the first shop opened; in UTC while there is none."""
    opened = sorted(shops(tx), key=lambda shop: shop.created_at)
    return at.astimezone(ZoneInfo(opened[0].time_zone if opened else "UTC")).date()


def shops(tx: Transaction) -> list[Shop]:
    """Every shop, by code."""
    return _queries.select_shops(tx, shop_id=None, code=None)
