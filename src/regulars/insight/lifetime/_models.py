"""The models of orders without a contract: what each says about a history, and how likely all of them are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from regulars.insight.lifetime._histories import Triples

Floats = npt.NDArray[np.float64]
ModelName = Literal["bg_nbd", "mbg_nbd", "pareto_nbd", "bg_cnbd_k", "mbg_cnbd_k", "nbd"]
Unit = Literal["week", "day"]
UNITS: Final[Mapping[Unit, float]] = {"week": 1 / 7, "day": 1.0}

_NODES: Final = 8


@dataclass(frozen=True, slots=True)
class Model:
    """What sets one model apart: its parameters, how customers leave, and whether gaps have k stages.

    `at_once` says that a customer may leave right after the first purchase; `stages` that k is looked for.
    """

    name: ModelName
    parameters: tuple[str, ...]
    leaving: Literal["never", "after_orders", "any_time"]
    at_once: bool = False
    stages: bool = False


_BETA = ("r", "alpha", "a", "b")
MODELS: Final[Mapping[ModelName, Model]] = {
    model.name: model
    for model in (
        Model("bg_nbd", _BETA, "after_orders"),
        Model("mbg_nbd", _BETA, "after_orders", at_once=True),
        Model("pareto_nbd", ("r", "alpha", "s", "beta"), "any_time", at_once=True),
        Model("bg_cnbd_k", _BETA, "after_orders", stages=True),
        Model("mbg_cnbd_k", _BETA, "after_orders", at_once=True, stages=True),
        Model("nbd", ("r", "alpha"), "never"),
    )
}


def starts(model: Model, histories: Triples, unit: float) -> list[Floats]:
    """Where to begin: the base's own rate of orders, and leaving that is neither rare nor certain."""
    age = np.dot(histories.counts, histories.age) * unit
    rate = np.dot(histories.of_x, histories.xs) / max(age, unit)
    mean_age = max(age / histories.customers, unit)
    pace = [np.array([0.5, 0.5 / rate]), np.array([1.5, 1.0 / rate])]
    if model.leaving == "never":
        return pace[:1]
    if model.leaving == "any_time":
        return [np.r_[pace[0], 0.5, mean_age / 2], np.r_[pace[1], 1.5, mean_age]]
    return [np.r_[pace[0], 0.7, 2.0], np.r_[pace[1], 0.5, 1.0]]


def likelihood(model: Model, histories: Triples, values: Floats, *, unit: float, k: int = 1) -> tuple[float, Floats]:
    """The log-likelihood of all histories, and its derivatives; without the part of the gaps that no parameter moves."""
    if model.leaving == "any_time":
        return _any_time(histories, values, unit)
    return _after_orders(model, histories, values, unit, k)


def _pace(histories: Triples, r: float, alpha: float, k: int) -> tuple[float, float, float]:
    """The factors of x alone that all models share: log Gamma(r + k x) / Gamma(r) alpha^r, summed, and its derivatives."""
    from scipy.special import gammaln, psi  # noqa: PLC0415 - scipy and numba take long to load, and most commands never come here

    shapes, log_alpha = r + k * histories.xs, np.log(alpha)
    total = np.dot(histories.of_x, gammaln(shapes) - gammaln(r) + r * log_alpha)
    by_r = np.dot(histories.of_x, psi(shapes) - psi(r) + log_alpha)
    return float(total), float(by_r), histories.customers * r / alpha


def odds(model: Model, xs: Floats, a: float, b: float) -> Floats:
    """The logarithm of a / (b + x - 1), with x + 1 for x where one may leave at once; minus infinity where none can have left."""
    if model.leaving == "never":
        return np.full(len(xs), -np.inf)
    if model.at_once:
        return np.log(a) - np.log(b + xs)
    return np.where(xs > 0, np.log(a) - np.log(np.maximum(b + xs - 1, b)), -np.inf)


