"""Keeping decisions, finding them, and forgetting them in time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from regulars.errors import NotFound
from regulars.facts.decisions import _queries
from regulars.facts.decisions._queries import Decision
from regulars.storage import Transaction
from regulars.types import to_public

AWARDED: Final = 1
"""An order was awarded."""
RETURNED: Final = 2
"""Goods came back."""
CHANGED: Final = 3
"""An order became another."""
EVENT: Final = 4
"""An event was recorded."""
BIRTHDAY: Final = 5
"""A birthday came; the subject is the member, as of the two after it."""
JOINED: Final = 6
"""The anniversary of joining came."""
FIRST_ORDER: Final = 7
"""The anniversary of the first order came."""
ORDER_STEP: Final = 8
"""An order was looked at as a step towards goals."""
EVENT_STEP: Final = 9
"""An event was."""


class DecisionNotFound(NotFound):
    """There is no decision {decision}: decisions are kept for a time only."""


@dataclass(frozen=True, slots=True)
class NewDecision:
    """What was decided about a subject of a member, under which version: a verdict a rule, in numbers."""

    kind: int
    subject_id: int
    member_id: int
    version_id: int
    verdicts: Sequence[Any]


def record(tx: Transaction, decided: Sequence[NewDecision], *, at: datetime) -> None:
    """Keep decisions, in one statement."""
    if decided:
        _queries.insert_decisions(
            tx, kinds=[one.kind for one in decided], subjects=[one.subject_id for one in decided],
            members=[one.member_id for one in decided], versions=[one.version_id for one in decided],
            verdicts=[msgspec.json.encode(one.verdicts).decode() for one in decided], at=at,
        )  # fmt: skip


def find(tx: Transaction, decision_id: int) -> Decision:
    """One decision.

    Raises:
        DecisionNotFound: there is none, or it has been forgotten.
    """
    found = _queries.select_decision(tx, decision_id=decision_id)
    if found is None:
        raise DecisionNotFound(decision=to_public("dec", decision_id))
    return found


def of_subject(tx: Transaction, subject_id: int, *, limit: int = 100) -> list[Decision]:
    """The decisions about one subject, an order for instance, the latest first."""
    return _queries.select_by_subject(tx, subject_id=subject_id, limit=limit)


def of_member(tx: Transaction, member_id: int, *, before: int | None = None, limit: int = 50) -> list[Decision]:
    """The decisions about one member, the latest first; those before another one."""
    return _queries.select_by_member(tx, member_id=member_id, before=before, limit=limit)


def forget_old(tx: Transaction, *, at: datetime, days: int, limit: int = 10_000) -> int:
    """Forget decisions older than so many days, at most `limit` of them; how many."""
    return _queries.delete_old(tx, before=at - timedelta(days=days), limit=limit)
