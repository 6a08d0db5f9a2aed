"""What a document would change before it is published: its terms, and who would hold another tier today."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from regulars.programme import _versions
from regulars.programme._rules import Programme
from regulars.programme._standings import judge_all
from regulars.programme.drafts import _queries
from regulars.programme.drafts._changes import changes
from regulars.programme.drafts._flaws import document_of
from regulars.programme.drafts._records import Change, TierMove
from regulars.storage import Transaction


@dataclass(frozen=True, slots=True)
class Impact:
    """What would change, compared with the version that holds when the document would begin to."""

    against: int
    """That version; 0: the programme a shop begins with."""

    changes: Sequence[Change]
    moves: Sequence[TierMove]
    """Members who hold one tier today and would hold another, the most first."""

    members: int
    """Of so many who have a tier."""


def plan(tx: Transaction, programme: Programme, *, at: datetime, begins: datetime | None = None) -> Impact:
    """What a programme would change if it began to hold at `begins`, or now.

    Raises:
        NoProgramme: there is nothing to compare it with, and no shop to make a programme for.
    """
    held = _versions.current(tx, at=begins or at)
    return Impact(
        held.version_id,
        changes(document_of(held), document_of(programme)),
        tier_moves(tx, programme, at=at),
        _queries.count_standings(tx),
    )


def tier_moves(tx: Transaction, programme: Programme, *, at: datetime) -> list[TierMove]:
    """How many members would hold another tier today, judged under a programme that nobody has published, the most first."""
    moves = [
        TierMove(tier_set, was, would_be, members)
        for tier_set, counts in judge_all(tx, programme, at=at).items()
        for (was, would_be), members in counts.items()
        if was != would_be
    ]
    return sorted(moves, key=lambda move: -move.members)
