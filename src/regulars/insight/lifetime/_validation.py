"""Fitted on what came before a day, held against what came after it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from regulars.insight.lifetime._fits import fit
from regulars.insight.lifetime._histories import Histories, histories
from regulars.insight.lifetime._models import ModelName, Unit
from regulars.insight.lifetime._predictions import NotIdentified, expected_orders, p_alive
from regulars.insight.lifetime._purchases import Unusable

Floats = npt.NDArray[np.float64]
USUAL: Final[tuple[ModelName, ...]] = ("bg_nbd", "mbg_nbd", "pareto_nbd")


@dataclass(frozen=True, slots=True)
class Holdout:
    """How one model did: orders that came and that it expected, over all and per customer.

    `bias` is predicted / actual - 1. `auc_active` is how often it ranks somebody who came above somebody who did not, by
    expected orders; `auc_alive` the same by P(alive), where the model gives one. Either is None where nobody stayed away.
    """

    name: str
    actual: int
    predicted: float
    bias: float
    mae: float
    rmse: float
    auc_active: float | None
    auc_alive: float | None
    customers: int
    days: int
    identified: bool
    reason: str | None


def validate(
    purchases: Any,
    *,
    calibrate_until: date,
    until: date,
    models: Sequence[ModelName] = USUAL,
    unit: Unit = "week",
) -> list[Holdout]:
    """Each model fitted up to `calibrate_until` and held against the days after it up to `until`, both inclusive.

    The last of the list is `recency`, what anybody can do without a model: orders as often as until now (x t / T), and
    customers ranked by how lately they came. A model that is not better than that is not worth having.

    Raises:
        Unusable: `until` is not after `calibrate_until`, or nobody bought in between.
    """
    if until <= calibrate_until:
        raise Unusable(field="until", value=until, remedy=f"take a day after {calibrate_until}")
    before, actual = split(purchases, calibrate_until=calibrate_until, until=until)
    if not actual.any():
        raise Unusable(
            field="until", value=until, remedy=f"none of them bought after {calibrate_until}; take a later day"
        )
    days = (until - calibrate_until).days
    return [*(_held(before, actual, model, days, unit) for model in models), _recency(before, actual, days)]


def split(purchases: Any, *, calibrate_until: date, until: date) -> tuple[Histories, npt.NDArray[np.int64]]:
    """The histories up to one day, and how many days with a purchase each of these customers had after it."""
    before, whole = histories(purchases, until=calibrate_until), histories(purchases, until=until)
    known = whole.age >= (until - calibrate_until).days
    return before, whole.x[known] - before.x


def _held(before: Histories, actual: npt.NDArray[np.int64], model: ModelName, days: int, unit: Unit) -> Holdout:
    fitted = fit(before, model, unit=unit)
    expected = expected_orders(fitted, before, days)
    alive: float | None = None
    if model != "nbd":
        try:
            alive = auc(p_alive(fitted, before), actual > 0)
        except NotIdentified:
            alive = None
    return _compared(
        model, actual, expected, expected, days, alive=alive, identified=fitted.identified, reason=fitted.reason
    )


def _recency(before: Histories, actual: npt.NDArray[np.int64], days: int) -> Holdout:
    expected = before.x * days / np.maximum(before.age, 1)
    latest = (before.tx - before.age).astype(np.float64)
    return _compared("recency", actual, expected, latest, days, alive=None, identified=True, reason=None)


def _compared(
    name: str,
    actual: npt.NDArray[np.int64],
    expected: Floats,
    ranking: Floats,
    days: int,
    *,
    alive: float | None,
    identified: bool,
    reason: str | None,
) -> Holdout:
    off = expected - actual
    return Holdout(
        name=name,
        actual=int(actual.sum()),
        predicted=float(expected.sum()),
        bias=float(expected.sum() / actual.sum() - 1),
        mae=float(np.abs(off).mean()),
        rmse=float(np.sqrt((off**2).mean())),
        auc_active=auc(ranking, actual > 0),
        auc_alive=alive,
        customers=len(actual),
        days=days,
        identified=identified,
        reason=reason,
    )


def auc(scores: Floats, came: npt.NDArray[np.bool_]) -> float | None:
    """How often one who came scores above one who did not, ties counting half; None where there are not both."""
    came_count = int(came.sum())
    if came_count in (0, len(came)):
        return None
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return float((ranks[came].sum() - came_count * (came_count + 1) / 2) / (came_count * (len(came) - came_count)))
