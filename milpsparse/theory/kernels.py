"""Compiled loops over one-input data: exact signs of curvatures, matchings, networks.

Points are sorted, x[0] < ... < x[N-1]; the curvature c[j] at the interior point j is the change of
slope (y[j+1] - y[j]) / (x[j+1] - x[j]) - (y[j] - y[j-1]) / (x[j] - x[j-1]), and 0 at both ends.
Import it where it is used: it loads numba.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from milpsparse.jit import compiled

U = 2.0**-53  # relative rounding error of an operation on doubles
CLEAR = 2.0**-22  # a curvature of relative error below this is settled by the filter
EXACT = 2.0**-48  # relative error of a curvature computed by expansions
LOW, HIGH = 2.0**-300, 2.0**300  # sizes for which products of doubles split without error

SHORT = 32  # jumps that are compared before a tie is left open
SINGLE, PAIRED, OPEN = 0, 1, 2  # how a least matching ends at a point; OPEN is a flag


@numba.njit(inline="always")
def _sum(a, b):  # type: ignore[no-untyped-def]
    """Sum and rounding error of a + b (Knuth)."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


@numba.njit(inline="always")
def _product(a, b):  # type: ignore[no-untyped-def]
    """Product and rounding error of a * b (Dekker, Veltkamp)."""
    p = a * b
    t = 134217729.0 * a
    ah = t - (t - a)
    al = a - ah
    t = 134217729.0 * b
    bh = t - (t - b)
    bl = b - bh
    return p, al * bl - (((p - ah * bh) - al * bh) - ah * bl)


@numba.njit
def _add(parts, n, value):  # type: ignore[no-untyped-def]
    """Add a double to an expansion of n parts without error (Shewchuk 1997, Grow-Expansion)."""
    for i in range(n):
        value, parts[i] = _sum(value, parts[i])
    parts[n] = value


@numba.njit
def _cross(x0, x1, x2, y0, y1, y2):  # type: ignore[no-untyped-def]
    """(y2 - y1) (x1 - x0) - (y1 - y0) (x2 - x1): its exact sign and all but the last digits."""
    a, a_low = _sum(y2, -y1)
    b, b_low = _sum(x1, -x0)
    c, c_low = _sum(y1, -y0)
    d, d_low = _sum(x2, -x1)
    if a_low == 0.0 and b_low == 0.0 and c_low == 0.0 and d_low == 0.0 and a * b == c * d:
        return _product(a, b)[1] - _product(c, d)[1]  # collinear points of short numbers
    parts, n = np.zeros(16), 0
    for s, p, p_low, q, q_low in ((1.0, a, a_low, b, b_low), (-1.0, c, c_low, d, d_low)):
        for left in (p, p_low):
            for right in (q, q_low):
                high, low = _product(s * left, right)
                _add(parts, n, low)
                _add(parts, n + 1, high)
                n += 2
    total = 0.0
    for i in range(16):  # parts do not overlap and grow: the last one that is not 0 has the sign
        total += parts[i]
    return total


@numba.njit
def _splits(a, b, c):  # type: ignore[no-untyped-def]
    """Whether differences of these doubles multiply without over- or underflow of any part."""
    fine = True
    for v in (a, b, c, b - a, c - b):
        fine &= v == 0.0 or LOW < abs(v) < HIGH
    return fine


