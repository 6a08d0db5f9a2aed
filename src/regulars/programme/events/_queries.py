"""The SQL of events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from regulars.programme.events._rules import NewEvent
from regulars.storage import Transaction


@dataclass(frozen=True, slots=True)
class Event:
    """One row of `programme_events`."""

    event_id: int
    code: str
    external_id: str
    member_id: int
    happened_at: datetime
    recorded_at: datetime
    version_id: int
    data: dict[str, Any]
    given: dict[str, int]
    """Points by their kind."""


def insert_events(tx: Transaction, *, told: dict[int, NewEvent], versions: dict[int, int], at: datetime) -> set[int]:
    """Keep events that are not there yet; which were not."""
    return set(
        tx.values(
            """
            insert into programme_events (event_id, code, external_id, member_id, happened_at, recorded_at, version_id, data)
            select v.event_id, v.code, v.external_id, v.member_id, v.happened_at, %(at)s, v.version_id, v.data::jsonb
            from unnest(%(ids)s::bigint[], %(codes)s::text[], %(numbers)s::text[], %(members)s::bigint[],
                %(moments)s::timestamptz[], %(versions)s::int[], %(data)s::text[])
                v (event_id, code, external_id, member_id, happened_at, version_id, data)
            order by v.event_id
            on conflict (event_id) do nothing returning event_id
            """,
            ids=list(told), codes=[one.code for one in told.values()],
            numbers=[one.external_id for one in told.values()], members=[one.member_id for one in told.values()],
            moments=[one.happened_at for one in told.values()], versions=[versions[event_id] for event_id in told],
            data=[msgspec.json.encode(one.data).decode() for one in told.values()], at=at,
        )
    )  # fmt: skip


def select_events(tx: Transaction, *, event_ids: Sequence[int]) -> list[Event]:
    """The events among some numbers."""
    return tx.all(
        """
        select event_id, code, external_id, member_id, happened_at, recorded_at, version_id, data, given
        from programme_events where event_id = any(%(event_ids)s)
        """,
        Event, event_ids=list(event_ids),
    )  # fmt: skip


def update_given(tx: Transaction, *, given: dict[int, dict[str, int]]) -> int:
    """Note on events, which this transaction recorded, the points they were given."""
    return tx.run(
        """
        update programme_events e set given = v.given::jsonb
        from unnest(%(ids)s::bigint[], %(given)s::text[]) v (event_id, given) where e.event_id = v.event_id
        """,
        ids=list(given), given=[msgspec.json.encode(one).decode() for one in given.values()],
    )  # fmt: skip


def select_of_member(
    tx: Transaction, *, member_id: int, before: tuple[datetime, int] | None = None, limit: int
) -> list[Event]:
    """A member's events, the latest first; those before a moment and number."""
    return tx.all(
        """
        select event_id, code, external_id, member_id, happened_at, recorded_at, version_id, data, given
        from programme_events
        where member_id = %(member_id)s and (%(moment)s::timestamptz is null or (happened_at, event_id) < (%(moment)s, %(number)s::bigint))
        order by happened_at desc, event_id desc limit %(limit)s
        """,
        Event, member_id=member_id, moment=before and before[0], number=before and before[1], limit=limit,
    )  # fmt: skip


def select_codes(tx: Transaction, *, event_ids: Sequence[int]) -> dict[int, str]:
    """What some events were."""
    rows = tx.rows(
        "select event_id, code from programme_events where event_id = any(%(event_ids)s)", event_ids=list(event_ids)
    )
    return dict(rows)


def select_counts(
    tx: Transaction, *, members: list[int], moments: list[datetime], codes: list[str], days: list[int]
) -> dict[tuple[int, datetime, str, int], int]:
    """How many events of some codes members had in so many days before some moments."""
    rows = tx.rows(
        """
        select v.member_id, v.moment, c.code, c.days, n.events
        from unnest(%(members)s::bigint[], %(moments)s::timestamptz[]) v (member_id, moment)
        cross join unnest(%(codes)s::text[], %(days)s::int[]) c (code, days)
        cross join lateral (
            select count(*) as events from programme_events e
            where e.member_id = v.member_id and e.code = c.code and e.happened_at < v.moment
              and e.happened_at >= v.moment - make_interval(days => c.days)
        ) n
        """,
        members=members, moments=moments, codes=codes, days=days,
    )  # fmt: skip
    return {(member, moment, code, day): events for member, moment, code, day, events in rows}
