"""Compiled: the linear program of a box by a primal simplex, and what its duals say of the box.

Columns x >= 0 are rays of neurons; `sizes[c, j]` is what column c adds to entry j of its block.
Rows are the fits, fit x = labels, and one row entry >= low for each entry with a lower bound. The
cost of an entry t in [l, u] is its secant, l^p + slope (t - l). All in doubles; proofs are checked
elsewhere. Import it where it is used: it loads numba.
"""

from __future__ import annotations

import math
from functools import partial

import numba
import numpy as np

from milpsparse.jit import compiled

_inner = partial(numba.njit, no_cpython_wrapper=True, no_cfunc_wrapper=True)()

ARTIFICIAL = 1e7  # cost of a column that only stands in for a fit, relative to the costs
REDUCED = 1e-11  # reduced costs above minus this, relative to the column's terms, are 0
SLACK = 1e-10  # what duals give up, relatively, so that rounding does not break them
GRID = 1024  # bounds that shrink are rounded up, to ten bits
LOOSE = 1e-7  # by which upper bounds are left larger than they need be, for the same reason


@_inner
def _grid(value):  # type: ignore[no-untyped-def]
    """Rounded up to m / GRID times a power of two, as the check of proofs does it."""
    if value <= 0.0:
        return 0.0
    mantissa, exponent = math.frexp(value)
    return math.ldexp(math.ceil(mantissa * GRID) / GRID, exponent)


@_inner
def _inverse(A, basis, m, B, inv):  # type: ignore[no-untyped-def]
    """Put into inv the inverse of the basic columns, by Gauss-Jordan; False if none."""
    for i in range(m):
        for k in range(m):
            B[i, k] = A[i, basis[k]]
            inv[i, k] = 1.0 if i == k else 0.0
    for k in range(m):
        pivot = k
        for i in range(k + 1, m):
            if abs(B[i, k]) > abs(B[pivot, k]):
                pivot = i
        if abs(B[pivot, k]) < 1e-13:
            return False
        if pivot != k:
            for j in range(m):
                B[k, j], B[pivot, j] = B[pivot, j], B[k, j]
                inv[k, j], inv[pivot, j] = inv[pivot, j], inv[k, j]
        scale = 1.0 / B[k, k]
        for j in range(m):
            B[k, j] *= scale
            inv[k, j] *= scale
        for i in range(m):
            if i != k and B[i, k] != 0.0:
                factor = B[i, k]
                for j in range(m):
                    B[i, j] -= factor * B[k, j]
                    inv[i, j] -= factor * inv[k, j]
    return True


@_inner
def _basic_values(inv, rhs, m, x_basic):  # type: ignore[no-untyped-def]
    """The values of the basic columns."""
    for k in range(m):
        v = 0.0
        for i in range(m):
            v += inv[k, i] * rhs[i]
        x_basic[k] = v


@_inner
def _prices(inv, cost, basis, m, duals):  # type: ignore[no-untyped-def]
    """The duals of the rows."""
    for i in range(m):
        v = 0.0
        for k in range(m):
            v += cost[basis[k]] * inv[k, i]
        duals[i] = v


