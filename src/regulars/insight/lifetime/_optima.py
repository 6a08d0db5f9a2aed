"""The highest point of a log-likelihood in the logarithms of positive parameters."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Likelihood = Callable[[Floats], tuple[float, Floats]]

EDGE = 14.0
_STEP = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class Optimum:
    """Where it is, how high, and how it bends there; all in logarithms of the parameters."""

    place: Floats
    value: float
    bend: Floats

    @property
    def values(self) -> Floats:
        """The parameters themselves."""
        return np.exp(self.place)

    @property
    def covariance(self) -> Floats | None:
        """Of the logarithms; None where the likelihood does not bend down in every direction."""
        if not np.isfinite(self.bend).all() or np.linalg.eigvalsh(-self.bend)[0] <= 0:
            return None
        return np.linalg.inv(-self.bend).astype(np.float64)


def in_logarithms(likelihood: Likelihood) -> Likelihood:
    """The same, of the parameters' logarithms."""

    def inner(place: Floats) -> tuple[float, Floats]:
        values = np.exp(place)
        value, gradient = likelihood(values)
        return value, gradient * values

    return inner


def climb(likelihood: Likelihood, starts: Sequence[Floats], *, scale: float) -> Floats:
    """From each start by L-BFGS to a summit, and the highest of them; `scale` is about how many customers there are."""
    from scipy.optimize import minimize  # noqa: PLC0415 - it takes long to load, and most commands never come here

    inner = in_logarithms(likelihood)

    def down(place: Floats) -> tuple[float, Floats]:
        value, gradient = inner(place)
        if not np.isfinite(value) or not np.isfinite(gradient).all():
            return 1e300, np.zeros(len(place))
        return -value / scale, -gradient / scale

    found = [
        minimize(
            down,
            np.clip(np.log(start), -EDGE, EDGE),
            method="L-BFGS-B",
            jac=True,
            bounds=[(-EDGE, EDGE)] * len(start),
            options={"maxiter": 500, "gtol": 1e-7, "ftol": 1e-13, "maxcor": 12},
        )
        for start in starts
    ]
    return min(found, key=lambda one: one.fun).x


def bend(inner: Likelihood, place: Floats) -> Floats:
    """The second derivatives: central differences of the gradient."""
    rows: list[Floats] = []
    for n in range(len(place)):
        shift = np.zeros(len(place))
        shift[n] = _STEP
        rows.append((inner(place + shift)[1] - inner(place - shift)[1]) / (2 * _STEP))
    found = np.array(rows)
    return (found + found.T) / 2


def summit(likelihood: Likelihood, place: Floats, *, rounds: int = 20, bends: bool = True) -> Optimum:
    """From nearby to the summit by Newton's steps; the bend is worked out again only where steps fall short.

    Without `bends` the one of the beginning is handed back, which saves half the work where nobody asks for errors.
    """
    inner = in_logarithms(likelihood)
    value, gradient = inner(place)
    curved, moved, gain_before = bend(inner, place), 0.0, np.inf
    for _ in range(rounds):
        if not np.isfinite(curved).all() or np.linalg.eigvalsh(-curved)[0] <= 0:
            break
        step = np.linalg.solve(-curved, gradient)
        gain = float(step @ gradient) / 2
        if gain < 1e-9:
            break
        if gain > 0.05 * gain_before and moved > 0:
            curved, moved, gain_before = bend(inner, place), 0.0, np.inf
            continue
        step *= min(1.0, 1.5 / float(np.abs(step).max()))
        further = np.clip(place + step, -EDGE, EDGE)
        new_value, new_gradient = inner(further)
        if not new_value >= value - 1e-7:
            break
        place, value, gradient, gain_before = further, new_value, new_gradient, gain
        moved += float(np.abs(step).max())
    if bends and moved > 1e-3:
        curved = bend(inner, place)
    return Optimum(place, value, curved)
