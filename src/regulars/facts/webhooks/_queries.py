"""The SQL of endpoints and deliveries."""

from datetime import datetime

from regulars.facts._queries import Position
from regulars.facts.webhooks._records import Attempt, Backlog, Delivery, Due, Hour, Stream
from regulars.storage import Transaction


def insert_deliveries(
    tx: Transaction, *, after: Position, upto: Position, lanes: int, held_since: datetime, at: datetime
) -> int:
    """Make a delivery of every fact between two positions for every endpoint that asks for its name, numbered by member.

    Facts seen before, as after a restore, make none and take no number. One whose member has a failing delivery is not
    due before that one, and none before an older one, whatever the clocks of two workers say.
    """
    return tx.run(
        """
        with asked as (
            select endpoint_id, since, unnest(names) as pattern
            from facts_webhook_endpoints where disabled_at is null and removed_at is null
        ), fresh as (
            select a.endpoint_id, f.xact, f.fact_id, f.name, f.member_id,
                   row_number() over (partition by a.endpoint_id, f.member_id order by f.xact, f.fact_id) as nth,
                   count(*) over (partition by a.endpoint_id, f.member_id) as several
            from facts f
            cross join lateral (values (f.name), (split_part(f.name, '.', 1) || '.*'), ('*')) as named (pattern)
            join asked a on a.pattern = named.pattern and f.xact >= a.since
            where (f.xact, f.fact_id) > (%(from_xact)s::text::xid8, %(from_id)s)
              and (f.xact, f.fact_id) <= (%(to_xact)s::text::xid8, %(to_id)s)
              and not exists (
                select from facts_webhook_deliveries d where d.endpoint_id = a.endpoint_id and d.fact_id = f.fact_id)
        ), counted as (
            insert into facts_webhook_sequences as s (endpoint_id, member_id, last, due_at)
            select endpoint_id, coalesce(member_id, 0), count(*), %(at)s::timestamptz from fresh group by 1, 2
            on conflict (endpoint_id, member_id) do update
            set last = s.last + excluded.last, due_at = greatest(s.due_at, excluded.due_at)
            returning endpoint_id, member_id, last, due_at
        )
        insert into facts_webhook_deliveries
            (endpoint_id, lane, xact, fact_id, name, member_id, sequence, created_at, due_at)
        select f.endpoint_id, coalesce(f.member_id, 0) %% %(lanes)s, f.xact, f.fact_id, f.name, f.member_id,
               c.last - f.several + f.nth, %(at)s,
               greatest(c.due_at, (
                    select max(least(b.due_at, b.first_failed_at + (%(at)s::timestamptz - %(held_since)s::timestamptz)))
                    from facts_webhook_deliveries b
                    where b.endpoint_id = f.endpoint_id and coalesce(b.member_id, 0) = coalesce(f.member_id, 0)
                      and b.due_at is not null and b.fact_id is not null and b.first_failed_at > %(held_since)s))
        from fresh f
        join counted c on c.endpoint_id = f.endpoint_id and c.member_id = coalesce(f.member_id, 0)
        order by f.xact, f.fact_id, f.endpoint_id
        """,
        from_xact=after.xact, from_id=after.fact_id, to_xact=upto.xact, to_id=upto.fact_id, lanes=lanes, held_since=held_since, at=at,
    )  # fmt: skip


def select_newest_final(tx: Transaction) -> Position | None:
    """The position of the newest fact below the horizon."""
    return tx.first(
        """
        select xact::text::bigint as xact, fact_id from facts
        where xact < (select facts_horizon()) order by facts.xact desc, fact_id desc limit 1
        """,
        Position,
    )


def is_asked_for_anything(tx: Transaction) -> bool:
    """Whether an endpoint is enabled."""
    return tx.value(
        "select exists (select from facts_webhook_endpoints where disabled_at is null and removed_at is null)"
    )


