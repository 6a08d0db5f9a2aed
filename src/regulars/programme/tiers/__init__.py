"""Tiers: several sets at once, each reached by what counts in its own window, kept, lost, given, and worth something.

The invariant: a standing follows from what counted at every moment and from the programme that held then, whenever the work
is done: a job that comes late, twice or not at all for a week tells the same. A cycle that is over is never changed.

    tiers.review(tx, [(member_id, now)], reigns=reigns, at=now)
    tiers.progress(tx, member_id, reigns=reigns, at=now)[0].tier.code      # 'silver'
    tiers.judge_all(tx, another, at=now)["main"]["gold", "silver"]         # 37 would lose gold

`grants` are tiers given by hand or bought, `benefits` what they entitle to, `figures` the counts for staff.
"""

from regulars.programme.tiers import benefits, figures, grants
from regulars.programme.tiers._cycles import whole
from regulars.programme.tiers._following import Line, Look, World, follow, known_zone
from regulars.programme.tiers._past import progress_as_of, seen
from regulars.programme.tiers._previews import Moves, judge_all
from regulars.programme.tiers._queries import Ask, Closed, Counted, select_cycles
from regulars.programme.tiers._records import (
    NEVER,
    GiftDue,
    Grant,
    Left,
    Person,
    Progress,
    Reign,
    Reigns,
    Seen,
    Standing,
)
from regulars.programme.tiers._rules import tier_for
from regulars.programme.tiers._sets import (
    KINDS,
    Benefit,
    By,
    Gift,
    Measure,
    Membership,
    Tier,
    TierSet,
    Window,
    check_sets,
)
from regulars.programme.tiers._standings import (
    Reviewed,
    due,
    followed_since,
    new_gifts,
    progress,
    review,
    review_everyone,
)
from regulars.programme.tiers._words import Told, Writer, amount_of, describe, name_of

__all__ = [
    "KINDS",
    "NEVER",
    "Ask",
    "Benefit",
    "By",
    "Closed",
    "Counted",
    "Gift",
    "GiftDue",
    "Grant",
    "Left",
    "Line",
    "Look",
    "Measure",
    "Membership",
    "Moves",
    "Person",
    "Progress",
    "Reign",
    "Reigns",
    "Reviewed",
    "Seen",
    "Standing",
    "Tier",
    "TierSet",
    "Told",
    "Window",
    "World",
    "Writer",
    "amount_of",
    "benefits",
    "check_sets",
    "describe",
    "due",
    "figures",
    "follow",
    "followed_since",
    "grants",
    "judge_all",
    "known_zone",
    "name_of",
    "new_gifts",
    "progress",
    "progress_as_of",
    "review",
    "review_everyone",
    "seen",
    "select_cycles",
    "tier_for",
    "whole",
]
