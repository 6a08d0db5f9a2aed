"""The loyalty programme: what an order earns, when points expire, and which tier a member has.

The invariant: an award names the version of the programme it was made under, the one that held when the order was paid;
taking back follows that version, and however an order's lines come back, the points taken back sum to the points given. A member's tiers are what
counted at every moment comes to, under the version that held then.

    programme.publish(tx, programme.default("GBP", "Europe/London"), at=now, by="ada@shop.example")
    programme.award(tx, [order_id], at=now)
    programme.standing(tx, member_id, at=now).tier  # 'silver'
"""

from regulars.programme._activities import post
from regulars.programme._awards import award, deliver
from regulars.programme._checkouts import quote_checkout
from regulars.programme._corrections import cancel, revise, take_back
from regulars.programme._events import EventOutcome, record_events
from regulars.programme._goals import GoalProgress, advance_orders, goal_progress
from regulars.programme._locks import lock_orders
from regulars.programme._occasions import adopt_occasions, celebrate_due, note_occasions
from regulars.programme._postings import PostingRefused
from regulars.programme._queries import awards_of
from regulars.programme._records import Award, Version
from regulars.programme._referrals import (
    hand_over_referrals,
    refer,
    referral_terms,
    referral_terms_of,
    reward_referrals,
    undo_referrals,
)
from regulars.programme._refusals import BadProgramme
from regulars.programme._rewards import give_owed_rewards, holder, shelf
from regulars.programme._rules import (
    EXPIRIES,
    PENDINGS,
    Programme,
    Rate,
    Terms,
    default,
    moments,
    read_expiry,
    read_pending,
    share,
    terms,
)
from regulars.programme._standings import (
    TierSetNotFound,
    approve_grant,
    counted_facts,
    end_grant,
    entitlements,
    grant_tier,
    judge_all,
    review,
    review_due,
    sell_memberships,
    standing,
    standing_as_of,
    standings,
    standings_as_of,
    tier_counts,
    tier_set,
    use_benefit,
)
from regulars.programme._trials import Basket, BasketLine, NoRate, Trial, explain, try_basket, try_order
from regulars.programme._versions import NoProgramme, current, in_force, publish, time_zone, versions
from regulars.programme.earning import Rule, proportional
from regulars.programme.tiers import Progress, Standing, Tier, TierSet, tier_for

__all__ = [
    "EXPIRIES",
    "PENDINGS",
    "Award",
    "BadProgramme",
    "Basket",
    "BasketLine",
    "EventOutcome",
    "GoalProgress",
    "NoProgramme",
    "NoRate",
    "PostingRefused",
    "Programme",
    "Progress",
    "Rate",
    "Rule",
    "Standing",
    "Terms",
    "Tier",
    "TierSet",
    "TierSetNotFound",
    "Trial",
    "Version",
    "adopt_occasions",
    "advance_orders",
    "approve_grant",
    "award",
    "awards_of",
    "cancel",
    "celebrate_due",
    "counted_facts",
    "current",
    "default",
    "deliver",
    "end_grant",
    "entitlements",
    "explain",
    "give_owed_rewards",
    "goal_progress",
    "grant_tier",
    "hand_over_referrals",
    "holder",
    "in_force",
    "judge_all",
    "lock_orders",
    "moments",
    "note_occasions",
    "post",
    "proportional",
    "publish",
    "quote_checkout",
    "read_expiry",
    "read_pending",
    "record_events",
    "refer",
    "referral_terms",
    "referral_terms_of",
    "review",
    "review_due",
    "revise",
    "reward_referrals",
    "sell_memberships",
    "share",
    "shelf",
    "standing",
    "standing_as_of",
    "standings",
    "standings_as_of",
    "take_back",
    "terms",
    "tier_counts",
    "tier_for",
    "tier_set",
    "time_zone",
    "try_basket",
    "try_order",
    "undo_referrals",
    "use_benefit",
    "versions",
]
