"""The arithmetic of the pictures: sparklines, steps of colour, bars. No page, no data source."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

STEPS: Final = 8
"""How many steps a colour ramp has (`heat-0` to `heat-7`); step 0 is for nothing at all."""


@dataclass(frozen=True, slots=True)
class Spark:
    """The two paths of a sparkline in a box 100 wide and 40 high."""

    line: str
    area: str


def spark(values: Sequence[float | None]) -> Spark | None:
    """A sparkline from zero or the least value, whichever is less; None when there are not two points to join.

    Points without a value are passed over.
    """
    points = [(place, value) for place, value in enumerate(values) if value is not None]
    if len(points) < 2:
        return None
    low, high = min(0, *(value for _, value in points)), max(value for _, value in points)
    reach = high - low or 1
    placed = [(100 * place / (len(values) - 1), 38 - 36 * (value - low) / reach) for place, value in points]
    line = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in placed)
    return Spark(line, f"{line}L{placed[-1][0]:.1f} 40L{placed[0][0]:.1f} 40Z")


def heat(value: float | None, most: float) -> int:
    """Which step of colour a value has when `most` has the last one: 0 for none, else 1 to 7."""
    if not value or value < 0 or most <= 0:
        return 0
    return min(STEPS - 1, 1 + int((STEPS - 1) * min(1, value / most)))


def score_heat(score: int) -> int:
    """The step of a score from 1 to 5."""
    return (1, 2, 3, 5, 6)[score - 1]


def width(part: float, whole: float) -> str:
    """A share as a width for a style attribute, never over the whole."""
    return f"{100 * min(1, max(0, part / whole)) if whole > 0 else 0:.1f}%"
