"""What the verbs of rewards are given: the rewards in force, and the member with the tiers that prices depend on."""

from datetime import datetime

from regulars.programme._standings import standings
from regulars.programme._versions import current
from regulars.programme.rewards import Holder, Shelf, any_owed, give_owed
from regulars.storage import Transaction


def shelf(tx: Transaction, *, at: datetime) -> Shelf:
    """The rewards of the programme that holds.

    Raises:
        NoProgramme: none holds and there is no shop to make one for.
    """
    found = current(tx, at=at)
    return Shelf(found.rewards, found.currency, found.time_zone)


def holder(tx: Transaction, member_id: int, *, at: datetime) -> Holder:
    """A member, and the tiers the member has, one of each set.

    Raises:
        NoProgramme: none holds and there is no shop to make one for.
    """
    return Holder(member_id, frozenset(one.tier.code for one in standings(tx, member_id, at=at)))


def give_owed_rewards(tx: Transaction, *, at: datetime, limit: int = 1000) -> int:
    """Hand over the rewards that are due to members, by the programme that holds; how many were tried."""
    return give_owed(tx, shelf(tx, at=at), at=at, limit=limit) if any_owed(tx, at=at) else 0