@compiled
def curvatures(x: Any, y: Any, rounded: bool, out: Any, unsettled: Any) -> tuple[int, float]:
    """Write the curvatures to `out`, their signs exact; the largest relative error of one.

    `rounded`: x and y are only the doubles nearest to the data. Points that need rationals go to
    `unsettled` while it has room; their number comes back first.
    """
    n, worst = 0, EXACT
    N = len(x)
    out[0] = out[N - 1] = 0.0
    s0 = (y[1] - y[0]) / (x[1] - x[0])
    e0 = 4.0 * U * abs(s0)
    apart0 = True  # whether the gap is known to a small relative error
    if rounded:
        e0 += 4.0 * U * (abs(y[0]) + abs(y[1]) + abs(s0) * (abs(x[0]) + abs(x[1]))) / (x[1] - x[0])
        apart0 = (x[1] - x[0]) * CLEAR > U * (abs(x[0]) + abs(x[1]))
    for j in range(1, N - 1):
        dx = x[j + 1] - x[j]
        s1 = (y[j + 1] - y[j]) / dx
        e1 = 4.0 * U * abs(s1)
        apart1 = True
        if rounded:
            apart1 = dx * CLEAR > U * (abs(x[j]) + abs(x[j + 1]))
            size = abs(s1) * (abs(x[j]) + abs(x[j + 1])) + abs(y[j]) + abs(y[j + 1])
            e1 += 4.0 * U * size / dx
        c = s1 - s0
        error = e0 + e1
        clear = abs(c) * CLEAR > error and LOW < abs(c) < HIGH and apart0 and apart1
        settled = clear
        if clear:
            out[j] = c
            worst = max(worst, error / abs(c))
        elif (
            not rounded and _splits(x[j - 1], x[j], x[j + 1]) and _splits(y[j - 1], y[j], y[j + 1])
        ):
            cross = _cross(x[j - 1], x[j], x[j + 1], y[j - 1], y[j], y[j + 1])
            out[j] = cross / (x[j] - x[j - 1]) / dx
            settled = cross == 0.0 or LOW < abs(out[j]) < HIGH
        if not settled:
            if n < len(unsettled):
                unsettled[n] = j
            n += 1
        s0, e0, apart0 = s1, e1, apart1
    return n, worst


@numba.njit(inline="always")
def _agree(a, b):  # type: ignore[no-untyped-def]
    """Equal nonzero signs; without branches, which random signs would mispredict."""
    return ((a > 0.0) & (b > 0.0)) | ((a < 0.0) & (b < 0.0))


@compiled
def jumps(c: Any, first: int, last: int, single: Any, pair: Any, choice: Any) -> int:
    """The possible jumps of points j = first..last-1: |c_j|, and packed |c_{j-1} + c_j| where signs
    agree, which is marked in `choice`; the number of the latter. `pair` has room for one more.

    Collinear points get the jump 1 for 0, and a mark: powers of 0 are slow.
    """
    n, before = 0, c[first - 1]
    for j in range(first, last):
        zero, agree = c[j] == 0.0, _agree(before, c[j])
        single[j - first] = 1.0 if zero else abs(c[j])
        pair[n] = abs(before + c[j])
        n += agree
        choice[j - first] = 2 * zero + agree
        before = c[j]
    return n


@compiled
def sweep(single: Any, pair: Any, slack: float, state: Any, choice: Any) -> float:
    """Dynamic program over a block: e_j = D_j - D_{j-1} = min(w_j, m_j - e_{j-1}); sum of the e_j.

    D_j is the least cost of the points up to j, w_j the cost of j alone and m_j that of j with its
    left neighbour, each with relative error `slack`; `choice` has the marks of `jumps`. `state`
    carries e and its error bound from block to block. A comparison within the error is marked OPEN.
    """
    e, error, total, n = state[0], state[1], 0.0, 0
    for j in range(len(single)):
        allowed = (choice[j] & 1) == 1
        w = single[j] if choice[j] < 2 else 0.0
        rest = pair[n] - e
        mine, doubt = slack * w, error + slack * pair[n]
        n += allowed
        is_open = allowed & (abs(rest - w) <= doubt + mine)
        paired = allowed & (rest < w)
        choice[j] = PAIRED * paired + OPEN * is_open
        e = rest if paired else w
        error = doubt if paired | (is_open & (doubt > mine)) else mine
        total += e
    state[0], state[1] = e, error
    return total