def lease_lanes(tx: Transaction, *, at: datetime, until: datetime, lease: int, limit: int) -> list[Stream]:
    """Take lanes with something due that nobody works on, those longest without attention first.

    An endpoint that failed last gets one lane at a time, once it has rested.
    """
    return tx.all(
        """
        with free as (
            select l.endpoint_id, l.lane
            from facts_webhook_lanes l join facts_webhook_endpoints e using (endpoint_id)
            where l.leased_until <= %(at)s and e.disabled_at is null and e.removed_at is null
              and (e.resting_until is null or e.resting_until <= %(at)s)
              and exists (
                select from facts_webhook_deliveries d
                where d.endpoint_id = l.endpoint_id and d.lane = l.lane and d.due_at <= %(at)s)
              and (e.failures = 0 or not exists (
                select from facts_webhook_lanes o
                where o.endpoint_id = l.endpoint_id and o.lane <> l.lane
                  and (o.leased_until > %(at)s or (o.lane < l.lane and exists (
                    select from facts_webhook_deliveries d
                    where d.endpoint_id = o.endpoint_id and d.lane = o.lane and d.due_at <= %(at)s)))))
            order by l.leased_until, l.endpoint_id, l.lane
            limit %(limit)s
            for update of l skip locked
        ), taken as (
            update facts_webhook_lanes l set leased_until = %(until)s, lease = %(lease)s
            from free where l.endpoint_id = free.endpoint_id and l.lane = free.lane
            returning l.endpoint_id, l.lane
        )
        select t.endpoint_id, t.lane, %(lease)s::bigint as lease, e.url, array(
                select s.secret from facts_webhook_secrets s
                where s.endpoint_id = t.endpoint_id and (s.expires_at is null or s.expires_at > %(at)s)
                order by s.secret_id desc) as secrets
        from taken t join facts_webhook_endpoints e using (endpoint_id)
        order by t.endpoint_id, t.lane
        """,
        Stream, at=at, until=until, lease=lease, limit=limit,
    )  # fmt: skip


def select_due(tx: Transaction, *, lease: int, at: datetime, held_since: datetime, most: int) -> list[Due]:
    """What is due in the lanes of a lease, in order; one delivery each where the endpoint failed last.

    Left out is what a failing earlier delivery of the same member holds back.
    """
    return tx.all(
        """
        select d.endpoint_id, d.lane, d.delivery_id, d.created_at, d.tries, d.member_id, d.sequence, d.fact_id,
               d.xact::text::bigint as xact, d.name, f.occurred_at, f.recorded_at, f.subject_id, f.data
        from facts_webhook_lanes l
        join facts_webhook_endpoints e using (endpoint_id)
        cross join lateral (
            select d.endpoint_id, d.lane, d.delivery_id, d.created_at, d.tries, d.member_id, d.sequence, d.fact_id,
                   d.xact, d.name, d.due_at
            from facts_webhook_deliveries d
            where d.endpoint_id = l.endpoint_id and d.lane = l.lane and d.due_at <= %(at)s
              and (d.fact_id is null or not exists (
                select from facts_webhook_deliveries b
                where b.endpoint_id = d.endpoint_id and coalesce(b.member_id, 0) = coalesce(d.member_id, 0)
                  and b.delivery_id < d.delivery_id and b.due_at is not null and b.fact_id is not null
                  and b.first_failed_at > %(held_since)s))
            order by d.due_at, d.delivery_id
            limit case when e.failures > 0 then 1 else %(most)s end
        ) d
        left join facts f on f.xact = d.xact and f.fact_id = d.fact_id
        where l.lease = %(lease)s
        order by d.endpoint_id, d.lane, d.due_at, d.delivery_id
        """,
        Due, lease=lease, at=at, held_since=held_since, most=most,
    )  # fmt: skip


def release_lane(tx: Transaction, *, stream: Stream, at: datetime) -> bool:
    """Give a lane back; False when the lease had ended and another has taken it."""
    return bool(
        tx.run(
            """
            update facts_webhook_lanes set leased_until = %(at)s, lease = null
            where endpoint_id = %(endpoint_id)s and lane = %(lane)s and lease = %(lease)s
            """,
            endpoint_id=stream.endpoint_id, lane=stream.lane, lease=stream.lease, at=at,
        )
    )  # fmt: skip


