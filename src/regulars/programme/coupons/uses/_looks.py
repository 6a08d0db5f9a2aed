"""Coupons at checkouts, looked at: what codes would give in a cart one after the other, or why they give nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from regulars.programme.coupons import _queries as coupons
from regulars.programme.coupons._claims import Coupon
from regulars.programme.coupons._codes import normal_form
from regulars.programme.coupons._pools import Pool, pools_by_id
from regulars.programme.coupons._queries import CouponRow
from regulars.programme.coupons._rules import Cart, Why, Worth, ends_at, refusal_in, worth_in
from regulars.programme.coupons.uses import _queries
from regulars.programme.coupons.uses._queries import Tally, Use
from regulars.programme.guesses import CodeUnknown
from regulars.storage import Transaction

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


@dataclass(frozen=True, slots=True)
class Look:
    """What a code would give in a cart, or why it gives nothing."""

    coupon: Coupon
    worth: Worth | None
    why: Why | None


@dataclass(frozen=True, slots=True)
class Looks:
    """What codes would give that somebody wants to use, in their order, and what each of a member's others would beside them."""

    tried: list[Look | None]
    """None: it is none, was revoked, its pool is closed, or it is another member's."""

    others: list[Look]


@dataclass(frozen=True, slots=True)
class _Beside:
    """A coupon that the checkout has, or would have by then."""

    key: str
    pool_id: int
    discount_minor: int
    free_shipping: bool
    stack_group: str | None
    exclusive: bool
    counted: bool
    """Whether it is among the uses that are counted; one that is only tried is not yet."""


def look_up(tx: Transaction, code: str) -> Coupon:
    """A code, its pool and whose it is, as staff see it.

    Raises:
        CodeUnknown: there is none.
    """
    row = coupons.select_coupon(tx, key=normal_form(code))
    if row is None:
        raise CodeUnknown
    return _coupon(row, pools_by_id(tx, [row.pool_id])[row.pool_id])


def _coupon(row: CouponRow, pool: Pool) -> Coupon:
    end = pool.terms.valid_until if row.claimed_at is None else ends_at(pool.terms, row.claimed_at)
    return Coupon(row.code, row.key, pool, row.uses, row.revoked_at, row.member_id, row.claimed_at, row.ends_at or end)


def known(tx: Transaction, row: CouponRow | None, member_id: int | None) -> Coupon:
    """The coupon of a row, if it is one for this member.

    Raises:
        CodeUnknown: it is none, was revoked, its pool is closed, or it is another member's.
    """
    coupon = None if row is None else _coupon(row, pools_by_id(tx, [row.pool_id])[row.pool_id])
    if coupon is None or not _is_for(coupon, member_id):
        raise CodeUnknown
    return coupon


def _is_for(coupon: Coupon, member_id: int | None) -> bool:
    gone = coupon.revoked_at is not None or coupon.pool.closed_at is not None
    return not gone and coupon.member_id in {None, member_id}


def look(
    tx: Transaction, code: str, cart: Cart, *, at: datetime, member_id: int | None = None, checkout: str | None = None
) -> Look:
    """What a code would give in a cart; nothing is reserved.

    Raises:
        CodeUnknown: it is none, was revoked, its pool is closed, or it is another member's: the answer does not say which.
    """
    [found] = look_all(tx, [code], cart, at=at, member_id=member_id, checkout=checkout).tried
    if found is None:
        raise CodeUnknown
    return found


def look_at(
    tx: Transaction, coupon: Coupon, cart: Cart, *, at: datetime, member_id: int | None, checkout: str | None
) -> Look:
    """As `look`, of a coupon that is known."""
    beside = _reserved(tx, checkout, at)
    [tally] = _queries.select_tallies(tx, keys=[coupon.key], member_id=member_id, at=at)
    others = [one for one in beside if one.key != coupon.key]
    return _look(coupon, cart, others, tally if len(others) == len(beside) else None, member_id, at)


