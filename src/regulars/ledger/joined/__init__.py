"""Postings for accounts that have joined another: where they go, and where what they follow from is.

The invariant: an account that has joined another holds nothing, and nothing is posted twice or undone twice, on
whichever of the accounts that a member's postings have ever gone to it is recorded.

    places = joined.lock(tx, [account_id], at=now)
    followed = joined.follow(tx, postings, at=now)  # those that ledger_post has answered with "elsewhere"
"""

from regulars.ledger.joined._following import Followed, Places, follow, lock
from regulars.ledger.joined._queries import Home, Join, Moved, select_home, select_homes, select_joins

__all__ = [
    "Followed",
    "Home",
    "Join",
    "Moved",
    "Places",
    "follow",
    "lock",
    "select_home",
    "select_homes",
    "select_joins",
]
