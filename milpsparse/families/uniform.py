"""Uniform: inputs and labels uniform on [-1, 1], as generic as data can be.

For almost every draw the parameters needed are at least N. N = 10, d = 50 is the setting of the
high-dimensional experiment of Nakhleh & Nowak (2025).
"""

from __future__ import annotations

import numpy as np

from milpsparse.family import Family, Member, at_least
from milpsparse.instance import Instance
from milpsparse.method import Option


def generate(seed: int, N: int, d: int, bound: float, skip: bool) -> Instance:
    """X first, then y, from one `default_rng(seed)` stream."""
    at_least(N=(N, 1), d=(d, 1))
    rng = np.random.default_rng(seed)
    X, y = rng.uniform(-1, 1, (N, d)), rng.uniform(-1, 1, N)
    kind = "_skip" if skip else ""
    tight = "" if bound == PARAMS["bound"].default else f"_b{bound:g}".replace(".", "p")
    return Instance(
        X=X, y=y, bound=bound, skip=skip, name=f"uniform_n{N}_d{d}{tight}{kind}_s{seed}"
    )


PARAMS = {
    "N": Option(6, "number of points"),
    "d": Option(2, "number of inputs"),
    "bound": Option(10.0, "bound B on every path parameter"),
    "skip": Option(False, "with a skip connection"),
}

FAMILY = Family(
    summary="inputs and labels uniform on [-1, 1]: generic, needs about N parameters",
    generate=generate,
    params=PARAMS,
    tags=("generic",),
    library=(
        Member(0, {"N": 4, "d": 1}),
        Member(0, {"N": 5, "d": 2}),
        Member(1, {"N": 6, "d": 2}),
        Member(0, {"N": 6, "d": 3}),
        Member(2, {"N": 5, "d": 2, "bound": 0.5}),
        Member(0, {"N": 7, "d": 2, "skip": True}),
        Member(0, {"N": 10, "d": 50}),
        Member(0, {"N": 6, "d": 1}),
        Member(0, {"N": 8, "d": 2}),
        Member(0, {"N": 8, "d": 3}),
        Member(0, {"N": 8, "d": 5}),
        Member(0, {"N": 3, "d": 1}),
        Member(0, {"N": 10, "d": 1}),
        Member(0, {"N": 10, "d": 2, "bound": 64.0}),
        Member(0, {"N": 12, "d": 2, "bound": 64.0}),
        Member(0, {"N": 15, "d": 2, "bound": 64.0}),
        Member(0, {"N": 10, "d": 3, "bound": 64.0}),
        Member(0, {"N": 14, "d": 3, "bound": 64.0}),
        Member(0, {"N": 10, "d": 5}),
        Member(0, {"N": 15, "d": 5, "bound": 64.0}),
        Member(0, {"N": 20, "d": 5, "bound": 64.0}),
        Member(0, {"N": 12, "d": 10}),
        Member(0, {"N": 30, "d": 10}),
        Member(0, {"N": 20, "d": 20}),
        Member(0, {"N": 50, "d": 50}),
        Member(0, {"N": 10, "d": 3, "skip": True}),
        Member(0, {"N": 15, "d": 5, "skip": True}),
    ),
)
