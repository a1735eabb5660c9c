"""Planted: labels of a small teacher network, exact to the last bit.

Data lie on a grid of step 1/1024 and path parameters on one of step 1/16, so that labels are
doubles without rounding. Teachers with a neuron that is dead (active nowhere, or everywhere) or
that shares its sign and pattern with another (they would merge) are drawn again; still, a teacher
is only an upper bound: fewer neurons may do.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from milpsparse.errors import BadInput
from milpsparse.family import Family, Member, at_least
from milpsparse.instance import Instance
from milpsparse.method import Option

TRIES = 1000


def generate(seed: int, N: int, d: int, K: int, inputs: int, bound: float, skip: bool) -> Instance:
    """Inputs uniform on the grid in [-1, 1]; neurons with knots inside the data."""
    at_least(N=(N, 2), d=(d, 1), K=(K, 1), inputs=(inputs, 0))
    used = min(inputs or d, d)
    if bound < 2:
        raise BadInput(f"parameter bound={bound:g}: teachers have entries up to 2, so at least 2")
    rng = np.random.default_rng(seed)
    X = _points(rng, N, d)
    for _ in range(TRIES):
        signs, u = _teacher(rng, X, K, used)
        if _is_lean(X, signs, u):
            break
    else:
        raise BadInput(f"no lean teacher with K={K} on N={N} points: more points or fewer neurons")
    y: NDArray[np.float64] = np.maximum(X @ u[:, :-1].T + u[:, -1], 0) @ signs
    kind = (f"_i{used}" if used < d else "") + ("_skip" if skip else "")
    if skip:
        y = y + X @ (rng.integers(-16, 17, d) / 16) + rng.integers(-16, 17) / 16
    counted = u[:, :-1] if skip else u
    teacher = {"status": "best", "evidence": "network", "source": "the teacher"}
    return Instance(
        X=X,
        y=y,
        bound=bound,
        skip=skip,
        name=f"planted_n{N}_d{d}_k{K}{kind}_s{seed}",
        known=[
            {"objective": "neurons", "value": K, **teacher},
            {"objective": "parameters", "value": int(np.count_nonzero(counted)), **teacher},
        ],
    )


def _points(rng: Generator, N: int, d: int) -> NDArray[np.float64]:
    """Distinct rows on the grid."""
    capacity = 1024**d  # less than half of the grid, so that drawing ends
    if N > capacity:
        raise BadInput(f"parameter N={N}: too many distinct grid points for d={d}")
    X = rng.integers(-1024, 1025, (N, d))
    while len(np.unique(X, axis=0)) < N:
        X = np.unique(np.vstack([X, rng.integers(-1024, 1025, (N, d))]), axis=0)
        X = X[rng.permutation(len(X))[:N]]
    return X / 1024.0


def _teacher(
    rng: Generator, X: NDArray[np.float64], K: int, used: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Signs and path parameters; each bias puts the knot near a random data point."""
    d = X.shape[1]
    u = np.zeros((K, d + 1))
    for k in range(K):
        at = rng.permutation(d)[:used]
        u[k, at] = rng.choice([-1, 1], used) * rng.integers(2, 17, used) / 16
        bias = -float(X[rng.integers(len(X))] @ u[k, :-1]) + rng.integers(-2, 3) / 16
        u[k, -1] = np.clip(np.round(bias * 16) / 16, -2, 2) or 1 / 16
    return rng.choice([-1, 1], K), u


def _is_lean(X: NDArray[np.float64], signs: NDArray[np.int64], u: NDArray[np.float64]) -> bool:
    active = X @ u[:, :-1].T + u[:, -1] > 0
    if not active.any(axis=0).all() or active.all(axis=0).any():
        return False
    return len(
        {(int(s), column.tobytes()) for s, column in zip(signs, active.T, strict=True)}
    ) == len(signs)


FAMILY = Family(
    summary="exact labels of a teacher network on a dyadic grid: at most K neurons needed",
    generate=generate,
    params={
        "N": Option(20, "number of points"),
        "d": Option(2, "number of inputs"),
        "K": Option(3, "neurons of the teacher"),
        "inputs": Option(0, "inputs that each neuron uses; 0 for all"),
        "bound": Option(4.0, "bound B on every path parameter"),
        "skip": Option(False, "with a skip connection"),
    },
    library=(
        Member(0, {"N": 8, "d": 1, "K": 2}),
        Member(5, {"N": 12, "d": 1, "K": 3, "skip": True}),
        Member(0, {"N": 10, "d": 2, "K": 2}),
        Member(1, {"N": 20, "d": 2, "K": 2}),
        Member(0, {"N": 10, "d": 3, "K": 2, "inputs": 1}),
        Member(0, {"N": 10, "d": 2, "K": 2, "skip": True}),
        Member(0, {"N": 20, "d": 1, "K": 3}),
        Member(0, {"N": 50, "d": 1, "K": 3}),
        Member(0, {"N": 100, "d": 1, "K": 4}),
        Member(0, {"N": 50, "d": 2, "K": 2}),
        Member(0, {"N": 50, "d": 2, "K": 3}),
        Member(0, {"N": 100, "d": 2, "K": 3}),
        Member(0, {"N": 200, "d": 2, "K": 3}),
        Member(0, {"N": 20, "d": 3, "K": 2}),
        Member(0, {"N": 50, "d": 3, "K": 3}),
        Member(0, {"N": 200, "d": 3, "K": 3}),
        Member(0, {"N": 20, "d": 5, "K": 2}),
        Member(0, {"N": 200, "d": 5, "K": 2}),
        Member(0, {"N": 100, "d": 5, "K": 2, "inputs": 1}),
    ),
)
