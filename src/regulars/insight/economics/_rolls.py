"""The roll-forward of deferred revenue (IFRS 15 B39-B41 and B44-B47, ASC 606-10-55-42 and -46): whole numbers throughout.

Of a cohort D was deferred, R points have been redeemed, and of what is left a chance p is expected to be:

    U = R + left · p            what will have been redeemed in the end
    liability = D · (U - R) / U

so that revenue comes as rights are exercised, that of breakage in the same proportion, and another p is caught up with.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from regulars.insight.economics._cohorts import Cohort
from regulars.insight.economics._estimates import MILLION
from regulars.ledger.periods import RollForward, Standing, month_of


@dataclass(frozen=True, slots=True)
class Sales:
    """What a month's orders were worth, and how many points they were awarded."""

    price_minor: int
    points: int


@dataclass(frozen=True, slots=True)
class Rolled:
    """A month gone through."""

    roll: RollForward
    standings: list[Standing]


@dataclass(frozen=True, slots=True)
class _Step:
    """One cohort going through a month: each amount is by how much the liability changed."""

    standing: Standing
    opening: int
    issued: int
    adjusted: int
    redeemed: int
    expired: int
    reestimated: int


def split(total: int, weights: Sequence[int]) -> list[int]:
    """A whole number in proportion to weights, without loss: what is left over goes to the largest remainders."""
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    parts = [total * weight // whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda place: (-(total * weights[place] % whole), place))
    for place in order[: total - sum(parts)]:
        parts[place] += 1
    return parts


def allocated(sales: Sales, *, minor_per_million: int, at_issue_ppm: int, points: int) -> tuple[int, int]:
    """What is deferred for `points` newly issued: of the price of orders, and for points that came otherwise.

    The price is allocated to goods and points by their relative stand-alone selling prices (IFRS 15.74): goods sell for
    what they were sold for, points for their value less breakage. Points that no order was awarded are deferred whole.
    """
    worth = minor_per_million * at_issue_ppm  # of a point, in 10^-12 minor units
    sold = min(sales.points, points)
    of_price = 0
    if sold > 0 and sales.price_minor > 0:
        all_worth = sales.points * worth
        of_price = _rounded(sales.price_minor * sold * worth, sales.price_minor * MILLION * MILLION + all_worth)
    else:
        sold = 0
    return of_price, _rounded((points - sold) * worth, MILLION * MILLION)


def liability(deferred: int, redeemed: int, left: int, chance_ppm: int) -> int:
    """What is not recognised yet of what was deferred."""
    ahead = max(left, 0) * chance_ppm
    ultimate = redeemed * MILLION + ahead
    return _rounded(deferred * ahead, ultimate) if ultimate > 0 else 0


def opening(now: Sequence[Cohort], chances: Mapping[int | None, int], *, minor_per_million: int) -> list[Standing]:
    """Where cohorts stand when books begin: at the value of the day, less expected breakage."""
    standings: list[Standing] = []
    for one in now:
        chance = chances.get(one.month, MILLION)
        left, ultimate = max(one.left, 0) * chance, one.used * MILLION + max(one.left, 0) * chance
        worth = _rounded(left * minor_per_million, MILLION * MILLION)
        deferred = _rounded(worth * ultimate, left) if left else 0
        standings.append(_standing(one, chance, deferred, worth))
    return standings


def roll(
    before: Sequence[Standing],
    now: Sequence[Cohort],
    chances: Mapping[int | None, int],
    *,
    minor_per_million: int,
    at_issue_ppm: int,
    sales: Sales,
) -> Rolled:
    """Go through a month from where its cohorts stood to where they stand. `chances`: of what is left of each, in millionths."""
    known = {one.cohort: one for one in before}
    cohorts = {_first_day(one.month): one for one in now}
    gone = [_vanished(one) for one in before if one.cohort not in cohorts]
    everything = [*now, *gone]
    starts = [known.get(_first_day(one.month)) or _empty(one.month, at_issue_ppm) for one in everything]
    changes = [_change(start, one) for start, one in zip(starts, everything, strict=True)]
    new = [one.issued for one in changes]
    of_price, otherwise = allocated(
        sales, minor_per_million=minor_per_million, at_issue_ppm=at_issue_ppm, points=sum(new)
    )  # fmt: skip
    deferrals = split(of_price + otherwise, new)
    sent = [_sent_minor(*each) for each in zip(starts, changes, deferrals, strict=True)]
    arrived = split(sum(sent), [one.received for one in changes])
    chosen = [chances.get(one.month, MILLION) for one in everything]
    steps = [_step(*each) for each in zip(starts, everything, changes, chosen, deferrals, arrived, strict=True)]
    return Rolled(_summed(starts, steps, new, of_price), [step.standing for step in steps if _counts(step.standing)])


def _first_day(month: int | None) -> date | None:
    return None if month is None else month_of(month)


def _empty(month: int | None, at_issue_ppm: int) -> Standing:
    return Standing(_first_day(month), 0, 0, 0, 0, 0, 0, at_issue_ppm, 0, 0)


def _vanished(one: Standing) -> Cohort:
    """A cohort of which nothing is left to tell: all of it was taken back."""
    month = None if one.cohort is None else one.cohort.year * 12 + one.cohort.month - 1
    return Cohort(month, 0, 0, 0, 0, (0,), (0,), 0)


def _counts(one: Standing) -> bool:
    return any((one.issued, one.received, one.sent, one.redeemed, one.expired, one.liability_minor))


@dataclass(frozen=True, slots=True)
class _Change:
    """What came to a cohort in a month, and what was taken away."""

    issued: int
    received: int
    sent: int
    taken_back: int

    @property
    def gain(self) -> int:
        return self.issued + self.received

    @property
    def loss(self) -> int:
        return self.sent + self.taken_back


def _change(start: Standing, now: Cohort) -> _Change:
    return _Change(
        max(now.issued - start.issued, 0),
        max(now.received - start.received, 0),
        max(now.sent - start.sent, 0),
        max(now.taken_back - start.taken_back, 0),
    )


def _worth(start: Standing, deferred: int, base: int) -> int:
    """What is not recognised of a cohort as it was, had it had this base."""
    return liability(deferred, start.redeemed, base - start.redeemed - start.expired, start.chance_ppm)


def _sent_minor(start: Standing, change: _Change, deferral: int) -> int:
    """What goes with the points that were sent to another account."""
    base, deferred = start.base + change.gain, start.deferred_minor + deferral
    kept = base - change.sent
    return _worth(start, deferred, base) - _worth(start, _part(deferred, kept, base), kept) if change.sent else 0


def _step(start: Standing, now: Cohort, change: _Change, chance: int, deferral: int, arrived: int) -> _Step:
    """Issued and received first, then sent and taken back, redeemed, expired, and last another estimate."""
    base, deferred = start.base + change.gain, start.deferred_minor + deferral + arrived
    kept = max(base - change.loss, 0)
    left = _part(deferred, kept, base)
    adjusted = arrived + _worth(start, left, kept) - _worth(start, deferred, base)
    running = start.liability_minor + deferral + adjusted
    ultimate = start.redeemed * MILLION + max(kept - start.redeemed - start.expired, 0) * start.chance_ppm
    ahead = max(ultimate - now.used * MILLION, 0)
    redeemed = (_rounded(left * ahead, ultimate) if ultimate else 0) - _worth(start, left, kept)
    running += redeemed
    expired = 0
    if now.lapsed > start.expired:
        expired = min(liability(left, now.used, now.left, start.chance_ppm) - running, 0)
        running += expired
    closing = liability(left, now.used, now.left, chance)
    standing = _standing(now, chance, left, closing)
    return _Step(standing, start.liability_minor, deferral, adjusted, redeemed, expired, closing - running)


def _standing(now: Cohort, chance: int, deferred: int, left_minor: int) -> Standing:
    return Standing(
        _first_day(now.month),
        now.issued,
        now.taken_back,
        now.received,
        now.sent,
        now.used,
        now.lapsed,
        chance,
        deferred,
        left_minor,
    )


def _summed(starts: Sequence[Standing], steps: Sequence[_Step], new: Sequence[int], of_price: int) -> RollForward:
    opening_points, closing_points = sum(one.left for one in starts), sum(step.standing.left for step in steps)
    redeemed = sum(step.standing.redeemed - one.redeemed for one, step in zip(starts, steps, strict=True))
    expired = sum(step.standing.expired - one.expired for one, step in zip(starts, steps, strict=True))
    based = sum(step.standing.base - one.base for one, step in zip(starts, steps, strict=True))
    return RollForward(
        opening_points=opening_points,
        issued_points=sum(new),
        adjusted_points=based - sum(new),
        redeemed_points=-redeemed,
        expired_points=-expired,
        closing_points=closing_points,
        opening_minor=sum(step.opening for step in steps),
        issued_minor=sum(step.issued for step in steps),
        adjusted_minor=sum(step.adjusted for step in steps),
        redeemed_minor=sum(step.redeemed for step in steps),
        expired_minor=sum(step.expired for step in steps),
        reestimated_minor=sum(step.reestimated for step in steps),
        closing_minor=sum(step.standing.liability_minor for step in steps),
        from_sales_minor=of_price,
    )


def fair_value(standings: Sequence[Standing], *, minor_per_million: int) -> int:
    """What the points there are worth at one price, less what is expected never to be redeemed."""
    points = sum(max(one.left, 0) * one.chance_ppm for one in standings)
    return _rounded(points * minor_per_million, MILLION * MILLION)


def _part(total: int, part: int, whole: int) -> int:
    return _rounded(total * part, whole) if whole > 0 else 0


_HALF: Final = 2


def _rounded(number: int, by: int) -> int:
    """A quotient of whole numbers to the nearest one, halves away from 0."""
    sign = -1 if (number < 0) != (by < 0) else 1
    return sign * ((_HALF * abs(number) + abs(by)) // (_HALF * abs(by)))
