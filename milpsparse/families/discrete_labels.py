"""Discrete labels: random points, labels drawn from a few values.

    x uniform on the grid of step 1/1024 in [-1, 1]^d,   y uniform on {0, 1, ..., levels - 1},
    and with two levels on {-1, 1}

Why hard: memorization of random labels, as classifiers do it. Labels repeat, so the dimension count
that bounds generic labels from below proves nothing, yet hardly any smaller network is there.
Source: Bubeck, Eldan, Lee & Mikulincer, "Network size and weights size for memorization" (2020).
"""

from __future__ import annotations

import numpy as np

from milpsparse.families import _teachers
from milpsparse.family import Family, Member, at_least
from milpsparse.instance import Instance
from milpsparse.method import Option


def generate(seed: int, N: int, d: int, levels: int, bound: float, skip: bool) -> Instance:
    """Points first, then labels, from one stream."""
    at_least(N=(N, 1), d=(d, 1), levels=(levels, 2))
    rng = np.random.default_rng(seed)
    X = _teachers.points(rng, N, d)
    y = rng.integers(0, levels, N).astype(float)
    y = 2 * y - 1 if levels == 2 else y
    kind = "_skip" if skip else ""
    name = f"discrete_labels_n{N}_d{d}_l{levels}{kind}_s{seed}"
    return Instance(X=X, y=y, bound=bound, skip=skip, name=name)


FAMILY = Family(
    summary="random points with labels of a few values: memorization",
    generate=generate,
    params={
        "N": Option(8, "number of points"),
        "d": Option(2, "number of inputs"),
        "levels": Option(2, "values of a label; 2 gives -1 and 1"),
        "bound": Option(64.0, "bound B on every path parameter"),
        "skip": Option(False, "with a skip connection"),
    },
    library=(
        Member(0, {"N": 5, "d": 1}),
        Member(0, {"N": 6}),
        Member(0),
        Member(0, {"N": 10}),
        Member(0, {"N": 12}),
        Member(0, {"N": 8, "levels": 3}),
        Member(0, {"N": 8, "skip": True}),
        Member(0, {"N": 10, "d": 3}),
        Member(0, {"N": 12, "d": 5}),
        Member(0, {"N": 20, "d": 5, "levels": 4}),
        Member(0, {"N": 20, "d": 20}),
        Member(0, {"N": 50, "d": 10}),
    ),
)
