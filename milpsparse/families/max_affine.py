"""Max affine: the largest of K random affine functions, a convex polyhedral surface.

    y_i = max_k (w_k . x_i + b_k),   x on the grid of step 1/1024 in [-1, 1]^d

Weights and biases lie on a grid of step 1/16, so labels are exact. Two functions need one neuron
beside the skip connection (max(f, g) = f + relu(g - f)); of three or more in several inputs the
ridges meet, which no single hidden layer can follow everywhere: only the points count.

Why hard: convex labels have a network of positive neurons for d = 1 only; in several inputs the
fewest neurons depend on how the points lie about the ridges.
Source: max-affine regression (Magnani & Boyd 2009); Arora et al., ICLR 2018, for depth.
"""

from __future__ import annotations

import numpy as np

from milpsparse.families import _teachers
from milpsparse.family import Family, Member, at_least
from milpsparse.instance import Instance
from milpsparse.method import Option


def generate(seed: int, N: int, d: int, K: int, bound: float, skip: bool) -> Instance:
    """Points first, then the affine functions, from one stream."""
    at_least(N=(N, 1), d=(d, 1), K=(K, 1))
    rng = np.random.default_rng(seed)
    X = _teachers.points(rng, N, d)
    w, b = rng.integers(-16, 17, (K, d)) / 16, rng.integers(-8, 9, K) / 16
    y = (X @ w.T + b).max(axis=1)
    name = f"max_affine_n{N}_d{d}_k{K}" + ("_skip" if skip else "") + f"_s{seed}"
    return Instance(X=X, y=y, bound=bound, skip=skip, name=name)


FAMILY = Family(
    summary="the largest of K affine functions: a convex surface with ridges",
    generate=generate,
    params={
        "N": Option(10, "number of points"),
        "d": Option(2, "number of inputs"),
        "K": Option(3, "affine functions"),
        "bound": Option(64.0, "bound B on every path parameter"),
        "skip": Option(True, "with a skip connection"),
    },
    library=(
        Member(0, {"K": 2}),
        Member(0, {"N": 30, "d": 1, "K": 5}),
        Member(0, {"N": 8}),
        Member(0),
        Member(0, {"N": 20}),
        Member(0, {"N": 50, "d": 3, "K": 2}),
        Member(0, {"N": 12, "d": 3}),
        Member(0, {"N": 10, "skip": False}),
        Member(0, {"N": 200, "d": 5, "K": 2, "skip": False}),
    ),
)
