"""What is taken off a cart, in which order, and what is left. Pure.

The order: the shop's own discounts; the best discount among the member's benefits; coupons in the order in which they are
tried; shipping, free by benefit or coupon; then what is paid with: points, gift cards, and the rest in money.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise

from regulars.programme.checkouts._records import (
    Applied,
    BadCheckout,
    Line,
    Paid,
    Payment,
    Priced,
    Step,
    StepKind,
    Wanted,
    Way,
    WhyNot,
)
from regulars.programme.coupons import Cart, CartLine
from regulars.programme.coupons.uses import Look
from regulars.programme.gift_cards import Spendable
from regulars.programme.rewards import Option
from regulars.programme.tiers import Progress
from regulars.programme.tiers.benefits import Entitlement

_MOST = 10**12


def check(wanted: Wanted) -> None:
    """Let pass what can be bought.

    Raises:
        BadCheckout: a line takes off more than it costs, or the cart comes to more than can be counted.
    """
    for place, line in enumerate(wanted.lines):
        costs = line.quantity * line.unit_minor
        if not 0 <= line.discount_minor <= costs:
            where = f"lines[{place}].discount_minor"
            raise BadCheckout(field=where, value=line.discount_minor, remedy=f"give 0 to {costs}: what the line costs")
    goods = sum(line.amount_minor for line in wanted.lines)
    if goods > _MOST:
        raise BadCheckout(field="lines", value=goods, remedy=f"let the goods come to {_MOST} minor units at most")


def priced(lines: Iterable[Line]) -> tuple[Priced, ...]:
    """Lines before anything is taken off."""
    return tuple(Priced(line) for line in lines)


def cart_of(wanted: Wanted, lines: Iterable[Priced], shipping_minor: int) -> Cart:
    """The cart as coupons and rewards take it, with what is taken off the lines so far."""
    some = (CartLine(one.line.sku, one.line.quantity, one.line.unit_minor, one.discount_minor) for one in lines)
    return Cart(wanted.currency, tuple(some), shipping_minor)


def shared(amount: int, lefts: Sequence[int]) -> list[int]:
    """An amount in parts as large as what is left of each line allows, in proportion: the parts sum to it."""
    whole = sum(lefts)
    if not whole:
        return [0] * len(lefts)
    return [
        amount * upto // whole - amount * before // whole for before, upto in pairwise(accumulate(lefts, initial=0))
    ]


def apply_benefits(
    held: Sequence[Entitlement], wanted: Wanted, lines: Sequence[Priced]
) -> tuple[list[Applied], tuple[Priced, ...]]:
    """What a member's benefits do here: of several discounts the largest; and the lines with that taken off."""
    goods = sum(one.amount_minor for one in lines)
    asked: list[WhyNot | None] = [_asked(one, wanted) for one in held]
    usable = [one for one, why in zip(held, asked, strict=True) if why is None]
    discounts = [one for one in usable if one.benefit.kind == "discount"]
    best = max(discounts, key=lambda one: one.benefit.value or 0, default=None)
    shipping = next((one for one in usable if one.benefit.kind == "free_shipping"), None)
    offs = {
        "discount": goods * min((best and best.benefit.value) or 0, 100) // 100,
        "free_shipping": wanted.shipping_minor,
    }
    applied = [
        _applied(one, why, offs.get(one.benefit.kind), chosen=one in (best, shipping))
        for one, why in zip(held, asked, strict=True)
    ]
    parts = shared(offs["discount"], [one.amount_minor for one in lines])
    return applied, tuple(replace(one, benefit_minor=part) for one, part in zip(lines, parts, strict=True))


def _asked(one: Entitlement, wanted: Wanted) -> WhyNot | None:
    if wanted.benefits is not None and one.benefit.code not in wanted.benefits:
        return "not_wanted"
    return "used_up" if one.left == 0 else None


def _applied(one: Entitlement, why: WhyNot | None, off: int | None, *, chosen: bool) -> Applied:
    if why is not None or off is None:  # or it is none that takes something off here
        return Applied(one, 0, why)
    if not chosen:
        return Applied(one, 0, "beaten")
    return Applied(one, off, None) if off else Applied(one, 0, "nothing")


def free_of(applied: Iterable[Applied]) -> int:
    """What benefits take off shipping."""
    return sum(one.off_minor for one in applied if one.entitlement.benefit.kind == "free_shipping")


def take_off(lines: Sequence[Priced], looks: Sequence[Look | None]) -> tuple[Priced, ...]:
    """The lines with what coupons take off: off the goods that count first, and off the others what is more than those."""
    left = list(lines)
    for look in usable(looks):
        if look.worth is not None and not look.worth.free_shipping:
            left = _less(left, look.worth.discount_minor, look.coupon.pool.terms.products)
    return tuple(left)


