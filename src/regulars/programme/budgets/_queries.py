"""The SQL of budgets."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from regulars.storage import Transaction


@dataclass(frozen=True, slots=True)
class Used:
    """One row of `programme_budget_uses`: what somebody has of a budget."""

    reference: str
    budget: str
    period: str
    taken: int
    used_at: datetime


@dataclass(frozen=True, slots=True)
class Counter:
    """One row of `programme_budgets`."""

    budget: str
    period: str
    taken: int
    alerted: int


@dataclass(frozen=True, slots=True)
class Burned:
    """What was taken of a budget on one day."""

    day: str
    taken: int


def insert_counters(tx: Transaction, *, keys: Sequence[tuple[str, str]]) -> int:
    """Begin to count the periods that nobody took of yet."""
    return tx.run(
        """
        insert into programme_budgets (budget, period)
        select v.budget, v.period from unnest(%(budgets)s::text[], %(periods)s::text[]) v (budget, period)
        order by v.budget, v.period
        on conflict (budget, period) do nothing
        """,
        budgets=[budget for budget, _ in keys], periods=[period for _, period in keys],
    )  # fmt: skip


def lock_counters(tx: Transaction, *, keys: Sequence[tuple[str, str]]) -> list[Counter]:
    """Periods of budgets, locked, in the order of their key."""
    return tx.all(
        """
        select b.budget, b.period, b.taken, b.alerted from programme_budgets b
        where (b.budget, b.period) in (select v.budget, v.period from unnest(%(budgets)s::text[], %(periods)s::text[]) v (budget, period))
        order by b.budget, b.period for update
        """,
        Counter, budgets=[budget for budget, _ in keys], periods=[period for _, period in keys],
    )  # fmt: skip


def select_counters(tx: Transaction, *, keys: Sequence[tuple[str, str]]) -> list[Counter]:
    """Periods of budgets, to look at only."""
    return tx.all(
        """
        select b.budget, b.period, b.taken, b.alerted from programme_budgets b
        where (b.budget, b.period) in (select v.budget, v.period from unnest(%(budgets)s::text[], %(periods)s::text[]) v (budget, period))
        """,
        Counter, budgets=[budget for budget, _ in keys], periods=[period for _, period in keys],
    )  # fmt: skip


def update_counters(tx: Transaction, *, counters: Sequence[Counter]) -> int:
    """Note what was taken by now of periods that are locked."""
    return tx.run(
        """
        update programme_budgets b set taken = v.taken, alerted = v.alerted
        from unnest(%(budgets)s::text[], %(periods)s::text[], %(taken)s::bigint[], %(alerted)s::int[]) v (budget, period, taken, alerted)
        where b.budget = v.budget and b.period = v.period
        """,
        budgets=[c.budget for c in counters], periods=[c.period for c in counters], taken=[c.taken for c in counters],
        alerted=[c.alerted for c in counters],
    )  # fmt: skip


def select_uses(tx: Transaction, *, references: list[str]) -> list[Used]:
    """What some have of budgets."""
    return tx.all(
        """
        select reference, budget, period, taken, used_at from programme_budget_uses
        where reference = any(%(references)s::text[]) order by reference, budget
        """,
        Used, references=references,
    )  # fmt: skip


def upsert_uses(tx: Transaction, *, uses: Sequence[Used]) -> int:
    """Note what some have of budgets; it stays in the period it was first taken of."""
    return tx.run(
        """
        insert into programme_budget_uses as u (reference, budget, period, taken, first, used_at)
        select v.reference, v.budget, v.period, v.taken, v.taken, v.used_at
        from unnest(%(references)s::text[], %(budgets)s::text[], %(periods)s::text[], %(taken)s::bigint[], %(moments)s::timestamptz[])
            v (reference, budget, period, taken, used_at)
        order by v.reference, v.budget
        on conflict (reference, budget) do update set taken = excluded.taken
        """,
        references=[u.reference for u in uses], budgets=[u.budget for u in uses], periods=[u.period for u in uses],
        taken=[u.taken for u in uses], moments=[u.used_at for u in uses],
    )  # fmt: skip


def select_burn(tx: Transaction, *, budget: str, period: str, zone: str, limit: int) -> list[Burned]:
    """What was taken of a period, and is not given back, day by day."""
    return tx.all(
        """
        select to_char(used_at at time zone %(zone)s, 'YYYY-MM-DD') as day, sum(taken)::bigint as taken
        from programme_budget_uses where budget = %(budget)s and period = %(period)s
        group by 1 order by 1 limit %(limit)s
        """,
        Burned, budget=budget, period=period, zone=zone, limit=limit,
    )  # fmt: skip


def select_uncounted(tx: Transaction, *, limit: int) -> list[Counter]:
    """Periods whose counter is not the sum of what was taken: there are none."""
    return tx.all(
        """
        select b.budget, b.period, b.taken, b.alerted from programme_budgets b
        left join lateral (select sum(u.taken) as taken from programme_budget_uses u
                           where u.budget = b.budget and u.period = b.period) s on true
        where b.taken <> coalesce(s.taken, 0) order by b.budget, b.period limit %(limit)s
        """,
        Counter, limit=limit,
    )  # fmt: skip