@_inner
def _simplex(A, rhs, cost, m, n, basis, x_basic, duals, inv, B):  # type: ignore[no-untyped-def]
    """Primal simplex from a feasible basis: 1 optimal, 0 given up. A has n columns and m rows."""
    is_basic = np.zeros(n, dtype=np.bool_)
    for k in range(m):
        is_basic[basis[k]] = True
    direction = np.empty(m)
    for it in range(500):
        if it % 20 == 0:
            if not _inverse(A, basis, m, B, inv):
                return 0
            _basic_values(inv, rhs, m, x_basic)
        _prices(inv, cost, basis, m, duals)
        enter, best = -1, 0.0
        for c in range(n):
            if is_basic[c]:
                continue
            v, size = cost[c], abs(cost[c])
            for i in range(m):
                term = duals[i] * A[i, c]
                v -= term
                size += abs(term)
            if v < -REDUCED * size:
                if it > 200:  # Bland's rule ends cycles
                    enter = c
                    break
                if v < best * size:
                    best, enter = v / size, c
        if enter < 0:
            if it % 20 != 0:  # once more with a fresh inverse
                if not _inverse(A, basis, m, B, inv):
                    return 0
                _basic_values(inv, rhs, m, x_basic)
                _prices(inv, cost, basis, m, duals)
            return 1
        leave, step = -1, np.inf
        for k in range(m):
            v = 0.0
            for i in range(m):
                v += inv[k, i] * A[i, enter]
            direction[k] = v
            if v > 1e-10:
                ratio = max(x_basic[k], 0.0) / v
                if ratio < step or (ratio == step and basis[k] < basis[leave]):
                    step, leave = ratio, k
        if leave < 0:
            return 0
        for k in range(m):
            x_basic[k] -= step * direction[k]
        x_basic[leave] = step
        is_basic[basis[leave]] = False
        is_basic[enter] = True
        basis[leave] = enter
        scale = 1.0 / direction[leave]
        for i in range(m):
            inv[leave, i] *= scale
        for k in range(m):
            if k != leave and direction[k] != 0.0:
                for i in range(m):
                    inv[k, i] -= direction[k] * inv[leave, i]
    return 0


@_inner
def _slack(c, fit, sizes, block, net, duals):  # type: ignore[no-untyped-def]
    """The slack of a column, less what rounding may have added to it."""
    v, size = 0.0, 0.0
    for j in range(sizes.shape[1]):
        term = net[block[c], j] * sizes[c, j]
        v += term
        size += abs(term)
    for i in range(len(duals)):
        term = duals[i] * fit[i, c]
        v -= term
        size += abs(term)
    return v - 1e-13 * size


@_inner
def _excess(fit, sizes, block, cost, net, duals):  # type: ignore[no-untyped-def]
    """By what share all duals must shrink to be feasible; a column has slack `cost` without any."""
    share = 0.0
    for c in range(fit.shape[1]):
        slack = _slack(c, fit, sizes, block, net, duals)
        if slack < 0.0 and cost[c] > 0.0:
            share = max(share, -slack / cost[c])
    return min(1.0, share * (1.0 + 1e-6))


