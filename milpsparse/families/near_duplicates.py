"""Near duplicates: a planted network, and beside some points a twin at distance 2^-e.

    x_twin = x + 2^-e q,   y_twin = teacher(x_twin) + 2^-e r,   q in {-1, 0, 1}^d,  r in {-1, 1}

The teacher misses the twins by 2^-e, about 1e-6 for e = 20: less than, or about, the tolerance at
which solvers call a row satisfied. Every twin is a bend that exact interpolation has to make.

Why hard: a solver that works with tolerances takes the teacher for a solution and its neuron count
for the optimum; the exact check refutes it. All numbers are doubles without rounding.
"""

from __future__ import annotations

import numpy as np

from milpsparse.errors import BadInput
from milpsparse.families import _teachers
from milpsparse.family import Family, Member, at_least
from milpsparse.instance import Instance
from milpsparse.method import Option


def generate(seed: int, N: int, d: int, K: int, twins: int, e: int, bound: float) -> Instance:
    """N planted points, the first `twins` of which get a twin."""
    at_least(N=(N, 2), d=(d, 1), K=(K, 1), twins=(twins, 1), e=(e, 11))
    if twins > N or e > 30:
        raise BadInput(f"parameters twins={twins}, e={e}: at most N={N} twins, and e at most 30")
    rng = np.random.default_rng(seed)
    X = _teachers.points(rng, N, d)
    signs, u = _teachers.lean(rng, X, K, d)
    q = rng.integers(-1, 2, (twins, d))
    q[~q.any(axis=1), 0] = 1  # a twin is another point
    X = np.vstack([X, X[:twins] + q * 2.0**-e])
    y = _teachers.labels(X, signs, u)
    y[N:] += rng.choice([-1, 1], twins) * 2.0**-e
    name = f"near_duplicates_n{N}_d{d}_k{K}_t{twins}_e{e}_s{seed}"
    return Instance(X=X, y=y, bound=bound, name=name)


FAMILY = Family(
    summary="planted points with twins 2^-e away that the teacher misses by as little",
    generate=generate,
    params={
        "N": Option(10, "planted points"),
        "d": Option(2, "number of inputs"),
        "K": Option(2, "neurons of the teacher"),
        "twins": Option(1, "points with a twin"),
        "e": Option(20, "twins are at distance 2^-e"),
        "bound": Option(64.0, "bound B on every path parameter"),
    },
    tags=("numerics",),
    library=(
        Member(0, {"N": 6, "d": 1, "K": 1}),
        Member(0, {"N": 8, "d": 1, "K": 2, "twins": 2}),
        Member(0, {"N": 6, "K": 1}),
        Member(0),
        Member(0, {"e": 24}),
        Member(0, {"e": 30}),
        Member(0, {"N": 20, "K": 2, "twins": 2, "e": 24}),
        Member(0, {"N": 20, "d": 5, "K": 2, "twins": 3, "e": 24}),
        Member(0, {"N": 12, "d": 3, "K": 2, "twins": 12, "e": 12}),
    ),
)
