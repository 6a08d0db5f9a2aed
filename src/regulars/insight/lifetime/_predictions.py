"""What a fitted model of orders says about each customer: orders to come, being there still, silence."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from regulars.errors import Conflict
from regulars.insight.lifetime._fits import Fitted
from regulars.insight.lifetime._histories import Histories, Ints, Triples, counted, of, packed, unpacked
from regulars.insight.lifetime._models import MODELS, UNITS, each
from regulars.insight.lifetime._purchases import Unusable

Floats = npt.NDArray[np.float64]


class NotIdentified(Conflict):
    """The model {model} says nothing about who has left: {reason}."""


def expected_orders(fitted: Fitted, histories: Histories, days: float) -> Floats:
    """How many days with a purchase each customer will have in the next `days`: E[Y(t) | x, tx, T].

    Raises:
        Unusable: `days` is below 0.
    """
    _forward(days)
    distinct, back = _distinct(histories)
    _, left = each(MODELS[fitted.name], distinct, fitted.values, unit=UNITS[fitted.unit], k=fitted.k)
    return ((1 - left) * _if_there(fitted, distinct, days))[back]


def new_customer_orders(fitted: Fitted, days: float) -> float:
    """How many more days with a purchase a customer will have in the `days` after the first: E[X(t)]."""
    none = np.zeros(1, dtype=np.int64)
    return float(expected_orders(fitted, of(none, none, none), days)[0])


def p_alive(fitted: Fitted, histories: Histories) -> Floats:
    """How likely each customer has not left. BG/NBD says 1 of everybody who bought once: see `churn_chance`.

    Raises:
        NotIdentified: the data do not tell who leaves.
    """
    if not fitted.identified:
        raise NotIdentified(model=fitted.name, reason=fitted.reason)
    distinct, back = _distinct(histories)
    return 1 - each(MODELS[fitted.name], distinct, fitted.values, unit=UNITS[fitted.unit], k=fitted.k)[1][back]


def churn_chance(fitted: Fitted, histories: Histories) -> Floats:
    """How likely each customer has left, fit for ranking them.

    Raises:
        NotIdentified: the data do not tell who leaves, or the model holds that nobody can leave after one purchase
            (BG/NBD, BG/CNBD-k) or at all (NBD), which ranks the one-time buyers as the most loyal.
    """
    model = MODELS[fitted.name]
    if not model.at_once:
        reason = "it holds everybody who bought once to be there still; take mbg_nbd or pareto_nbd, or p_silent"
        raise NotIdentified(model=fitted.name, reason=reason)
    return 1 - p_alive(fitted, histories)


def p_silent(fitted: Fitted, histories: Histories, days: int) -> Floats:
    """How likely each customer buys nothing in the next whole `days`, gone or not: L(x, tx, T + t) / L(x, tx, T).

    Raises:
        Unusable: `days` is below 0.
    """
    _forward(days)
    distinct, back = _distinct(histories)
    model, values, unit = MODELS[fitted.name], fitted.values, UNITS[fitted.unit]
    now, _ = each(model, distinct, values, unit=unit, k=fitted.k)
    then, _ = each(model, replace(distinct, age=distinct.age + days), values, unit=unit, k=fitted.k)
    return np.minimum(np.exp(then - now), 1.0)[back]


def discounted_orders(fitted: Fitted, histories: Histories, *, yearly_discount: float, days: float | None) -> Floats:
    """Expected orders, each worth exp(-delta u) today; without `days` until a thousandth would be left of one.

    int_0^t exp(-delta u) dE(u) = exp(-delta t) E(t) + delta int_0^t exp(-delta u) E(u) du, delta = log(1 + yearly) / 365.25.

    Raises:
        Unusable: the discount is below 0, or is 0 and there is no end.
    """
    if not 0 <= yearly_discount < np.inf or (days is None and yearly_discount == 0):
        raise Unusable(
            field="yearly_discount", value=yearly_discount, remedy="give 0.1 for ten per cent a year, or days"
        )
    delta = float(np.log1p(yearly_discount)) / 365.25
    end = float(np.log(1000)) / delta if days is None else _forward(days)
    distinct, back = _distinct(histories)
    _, left = each(MODELS[fitted.name], distinct, fitted.values, unit=UNITS[fitted.unit], k=fitted.k)
    total = np.exp(-delta * end) * _if_there(fitted, distinct, end)
    nodes, weights = np.polynomial.legendre.leggauss(24)
    if delta > 0:
        for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
            at = end * node**2  # squared: most of what bends lies near today
            total += weight * 2 * end * node * delta * np.exp(-delta * at) * _if_there(fitted, distinct, at)
    return ((1 - left) * total)[back]


def _forward(days: float) -> float:
    if not 0 <= days < np.inf:
        raise Unusable(field="days", value=days, remedy="give 0 or more")
    return float(days)


def _distinct(histories: Histories) -> tuple[Triples, Ints]:
    """The distinct histories, and for each customer which one is theirs."""
    keys, back = np.unique(packed(histories), return_inverse=True)
    return counted(*unpacked(keys), np.ones(len(keys))), back


def _if_there(fitted: Fitted, distinct: Triples, days: float) -> Floats:
    """E[Y(t)] of each distinct history if the customer is there now."""
    unit = UNITS[fitted.unit]
    span, age, x = days * unit, (distinct.age * unit).astype(np.float64), distinct.x
    r, alpha = fitted.values[:2]
    leaving = MODELS[fitted.name].leaving
    if leaving == "never" and fitted.k == 1:
        return (r + x) / (alpha + age) * span
    if leaving == "any_time":
        s, beta = fitted.values[2:]
        far = np.log1p(span / (beta + age))
        grown = far if abs(s - 1) < 1e-12 else -np.expm1(-(s - 1) * far) / (s - 1)
        return (r + x) * (beta + age) / (alpha + age) * grown
    if fitted.k == 1:
        return _counted_on(fitted, x, age, span)
    shares = _stages(fitted, distinct, unit)
    found = [share * _series(fitted, x, age, span, np.full(len(x), stage)) for stage, share in enumerate(shares)]
    return np.sum(found, axis=0)


def _counted_on(fitted: Fitted, x: Floats, age: Floats, span: float) -> Floats:
    """The series once per (x, T): what comes does not depend on tx but through being there, and they are sorted so."""
    first = np.flatnonzero(np.r_[True, (x[1:] != x[:-1]) | (age[1:] != age[:-1])])
    once = _series(fitted, x[first], age[first], span, np.zeros(len(first), dtype=np.int64))
    return np.repeat(once, np.diff(np.r_[first, len(x)]))


def _series(fitted: Fitted, x: Floats, age: Floats, span: float, stages: Ints) -> Floats:
    from regulars.insight.lifetime import _kernels  # noqa: PLC0415 - numba takes long to load, and most never come here

    r, alpha, a, b = fitted.values
    shapes = r + fitted.k * x + stages
    parts = span / (alpha + age + span)
    stay = b + x + MODELS[fitted.name].at_once
    return _kernels.orders_before_leaving(shapes, parts, stay, float(a), stages.astype(np.int64), fitted.k)


def _stages(fitted: Fitted, distinct: Triples, unit: float) -> list[Floats]:
    """How likely i of the k stages of the gap have passed, for i from 0 on, if the customer is there."""
    shapes = fitted.values[0] + fitted.k * distinct.x
    part = (distinct.age - distinct.tx) * unit / (fitted.values[1] + distinct.age * unit)
    terms = [np.ones(len(shapes))]
    for stage in range(1, fitted.k):
        terms.append(terms[-1] * (shapes + stage - 1) / stage * part)
    whole = np.sum(terms, axis=0)
    return [term / whole for term in terms]
