# The one function that is used here; scipy has no types of its own.
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

_Floats: TypeAlias = npt.NDArray[np.float64]

class OptimizeResult:
    x: _Floats
    fun: float
    success: bool

def minimize(
    fun: Callable[[_Floats], tuple[float, _Floats]],
    x0: _Floats,
    *,
    method: str,
    jac: bool,
    bounds: Sequence[tuple[float, float]],
    options: dict[str, float],
) -> OptimizeResult: ...
