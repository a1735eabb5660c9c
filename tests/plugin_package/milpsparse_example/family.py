"""Stairs of random heights."""

import numpy as np

from milpsparse.family import Family, at_least
from milpsparse.instance import Instance
from milpsparse.method import Option


def generate(seed, steps):
    at_least(steps=(steps, 1))
    y = np.cumsum(np.random.default_rng(seed).integers(0, 5, steps)) / 4
    X = np.arange(steps, dtype=float)[:, None]
    return Instance(X=X, y=y, bound=16.0, name=f"staircase_n{steps}_s{seed}")


FAMILY = Family(
    summary="random stairs", generate=generate, params={"steps": Option(6, "number of points")}
)
