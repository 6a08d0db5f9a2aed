"""The chain ladder: what a triangle that is known up to a diagonal comes to in the end.

T. Mack, Distribution-free calculation of the standard error of chain ladder reserve estimates, ASTIN Bulletin 23 (1993),
213-225. Row i has been seen up to age a_i; C[i][j] is what it came to by age j.

    f_j = Σ C[i][j+1] / Σ C[i][j]                       over the rows seen at age j+1
    σ²_j = Σ C[i][j] (C[i][j+1] / C[i][j] - f_j)² / (n_j - 1)
    mse(U_i) = U_i² Σ_{j≥a_i} σ²_j / f_j² (1 / Ĉ[i][j] + 1 / Σ C[·][j])
    mse(Σ U) = Σ_i { mse(U_i) + U_i Σ_{l>i} U_l Σ_{j≥a_i} 2 σ²_j / f_j² / Σ C[·][j] }
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt


@dataclass(frozen=True, slots=True)
class Ladder:
    """The development of a triangle."""

    factors: list[float]
    """By how much what there is grows from age j to j+1."""

    variances: list[float]
    """Mack's σ²."""

    sums: list[float]
    """Of what each factor was found by: Σ C[·][j]."""

    ultimates: list[float]
    """What each row comes to at the last age."""

    errors: list[float]
    """The standard error of each."""

    total_error: float
    """The standard error of their sum."""


def ladder(rows: Sequence[Sequence[float]], ages: int) -> Ladder:
    """What rows come to at the last of so many `ages`; a row may be longer than that."""
    known = [list(row[:ages]) for row in rows]
    factors, variances, sums = list[float](), list[float](), list[float]()
    for age in range(ages - 1):
        pairs = [(row[age], row[age + 1]) for row in known if len(row) > age + 1]
        before = sum(first for first, _ in pairs)
        factor = sum(second for _, second in pairs) / before if before > 0 else 1.0
        factors.append(factor)
        sums.append(before)
        variances.append(_variance(pairs, factor, variances))
    projected = [_projected(row, factors) for row in known]
    errors = [_error(row, len(known[place]), factors, variances, sums) for place, row in enumerate(projected)]
    ultimates = [row[-1] if row else 0.0 for row in projected]
    together = _total_error([len(row) for row in known], ultimates, errors, factors, variances, sums)
    return Ladder(factors, variances, sums, ultimates, errors, together)


def _variance(pairs: list[tuple[float, float]], factor: float, before: list[float]) -> float:
    usable = [(first, second) for first, second in pairs if first > 0]
    if len(usable) > 1:
        return sum(first * (second / first - factor) ** 2 for first, second in usable) / (len(usable) - 1)
    if len(before) < 2 or before[-2] <= 0:  # Mack's extrapolation for the last one
        return before[-1] if before else 0.0
    return min(before[-1] ** 2 / before[-2], before[-2], before[-1])


def _projected(row: list[float], factors: list[float]) -> list[float]:
    whole = list(row)
    for factor in factors[max(len(row) - 1, 0) :]:
        whole.append((whole[-1] if whole else 0.0) * factor)
    return whole


def _error(row: list[float], seen: int, factors: list[float], variances: list[float], sums: list[float]) -> float:
    spread = 0.0
    for age in range(max(seen - 1, 0), len(factors)):
        if row[age] > 0 and sums[age] > 0 and factors[age] > 0:
            spread += variances[age] / factors[age] ** 2 * (1 / row[age] + 1 / sums[age])
    return row[-1] * sqrt(spread) if row else 0.0


def _total_error(
    seen: list[int], ultimates: list[float], errors: list[float], factors: list[float], variances: list[float], sums: list[float]
) -> float:  # fmt: skip
    total = 0.0
    for place, ultimate in enumerate(ultimates):
        later = sum(ultimates[place + 1 :])
        shared = sum(
            2 * variances[age] / factors[age] ** 2 / sums[age]
            for age in range(max(seen[place] - 1, 0), len(factors))
            if sums[age] > 0 and factors[age] > 0
        )
        total += errors[place] ** 2 + ultimate * later * shared
    return sqrt(max(total, 0.0))
