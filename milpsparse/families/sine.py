"""Sine: one input, points on a sine wave, rounded to a grid of step 2^-20.

Every half wave is one long run of curvature, smooth: near minimisers abound.
"""

from __future__ import annotations

import numpy as np

from milpsparse.families._theory import with_theory
from milpsparse.family import Family, Member, at_least
from milpsparse.instance import Instance
from milpsparse.method import Option


def generate(seed: int, N: int, waves: int, bound: float) -> Instance:
    """N points at 0, 1/16, 2/16, ... over so many waves, from a random phase."""
    at_least(N=(N, 2), waves=(waves, 1))
    phase = np.random.default_rng(seed).integers(0, 1024) / 1024
    turns = waves * np.arange(N) / (N - 1) + phase
    y = np.round(np.sin(2 * np.pi * turns) * 2.0**20) / 2.0**20
    name = f"sine_n{N}_w{waves}_s{seed}"
    X = np.arange(N)[:, None] / 16
    return with_theory(Instance(X=X, y=y, bound=bound, skip=True, name=name))


FAMILY = Family(
    summary="one input, a sampled sine: long smooth runs of curvature",
    generate=generate,
    params={
        "N": Option(20, "number of points"),
        "waves": Option(1, "waves over the data"),
        "bound": Option(1024.0, "bound B on every path parameter"),
    },
    library=(
        Member(0),
        Member(0, {"N": 50, "waves": 2}),
        Member(0, {"N": 500, "waves": 5}),
        Member(0, {"N": 10000, "waves": 20, "bound": 65536.0}),
    ),
)
