"""What orders earn under their versions: read set-based, evaluated one after the other, and again when they change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import msgspec

from regulars.facts import decisions
from regulars.facts.decisions import NewDecision
from regulars.programme import _spending, budgets, earning
from regulars.programme._rules import Programme
from regulars.programme.budgets import Purse
from regulars.programme.campaigns import Gift, owned
from regulars.programme.earning import (
    ORDERS,
    Allowance,
    Asked,
    Basis,
    Case,
    Decision,
    Item,
    Sold,
    Trigger,
    Use,
    Verdict,
    Why,
)
from regulars.storage import Transaction

_NOTHING: Final[Mapping[str, int]] = {"cooldown": -1, "budget": -2, "undone": -3}
"""What stands, among what was left, for nothing, and why: a limit is 0."""

_NOTHING_FOR: Final[Mapping[int, Allowance]] = {
    -1: Allowance(0, "cooldown"),
    -2: Allowance(0, "budget"),
    -3: Allowance(0, "undone"),
}

CODES: Final[Mapping[Why, int]] = {
    "condition": -1, "early": -2, "late": -3, "nothing": -4, "limit": -5, "cooldown": -6, "beaten": -7, "excluded": -8,
    "failed": -9, "budget": -10, "undone": -11, "counted": -12,
}  # fmt: skip
"""How what became of a rule is kept; what earned is kept by its points."""

_WHYS: Final[Mapping[int, Why]] = {code: why for why, code in CODES.items()}


@lru_cache(maxsize=256)
def basis_of(programme: Programme, trigger: Trigger = ORDERS) -> Basis:
    """What a version evaluates by, its expressions compiled once: the rules for orders, or for what else triggers some."""
    rates = {programme.currency: (1, 1)} | {rate.currency: (rate.to_minor, rate.per_minor) for rate in programme.rates}
    rules, owners = owned(programme.earning, programme.campaigns)
    compiled = earning.compiled(rules, owners, programme.events, trigger)
    named = {one.rule.budget for one in compiled.rules}
    own = {one.code: one for one in programme.budgets if one.code in named}
    return Basis(compiled, programme.currency, programme.time_zone, rates, own)


@dataclass(frozen=True, slots=True)
class Decided:
    """An order, what it earns as it was bought, and what that rests on."""

    sold: Sold
    version_id: int
    decision: Decision
    inputs: str | None
    spend_minor: int
    uses: list[Use]
    gifts: list[Gift]


def decide(tx: Transaction, versions: Mapping[int, int], held: Mapping[int, Programme], at: datetime) -> list[Decided]:
    """What orders earn, each under its version, by member and in order of time; those in a currency without a rate are left out.

    What they take of budgets is taken. Facts: `budget.reached`.
    """
    sold = sorted(
        (one for one in read_sold(tx, versions, held) if one.line_nos),
        key=lambda one: (one.member_id, one.paid_at, one.order_id),
    )
    by_version = {version_id: basis_of(programme) for version_id, programme in held.items()}
    bases = [by_version[versions[one.order_id]] for one in sold]
    rows = earning.pinned_rows(
        tx, [Asked(one.member_id, one.placed_at, basis) for one, basis in zip(sold, bases, strict=True)]
    )
    counted = [one.member_id for one, basis in zip(sold, bases, strict=True) if basis.rules.counted]
    known = earning.known_uses(tx, counted, [basis.rules for basis in by_version.values()])
    purses = _spending.open_for(tx, list(zip(sold, bases, strict=True)))
    decided: list[Decided] = []
    for one, basis, row in zip(sold, bases, rows, strict=True):
        items = earning.items_of(one, basis)
        left = earning.allowances(
            basis.rules,
            known,
            member_id=one.member_id,
            order_id=one.order_id,
            placed_at=one.placed_at,
            zone=basis.time_zone,
        )
        paying = _spending.purses_of(purses, basis, one)
        decision = earning.evaluate(basis.rules, case_of(one, basis, row, items, left, paying))
        _spending.note(purses, basis, one, decision)
        uses = earning.uses_of(
            basis.rules, decision, member_id=one.member_id, order_id=one.order_id, placed_at=one.placed_at
        )
        for use in uses:
            known[use.member_id, use.rule].append(use)
        inputs, spend = pinned(row, _spending.narrowed(basis, decision, left)), earning.spend_of(items)
        gifts = _spending.gifts_of(basis, one, decision, versions[one.order_id])
        decided.append(Decided(one, versions[one.order_id], decision, inputs, spend, uses, gifts))
    budgets.settle(tx, purses, at=at)
    return decided


def read_sold(tx: Transaction, versions: Mapping[int, int], held: Mapping[int, Programme]) -> list[Sold]:
    """Orders as the rules of their versions see them; those in a currency without a rate are left out."""
    bases = {version_id: basis_of(programme) for version_id, programme in held.items()}
    rules = [bases[version_id].rules for version_id in set(versions.values())]
    named, labelled = any(one.named for one in rules), any(one.labelled for one in rules)
    return [
        one
        for one in earning.select_sold(tx, order_ids=list(versions), named=named, labelled=labelled)
        if one.currency in bases[versions[one.order_id]].rates
    ]


def case_of(
    sold: Sold, basis: Basis, row: Mapping[str, Any], items: Sequence[Item], left: Mapping[int, Allowance],
    purses: Mapping[str, Purse] | None = None,
) -> Case:  # fmt: skip
    """An order as rules look at it: with these lines, and what was so at the time in `row`; without `purses`, as if budgets paid all."""
    return Case(
        {**earning.order_row(sold, basis), **row},
        items,
        earning.other_minor(sold, basis),
        sold.placed_at,
        left,
        purses or {},
    )


def pinned(row: Mapping[str, Any], left: Mapping[int, Allowance]) -> str | None:
    kept = {
        str(place): _NOTHING.get(one.why, one.points) if one.points == 0 else one.points
        for place, one in left.items()
        if one.points is not None
    }
    inputs = {name: value for name, value in (("row", row), ("left", kept)) if value}
    return msgspec.json.encode(inputs).decode() if inputs else None


def refused(
    pins: dict[int, dict[str, int]], order_id: int, inputs: Mapping[str, Any] | None, left: Mapping[int, Allowance],
    narrowed: Mapping[int, Allowance],
) -> None:  # fmt: skip
    """Gather what is to be kept with an award that was evaluated again: what budgets left of its rules, where that is less than before."""
    known = (inputs or {}).get("left", {})
    for place, one in narrowed.items():
        if one.points is None or one == left.get(place):
            continue
        number = _NOTHING.get(one.why, 0) if one.points == 0 else one.points
        if known.get(str(place)) != number:
            pins.setdefault(order_id, {})[str(place)] = number


def pinned_left(inputs: Mapping[str, Any] | None) -> dict[int, Allowance]:
    """What was left, when an order was awarded, of rules with limits."""
    return {
        int(place): _NOTHING_FOR.get(points) or Allowance(points)
        for place, points in (inputs or {}).get("left", {}).items()
    }


def lesser(one: Allowance, other: Allowance) -> Allowance:
    """The narrower of two allowances."""
    if one.points is None:
        return other
    return one if other.points is None or one.points <= other.points else other


def decide_again(
    sold: Sold, basis: Basis, inputs: Mapping[str, Any] | None, items: Sequence[Item], left: Mapping[int, Allowance],
    purses: Mapping[str, Purse] | None = None,
) -> Decision:  # fmt: skip
    """What an order is worth with these lines, by what was so when it was awarded; without `purses`, as if budgets paid all."""
    return earning.evaluate(basis.rules, case_of(sold, basis, (inputs or {}).get("row", {}), items, left, purses))


def kept(kind: int, sold: Sold, version_id: int, decision: Decision) -> NewDecision:
    """A decision about an order as it is kept, in numbers."""
    return kept_of(kind, sold.order_id, sold.member_id, version_id, decision.verdicts)


def kept_of(kind: int, subject_id: int, member_id: int, version_id: int, verdicts: Sequence[Verdict]) -> NewDecision:
    """A decision about anything as it is kept, in numbers."""
    return NewDecision(kind, subject_id, member_id, version_id, [_numbers(one) for one in verdicts])


def _numbers(one: Verdict) -> list[Any]:
    if one.why == "earned":
        return [one.points, one.other] if one.other else [one.points]
    if one.why == "condition":
        return [CODES[one.why], one.other, *one.values]
    return [CODES[one.why], one.other, one.points] if one.why in {"beaten", "excluded", "counted"} else [CODES[one.why]]


def verdicts_of(found: decisions.Decision) -> list[Verdict]:
    """The verdicts of a decision that was kept."""
    return [_verdict(place, numbers) for place, numbers in enumerate(found.verdicts)]


def _verdict(place: int, numbers: Sequence[Any]) -> Verdict:
    first, *more = numbers
    if first >= 0:
        return Verdict(place, "earned", first, more[0] if more else 0)
    why = _WHYS[first]
    if why == "condition":
        return Verdict(place, why, other=more[0], values=tuple(more[1:]))
    return Verdict(place, why, more[1] if more else 0, more[0] if more else 0)
