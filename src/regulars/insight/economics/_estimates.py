"""How much of what is there will be redeemed: by cohort, with what it is made of and how sure it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final, Literal

from regulars.insight.economics._cohorts import Cohort
from regulars.insight.economics._decay import Decay, exposures, fit
from regulars.insight.economics._ladder import Ladder, ladder
from regulars.ledger.periods import Method

FEWEST_COHORTS: Final = 6
"""Whole months of points below which nothing is said about breakage."""

_SEEN: Final = 3
"""How many cohorts have to have reached an age for it to count."""

MILLION: Final = 1_000_000

Reason = Literal["few_months", "nothing_redeemed", "chosen"]


@dataclass(frozen=True, slots=True)
class Age:
    """One age of the redemption curve, over the cohorts that have reached it."""

    months: int
    cohorts: int
    points: int
    """That were issued."""

    redeemed: float
    """The share of them redeemed by the end of that month."""

    error: float
    """Its standard error, from how the cohorts differ."""

    expired: float
    modelled: float | None
    """The share that the beta-geometric model gives."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is expected of one cohort."""

    month: int
    base: int
    redeemed: int
    expired: int
    left: int
    age: int
    chance: float
    """Of what is left, how much will be redeemed."""

    ultimate: float
    """How many will have been redeemed in the end."""

    error: float
    """The standard error of that, as the chain ladder has it; 0 where nothing is estimated."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is expected of all of them."""

    method: Method
    reason: Reason | None
    """Why no breakage is expected, when it is not for the data; None: it was estimated."""

    at_issue: float
    """Of points issued now, how much will be redeemed."""

    cohorts: list[Outlook]
    error: float
    """The standard error of all that will be redeemed, in points."""

    curve: list[Age]
    shares: list[float]
    """By age, the share of all that will be redeemed in the end that has been by then."""

    decay: Decay | None

    @property
    def left(self) -> int:
        """What is there."""
        return sum(one.left for one in self.cohorts)

    @property
    def expected(self) -> float:
        """How much of it will be redeemed."""
        return sum(one.left * one.chance for one in self.cohorts)

    def chance_ppm(self, month: int | None) -> int:
        """Of what is left of a month's points, how much will be redeemed, in millionths; of an unknown one as at issue."""
        for one in self.cohorts:
            if one.month == month:
                return round(one.chance * MILLION)
        return round(self.at_issue * MILLION)


def estimate(found: Sequence[Cohort], method: Method) -> Estimate:
    """What is expected of cohorts, which are known up to the end of one month.

    Where the data do not bear the method, no breakage is expected, and `reason` says why.
    """
    known = [one for one in found if one.month is not None and one.base > 0]
    seen = [one for one in known if one.age >= 0]
    decay = fit(exposures(seen))
    reason: Reason | None = None
    if method == "no_breakage":
        reason = "chosen"
    elif len(seen) < FEWEST_COHORTS:
        reason = "few_months"
    elif decay is None or not sum(one.used for one in seen):
        reason = "nothing_redeemed"
    points = curve(seen, decay)
    if reason is not None or decay is None:
        return Estimate("no_breakage", reason, 1.0, [_certain(one) for one in known], 0.0, points, [], decay)
    if method == "beta_geometric":
        return _by_decay(known, decay, points)
    return _by_ladder(known, seen, points, decay)


def curve(seen: Sequence[Cohort], decay: Decay | None) -> list[Age]:
    """The share redeemed and expired by age, each month's own share added to those before.

    So that cohorts that have not come so far do not change what is said of the ages that they have reached. The standard
    error of a month's share is that of a ratio of sums over cohorts (Cochran 1977, 6.4); those of the months add up as squares.
    """
    ages: list[Age] = []
    redeemed = expired = spread = 0.0
    for months in range(max((one.age for one in seen), default=-1) + 1):
        there = [one for one in seen if one.age >= months]
        if ages and len(there) < min(_SEEN, ages[0].cohorts):
            break
        share, variance = _ratio([(_in_month(one.redeemed, months), one.base) for one in there])
        redeemed, spread = redeemed + share, spread + variance
        expired += _ratio([(_in_month(one.expired, months), one.base) for one in there])[0]
        points = sum(one.base for one in there)
        modelled = None if decay is None else 1 - decay.survival(months + 1)
        ages.append(Age(months, len(there), points, redeemed, sqrt(spread), expired, modelled))
    return ages


