"""The loops of the purchase models, compiled: what each distinct history adds to the log-likelihood and its gradient.

Histories come sorted by x and cut into groups of one x (`offsets`). Logarithms are looked up by day; what is left per
history is one exponential and one logarithm. Nothing here knows a model's name: two terms are added, one of being still
there (`A`) and one of having left (`B`), and `p = B / (A + B)` weighs their derivatives.
"""

import math

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@njit(cache=True)
def geometric(
    offsets: Ints, shapes: Floats, odds: Floats, tx: Ints, age: Ints, counts: Floats, logs: Floats, inverses: Floats
) -> tuple[float, float, float, Floats]:
    """The part of (M)BG/NBD that needs each history: the sum of log(1 + B/A), its r and alpha derivatives, p by x.

    B/A = odds(x) ((alpha + T) / (alpha + tx))^(r + x); `shapes` are r + x, `odds` their logarithm.
    """
    total, by_r, by_alpha = 0.0, 0.0, 0.0
    left = np.zeros(len(shapes))
    for group in range(len(shapes)):
        odd, shape = odds[group], shapes[group]
        if odd == -math.inf:
            continue
        gone, further, steeper = 0.0, 0.0, 0.0
        for row in range(offsets[group], offsets[group + 1]):
            distance = logs[age[row]] - logs[tx[row]]
            log_odds = odd + shape * distance
            small = math.exp(-abs(log_odds))
            total += counts[row] * (max(log_odds, 0.0) + math.log1p(small))
            share = counts[row] * (1.0 if log_odds > 0 else small) / (1.0 + small)
            gone += share
            further += share * distance
            steeper += share * (inverses[age[row]] - inverses[tx[row]])
        left[group] = gone
        by_r += further
        by_alpha += shape * steeper
    return total, by_r, by_alpha, left


@njit(cache=True)
def regular(
    offsets: Ints,
    shapes: Floats,
    odds: Floats,
    tx: Ints,
    age: Ints,
    counts: Floats,
    logs: Floats,
    inverses: Floats,
    k: int,
    unit: float,
) -> tuple[float, float, float, Floats]:
    """As `geometric`, for gaps of k stages: A is a sum over how many stages have passed since the last purchase.

    A = (alpha + T)^-n sum_{i<k} (n)_i / i! q^i with n = r + k x and q = (T - tx) / (alpha + T).
    """
    total, by_r, by_alpha = 0.0, 0.0, 0.0
    left = np.zeros(len(shapes))
    for group in range(len(shapes)):
        odd, shape = odds[group], shapes[group]
        for row in range(offsets[group], offsets[group + 1]):
            inverse = inverses[age[row]]
            part = (age[row] - tx[row]) * unit * inverse
            term, stages, of_shape, of_part, slope = 1.0, 1.0, 0.0, 0.0, 0.0
            for stage in range(1, k):
                slope += 1.0 / (shape + stage - 1)
                term *= (shape + stage - 1) / stage * part
                stages += term
                of_shape += term * slope
                of_part += term * stage
            distance = logs[age[row]] - logs[tx[row]]
            log_odds = odd + shape * distance - math.log(stages)
            small = math.exp(-abs(log_odds)) if odd > -math.inf else 0.0
            share = (1.0 if log_odds > 0 else small) / (1.0 + small)
            total += counts[row] * (math.log(stages) + max(log_odds, 0.0) + math.log1p(small))
            by_r += counts[row] * ((1 - share) * of_shape / stages + share * distance)
            by_alpha += counts[row] * (
                share * shape * (inverse - inverses[tx[row]]) - (1 - share) * inverse * of_part / stages
            )
            left[group] += counts[row] * share
    return total, by_r, by_alpha, left


@njit(cache=True)
def geometric_each(
    offsets: Ints,
    shapes: Floats,
    odds: Floats,
    tx: Ints,
    age: Ints,
    logs: Floats,
    inverses: Floats,
    k: int,
    unit: float,
) -> tuple[Floats, Floats]:
    """For each history log(A + B) without the factors of x alone, and p."""
    value, left = np.zeros(len(tx)), np.zeros(len(tx))
    for group in range(len(shapes)):
        odd, shape = odds[group], shapes[group]
        for row in range(offsets[group], offsets[group + 1]):
            part = (age[row] - tx[row]) * unit * inverses[age[row]]
            term, stages = 1.0, 1.0
            for stage in range(1, k):
                term *= (shape + stage - 1) / stage * part
                stages += term
            log_odds = odd + shape * (logs[age[row]] - logs[tx[row]]) - math.log(stages)
            small = math.exp(-abs(log_odds)) if odd > -math.inf else 0.0
            left[row] = (1.0 if log_odds > 0 else small) / (1.0 + small)
            value[row] = math.log(stages) - shape * logs[age[row]] + max(log_odds, 0.0) + math.log1p(small)
    return value, left


