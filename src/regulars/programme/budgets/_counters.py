"""Taking of budgets, and giving back: counters that are locked in one order, in the transaction of what is given."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from regulars import facts
from regulars.programme.budgets import _queries
from regulars.programme.budgets._queries import Burned, Counter, Used
from regulars.programme.budgets._rules import Budget, Purse, period_of, reached
from regulars.storage import Transaction

Key = tuple[str, str]
"""The code of a budget, and one of its periods."""


@dataclass(slots=True)
class Purses:
    """Periods of budgets while they are being taken of: locked, so that what is left is left for this transaction alone."""

    counters: dict[Key, Counter] = field(default_factory=dict[Key, Counter])
    own: dict[tuple[str, str], Used] = field(default_factory=dict[tuple[str, str], Used])
    """What some have of budgets already, by reference and budget."""
    budgets: dict[str, Budget] = field(default_factory=dict[str, Budget])
    changed: dict[tuple[str, str], Used] = field(default_factory=dict[tuple[str, str], Used])

    def purse(self, budget: Budget, moment: datetime, zone: str, own: Collection[str] = ()) -> Purse:
        """What is left of a budget for one who has what stands under some references already."""
        key = (budget.code, period_of(budget, moment, zone))
        if budget.at_end == "alert":
            return Purse(budget, None)
        mine = [self.own.get((reference, budget.code)) for reference in own]
        held = sum(one.taken for one in mine if one is not None and one.period == key[1])
        counter = self.counters.get(key)
        return Purse(budget, budget.amount - (counter.taken if counter else 0) + held, held)

    def note(self, budget: Budget, reference: str, taken: int, moment: datetime, zone: str) -> None:
        """Let one have so much of a budget, in place of what it had; what was taken once stays in its period."""
        self.budgets[budget.code] = budget
        before = self.own.get((reference, budget.code))
        if taken == (before.taken if before else 0):
            return
        period = before.period if before else period_of(budget, moment, zone)
        self._count((budget.code, period), taken - (before.taken if before else 0))
        now = Used(reference, budget.code, period, taken, before.used_at if before else moment)
        self.own[reference, budget.code] = self.changed[reference, budget.code] = now

    def _count(self, key: Key, more: int) -> None:
        known = self.counters[key]
        self.counters[key] = replace(known, taken=known.taken + more)


@dataclass(frozen=True, slots=True)
class Spent:
    """A budget, and what was taken of it in one period."""

    budget: Budget
    period: str
    taken: int

    @property
    def percent(self) -> int:
        """How much of it, in whole per cent."""
        return self.taken * 100 // self.budget.amount


def open_purses(tx: Transaction, keys: Collection[Key], references: Collection[str]) -> Purses:
    """Lock periods of budgets, and those of what some have of them already, in one order."""
    wanted = sorted(set(keys))
    if wanted:
        _queries.insert_counters(tx, keys=wanted)
    uses = _queries.select_uses(tx, references=sorted(set(references))) if references else []
    every = sorted({*wanted, *((one.budget, one.period) for one in uses)})
    if not every:
        return Purses()
    counters = {(one.budget, one.period): one for one in _queries.lock_counters(tx, keys=every)}
    if uses or references:  # another transaction may have changed them while this one waited
        uses = [
            one
            for one in _queries.select_uses(tx, references=sorted(set(references)))
            if (one.budget, one.period) in counters
        ]
    return Purses(counters, {(one.reference, one.budget): one for one in uses})


def look_into(tx: Transaction, keys: Collection[Key], references: Collection[str] = ()) -> Purses:
    """As `open_purses`, to look at only: nothing is locked, and nothing may be written."""
    wanted = sorted(set(keys))
    counters = {(one.budget, one.period): one for one in _queries.select_counters(tx, keys=wanted)} if wanted else {}
    uses = _queries.select_uses(tx, references=sorted(set(references))) if references else []
    return Purses(counters, {(one.reference, one.budget): one for one in uses})


def settle(tx: Transaction, purses: Purses, *, at: datetime) -> None:
    """Write what was noted. Facts: `budget.reached`, once for each percent of a period."""
    if not purses.changed:
        return
    _queries.upsert_uses(tx, uses=list(purses.changed.values()))
    touched = sorted({(one.budget, one.period) for one in purses.changed.values()})
    counters: list[Counter] = []
    told: list[facts.Fact] = []
    for key in touched:
        counter, budget = purses.counters[key], purses.budgets.get(key[0])
        percent = reached(budget, counter.taken) if budget else 0
        if budget and percent > counter.alerted:
            told.append(_reached(budget, counter, percent, at))
            counter = replace(counter, alerted=percent)
        counters.append(counter)
    _queries.update_counters(tx, counters=counters)
    facts.record(tx, told, at=at)


def _reached(budget: Budget, counter: Counter, percent: int, at: datetime) -> facts.Fact:
    about = {
        "budget": budget.code, "period": counter.period, "percent": percent, "taken": counter.taken,
        "amount": budget.amount, "unit": budget.unit,
    }  # fmt: skip
    return facts.Fact("budget.reached", at, None, None, about)


def give_back(tx: Transaction, left: Mapping[tuple[str, str], int], *, at: datetime) -> int:
    """Let those who took of budgets have no more than is said by reference and budget; how much that gives back in all."""
    if not left:
        return 0
    purses = open_purses(tx, (), {reference for reference, _ in left})
    back = 0
    for key, keep in left.items():
        known = purses.own.get(key)
        if known is None or known.taken <= keep:
            continue
        purses.changed[key] = replace(known, taken=keep)
        place = (known.budget, known.period)
        counter = purses.counters[place]
        purses.counters[place] = replace(counter, taken=counter.taken - known.taken + keep)
        back += known.taken - keep
    settle(tx, purses, at=at)
    return back


def spent(tx: Transaction, budgets: Sequence[Budget], *, zone: str, at: datetime) -> list[Spent]:
    """What was taken of budgets in the period that holds at `at`."""
    keys = [(one.code, period_of(one, at, zone)) for one in budgets]
    found = look_into(tx, keys).counters
    return [Spent(one, key[1], found[key].taken if key in found else 0) for one, key in zip(budgets, keys, strict=True)]


def burn(tx: Transaction, budget: Budget, *, zone: str, at: datetime, limit: int = 400) -> list[Burned]:
    """What was taken of a budget, and not given back, on each day of the period that holds at `at`; days without are left out."""
    return _queries.select_burn(tx, budget=budget.code, period=period_of(budget, at, zone), zone=zone, limit=limit)
