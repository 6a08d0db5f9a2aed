"""What somebody is about to buy, and everything there is to say about it. Amounts are minor units of the cart's currency."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from regulars.errors import Invalid
from regulars.programme.coupons import Cart
from regulars.programme.coupons.uses import Look
from regulars.programme.earning import Part
from regulars.programme.gift_cards import Spendable
from regulars.programme.rewards import Option
from regulars.programme.tiers import Progress
from regulars.programme.tiers.benefits import Entitlement

StepKind = Literal[
    "goods", "discount", "benefit", "coupon", "shipping", "free_shipping", "other", "points", "gift_card"
]  # fmt: skip
"""What a step of the sum is; they come in this order, free shipping by benefit before that by coupon."""

WhyNot = Literal["used_up", "beaten", "not_wanted", "nothing"]
"""Why a benefit does nothing here: its uses are used; another gives more; it was not asked for; there is nothing to take off."""


class BadCheckout(Invalid):
    """{field} is {value!r}: {remedy}."""


@dataclass(frozen=True, slots=True)
class Line:
    """Goods that are about to be bought."""

    sku: str
    quantity: int
    unit_minor: int
    name: str = ""
    discount_minor: int = 0
    """What the shop itself takes off the whole line."""

    category: str = ""
    tags: tuple[str, ...] = ()

    @property
    def amount_minor(self) -> int:
        """What the line costs before the programme takes anything off."""
        return self.quantity * self.unit_minor - self.discount_minor


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody is about to order, and what they would like to use for it."""

    member_id: int | None
    """None: a guest."""

    shop: str
    currency: str
    time_zone: str
    lines: tuple[Line, ...]
    country: str = ""
    shipping_minor: int = 0
    other_minor: int = 0
    """What it comes to beside goods and shipping: fees, wrapping."""

    coupons: tuple[str, ...] = ()
    """Codes, in the order in which they are tried."""

    gift_cards: tuple[str, ...] = ()
    """Codes, in the order in which they are paid with."""

    points: int | None = None
    """How many points may be paid with at most; None: none, unless a reward is named."""

    point_type: str = "points"
    reward: str | None = None
    """The cash off to pay with; None: the one that takes most off."""

    benefits: tuple[str, ...] | None = None
    """The benefits to use; None: all that apply."""

    checkout: str | None = None
    """The shop's name for this checkout: what it has reserved already is not counted against it."""


@dataclass(frozen=True, slots=True)
class Priced:
    """A line, what is taken off it, and what is left."""

    line: Line
    benefit_minor: int = 0
    coupon_minor: int = 0

    @property
    def amount_minor(self) -> int:
        """What is left to pay for it: by this points are earned."""
        return self.line.amount_minor - self.benefit_minor - self.coupon_minor

    @property
    def discount_minor(self) -> int:
        """All that is taken off the line; ordered with this, it earns what is said."""
        return self.line.discount_minor + self.benefit_minor + self.coupon_minor


@dataclass(frozen=True, slots=True)
class Applied:
    """A benefit, and what it does here."""

    entitlement: Entitlement
    off_minor: int
    why_not: WhyNot | None
    """None: it applies."""


@dataclass(frozen=True, slots=True)
class Payment:
    """Points to pay with: cash off, so many times."""

    option: Option
    times: int

    @property
    def points(self) -> int:
        """How many."""
        return self.times * self.option.price.points

    @property
    def value_minor(self) -> int:
        """What they take off."""
        return self.times * self.option.reward.value_minor


@dataclass(frozen=True, slots=True)
class Paid:
    """A gift card, and what would be taken off it."""

    card: Spendable
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Way:
    """Where a member stands in a set, and what this order would bring towards the next tier."""

    progress: Progress
    brings: int
    missing_after: int


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the sum: what it adds, below 0 what it takes off, and what it comes to by then."""

    kind: StepKind
    name: str
    """Of which benefit, coupon, reward or card; empty for the others."""

    amount_minor: int
    total_minor: int


@dataclass(frozen=True, slots=True)
class Quote:
    """Everything there is to say about a cart."""

    wanted: Wanted
    lines: tuple[Priced, ...]
    benefits: Sequence[Applied]
    coupons: Sequence[Look | None]
    """Those tried, in their order; None: the code is none."""

    own_coupons: Sequence[Look]
    options: Sequence[Option]
    payment: Payment | None
    cards: Sequence[Paid | None]
    """Those tried, in their order; None: the code is none."""

    own_cards: Sequence[Spendable]
    earned: dict[Part, int]
    ways: Sequence[Way]
    steps: Sequence[Step]
    cart: Cart
    """As coupons took it: the shop's own discounts and those of benefits taken off. Reserve them with this one."""

    net_cart: Cart
    """As rewards took it: with all that is taken off. Quote cash off with this one."""

    @property
    def goods_minor(self) -> int:
        """What the goods come to: by this points are earned, whatever they are paid with."""
        return sum(one.amount_minor for one in self.lines)

    @property
    def total_minor(self) -> int:
        """What the order comes to, before it is paid with points or cards."""
        paid = ("points", "gift_card")
        return sum(step.amount_minor for step in self.steps if step.kind not in paid)

    @property
    def to_pay_minor(self) -> int:
        """What is left to pay in money."""
        return sum(step.amount_minor for step in self.steps)

    @property
    def shipping_minor(self) -> int:
        """What sending it comes to."""
        return sum(step.amount_minor for step in self.steps if step.kind in {"shipping", "free_shipping"})