@njit(cache=True)
def _folded(
    shape: float, alpha: float, beta: float, s: float, unit: float, nodes: Floats, weights: Floats
) -> tuple[float, float, float, float, float]:
    """The integral over one day, and of it times each of the four derivatives' factors, where a day is long.

    v = log(alpha + u) makes the power an exponential; it is cut into pieces of at most one e-fold of the whole integrand
    and left when nothing is left. `alpha` and `beta` stand for alpha + u and beta + u at the day's beginning.
    """
    far = math.log1p(unit / alpha)
    value, log_a, inverse_a, log_b, inverse_b = 0.0, 0.0, 0.0, 0.0, 0.0
    at = 0.0
    while at < far:
        later = beta + alpha * math.expm1(at)
        if (shape - 1) * at + (s + 1) * math.log(later / beta) > 45:
            break
        width = min(1.0 / (abs(shape - 1) + (s + 1) * alpha * math.exp(at) / later + 1.0), far - at)
        if far - at - width < 1e-12 * far:
            width = far - at
        for node in range(len(nodes)):
            v = at + width * nodes[node]
            a, b = alpha * math.exp(v), beta + alpha * math.expm1(v)
            here = width * weights[node] * alpha * math.exp(-(shape - 1) * v - (s + 1) * math.log(b / beta))
            value += here
            log_a += here * math.log(a)
            inverse_a += here / a
            log_b += here * math.log(b)
            inverse_b += here / b
        at += width
    return value, log_a, inverse_a, log_b, inverse_b


