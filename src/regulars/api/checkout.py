"""Checkouts: everything the programme has to say about a cart, in one call."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from litestar import Response
from litestar.params import JSONBody
from msgspec import UNSET

from regulars import programme
from regulars.access import Permission
from regulars.api._calls import ApiCall, Call
from regulars.api._carts import Cart, CartLine, guesser_of
from regulars.api._checkouts import (
    CheckoutBenefit,
    CheckoutCard,
    CheckoutCoupon,
    CheckoutOption,
    CheckoutPoints,
    CheckoutQuote,
    CheckoutStep,
    CheckoutTotals,
    CheckoutWay,
    NewCheckoutQuote,
    QuotedLine,
)
from regulars.api._routes import creating
from regulars.api._shapes import find_shop, member_id_of, shown
from regulars.api._writing import Writer, preferred
from regulars.api.decisions import Earned, reason_of
from regulars.api.rewards import option_of
from regulars.commerce import ShopNotFound
from regulars.members import MemberNotFound
from regulars.programme import NoProgramme, Trial, checkouts, coupons, guesses, tiers
from regulars.programme.checkouts import BadCheckout, Paid, Quote, Wanted
from regulars.programme.coupons.uses import Look
from regulars.programme.guesses import TooManyGuesses
from regulars.programme.rewards import RewardNotFound
from regulars.storage import Transaction

TAG: Final = "Checkout"
_ALL: Final = 10**12


@creating(
    "/checkout/quotes",
    tag=TAG,
    permission=Permission.SPEND,
    status_code=200,
    refusals=[NoProgramme, ShopNotFound, MemberNotFound, BadCheckout, RewardNotFound, TooManyGuesses],
)
def quote_checkout(call: Call, data: JSONBody[NewCheckoutQuote]) -> Response[CheckoutQuote]:
    """Say everything about a cart: what it earns and why, benefits, coupons, points, gift cards, the sum, the next tier.

    Nothing is taken or reserved, and nothing is written, whatever is asked; only codes that are none are counted, as
    everywhere, against whoever typed them: leave out what was said to be none. What is said is what the calls that follow
    do: order the lines with the discounts named, reserve coupons with `coupon_cart`, quote cash off with `reward_cart`.
    """
    at, guesser = call.app.clock(), guesser_of(call, data.member, data.visitor)
    chosen = preferred(call.request.headers.get("accept-language", "")) if data.language is UNSET else data.language
    locale = "zh_CN" if chosen == "zh" else "en_GB"

    def work(tx: Transaction) -> _Found:
        if data.coupons or data.gift_cards:
            guesses.let_try(tx, guesser, at=at)
        wanted = _wanted(tx, data)
        holds = programme.current(tx, at=at)
        quoted, trial = programme.quote_checkout(tx, holds, wanted, at=at)
        return _Found(quoted, trial, Writer(wanted.currency, locale), Writer(holds.currency, locale), holds.time_zone)

    found = call.find(work)
    _count_guesses(call, found, guesser, at)
    return call.show(_answer(data, found))


@dataclass(frozen=True, slots=True)
class _Found:
    """What was worked out, and how it is written: amounts of the cart, and amounts that tiers count."""

    quoted: Quote
    trial: Trial | None
    writer: Writer
    ranks: Writer
    zone: str


def _wanted(tx: Transaction, data: NewCheckoutQuote) -> Wanted:
    shop, points = find_shop(tx, data.shop), data.points
    if data.currency not in {None, shop.currency}:
        raise BadCheckout(
            field="currency", value=data.currency, remedy=f"leave it out: the shop sells in {shop.currency}"
        )
    return Wanted(
        member_id_of(tx, data.member),
        shop.code,
        shop.currency,
        shop.time_zone,
        tuple(
            checkouts.Line(
                one.sku, one.quantity, one.unit_minor, one.name, one.discount_minor, one.category or "", tuple(one.tags)
            )
            for one in data.lines
        ),
        data.country,
        data.shipping_minor,
        data.other_minor,
        tuple(data.coupons),
        tuple(data.gift_cards),
        None if points is None else points.most or _ALL,
        "points" if points is None else points.point_type,
        None if points is None else points.reward,
        None if data.benefits is None else tuple(data.benefits),
        data.checkout,
    )


def _count_guesses(call: ApiCall, found: _Found, guesser: str, at: datetime) -> None:
    """Count the codes that are none; in a transaction of their own, since the answer's may not write."""
    unknown = [*found.quoted.coupons, *found.quoted.cards].count(None)
    if unknown:
        with call.app.database.transaction() as tx:
            for _ in range(unknown):
                guesses.note(tx, guesser, at=at)


