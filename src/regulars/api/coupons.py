"""Coupons: pools of codes, codes handed out, codes at a checkout."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Response
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from regulars.access import Permission
from regulars.api._calls import ApiCall, Call
from regulars.api._carts import (
    GUESSING,
    Cart,
    Checkout,
    Code,
    CodeOf,
    MinorOff,
    Reference150,
    Said,
    Visitor,
    member_named,
    slowly,
)
from regulars.api._paging import Int64, Page, Paging, from_cursor, page_of
from regulars.api._routes import creating, reading
from regulars.api._shapes import Currency, Id, ImpossibleDate, Instant, MemberRef, Text, find_member, sensible, shown
from regulars.api._terms import Span
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

Times = Annotated[int, Meta(ge=1, le=10**9)]


class Terms(Struct, forbid_unknown_fields=True):
    """What every code of a pool gives, where, how long, and how often."""

    kind: Annotated[Literal["percent", "amount", "free_shipping", "gift"], Meta(examples=["percent"])]
    percent: Annotated[int, Meta(ge=0, le=100, description="Of `percent`: how much off.", examples=[10])] = 0
    amount_minor: Annotated[MinorOff, Meta(description="Of `amount`: how much off.")] = 0
    sku: Annotated[Text | None, Meta(description="Of `gift`: what is given along.")] = None
    currency: Annotated[Currency | None, Meta(description="Of the amounts; null: there are none.")] = None
    most_minor: Annotated[MinorOff | None, Meta(description="What a percentage takes off at most.")] = None
    least_minor: Annotated[MinorOff, Meta(description="What the goods that count cost at least.")] = 0
    products: Annotated[list[Text], Meta(max_length=1000, description="The products that count; none: all.")] = []
    valid_from: Instant | None = None
    valid_until: Annotated[Instant | None, Meta(description="From then on no code is good any more.")] = None
    valid_for: Annotated[Span | None, Meta(description="How long a code is good once it was handed out.")] = None
    time_zone: Annotated[Text, Meta(description="Whose days those are: an IANA name.", examples=["Europe/London"])] = (
        "UTC"
    )
    per_code: Annotated[Times | None, Meta(description="How often one code can be used; null: without limit.")] = 1
    per_member: Annotated[Times | None, Meta(description="How often one member can use codes of the pool.")] = None
    total: Annotated[Times | None, Meta(description="How often codes of the pool can be used in all.")] = None
    stack_group: Annotated[CodeOf | None, Meta(description="A checkout takes one coupon of a group.")] = None
    exclusive: Annotated[bool, Meta(description="A checkout takes it alone.")] = False
    hold_minutes: Annotated[int, Meta(ge=1, le=10_080, description="How long a checkout keeps it.")] = 30


class NewPool(Struct, forbid_unknown_fields=True):
    """A pool to open."""

    code: CodeOf
    name_en: Annotated[Text, Meta(examples=["Summer"])]
    name_zh: Annotated[Text, Meta(examples=["夏季"])]
    terms: Terms
    shared: Annotated[bool, Meta(description="True: one code for everybody.")] = False
    low_water: Annotated[
        int, Meta(ge=0, le=10**6, description="At so few free codes, `coupon_pool.ran_low` is told, once.")
    ] = 0


class Pool(NewPool, kw_only=True):
    """A pool, and how many codes it has."""

    codes: int
    free: Annotated[int, Meta(description="How many are still to be handed out.")]
    claimed: int
    low_since: datetime | None
    created_at: datetime
    created_by: str
    closed_at: datetime | None


class Generation(Struct, forbid_unknown_fields=True):
    """Codes to make."""

    count: Annotated[int, Meta(ge=1, le=1_000_000, examples=[1000])]
    prefix: Annotated[
        str, Meta(max_length=20, pattern="^[A-Za-z0-9-]*$", description="Printed before each.", examples=["SUMMER"])
    ] = ""
    characters: Annotated[
        int, Meta(ge=4, le=28, description="Of each after the prefix; the last finds slips of the finger.")
    ] = 12


class CodeImport(Struct, forbid_unknown_fields=True):
    """Codes made elsewhere."""

    codes: Annotated[list[Annotated[str, Meta(max_length=200)]], Meta(min_length=1, max_length=100_000)]


class RefusedCode(Struct):
    """A code that was not taken in."""

    row: Annotated[int, Meta(description="Which of those sent, from 1.")]
    code: str
    reason: str


class Filled(Struct):
    """What came into the pool."""

    added: int
    known: Annotated[int, Meta(description="How many were there already.")]
    refused: int
    refusals: Annotated[list[RefusedCode], Meta(description="The first thousand.")]
    entropy_bits: Annotated[float | None, Meta(description="Of codes made here: how many bits of each are random.")]


class CodeOfPool(Struct):
    """A code, and whose it is."""

    code: str
    member: Annotated[Id | None, Meta(description="Null: nobody's yet.")]
    claimed_at: datetime | None
    ends_at: datetime | None
    uses: int
    revoked_at: datetime | None


class NewClaim(Struct, forbid_unknown_fields=True):
    """A code to hand out."""

    member: MemberRef
    reference: Reference150


class Claim(Struct):
    """A code that a member has."""

    id: Id
    pool: str
    member: Id
    code: str
    reference: str
    claimed_at: datetime
    ends_at: Annotated[datetime | None, Meta(description="From then on it is good no more; null: that is open.")]
    revoked_at: datetime | None


class Presented(Struct, forbid_unknown_fields=True):
    """A code somebody wants to use in a cart."""

    code: Code
    cart: Cart
    checkout: Checkout
    member: MemberRef | None = None
    visitor: Visitor | None = None


class AtCheckout(Struct, forbid_unknown_fields=True):
    """A code a checkout has reserved."""

    code: Code
    checkout: Checkout


class Check(Struct):
    """What a code would give."""

    usable: bool
    reason: Annotated[str | None, Meta(description="Why it gives nothing; null: it does.")]
    why: Annotated[str | None, Meta(description="The same as a word for programs: `over`, `used_up` …")]
    pool: str
    name_en: str
    name_zh: str
    discount_minor: int
    free_shipping: bool
    sku: str | None
    ends_at: datetime | None


class Use(Struct):
    """A coupon at a checkout."""

    code: str
    checkout: str
    member: Id | None
    state: Literal["reserved", "redeemed", "released", "refunded"]
    reserved_until: Annotated[datetime, Meta(description="When the checkout lets go of it by itself.")]
    discount_minor: int
    currency: str
    free_shipping: bool
    sku: Annotated[str | None, Meta(description="What is given along.")]


class Wanted(Struct, forbid_unknown_fields=True):
    """A code to look up, or to take out of use."""

    code: Code


class Revocation(Struct, forbid_unknown_fields=True):
    """A code to take out of use, and why."""

    code: Code
    reason: Said


class KnownCode(Struct):
    """What is known of a code."""

    code: str
    pool: str
    member: Id | None
    claimed_at: datetime | None
    ends_at: datetime | None
    revoked_at: datetime | None
    uses: Annotated[list[Use], Meta(description="The latest fifty, the latest first.")]


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
def revoke_coupon(call: Call, data: JSONBody[Revocation]) -> Response[KnownCode]:
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
