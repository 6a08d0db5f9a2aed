"""Coupons at checkouts: looked at, reserved, redeemed, released, given back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from regulars import facts
from regulars.errors import Conflict, NotFound
from regulars.programme.coupons import _queries as coupons
from regulars.programme.coupons._claims import Coupon, end
from regulars.programme.coupons._codes import normal_form
from regulars.programme.coupons._pools import Pool, pools_by_id
from regulars.programme.coupons._queries import CouponRow, State
from regulars.programme.coupons._rules import Cart, Why, Worth, ends_at, refusal_in, worth_in
from regulars.programme.coupons.uses import _queries
from regulars.programme.coupons.uses._queries import Use
from regulars.programme.guesses import CodeUnknown
from regulars.storage import Transaction
from regulars.types import random_id

WORDS: Final[dict[Why, str]] = {
    "not_yet": "it is not good yet",
    "over": "its time is over",
    "currency": "it is for another currency",
    "products": "none of its products is in the cart",
    "spend_more": "the goods that count cost too little",
    "used_up": "it has been used up",
    "used_by_member": "this member has used it as often as one may",
    "members_only": "it is for members: name one",
    "group": "the checkout has another coupon of its kind",
    "alone": "it does not go together with other coupons",
}
"""Why a coupon cannot be used, in words."""


class CouponNotUsable(Conflict):
    """This coupon cannot be used here: {reason}."""


class UseNotFound(NotFound):
    """Checkout {checkout!r} has no such coupon: reserve it first."""


class UseOver(Conflict):
    """The coupon was {state} in checkout {checkout!r}: reserve it again."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a code would give in a cart, or why it gives nothing."""

    coupon: Coupon
    worth: Worth | None
    why: Why | None


def look_up(tx: Transaction, code: str) -> Coupon:
    """A code, its pool and whose it is, as staff see it.

    Raises:
        CodeUnknown: there is none.
    """
    row = coupons.select_coupon(tx, key=normal_form(code))
    if row is None:
        raise CodeUnknown
    return _coupon(tx, row)


def _coupon(tx: Transaction, row: CouponRow) -> Coupon:
    pool = pools_by_id(tx, [row.pool_id])[row.pool_id]
    return Coupon(
        row.code, row.key, pool, row.uses, row.revoked_at, row.member_id, row.claimed_at, row.ends_at or _end(pool, row)
    )


def _end(pool: Pool, row: CouponRow) -> datetime | None:
    return pool.terms.valid_until if row.claimed_at is None else ends_at(pool.terms, row.claimed_at)


def uses_of(tx: Transaction, coupon: Coupon, *, limit: int = 50) -> Sequence[Use]:
    """Where a code was used, the latest first."""
    return _queries.select_uses_of(tx, key=coupon.key, limit=limit)


def look(
    tx: Transaction, code: str, cart: Cart, *, at: datetime, member_id: int | None = None, checkout: str | None = None
) -> Look:
    """What a code would give in a cart; nothing is reserved.

    Raises:
        CodeUnknown: it is none, was revoked, its pool is closed, or it is another member's: the answer does not say which.
    """
    row = coupons.select_coupon(tx, key=normal_form(code))
    return _look(tx, _known(tx, row, member_id), cart, at, member_id, checkout)


def _known(tx: Transaction, row: CouponRow | None, member_id: int | None) -> Coupon:
    coupon = None if row is None else _coupon(tx, row)
    if coupon is None or coupon.revoked_at is not None or coupon.pool.closed_at is not None:
        raise CodeUnknown
    if coupon.member_id not in {None, member_id}:
        raise CodeUnknown
    return coupon


def _look(
    tx: Transaction, coupon: Coupon, cart: Cart, at: datetime, member_id: int | None, checkout: str | None
) -> Look:
    terms = coupon.pool.terms
    beside = [] if checkout is None else _queries.select_open_uses(tx, checkout=checkout, at=at)
    others = [one for one in beside if one.key != coupon.key]
    why = refusal_in(terms, cart, coupon.ends_at, at) or _beside(coupon, others)
    if why is None and len(others) == len(beside):
        why = _counted(tx, coupon, member_id, at)
    off = sum(one.discount_minor for one in others if not one.free_shipping)
    return Look(coupon, None if why else worth_in(terms, cart, taken_off_minor=off), why)


def _beside(coupon: Coupon, others: Sequence[Use]) -> Why | None:
    """Why it does not go with what the checkout has."""
    if others and (coupon.pool.terms.exclusive or any(one.exclusive for one in others)):
        return "alone"
    group = coupon.pool.terms.stack_group
    return "group" if group is not None and any(one.stack_group == group for one in others) else None


def _counted(tx: Transaction, coupon: Coupon, member_id: int | None, at: datetime) -> Why | None:
    """Why the limits do not let it be used once more, as far as is known without locking."""
    terms = coupon.pool.terms
    if terms.per_member is not None:
        if member_id is None:
            return "members_only"
        used = _queries.count_of_member(tx, pool_id=coupon.pool.pool_id, member_id=member_id, at=at)
        if used >= terms.per_member:
            return "used_by_member"
    lapsed = _queries.count_lapsed(tx, key=coupon.key, at=at)
    if terms.per_code is not None and coupon.uses - lapsed >= terms.per_code:
        return "used_up"
    if terms.total is not None and _queries.count_of_pool(tx, pool_id=coupon.pool.pool_id, at=at) >= terms.total:
        return "used_up"
    return None


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
    coupon = _known(tx, coupons.lock_coupon(tx, key=normal_form(code)), member_id)
    _lapse(tx, at, key=coupon.key)
    before = _queries.lock_use(tx, checkout=checkout, key=coupon.key)
    if before is not None and before.state == "redeemed":
        raise UseOver(state="redeemed", checkout=checkout)
    seen = _look(tx, replace(coupon, uses=_queries.select_uses(tx, key=coupon.key)), cart, at, member_id, checkout)
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
