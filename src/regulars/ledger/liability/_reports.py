"""What is owed, over the past and the months to come."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

from regulars.ledger.liability import _queries
from regulars.ledger.liability._queries import Expiring, Flow, Step
from regulars.storage import Transaction

MOST_STEPS = 1000


def flows(
    tx: Transaction, *, since: date | None, until: datetime, step: Step, point_type: str = "points"
) -> list[Flow]:
    """What was booked in each step from the one that holds `since` to the one before `until`, empty ones too.

    `since` None begins with the first booking. Days are counted in UTC, by when the ledger learned of a posting. Its cost
    is the batches of today, and a row per day and kind before.
    """
    first = since or _queries.select_first_flow(tx, point_type=point_type)
    if first is None:
        return []
    start = beginning(first, step)
    found = _queries.select_flows(tx, point_type=point_type, since=start, until=until, step=step, limit=MOST_STEPS)
    known = {flow.start: flow for flow in found}
    last = Flow(start, 0, 0, 0, 0, 0, _queries.select_owed_before(tx, point_type=point_type, before=start))
    whole: list[Flow] = []
    for day in _starts(start, (until - timedelta(microseconds=1)).date(), step):
        last = known.get(day) or replace(last, start=day, issued=0, given_back=0, spent=0, expired=0, taken_back=0)
        whole.append(last)
    return whole


def beginning(day: date, step: Step) -> date:
    """The first day of the step that a day is in; weeks begin on Mondays."""
    if step == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if step == "week" else day


def _starts(first: date, last: date, step: Step) -> Iterator[date]:
    day = first
    while day <= last:
        yield day
        day = {
            "day": day + timedelta(days=1),
            "week": day + timedelta(days=7),
            "month": (day.replace(day=1) + timedelta(days=32)).replace(day=1),
        }[step]


def expiring(tx: Transaction, *, at: datetime, time_zone: str, point_type: str = "points") -> list[Expiring]:
    """Open points by the month, in a time zone, in which they can be used last; what never expires comes last.

    Its cost is that of reading every open lot: about 2 s for three million of a million accounts.
    """
    return _queries.select_expiring(tx, point_type=point_type, at=at, time_zone=time_zone)
