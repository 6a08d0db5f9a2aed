"""Fitting a model of orders to histories, and saying when the data do not tell."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from regulars.insight.lifetime._histories import Histories, Triples, packed, triples, unpacked
from regulars.insight.lifetime._histories import counted as distinct
from regulars.insight.lifetime._models import MODELS, UNITS, Model, ModelName, Unit, likelihood, starts
from regulars.insight.lifetime._optima import EDGE, Optimum, climb, summit
from regulars.insight.lifetime._purchases import Unusable

Floats = npt.NDArray[np.float64]

MOST_STAGES: Final = 12
_SAMPLE: Final = 20_000
# An error of 1.5 in the logarithm: the parameter is known to within a factor of 20 either way.
_VAGUE: Final = 1.5
# Twice the logarithm's difference is beyond 5.99 in one case of twenty by chance (two parameters more).
_NOTHING: Final = 3.0


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted model: its parameters with their standard errors, in `unit`s of time, and whether the data tell them.

    `identified` is false, with a `reason`, where the likelihood is flat, a parameter runs away, or nobody seems to leave.
    A standard error is infinite then, never invented. `k` is the number of stages of the gaps.
    """

    name: ModelName
    unit: Unit
    parameters: dict[str, float]
    standard_errors: dict[str, float]
    log_likelihood: float
    customers: float
    identified: bool
    reason: str | None
    k: int = 1

    @property
    def values(self) -> Floats:
        """The parameters in the model's order."""
        return np.array([self.parameters[name] for name in MODELS[self.name].parameters])

    def interval(self, parameter: str, *, z: float = 1.96) -> tuple[float, float]:
        """From where to where a parameter lies, symmetric in its logarithm; 95 % unless another `z` is given."""
        value = self.parameters[parameter]
        with np.errstate(over="ignore"):
            factor = float(np.exp(z * self.standard_errors[parameter] / value))
        return value / factor, value * factor


def fit(histories: Histories, model: ModelName, *, unit: Unit = "week", weights: Floats | None = None) -> Fitted:
    """The parameters under which the histories are likeliest; each customer counts 1, or their weight.

    Raises:
        Unusable: the model or the unit is unknown, a weight is below 0, or nobody came back, so that there is nothing to fit.
    """
    if model not in MODELS:
        raise Unusable(field="model", value=model, remedy="take one of " + ", ".join(MODELS))
    if unit not in UNITS:
        raise Unusable(field="unit", value=unit, remedy="take week or day")
    _check(histories, weights)
    counted = triples(histories, weights)
    near = _sampled(histories, counted) if weights is None else counted
    if MODELS[model].stages:
        return _staged(MODELS[model], counted, near, unit)
    return _fitted(MODELS[model], counted, near, unit, k=1)


def _check(histories: Histories, weights: Floats | None) -> None:
    if weights is not None:
        if len(weights) != len(histories) or not np.isfinite(weights).all() or (weights < 0).any():
            raise Unusable(field="weights", value="unusable", remedy="give each customer a number of 0 or more")
        histories = histories.taken(weights > 0)
    if not len(histories) or not histories.x.any():
        raise Unusable(field="histories", value="without a second purchase", remedy="take a longer period")