def look_all(
    tx: Transaction,
    codes: Sequence[str],
    cart: Cart,
    *,
    at: datetime,
    member_id: int | None = None,
    checkout: str | None = None,
    others: Sequence[str] = (),
) -> Looks:
    """What codes would give in a cart if they were reserved one after the other, and `others` each beside them.

    Nothing is reserved. A constant number of statements, however many codes there are.
    """
    keys = list(dict.fromkeys(normal_form(code) for code in codes))
    more = [key for key in dict.fromkeys(normal_form(code) for code in others) if key not in keys]
    found = _read(tx, [*keys, *more], member_id)
    reserved = _reserved(tx, checkout, at) if found else []
    ours = {one.key for one in reserved}
    tallies = {one.key: one for one in _queries.select_tallies(tx, keys=list(found), member_id=member_id, at=at)}
    beside = [one for one in reserved if one.key not in keys]
    looks: dict[str, Look] = {}
    for key in keys:
        if key in found:
            tally = None if key in ours else _with(tallies[key], found[key], beside)
            looks[key] = _look(found[key], cart, beside, tally, member_id, at)
            beside += _taken(looks[key], counted=key in ours)
    return Looks(
        [looks.get(normal_form(code)) for code in codes],
        [_look(found[key], cart, beside, _with(tallies[key], found[key], beside), member_id, at) for key in more if key in found],
    )  # fmt: skip


def _read(tx: Transaction, keys: list[str], member_id: int | None) -> dict[str, Coupon]:
    rows = coupons.select_coupons(tx, keys=keys) if keys else []
    pools = pools_by_id(tx, [row.pool_id for row in rows]) if rows else {}
    found = {row.key: _coupon(row, pools[row.pool_id]) for row in rows}
    return {key: found[key] for key in keys if key in found and _is_for(found[key], member_id)}


def _reserved(tx: Transaction, checkout: str | None, at: datetime) -> list[_Beside]:
    return [] if checkout is None else [_of_use(one) for one in _queries.select_open_uses(tx, checkout=checkout, at=at)]


def _of_use(one: Use) -> _Beside:
    return _Beside(
        one.key, one.pool_id, one.discount_minor, one.free_shipping, one.stack_group, one.exclusive, counted=True
    )


def _taken(seen: Look, *, counted: bool) -> list[_Beside]:
    """What the checkout has more, once it has this."""
    if seen.worth is None:
        return []
    pool, terms = seen.coupon.pool, seen.coupon.pool.terms
    off, free = seen.worth.discount_minor, seen.worth.free_shipping
    return [_Beside(seen.coupon.key, pool.pool_id, off, free, terms.stack_group, terms.exclusive, counted)]


def _with(tally: Tally, coupon: Coupon, beside: Sequence[_Beside]) -> Tally:
    """How often it would be in use by then, with what is tried before it."""
    more = sum(one.pool_id == coupon.pool.pool_id and not one.counted for one in beside)
    return Tally(tally.key, tally.of_code, tally.of_member + more, tally.of_pool + more)


def _look(
    coupon: Coupon, cart: Cart, beside: Sequence[_Beside], tally: Tally | None, member_id: int | None, at: datetime
) -> Look:
    """`tally` is None for what the checkout has already: that is counted."""
    terms = coupon.pool.terms
    why = refusal_in(terms, cart, coupon.ends_at, at) or _conflict(coupon, beside)
    if why is None and tally is not None:
        why = _counted(coupon, tally, member_id)
    off = sum(one.discount_minor for one in beside if not one.free_shipping)
    return Look(coupon, None if why else worth_in(terms, cart, taken_off_minor=off), why)


def _conflict(coupon: Coupon, others: Sequence[_Beside]) -> Why | None:
    """Why it does not go with what the checkout has."""
    if others and (coupon.pool.terms.exclusive or any(one.exclusive for one in others)):
        return "alone"
    group = coupon.pool.terms.stack_group
    return "group" if group is not None and any(one.stack_group == group for one in others) else None


def _counted(coupon: Coupon, tally: Tally, member_id: int | None) -> Why | None:
    """Why the limits do not let it be used once more, as far as is known without locking."""
    terms = coupon.pool.terms
    if terms.per_member is not None:
        if member_id is None:
            return "members_only"
        if tally.of_member >= terms.per_member:
            return "used_by_member"
    if terms.per_code is not None and tally.of_code >= terms.per_code:
        return "used_up"
    return "used_up" if terms.total is not None and tally.of_pool >= terms.total else None