def _in_month(sums: Sequence[int], age: int) -> int:
    return sums[age] - (sums[age - 1] if age else 0)


def _ratio(pairs: Sequence[tuple[int, int]]) -> tuple[float, float]:
    """A ratio of sums, and its variance."""
    whole, count = sum(base for _, base in pairs), len(pairs)
    ratio = sum(part for part, _ in pairs) / whole
    if count < 2:
        return ratio, 0.0
    spread = sum((part - ratio * base) ** 2 for part, base in pairs)
    return ratio, spread * count / (count - 1) / whole**2


def _certain(one: Cohort) -> Outlook:
    return _outlook(one, 1.0, 0.0)


def _outlook(one: Cohort, chance: float, error: float) -> Outlook:
    left = max(one.left, 0)
    certain = min(max(chance, 0.0), 1.0)
    month = one.month or 0
    return Outlook(month, one.base, one.used, one.lapsed, left, one.age, certain, one.used + left * certain, error)


def _by_decay(known: Sequence[Cohort], decay: Decay, points: list[Age]) -> Estimate:
    outlooks = [_outlook(one, decay.chance(one.age + 1, one.life), 0.0) for one in known]
    life = known[-1].life
    whole = 1 - decay.survival(life) if life else 1.0
    shares = [min((1 - decay.survival(age + 1)) / whole, 1.0) for age in range(max(life, len(points)))]
    return Estimate("beta_geometric", None, decay.chance(0, life), outlooks, 0.0, points, shares, decay)


def _by_ladder(known: Sequence[Cohort], seen: Sequence[Cohort], points: list[Age], decay: Decay) -> Estimate:
    """The chain ladder, weighted with what all months together redeem as little as a month has shown (Benktander 1976).

    Beyond the ages that several cohorts have reached, all that the oldest still have is taken to be redeemed: no breakage
    that has not been seen.
    """
    ages = max(age.months for age in points if age.cohorts >= _SEEN) + 1
    developed = ladder([one.redeemed for one in seen], ages)
    shares = _shares(seen, developed, ages)
    weight = sum(one.base * _share(shares, one.age) for one in seen)
    at_issue = min(sum(one.used for one in seen) / weight, 1.0) if weight > 0 else 1.0
    errors = {one.month: error for one, error in zip(seen, developed.errors, strict=True)}
    tail = shares[-1] or 1.0
    outlooks = [
        _outlook(one, _chance(one, shares, at_issue), min(errors.get(one.month, 0.0) / tail, float(max(one.left, 0))))
        for one in known
    ]
    return Estimate("chain_ladder", None, at_issue, outlooks, developed.total_error / tail, points, shares, decay)


def _shares(seen: Sequence[Cohort], developed: Ladder, ages: int) -> list[float]:
    """By age, what part of all that is redeemed in the end has been by then."""
    oldest = [one for one in seen if one.age >= ages - 1]
    reached = sum(one.redeemed[ages - 1] for one in oldest)
    whole = sum(one.used + max(one.left, 0) for one in oldest)
    share = reached / whole if whole else 1.0
    shares = [share]
    for factor, there in zip(reversed(developed.factors), reversed(developed.sums), strict=True):
        share = share / factor if there > 0 and factor > 0 else 0.0
        shares.append(min(share, 1.0))
    return shares[::-1]


def _share(shares: Sequence[float], age: int) -> float:
    return 0.0 if age < 0 else shares[min(age, len(shares) - 1)]


def _chance(one: Cohort, shares: Sequence[float], at_issue: float) -> float:
    if one.left <= 0:
        return 0.0
    share = _share(shares, one.age)
    if one.age >= len(shares):  # beyond what has been seen
        return 1.0
    by_all = one.used + (1 - share) * at_issue * one.base
    by_itself = one.used / share if share > 0 else by_all
    return (share * by_itself + (1 - share) * by_all - one.used) / one.left
