"""Goals: challenges and streaks, the steps that orders and events are towards them, and which were reached.

The invariant: a goal is given once for its period or its streak, whatever is told in whatever order; while what led to it
has come back it is undone.

    goals.reached(rule, steps, held={})       # {date(2026, 3, 1): when}
    goals.progress(rule, steps, {}, today)    # Progress(begins_on, done=3, takes=5)
    goals.upsert_steps(tx, taken=[…])
    goals.select_goals(tx, spans=[…])
"""

from regulars.programme.goals._queries import (
    Goal,
    Span,
    Taken,
    select_goals,
    select_reached,
    select_steps,
    select_taken,
    upsert_goals,
    upsert_steps,
)
from regulars.programme.goals._rules import Days, Progress, Step, around, number_of, progress, reached, takes

__all__ = [
    "Days",
    "Goal",
    "Progress",
    "Span",
    "Step",
    "Taken",
    "around",
    "number_of",
    "progress",
    "reached",
    "select_goals",
    "select_reached",
    "select_steps",
    "select_taken",
    "takes",
    "upsert_goals",
    "upsert_steps",
]
