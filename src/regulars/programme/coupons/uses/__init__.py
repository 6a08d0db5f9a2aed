"""Coupons at checkouts: reserve, then redeem or release; refund what was redeemed.

The invariant: a code is in use at most as often as its terms allow, alone, by member and in all, at every moment.

    use = uses.reserve(tx, "SUMMER-…", cart, checkout="basket-1", member_id=member_id, at=now)
    uses.redeem(tx, "SUMMER-…", checkout="basket-1", at=now)
"""

from regulars.programme.coupons.uses._queries import Use
from regulars.programme.coupons.uses._uses import (
    WORDS,
    CouponNotUsable,
    Look,
    UseNotFound,
    UseOver,
    lapse_due,
    look,
    look_up,
    redeem,
    refund,
    release,
    reserve,
    uses_of,
)

__all__ = [
    "WORDS",
    "CouponNotUsable",
    "Look",
    "Use",
    "UseNotFound",
    "UseOver",
    "lapse_due",
    "look",
    "look_up",
    "redeem",
    "refund",
    "release",
    "reserve",
    "uses_of",
]