def record_attempts(
    tx: Transaction, *, endpoint_id: int, delivery_ids: list[int], ats: list[datetime], durations: list[int],
    statuses: list[int | None], errors: list[str | None], answers: list[str], delivered: list[bool],
    dues: list[datetime | None],
) -> int:  # fmt: skip
    """Keep attempts, and what follows for their deliveries: delivered, due again, or dead."""
    return tx.run(
        """
        with result as (
            select delivery_id, at, duration_ms, status, error, answer, delivered, due_at
            from unnest(%(delivery_ids)s::bigint[], %(ats)s::timestamptz[], %(durations)s::int[], %(statuses)s::smallint[],
                        %(errors)s::text[], %(answers)s::text[], %(delivered)s::boolean[], %(dues)s::timestamptz[])
              as r (delivery_id, at, duration_ms, status, error, answer, delivered, due_at)
        ), moved as (
            update facts_webhook_deliveries d
            set attempts = d.attempts + 1, tries = d.tries + 1, due_at = r.due_at,
                delivered_at = case when r.delivered then r.at end,
                dead_at = case when not r.delivered and r.due_at is null then r.at end,
                first_failed_at = case when not r.delivered then coalesce(d.first_failed_at, r.at) end
            from result r
            where d.endpoint_id = %(endpoint_id)s and d.delivery_id = r.delivery_id
            returning d.delivery_id, d.attempts
        )
        insert into facts_webhook_attempts (endpoint_id, delivery_id, attempt, at, duration_ms, status, error, answer)
        select %(endpoint_id)s, r.delivery_id, m.attempts, r.at, r.duration_ms, r.status, r.error, r.answer
        from result r join moved m using (delivery_id)
        """,
        endpoint_id=endpoint_id, delivery_ids=delivery_ids, ats=ats, durations=durations, statuses=statuses,
        errors=errors, answers=answers, delivered=delivered, dues=dues,
    )  # fmt: skip


def hold_back(tx: Transaction, *, endpoint_id: int, delivery_ids: list[int], held_since: datetime, at: datetime) -> int:
    """Let the later deliveries of the same members wait for these, as long as these may hold them."""
    return tx.run(
        """
        update facts_webhook_deliveries d
        set due_at = least(b.due_at, b.first_failed_at + (%(at)s::timestamptz - %(held_since)s::timestamptz))
        from facts_webhook_deliveries b
        where b.endpoint_id = %(endpoint_id)s and b.delivery_id = any(%(delivery_ids)s::bigint[])
          and b.due_at is not null and b.fact_id is not null and b.first_failed_at > %(held_since)s
          and d.fact_id is not null and d.endpoint_id = b.endpoint_id and d.lane = b.lane and d.due_at < b.due_at
          and d.member_id is not distinct from b.member_id and d.delivery_id > b.delivery_id
        """,
        endpoint_id=endpoint_id, delivery_ids=delivery_ids, held_since=held_since, at=at,
    )  # fmt: skip


def count_attempts(
    tx: Transaction, *, endpoint_id: int, at: datetime, delivered: int, failed: int, duration_ms: int
) -> None:
    """Add attempts to their hour."""
    tx.run(
        """
        insert into facts_webhook_hours as h (endpoint_id, hour, delivered, failed, duration_ms)
        values (%(endpoint_id)s, date_trunc('hour', %(at)s::timestamptz), %(delivered)s, %(failed)s, %(duration_ms)s)
        on conflict (endpoint_id, hour) do update set delivered = h.delivered + excluded.delivered,
            failed = h.failed + excluded.failed, duration_ms = h.duration_ms + excluded.duration_ms
        """,
        endpoint_id=endpoint_id, at=at, delivered=delivered, failed=failed, duration_ms=duration_ms,
    )  # fmt: skip


def note_success(tx: Transaction, *, endpoint_id: int, at: datetime, rest_until: datetime | None) -> None:
    """The endpoint works."""
    tx.run(
        """
        update facts_webhook_endpoints
        set failures = 0, failing_since = null, resting_until = %(rest_until)s, delivered_at = %(at)s
        where endpoint_id = %(endpoint_id)s
        """,
        endpoint_id=endpoint_id, at=at, rest_until=rest_until,
    )  # fmt: skip


def note_failure(tx: Transaction, *, endpoint_id: int, at: datetime, rest_until: datetime) -> datetime | None:
    """The endpoint failed; since when it has done nothing else."""
    return tx.value(
        """
        update facts_webhook_endpoints
        set failures = failures + 1, failing_since = coalesce(failing_since, %(at)s),
            resting_until = greatest(resting_until, %(rest_until)s)
        where endpoint_id = %(endpoint_id)s
        returning failing_since
        """,
        endpoint_id=endpoint_id, at=at, rest_until=rest_until,
    )  # fmt: skip