def _after_orders(model: Model, histories: Triples, values: Floats, unit: float, k: int) -> tuple[float, Floats]:
    from regulars.insight.lifetime import _kernels  # noqa: PLC0415

    r, alpha = float(values[0]), float(values[1])
    a, b = (float(values[2]), float(values[3])) if len(values) == 4 else (1.0, 1.0)
    times = alpha + unit * np.arange(len(histories.of_age))
    logs, inverses = np.log(times), 1 / times
    total, by_r, by_alpha = _pace(histories, r, alpha, k)
    passed = r * histories.of_age + k * histories.x_of_age
    total -= float(np.dot(passed, logs))
    by_r -= float(np.dot(histories.of_age, logs))
    by_alpha -= float(np.dot(passed, inverses))
    shapes, log_odds = r + k * histories.xs, odds(model, histories.xs, a, b)
    rows = (histories.offsets, shapes, log_odds, histories.tx, histories.age, histories.counts, logs, inverses)
    left = np.zeros(0)
    if k > 1:
        more, more_r, more_alpha, left = _kernels.regular(*rows, k, unit)
    elif model.leaving == "never":
        return total, np.array([by_r, by_alpha])
    else:
        more, more_r, more_alpha, left = _kernels.geometric(*rows)
    total, by_r, by_alpha = total + more, by_r + more_r, by_alpha + more_alpha
    if model.leaving == "never":
        return total, np.array([by_r, by_alpha])
    stayed, by_a, by_b = _stayed(model, histories, a, b, left)
    return total + stayed, np.array([by_r, by_alpha, by_a, by_b])


def _stayed(model: Model, histories: Triples, a: float, b: float, left: Floats) -> tuple[float, float, float]:
    """The logarithm of B(a, b + x) / B(a, b), summed, and what a and b change in all of it; `left` is p by x."""
    from scipy.special import gammaln, psi  # noqa: PLC0415

    flips = histories.xs + model.at_once
    total = np.dot(histories.of_x, gammaln(b + flips) - gammaln(b) + gammaln(a + b) - gammaln(a + b + flips))
    both = psi(a + b) - psi(a + b + flips)
    by_a = np.dot(histories.of_x, both) + left.sum() / a
    before = np.maximum(b + flips - 1, b)
    by_b = np.dot(histories.of_x, psi(b + flips) - psi(b) + both) - np.dot(left, 1 / before)
    return float(total), float(by_a), float(by_b)


def _nodes() -> tuple[Floats, Floats]:
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return (nodes + 1) / 2, weights / 2


def _any_time(histories: Triples, values: Floats, unit: float) -> tuple[float, Floats]:
    total, gradient, _, _ = _pareto(histories, values, unit, each=False)
    shared, by_r, by_alpha = _pace(histories, float(values[0]), float(values[1]), 1)
    s, beta = float(values[2]), float(values[3])
    shared += histories.customers * s * float(np.log(beta))
    common = np.array([by_r, by_alpha, histories.customers * np.log(beta), histories.customers * s / beta])
    return total + shared, gradient + common


def _pareto(histories: Triples, values: Floats, unit: float, *, each: bool) -> tuple[float, Floats, Floats, Floats]:
    from regulars.insight.lifetime import _kernels  # noqa: PLC0415

    days = unit * np.arange(int(histories.age.max()) + 2)
    logs, death_logs = np.log(values[1] + days), np.log(values[3] + days)
    return _kernels.pareto(
        histories.offsets, histories.xs, histories.tx, histories.age, histories.counts, values,
        unit, *_nodes(), logs, death_logs, each,
    )  # fmt: skip


def each(model: Model, histories: Triples, values: Floats, *, unit: float, k: int = 1) -> tuple[Floats, Floats]:
    """For each distinct history its log-likelihood up to a factor of x alone, and the chance that the customer has left."""
    if model.leaving == "any_time":
        _, _, value, left = _pareto(histories, values, unit, each=True)
        return value, left
    from regulars.insight.lifetime import _kernels  # noqa: PLC0415

    times = values[1] + unit * np.arange(int(histories.age.max()) + 1)
    a, b = (float(values[2]), float(values[3])) if len(values) == 4 else (1.0, 1.0)
    shapes, log_odds = values[0] + k * histories.xs, odds(model, histories.xs, a, b)
    return _kernels.geometric_each(
        histories.offsets, shapes, log_odds, histories.tx, histories.age, np.log(times), 1 / times, k, unit
    )
