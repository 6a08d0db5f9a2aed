"""The kept "why": one row for every decision, in numbers that whoever decided puts into words when they are read.

A decision is written in the transaction that acts on it, and never changed. It is kept for a time, and then forgotten.

    decisions.record(tx, [NewDecision(AWARDED, order_id, member_id, version_id, [[350], [-2, 0, 25000]])], at=now)
    decisions.of_subject(tx, order_id)
"""

from regulars.facts.decisions._decisions import (
    AWARDED,
    BIRTHDAY,
    CHANGED,
    EVENT,
    EVENT_STEP,
    FIRST_ORDER,
    JOINED,
    ORDER_STEP,
    RETURNED,
    DecisionNotFound,
    NewDecision,
    find,
    forget_old,
    of_member,
    of_subject,
    record,
)
from regulars.facts.decisions._queries import Decision

__all__ = [
    "AWARDED",
    "BIRTHDAY",
    "CHANGED",
    "EVENT",
    "EVENT_STEP",
    "FIRST_ORDER",
    "JOINED",
    "ORDER_STEP",
    "RETURNED",
    "Decision",
    "DecisionNotFound",
    "NewDecision",
    "find",
    "forget_old",
    "of_member",
    "of_subject",
    "record",
]
