"""The SQL of what is owed in points."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from regulars.storage import Transaction

Step = Literal["day", "week", "month"]


@dataclass(frozen=True, slots=True)
class Flow:
    """What was booked in one step of time, in points of one type; each is what it came to, above 0."""

    start: date
    """The first day of the step, in UTC."""

    issued: int
    given_back: int
    """Spends undone, and expiries."""

    spent: int
    expired: int
    """Lots that ran out, and promises not kept."""

    taken_back: int
    owed: int
    """Available, pending and held together, at the end of the step."""


@dataclass(frozen=True, slots=True)
class Expiring:
    """Open points by the month in which they can be used last; None: they never expire."""

    month: date | None
    points: int


def select_flows(
    tx: Transaction, *, point_type: str, since: date, until: datetime, step: Step, limit: int
) -> list[Flow]:
    """What was booked by step; steps in which nothing was are not there."""
    return tx.all(
        """
        with moved as (
            select date_trunc(%(step)s, f.posted_at at time zone 'UTC')::date as start, f.kind,
                sum(f.amount + f.pending - f.debt + f.held) as points, sum(f.amount + f.pending + f.held) as owed
            from ledger_flows f where f.point_type = %(point_type)s and f.posted_at < %(until)s
            group by 1, 2
        ), steps as (
            select m.start,
                coalesce(sum(m.points) filter (where m.kind in (1, 5)), 0)::bigint as issued,
                coalesce(sum(m.points) filter (where m.kind in (6, 14)), 0)::bigint as given_back,
                -coalesce(sum(m.points) filter (where m.kind in (2, 9)), 0)::bigint as spent,
                -coalesce(sum(m.points) filter (where m.kind in (4, 15)), 0)::bigint as expired,
                -coalesce(sum(m.points) filter (where m.kind = 7), 0)::bigint as taken_back,
                (sum(sum(m.owed)) over (order by m.start))::bigint as owed
            from moved m group by m.start
        )
        select s.start, s.issued, s.given_back, s.spent, s.expired, s.taken_back, s.owed
        from steps s where s.start >= %(since)s order by s.start limit %(limit)s
        """,
        Flow, point_type=point_type, since=since, until=until, step=step, limit=limit,
    )  # fmt: skip


def select_owed_before(tx: Transaction, *, point_type: str, before: date) -> int:
    """What was owed when a day began, in UTC."""
    return tx.value(
        """
        select coalesce(sum(amount + pending + held), 0)::bigint from ledger_flows
        where point_type = %(point_type)s and posted_at < %(before)s::date::timestamp at time zone 'UTC'
        """,
        point_type=point_type, before=before,
    )  # fmt: skip


def select_first_flow(tx: Transaction, *, point_type: str) -> date | None:
    """The day on which the first points of a type were booked, in UTC."""
    return tx.value(
        "select min(posted_at at time zone 'UTC')::date from ledger_flows where point_type = %(point_type)s",
        point_type=point_type,
    )


def select_expiring(tx: Transaction, *, point_type: str, at: datetime, time_zone: str) -> list[Expiring]:
    """What is open by the last month in which it is; reads every open lot."""
    return tx.all(
        """
        with due as (
            select l.expires_at, sum(l.remaining) as points
            from ledger_lots l join ledger_accounts a on a.account_id = l.account_id and a.bucket = l.bucket
            where a.point_type = %(point_type)s and l.expires_at > %(at)s
            group by l.expires_at
        )
        select case when d.expires_at < '9999-01-01 00:00+00'
                    then date_trunc('month', (d.expires_at - interval '1 microsecond') at time zone %(time_zone)s)::date end as month,
            sum(d.points)::bigint as points
        from due d group by 1 order by 1 limit 2000
        """,
        Expiring, point_type=point_type, at=at, time_zone=time_zone,
    )  # fmt: skip