def failures_of(tx: Transaction, *, endpoint_id: int) -> int:
    """How often an endpoint has failed in a row."""
    return tx.value(
        "select failures from facts_webhook_endpoints where endpoint_id = %(endpoint_id)s", endpoint_id=endpoint_id
    )


def wake(tx: Transaction, *, endpoint_id: int) -> None:
    """Let an endpoint rest no longer."""
    tx.run(
        "update facts_webhook_endpoints set resting_until = null where endpoint_id = %(endpoint_id)s",
        endpoint_id=endpoint_id,
    )


def insert_ping(tx: Transaction, *, endpoint_id: int, name: str, at: datetime) -> int:
    """Make a delivery about nothing, due before all others."""
    return tx.value(
        """
        insert into facts_webhook_deliveries (endpoint_id, lane, name, created_at, due_at)
        values (%(endpoint_id)s, 0, %(name)s, %(at)s, 'epoch')
        returning delivery_id
        """,
        endpoint_id=endpoint_id, name=name, at=at,
    )  # fmt: skip


def select_deliveries(
    tx: Transaction, *, before: int, endpoint_id: int | None = None, state: str | None = None, name: str | None = None,
    member_id: int | None = None, limit: int,
) -> list[Delivery]:  # fmt: skip
    """Deliveries numbered below `before`, the latest first, each with what its last attempt came to."""
    return tx.all(
        """
        select d.endpoint_id, d.delivery_id, d.fact_id, d.name, d.member_id, d.sequence, d.created_at, d.due_at,
               d.delivered_at, d.dead_at, d.attempts, d.tries, a.status as last_status, a.error as last_error
        from (
            select d.endpoint_id, d.delivery_id, d.fact_id, d.name, d.member_id, d.sequence, d.created_at, d.due_at,
                   d.delivered_at, d.dead_at, d.attempts, d.tries
            from facts_webhook_endpoints e
            cross join lateral (
                select d.endpoint_id, d.delivery_id, d.fact_id, d.name, d.member_id, d.sequence, d.created_at, d.due_at,
                       d.delivered_at, d.dead_at, d.attempts, d.tries
                from facts_webhook_deliveries d
                where d.endpoint_id = e.endpoint_id and d.delivery_id < %(before)s
                  and (%(name)s::text is null or d.name = %(name)s)
                  and (%(member_id)s::bigint is null or d.member_id = %(member_id)s)
                  and case %(state)s::text
                        when 'waiting' then d.due_at is not null and d.tries = 0
                        when 'retrying' then d.due_at is not null and d.tries > 0
                        when 'delivered' then d.delivered_at is not null
                        when 'dead' then d.dead_at is not null
                        else true end
                order by d.delivery_id desc limit %(limit)s
            ) d
            where e.removed_at is null and (%(endpoint_id)s::bigint is null or e.endpoint_id = %(endpoint_id)s)
            order by d.delivery_id desc limit %(limit)s
        ) d
        left join facts_webhook_attempts a
          on a.endpoint_id = d.endpoint_id and a.delivery_id = d.delivery_id and a.attempt = d.attempts
        order by d.delivery_id desc
        """,
        Delivery, endpoint_id=endpoint_id, state=state, name=name, member_id=member_id, before=before, limit=limit,
    )  # fmt: skip


def select_message(tx: Transaction, *, endpoint_id: int, delivery_id: int) -> Due | None:
    """What a delivery says."""
    return tx.first(
        """
        select d.endpoint_id, d.lane, d.delivery_id, d.created_at, d.tries, d.member_id, d.sequence, d.fact_id,
               d.xact::text::bigint as xact, d.name, f.occurred_at, f.recorded_at, f.subject_id, f.data
        from facts_webhook_deliveries d left join facts f on f.xact = d.xact and f.fact_id = d.fact_id
        where d.endpoint_id = %(endpoint_id)s and d.delivery_id = %(delivery_id)s
        """,
        Due, endpoint_id=endpoint_id, delivery_id=delivery_id,
    )  # fmt: skip


def select_attempts(tx: Transaction, *, endpoint_id: int, delivery_id: int, limit: int) -> list[Attempt]:
    """The attempts of a delivery, the latest first."""
    return tx.all(
        """
        select attempt, at, duration_ms, status, error, answer from facts_webhook_attempts
        where endpoint_id = %(endpoint_id)s and delivery_id = %(delivery_id)s
        order by attempt desc limit %(limit)s
        """,
        Attempt, endpoint_id=endpoint_id, delivery_id=delivery_id, limit=limit,
    )  # fmt: skip


