"""Convex random: one input, curvatures all positive, exponentially distributed.

One run over all points, so that minimisers of different p differ, and p* is below 1 often: among
20 points its quartiles are about .37, .57 and .93.
"""

from __future__ import annotations

import numpy as np

from milpsparse.families._theory import with_theory
from milpsparse.family import Family, Member, at_least
from milpsparse.instance import Instance
from milpsparse.method import Option


def generate(seed: int, N: int, bound: float) -> Instance:
    """N points at 0, 1, ...; curvatures on a grid of step 2^-20, none 0, so labels are exact."""
    at_least(N=(N, 3))
    drawn = np.random.default_rng(seed).exponential(1.0, N - 2)
    curvatures = np.maximum(np.round(drawn * 2.0**20), 1.0) / 2.0**20
    slopes = np.concatenate([[0.0], np.cumsum(curvatures)])
    y = np.concatenate([[0.0], np.cumsum(slopes)])
    name = f"convex_random_n{N}_s{seed}"
    return with_theory(
        Instance(X=np.arange(float(N))[:, None], y=y, bound=bound, skip=True, name=name)
    )


FAMILY = Family(
    summary="one input, random curvatures of one sign: p* is below 1 often",
    generate=generate,
    params={
        "N": Option(20, "number of points"),
        "bound": Option(1024.0, "bound B on every path parameter"),
    },
    library=(
        Member(0, {"N": 8}),
        Member(0),
        Member(1),
        Member(2),
        Member(0, {"N": 50}),
        Member(0, {"N": 500, "bound": 8192.0}),
    ),
)
