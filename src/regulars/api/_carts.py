"""Carts and codes as callers write them, and how whoever guesses codes is slowed."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Final, TypeVar

from litestar import Response
from msgspec import Meta, Struct

from regulars.api._calls import ApiCall
from regulars.api._shapes import Currency, MemberRef, Text, find_member
from regulars.programme import coupons, guesses
from regulars.programme.guesses import CodeUnknown, TooManyGuesses
from regulars.storage import Transaction
from regulars.types import to_public

Content = TypeVar("Content")
_LINE: Final = r"^[^\x00-\x1f\x7f]*$"
Code = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=100,
        pattern=_LINE,
        description="A code, however it was typed: case, spaces and look-alikes are forgiven.",
        examples=["SUMMER-7K2M-9QXA-41CD"],
    ),
]
Reference150 = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=150,
        pattern=_LINE,
        description="Your own name for this: sent again, it is done once.",
        examples=["basket-000123"],
    ),
]
Checkout = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=150,
        pattern=_LINE,
        description="Your own name for the checkout, or the order.",
        examples=["basket-000123"],
    ),
]
Visitor = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        pattern=_LINE,
        description="Who types it, where no member is named: an address, say. Wrong codes are counted for them alone; "
        "without it, for the whole key.",
    ),
]
Said = Annotated[
    str,
    Meta(min_length=1, max_length=500, pattern=_LINE, description="Why, on one line.", examples=["Lost in the post"]),
]
CodeOf = Annotated[
    str, Meta(pattern="^[a-z][a-z0-9_]{0,31}$", description="A code of a to z, 0 to 9 and _.", examples=["summer"])
]
MinorOff = Annotated[int, Meta(ge=0, le=10**12, description="Minor units of the currency.")]
GUESSING: Final = (CodeUnknown, TooManyGuesses)
"""What a route that takes a code may refuse."""


class CartLine(Struct, forbid_unknown_fields=True):
    """Pieces of one product."""

    sku: Annotated[Text, Meta(examples=["MUG"])]
    quantity: Annotated[int, Meta(ge=1, le=10**6)]
    unit_minor: Annotated[int, Meta(ge=0, le=10**9, description="The price of one, in minor units.", examples=[1000])]
    discount_minor: Annotated[
        int, Meta(ge=0, le=10**12, description="What was taken off the whole line before: at most what it costs.")
    ] = 0


class Cart(Struct, forbid_unknown_fields=True):
    """What somebody is about to buy."""

    currency: Currency
    lines: Annotated[list[CartLine], Meta(max_length=1000)]
    shipping_minor: Annotated[int, Meta(ge=0, le=10**12, description="What sending it costs.")] = 0

    def read(self) -> coupons.Cart:
        """The cart as the programme takes it."""
        lines = tuple(coupons.CartLine(one.sku, one.quantity, one.unit_minor, _off(one)) for one in self.lines)
        return coupons.Cart(self.currency, lines, self.shipping_minor)


def _off(line: CartLine) -> int:
    return min(line.discount_minor, line.quantity * line.unit_minor)


def member_named(tx: Transaction, named: MemberRef | None) -> int | None:
    """The member a caller names; None for none."""
    return None if named is None else find_member(tx, named).member_id


def guesser_of(call: ApiCall, member: str | None, visitor: str | None) -> str:
    """Against whom wrong codes are counted: the member, whoever is named as typing them, or the whole key."""
    return f"{to_public('key', call.key.key_id)} {member or visitor or ''}"[:250]


def slowly(
    call: ApiCall, work: Callable[[Transaction, datetime], Content], *, member: str | None, visitor: str | None
) -> Response[Content]:
    """Answer once with what `work` did about a code; whoever has tried too many that are none has to wait.

    Raises:
        CodeUnknown: the code is none; that is counted, whatever is rolled back.
        TooManyGuesses: too many were.
    """
    guesser = guesser_of(call, member, visitor)

    def tried(tx: Transaction, at: datetime) -> Content:
        guesses.let_try(tx, guesser, at=at)
        return work(tx, at)

    try:
        return call.write(tried)
    except CodeUnknown:
        with call.app.database.transaction() as tx:
            guesses.note(tx, guesser, at=call.app.clock())
        raise
