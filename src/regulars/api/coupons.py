"""Coupons: pools of codes, codes handed out, codes at a checkout."""

from datetime import datetime
from typing import Any, Final

import msgspec
from litestar import Response
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from regulars.access import Permission
from regulars.api._calls import ApiCall, Call
from regulars.api._carts import (
    GUESSING,
    member_named,
    slowly,
)
from regulars.api._coupons import (
    AtCheckout,
    Check,
    Claim,
    CodeImport,
    CodeOfPool,
    CouponRevocation,
    Filled,
    Generation,
    KnownCode,
    NewClaim,
    NewPool,
    Pool,
    Presented,
    RefusedCode,
    Terms,
    Use,
    Wanted,
)
from regulars.api._paging import Int64, Page, Paging, from_cursor, page_of
from regulars.api._routes import creating, reading
from regulars.api._shapes import ImpossibleDate, find_member, sensible, shown
from regulars.insight import BadCursor
from regulars.members import MemberNotFound
from regulars.programme import coupons
from regulars.programme.coupons import (
    BadCoupon,
    CouponUsed,
    PoolClosed,
    PoolEmpty,
    PoolExists,
    PoolNotFound,
    uses,
)
from regulars.programme.coupons.uses import CouponNotUsable, UseNotFound, UseOver
from regulars.programme.guesses import CodeUnknown
from regulars.storage import Transaction
from regulars.types import to_public

TAG: Final = "Coupons"


def _by(call: ApiCall) -> str:
    return to_public("key", call.key.key_id)


def _terms(one: coupons.Terms) -> Terms:
    return msgspec.convert(one.as_document(), Terms)


def _pools(tx: Transaction, some: list[coupons.Pool]) -> list[Pool]:
    levels = coupons.levels(tx, [one.pool_id for one in some])
    return [_pool(one, levels[one.pool_id]) for one in some]


def _pool(one: coupons.Pool, level: coupons.Level) -> Pool:
    return Pool(
        code=one.code,
        name_en=one.name_en,
        name_zh=one.name_zh,
        terms=_terms(one.terms),
        shared=one.shared,
        low_water=one.low_water,
        codes=level.codes,
        free=level.free,
        claimed=level.claimed,
        low_since=one.low_since,
        created_at=one.created_at,
        created_by=one.created_by,
        closed_at=one.closed_at,
    )


def _filled(one: coupons.Filled) -> Filled:
    told = [RefusedCode(row.row, row.text, row.reason) for row in one.refused[:1000]]
    return Filled(one.added, one.known, len(one.refused), told, one.entropy_bits)


def _use(one: uses.Use) -> Use:
    return Use(
        one.code,
        one.checkout,
        shown("mem", one.member_id),
        one.state,
        one.reserved_until,
        one.discount_minor,
        one.currency,
        one.free_shipping,
        one.sku,
    )


@reading("/coupon-pools", tag=TAG, refusals=[BadCursor])
def list_coupon_pools(call: Call, asked: NamedDependency[Paging]) -> Response[Page[Pool]]:
    """List the pools of codes, by their code."""
    place = from_cursor(asked.after, tuple[str])

    def work(tx: Transaction) -> Page[Pool]:
        known = coupons.pools(tx, after=place[0] if place else "", limit=asked.limit + 1)
        return page_of(_pools(tx, known), asked.limit, lambda one: one, lambda last: (last.code,))

    return call.read(work)


@creating(
    "/coupon-pools",
    tag=TAG,
    permission=Permission.CONFIGURE,
    refusals=[BadCoupon, PoolExists, ImpossibleDate],
)
def open_coupon_pool(call: Call, data: JSONBody[NewPool]) -> Response[Pool]:
    """Open a pool of codes with the same terms. The same again changes nothing."""
    sensible("terms.valid_from", data.terms.valid_from)
    sensible("terms.valid_until", data.terms.valid_until)
    document: dict[str, Any] = msgspec.to_builtins(data.terms)
    new = coupons.NewPool(
        data.code, data.name_en, data.name_zh, coupons.Terms.from_document(document), data.shared, data.low_water
    )
    return call.write(lambda tx, at: _pools(tx, [coupons.open_pool(tx, new, at=at, by=_by(call))])[0])


@reading("/coupon-pools/{pool:str}", tag=TAG, refusals=[PoolNotFound])
def read_coupon_pool(call: Call, pool: FromPath[str]) -> Response[Pool]:
    """Read a pool: its terms, and how many codes are left."""
    return call.read(lambda tx: _pools(tx, [coupons.pool(tx, pool)])[0])


