"""The arithmetic of pictures with curves and the band in which they should be: no page, no data source."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """A box 100 wide and 100 high: `count` places from left to right, 0 at the bottom and `most` near the top."""

    count: int
    most: float

    def line(self, values: Sequence[float | None], first: int = 0) -> str:
        """A curve through the values, from place `first` on; those that are None are passed over."""
        points = [self._at(first + place, value) for place, value in enumerate(values) if value is not None]
        return "M" + "L".join(points) if points else ""

    def band(self, lows: Sequence[float], highs: Sequence[float], first: int = 0) -> str:
        """What is between two curves."""
        upper = [self._at(first + place, value) for place, value in enumerate(highs)]
        lower = [self._at(first + place, max(value, 0)) for place, value in enumerate(lows)]
        return "M" + "L".join([*upper, *reversed(lower)]) + "Z" if upper else ""

    def _at(self, place: int, value: float) -> str:
        across = 100 * place / max(self.count - 1, 1)
        return f"{across:.2f} {98 - 94 * min(value / self.most, 1.02) if self.most else 98:.2f}"
