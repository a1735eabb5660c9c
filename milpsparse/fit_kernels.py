"""Compiled Levenberg-Marquardt: a network of given signs through points, in doubles.

Import it where it is used: it loads numba.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numba
import numpy as np

from milpsparse.jit import compiled

_inner = partial(numba.njit, no_cpython_wrapper=True, no_cfunc_wrapper=True)()


@_inner
def _residuals(xb, y, signs, theta, r, active):  # type: ignore[no-untyped-def]
    """Residuals and activations of theta = (u_1, ..., u_K, skip); half their sum of squares."""
    N, D = xb.shape
    K, total = len(signs), 0.0
    free = len(theta) > K * D
    for i in range(N):
        out = -y[i]
        for k in range(K):
            z = 0.0
            for j in range(D):
                z += theta[k * D + j] * xb[i, j]
            active[i, k] = z > 0.0
            if z > 0.0:
                out += signs[k] * z
        if free:
            for j in range(D):
                out += theta[K * D + j] * xb[i, j]
        r[i] = out
        total += out * out
    return 0.5 * total


@_inner
def _normal(xb, signs, r, active, n, H, g):  # type: ignore[no-untyped-def]
    """The normal matrix J'J (lower triangle) and the gradient J'r; only active blocks touch."""
    N, D = xb.shape
    K = len(signs)
    blocks = n // D
    for a in range(n):
        g[a] = 0.0
        for b in range(n):
            H[a, b] = 0.0
    for i in range(N):
        for k in range(blocks):
            if k < K and not active[i, k]:
                continue
            s = signs[k] if k < K else 1.0
            for j in range(D):
                g[k * D + j] += s * xb[i, j] * r[i]
            for m in range(k + 1):
                if m < K and not active[i, m]:
                    continue
                t = s * (signs[m] if m < K else 1.0)
                for j in range(D):
                    left = t * xb[i, j]
                    for h in range(D):
                        H[k * D + j, m * D + h] += left * xb[i, h]


@_inner
def _step(H, g, damping, L, step):  # type: ignore[no-untyped-def]
    """Solve (H + damping (1 + diag H)) step = -g by Cholesky; False where it breaks down."""
    n = len(g)
    for a in range(n):
        for b in range(a + 1):
            v = H[a, b]
            if a == b:
                v += damping * (1.0 + H[a, a])
            for c in range(b):
                v -= L[a, c] * L[b, c]
            if a == b:
                if v <= 0.0:
                    return False
                L[a, a] = np.sqrt(v)
            else:
                L[a, b] = v / L[b, b]
    for a in range(n):
        v = -g[a]
        for c in range(a):
            v -= L[a, c] * step[c]
        step[a] = v / L[a, a]
    for a in range(n - 1, -1, -1):
        v = step[a]
        for c in range(a + 1, n):
            v -= L[c, a] * step[c]
        step[a] = v / L[a, a]
    return True


@_inner
def _largest(r):  # type: ignore[no-untyped-def]
    most = 0.0
    for value in r:
        most = max(most, abs(value))
    return most


@compiled
def fit(
    xb: Any, y: Any, signs: Any, theta: Any, bound: float, tolerance: float, iterations: int
) -> float:
    """Improve theta in place until the largest residual is below the tolerance; that residual.

    Steps end at the bound on |u|. A start is given up where its error fell by less than half in ten
    steps.
    """
    n, N = len(theta), len(y)
    r, trial_r = np.empty(N), np.empty(N)
    active = np.zeros((N, len(signs)), dtype=np.bool_)
    trial_active = np.zeros((N, len(signs)), dtype=np.bool_)
    H, L, g = np.empty((n, n)), np.empty((n, n)), np.empty(n)
    step, trial = np.empty(n), np.empty(n)
    damping, cost = 1e-2, _residuals(xb, y, signs, theta, r, active)
    before = cost
    for it in range(iterations):
        if _largest(r) <= tolerance:
            break
        if it % 10 == 9:
            if cost > 0.5 * before:
                break
            before = cost
        _normal(xb, signs, r, active, n, H, g)
        improved = False
        for _ in range(6):
            if _step(H, g, damping, L, step):
                for j in range(n):
                    trial[j] = theta[j] + step[j]
                    if j < len(signs) * xb.shape[1]:
                        trial[j] = min(bound, max(-bound, trial[j]))
                trial_cost = _residuals(xb, y, signs, trial, trial_r, trial_active)
                if trial_cost < cost:
                    for j in range(n):
                        theta[j] = trial[j]
                    cost = trial_cost
                    r, trial_r = trial_r, r
                    active, trial_active = trial_active, active
                    damping = max(damping * 0.1, 1e-14)
                    improved = True
                    break
            damping *= 10.0
        if not improved:
            break
    return float(_largest(r))


_fit = fit.dispatcher


@compiled
def first_fit(
    xb: Any,
    y: Any,
    signs: Any,
    starts: Any,
    bound: float,
    near: float,
    tolerance: float,
    iterations: int,
) -> int:
    """Improve the starts in turn until one is nearer than `near`; its row, -1 if none is."""
    for at in range(len(starts)):
        if _fit(xb, y, signs, starts[at], bound, tolerance, iterations) <= near:
            return at
    return -1