@njit(cache=True)
def _grid(
    parameters: Floats, days: int, unit: float, nodes: Floats, weights: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """By day and node: the integrand for x = 0 over its value at the day's beginning, what one more x makes of it, and logs."""
    r, alpha, s, beta = parameters
    many = len(nodes)
    value, ratio, log_a, log_b = (
        np.empty((days, many)),
        np.empty((days, many)),
        np.empty((days, many)),
        np.empty((days, many)),
    )
    for day in range(days):
        for node in range(many):
            u = (day + nodes[node]) * unit
            log_a[day, node], log_b[day, node] = math.log(alpha + u), math.log(beta + u)
            ratio[day, node] = (alpha + day * unit) / (alpha + u)
            value[day, node] = (
                weights[node]
                * unit
                * math.exp(r * math.log(ratio[day, node]) + (s + 1) * math.log((beta + day * unit) / (beta + u)))
            )
    return value, ratio, log_a, log_b


@njit(cache=True)
def _suffixes(  # noqa: PLR0913, PLR0917 - compiled code takes arrays, not records
    shape: float,
    first: int,
    last: int,
    parameters: Floats,
    unit: float,
    nodes: Floats,
    weights: Floats,
    value: Floats,
    log_a: Floats,
    log_b: Floats,
    logs: Floats,
    death_logs: Floats,
    sums: Floats,
) -> None:
    """By day the integral from it to `last`, over the integrand at that day, and of it times the derivatives' factors."""
    _, alpha, s, beta = parameters
    sums[:, last] = 0.0
    for day in range(last - 1, first - 1, -1):
        a, b = alpha + day * unit, beta + day * unit
        shrunk = math.exp(shape * (logs[day] - logs[day + 1]) + (s + 1) * (death_logs[day] - death_logs[day + 1]))
        if shape * unit > 3 * a or (s + 1) * unit > 3 * b or unit > 0.5 * a or unit > 0.5 * b:
            whole, of_log_a, of_inverse_a, of_log_b, of_inverse_b = _folded(shape, a, b, s, unit, nodes, weights)
        else:
            whole, of_log_a, of_inverse_a, of_log_b, of_inverse_b = 0.0, 0.0, 0.0, 0.0, 0.0
            for node in range(len(nodes)):
                here = value[day, node]
                u = nodes[node] * unit
                whole += here
                of_log_a += here * log_a[day, node]
                of_inverse_a += here / (a + u)
                of_log_b += here * log_b[day, node]
                of_inverse_b += here / (b + u)
        sums[0, day] = whole + shrunk * sums[0, day + 1]
        sums[1, day] = of_log_a + shrunk * sums[1, day + 1]
        sums[2, day] = of_inverse_a + shrunk * sums[2, day + 1]
        sums[3, day] = of_log_b + shrunk * sums[3, day + 1]
        sums[4, day] = of_inverse_b + shrunk * sums[4, day + 1]


@njit(cache=True)
def _there_or_left(
    shape: float, s: float, last: int, old: int, logs: Floats, death_logs: Floats, sums: Floats
) -> tuple[float, float, float, float]:
    """log(A + B), p, p over the integral, and the integrand at T over that at tx, by which what lies after T is taken off."""
    log_there = -shape * logs[old] - s * death_logs[old]
    log_start = -shape * logs[last] - (s + 1) * death_logs[last]
    shrunk = math.exp(log_there - death_logs[old] - log_start)
    kept = sums[0, last] - shrunk * sums[0, old]
    # Where the last purchase is today nobody can have left since: B is 0.
    if kept <= 0:
        return log_there, 0.0, 0.0, shrunk
    log_left = math.log(s) + log_start + math.log(kept)
    value = max(log_there, log_left) + math.log1p(math.exp(-abs(log_left - log_there)))
    share = math.exp(log_left - value)
    return value, share, share / kept, shrunk


@njit(cache=True)
def pareto(  # noqa: PLR0913, PLR0917 - as above
    offsets: Ints,
    xs: Floats,
    tx: Ints,
    age: Ints,
    counts: Floats,
    parameters: Floats,
    unit: float,
    nodes: Floats,
    weights: Floats,
    logs: Floats,
    death_logs: Floats,
    each: bool,  # noqa: FBT001 - compiled functions take arguments by place
) -> tuple[float, Floats, Floats, Floats]:
    """Pareto/NBD without the factors of x alone: the sum of log(A + B), its four derivatives; for each history too, and p.

    A = (alpha + T)^-(r + x) (beta + T)^-s,  B = s int_tx^T (alpha + u)^-(r + x) (beta + u)^-(s + 1) du.
    """
    r, alpha, s, beta = parameters
    value, ratio, log_a, log_b = _grid(parameters, len(logs) - 1, unit, nodes, weights)
    sums = np.zeros((5, len(logs)))
    gradient = np.zeros(4)
    found, left = np.zeros(len(tx) if each else 0), np.zeros(len(tx) if each else 0)
    total, before = 0.0, 0.0
    for group in range(len(xs)):
        begin, end = offsets[group], offsets[group + 1]
        while before < xs[group]:
            step = xs[group] - before
            value *= ratio if step == 1 else ratio**step
            before = xs[group]
        shape = r + xs[group]
        oldest, latest = tx[begin:end].min(), age[begin:end].max()
        _suffixes(shape, oldest, latest, parameters, unit, nodes, weights, value, log_a, log_b, logs, death_logs, sums)
        for row in range(begin, end):
            old, last, weight = age[row], tx[row], counts[row]
            value_here, share, over, shrunk = _there_or_left(shape, s, last, old, logs, death_logs, sums)
            total += weight * value_here
            if each:
                found[row], left[row] = value_here, share
            gradient[0] -= weight * ((1 - share) * logs[old] + over * (sums[1, last] - shrunk * sums[1, old]))
            gradient[1] -= (
                weight * shape * ((1 - share) / (alpha + old * unit) + over * (sums[2, last] - shrunk * sums[2, old]))
            )
            gradient[2] += weight * (
                share / s - (1 - share) * death_logs[old] - over * (sums[3, last] - shrunk * sums[3, old])
            )
            gradient[3] -= weight * (
                (1 - share) * s / (beta + old * unit) + over * (s + 1) * (sums[4, last] - shrunk * sums[4, old])
            )
    return total, gradient, found, left


@njit(cache=True)
def orders_before_leaving(shapes: Floats, parts: Floats, stays: Floats, leaves: float, stages: Ints, k: int) -> Floats:
    """How many purchases are expected of somebody who is there now: the sum over j of P(N >= k j - i) S(j - 1).

    N, the stages to come, is negative binomial with shape n and 1 - part = (alpha + T) / (alpha + T + t); S(j) is the
    chance to stay through j purchases, (stay)_j / (leave + stay)_j. All terms are positive and fall.
    """
    found = np.zeros(len(shapes))
    for row in range(len(shapes)):
        shape, part, stay = shapes[row], parts[row], stays[row]
        log_none = shape * math.log1p(-part)
        need, reached, chance, kept = k - stages[row], 0, log_none, 1.0
        beyond, total = -math.expm1(log_none), 0.0
        order = 0
        while True:
            while reached + 1 < need:
                reached += 1
                chance += math.log((shape + reached - 1) / reached * part)
                beyond -= math.exp(chance)
            # `beyond` is P(N > reached) = P(N >= need)
            past = reached > shape * part / (1 - part)
            if beyond <= 0 or (past and (beyond <= 1e-14 or chance < -40)):
                break
            total += beyond * kept
            kept *= (stay + order) / (leaves + stay + order)
            order += 1
            need += k
        found[row] = total
    return found


@njit(cache=True)
def spend_terms(
    x: Floats, mean: Floats, counts: Floats, p: float, q: float, gamma: float
) -> tuple[float, float, float]:
    """Gamma-Gamma's part that needs each customer: sums of log(gamma + x z), x log(gamma + x z), (p x + q) / (gamma + x z)."""
    one, by_x, slope = 0.0, 0.0, 0.0
    for row in range(len(x)):
        inner = gamma + x[row] * mean[row]
        log_inner = counts[row] * math.log(inner)
        one += log_inner
        by_x += x[row] * log_inner
        slope += counts[row] * (p * x[row] + q) / inner
    return one, by_x, slope