def _sampled(histories: Histories, counted: Triples) -> Triples:
    """Some twenty thousand of very many customers, from whose summit it is not far to that of all."""
    if len(histories) < 5 * _SAMPLE:
        return counted
    keys = packed(histories)[:: len(histories) // _SAMPLE]
    unique, numbers = np.unique(keys, return_counts=True)
    found = distinct(*unpacked(unique), numbers.astype(np.float64))
    return found if found.xs[-1] > 0 else counted


def _staged(model: Model, counted: Triples, near: Triples, unit: Unit) -> Fitted:
    """The k from 1 on under which the histories are likeliest."""
    if not np.isfinite(counted.log_gaps):
        raise Unusable(field="log_gaps", value="unknown", remedy="make the histories from purchases, not from sums")
    best = _fitted(model, counted, near, unit, k=1)
    for k in range(2, MOST_STAGES + 1):
        found = _fitted(model, counted, near, unit, k=k)
        if found.log_likelihood <= best.log_likelihood:
            break
        best = found
    return best


def at(model: Model, counted: Triples, unit: Unit, k: int) -> Callable[[Floats], tuple[float, Floats]]:
    """The log-likelihood of these histories as a function of the parameters."""

    def found(values: Floats) -> tuple[float, Floats]:
        return likelihood(model, counted, values, unit=UNITS[unit], k=k)

    return found


def _optimum(model: Model, counted: Triples, near: Triples, unit: Unit, k: int) -> Optimum:
    begin = starts(model, near, UNITS[unit])
    place = climb(at(model, near, unit, k), begin, scale=near.customers)
    return summit(at(model, counted, unit, k), place)


def _fitted(model: Model, counted: Triples, near: Triples, unit: Unit, *, k: int) -> Fitted:
    found = _optimum(model, counted, near, unit, k)
    errors, reason = errors_of(found, model.parameters)
    if reason is None and model.leaving != "never":
        staying = Model("nbd", ("r", "alpha"), "never")
        gained = found.value - _optimum(staying, counted, near, unit, k).value
        reason = _nobody_leaves(gained)
    return Fitted(
        name=model.name,
        unit=unit,
        parameters=named(model.parameters, found.values),
        standard_errors=named(model.parameters, errors),
        log_likelihood=found.value + _of_gaps(counted, UNITS[unit], k),
        customers=counted.customers,
        identified=reason is None,
        reason=reason,
        k=k,
    )


def named(names: Sequence[str], values: Floats) -> dict[str, float]:
    """Parameters with their names."""
    return {name: float(value) for name, value in zip(names, values, strict=True)}


def _of_gaps(counted: Triples, unit: float, k: int) -> float:
    """The part of the log-likelihood that no parameter moves: (k - 1) sum log(gap) - X log Gamma(k)."""
    if k == 1:
        return 0.0
    orders = float(np.dot(counted.of_x, counted.xs))
    log_factorial = float(np.log(np.arange(1, k)).sum())
    return (k - 1) * (counted.log_gaps + orders * float(np.log(unit))) - orders * log_factorial


def errors_of(found: Optimum, names: Sequence[str]) -> tuple[Floats, str | None]:
    """Standard errors of the parameters, and why they are not to be trusted, if so."""
    away = [name for name, place in zip(names, found.place, strict=True) if abs(place) > EDGE - 4]
    covariance = found.covariance
    if covariance is None:
        flat = ", ".join(away or names)
        return np.full(len(names), np.inf), f"the likelihood does not bend: {flat} could be anything"
    of_logs = np.sqrt(np.diag(covariance))
    if away:
        return found.values * of_logs, f"{', '.join(away)} runs away: the data set no bound to it"
    vague = [name for name, error in zip(names, of_logs, strict=True) if error > _VAGUE]
    if vague:
        return found.values * of_logs, f"the likelihood is flat: {', '.join(vague)} is not known within a factor of 20"
    return found.values * of_logs, None


def _nobody_leaves(gained: float) -> str | None:
    if gained >= _NOTHING:
        return None
    return "nobody seems to leave: the same model without leaving fits as well, so who has left cannot be told"


def bootstrap(
    histories: Histories, fitted: Fitted, *, draws: int = 200, seed: int = 0, weights: Floats | None = None
) -> list[Fitted]:
    """The model fitted again to as many customers drawn with replacement, once per draw; standard errors are left out.

    Customers are drawn by counting each distinct history anew, so that nothing is prepared twice.
    """
    counted = triples(histories, weights)
    model, random = MODELS[fitted.name], np.random.default_rng(seed)
    chances = counted.counts / counted.counts.sum()
    found: list[Fitted] = []
    for counts in random.multinomial(round(counted.customers), chances, size=draws):
        drawn = counted.weighed(counts.astype(np.float64))
        best = summit(at(model, drawn, fitted.unit, fitted.k), np.log(fitted.values), bends=False)
        found.append(
            replace(
                fitted,
                parameters=named(model.parameters, best.values),
                standard_errors={},
                log_likelihood=best.value,
            )
        )
    return found
