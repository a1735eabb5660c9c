"""Grid function: a piecewise linear or other simple function on a grid of integers.

On all x in {-m, ..., m}^d, with |x| = |x_1| + ... + |x_d|:

    max           max(x_1, ..., x_d)
    absolute      |x_1| + ... + |x_d|, two neurons an input (one with a skip connection)
    hat           m at the origin, 0 elsewhere
    pyramid       relu(m - |x|)
    staircase     floor((x_1 + ... + x_d) / 2)
    bowl          x_1^2 + ... + x_d^2
    product       x_1 x_2 ... x_d
    checkerboard  (-1)^(x_1 + ... + x_d)

Why hard: rows of the grid are lines, so the theory of one input gives a bound, but a weak one:
neurons that bend one row bend the others too. Many points are on many lines, so the data are as far
from general position as they can be, and the functions have the symmetries of the grid.
Source: maximum and absolute value are the textbook cases of exact ReLU representations (Arora,
Basu, Mianjy & Mukherjee, ICLR 2018); the others are standard test functions.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
from numpy.typing import NDArray

from milpsparse.errors import BadInput
from milpsparse.family import Family, Member, at_least
from milpsparse.instance import Instance
from milpsparse.method import Option
from milpsparse.network import Network, from_exact

Ints = NDArray[np.int64]
MOST = 10**6  # points


def generate(seed: int, function: str, d: int, m: int, bound: float, skip: bool) -> Instance:
    """All (2m + 1)^d points in lexicographic order; the seed has no effect."""
    at_least(d=(d, 1), m=(m, 1))
    if function not in FUNCTIONS:
        raise BadInput(f"parameter function={function}: one of {', '.join(FUNCTIONS)}")
    if d * np.log(2 * m + 1) > np.log(MOST):
        raise BadInput(f"parameter m={m}: a grid of (2m + 1)^{d} points; at most {MOST:,}")
    X = np.array(list(product(range(-m, m + 1), repeat=d)), dtype=np.int64)
    name = f"grid_{function}_d{d}_m{m}" + ("_skip" if skip else "")
    y = FUNCTIONS[function](X, m).astype(float)
    return Instance(X=X.astype(float), y=y, bound=bound, skip=skip, name=name)


def network(seed: int, function: str, d: int, m: int, bound: float, skip: bool) -> Network | None:
    """Of |x_j|, the sum relu(x_j) + relu(-x_j), or with a skip connection 2 relu(x_j) - x_j."""
    if function != "absolute":
        return None
    path = np.hstack([np.eye(d), np.zeros((d, 1))])
    if skip:
        return from_exact([1] * d, 2 * path, d, [-1] * d + [0])
    return from_exact([1] * 2 * d, np.vstack([path, -path]), d)


FUNCTIONS: dict[str, Callable[[Ints, int], Ints]] = {
    "max": lambda x, m: x.max(axis=1),
    "absolute": lambda x, m: abs(x).sum(axis=1),
    "hat": lambda x, m: m * (x == 0).all(axis=1),
    "pyramid": lambda x, m: np.maximum(m - abs(x).sum(axis=1), 0),
    "staircase": lambda x, m: x.sum(axis=1) // 2,
    "bowl": lambda x, m: (x * x).sum(axis=1),
    "product": lambda x, m: x.prod(axis=1),
    "checkerboard": lambda x, m: 1 - 2 * (x.sum(axis=1) % 2),
}

FAMILY = Family(
    summary="max, absolute value, hat, pyramid, staircase and others on a grid of integers",
    generate=generate,
    network=network,
    params={
        "function": Option("absolute", ", ".join(FUNCTIONS)),
        "d": Option(2, "number of inputs"),
        "m": Option(1, "coordinates run from -m to m"),
        "bound": Option(64.0, "bound B on every path parameter"),
        "skip": Option(False, "with a skip connection"),
    },
    tags=("symmetric",),
    library=(
        Member(0, {"function": "max"}),
        Member(0, {"function": "max", "m": 3}),
        Member(0, {"function": "max", "d": 3}),
        Member(0, {"function": "max", "skip": True}),
        Member(0, {"function": "max", "d": 3, "skip": True}),
        Member(0, {"function": "absolute"}),
        Member(0, {"function": "absolute", "m": 3}),
        Member(0, {"function": "absolute", "d": 3}),
        Member(0, {"function": "absolute", "d": 3, "skip": True}),
        Member(0, {"function": "hat"}),
        Member(0, {"function": "hat", "m": 2}),
        Member(0, {"function": "hat", "d": 3}),
        Member(0, {"function": "hat", "skip": True}),
        Member(0, {"function": "pyramid", "m": 2}),
        Member(0, {"function": "pyramid", "m": 3}),
        Member(0, {"function": "staircase"}),
        Member(0, {"function": "staircase", "m": 2}),
        Member(0, {"function": "staircase", "m": 3, "skip": True}),
        Member(0, {"function": "bowl", "m": 3}),
        Member(0, {"function": "bowl", "m": 2}),
        Member(0, {"function": "bowl", "m": 2, "skip": True}),
        Member(0, {"function": "product"}),
        Member(0, {"function": "product", "m": 2}),
        Member(0, {"function": "product", "skip": True}),
        Member(0, {"function": "checkerboard"}),
        Member(0, {"function": "checkerboard", "m": 2}),
        Member(0, {"function": "checkerboard", "m": 2, "skip": True}),
        Member(0, {"function": "pyramid", "d": 1, "m": 4, "skip": True}),
        Member(0, {"function": "checkerboard", "d": 1, "m": 4}),
        Member(0, {"function": "bowl", "d": 1, "m": 50, "bound": 8192.0, "skip": True}),
    ),
)
