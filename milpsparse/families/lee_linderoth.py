"""Lee & Linderoth: the three data cases of "Maximizing sparsity in neural networks with MIP".

1 random: X and y uniform on [-1, 1].
2 teacher: X uniform; y a network of ceil(N/2) neurons (w normal * 0.5, b normal * 0.1, v normal
  * 0.5) plus normal noise * 0.05. The stream goes on where case 1 ended.
3 low rank: X = Z A^T with Z (N x r) and A (d x r) normal, r = ceil(d/2);
  y = X (1, -1.5, 0.7, 0, ...) plus normal noise * 0.05.
All from NumPy's legacy generator `RandomState(seed)`, as theirs.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from milpsparse.errors import BadInput
from milpsparse.family import Family, Member, at_least
from milpsparse.instance import Instance
from milpsparse.method import Option

Data = tuple[NDArray[np.float64], NDArray[np.float64]]


def generate(seed: int, N: int, d: int, case: int, bound: float) -> Instance:
    """One of the three cases; `bound` is theirs, B = 1."""
    at_least(N=(N, 1), d=(d, 3 if case == 3 else 1))
    if seed >= 2**32:
        raise BadInput(f"seed {seed}: NumPy's legacy generator takes seeds below 2**32")
    cases = {1: _random, 2: _teacher, 3: _low_rank}
    if case not in cases:
        raise BadInput(f"parameter case={case}: 1, 2 or 3")
    X, y = cases[case](RandomState(seed), N, d)
    return Instance(X=X, y=y, bound=bound, name=f"lee_linderoth_n{N}_d{d}_case{case}_s{seed}")


def _random(rng: RandomState, N: int, d: int) -> Data:
    return rng.uniform(-1, 1, (N, d)), rng.uniform(-1, 1, (N, 1))[:, 0]


def _teacher(rng: RandomState, N: int, d: int) -> Data:
    _random(rng, N, d)
    K = -(-N // 2)
    X = rng.uniform(-1, 1, (N, d))
    W, b = rng.randn(d, K) * 0.5, rng.randn(K) * 0.1
    v = rng.randn(K) * 0.5
    hidden = np.maximum(_product(X, W) + b, 0)
    return X, _product(hidden, v[:, None])[:, 0] + 0.05 * rng.randn(N)


def _low_rank(rng: RandomState, N: int, d: int) -> Data:
    r = -(-d // 2)
    X = _product(rng.randn(N, r), rng.randn(d, r).T)
    beta = np.zeros(d)
    beta[:3] = (1.0, -1.5, 0.7)
    return X, _product(X, beta[:, None])[:, 0] + 0.05 * rng.randn(N)


def _product(A: NDArray[np.float64], B: NDArray[np.float64]) -> NDArray[np.float64]:
    """A @ B with correctly rounded sums: a BLAS gives other last bits on other processors."""
    return np.array([[math.fsum(a * column) for column in B.T] for a in A])


FAMILY = Family(
    summary="the three data cases of Lee & Linderoth: random, noisy teacher, low rank",
    generate=generate,
    params={
        "N": Option(7, "number of points"),
        "d": Option(5, "number of inputs"),
        "case": Option(1, "1 random, 2 noisy teacher, 3 low rank"),
        "bound": Option(1.0, "bound B on every path parameter"),
    },
    tags=("paper",),
    library=(
        Member(0),
        Member(0, {"case": 2}),
        Member(0, {"N": 6, "d": 3, "case": 3, "bound": 4.0}),
        *(Member(0, {"N": n, "d": n}) for n in (2, 3, 4, 5, 6)),
        Member(0, {"N": 6, "d": 2, "bound": 16.0}),
        Member(0, {"N": 5, "d": 3, "case": 2}),
        Member(0, {"N": 6, "d": 4, "case": 2}),
        Member(0, {"N": 6, "d": 6, "case": 2}),
        Member(0, {"N": 5, "d": 5, "case": 3, "bound": 4.0}),
        Member(0, {"N": 6, "d": 6, "case": 3, "bound": 4.0}),
    ),
)
