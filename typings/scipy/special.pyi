# The few functions that are used here; scipy has no types of its own.
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

_Floats: TypeAlias = npt.NDArray[np.float64]

def gammaln(x: _Floats | float) -> _Floats: ...
def psi(x: _Floats | float) -> _Floats: ...
