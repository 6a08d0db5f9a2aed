"""The inner loops of `one_pass`, compiled by Numba. Imported only where they run: Numba takes a while to come."""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

_AMOUNT = 0
_ORDERS = 1
HEAD = 2
"""Words of a customer's row before the days: money, orders. Then a bit for each day."""


@njit(cache=True, nogil=True)
def add(
    rows: NDArray[np.int64],
    customers: NDArray[np.int64],
    days: NDArray[np.int32],
    amounts: NDArray[np.int64],
    lowest: int,
    first_day: int,
    width: int,
) -> bool:
    """Add lines to the rows of their customers; False as soon as one lies outside of what was announced."""
    for line in range(len(customers)):
        row, day = customers[line] - lowest, days[line] - first_day
        if row < 0 or row >= len(rows) or day < 0:
            return False
        if day >= width:
            continue
        rows[row, _AMOUNT] += amounts[line]
        if amounts[line] >= 0:
            rows[row, _ORDERS] += 1
            rows[row, HEAD + (day >> 6)] |= np.int64(1) << np.int64(day & 63)
    return True


@njit(cache=True, nogil=True)
def _ones(word: Any) -> int:
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return int((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@njit(cache=True, nogil=True)
def summarize(
    rows: NDArray[np.int64],
    month_of: NDArray[np.int64],
    month_ends: NDArray[np.int64],
    cells: NDArray[np.int64],
    found: NDArray[np.int64],
    firsts: NDArray[np.int64],
    lasts: NDArray[np.int64],
    counts: NDArray[np.int64],
) -> int:
    """First day, last day and number of days of whoever has a day, and their months into `cells[cohort, month]`.

    The days of a month are passed over once one of them is found, so a customer costs the months they came in.
    """
    many = 0
    one = np.uint64(1)
    for row in range(len(rows)):
        if rows[row, _ORDERS] == 0:
            continue
        first, last, count, cohort, passed = -1, 0, 0, 0, 0
        for at in range(rows.shape[1] - HEAD):
            word = np.uint64(rows[row, HEAD + at])
            if word == 0:
                continue
            count += _ones(word)
            base = at << 6
            left = word
            if passed > base:
                left = np.uint64(0) if passed >= base + 64 else word & ~((one << np.uint64(passed - base)) - one)
            if first < 0:
                first = base + _ones((word & (~word + one)) - one)
                cohort = month_of[first]
            while left != 0:
                month = month_of[base + _ones((left & (~left + one)) - one)]
                cells[cohort, month] += 1
                passed = month_ends[month]
                if passed >= base + 64:
                    break
                left &= ~((one << np.uint64(passed - base)) - one)
            last = base + 63
            while (word >> np.uint64(last - base)) & one == 0:
                last -= 1
        found[many], firsts[many], lasts[many], counts[many] = row, first, last, count
        many += 1
    return many


@njit(cache=True, nogil=True)
def fifth_of(
    values: NDArray[np.int64], edges: NDArray[np.int64], thresholds: NDArray[np.int64], scores: NDArray[np.int16]
) -> None:
    """The fifth each value is in; `thresholds[i]` has the place `edges[i]` when sorted. Values that tie stay in their order."""
    below = np.zeros(len(edges), np.int64)
    for value in values:
        for edge in range(len(edges)):
            below[edge] += value < thresholds[edge]
    for at in range(len(values)):
        score = 1
        for edge in range(len(edges)):
            if values[at] > thresholds[edge]:
                score += 1
            elif values[at] == thresholds[edge]:
                score += below[edge] >= edges[edge]
                below[edge] += 1
        scores[at] = score
