"""Random walk: one input, x = 0, 1, ..., and steps uniform on a dyadic grid in [-4, 4].

Curvatures are differences of independent steps, so runs of one sign are short.
"""

from __future__ import annotations

import numpy as np

from milpsparse.families._theory import with_theory
from milpsparse.family import Family, Member, at_least
from milpsparse.instance import Instance
from milpsparse.method import Option


def generate(seed: int, N: int, bound: float) -> Instance:
    """A walk of N points from 0."""
    at_least(N=(N, 1))
    steps = np.random.default_rng(seed).integers(-1024, 1025, N - 1) / 256
    y = np.concatenate([[0.0], np.cumsum(steps)])
    name = f"random_walk_n{N}_s{seed}"
    return with_theory(
        Instance(X=np.arange(float(N))[:, None], y=y, bound=bound, skip=True, name=name)
    )


FAMILY = Family(
    summary="one input, independent steps: short runs of curvature",
    generate=generate,
    params={
        "N": Option(20, "number of points"),
        "bound": Option(1024.0, "bound B on every path parameter"),
    },
    library=(
        Member(0),
        Member(1, {"N": 200, "bound": 4096.0}),
        Member(0, {"N": 1000, "bound": 16384.0}),
        Member(0, {"N": 2000, "bound": 32768.0}),
    ),
)
