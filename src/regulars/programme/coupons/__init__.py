"""Coupons: pools of codes, each code handed out once, looked up however it is typed.

The invariant: a code of its own is one member's at most, however many ask at the same moment; nobody is told whether a code
they guess is another's, revoked, or none at all.

    coupons.open_pool(tx, NewPool("summer", "Summer", "夏季", Terms("percent", percent=10)), at=now, by="Ada")
    coupons.generate(tx, "summer", 1_000_000, prefix="SUMMER", at=now, by="Ada")
    coupons.claim(tx, "summer", member_id, reference="mail-1", at=now).code
    coupons.uses.reserve(tx, code, cart, checkout="basket-1", member_id=member_id, at=now)
"""

from regulars.programme.coupons._claims import (
    Coupon,
    CouponUsed,
    PoolEmpty,
    Wanted,
    claim,
    claim_all,
    claims,
    end,
    revoke,
)
from regulars.programme.coupons._codes import (
    ALPHABET,
    MOST_CHARACTERS,
    RefusedRow,
    entropy_bits,
    is_right,
    new_codes,
    normal_form,
)
from regulars.programme.coupons._pools import (
    AT_ONCE,
    Filled,
    NewPool,
    Pool,
    PoolClosed,
    PoolExists,
    PoolNotFound,
    batches,
    close_pool,
    codes,
    generate,
    has_header,
    import_codes,
    in_lots,
    levels,
    open_pool,
    pool,
    pools,
    pools_by_id,
    share_code,
    watch,
)
from regulars.programme.coupons._queries import Batch, Claim, Issued, Level
from regulars.programme.coupons._rules import KINDS, BadCoupon, Cart, CartLine, Terms, Why, Worth, ends_at, worth_in

__all__ = [
    "ALPHABET",
    "AT_ONCE",
    "KINDS",
    "MOST_CHARACTERS",
    "BadCoupon",
    "Batch",
    "Cart",
    "CartLine",
    "Claim",
    "Coupon",
    "CouponUsed",
    "Filled",
    "Issued",
    "Level",
    "NewPool",
    "Pool",
    "PoolClosed",
    "PoolEmpty",
    "PoolExists",
    "PoolNotFound",
    "RefusedRow",
    "Terms",
    "Wanted",
    "Why",
    "Worth",
    "batches",
    "claim",
    "claim_all",
    "claims",
    "close_pool",
    "codes",
    "end",
    "ends_at",
    "entropy_bits",
    "generate",
    "has_header",
    "import_codes",
    "in_lots",
    "is_right",
    "levels",
    "new_codes",
    "normal_form",
    "open_pool",
    "pool",
    "pools",
    "pools_by_id",
    "revoke",
    "share_code",
    "watch",
    "worth_in",
]