def _answer(data: NewCheckoutQuote, found: _Found) -> CheckoutQuote:
    quoted, trial, writer = found.quoted, found.trial, found.writer
    wanted, chinese = quoted.wanted, writer.chinese
    return CheckoutQuote(
        currency=wanted.currency,
        guest=wanted.member_id is None,
        earned=[Earned(kind, points, rule or None) for (kind, rule), points in quoted.earned.items()],
        rate=trial is not None,
        reasons=[reason_of(one) for one in trial.reasons("zh" if chinese else "en", data.audience)] if trial else [],
        lines=[_line(one) for one in quoted.lines],
        benefits=[_benefit(one, writer) for one in quoted.benefits],
        coupons=[
            *(_coupon(code, look, writer) for code, look in zip(wanted.coupons, quoted.coupons, strict=True)),
            *(_coupon(one.coupon.code, one, writer, tried=False) for one in quoted.own_coupons),
        ],
        options=[
            CheckoutOption(
                option_of(one),
                one.reward.value_minor if one.reward.kind == "cash_off" else 0,
                checkouts.of_option(one, writer, found.zone),
            )
            for one in quoted.options
        ],
        points=_points(quoted, writer),
        gift_cards=[
            *(_card(one, writer) for one in quoted.cards),
            *(_card(Paid(one, 0), writer, tried=False) for one in quoted.own_cards),
        ],
        ways=[_way(one, found.ranks) for one in quoted.ways],
        steps=[CheckoutStep(one.kind, one.name, one.amount_minor, one.total_minor) for one in quoted.steps],
        totals=_totals(quoted),
        coupon_cart=_cart(quoted.cart),
        reward_cart=_cart(quoted.net_cart),
        sentence=checkouts.of_quote(quoted, writer),
    )


def _line(one: checkouts.Priced) -> QuotedLine:
    line = one.line
    return QuotedLine(
        line.sku, line.quantity, line.unit_minor, line.discount_minor, one.benefit_minor, one.coupon_minor,
        one.discount_minor, one.amount_minor,
    )  # fmt: skip


def _benefit(one: checkouts.Applied, writer: Writer) -> CheckoutBenefit:
    held = one.entitlement
    return CheckoutBenefit(
        set=held.one.code,
        tier=held.progress.tier.code,
        code=held.benefit.code,
        kind=held.benefit.kind,
        name_en=held.benefit.name_en,
        name_zh=held.benefit.name_zh,
        applies=one.why_not is None,
        why=one.why_not,
        off_minor=one.off_minor,
        left=held.left,
        until=held.progress.cycle_ends,
        sentence=checkouts.of_benefit(one, writer),
    )


def _coupon(code: str, look: Look | None, writer: Writer, *, tried: bool = True) -> CheckoutCoupon:
    worth = (look and look.worth) or coupons.Worth(0)
    pool = look.coupon.pool if look else None
    return CheckoutCoupon(
        code=code if look is None else look.coupon.code,
        tried=tried,
        usable=look is not None and look.worth is not None,
        why="unknown" if look is None else look.why,
        pool=pool and pool.code,
        name_en=pool.name_en if pool else "",
        name_zh=pool.name_zh if pool else "",
        discount_minor=worth.discount_minor,
        free_shipping=worth.free_shipping,
        sku=worth.sku,
        ends_at=look.coupon.ends_at if look else None,
        sentence=checkouts.of_coupon(look, writer),
    )


def _points(quoted: Quote, writer: Writer) -> CheckoutPoints | None:
    one = quoted.payment
    if one is None:
        return None
    price = one.option.price
    return CheckoutPoints(
        one.option.reward.code,
        price.point_type,
        one.times,
        one.points,
        one.value_minor,
        checkouts.of_payment(one, writer),
    )


def _card(paid: Paid | None, writer: Writer, *, tried: bool = True) -> CheckoutCard:
    card = paid.card if paid else None
    amount = paid.amount_minor if paid else 0
    in_its_own = writer if card is None else Writer(card.currency, writer.locale)
    return CheckoutCard(
        id=shown("gft", card and card.card_id),
        tried=tried,
        ends_with=card.last_four if card else "",
        currency=card and card.currency,
        available_minor=card.available if card else 0,
        amount_minor=amount,
        why=card.why if card else "unknown",
        sentence=checkouts.of_card(card, amount, in_its_own),
    )


def _way(one: checkouts.Way, writer: Writer) -> CheckoutWay:
    progress = one.progress
    return CheckoutWay(
        set=progress.one.code,
        tier=progress.tier.code,
        next_tier=progress.next_tier and progress.next_tier.code,
        missing=progress.missing_minor,
        brings=one.brings,
        missing_after=one.missing_after,
        following=tiers.describe(progress, writer).following,
        sentence=checkouts.of_way(one, writer),
    )


def _totals(quoted: Quote) -> CheckoutTotals:
    by_points = quoted.payment.value_minor if quoted.payment else 0
    by_cards = sum(one.amount_minor for one in quoted.cards if one is not None)
    return CheckoutTotals(
        quoted.goods_minor, quoted.shipping_minor, quoted.total_minor, by_points, by_cards, quoted.to_pay_minor
    )


def _cart(one: coupons.Cart) -> Cart:
    lines = [CartLine(line.sku, line.quantity, line.unit_minor, line.discount_minor) for line in one.lines]
    return Cart(one.currency, lines, one.shipping_minor)


HANDLERS = (quote_checkout,)
