"""Campaigns that meet: shown before they are published. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Literal

from regulars.programme.campaigns._rules import Campaign, open_days


@dataclass(frozen=True, slots=True)
class Clash:
    """Two campaigns that are open for the same members on the same day."""

    one: str
    """The code of the campaign that comes first."""
    other: str
    kind: Literal["exclusive", "tie", "both", "budget"]
    """Of their group an order gets only the first; so too, but nothing except the document's order says which is first; both give;
    both give, out of one budget."""
    first: date
    days: int
    """On how many days of those that were looked at."""


def conflicts(campaigns: Sequence[Campaign], first: date, last: date, zone: str) -> list[Clash]:
    """Which campaigns meet between two days, both included. Audiences by expression are taken to meet: only tiers tell them apart."""
    ordered = sorted(campaigns, key=lambda one: -one.priority)
    days = {one.code: frozenset(open_days(one, first, last, zone)) for one in ordered}
    return list(_clashes(ordered, days))


def _clashes(ordered: Sequence[Campaign], days: dict[str, frozenset[date]]) -> Iterator[Clash]:
    for one, other in combinations(ordered, 2):
        shared = days[one.code] & days[other.code]
        if shared and _same_members(one, other) and _same_hours(one, other):
            kind = _kind(one, other)
            if kind is not None:
                yield Clash(one.code, other.code, kind, min(shared), len(shared))


def _kind(one: Campaign, other: Campaign) -> Literal["exclusive", "tie", "both", "budget"] | None:
    if one.group is not None and one.group == other.group:
        return "tie" if one.priority == other.priority else "exclusive"
    if _budgets(one) & _budgets(other):
        return "budget"
    kinds = {rule.point_type for rule in one.rules} & {rule.point_type for rule in other.rules}
    return "both" if kinds else None


def _budgets(one: Campaign) -> set[str]:
    return {name for rule in one.rules if (name := rule.budget or one.budget) is not None}


def _same_members(one: Campaign, other: Campaign) -> bool:
    return not one.tiers or not other.tiers or not set(one.tiers).isdisjoint(other.tiers)


def _same_hours(one: Campaign, other: Campaign) -> bool:
    mine, theirs = one.days, other.days
    if mine is None or theirs is None:
        return True
    return mine.from_hour < theirs.until_hour and theirs.from_hour < mine.until_hour
