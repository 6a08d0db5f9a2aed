"""Each customer's own rhythm: how long they usually leave between two purchase days, and how unusual a silence is for them.

Logarithms of gaps vary around the customer's own mean, and those means around the base's: a one-way random-effects model.

    log gap_ij = theta_i + e_ij      theta_i ~ N(mu, tau²)      e_ij ~ N(0, sigma²)

Components by analysis of variance for groups of unequal size (S. R. Searle, G. Casella, C. E. McCulloch, Variance
Components, Wiley 1992, section 3.6):

    sigma² = SSW / (N - k)      tau² = (SSB / (k - 1) - sigma²) / n0, at least 0      n0 = (N - sum n_i² / N) / (k - 1)

A customer with n gaps is drawn to the base by empirical Bayes (B. Efron, C. Morris, JASA 70 (1975), 311-319):

    w = n tau² / (n tau² + sigma²)      theta'_i = w mean_i + (1 - w) mu      next log gap ~ N(theta'_i, sigma² + tau² (1 - w))

Somebody with one purchase day has n = 0: the base's rhythm is all that is known of theirs. Only gaps that ended are seen,
so rhythms come out a little short; the chances are counted from what happened after silences as long, and need no more.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from regulars.errors import Conflict
from regulars.insight.churn._histories import Days, Histories

FEWEST_GAPS: Final = 20
"""With fewer there is no rhythm to speak of in the whole base."""

_LEAST_VARIANCE: Final = 0.01  # gaps are whole days: nobody is more regular than a tenth
Floats = NDArray[np.float64]


class TooLittleHistory(Conflict):
    """There are {gaps} gaps between purchases, and a rhythm takes {fewest}: wait until more customers have come back."""


@dataclass(frozen=True, slots=True)
class Base:
    """The base's distribution of gaps."""

    mu: float
    """The mean log gap of customers."""

    within: float
    """sigma²: how much the gaps of one customer vary."""

    between: float
    """tau²: how much customers differ."""

    gaps: int
    customers: int
    """How many customers had a gap."""

    @property
    def usual_days(self) -> float:
        """The base's usual gap."""
        return float(np.exp(self.mu))


@dataclass(frozen=True, slots=True)
class Rhythms:
    """By customer, as of one day."""

    purchase_days: Days
    """0 for a customer who had not bought by then."""

    last: Days
    theta: Floats
    """The log of the usual gap."""

    spread: Floats
    """The standard deviation of the next log gap."""

    weight: Floats
    """How much of theta is the customer's own, 0 to 1."""

    def lateness(self, day: int) -> Floats:
        """The part of the customer's own gaps that would be over after the silence up to `day`, 0 to 1."""
        silent = np.maximum(day - self.last, 1)
        return np.where(day > self.last, ndtr((np.log(silent) - self.theta) / self.spread), 0.0)

    def reached(self, part: float) -> Days:
        """After how many days of silence `lateness` comes to `part`."""
        days = np.exp(self.theta + self.spread * float(ndtri(part)))
        return np.minimum(np.ceil(days), 100_000).astype(np.int64)


def gaps(found: Histories) -> tuple[Days, Days]:
    """Every gap that ended: whose, and how many days."""
    same = found.who[1:] == found.who[:-1]
    return found.who[1:][same], (found.day[1:] - found.day[:-1])[same]


def base(found: Histories) -> Base:
    """The base's distribution of gaps.

    Raises:
        TooLittleHistory: fewer than `FEWEST_GAPS` ended.
    """
    who, days = gaps(found)
    if len(days) < FEWEST_GAPS:
        raise TooLittleHistory(gaps=len(days), fewest=FEWEST_GAPS)
    logs = np.log(days)
    counts, sums = np.bincount(who).astype(np.float64), np.bincount(who, logs)
    has = counts > 0
    counts, means = counts[has], sums[has] / counts[has]
    total, groups = float(counts.sum()), len(counts)
    over = float(((means - logs.mean()) ** 2 * counts).sum())
    inside = max(float(((logs - logs.mean()) ** 2).sum()) - over, 0.0)
    within = max(inside / (total - groups) if total > groups else float(logs.var()), _LEAST_VARIANCE)
    even = (total - float((counts**2).sum()) / total) / (groups - 1) if groups > 1 else 1.0
    between = max((over / (groups - 1) - within) / even, 0.0) if groups > 1 and total > groups else 0.0
    trust = 1 / (between + within / counts)
    return Base(float((trust * means).sum() / trust.sum()), within, between, int(total), groups)


def rhythms(found: Histories, of: Base) -> Rhythms:
    """Each customer's own rhythm, drawn to the base's."""
    who, days = gaps(found)
    counts = np.bincount(who, minlength=found.count).astype(np.float64)
    sums = np.bincount(who, np.log(days), minlength=found.count)
    weight = counts * of.between / (counts * of.between + of.within)
    theta = weight * np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0) + (1 - weight) * of.mu
    last = np.zeros(found.count, np.int64)
    last[found.who] = found.day  # ascending: the last one written stays
    bought = np.bincount(found.who, minlength=found.count)
    return Rhythms(bought, last, theta, np.sqrt(of.within + of.between * (1 - weight)), weight)
