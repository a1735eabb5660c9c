"""Collinear runs: one input, a polyline whose segments hold several points each.

Curvature is 0 inside segments, which no knot may touch: only where two segments meet is there a
knot, at the point or, where the corner lies between two points, at the corner.
"""

from __future__ import annotations

import numpy as np

from milpsparse.errors import BadInput
from milpsparse.families._theory import with_theory
from milpsparse.family import Family, Member, at_least
from milpsparse.instance import Instance
from milpsparse.method import Option


def generate(seed: int, segments: int, length: int, bound: float) -> Instance:
    """`segments` pieces of `length` unit steps; every other corner is no data point.

    Slopes are multiples of 1/4, neighbours differ.
    """
    at_least(segments=(segments, 1), length=(length, 2))
    if segments * length > 10**6:
        raise BadInput(f"parameter segments={segments}: at most 1e6 points")
    rng = np.random.default_rng(seed)
    turns = rng.integers(1, 17, segments) * rng.choice([-1, 1], segments)
    y = np.concatenate([[0.0], np.cumsum(np.repeat(np.cumsum(turns) / 4, length))])
    x = np.arange(float(len(y)))
    keep = np.ones(len(y), dtype=bool)
    keep[length : segments * length : 2 * length] = False  # corners between two points
    name = f"collinear_runs_k{segments}_l{length}_s{seed}"
    return with_theory(Instance(X=x[keep][:, None], y=y[keep], bound=bound, skip=True, name=name))


FAMILY = Family(
    summary="one input, a polyline with several points a segment: exact collinearity",
    generate=generate,
    params={
        "segments": Option(5, "pieces of the polyline"),
        "length": Option(4, "unit steps a piece"),
        "bound": Option(1024.0, "bound B on every path parameter"),
    },
    library=(
        Member(0),
        Member(1, {"segments": 12, "length": 3}),
        Member(0, {"segments": 3, "length": 2}),
        Member(0, {"segments": 40, "length": 5, "bound": 8192.0}),
        Member(0, {"segments": 200, "length": 10, "bound": 65536.0}),
    ),
)
