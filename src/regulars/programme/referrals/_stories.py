"""One referral with all that belongs to it, and a member's own referrals."""

from regulars.programme.referrals import _queries, stories
from regulars.programme.referrals._records import Progress, Referred, Story
from regulars.programme.referrals._reviews import find
from regulars.programme.referrals._rules import Terms
from regulars.storage import Transaction
from regulars.types import from_public


def story(tx: Transaction, referral_id: int) -> Story:
    """A referral, the touches that were weighed, what was given, and what people decided.

    Raises:
        ReferralNotFound: there is none.
    """
    one = find(tx, referral_id)
    touch_ids = [from_public("tch", each["touch"]) for each in one.evidence]
    return Story(
        one,
        stories.select_touches(tx, touch_ids=touch_ids),
        _queries.select_gifts(tx, referral_ids=[referral_id]),
        _queries.select_reviews(tx, referral_id=referral_id),
    )


def progress(tx: Transaction, member_id: int, terms: Terms | None) -> Progress:
    """A member's code and link, and what became of the friends."""
    code = _queries.select_live_code(tx, member_id=member_id)
    referral = terms.referral if terms else None
    states = stories.friends_of(tx, advocate_id=member_id)
    rewarded = states.get("rewarded", 0)
    known = stories.advocates(tx, member_ids=[member_id])
    ahead = [one.friends for one in referral.milestones if one.friends > rewarded] if referral else []
    return Progress(
        code=code,
        link=referral.link_of(code.code) if referral and code else None,
        touches=stories.touches_of(tx, advocate_id=member_id),
        joined=sum(count for state, count in states.items() if state != "refused"),
        rewarded=rewarded,
        held=states.get("held", 0),
        points=known[0].points if known else 0,
        next_milestone=min(ahead, default=None),
    )


def brought_by(tx: Transaction, friend_id: int) -> Referred | None:
    """Who brought a member; None: nobody did, as far as is known."""
    found = _queries.select_by_friends(tx, friend_ids=[friend_id])
    return found[0] if found else None
