"""The beta-geometric model: every point has its own chance of being redeemed in a month, and those chances are beta-distributed.

P. S. Fader, B. G. S. Hardie, How to project customer retention, Journal of Interactive Marketing 21 (2007), 76-90, for
points instead of contracts: those with good chances go first, so that the hazard falls with age.

    hazard(j) = a / (a + b + j)
    S(t) = Π_{j<t} (b + j) / (a + b + j)                what is not redeemed after t months
    log L = Σ_j { d_j log hazard(j) + (n_j - d_j) log (1 - hazard(j)) }    n_j there at age j, d_j redeemed in that month
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log

from regulars.insight.economics._cohorts import Cohort

_STEPS = 12
_ROUNDS = 14


@dataclass(frozen=True, slots=True)
class Decay:
    """The two parameters."""

    alpha: float
    beta: float

    def survival(self, months: int) -> float:
        """What part is not redeemed after so many months."""
        left = 1.0
        for age in range(months):
            left *= (self.beta + age) / (self.alpha + self.beta + age)
        return left

    def chance(self, age: int, life: int) -> float:
        """How much of what is there at an age will be redeemed before it expires; 1 where it never does."""
        if not life:
            return 1.0
        return 0.0 if age >= life else 1 - self.survival(life) / self.survival(age)


def exposures(cohorts: Sequence[Cohort]) -> list[tuple[int, int]]:
    """By age how many points were there when the month began, and how many were redeemed in it."""
    ages = max((len(one.redeemed) for one in cohorts), default=0)
    found: list[tuple[int, int]] = []
    for age in range(ages):
        there = gone = 0
        for one in (one for one in cohorts if len(one.redeemed) > age):
            used, lapsed = (one.redeemed[age - 1], one.expired[age - 1]) if age else (0, 0)
            there += max(one.base - used - lapsed, 0)
            gone += max(one.redeemed[age] - used, 0)
        found.append((there, min(gone, there)))
    return found


def fit(counts: Sequence[tuple[int, int]]) -> Decay | None:
    """The parameters under which what was seen is likeliest; None when nothing was redeemed, or all at once.

    A grid over the logarithms, each round finer and around the best of the one before.
    """
    if not any(gone for _, gone in counts) or sum(1 for there, _ in counts if there) < 2:
        return None
    middle, reach = (0.0, 1.0), 7.0
    for _ in range(_ROUNDS):
        steps = [reach * (2 * step / _STEPS - 1) for step in range(_STEPS + 1)]
        middle = max(
            ((middle[0] + a, middle[1] + b) for a in steps for b in steps),
            key=lambda place: _likelihood(counts, exp(place[0]), exp(place[1])),
        )
        reach *= 0.45
    return Decay(exp(middle[0]), exp(middle[1]))


def _likelihood(counts: Sequence[tuple[int, int]], alpha: float, beta: float) -> float:
    total = 0.0
    for age, (there, gone) in enumerate(counts):
        if there:
            hazard = alpha / (alpha + beta + age)
            total += gone * log(hazard) + (there - gone) * log(max(1 - hazard, 1e-300))
    return total