@compiled
def bound_box(  # type: ignore[no-untyped-def]
    fit, labels, sizes, block, counted, low, high, where, basis, p, cutoff, rounds, enough
):
    """Bound the cost over a box from below and shrink the box, in rounds of one program each.

    `low`, `high`, shape (blocks, entries), are the box; `high` shrinks in place. `where`, shape
    (n_low, 2), are the block and entry of its lower bounds; `basis` is a feasible basis, or empty.
    Returns (status, bound, x, duals, slopes, basis): status 1 for a box where all costs `cutoff`,
    0 for another, -1 where the simplex gave up; the last round's point and basis, and of every
    round the duals of the fits and the slopes of `where` less the duals of its rows.
    """
    n_fits, n = fit.shape
    blocks, D2 = low.shape
    n_low = len(where)
    m = n_fits + n_low
    total = n + n_low + m  # surplus columns, then artificial ones
    A = np.zeros((m, total))
    rhs, cost = np.empty(m), np.zeros(total)
    for i in range(n_fits):
        for c in range(n):
            A[i, c] = fit[i, c]
        rhs[i] = labels[i]
    for k in range(n_low):
        b, j = where[k, 0], where[k, 1]
        for c in range(n):
            if block[c] == b:
                A[n_fits + k, c] = sizes[c, j]
        A[n_fits + k, n + k] = -1.0
        rhs[n_fits + k] = low[b, j]
    for i in range(m):
        A[i, n + n_low + i] = 1.0 if rhs[i] >= 0 else -1.0
    inv, B = np.empty((m, m)), np.empty((m, m))
    x_basic, duals = np.empty(m), np.empty(m)
    slope, net, kappa = np.empty((blocks, D2)), np.empty((blocks, D2)), np.empty((blocks, D2))
    x = np.zeros(n)
    all_duals, all_slopes = np.zeros((rounds, n_fits)), np.zeros((rounds, n_low))
    value, done = -np.inf, 0
    if len(basis) != m:  # none known
        basis = n + n_low + np.arange(m)
    for at in range(rounds):
        for b in range(blocks):
            for j in range(D2):
                if not counted[j]:
                    slope[b, j] = 0.0
                elif low[b, j] > 0.0:
                    least, most = low[b, j], high[b, j]
                    slope[b, j] = p * most ** (p - 1.0) * (1.0 - SLACK)
                    if most > least * (1.0 + 1e-6):
                        slope[b, j] = (most**p - least**p) / (most - least) * (1.0 - SLACK)
                else:
                    slope[b, j] = max(high[b, j], 1e-12) ** (p - 1.0)
        dearest = 0.0
        for c in range(n):
            v = 0.0
            for j in range(D2):
                v += slope[block[c], j] * sizes[c, j]
            cost[c] = v
            dearest = max(dearest, v)
        for i in range(m):
            cost[n + n_low + i] = ARTIFICIAL * dearest
        if _simplex(A, rhs, cost, m, total, basis, x_basic, duals, inv, B) == 0:
            return -1, value, x, all_duals[:at], all_slopes[:at], basis
        x[:] = 0.0
        for k in range(m):
            if basis[k] < n:
                x[basis[k]] = max(x_basic[k], 0.0)
        keep = 1.0 - SLACK
        for _ in range(2):  # the second time with duals that rounding does not break
            for i in range(n_fits):
                all_duals[at, i] = duals[i] * keep
            net[:] = slope
            for k in range(n_low):
                net[where[k, 0], where[k, 1]] -= max(duals[n_fits + k], 0.0) * keep
            keep *= 1.0 - _excess(fit, sizes, block, cost, net, all_duals[at])
        lower = 0.0
        for i in range(n_fits):
            lower += all_duals[at, i] * labels[i]
        for k in range(n_low):
            b, j = where[k, 0], where[k, 1]
            all_slopes[at, k] = net[b, j]
            lower += low[b, j] ** p - net[b, j] * low[b, j]
        before, value = value, max(value, lower)
        done = at + 1
        if lower >= cutoff:
            return 1, value, x, all_duals[:done], all_slopes[:done], basis
        room = cutoff - lower + 1e-9 * cutoff
        kappa[:] = np.inf
        for c in range(n):
            b, v = block[c], max(_slack(c, fit, sizes, block, net, all_duals[at]), 0.0)
            for j in range(D2):
                if sizes[c, j] > 0.0:
                    kappa[b, j] = min(kappa[b, j], v / sizes[c, j])
        for b in range(blocks):
            for j in range(D2):
                k = kappa[b, j]
                if k <= 0.0 or not counted[j]:
                    continue
                most = room / k * (1.0 + LOOSE) if k < np.inf else 0.0
                if most < low[b, j] * (1.0 - LOOSE):
                    return 1, np.inf, x, all_duals[:done], all_slopes[:done], basis
                high[b, j] = max(min(high[b, j], _grid(most)), low[b, j])
        if at > 0 and value - before < enough * (cutoff - value):
            break
    return 0, value, x, all_duals[:done], all_slopes[:done], basis


@compiled
def vertex(fit, labels, cost, basis):  # type: ignore[no-untyped-def]
    """The point x of least cost that fits, and its basis; all 0 where the simplex gave up.

    `basis` is a feasible basis, or empty.
    """
    m, n = fit.shape
    A, costs, x = np.zeros((m, n + m)), np.zeros(n + m), np.zeros(n)
    A[:, :n] = fit
    costs[:n] = cost
    costs[n:] = ARTIFICIAL * cost.max()
    for i in range(m):
        A[i, n + i] = 1.0 if labels[i] >= 0 else -1.0
    if len(basis) != m:
        basis = n + np.arange(m)
    x_basic, duals, inv, B = np.empty(m), np.empty(m), np.empty((m, m)), np.empty((m, m))
    if _simplex(A, labels, costs, m, n + m, basis, x_basic, duals, inv, B):
        for k in range(m):
            if basis[k] < n:
                x[basis[k]] = max(x_basic[k], 0.0)
    return x, basis
