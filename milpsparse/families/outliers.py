"""Outliers: a planted network, and a few labels that it misses.

    y_i = sum_k s_k relu(w_k . x_i + b_k),   but for the first m points, where 1/8 to 1 is added

In one input an outlier is a spike of three knots; in d inputs one neuron can cut off a point at a
corner of the data, and several neurons are needed for one in the middle.

Why hard: the teacher is a network for nearly all points and for none, so its count is no upper
bound, and a lower bound from a subset without the outliers stays at the teacher's.
"""

from __future__ import annotations

import numpy as np

from milpsparse.errors import BadInput
from milpsparse.families import _teachers
from milpsparse.family import Family, Member, at_least
from milpsparse.instance import Instance
from milpsparse.method import Option


def generate(seed: int, N: int, d: int, K: int, m: int, bound: float, skip: bool) -> Instance:
    """Planted points; the first m labels are moved by multiples of 1/8, up or down."""
    at_least(N=(N, 2), d=(d, 1), K=(K, 1), m=(m, 0))
    if m > N:
        raise BadInput(f"parameter m={m}: at most N={N} outliers")
    rng = np.random.default_rng(seed)
    X = _teachers.points(rng, N, d)
    signs, u = _teachers.lean(rng, X, K, d)
    y = _teachers.labels(X, signs, u)
    y[:m] += rng.choice([-1, 1], m) * rng.integers(1, 9, m) / 8
    name = f"outliers_n{N}_d{d}_k{K}_m{m}" + ("_skip" if skip else "") + f"_s{seed}"
    return Instance(X=X, y=y, bound=bound, skip=skip, name=name)


FAMILY = Family(
    summary="a planted network with a few labels changed",
    generate=generate,
    params={
        "N": Option(12, "number of points"),
        "d": Option(2, "number of inputs"),
        "K": Option(2, "neurons of the teacher"),
        "m": Option(1, "labels that are changed"),
        "bound": Option(64.0, "bound B on every path parameter"),
        "skip": Option(False, "with a skip connection"),
    },
    library=(
        Member(0, {"N": 20, "d": 1}),
        Member(0),
        Member(0, {"N": 30}),
        Member(0, {"N": 100, "d": 2, "m": 2}),
        Member(0, {"N": 20, "d": 3}),
        Member(0, {"N": 30, "d": 5, "K": 1}),
        Member(0, {"N": 12, "skip": True}),
        Member(0, {"N": 50, "d": 10, "K": 1, "m": 1}),
    ),
)
