"""Households whose members share their points: the people and the points in one step.

The invariant: a member's points are with a household exactly while the member belongs to it.

    household = members.form_household(tx, "The Lovelaces", at=now)
    sharing.join(tx, household.household_id, member_id, at=now)  # brings all points along
    sharing.leave(tx, household.household_id, member_id, share=500, at=now)  # takes 500 along
    sharing.dissolve(tx, household.household_id, heir_id, at=now)  # the heir gets what is left
"""

from regulars.ledger.sharing._sharing import dissolve, join, leave, shared_by

__all__ = ["dissolve", "join", "leave", "shared_by"]
