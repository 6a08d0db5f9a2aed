"""The SQL of replays."""

from dataclasses import dataclass
from datetime import datetime

from regulars.facts._queries import Position
from regulars.facts.webhooks._records import Replay, Step
from regulars.storage import Transaction


@dataclass(frozen=True, slots=True)
class Bounds:
    """The first and the last fact of a range of time."""

    first_xact: int | None
    first_id: int | None
    last_xact: int | None
    last_id: int | None


def insert_replay(tx: Transaction, *, new: Replay) -> None:
    """Begin a replay."""
    tx.run(
        """
        insert into facts_webhook_replays
            (replay_id, endpoint_id, kind, delivery_id, recorded_from, recorded_until, after_xact, after_id, upto_xact,
             upto_id, missing_only, created_at, created_by, deliveries, finished_at)
        values (%(replay_id)s, %(endpoint_id)s, %(kind)s, %(delivery_id)s, %(recorded_from)s, %(recorded_until)s,
                %(after_xact)s::text::xid8, %(after_id)s, %(upto_xact)s::text::xid8, %(upto_id)s, %(missing_only)s,
                %(created_at)s, %(created_by)s, %(deliveries)s, %(finished_at)s)
        """,
        replay_id=new.replay_id, endpoint_id=new.endpoint_id, kind=new.kind, delivery_id=new.delivery_id,
        recorded_from=new.recorded_from, recorded_until=new.recorded_until, after_xact=new.after_xact,
        after_id=new.after_id, upto_xact=new.upto_xact, upto_id=new.upto_id, missing_only=new.missing_only,
        created_at=new.created_at, created_by=new.created_by, deliveries=new.deliveries, finished_at=new.finished_at,
    )  # fmt: skip


def select_replays(
    tx: Transaction, *, endpoint_id: int | None = None, replay_id: int | None = None,
    before: tuple[datetime, int] | None = None, limit: int,
) -> list[Replay]:  # fmt: skip
    """Replays, the latest first."""
    at, last = before or (None, None)
    return tx.all(
        """
        select replay_id, endpoint_id, kind, delivery_id, recorded_from, recorded_until,
               after_xact::text::bigint as after_xact, after_id, upto_xact::text::bigint as upto_xact, upto_id,
               missing_only, created_at, created_by, deliveries, finished_at
        from facts_webhook_replays
        where (%(endpoint_id)s::bigint is null or endpoint_id = %(endpoint_id)s)
          and (%(replay_id)s::bigint is null or replay_id = %(replay_id)s)
          and (%(at)s::timestamptz is null or (created_at, replay_id) < (%(at)s::timestamptz, %(last)s::bigint))
        order by created_at desc, replay_id desc limit %(limit)s
        """,
        Replay, endpoint_id=endpoint_id, replay_id=replay_id, at=at, last=last, limit=limit,
    )  # fmt: skip


def lock_open_replay(tx: Transaction) -> Replay | None:
    """The oldest replay that is not finished and that nobody works on, locked."""
    return tx.first(
        """
        select replay_id, endpoint_id, kind, delivery_id, recorded_from, recorded_until,
               after_xact::text::bigint as after_xact, after_id, upto_xact::text::bigint as upto_xact, upto_id,
               missing_only, created_at, created_by, deliveries, finished_at
        from facts_webhook_replays where finished_at is null
        order by created_at limit 1 for update skip locked
        """,
        Replay,
    )


def update_replay(
    tx: Transaction, *, replay_id: int, deliveries: int, after: Position | None, finished_at: datetime | None
) -> None:
    """Note a step of a replay."""
    tx.run(
        """
        update facts_webhook_replays
        set deliveries = deliveries + %(deliveries)s, finished_at = %(finished_at)s,
            after_xact = coalesce(%(xact)s::text::xid8, after_xact), after_id = coalesce(%(fact_id)s, after_id)
        where replay_id = %(replay_id)s
        """,
        replay_id=replay_id, deliveries=deliveries, finished_at=finished_at,
        xact=None if after is None else after.xact, fact_id=None if after is None else after.fact_id,
    )  # fmt: skip


