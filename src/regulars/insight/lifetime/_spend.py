"""Gamma-Gamma: what a customer spends on a day with a purchase."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from regulars.insight.lifetime._fits import Fitted, errors_of, named
from regulars.insight.lifetime._histories import Histories
from regulars.insight.lifetime._optima import climb, summit
from regulars.insight.lifetime._predictions import NotIdentified, discounted_orders
from regulars.insight.lifetime._purchases import Unusable

Floats = npt.NDArray[np.float64]
_NAMES = ("p", "q", "gamma")


@dataclass(frozen=True, slots=True)
class FittedSpend:
    """Gamma-Gamma fitted to those who came back; `gamma` and the log-likelihood are in whole units of the currency.

    `dropped` are those who came back but whose later days brought nothing, of whom the model cannot speak.
    """

    parameters: dict[str, float]
    standard_errors: dict[str, float]
    log_likelihood: float
    customers: float
    dropped: int
    minor_per_unit: int
    identified: bool
    reason: str | None
    name: str = "gamma_gamma"


def fit_gamma_gamma(histories: Histories, *, minor_per_unit: int = 100, weights: Floats | None = None) -> FittedSpend:
    """Gamma-Gamma, from the mean spend of the days after the first.

    Raises:
        Unusable: fewer than three customers came back and spent something.
    """
    back = histories.x > 0
    there = back & (histories.spend > 0)
    if weights is not None:
        there &= weights > 0
    if int(there.sum()) < 3:
        raise Unusable(field="spend", value="known of fewer than three who came back", remedy="take a longer period")
    x, mean = histories.x[there].astype(np.float64), histories.spend[there] / minor_per_unit
    counts = np.ones(len(x)) if weights is None else weights[there]
    scale = float(np.exp(np.average(np.log(mean), weights=counts)))
    terms = _Terms(x, mean / scale, counts)
    place = climb(terms.likelihood, [np.array([3.0, 3.0, 1.0]), np.array([1.0, 2.0, 1.0])], scale=terms.customers)
    found = summit(terms.likelihood, place)
    errors, reason = errors_of(found, _NAMES)
    in_units = np.array([1.0, 1.0, scale])
    return FittedSpend(
        parameters=named(_NAMES, found.values * in_units),
        standard_errors=named(_NAMES, errors * in_units),
        log_likelihood=found.value - terms.customers * float(np.log(scale)),
        customers=terms.customers,
        dropped=int((back & ~(histories.spend > 0)).sum()),
        minor_per_unit=minor_per_unit,
        identified=reason is None,
        reason=reason,
    )


class _Terms:
    """The sums that do not depend on the parameters, and tables by x."""

    def __init__(self, x: Floats, mean: Floats, counts: Floats) -> None:
        self.x, self.mean, self.counts = x, mean, counts
        self.xs, place = np.unique(x, return_inverse=True)
        self.of_x = np.bincount(place, weights=counts)
        self.customers = float(counts.sum())
        self.logs = float(counts @ np.log(mean))
        self.x_logs = float(counts @ (x * (np.log(mean) + np.log(x))))

    def likelihood(self, values: Floats) -> tuple[float, Floats]:
        """Log L = sum log Gamma(px + q) - log Gamma(px) - log Gamma(q) + q log gamma + (px - 1) log z + px log x - (px + q) log(gamma + x z)."""
        from scipy.special import gammaln, psi  # noqa: PLC0415 - scipy and numba take long to load

        from regulars.insight.lifetime import _kernels  # noqa: PLC0415

        p, q, gamma = map(float, values)
        one, by_x, slope = _kernels.spend_terms(self.x, self.mean, self.counts, p, q, gamma)
        px, log_gamma = p * self.xs, float(np.log(gamma))
        total = float(self.of_x @ (gammaln(px + q) - gammaln(px) - gammaln(q))) + self.customers * q * log_gamma
        total += p * self.x_logs - self.logs - p * by_x - q * one
        both = psi(px + q)
        by_p = float(self.of_x @ (self.xs * (both - psi(px)))) + self.x_logs - by_x
        by_q = float(self.of_x @ (both - psi(q))) + self.customers * log_gamma - one
        return total, np.array([by_p, by_q, self.customers * q / gamma - slope])


def expected_spend(fitted: FittedSpend, histories: Histories) -> Floats:
    """What each customer spends on a day with a purchase on average, in minor units: p (gamma + x z) / (p x + q - 1).

    Raises:
        NotIdentified: q is at most 1, so that the mean over all customers is infinite.
    """
    p, q, gamma = (fitted.parameters[name] for name in _NAMES)
    if q <= 1:
        raise NotIdentified(model=fitted.name, reason=f"q is {q:.3f}: spend has no mean; look for single huge amounts")
    x = np.where(histories.spend > 0, histories.x, 0)
    spent = x * np.where(x > 0, histories.spend, 0.0)
    return p * (gamma * fitted.minor_per_unit + spent) / (p * x + q - 1)


def lifetime_value(
    fitted: Fitted, spend: FittedSpend, histories: Histories, *, yearly_discount: float, days: float | None = None
) -> Floats:
    """What each customer's orders to come are worth today in minor units, before costs; without `days` all that come.

    Multiply by the margin for profit. The discount is continuous: 0.1 is ten per cent a year.
    """
    orders = discounted_orders(fitted, histories, yearly_discount=yearly_discount, days=days)
    return orders * expected_spend(spend, histories)