@compiled
def trace(choice: Any) -> int:
    """Walk back through the choices and leave 1 at j where points j - 1 and j share a knot."""
    j, n = len(choice) - 1, 0
    while j > 0:
        if choice[j] & PAIRED:
            choice[j], choice[j - 1] = 1, 0
            n += 1
            j -= 2
        else:
            choice[j] = 0
            j -= 1
    return n


@numba.njit
def _is_exact(x, y, j):  # type: ignore[no-untyped-def]
    """Whether c[j] was computed without any rounding."""
    dx0, r0 = _sum(x[j], -x[j - 1])
    dx1, r1 = _sum(x[j + 1], -x[j])
    dy0, r2 = _sum(y[j], -y[j - 1])
    dy1, r3 = _sum(y[j + 1], -y[j])
    s0, s1 = dy0 / dx0, dy1 / dx1
    p0, r4 = _product(s0, dx0)
    p1, r5 = _product(s1, dx1)
    _, r6 = _sum(s1, -s0)
    short = r0 == 0.0 and r1 == 0.0 and r2 == 0.0 and r3 == 0.0
    return short and r4 == 0.0 and r5 == 0.0 and r6 == 0.0 and p0 == dy0 and p1 == dy1


@numba.njit
def _jump(x, y, c, last, paired):  # type: ignore[no-untyped-def]
    """The jump that ends at a point, -1.0 where its double is not exactly it."""
    if not _is_exact(x, y, last) or (paired and not _is_exact(x, y, last - 1)):
        return -1.0
    jump, rest = _sum(c[last], c[last - 1] if paired else 0.0)
    return abs(jump) if rest == 0.0 else -1.0


@numba.njit
def _is_tie(x, y, c, choice, j):  # type: ignore[no-untyped-def]
    """Whether j alone and j with its left neighbour have the same jumps, back to where they part.

    Only short differences of jumps that are exact doubles are told to be ties.
    """
    found = np.empty((2, SHORT))
    found[0, 0], found[1, 0] = _jump(x, y, c, j, False), _jump(x, y, c, j, True)
    sizes, ends = np.array([1, 1]), np.array([j, j - 1])
    while ends[0] != ends[1]:
        way = int(ends[1] > ends[0])
        last = ends[way] - 1
        if choice[last] & OPEN or sizes[way] == SHORT:
            return False
        paired = choice[last] == PAIRED
        found[way, sizes[way]] = _jump(x, y, c, last, paired)
        sizes[way] += 1
        ends[way] -= 2 if paired else 1
    if sizes[0] != sizes[1]:
        return False
    for i in range(sizes[0]):  # each jump of one way meets its like of the other
        k = i
        while k < sizes[0] and found[1, k] != found[0, i]:
            k += 1
        if k == sizes[0] or found[0, i] < 0.0:
            return False
        found[1, k] = found[1, i]
    return True


@compiled
def settle(
    x: Any, y: Any, c: Any, run: tuple[int, int], p: float, slack: float, choice: Any
) -> tuple[float, int]:
    """`sweep` over one run, with exact ties: how many minimisers, and comparisons still OPEN.

    At a tie the choice is SINGLE.
    """
    e, error, left_open, ways, ways_before = 0.0, 0.0, 0, 1.0, 0.0
    for j in range(run[0], run[1]):
        w = abs(c[j]) ** p
        mine, alone, paired = slack * w, True, False
        if j > run[0]:
            m = abs(c[j - 1] + c[j]) ** p
            rest, doubt = m - e, error + slack * m
            paired = rest <= w + doubt + mine
            alone = w <= rest + doubt + mine
        choice[j] = PAIRED if paired and not alone else SINGLE
        if paired and not alone:
            w, mine = rest, doubt
        elif paired and not _is_tie(x, y, c, choice, j):
            choice[j] = OPEN + PAIRED * (rest < w)
            w, mine = min(rest, w), max(doubt, mine)
            left_open += 1
        e, error = w, mine
        after = (ways if alone else 0.0) + (ways_before if paired else 0.0)
        ways, ways_before = min(after, 1e300), ways
    return ways, left_open


