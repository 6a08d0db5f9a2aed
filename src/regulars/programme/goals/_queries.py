"""The SQL of steps and of goals reached."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec

from regulars.programme.goals._rules import Days, Step
from regulars.storage import Transaction


@dataclass(frozen=True, slots=True)
class Taken:
    """One row of `programme_steps`."""

    member_id: int
    rule: str
    source_id: int
    happened_at: datetime
    day: date
    amount: int
    inputs: dict[str, Any]

    @property
    def step(self) -> Step:
        """What it counts, and when."""
        return Step(self.source_id, self.happened_at, self.day, self.amount)


@dataclass(frozen=True, slots=True)
class Goal:
    """One row of `programme_goals`."""

    member_id: int
    rule: str
    begins_on: date
    takes: int
    reached_at: datetime
    version_id: int
    source_id: int
    points: int
    point_type: str
    round: int
    given_at: datetime
    undone_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """The days of a member and a rule that are looked at."""

    member_id: int
    rule: str
    days: Days


def select_taken(tx: Transaction, *, members: list[int], sources: list[int]) -> list[Taken]:
    """The steps that some orders of members were before."""
    return tx.all(
        """
        select s.member_id, s.rule, s.source_id, s.happened_at, s.day, s.amount, s.inputs
        from unnest(%(members)s::bigint[], %(sources)s::bigint[]) v (member_id, source_id)
        join programme_steps s on s.member_id = v.member_id and s.source_id = v.source_id
        """,
        Taken, members=members, sources=sources,
    )  # fmt: skip


def upsert_steps(tx: Transaction, *, taken: Sequence[Taken]) -> int:
    """Note what orders and events count towards goals; when and under what it was so stays as it was first told."""
    return tx.run(
        """
        insert into programme_steps as s (member_id, rule, source_id, happened_at, day, amount, inputs)
        select v.member_id, v.rule, v.source_id, v.happened_at, v.day, v.amount, v.inputs::jsonb
        from unnest(%(members)s::bigint[], %(rules)s::text[], %(sources)s::bigint[], %(moments)s::timestamptz[], %(days)s::date[],
            %(amounts)s::bigint[], %(inputs)s::text[]) v (member_id, rule, source_id, happened_at, day, amount, inputs)
        order by v.member_id, v.rule, v.source_id
        on conflict (member_id, rule, source_id) do update set amount = excluded.amount where s.amount <> excluded.amount
        """,
        members=[t.member_id for t in taken], rules=[t.rule for t in taken], sources=[t.source_id for t in taken],
        moments=[t.happened_at for t in taken], days=[t.day for t in taken], amounts=[t.amount for t in taken],
        inputs=[msgspec.json.encode(t.inputs).decode() for t in taken],
    )  # fmt: skip


def select_steps(tx: Transaction, *, spans: Sequence[Span]) -> list[Taken]:
    """What counts towards goals of members, within some days."""
    return tx.all(
        """
        select s.member_id, s.rule, s.source_id, s.happened_at, s.day, s.amount, '{}'::jsonb as inputs
        from unnest(%(members)s::bigint[], %(rules)s::text[], %(since)s::date[], %(until)s::date[]) v (member_id, rule, since, until)
        join programme_steps s on s.member_id = v.member_id and s.rule = v.rule and s.day between v.since and v.until
        where s.amount > 0
        """,
        Taken, members=[s.member_id for s in spans], rules=[s.rule for s in spans], since=[s.days.since for s in spans],
        until=[s.days.until for s in spans],
    )  # fmt: skip


def select_goals(tx: Transaction, *, spans: Sequence[Span]) -> list[Goal]:
    """The goals that members reached and that begin within some days, those that were undone too."""
    return tx.all(
        """
        select g.member_id, g.rule, g.begins_on, g.takes, g.reached_at, g.version_id, g.source_id, g.points, g.point_type, g.round,
            g.given_at, g.undone_at
        from unnest(%(members)s::bigint[], %(rules)s::text[], %(since)s::date[], %(until)s::date[]) v (member_id, rule, since, until)
        join programme_goals g on g.member_id = v.member_id and g.rule = v.rule and g.begins_on between v.since and v.until
        order by g.member_id, g.rule, g.begins_on
        """,
        Goal, members=[s.member_id for s in spans], rules=[s.rule for s in spans], since=[s.days.goals_since for s in spans],
        until=[s.days.until for s in spans],
    )  # fmt: skip


def upsert_goals(tx: Transaction, *, goals: Sequence[Goal]) -> int:
    """Note which goals were reached, or undone; whoever does it has locked the members."""
    return tx.run(
        """
        insert into programme_goals (member_id, rule, begins_on, takes, reached_at, version_id, source_id, points, point_type, round,
            given_at, undone_at)
        select v.member_id, v.rule, v.begins_on, v.takes, v.reached_at, v.version_id, v.source_id, v.points, v.point_type, v.round,
            v.given_at, v.undone_at
        from unnest(%(members)s::bigint[], %(rules)s::text[], %(begins)s::date[], %(takes)s::bigint[], %(reached)s::timestamptz[],
            %(versions)s::int[], %(sources)s::bigint[], %(points)s::bigint[], %(types)s::text[], %(rounds)s::int[],
            %(given)s::timestamptz[], %(undone)s::timestamptz[])
            v (member_id, rule, begins_on, takes, reached_at, version_id, source_id, points, point_type, round, given_at, undone_at)
        on conflict (member_id, rule, begins_on) do update set takes = excluded.takes, reached_at = excluded.reached_at,
            version_id = excluded.version_id, source_id = excluded.source_id, points = excluded.points,
            point_type = excluded.point_type, round = excluded.round, given_at = excluded.given_at, undone_at = excluded.undone_at
        """,
        members=[g.member_id for g in goals], rules=[g.rule for g in goals], begins=[g.begins_on for g in goals],
        takes=[g.takes for g in goals], reached=[g.reached_at for g in goals], versions=[g.version_id for g in goals],
        sources=[g.source_id for g in goals], points=[g.points for g in goals], types=[g.point_type for g in goals],
        rounds=[g.round for g in goals], given=[g.given_at for g in goals], undone=[g.undone_at for g in goals],
    )  # fmt: skip


def select_reached(tx: Transaction, *, member_id: int, limit: int) -> list[Goal]:
    """The goals a member reached and kept, the latest first."""
    return tx.all(
        """
        select member_id, rule, begins_on, takes, reached_at, version_id, source_id, points, point_type, round, given_at, undone_at
        from programme_goals where member_id = %(member_id)s and undone_at is null
        order by reached_at desc, rule limit %(limit)s
        """,
        Goal, member_id=member_id, limit=limit,
    )  # fmt: skip
