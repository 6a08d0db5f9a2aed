"""Everything the programme has to say about a cart, in one answer; nothing here changes anything."""

from collections.abc import Sequence
from datetime import datetime

from regulars.programme import checkouts, coupons, gift_cards, rewards
from regulars.programme._rules import Programme
from regulars.programme._standings import standings
from regulars.programme._trials import Basket, BasketLine, NoRate, Trial, try_basket
from regulars.programme.checkouts import Priced, Quote, Wanted
from regulars.programme.coupons import uses
from regulars.programme.rewards import Holder, Shelf
from regulars.programme.tiers import Progress, benefits
from regulars.storage import Transaction

_OWN_COUPONS = 50


def quote_checkout(tx: Transaction, holds: Programme, wanted: Wanted, *, at: datetime) -> tuple[Quote, Trial | None]:
    """What a cart would earn, what is taken off it, and what it can be paid with; and the trial, for its reasons.

    Ordered with the discounts of its lines, the cart earns what is said; coupons reserved with `cart`, and cash off quoted
    with `net_cart`, take off what is said. No trial: the programme has no rate for the currency, so it earns nothing.
    A constant number of statements, whatever is in the cart, and none of them writes.

    Raises:
        BadCheckout: a line takes off more than it costs, or the reward named is no cash off.
        RewardNotFound: there is no reward of the code named.
    """
    checkouts.check(wanted)
    shelf = Shelf(holds.rewards, holds.currency, holds.time_zone)
    if wanted.reward is not None and rewards.found_on(shelf, wanted.reward).kind != "cash_off":
        raise checkouts.BadCheckout(field="reward", value=wanted.reward, remedy="name a reward that is cash off")
    where = standings(tx, wanted.member_id, at=at) if wanted.member_id else []
    held = benefits.entitlements(tx, wanted.member_id, where) if wanted.member_id else []
    applied, lines = checkouts.apply_benefits(held, wanted, checkouts.priced(wanted.lines))
    cart = checkouts.cart_of(wanted, lines, wanted.shipping_minor - checkouts.free_of(applied))
    looks = _coupons(tx, wanted, cart, at)
    lines = checkouts.take_off(lines, looks.tried)
    steps = checkouts.steps_of(wanted, applied, lines, looks.tried)
    shipping = sum(one.amount_minor for one in steps if one.kind in {"shipping", "free_shipping"})
    net_cart = checkouts.cart_of(wanted, lines, shipping)
    options = _options(tx, shelf, where, wanted, net_cart, at)
    payment = checkouts.best_payment(options, wanted)
    if payment is not None:
        steps = checkouts.afterwards(steps, [("points", payment.option.reward.code, -payment.value_minor)])
    tried, own = gift_cards.look_all(tx, wanted.gift_cards, currency=wanted.currency, at=at, member_id=wanted.member_id)
    cards = checkouts.pay_by_cards(tried, steps[-1].total_minor)
    steps = checkouts.afterwards(
        steps, [("gift_card", one.card.last_four, -one.amount_minor) for one in cards if one is not None]
    )
    trial = _earning(tx, holds, wanted, lines, shipping, at)
    earned = trial.decision.parts if trial else {}
    ways = [_way(one, trial) for one in where]
    quoted = Quote(
        wanted,
        lines,
        applied,
        looks.tried,
        looks.others,
        options,
        payment,
        cards,
        own,
        earned,
        ways,
        steps,
        cart,
        net_cart,
    )
    return quoted, trial


def _coupons(tx: Transaction, wanted: Wanted, cart: coupons.Cart, at: datetime) -> uses.Looks:
    own = coupons.claims(tx, wanted.member_id, limit=_OWN_COUPONS) if wanted.member_id else []
    return uses.look_all(
        tx,
        wanted.coupons,
        cart,
        at=at,
        member_id=wanted.member_id,
        checkout=wanted.checkout,
        others=[one.code for one in own if one.revoked_at is None],
    )


def _options(
    tx: Transaction, shelf: Shelf, where: Sequence[Progress], wanted: Wanted, cart: coupons.Cart, at: datetime
) -> list[rewards.Option]:
    if wanted.member_id is None or not shelf.rewards:
        return []
    holder = Holder(wanted.member_id, frozenset(one.tier.code for one in where))
    return rewards.options(tx, shelf, holder, cart, at=at)


def _earning(
    tx: Transaction, holds: Programme, wanted: Wanted, lines: Sequence[Priced], shipping_minor: int, at: datetime
) -> Trial | None:
    bought = [_bought(one) for one in lines]
    basket = Basket(
        wanted.member_id, at, wanted.currency, wanted.shop, wanted.country, wanted.time_zone, bought,
        shipping_minor + wanted.other_minor,
    )  # fmt: skip
    try:
        return try_basket(tx, holds, basket)
    except NoRate:
        return None


def _bought(one: Priced) -> BasketLine:
    line = one.line
    return BasketLine(
        line.sku,
        line.name,
        line.quantity,
        line.unit_minor,
        one.amount_minor,
        line.category,
        tuple(sorted(set(line.tags))),
    )


def _way(progress: Progress, trial: Trial | None) -> checkouts.Way:
    points: dict[str, int] = {}
    for (kind, _), some in (trial.decision.parts if trial else {}).items():
        points[kind] = points.get(kind, 0) + some
    return checkouts.way_of(progress, spend_minor=trial.spend_minor if trial else 0, points=points)
