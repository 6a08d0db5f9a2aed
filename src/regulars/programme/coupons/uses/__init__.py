"""Coupons at checkouts: reserve, then redeem or release; refund what was redeemed.

The invariant: a code is in use at most as often as its terms allow, alone, by member and in all, at every moment.

    use = uses.reserve(tx, "SUMMER-…", cart, checkout="basket-1", member_id=member_id, at=now)
    uses.redeem(tx, "SUMMER-…", checkout="basket-1", at=now)
"""

from regulars.programme.coupons.uses._looks import WORDS, Look, Looks, look, look_all, look_up
from regulars.programme.coupons.uses._queries import Use
from regulars.programme.coupons.uses._uses import (
    CouponNotUsable,
    UseNotFound,
    UseOver,
    lapse_due,
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
    "Looks",
    "Use",
    "UseNotFound",
    "UseOver",
    "lapse_due",
    "look",
    "look_all",
    "look_up",
    "redeem",
    "refund",
    "release",
    "reserve",
    "uses_of",
]