def select_bounds(tx: Transaction, *, start: datetime, end: datetime) -> Bounds | None:
    """The first and the last fact, in the feed's order, of those recorded within a range of time."""
    return tx.first(
        """
        with ranged as materialized (
            select xact, fact_id from facts where recorded_at >= %(start)s and recorded_at < %(end)s
        )
        select f.xact::text::bigint as first_xact, f.fact_id as first_id, l.xact::text::bigint as last_xact,
               l.fact_id as last_id
        from (select xact, fact_id from ranged order by xact, fact_id limit 1) f,
             (select xact, fact_id from ranged order by xact desc, fact_id desc limit 1) l
        """,
        Bounds, start=start, end=end,
    )  # fmt: skip


def select_place(tx: Transaction, *, reader: str) -> Position | None:
    """How far a reader has come."""
    return tx.first(
        "select xact::text::bigint as xact, fact_id from facts_cursors where reader = %(reader)s",
        Position, reader=reader,
    )  # fmt: skip


def revive_delivery(tx: Transaction, *, endpoint_id: int, delivery_id: int, at: datetime) -> int:
    """Let one delivery be due now."""
    return tx.run(
        """
        update facts_webhook_deliveries
        set due_at = %(at)s, delivered_at = null, dead_at = null, tries = 0, first_failed_at = null
        where endpoint_id = %(endpoint_id)s and delivery_id = %(delivery_id)s
        """,
        endpoint_id=endpoint_id, delivery_id=delivery_id, at=at,
    )  # fmt: skip


def revive_dead(tx: Transaction, *, endpoint_id: int, died_by: datetime, at: datetime, limit: int) -> int:
    """Let dead letters be due now."""
    return tx.run(
        """
        update facts_webhook_deliveries d set due_at = %(at)s, dead_at = null, tries = 0, first_failed_at = null
        from (
            select delivery_id from facts_webhook_deliveries
            where endpoint_id = %(endpoint_id)s and dead_at <= %(died_by)s
            order by delivery_id limit %(limit)s for update
        ) dead
        where d.endpoint_id = %(endpoint_id)s and d.delivery_id = dead.delivery_id
        """,
        endpoint_id=endpoint_id, died_by=died_by, at=at, limit=limit,
    )  # fmt: skip


def send_again(tx: Transaction, *, replay: Replay, lanes: int, at: datetime, limit: int) -> Step | None:
    """Let the next `limit` facts of a replay be due at its endpoint: those that it asks for, made where there is none."""
    return tx.first(
        """
        with ranged as (
            select xact, fact_id, name, member_id, recorded_at from facts
            where (xact, fact_id) > (%(after_xact)s::text::xid8, %(after_id)s)
              and (xact, fact_id) <= (%(upto_xact)s::text::xid8, %(upto_id)s)
            order by xact, fact_id limit %(limit)s
        ), sent as (
            insert into facts_webhook_deliveries as d (endpoint_id, lane, xact, fact_id, name, member_id, created_at, due_at)
            select e.endpoint_id, coalesce(r.member_id, 0) %% %(lanes)s, r.xact, r.fact_id, r.name, r.member_id, %(at)s, %(at)s
            from ranged r join facts_webhook_endpoints e
              on e.endpoint_id = %(endpoint_id)s
             and (r.name = any(e.names) or split_part(r.name, '.', 1) || '.*' = any(e.names) or '*' = any(e.names))
            where (%(recorded_from)s::timestamptz is null or r.recorded_at >= %(recorded_from)s)
              and (%(recorded_until)s::timestamptz is null or r.recorded_at < %(recorded_until)s)
            order by r.xact, r.fact_id
            on conflict (endpoint_id, fact_id) where fact_id is not null do update
            set due_at = excluded.due_at, delivered_at = null, dead_at = null, tries = 0, first_failed_at = null
            where d.due_at is null and (d.delivered_at is null or not %(missing_only)s)
            returning 1
        )
        select (select count(*) from sent) as deliveries, l.xact::text::bigint as xact, l.fact_id
        from (select 1) one
        left join (select xact, fact_id from ranged order by xact desc, fact_id desc limit 1) l on true
        """,
        Step, endpoint_id=replay.endpoint_id, after_xact=replay.after_xact, after_id=replay.after_id,
        upto_xact=replay.upto_xact, upto_id=replay.upto_id, recorded_from=replay.recorded_from,
        recorded_until=replay.recorded_until, missing_only=replay.missing_only, lanes=lanes, at=at, limit=limit,
    )  # fmt: skip
