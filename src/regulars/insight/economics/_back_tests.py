"""What would have been expected some months ago, beside what has happened since."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from regulars.insight.economics._cohorts import Cohort
from regulars.insight.economics._estimates import Estimate, Outlook, estimate
from regulars.ledger.periods import Method


@dataclass(frozen=True, slots=True)
class Month:
    """How many of the points that were there when the forecast was made had been redeemed, so many months later."""

    months: int
    expected: float
    happened: int
    low: float
    high: float
    """Within which it should have been, nineteen times of twenty."""


@dataclass(frozen=True, slots=True)
class BackTest:
    """A forecast made `months` ago, month by month."""

    months: int
    estimate: Estimate
    course: list[Month]

    @property
    def deviation(self) -> float | None:
        """By which part the forecast was too high, or, below 0, too low; None where nothing was redeemed."""
        last = self.course[-1]
        return last.expected / last.happened - 1 if last.happened else None


def back_test(found: Sequence[Cohort], method: Method, months: int) -> BackTest | None:
    """Fit on what the cohorts were `months` ago, and follow the same points since; None when the data were too few then.

    What was undone since is missing from what was known then, too: `found` is what is known now.
    """
    known = [one for one in found if one.month is not None and one.base > 0 and one.age >= 0]
    then = [one.at_age(one.age - months) for one in known if one.age >= months]
    fitted = estimate(then, method)
    if months < 1 or fitted.reason is not None:
        return None
    now = {one.month: one for one in known}
    pairs = [(outlook, now[outlook.month]) for outlook in fitted.cohorts]
    return BackTest(months, fitted, [_month(fitted, pairs, ahead) for ahead in range(1, months + 1)])


def _month(fitted: Estimate, pairs: list[tuple[Outlook, Cohort]], ahead: int) -> Month:
    expected = sum(_expected(fitted, outlook, ahead) for outlook, _ in pairs)
    happened = sum(cohort.redeemed[outlook.age + ahead] - outlook.redeemed for outlook, cohort in pairs)
    whole = fitted.expected
    error = _error(fitted) * (expected / whole if whole else 0.0)
    return Month(ahead, expected, happened, max(expected - 1.96 * error, 0.0), expected + 1.96 * error)


def _error(fitted: Estimate) -> float:
    """The ladder's own; of the model the spread of the curve's last ages, over all points."""
    if fitted.error:
        return fitted.error
    return sqrt(sum((age.error * one.base) ** 2 for one in fitted.cohorts for age in fitted.curve[-1:]))


def _expected(fitted: Estimate, outlook: Outlook, ahead: int) -> float:
    """Of what was left, how much was to be redeemed within so many months."""
    begun, end = _share(fitted, outlook.age), _share(fitted, outlook.age + ahead)
    if begun >= 1:
        return 0.0
    return outlook.left * outlook.chance * (end - begun) / (1 - begun)


def _share(fitted: Estimate, age: int) -> float:
    return fitted.shares[min(age, len(fitted.shares) - 1)]
