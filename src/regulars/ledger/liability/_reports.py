"""What is owed, over the past and the months to come."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Final, Literal

from regulars.ledger._calendar import day_begins
from regulars.ledger._owners import told
from regulars.ledger.liability import _queries
from regulars.ledger.liability._queries import Expiring, ExpiringLot, Flow, Promised, Step
from regulars.storage import Transaction

MOST_STEPS = 1000
_MOST_ROWS: Final = 20_000
"""More days than there are from now to the year 2050."""


def flows(
    tx: Transaction,
    *,
    since: date | None,
    until: datetime,
    step: Step,
    point_type: str = "points",
    most: int = MOST_STEPS,
) -> list[Flow]:
    """What was booked in each step from the one that holds `since` to the one before `until`, empty ones too, `most` at most.

    `since` None begins with the first booking. Days are counted in UTC, by when the ledger learned of a posting. Its cost
    is the batches of today, and a row per day and kind before.
    """
    first = since or _queries.select_first_flow(tx, point_type=point_type)
    if first is None:
        return []
    start = beginning(first, step)
    found = _queries.select_flows(tx, point_type=point_type, since=start, until=until, step=step, limit=most)
    known = {flow.start: flow for flow in found}
    last = Flow(start, 0, 0, 0, 0, 0, _queries.select_owed_before(tx, point_type=point_type, before=start))
    whole: list[Flow] = []
    for day in islice(_starts(start, (until - timedelta(microseconds=1)).date(), step), most):
        last = known.get(day) or replace(last, start=day, issued=0, given_back=0, spent=0, expired=0, taken_back=0)
        whole.append(last)
    return whole


def beginning(day: date, step: Step) -> date:
    """The first day of the step that a day is in; weeks begin on Mondays."""
    if step == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if step == "week" else day


def _following(day: date, step: Step) -> date:
    """The first day of the step after the one that begins on a day."""
    return {
        "day": day + timedelta(days=1),
        "week": day + timedelta(days=7),
        "month": (day.replace(day=1) + timedelta(days=32)).replace(day=1),
    }[step]


def _starts(first: date, last: date, step: Step) -> Iterator[date]:
    day = first
    while day <= last:
        yield day
        day = _following(day, step)


def expiring(
    tx: Transaction,
    *,
    at: datetime,
    time_zone: str,
    point_type: str = "points",
    step: Literal["day", "month"] = "month",
    before: datetime | None = None,
) -> list[Expiring]:
    """Open points by the month, or the day, in a time zone, in which they can be used last; what never expires comes last.

    With `before` only what is gone by then. Its cost is that of reading every open lot that it is about: about 2 s for three
    million of a million accounts.
    """
    return _queries.select_expiring(
        tx, point_type=point_type, at=at, before=before, time_zone=time_zone, step=step, limit=_MOST_ROWS
    )


def expiring_lots(
    tx: Transaction,
    *,
    since: datetime,
    until: datetime | None = None,
    point_type: str = "points",
    after: tuple[datetime, int] | None = None,
    limit: int = 50,
) -> list[ExpiringLot]:
    """Whose open points are gone after `since`, and by `until` at the latest; those that go first come first.

    Page on with the last one's `(expires_at, account_id)` as `after`. A page costs its rows.
    """
    return _queries.select_expiring_lots(
        tx, point_type=point_type, since=since, until=until, after=after, limit=limit
    )  # fmt: skip


def last_usable(day: date, time_zone: str) -> tuple[datetime, datetime]:
    """After which instant, and by which, points are gone that can be used last on a day."""
    return day_begins(day, time_zone), day_begins(day + timedelta(days=1), time_zone)


def promised(
    tx: Transaction,
    *,
    at: datetime,
    event: str | None = None,
    after: tuple[datetime, int, int] | None = None,
    limit: int = 50,
) -> list[Promised]:
    """Promises that wait at `at`, of all members; with `event` those that wait for it. Those that mature first come first.

    One in an account that is shared is told as that of the member who was promised. Page on with the last one's
    `(matures_at, account_id, seq)` as `after`.
    """
    return [_whose(one) for one in _queries.select_promised(tx, at=at, event=event, after=after, limit=limit)]


def _whose(one: Promised) -> Promised:
    reference, member_id = told(one.reference)
    return one if member_id is None else replace(one, owner=member_id, reference=reference)
