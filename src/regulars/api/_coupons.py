"""Coupons as callers write and read them."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from regulars.api._carts import Cart, Checkout, Code, CodeOf, MinorOff, Reference150, Said, Visitor
from regulars.api._shapes import Currency, Id, Instant, MemberRef, Text
from regulars.api._terms import Span

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


class CouponRevocation(Struct, forbid_unknown_fields=True):
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