@creating("/coupon-pools/{pool:str}/closure", tag=TAG, permission=Permission.CONFIGURE, refusals=[PoolNotFound])
def close_coupon_pool(call: Call, pool: FromPath[str]) -> Response[Pool]:
    """Close a pool for good: none of its codes is handed out or good any more."""
    return call.write(lambda tx, at: _pools(tx, [coupons.close_pool(tx, pool, at=at, by=_by(call))])[0])


@creating(
    "/coupon-pools/{pool:str}/generations",
    tag=TAG,
    permission=Permission.CONFIGURE,
    refusals=[PoolNotFound, PoolClosed, BadCoupon],
)
def generate_coupons(call: Call, pool: FromPath[str], data: JSONBody[Generation]) -> Response[Filled]:
    """Make random codes, of 29 characters none of which looks like another; the last of each finds slips of the finger.

    A million take some seconds. Read them from `/coupon-pools/{pool}/codes`.
    """

    def work(tx: Transaction, at: datetime) -> Filled:
        made = coupons.generate(
            tx, pool, data.count, prefix=data.prefix, characters=data.characters, at=at, by=_by(call)
        )
        return _filled(made)

    return call.write(work)


@creating(
    "/coupon-pools/{pool:str}/imports",
    tag=TAG,
    permission=Permission.CONFIGURE,
    refusals=[PoolNotFound, PoolClosed],
)
def import_coupons(call: Call, pool: FromPath[str], data: JSONBody[CodeImport]) -> Response[Filled]:
    """Bring codes over that were made elsewhere; those that cannot be used come back with the reason.

    What is there already is known, so that the same request again changes nothing. Of a shared pool: the one code for everybody.
    """

    def work(tx: Transaction, at: datetime) -> Filled:
        lines = [f'"{code.replace(chr(34), chr(34) * 2)}"' for code in data.codes]
        return _filled(coupons.import_codes(tx, pool, lines, source="API", at=at, by=_by(call)))

    return call.write(work)


@reading("/coupon-pools/{pool:str}/codes", tag=TAG, permission=Permission.AUDIT, refusals=[PoolNotFound, BadCursor])
def list_coupon_codes(call: Call, pool: FromPath[str], asked: NamedDependency[Paging]) -> Response[Page[CodeOfPool]]:
    """List the codes of a pool, and whose they are."""
    place = from_cursor(asked.after, tuple[str])

    def work(tx: Transaction) -> Page[CodeOfPool]:
        pool_id = coupons.pool(tx, pool).pool_id
        known = coupons.codes(tx, pool_id, after=place[0] if place else "", limit=asked.limit + 1)
        return page_of(known, asked.limit, _code, lambda last: (last.key,))

    return call.read(work)


def _code(one: coupons.Issued) -> CodeOfPool:
    return CodeOfPool(one.code, shown("mem", one.member_id), one.claimed_at, one.ends_at, one.uses, one.revoked_at)


def _claim(one: coupons.Claim, pool: str) -> Claim:
    member = to_public("mem", one.member_id)
    number = to_public("cpn", one.claim_id)
    return Claim(number, pool, member, one.code, one.reference, one.claimed_at, one.ends_at, one.revoked_at)


@creating(
    "/coupon-pools/{pool:str}/claims",
    tag=TAG,
    permission=Permission.GIVE,
    refusals=[PoolNotFound, PoolClosed, PoolEmpty, MemberNotFound],
)
def claim_coupon(call: Call, pool: FromPath[str], data: JSONBody[NewClaim]) -> Response[Claim]:
    """Hand out a code of a pool to a member. Under the same reference it is the same code."""

    def work(tx: Transaction, at: datetime) -> Claim:
        member_id = find_member(tx, data.member).member_id
        return _claim(coupons.claim(tx, pool, member_id, reference=data.reference, at=at), pool)

    return call.write(work)


@reading("/members/{member:str}/coupons", tag=TAG, permission=Permission.RECORD, refusals=[MemberNotFound, BadCursor])
def list_coupons_of(call: Call, member: FromPath[str], asked: NamedDependency[Paging]) -> Response[Page[Claim]]:
    """List the codes a member was given, the latest first."""
    place = from_cursor(asked.after, tuple[datetime, Int64])

    def work(tx: Transaction) -> Page[Claim]:
        known = coupons.claims(tx, find_member(tx, member).member_id, before=place, limit=asked.limit + 1)
        pools = coupons.pools_by_id(tx, [one.pool_id for one in known])
        return page_of(
            known,
            asked.limit,
            lambda one: _claim(one, pools[one.pool_id].code),
            lambda last: (last.claimed_at, last.claim_id),
        )

    return call.read(work)


