"""Which goals orders and events have led to: pure. A challenge sums up within a period, a streak looks for periods in a row."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Final

from regulars.programme.earning import MOST_IN_A_ROW, Challenge, Period, Rule

_EVER: Final = date(1, 1, 1)
_LAST: Final = date(9999, 12, 31)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Step:
    """What one order or event counts, on a day of the programme's calendar."""

    source_id: int
    happened_at: datetime
    day: date
    amount: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a member is in the period, or the streak, that a day is in."""

    begins_on: date
    done: int
    takes: int


@dataclass(frozen=True, slots=True)
class Days:
    """The days that are looked at: steps from `since` until `until`, and goals that begin from `goals_since` on."""

    since: date
    until: date
    goals_since: date


def takes(rule: Rule) -> int:
    """What the goal takes: so much, or so many periods in a row."""
    if rule.challenge is not None:
        return rule.challenge.reach
    assert rule.streak is not None  # noqa: S101  a goal is one of the two
    return rule.streak.times


def around(rule: Rule, days: Sequence[date]) -> Days:
    """The days that matter to what steps on some days lead to.

    Periods that no streak has used are fewer than it takes, on either side of those that one has: twice as many each way is
    enough.
    """
    first, last = min(days), max(days)
    if rule.challenge is not None:
        since, until = _window(rule.challenge, first)[0], _window(rule.challenge, last)[1]
        return Days(since, until, since)
    per, span = _per(rule), 2 * takes(rule)
    low, high = number_of(per, first) - span, number_of(per, last) + span
    return Days(first_day(per, low), first_day(per, high + 1) - _DAY, first_day(per, low - MOST_IN_A_ROW))


def _per(rule: Rule) -> Period:
    assert rule.streak is not None  # noqa: S101  only of streaks
    return rule.streak.per


def number_of(per: Period, day: date) -> int:
    """The number of a day, of its week from Monday on, of its month or year; those that follow each other follow here."""
    match per:
        case "day":
            return day.toordinal()
        case "week":
            return (day.toordinal() - 1) // 7
        case "month":
            return day.year * 12 + day.month - 1
        case "year":
            return day.year
        case "ever":
            return 0


def first_day(per: Period, number: int) -> date:
    """The first day of a period; the first or the last there is, beyond the calendar."""
    try:
        match per:
            case "day":
                return date.fromordinal(number)
            case "week":
                return date.fromordinal(number * 7 + 1)
            case "month":
                return date(number // 12, number % 12 + 1, 1)
            case "year":
                return date(number, 1, 1)
            case "ever":
                return _EVER if number <= 0 else _LAST
    except (ValueError, OverflowError):
        return _EVER if number < 1 else _LAST


def _window(one: Challenge, day: date) -> tuple[date, date]:
    number = number_of(one.per, day)
    end = first_day(one.per, number + 1)
    return first_day(one.per, number), end if end == _LAST else end - _DAY


def reached(
    rule: Rule, steps: Sequence[Step], held: Mapping[date, int], days: Days | None = None
) -> dict[date, datetime | None]:
    """The goals that these steps lead to, by the day on which their period or streak begins, and when each was reached.

    `held` are those that were reached before, with what they took: they stay while their steps do, so that a step told late
    never leads to what was given already. One that reaches beyond the days looked at stays, and when is None.
    """
    steps = sorted((one for one in steps if one.amount), key=lambda one: (one.happened_at, one.source_id))
    return _met(rule, steps, held) if rule.challenge is not None else _rows(rule, steps, held, days)


def _met(rule: Rule, steps: Sequence[Step], held: Mapping[date, int]) -> dict[date, datetime | None]:
    assert rule.challenge is not None  # noqa: S101  only of challenges
    found: dict[date, datetime | None] = {}
    sums: dict[date, int] = {}
    for one in steps:
        begins, _ = _window(rule.challenge, one.day)
        sums[begins] = sums.get(begins, 0) + one.amount
        if begins not in found and sums[begins] >= held.get(begins, rule.challenge.reach):
            found[begins] = one.happened_at
    return found


def _rows(
    rule: Rule, steps: Iterable[Step], held: Mapping[date, int], days: Days | None
) -> dict[date, datetime | None]:
    per, times = _per(rule), takes(rule)
    first = _first_steps(per, steps)
    found: dict[date, datetime | None] = {}
    used: set[int] = set()
    for begins, took in sorted(held.items()):
        own = range(number_of(per, begins), number_of(per, begins) + took)
        beyond = days is not None and (begins < days.since or first_day(per, own[-1]) > days.until)
        if beyond or all(number in first for number in own):
            found[begins] = None if beyond else max(first[number] for number in own)
            used |= set(own)
    for run in runs(number for number in first if number not in used):
        for start in range(0, len(run) - times + 1, times):
            own = run[start : start + times]
            found[first_day(per, own[0])] = max(first[number] for number in own)
    return found


def _first_steps(per: Period, steps: Iterable[Step]) -> dict[int, datetime]:
    """When each period that has a step had its first."""
    first: dict[int, datetime] = {}
    for one in steps:
        first.setdefault(number_of(per, one.day), one.happened_at)
    return first


def runs(numbers: Iterable[int]) -> list[list[int]]:
    """Numbers that follow each other, together."""
    ordered = sorted(numbers)
    groups = groupby(enumerate(ordered), key=lambda each: each[1] - each[0])
    return [[number for _, number in group] for _, group in groups]


def progress(rule: Rule, steps: Sequence[Step], held: Mapping[date, int], day: date) -> Progress:
    """How far it is on a day: of a streak the run that goes on, up to that day or the period before."""
    if rule.challenge is not None:
        begins, ends = _window(rule.challenge, day)
        done = sum(one.amount for one in steps if begins <= one.day <= ends)
        return Progress(begins, done, held.get(begins, rule.challenge.reach))
    per, now = _per(rule), number_of(_per(rule), day)
    used = {
        number for begins, took in held.items()
        for number in range(number_of(per, begins), number_of(per, begins) + took)
    }  # fmt: skip
    present = {number_of(per, one.day) for one in steps if one.amount}
    if now in used or (now not in present and now - 1 in used):
        return _held_run(rule, held, now)
    going_on = [one for one in runs(present - used) if one[0] <= now <= one[-1] + 1]
    so_far = [number for one in going_on[:1] for number in one if number <= now]
    return Progress(first_day(per, so_far[0] if so_far else now), len(so_far), takes(rule))


def _held_run(rule: Rule, held: Mapping[date, int], now: int) -> Progress:
    """The streak that was reached with this period, or the one before it."""
    per = _per(rule)
    begins = max(one for one in held if number_of(per, one) <= now)
    return Progress(begins, held[begins], held[begins])
