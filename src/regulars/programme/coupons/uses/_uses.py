"""Coupons at checkouts: reserved, redeemed, released, given back."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from regulars import facts
from regulars.errors import Conflict, NotFound
from regulars.programme.coupons import _queries as coupons
from regulars.programme.coupons._claims import Coupon, end
from regulars.programme.coupons._codes import normal_form
from regulars.programme.coupons._pools import Pool, pools_by_id
from regulars.programme.coupons._queries import State
from regulars.programme.coupons._rules import Cart, Worth
from regulars.programme.coupons.uses import _queries
from regulars.programme.coupons.uses._looks import WORDS, Look, known, look_at
from regulars.programme.coupons.uses._queries import Use
from regulars.storage import Transaction
from regulars.types import random_id


class CouponNotUsable(Conflict):
    """This coupon cannot be used here: {reason}."""


class UseNotFound(NotFound):
    """Checkout {checkout!r} has no such coupon: reserve it first."""


class UseOver(Conflict):
    """The coupon was {state} in checkout {checkout!r}: reserve it again."""


def uses_of(tx: Transaction, coupon: Coupon, *, limit: int = 50) -> Sequence[Use]:
    """Where a code was used, the latest first."""
    return _queries.select_uses_of(tx, key=coupon.key, limit=limit)


def reserve(
    tx: Transaction, code: str, cart: Cart, *, checkout: str, at: datetime, member_id: int | None = None
) -> Use:
    """Keep a coupon for a checkout, until it is redeemed or released, or its time there is over.

    The same again for the same cart changes nothing; for another cart it is worked out anew. Facts: `coupon.reserved`.

    Raises:
        CodeUnknown: as `look`.
        CouponNotUsable: the terms, a limit, or another coupon of the checkout are against it.
        UseOver: this checkout has redeemed it already.
    """
    words = [f"checkout:{checkout}"] + ([] if member_id is None else [f"member:{member_id}"])
    coupons.lock_words(tx, words=words)
    coupon = known(tx, coupons.lock_coupon(tx, key=normal_form(code)), member_id)
    _lapse(tx, at, key=coupon.key)
    before = _queries.lock_use(tx, checkout=checkout, key=coupon.key)
    if before is not None and before.state == "redeemed":
        raise UseOver(state="redeemed", checkout=checkout)
    seen = look_at(tx, coupon, cart, at=at, member_id=member_id, checkout=checkout)
    worth = _worth(seen)
    if before is not None and before.state == "reserved":
        if (before.discount_minor, before.currency) == (worth.discount_minor, cart.currency):
            return before
        _set(tx, before, "released", at)
    return _keep(tx, coupon, worth, cart, checkout, member_id, at)


def _worth(seen: Look) -> Worth:
    if seen.worth is None:
        raise CouponNotUsable(reason=WORDS[seen.why or "over"], why=seen.why)
    return seen.worth


def _keep(
    tx: Transaction, coupon: Coupon, worth: Worth, cart: Cart, checkout: str, member_id: int | None, at: datetime
) -> Use:
    pool, terms = coupon.pool, coupon.pool.terms
    if not _queries.count_use(tx, key=coupon.key, most=terms.per_code):
        raise CouponNotUsable(reason=WORDS["used_up"], why="used_up")
    if terms.total is not None and not _count_of_pool(tx, pool, terms.total, at):
        raise CouponNotUsable(reason=WORDS["used_up"], why="used_up")
    until = at + timedelta(minutes=terms.hold_minutes)
    new = Use(
        random_id(),
        coupon.key,
        coupon.code,
        pool.pool_id,
        member_id,
        checkout,
        "reserved",
        at,
        until,
        at,
        worth.discount_minor,
        cart.currency,
        worth.sku,
        worth.free_shipping,
        terms.stack_group,
        terms.exclusive,
    )
    _queries.insert_use(tx, new=new)
    _tell(tx, pool.code, new, "reserved", at)
    return new


def _count_of_pool(tx: Transaction, pool: Pool, most: int, at: datetime) -> bool:
    if _queries.count_use_of_pool(tx, pool_id=pool.pool_id, most=most):
        return True
    _lapse(tx, at, pool_id=pool.pool_id)
    return bool(_queries.count_use_of_pool(tx, pool_id=pool.pool_id, most=most))


def redeem(tx: Transaction, code: str, *, checkout: str, at: datetime) -> Use:
    """Use a coupon up that the checkout has reserved: the order is paid. Again changes nothing.

    What was reserved in time is honoured, though the coupon's own time may be over by now. Facts: `coupon.redeemed`.

    Raises:
        UseNotFound: the checkout has not reserved it.
        UseOver: it was released, given back, or kept for as long as it was to be.
    """
    use = _use(tx, code, checkout)
    if use.state == "redeemed":
        return use
    if use.state != "reserved" or use.reserved_until <= at:
        raise UseOver(state="released" if use.state == "reserved" else use.state, checkout=checkout)
    return _set(tx, use, "redeemed", at)


def release(tx: Transaction, code: str, *, checkout: str, at: datetime) -> Use:
    """Let go of a coupon that the checkout has reserved: somebody else may use it. Again changes nothing.

    Facts: `coupon.released`.

    Raises:
        UseNotFound: the checkout has not reserved it.
        UseOver: it was redeemed, or given back.
    """
    use = _use(tx, code, checkout)
    if use.state in {"redeemed", "refunded"}:
        raise UseOver(state=use.state, checkout=checkout)
    return use if use.state == "released" else _set(tx, use, "released", at)


def refund(tx: Transaction, code: str, *, checkout: str, at: datetime) -> Use:
    """Give back a coupon that was redeemed: the order was cancelled or came back. Again changes nothing.

    It can be used again as long as its own time lasts. Facts: `coupon.refunded`.

    Raises:
        UseNotFound: the checkout has not reserved it.
        UseOver: it was not redeemed.
    """
    use = _use(tx, code, checkout)
    if use.state not in {"redeemed", "refunded"}:
        raise UseOver(state=use.state, checkout=checkout)
    return use if use.state == "refunded" else _set(tx, use, "refunded", at)


def _use(tx: Transaction, code: str, checkout: str) -> Use:
    use = _queries.lock_use(tx, checkout=checkout, key=normal_form(code))
    if use is None:
        raise UseNotFound(checkout=checkout)
    return use


def _set(tx: Transaction, use: Use, state: State, at: datetime) -> Use:
    _queries.set_state(tx, use_id=use.use_id, state=state, at=at)
    if state != "redeemed":
        _queries.give_back(tx, keys=[use.key])
        _queries.give_back_of_pools(tx, pool_ids=[use.pool_id])
    [pool] = pools_by_id(tx, [use.pool_id]).values()
    done = replace(use, state=state, changed_at=at)
    _tell(tx, pool.code, done, state, at)
    return done


def _tell(tx: Transaction, pool: str, use: Use, what: str, at: datetime) -> None:
    about: dict[str, object] = {
        "pool": pool,
        "ends_with": end(use.code),
        "checkout": use.checkout,
        "discount_minor": use.discount_minor,
        "currency": use.currency,
    }
    facts.record(tx, [facts.Fact(f"coupon.{what}", at, use.member_id, use.use_id, about)], at=at)


def lapse_due(tx: Transaction, *, at: datetime, limit: int = 1000) -> int:
    """Release what checkouts have kept for as long as they were to; how many. Facts: `coupon.released`."""
    return _lapse(tx, at, limit=limit)


def _lapse(
    tx: Transaction, at: datetime, *, key: str | None = None, pool_id: int | None = None, limit: int = 1000
) -> int:
    lapsed = _queries.lapse_uses(tx, key=key, pool_id=pool_id, at=at, limit=limit)
    if not lapsed:
        return 0
    _queries.give_back(tx, keys=sorted(key for _, key, _, _, _ in lapsed))
    _queries.give_back_of_pools(tx, pool_ids=[pool for _, _, pool, _, _ in lapsed])
    names = {number: pool.code for number, pool in pools_by_id(tx, [pool for _, _, pool, _, _ in lapsed]).items()}
    facts.record(
        tx,
        [
            facts.Fact("coupon.released", at, member, use_id, {"pool": names[pool], "ends_with": key[-4:], "checkout": checkout, "lapsed": True})
            for use_id, key, pool, member, checkout in lapsed
        ],
        at=at,
    )  # fmt: skip
    return len(lapsed)