@creating(
    "/coupons/checks",
    tag=TAG,
    permission=Permission.SPEND,
    refusals=[*GUESSING, MemberNotFound],
    status_code=200,
)
def check_coupon(call: Call, data: JSONBody[Presented]) -> Response[Check]:
    """Say what a code would give in a cart, or why it gives nothing; nothing is reserved.

    A code that is none, another member's, or out of use is answered alike. Whoever tries five of them has to wait.
    """

    def work(tx: Transaction, at: datetime) -> Check:
        member_id = member_named(tx, data.member)
        seen = uses.look(tx, data.code, data.cart.read(), at=at, member_id=member_id, checkout=data.checkout)
        worth, pool = seen.worth or coupons.Worth(0), seen.coupon.pool
        return Check(
            usable=seen.worth is not None,
            reason=uses.WORDS[seen.why] if seen.why else None,
            why=seen.why,
            pool=pool.code,
            name_en=pool.name_en,
            name_zh=pool.name_zh,
            discount_minor=worth.discount_minor,
            free_shipping=worth.free_shipping,
            sku=worth.sku,
            ends_at=seen.coupon.ends_at,
        )

    return slowly(call, work, member=data.member, visitor=data.visitor)


@creating(
    "/coupons/reservations",
    tag=TAG,
    permission=Permission.SPEND,
    refusals=[*GUESSING, CouponNotUsable, UseOver, MemberNotFound],
)
def reserve_coupon(call: Call, data: JSONBody[Presented]) -> Response[Use]:
    """Keep a coupon for a checkout. The same again changes nothing; with another cart it is worked out anew."""

    def work(tx: Transaction, at: datetime) -> Use:
        member_id = member_named(tx, data.member)
        kept = uses.reserve(tx, data.code, data.cart.read(), checkout=data.checkout, member_id=member_id, at=at)
        return _use(kept)

    return slowly(call, work, member=data.member, visitor=data.visitor)


@creating("/coupons/redemptions", tag=TAG, permission=Permission.SPEND, refusals=[UseNotFound, UseOver])
def redeem_coupon(call: Call, data: JSONBody[AtCheckout]) -> Response[Use]:
    """Use a coupon up that the checkout has reserved, because it is paid; though its own time be over by now."""
    return call.write(lambda tx, at: _use(uses.redeem(tx, data.code, checkout=data.checkout, at=at)))


@creating("/coupons/releases", tag=TAG, permission=Permission.SPEND, refusals=[UseNotFound, UseOver])
def release_coupon(call: Call, data: JSONBody[AtCheckout]) -> Response[Use]:
    """Let go of a coupon that the checkout has reserved."""
    return call.write(lambda tx, at: _use(uses.release(tx, data.code, checkout=data.checkout, at=at)))


@creating("/coupons/refunds", tag=TAG, permission=Permission.SPEND, refusals=[UseNotFound, UseOver])
def refund_coupon(call: Call, data: JSONBody[AtCheckout]) -> Response[Use]:
    """Give back a coupon that was redeemed, because the order was cancelled or came back."""
    return call.write(lambda tx, at: _use(uses.refund(tx, data.code, checkout=data.checkout, at=at)))


@creating("/coupons/lookups", tag=TAG, permission=Permission.AUDIT, refusals=GUESSING, status_code=200)
def look_up_coupon(call: Call, data: JSONBody[Wanted]) -> Response[KnownCode]:
    """Look a code up: its pool, whose it is, and where it was used."""
    return slowly(call, lambda tx, _: _known(tx, data.code), member=None, visitor="staff")


def _known(tx: Transaction, code: str) -> KnownCode:
    found = uses.look_up(tx, code)
    used = [_use(one) for one in uses.uses_of(tx, found)]
    member = shown("mem", found.member_id)
    return KnownCode(found.code, found.pool.code, member, found.claimed_at, found.ends_at, found.revoked_at, used)


@creating("/coupons/revocations", tag=TAG, permission=Permission.GIVE, refusals=[CodeUnknown, CouponUsed])
def revoke_coupon(call: Call, data: JSONBody[CouponRevocation]) -> Response[KnownCode]:
    """Take a code out of use that is not in use at a checkout. Again changes nothing."""

    def work(tx: Transaction, at: datetime) -> KnownCode:
        coupons.revoke(tx, data.code, reason=data.reason, by=_by(call), at=at)
        return _known(tx, data.code)

    return call.write(work)


HANDLERS = (
    list_coupon_pools,
    open_coupon_pool,
    read_coupon_pool,
    close_coupon_pool,
    generate_coupons,
    import_coupons,
    list_coupon_codes,
    claim_coupon,
    list_coupons_of,
    check_coupon,
    reserve_coupon,
    redeem_coupon,
    release_coupon,
    refund_coupon,
    look_up_coupon,
    revoke_coupon,
)
