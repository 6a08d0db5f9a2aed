"""Lifetime value in the report: every model beside the others, and what is still to come by the one that can be believed."""

from dataclasses import replace
from datetime import date
from math import isfinite
from typing import Final

import numpy as np
import pyarrow as pa

from regulars.insight import lifetime
from regulars.insight.report._records import Estimate, Holdout, Lifetime, Model

_MODELS: Final[tuple[lifetime.ModelName, ...]] = ("bg_nbd", "mbg_nbd", "pareto_nbd", "nbd")
_FORECASTING: Final = ("bg_nbd", "mbg_nbd", "pareto_nbd")
_DAYS: Final = 365
_YEARLY_DISCOUNT: Final = 0.1
_Z: Final = 1.959964


def lifetimes(
    purchases: pa.Table, last_day: date, *, digits: int, calibrate_until: date | None, unit: lifetime.Unit
) -> Lifetime:
    """Fit every model, on what came up to `calibrate_until` if it is given, and hold them against the rest.

    Raises:
        Unusable: nobody bought until `calibrate_until`, or nobody after it.
    """
    whole = lifetime.histories(purchases, until=last_day)
    seen = whole if calibrate_until is None else lifetime.histories(purchases, until=calibrate_until)
    fitted = {name: found for name in _MODELS if (found := _fitted(seen, name, unit)) is not None}
    spend = _spend(seen, digits)
    held = dict[str, Holdout]()
    if calibrate_until is not None:
        held = {
            one.name: Holdout(one.actual, one.predicted, one.mae)
            for one in lifetime.validate(
                purchases,
                calibrate_until=calibrate_until,
                until=last_day,
                models=[name for name in _MODELS if name in fitted],
                unit=unit,
            )
        }
    models = [_model(one, held.get(name)) for name, one in fitted.items()] + ([_model(spend, None)] if spend else [])
    chosen = _chosen(models)
    found = Lifetime(tuple(models), held.get("recency"), chosen, _DAYS, None, None, calibrate_until, unit)
    if chosen is None:
        return found
    best = fitted[chosen] if calibrate_until is None else lifetime.fit(whole, chosen, unit=unit)
    return replace(found, **_to_come(whole, best, _spend(whole, digits)))


def _fitted(seen: lifetime.Histories, name: lifetime.ModelName, unit: lifetime.Unit) -> lifetime.Fitted | None:
    try:
        return lifetime.fit(seen, name, unit=unit)
    except lifetime.Unusable:
        return None


def _spend(seen: lifetime.Histories, digits: int) -> lifetime.FittedSpend | None:
    try:
        return lifetime.fit_gamma_gamma(seen, minor_per_unit=10**digits)
    except lifetime.Unusable:
        return None


def _model(fitted: lifetime.Fitted | lifetime.FittedSpend, holdout: Holdout | None) -> Model:
    parameters = {name: float(value) for name, value in fitted.parameters.items() if isfinite(value)}
    return Model(fitted.name, parameters, float(fitted.log_likelihood), fitted.identified, fitted.reason, holdout)


def _chosen(models: list[Model]) -> lifetime.ModelName | None:
    """Of the models with a customer who leaves and told by the data: the least error on the holdout, else the likeliest."""
    fit_for = [model for model in models if model.name in _FORECASTING and model.identified]
    best = min(fit_for, key=lambda model: model.holdout.mae if model.holdout else -model.log_likelihood, default=None)
    return next((name for name in _MODELS if best is not None and name == best.name), None)


def _to_come(
    whole: lifetime.Histories, best: lifetime.Fitted, spend: lifetime.FittedSpend | None
) -> dict[str, Estimate | None]:
    """Purchase days and money of the next year, with the interval that comes from not knowing the parameters exactly."""
    orders = float(lifetime.expected_orders(best, whole, _DAYS).sum())
    draws = lifetime.bootstrap(whole, best, draws=30 if len(whole.x) < 100_000 else 8)
    sums = [float(lifetime.expected_orders(draw, whole, _DAYS).sum()) for draw in draws]
    spread = _Z * float(np.std(sums, ddof=1)) / orders if orders else 0.0
    expected = Estimate(orders, max(0.0, orders * (1 - spread)), orders * (1 + spread))
    if spend is None or not spend.identified:
        return {"expected": expected, "worth": None}
    value = lifetime.lifetime_value(best, spend, whole, yearly_discount=_YEARLY_DISCOUNT, days=_DAYS)
    worth = float(np.nansum(value))
    return {"expected": expected, "worth": Estimate(worth, max(0.0, worth * (1 - spread)), worth * (1 + spread))}
