"""What forms about rewards, coupons and gift cards were filled in with, and why it cannot be used, in words."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Annotated, Final

from litestar.enums import RequestEncodingType
from litestar.params import Body

from regulars.console._addresses import BadAddress
from regulars.console._language import Language
from regulars.errors import Invalid, RegularsError
from regulars.ledger import AccountFrozen, InsufficientPoints
from regulars.programme.coupons import BadCoupon, CouponUsed, PoolClosed, PoolEmpty, PoolExists
from regulars.programme.gift_cards import BadCard, CardReferenceReused
from regulars.programme.guesses import CodeUnknown, TooManyGuesses
from regulars.programme.rewards import (
    BadRedemption,
    BadStock,
    GiftTooLarge,
    RewardNotFound,
    SoldOut,
    StockTooLow,
    TotalReached,
    WrongKind,
    WrongState,
)

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]

REFUSALS: Final = (
    AccountFrozen,
    BadAddress,
    BadCard,
    BadCoupon,
    BadRedemption,
    BadStock,
    CardReferenceReused,
    CodeUnknown,
    CouponUsed,
    GiftTooLarge,
    InsufficientPoints,
    PoolClosed,
    PoolEmpty,
    PoolExists,
    RewardNotFound,
    SoldOut,
    StockTooLow,
    TooManyGuesses,
    TotalReached,
    WrongKind,
    WrongState,
)
"""What a form is answered with in place; everything else has a page of its own."""


def whole(field: str, text: str, *, least: int = 0, most: int = 10**9) -> int:
    """A whole number as a person writes it.

    Raises:
        BadAddress: it is none, or outside the limits.
    """
    plain = text.strip().replace(",", "").replace("\N{FULLWIDTH COMMA}", "")
    sign, digits = (-1, plain[1:]) if plain[:1] in {"-", "\N{MINUS SIGN}"} else (1, plain)
    if not (digits.isascii() and digits.isdigit() and len(digits) < 13 and least <= sign * int(digits) <= most):
        raise BadAddress(field=field, value=text, remedy=f"give a whole number from {least} to {most}")
    return sign * int(digits)


def minor(field: str, text: str, digits: int) -> int:
    """An amount of money above 0 as a person writes it, in minor units.

    Raises:
        BadAddress: it is none.
    """
    plain = text.strip().replace(",", "").replace("\N{FULLWIDTH COMMA}", "")
    try:
        amount = Decimal(plain).scaleb(digits) if len(plain) <= 16 else Decimal(0)
    except InvalidOperation:
        amount = Decimal(0)
    if not amount.is_finite() or amount <= 0 or amount != amount.to_integral_value():
        raise BadAddress(field=field, value=text, remedy="give an amount above 0")
    return int(amount)


def told(language: Language, error: RegularsError) -> str:
    """An error in words that say what would do."""
    _ = language.gettext
    words: Mapping[type[RegularsError], str] = {
        AccountFrozen: _("These points are frozen: nothing can be taken out until somebody unfreezes them."),
        CardReferenceReused: _(
            "This form was sent before with something else in it. Open it again to send another one."
        ),
        CodeUnknown: _("No code reads like this. Check how it is written."),
        CouponUsed: _("This code is in use at a checkout, or has been used. Give that back first."),
        GiftTooLarge: _(
            "This costs more points than one person may give. Give so many points instead: somebody else approves them."
        ),
        PoolClosed: _("This pool is closed: nothing comes in, nothing is handed out."),
        PoolEmpty: _("No coupon is left in its pool. Make or import some first."),
        PoolExists: _("There is a pool with this code already. Choose another one."),
        RewardNotFound: _("The programme has no such reward any more. Open the form again."),
        SoldOut: _("Nothing is left of it. Put some in stock, or give another one."),
        StockTooLow: _("Fewer are left than would be taken off."),
        TooManyGuesses: _("Too many wrong codes were tried. Wait a little."),
        TotalReached: _("It has been given as often as it may be in all."),
        WrongKind: _("This cannot be given back here: a code or card that came with it has been used."),
        WrongState: _("It is further than that already. Load the page again and look."),
    }
    return words.get(type(error)) or (_invalid(language, error) if isinstance(error, Invalid) else str(error))


def _invalid(language: Language, error: RegularsError) -> str:
    _ = language.gettext
    field = str(error.details.get("field"))
    return {
        "reason": _("Give a reason of 1 to 500 letters on one line."),
        "amount": _("Give a number that fits: a whole number for stock, an amount above 0 for money."),
        "amount_minor": _("Give an amount of money above 0."),
        "percent": _("Give a percentage from 1 to 100."),
        "sku": _("Name the product that is given along."),
        "code": _(
            "Give a code of a to z first, then a to z, 0 to 9 and _; a coupon's own code needs 3 letters or digits."
        ),
        "name_en": _("Give it a name in English."),
        "name_zh": _("Give it a name in Chinese."),
        "count": _("Give how many codes: 1 to 1,000,000 at a time."),
        "characters": _("Codes so short are soon guessed: give more characters."),
        "prefix": _("Give a prefix of at most 20 letters, digits and -, or none."),
        "expires_at": _("Give a day in the future, or none."),
    }.get(field, str(error))
