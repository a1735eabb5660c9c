"""Alternating: one input, a zigzag of random heights; neighbouring curvatures differ in sign.

No two points can share a knot, so N - 2 neurons are needed, every lp minimiser has that many, and
p* = 1: the hardest data of N points.
"""

from __future__ import annotations

import numpy as np

from milpsparse.families._theory import with_theory
from milpsparse.family import Family, Member, at_least
from milpsparse.instance import Instance
from milpsparse.method import Option


def generate(seed: int, N: int, bound: float) -> Instance:
    """N points at 0, 1, ... with labels of alternating sign and heights 1/16 to 4."""
    at_least(N=(N, 1))
    heights = np.random.default_rng(seed).integers(1, 65, N) / 16
    y = heights * np.where(np.arange(N) % 2, -1.0, 1.0)
    name = f"alternating_n{N}_s{seed}"
    return with_theory(
        Instance(X=np.arange(float(N))[:, None], y=y, bound=bound, skip=True, name=name)
    )


FAMILY = Family(
    summary="one input, a zigzag: no knot serves two points, N - 2 neurons",
    generate=generate,
    params={
        "N": Option(8, "number of points"),
        "bound": Option(1024.0, "bound B on every path parameter"),
    },
    library=(
        Member(0),
        Member(0, {"N": 30}),
        Member(0, {"N": 5}),
        Member(0, {"N": 300, "bound": 8192.0}),
        Member(0, {"N": 3000, "bound": 65536.0}),
    ),
)
