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
    """Open points by the month, or the day, in which they can be used last; None: they never expire."""

    month: date | None
    """The first day of the month, or the day."""

    points: int


@dataclass(frozen=True, slots=True)
class ExpiringLot:
    """Open points of one account that are gone together."""

    account_id: int
    owner: int
    """A member, or, below 0, a household that shares them."""

    point_type: str
    expires_at: datetime
    """The first instant at which they are gone."""

    points: int


@dataclass(frozen=True, slots=True)
class Promised:
    """Points promised on some account that have not matured; `seq` is the number of the promise's entry."""

    account_id: int
    owner: int
    """A member, or, below 0, a household that shares them."""

    point_type: str
    seq: int
    reference: str
    points: int
    """What is left of the promise."""

    promised_at: datetime
    matures_at: datetime
    expires_at: datetime | None
    awaits: str | None
    lapses: bool


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


def select_expiring(
    tx: Transaction, *, point_type: str, at: datetime, before: datetime | None, time_zone: str,
    step: Literal["day", "month"], limit: int,
) -> list[Expiring]:  # fmt: skip
    """What is open by the last month or day in which it is; reads the open lots that expire before `before`, or all."""
    return tx.all(
        """
        with due as (
            select l.expires_at, sum(l.remaining) as points
            from ledger_lots l join ledger_accounts a on a.account_id = l.account_id and a.bucket = l.bucket
            where a.point_type = %(point_type)s and l.expires_at > %(at)s
              and (%(before)s::timestamptz is null or l.expires_at <= %(before)s)
            group by l.expires_at
        )
        select case when d.expires_at < '9999-01-01 00:00+00'
                    then date_trunc(%(step)s, (d.expires_at - interval '1 microsecond') at time zone %(time_zone)s)::date end as month,
            sum(d.points)::bigint as points
        from due d group by 1 order by 1 limit %(limit)s
        """,
        Expiring, point_type=point_type, at=at, before=before, time_zone=time_zone, step=step, limit=limit,
    )  # fmt: skip


def select_expiring_lots(
    tx: Transaction, *, point_type: str, since: datetime, until: datetime | None, after: tuple[datetime, int] | None, limit: int
) -> list[ExpiringLot]:  # fmt: skip
    """Open lots that expire after `since`, by `until` at the latest, those that go first; by the index on that."""
    start, account_id = after or (since, (1 << 63) - 1)  # of those that go at `since`, none
    return tx.all(
        """
        select l.account_id, a.member_id as owner, a.point_type, l.expires_at, l.remaining as points
        from ledger_lots l join ledger_accounts a on a.account_id = l.account_id and a.bucket = l.bucket
        where a.point_type = %(point_type)s and l.expires_at >= %(start)s
          and (l.expires_at, l.account_id) > (%(start)s, %(account_id)s::bigint)
          and l.expires_at <= coalesce(%(until)s::timestamptz, '9998-01-01 00:00+00')
        order by l.expires_at, l.account_id limit %(limit)s
        """,
        ExpiringLot, point_type=point_type, start=start, account_id=account_id, until=until, limit=limit,
    )  # fmt: skip


def select_promised(
    tx: Transaction, *, at: datetime, event: str | None, after: tuple[datetime, int, int] | None, limit: int
) -> list[Promised]:
    """Promises that wait at `at`, for an event if one is named, whosever they are; those that mature first come first."""
    start, account_id, seq = after or (at, 0, 0)
    return tx.all(
        f"""
        select p.account_id, a.member_id as owner, a.point_type, p.seq, e.reference, p.amount as points,
               e.occurred_at as promised_at, p.matures_at, nullif(p.expires_at, '9999-01-01 00:00+00') as expires_at, p.awaits, p.lapses
        from (
            select p.account_id, p.bucket, p.seq, p.amount, p.matures_at, p.expires_at, p.awaits, p.lapses
            from ledger_pending_lots p
            where p.matures_at > %(at)s and p.matures_at >= %(start)s and {"true" if event is None else "p.awaits = %(event)s"}
              and (p.matures_at, p.account_id, p.seq) > (%(start)s, %(account_id)s::bigint, %(seq)s::int)
            order by p.matures_at, p.account_id, p.seq limit %(limit)s
        ) p
        join ledger_accounts a on a.account_id = p.account_id and a.bucket = p.bucket
        join ledger_entries e on e.account_id = p.account_id and e.seq = p.seq and e.bucket = p.bucket
        order by p.matures_at, p.account_id, p.seq
        """,
        Promised, at=at, event=event, start=start, account_id=account_id, seq=seq, limit=limit,
    )  # fmt: skip
