"""What a coupon is worth in a cart, and until when. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from regulars.errors import Invalid
from regulars.ledger import BadPolicy, Span, day_begins

Kind = Literal["percent", "amount", "free_shipping", "gift"]
KINDS: Final[tuple[Kind, ...]] = ("percent", "amount", "free_shipping", "gift")
MOST: Final = 10**12


class BadCoupon(Invalid):
    """{field} is {value!r}: {remedy}."""


@dataclass(frozen=True, slots=True)
class CartLine:
    """Pieces of one product in a cart."""

    sku: str
    quantity: int
    unit_minor: int
    discount_minor: int = 0
    """What was taken off the whole line before."""

    @property
    def amount_minor(self) -> int:
        """What the line costs."""
        return self.quantity * self.unit_minor - self.discount_minor


@dataclass(frozen=True, slots=True)
class Cart:
    """What somebody is about to buy."""

    currency: str
    lines: tuple[CartLine, ...] = ()
    shipping_minor: int = 0

    @property
    def goods_minor(self) -> int:
        """What the goods cost."""
        return sum(line.amount_minor for line in self.lines)


@dataclass(frozen=True, slots=True)
class Terms:
    """What every code of a pool gives, where, how long, and how often."""

    kind: Kind
    percent: int = 0
    amount_minor: int = 0
    sku: str | None = None
    """What is given along, of a gift."""

    currency: str | None = None
    """Of the amounts; None where there are none: then it is good in any."""

    most_minor: int | None = None
    """What a percentage takes off at most."""

    least_minor: int = 0
    """What the goods that count cost at least."""

    products: tuple[str, ...] = ()
    """The products that count; none: all."""

    valid_from: datetime | None = None
    valid_until: datetime | None = None
    """The first instant at which no code is good any more."""

    valid_for: Span | None = None
    """How long a code is good once it was handed out, to the end of the last day."""

    time_zone: str = "UTC"
    """Whose days those are."""

    per_code: int | None = 1
    """How often one code can be used; None: as often as you like."""

    per_member: int | None = None
    total: int | None = None
    """How often one member, and all together, can use codes of the pool."""

    stack_group: str | None = None
    """A checkout takes one coupon of a group."""

    exclusive: bool = False
    """A checkout takes it alone."""

    hold_minutes: int = 30
    """How long a checkout keeps it before it is free again."""

    def as_document(self) -> dict[str, object]:
        """The terms as they are stored and exchanged."""
        return msgspec.to_builtins(self)

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> "Terms":
        """Read terms.

        Raises:
            BadCoupon: a field is missing, unknown or cannot be used.
        """
        unknown = sorted(set(document) - set(cls.__dataclass_fields__))
        if unknown:
            raise BadCoupon(field=unknown[0], value=document[unknown[0]], remedy="there is no such field")
        try:
            return check_terms(msgspec.convert(document, cls))
        except BadPolicy as error:
            raise BadCoupon(field="valid_for", value=error.details["value"], remedy=error.details["remedy"]) from error
        except msgspec.ValidationError as error:
            raise BadCoupon(field="terms", value="given", remedy=str(error)) from error


def check_terms(terms: Terms) -> Terms:
    """The terms, if they can be kept.

    Raises:
        BadCoupon: names the field and what would do.
    """

    def must(condition: object, field: str, remedy: str) -> None:
        if not condition:
            raise BadCoupon(field=field, value=getattr(terms, field), remedy=remedy)

    must(terms.kind != "percent" or 1 <= terms.percent <= 100, "percent", "give 1 to 100")
    must(terms.kind != "amount" or 1 <= terms.amount_minor <= MOST, "amount_minor", f"give 1 to {MOST}")
    must(terms.kind != "gift" or terms.sku, "sku", "name the product that is given along")
    amounts = terms.kind == "amount" or terms.least_minor or terms.most_minor is not None
    must(not amounts or terms.currency, "currency", "say of which currency the amounts are")
    must(terms.currency is None or _is_currency(terms.currency), "currency", "give an ISO 4217 code such as GBP")
    must(0 <= terms.least_minor <= MOST, "least_minor", f"give 0 to {MOST}")
    must(terms.most_minor is None or 1 <= terms.most_minor <= MOST, "most_minor", f"give 1 to {MOST}")
    must(len(terms.products) <= 1000, "products", "name at most 1000")
    for field in ("valid_from", "valid_until"):
        instant: datetime | None = getattr(terms, field)
        must(instant is None or instant.tzinfo, field, "give an instant with its offset from UTC")
    begins, ends = terms.valid_from, terms.valid_until
    must(begins is None or ends is None or begins < ends, "valid_until", "give an instant after valid_from")
    must(terms.time_zone in available_timezones(), "time_zone", "give an IANA name such as Europe/London")
    must(terms.valid_for is None or terms.valid_for.count > 0, "valid_for", "give 1 or more")
    for field in ("per_code", "per_member", "total"):
        limit: int | None = getattr(terms, field)
        must(limit is None or 1 <= limit <= 10**9, field, "give 1 or more, or nothing for no limit")
    must(1 <= terms.hold_minutes <= 10_080, "hold_minutes", "give 1 to 10080, which is a week")
    return terms


def _is_currency(text: str) -> bool:
    return len(text) == 3 and text.isascii() and text.isupper()


def ends_at(terms: Terms, claimed_at: datetime) -> datetime | None:
    """The first instant at which a code handed out then is good no more; None: never."""
    if terms.valid_for is None:
        return terms.valid_until
    last = terms.valid_for.after(claimed_at.astimezone(ZoneInfo(terms.time_zone)).date())
    ends = day_begins(last + timedelta(days=1), terms.time_zone)
    return ends if terms.valid_until is None else min(ends, terms.valid_until.astimezone(UTC))


@dataclass(frozen=True, slots=True)
class Worth:
    """What a coupon gives in a cart."""

    discount_minor: int
    sku: str | None = None
    free_shipping: bool = False


Why = Literal[
    "not_yet", "over", "currency", "products", "spend_more", "used_up", "used_by_member", "members_only", "group", "alone"
]  # fmt: skip
"""Why a coupon that is known cannot be used here and now."""


def counts_minor(terms: Terms, cart: Cart) -> int:
    """What the goods cost that count."""
    wanted = frozenset(terms.products)
    return sum(line.amount_minor for line in cart.lines if not wanted or line.sku in wanted)


def refusal_in(terms: Terms, cart: Cart, ends: datetime | None, at: datetime) -> Why | None:
    """Why the terms do not fit this cart now; None: they do."""
    if terms.valid_from is not None and at < terms.valid_from:
        return "not_yet"
    if ends is not None and at >= ends:
        return "over"
    if terms.currency is not None and terms.currency != cart.currency:
        return "currency"
    counted = counts_minor(terms, cart)
    if terms.products and not counted:
        return "products"
    return "spend_more" if counted < terms.least_minor else None


def worth_in(terms: Terms, cart: Cart, *, taken_off_minor: int = 0) -> Worth:
    """What the terms give in a cart from which other coupons have taken something off already.

    A percentage is rounded down to a whole minor unit; nothing takes off more than is left to pay for goods.
    """
    base = max(min(counts_minor(terms, cart), cart.goods_minor - taken_off_minor), 0)
    if terms.kind == "percent":
        off = base * terms.percent // 100
        return Worth(off if terms.most_minor is None else min(off, terms.most_minor))
    if terms.kind == "amount":
        return Worth(min(terms.amount_minor, base))
    if terms.kind == "free_shipping":
        return Worth(cart.shipping_minor, free_shipping=True)
    return Worth(0, sku=terms.sku)
