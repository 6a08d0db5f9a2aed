"""Undoing what a campaign gave between two moments: looked at first, decided on, then taken back in batches, once.

The invariant: a gift is undone by one undo at most, each entry of it has a reference of its own, and an undo that was
interrupted goes on where it stopped.

    preview(tx, "member_day", since=since, until=until, at=now).debtors
    undo = propose(tx, "member_day", since=since, until=until, reason="Twice by mistake", by=ada, limit=1000, at=now)
    approve(tx, undo.undo_id, by=ben, at=now)
    while carry_on(tx, undo.undo_id, at=now).finished_at is None: …
"""

from regulars.programme.undos._queries import Candidate, Debtor, Preview, Undo
from regulars.programme.undos._undos import (
    BadUndo,
    NothingToUndo,
    OwnUndo,
    UndoDecided,
    UndoNotApproved,
    UndoNotFound,
    approve,
    carry_on,
    debtors,
    going_on,
    preview,
    propose,
    reject,
    undo,
    undos,
)

__all__ = [
    "BadUndo",
    "Candidate",
    "Debtor",
    "NothingToUndo",
    "OwnUndo",
    "Preview",
    "Undo",
    "UndoDecided",
    "UndoNotApproved",
    "UndoNotFound",
    "approve",
    "carry_on",
    "debtors",
    "going_on",
    "preview",
    "propose",
    "reject",
    "undo",
    "undos",
]
