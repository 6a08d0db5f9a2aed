"""What people read about referrals: the funnel, the queue, the best advocates, one story, a member's own progress."""

from regulars.programme.referrals.stories._queries import (
    advocates,
    friends_of,
    funnel,
    list_referrals,
    select_touches,
    touches_of,
)

__all__ = ["advocates", "friends_of", "funnel", "list_referrals", "select_touches", "touches_of"]