@compiled
def run_around(c: Any, j: int) -> tuple[int, int]:
    """First point and end of the run of one sign that holds point j."""
    start, end = j, j + 1
    while _agree(c[start - 1], c[j]):
        start -= 1
    while _agree(c[end], c[j]):
        end += 1
    return start, end


@compiled
def is_rigid(c: Any) -> bool:
    """Whether every run is even, or a single interior point between collinear ones."""
    start, N = 1, len(c)
    for j in range(1, N):
        if c[j] != 0.0 and _agree(c[start], c[j]):
            continue
        odd = c[start] != 0.0 and (j - start) % 2 == 1
        inside = start > 1 and j < N - 1
        if odd and not (inside and j - start == 1 and c[start - 1] == 0.0 and c[j] == 0.0):
            return False
        start = j
    return True


@compiled
def pair_up(c: Any, paired: Any) -> int:
    """Fewest knots: pair the points of every run of one sign from left to right."""
    n, j = 0, 2
    while j < len(c):
        if _agree(c[j - 1], c[j]):
            paired[j] = True
            n += 1
            j += 2
        else:
            j += 1
    return n


@numba.njit(inline="always")
def _knot(x, c, paired, j):  # type: ignore[no-untyped-def]
    """Whether a knot has j as its first point; its jump and position."""
    other = c[j + 1] if paired[j + 1] else 0.0
    jump = c[j] + other
    share = other / jump if paired[j + 1] else 0.0
    return (c[j] != 0.0) & (not paired[j]), jump, x[j] + (x[j + 1] - x[j]) * share


@compiled
def fill(x: Any, c: Any, paired: Any, signs: Any, weights: Any, biases: Any) -> int:
    """One neuron sgn(a) relu(|a| (x - t)) for each knot t of jump a, in order; their number.

    The arrays have room for one more: without branches, which random signs would mispredict.
    """
    k = 0
    for j in range(1, len(x) - 1):
        is_knot, jump, t = _knot(x, c, paired, j)
        signs[k] = 1 if jump > 0.0 else -1
        weights[k] = abs(jump)
        biases[k] = -abs(jump) * t
        k += is_knot
    return k


@compiled
def differs(
    x: Any, c: Any, paired: Any, signs: Any, weights: Any, biases: Any, slack: float
) -> bool:
    """Whether neurons are others than those of `fill`, up to a relative error of size and place."""
    k, wrong, last = 0, False, len(signs) - 1
    for j in range(1, len(x) - 1):
        is_knot, jump, t = _knot(x, c, paired, j)
        a, i = abs(jump), min(k, last)
        reach = max(abs(x[j - 1]), abs(x[j]), abs(x[j + 1]))
        same = (
            (signs[i] == (1 if jump > 0.0 else -1))
            & (abs(weights[i] - a) <= slack * a)
            & (abs(biases[i] + a * t) <= slack * a * reach)
        )
        wrong |= is_knot & (not same)
        k += is_knot
    return wrong or k != len(signs)


@compiled
def sizes(c: Any, paired: Any, first: int, last: int, out: Any) -> int:
    """The jumps |a| of the knots whose first points are first..last-1, packed; their number."""
    n = 0
    for j in range(first, last):
        out[n] = abs(c[j] + (c[j + 1] if paired[j + 1] else 0.0))
        n += (c[j] != 0.0) & (not paired[j])
    return n


@compiled
def is_matching(c: Any, paired: Any) -> bool:
    """Whether pairs are disjoint neighbours of equal nonzero sign."""
    if paired[0] or paired[1] or paired[len(c) - 1]:
        return False
    for j in range(2, len(c) - 1):
        if paired[j] and (paired[j - 1] or not _agree(c[j - 1], c[j])):
            return False
    return True
