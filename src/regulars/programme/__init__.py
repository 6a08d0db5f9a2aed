"""The loyalty programme: what an order earns, when points expire, and which tier a member has.

The invariant: an award names the version of the programme it was made under; taking back follows that version, and
however an order's lines come back, the points taken back sum to the points given. A member's tier is what the last
twelve months' spend says, at every moment.

    programme.publish(tx, programme.default("GBP", "Europe/London"), at=now, by="ada@shop.example")
    programme.award(tx, [order_id], at=now)
    programme.standing(tx, member_id, at=now).tier  # 'silver'
"""

from regulars.programme._awards import PostingRefused, award, cancel, revise, take_back
from regulars.programme._queries import Award, Standing, Version, awards_of
from regulars.programme._rules import (
    BadProgramme,
    Earning,
    Expiry,
    Programme,
    Tier,
    default,
    expires_at,
    points_for,
    share,
    tier_for,
)
from regulars.programme._tiers import Progress, review, review_due, standing, tier_counts
from regulars.programme._versions import NoProgramme, current, in_force, publish, versions

__all__ = [
    "Award",
    "BadProgramme",
    "Earning",
    "Expiry",
    "NoProgramme",
    "PostingRefused",
    "Programme",
    "Progress",
    "Standing",
    "Tier",
    "Version",
    "award",
    "awards_of",
    "cancel",
    "current",
    "default",
    "expires_at",
    "in_force",
    "points_for",
    "publish",
    "review",
    "review_due",
    "revise",
    "share",
    "standing",
    "take_back",
    "tier_counts",
    "tier_for",
    "versions",
]
