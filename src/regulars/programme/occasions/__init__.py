"""Birthdays and anniversaries: when each comes next, found by its day and never by looking through all members.

The invariant: of one kind a member has at most one a year, and two are half a year apart, whatever is edited meanwhile;
a 29 February is celebrated on the 28th where there is none.

    occasions.next_day(Origin(1992, 2, 29), since=date(2026, 1, 1), last=None)  # 2026-02-28
    occasions.take_due(tx, today=today, limit=1000)
"""

from regulars.programme.occasions._queries import (
    Begun,
    Occasion,
    begin_keeping,
    lock_occasions,
    lock_progress,
    select_begun,
    select_kept,
    select_members_after,
    select_of_member,
    take_due,
    update_progress,
    upsert_occasions,
)
from regulars.programme.occasions._rules import APART, KINDS, NOWHERE, Kind, Origin, in_year, next_day, years

__all__ = [
    "APART",
    "KINDS",
    "NOWHERE",
    "Begun",
    "Kind",
    "Occasion",
    "Origin",
    "begin_keeping",
    "in_year",
    "lock_occasions",
    "lock_progress",
    "next_day",
    "select_begun",
    "select_kept",
    "select_members_after",
    "select_of_member",
    "take_due",
    "update_progress",
    "upsert_occasions",
    "years",
]
