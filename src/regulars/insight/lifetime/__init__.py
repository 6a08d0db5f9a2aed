"""Lifetime models: how many orders are still to come from each customer, who has left, and what that is worth.

The invariant: the same histories give the same parameters whatever the order of the rows and however customers are split
by weights; and what the data do not tell is said (`identified`, `reason`) and refused, never made up.

    seen = histories(purchases, until=date(2011, 9, 30))          # a frame of customer, day, amount_minor
    fitted = fit(seen, "mbg_nbd")
    expected_orders(fitted, seen, days=273), churn_chance(fitted, seen), p_silent(fitted, seen, days=90)
    lifetime_value(fitted, fit_gamma_gamma(seen), seen, yearly_discount=0.1)
"""

from regulars.insight.lifetime._fits import MOST_STAGES, Fitted, bootstrap, fit
from regulars.insight.lifetime._histories import Histories, histories, of
from regulars.insight.lifetime._models import MODELS, UNITS, ModelName, Unit
from regulars.insight.lifetime._predictions import (
    NotIdentified,
    churn_chance,
    discounted_orders,
    expected_orders,
    new_customer_orders,
    p_alive,
    p_silent,
)
from regulars.insight.lifetime._purchases import ColumnMissing, NotAFrame, Unusable, table
from regulars.insight.lifetime._spend import FittedSpend, expected_spend, fit_gamma_gamma, lifetime_value
from regulars.insight.lifetime._validation import USUAL, Holdout, auc, split, validate

__all__ = [
    "MODELS",
    "MOST_STAGES",
    "UNITS",
    "USUAL",
    "ColumnMissing",
    "Fitted",
    "FittedSpend",
    "Histories",
    "Holdout",
    "ModelName",
    "NotAFrame",
    "NotIdentified",
    "Unit",
    "Unusable",
    "auc",
    "bootstrap",
    "churn_chance",
    "discounted_orders",
    "expected_orders",
    "expected_spend",
    "fit",
    "fit_gamma_gamma",
    "histories",
    "lifetime_value",
    "new_customer_orders",
    "of",
    "p_alive",
    "p_silent",
    "split",
    "table",
    "validate",
]
