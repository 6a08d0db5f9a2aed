"""The loyalty programme: what an order earns, when points expire, and which tier a member has.

The invariant: an award names the version of the programme it was made under, the one that held when the order was paid;
taking back follows that version, and however an order's lines come back, the points taken back sum to the points given. A member's tier is what the last
twelve months' spend says, at every moment.

    programme.publish(tx, programme.default("GBP", "Europe/London"), at=now, by="ada@shop.example")
    programme.award(tx, [order_id], at=now)
    programme.standing(tx, member_id, at=now).tier  # 'silver'
"""

from regulars.programme._activities import post
from regulars.programme._awards import PostingRefused, award, cancel, deliver, revise, take_back
from regulars.programme._queries import awards_of
from regulars.programme._records import Award, Standing, Version
from regulars.programme._referrals import refer, referral_terms, referral_terms_of, reward_referrals, undo_referrals
from regulars.programme._refusals import BadProgramme
from regulars.programme._rules import (
    EXPIRIES,
    PENDINGS,
    Earning,
    Programme,
    Tier,
    default,
    points_for,
    share,
    terms,
    tier_for,
)
from regulars.programme._tiers import Progress, review, review_due, standing, standing_as_of, tier_counts
from regulars.programme._versions import NoProgramme, current, in_force, publish, versions

__all__ = [
    "EXPIRIES",
    "PENDINGS",
    "Award",
    "BadProgramme",
    "Earning",
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
    "deliver",
    "in_force",
    "points_for",
    "post",
    "publish",
    "refer",
    "referral_terms",
    "referral_terms_of",
    "review",
    "review_due",
    "revise",
    "reward_referrals",
    "share",
    "standing",
    "standing_as_of",
    "take_back",
    "terms",
    "tier_counts",
    "tier_for",
    "undo_referrals",
    "versions",
]