def select_hours(tx: Transaction, *, endpoint_id: int | None, since: datetime, limit: int) -> list[Hour]:
    """Attempts by endpoint and hour."""
    return tx.all(
        """
        select endpoint_id, hour, delivered, failed, duration_ms from facts_webhook_hours
        where hour >= %(since)s and (%(endpoint_id)s::bigint is null or endpoint_id = %(endpoint_id)s)
        order by endpoint_id, hour limit %(limit)s
        """,
        Hour, endpoint_id=endpoint_id, since=since, limit=limit,
    )  # fmt: skip


def select_backlogs(tx: Transaction, *, endpoint_id: int | None, most: int) -> list[Backlog]:
    """How much waits at each endpoint, and how much is dead there."""
    return tx.all(
        """
        select e.endpoint_id,
               (select count(*) from (select from facts_webhook_deliveries d where d.endpoint_id = e.endpoint_id
                                      and d.due_at is not null limit %(most)s) w) as waiting,
               (select count(*) from (select from facts_webhook_deliveries d where d.endpoint_id = e.endpoint_id
                                      and d.dead_at is not null limit %(most)s) w) as dead
        from facts_webhook_endpoints e
        where e.removed_at is null and (%(endpoint_id)s::bigint is null or e.endpoint_id = %(endpoint_id)s)
        order by e.endpoint_id limit 1000
        """,
        Backlog, endpoint_id=endpoint_id, most=most,
    )  # fmt: skip


def delete_finished(tx: Transaction, *, before: datetime, limit: int) -> int:
    """Remove deliveries that were finished before, with their attempts."""
    return tx.value(
        """
        with old as (
            select endpoint_id, delivery_id from facts_webhook_deliveries
            where due_at is null and coalesce(delivered_at, dead_at) < %(before)s
            limit %(limit)s for update skip locked
        ), attempts as (
            delete from facts_webhook_attempts a using old
            where a.endpoint_id = old.endpoint_id and a.delivery_id = old.delivery_id
        ), gone as (
            delete from facts_webhook_deliveries d using old
            where d.endpoint_id = old.endpoint_id and d.delivery_id = old.delivery_id
            returning 1
        )
        select count(*) from gone
        """,
        before=before, limit=limit,
    )  # fmt: skip


def delete_unwanted(tx: Transaction, *, before: datetime, limit: int) -> int:
    """Remove what waits for endpoints that were removed, or disabled before, with the attempts."""
    return tx.value(
        """
        with old as (
            select d.endpoint_id, d.delivery_id
            from facts_webhook_endpoints e join facts_webhook_deliveries d using (endpoint_id)
            where e.removed_at is not null or (e.disabled_at < %(before)s and d.due_at is not null)
            limit %(limit)s
        ), attempts as (
            delete from facts_webhook_attempts a using old
            where a.endpoint_id = old.endpoint_id and a.delivery_id = old.delivery_id
        ), gone as (
            delete from facts_webhook_deliveries d using old
            where d.endpoint_id = old.endpoint_id and d.delivery_id = old.delivery_id
            returning 1
        )
        select count(*) from gone
        """,
        before=before, limit=limit,
    )  # fmt: skip


def delete_remains(tx: Transaction, *, before: datetime, at: datetime) -> None:
    """Remove hours and replays from before, secrets that have expired, and what is left of removed endpoints."""
    tx.run(
        """
        with removed as (
            delete from facts_webhook_endpoints e
            where e.removed_at is not null
              and not exists (select from facts_webhook_deliveries d where d.endpoint_id = e.endpoint_id)
            returning endpoint_id
        ), secrets as (
            delete from facts_webhook_secrets
            where expires_at <= %(at)s or endpoint_id in (select endpoint_id from removed)
        ), lanes as (
            delete from facts_webhook_lanes where endpoint_id in (select endpoint_id from removed)
        ), sequences as (
            delete from facts_webhook_sequences where endpoint_id in (select endpoint_id from removed)
        ), replays as (
            delete from facts_webhook_replays
            where finished_at < %(before)s or endpoint_id in (select endpoint_id from removed)
        )
        delete from facts_webhook_hours
        where hour < %(before)s or endpoint_id in (select endpoint_id from removed)
        """,
        before=before, at=at,
    )  # fmt: skip