def usable(looks: Sequence[Look | None]) -> Iterator[Look]:
    """The coupons that are used, each once."""
    known: set[str] = set()
    for look in looks:
        if look is not None and look.worth is not None and look.coupon.key not in known:
            known.add(look.coupon.key)
            yield look


def _less(lines: list[Priced], off: int, products: Sequence[str]) -> list[Priced]:
    counted = [one.amount_minor if not products or one.line.sku in products else 0 for one in lines]
    first = min(off, sum(counted))
    parts = shared(first, counted)
    others = shared(off - first, [one.amount_minor - part for one, part in zip(lines, parts, strict=True)])
    return [
        replace(one, coupon_minor=one.coupon_minor + part + more)
        for one, part, more in zip(lines, parts, others, strict=True)
    ]


def best_payment(options: Sequence[Option], wanted: Wanted) -> Payment | None:
    """The cash off to pay with: as often as the points allow that may be used; of several what takes most off."""
    if wanted.member_id is None or (wanted.points is None and wanted.reward is None):
        return None
    found = [_payment(one, wanted) for one in options if _is_meant(one, wanted)]
    return max((one for one in found if one.times), key=lambda one: one.value_minor, default=None)


def _is_meant(one: Option, wanted: Wanted) -> bool:
    named = wanted.reward in {None, one.reward.code}
    return one.usable and one.reward.kind == "cash_off" and one.price.point_type == wanted.point_type and named


def _payment(one: Option, wanted: Wanted) -> Payment:
    times = one.times if wanted.points is None else min(one.times, wanted.points // one.price.points)
    return Payment(one, times)


def pay_by_cards(cards: Sequence[Spendable | None], left: int) -> list[Paid | None]:
    """What is taken off each card, in their order, until nothing is left to pay."""
    paid: list[Paid | None] = []
    known: set[int] = set()
    for card in cards:
        fresh = card is not None and card.card_id not in known and card.why is None
        amount = min(card.available, left) if card is not None and fresh else 0
        paid.append(None if card is None else Paid(card, amount))
        known |= set() if card is None else {card.card_id}
        left -= amount
    return paid


def way_of(progress: Progress, *, spend_minor: int, points: dict[str, int]) -> Way:
    """What an order brings towards the next tier of a set, and what is missing then."""
    measure = progress.one.measure
    brings = {"spend": spend_minor, "points": points.get(measure.of or "points", 0), "orders": 1}.get(measure.by, 0)
    return Way(progress, brings, max(progress.missing_minor - brings, 0))


def steps_of(
    wanted: Wanted, applied: Sequence[Applied], lines: Sequence[Priced], looks: Sequence[Look | None]
) -> list[Step]:
    """The sum, step by step, up to what is to be paid; steps that come to nothing are left out, but for the goods."""
    amounts: list[tuple[StepKind, str, int]] = [
        ("goods", "", sum(one.line.quantity * one.line.unit_minor for one in lines)),
        ("discount", "", -sum(one.line.discount_minor for one in lines)),
        *(("benefit", code, -off) for code, off in _offs(applied, "discount")),
        *(("coupon", code, -off) for code, off, free in _coupon_offs(looks) if not free),
        ("shipping", "", wanted.shipping_minor),
    ]
    free = wanted.shipping_minor
    for code, off in (
        *_offs(applied, "free_shipping"),
        *((code, off) for code, off, is_free in _coupon_offs(looks) if is_free),
    ):
        amounts.append(("free_shipping", code, -min(off, free)))
        free -= min(off, free)
    return afterwards([], [*amounts, ("other", "", wanted.other_minor)])


def _offs(applied: Sequence[Applied], kind: str) -> list[tuple[str, int]]:
    return [(one.entitlement.benefit.code, one.off_minor) for one in applied if one.entitlement.benefit.kind == kind]


def _coupon_offs(looks: Sequence[Look | None]) -> list[tuple[str, int, bool]]:
    return [
        (look.coupon.code, look.worth.discount_minor, look.worth.free_shipping)
        for look in usable(looks)
        if look.worth is not None
    ]


def afterwards(steps: Sequence[Step], more: Iterable[tuple[StepKind, str, int]]) -> list[Step]:
    """The steps with more of them."""
    found = list(steps)
    for kind, name, amount in more:
        if amount or kind == "goods":
            found.append(Step(kind, name, amount, (found[-1].total_minor if found else 0) + amount))
    return found
