"""Columns of stacked parts, above an axis and below it, for pictures of what came and what went."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

HEIGHT: Final = 100.0
STEP: Final = 10
"""How wide a column is, with the gap beside it."""

_FEWEST: Final = 12
"""For how many columns there is room at least: a few are not drawn as walls."""

_ROOM: Final = 90.0
_LEAST: Final = 1.2
"""How high a part is that is almost nothing: it is still seen."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a column: which series it belongs to, where it begins from the top, and how high it is."""

    series: int
    top: float
    height: float


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns in a box `width` wide and 100 high."""

    columns: list[list[Part]]
    axis: float
    """Where nothing is, from the top."""

    most_up: int
    most_down: int

    @property
    def width(self) -> int:
        """How wide all of it is."""
        return STEP * max(_FEWEST, len(self.columns))


def columns(ups: Sequence[Sequence[int]], downs: Sequence[Sequence[int]] | None = None) -> Columns:
    """Columns of the values that came (above) and went (below); the series below are numbered on from those above."""
    below = downs or [()] * len(ups)
    most_up = max((sum(values) for values in ups), default=0)
    most_down = max((sum(values) for values in below), default=0)
    unit = _ROOM / (most_up + most_down or 1)
    axis = round((HEIGHT - _ROOM) / 2 + unit * most_up, 2) if most_down else HEIGHT
    made = [
        _stack(up, axis, unit, -1, 0) + _stack(down, axis, unit, 1, len(up))
        for up, down in zip(ups, below, strict=True)
    ]
    return Columns(made, axis, most_up, most_down)


def _stack(values: Sequence[int], axis: float, unit: float, way: int, first: int) -> list[Part]:
    parts: list[Part] = []
    at = axis
    for series, value in enumerate(values, first):
        if value > 0:
            height = round(max(_LEAST, unit * value), 2)
            parts.append(Part(series, round(at - height if way < 0 else at, 2), height))
            at += way * height
    return parts
