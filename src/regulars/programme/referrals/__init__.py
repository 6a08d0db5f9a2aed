"""Referrals: members' links and codes, who brought whom, what both sides get, and whether it can be believed.

The invariant: a friend has one referral and one reward a side and cause; what is taken back never exceeds what was given;
attribution follows one rule from all touches known, whatever their order, and its evidence is kept.

    code = referrals.issue(tx, ada, at=now).code
    referrals.touch(tx, [NewTouch(code, "link_opened", now, device=hash)], at=now)
    referrals.attribute(tx, [ben], terms, terms_of=terms_of, at=now)
    referrals.reward(tx, [referral_id], terms_of=terms_of, at=now)
"""

from regulars.programme.referrals._attributions import attribute
from regulars.programme.referrals._codes import (
    ALPHABET,
    CodeNotFound,
    NoCode,
    check_character,
    code_of,
    find_code,
    issue,
    new_code,
    normal_form,
    revoke,
)
from regulars.programme.referrals._gifts import GiftRefused, reward, settle
from regulars.programme.referrals._queries import (
    any_code,
    any_touch,
    select_orders_of_returns,
    select_referrals_of_orders,
)
from regulars.programme.referrals._records import (
    REASONS,
    STATES,
    Advocate,
    Code,
    Funnel,
    Gift,
    Progress,
    Referred,
    Review,
    State,
    Story,
    Touch,
    TouchKind,
    reason_words,
)
from regulars.programme.referrals._reviews import (
    BadReason,
    Give,
    NotReviewable,
    ReferralNotFound,
    approve,
    find,
    forget,
    hand_over_due,
    lapse_due,
    refuse,
    rescore,
)
from regulars.programme.referrals._rules import Milestone, Referral, Terms, TermsOf, Thanks, check_referral
from regulars.programme.referrals._stories import brought_by, progress, story
from regulars.programme.referrals._touches import NewTouch, touch

__all__ = [
    "ALPHABET",
    "REASONS",
    "STATES",
    "Advocate",
    "BadReason",
    "Code",
    "CodeNotFound",
    "Funnel",
    "Gift",
    "GiftRefused",
    "Give",
    "Milestone",
    "NewTouch",
    "NoCode",
    "NotReviewable",
    "Progress",
    "Referral",
    "ReferralNotFound",
    "Referred",
    "Review",
    "State",
    "Story",
    "Terms",
    "TermsOf",
    "Thanks",
    "Touch",
    "TouchKind",
    "any_code",
    "any_touch",
    "approve",
    "attribute",
    "brought_by",
    "check_character",
    "check_referral",
    "code_of",
    "find",
    "find_code",
    "forget",
    "hand_over_due",
    "issue",
    "lapse_due",
    "new_code",
    "normal_form",
    "progress",
    "reason_words",
    "refuse",
    "rescore",
    "revoke",
    "reward",
    "select_orders_of_returns",
    "select_referrals_of_orders",
    "settle",
    "story",
    "touch",
]
