"""The types that requests and answers share, and how what a caller names is found."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Final

from msgspec import Meta

from regulars import commerce, members
from regulars.errors import Invalid
from regulars.storage import Transaction
from regulars.types import MalformedId, from_public, to_public

_LINE: Final = r"^[^\x00-\x1f\x7f]*$"
Text = Annotated[str, Meta(min_length=1, max_length=200, pattern=_LINE)]
Name = Annotated[str, Meta(max_length=200, pattern=_LINE)]
Words = Annotated[str, Meta(max_length=2000, pattern=r"^[^\x00]*$")]
Minor = Annotated[int, Meta(ge=-(10**12), le=10**12, description="Minor units of the currency, pence for instance.")]
Points = Annotated[int, Meta(ge=1, le=10**12, description="How many points.")]
Country = Annotated[str, Meta(max_length=200, pattern=_LINE, description="The country, as the shop writes it.")]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$", description="An ISO 4217 code.", examples=["GBP"])]
LineCategory = Annotated[
    Text,
    Meta(description="What the shop files the product under, as it was sold. Rules can ask for it.", examples=["Tea"]),
]
LineTags = Annotated[
    list[Annotated[str, Meta(min_length=1, max_length=100, pattern=_LINE)]],
    Meta(max_length=20, description="What the shop marks it with, as it was sold."),
]
ShopRef = Annotated[Text, Meta(description="A shop: its code or our id.", examples=["uk"])]
MemberRef = Annotated[
    Text,
    Meta(
        description="A member: our id, or `issuer:value` such as `email:ada@example.com`.",
        examples=["mem_04h8z2k1q9x0b"],
    ),
]
Instant = Annotated[
    datetime, Meta(tz=True, description="RFC 3339, with an offset from UTC.", examples=["2026-03-02T12:00:00Z"])
]
Day = Annotated[date, Meta(description="A day in each shop's own time zone.", examples=["2026-03-02"])]

Id = Annotated[str, Meta(description="Our id.")]

_FIRST, _LAST = 1900, 2199


class ImpossibleDate(Invalid):
    """{field} is {value}: {remedy}."""


def sensible(field: str, moment: datetime | None) -> None:
    """Refuse moments no shop can mean; calendars and databases end somewhere, and arithmetic near it fails.

    Raises:
        ImpossibleDate: it is before 1900 or after 2199.
    """
    if moment is not None and not _FIRST <= moment.year <= _LAST:
        raise ImpossibleDate(field=field, value=moment.isoformat(), remedy="give a moment from 1900 to 2199")


def sensible_day(field: str, day: date) -> None:
    """As `sensible`, for a day.

    Raises:
        ImpossibleDate: it is before 1900 or after 2199.
    """
    if not _FIRST <= day.year <= _LAST:
        raise ImpossibleDate(field=field, value=day.isoformat(), remedy="give a day from 1900 to 2199")


def named_member(named: str) -> int | tuple[str, str]:
    """What a caller names a member by: our identifier, or issuer and value, where `ext` is our own callers' numbers.

    Raises:
        MemberNotFound: it names nobody.
    """
    issuer, colon, value = named.partition(":")
    if colon and value and named.isprintable():
        if issuer == "email":
            value = value.strip().lower()
        return (members.DIRECT if issuer == "ext" else issuer), value
    try:
        return from_public("mem", named)
    except MalformedId as error:
        raise members.MemberNotFound(member=named) from error


def find_member(tx: Transaction, named: str) -> members.Member:
    """The member a caller names: `mem_…`, or `issuer:value`.

    Raises:
        MemberNotFound: there is none.
    """
    name = named_member(named)
    return members.find(tx, name) if isinstance(name, int) else members.by_identity(tx, *name)


def find_shop(tx: Transaction, named: str) -> commerce.Shop:
    """The shop a caller names: its code, or `shop_…`.

    Raises:
        ShopNotFound: there is none.
    """
    try:
        return commerce.find_shop(tx, from_public("shop", named))
    except MalformedId:
        if not named.isprintable():
            raise commerce.ShopNotFound(shop=named) from None
        return commerce.shop_by_code(tx, named)


def member_id_of(tx: Transaction, named: str | None) -> int | None:
    """As `find_member`, only its identifier; None for None."""
    return None if named is None else find_member(tx, named).member_id


def shop_id_of(tx: Transaction, named: str | None) -> int | None:
    """As `find_shop`, only its identifier; None for None."""
    return None if named is None else find_shop(tx, named).shop_id


def shop_codes(tx: Transaction) -> Mapping[int, str]:
    """The code of every shop, by its identifier."""
    return {one.shop_id: one.code for one in commerce.shops(tx)}


def shown(prefix: str, identifier: int | None) -> str | None:
    """An identifier as callers see it; None for None."""
    return None if identifier is None else to_public(prefix, identifier)
