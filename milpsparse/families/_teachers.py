"""Points on a dyadic grid and lean teacher networks: labels come out as doubles without rounding.

Inputs lie on a grid of step 1/1024 and path parameters on one of step 1/16.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from milpsparse.errors import BadInput

TRIES = 1000
FINE = 2.0**-14  # the grid of w . x: step of the inputs times step of the weights

Signs = NDArray[np.int64]
Floats = NDArray[np.float64]


def points(rng: Generator, N: int, d: int) -> Floats:
    """Distinct rows, uniform on the grid in [-1, 1]."""
    capacity = 1024**d  # less than half of the grid, so that drawing ends
    if N > capacity:
        raise BadInput(f"parameter N={N}: too many distinct grid points for d={d}")
    X = rng.integers(-1024, 1025, (N, d))
    while len(np.unique(X, axis=0)) < N:
        X = np.unique(np.vstack([X, rng.integers(-1024, 1025, (N, d))]), axis=0)
        X = X[rng.permutation(len(X))[:N]]
    return X / 1024.0


def lean(rng: Generator, X: Floats, K: int, used: int, margin: int = 0) -> tuple[Signs, Floats]:
    """A teacher without a neuron that is dead on X, always active, or merges with another."""
    for _ in range(TRIES):
        signs, u = draw(rng, X, K, used, margin)
        if _is_lean(X, signs, u):
            return signs, u
    raise BadInput(f"no lean teacher with K={K} on N={len(X)} points: more points or fewer neurons")


def draw(rng: Generator, X: Floats, K: int, used: int, margin: int = 0) -> tuple[Signs, Floats]:
    """Signs and path parameters of up to 2; each bias puts the knot near a random data point.

    With a margin, that point is active by just so many steps of 2^-14.
    """
    d = X.shape[1]
    u = np.zeros((K, d + 1))
    for k in range(K):
        at = rng.permutation(d)[:used]
        u[k, at] = rng.choice([-1, 1], used) * rng.integers(2, 17, used) / 16
        through = -float(X[rng.integers(len(X))] @ u[k, :-1])
        bias = np.round((through + rng.integers(-2, 3) / 16) * 16) / 16
        u[k, -1] = np.clip(through + margin * FINE if margin else bias, -2, 2) or 1 / 16
    return rng.choice([-1, 1], K), u


def labels(X: Floats, signs: Signs, u: Floats) -> Floats:
    """What the teacher gives."""
    out: Floats = np.maximum(X @ u[:, :-1].T + u[:, -1], 0) @ signs
    return out


def known(neurons: int, parameters: int) -> list[dict[str, Any]]:
    """The counts of a network through the data: upper bounds, no more."""
    entry = {"status": "best", "evidence": "network", "source": "the teacher"}
    return [
        {"objective": "neurons", "value": neurons, **entry},
        {"objective": "parameters", "value": parameters, **entry},
    ]


def _is_lean(X: Floats, signs: Signs, u: Floats) -> bool:
    active = X @ u[:, :-1].T + u[:, -1] > 0
    if not active.any(axis=0).all() or active.all(axis=0).any():
        return False
    return len(
        {(int(s), column.tobytes()) for s, column in zip(signs, active.T, strict=True)}
    ) == len(signs)
