"""How often customers this late ever came back: counted on earlier days whose outcome is known by now."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from regulars.insight.churn._histories import Days, Histories
from regulars.insight.churn._rhythms import Floats, Rhythms, TooLittleHistory, base, rhythms

HORIZON_DAYS: Final = 90
EDGES: Final = (0.5, 0.75, 0.9, 0.95, 0.98, 0.995)
"""Where one band of lateness ends and the next begins."""

FEWEST: Final = 50
"""A cell with fewer looks is counted together with its neighbours."""

MOST_WINDOWS: Final = 8
_EXPERIENCES: Final = 3  # one purchase day, two or three, more
_BANDS: Final = len(EDGES) + 1
CELLS: Final = _BANDS * _EXPERIENCES
_Z: Final = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Chances:
    """By cell: of `looked` customers `gone` did not come back within the horizon."""

    looked: Days
    gone: Days
    windows: tuple[int, ...]
    """The days that were looked at, latest first."""

    horizon_days: int

    def pooled(self, cells: Days) -> tuple[Days, Days]:
        """What stands behind each of these cells, with those joined that have too few."""
        looked, gone = _pooled(self.looked), _pooled(self.gone)
        enough = np.argmax(np.stack([level >= FEWEST for level in looked] + [np.ones(CELLS, np.bool_)]), axis=0)
        levels = np.minimum(enough, len(looked) - 1)
        where = np.arange(CELLS)
        return np.stack(looked)[levels, where][cells], np.stack(gone)[levels, where][cells]

    def lost(self, cells: Days) -> Floats:
        """The chance of not coming back within the horizon, by cell."""
        looked, gone = self.pooled(cells)
        return (gone + 0.5) / (looked + 1.0)


@dataclass(frozen=True, slots=True)
class Band:
    """What was expected of customers on the last day whose outcome is known, beside what they did."""

    lateness_from: float
    lateness_to: float
    customers: int
    expected: float
    """Of them, so many were expected to be lost, from what was known that day."""

    lost: int
    low: float
    high: float
    """The 95 % interval of the share that was lost, by Wilson."""


@dataclass(frozen=True, slots=True)
class BackTest:
    """The chances of loss as they would have been given one horizon ago, beside what has happened since."""

    day: int
    horizon_days: int
    customers: int
    expected: float
    lost: int
    brier: float
    """The mean squared error of the chances."""

    brier_flat: float
    """The same had everybody been given the share of the history."""

    auc: float
    """How often of two customers, one lost and one not, the one with the higher chance was the one lost."""

    auc_recency: float
    """The same by days of silence alone."""

    bands: tuple[Band, ...]


def cells(found: Rhythms, day: int) -> Days:
    """Each customer's cell: the band of lateness, and how much is known of them."""
    band = np.searchsorted(np.array(EDGES), found.lateness(day), side="right")
    experience = np.digitize(found.purchase_days, (2, 4))
    return band * _EXPERIENCES + experience


def windows(found: Histories, day: int, horizon_days: int) -> tuple[int, ...]:
    """The days before `day` whose outcome is known, one horizon apart so that no outcome counts twice; latest first."""
    if not len(found.day):
        return ()
    first = int(found.day.min()) + horizon_days
    return tuple(range(day - 1 - horizon_days, first - 1, -horizon_days))[:MOST_WINDOWS]


def counted(found: Histories, days: Sequence[int], horizon_days: int) -> Chances:
    """What became of everybody who had bought by each of these days; days without a rhythm are left out."""
    looked, gone, used = np.zeros(CELLS, np.int64), np.zeros(CELLS, np.int64), list[int]()
    for day in days:
        try:
            one = _look(found, day, horizon_days)
        except TooLittleHistory:
            continue
        looked += np.bincount(one[0], minlength=CELLS)
        gone += np.bincount(one[0][one[1]], minlength=CELLS)
        used.append(day)
    return Chances(looked, gone, tuple(used), horizon_days)


def back_test(found: Histories, days: Sequence[int], horizon_days: int) -> BackTest | None:
    """The latest of these days judged by what the days before it taught; None when there is nothing to learn from."""
    earlier = counted(found, days[1:], horizon_days)
    if not earlier.windows:
        return None
    where, lost, silent = _look(found, days[0], horizon_days)
    chance = earlier.lost(where)
    flat = float(earlier.gone.sum() / earlier.looked.sum())
    return BackTest(
        days[0], horizon_days, len(where), float(chance.sum()), int(lost.sum()),
        float(np.mean((chance - lost) ** 2)), float(np.mean((flat - lost) ** 2)),
        auc(chance, lost), auc(silent.astype(np.float64), lost), tuple(_bands(where, chance, lost)),
    )  # fmt: skip


def wilson(part: Floats | Days, whole: Floats | Days) -> tuple[Floats, Floats]:
    """The 95 % interval of a share (E. B. Wilson, JASA 22 (1927), 209-212); 0 to 1 where there is nothing to divide by."""
    n = np.maximum(whole, 1)
    share = part / n
    middle = share + _Z**2 / (2 * n)
    reach = _Z * np.sqrt(share * (1 - share) / n + _Z**2 / (4 * n * n))
    low, high = (middle - reach) / (1 + _Z**2 / n), (middle + reach) / (1 + _Z**2 / n)
    known = np.asarray(whole) > 0
    return np.where(known, np.clip(low, 0, 1), 0.0), np.where(known, np.clip(high, 0, 1), 1.0)


def auc(score: Floats, hit: np.ndarray) -> float:
    """The area under the curve by ranks, ties half; 0.5 where there is only one kind."""
    hits = int(hit.sum())
    if hits in (0, len(hit)):
        return 0.5
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return float((ranks[hit].sum() - hits * (hits + 1) / 2) / (hits * (len(hit) - hits)))


def _look(found: Histories, day: int, horizon_days: int) -> tuple[Days, np.ndarray, Days]:
    """Of everybody who had bought by a day: the cell, whether they stayed away through the horizon, how long silent."""
    then = found.until(day)
    known = rhythms(then, base(then))
    there = known.purchase_days > 0
    after = (found.day > day) & (found.day <= day + horizon_days)
    away = np.ones(found.count, np.bool_)
    away[found.who[after]] = False
    return cells(known, day)[there], away[there], (day - known.last)[there]


def _pooled(counts: Days) -> list[Days]:
    """The counts cell by cell, by band, by half of the bands, and altogether."""
    grid = counts.reshape(_BANDS, _EXPERIENCES)
    bands = np.repeat(grid.sum(axis=1), _EXPERIENCES)
    late = np.repeat(np.arange(_BANDS) >= _BANDS // 2, _EXPERIENCES)
    both = np.array([counts[~late].sum(), counts[late].sum()], np.int64)
    return [counts, bands, both[late.astype(np.int64)], np.full(CELLS, counts.sum())]


def _bands(where: Days, chance: Floats, lost: np.ndarray) -> list[Band]:
    band = where // _EXPERIENCES
    edges = (0.0, *EDGES, 1.0)
    found: list[Band] = []
    for one in range(_BANDS):
        these = band == one
        low, high = wilson(np.array([lost[these].sum()]), np.array([these.sum()]))
        found.append(
            Band(
                edges[one], edges[one + 1], int(these.sum()), float(chance[these].sum()), int(lost[these].sum()),
                float(low[0]), float(high[0]),
            )
        )  # fmt: skip
    return found
