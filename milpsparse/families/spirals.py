"""Spirals: two arms that wind around each other, labelled 1 and -1.

    x = +-r (cos t, sin t),  t = 2 pi turns i / n,  r = (i + 1) / n,  rounded to a grid of 1/1024

Why hard: the classical data that small networks fail to learn. A line meets the arms many times
with changing labels, so many neurons are needed and the best number is unknown but for few points.
Source: Lang & Witbrock, "Learning to tell two spirals apart" (1988).
"""

from __future__ import annotations

import numpy as np

from milpsparse.errors import BadInput
from milpsparse.family import Family, Member, at_least
from milpsparse.instance import Instance
from milpsparse.method import Option


def generate(seed: int, n: int, turns: float, bound: float, skip: bool) -> Instance:
    """So many points an arm; the first angle comes from the seed."""
    at_least(n=(n, 1))
    if n > 200:
        raise BadInput(f"parameter n={n}: at most 200, or grid points coincide")
    if not 0 < turns <= 10:
        raise BadInput(f"parameter turns={turns:g}: above 0, at most 10")
    i = np.arange(n)
    t = 2 * np.pi * (turns * i / n + np.random.default_rng(seed).random())
    arm = ((i + 1) / n)[:, None] * np.column_stack([np.cos(t), np.sin(t)])
    X = np.round(1024 * np.vstack([arm, -arm])) / 1024
    y = np.repeat([1.0, -1.0], n)
    kind = f"_t{turns:g}".replace(".", "p") + ("_skip" if skip else "")
    return Instance(X=X, y=y, bound=bound, skip=skip, name=f"spirals_n{n}{kind}_s{seed}")


FAMILY = Family(
    summary="two spirals, labelled 1 and -1",
    generate=generate,
    params={
        "n": Option(10, "points an arm"),
        "turns": Option(1.0, "turns of each arm"),
        "bound": Option(256.0, "bound B on every path parameter"),
        "skip": Option(False, "with a skip connection"),
    },
    library=(
        Member(0, {"n": 3}),
        Member(0, {"n": 5}),
        Member(0, {"n": 5, "skip": True}),
        Member(0, {"n": 8}),
        Member(0),
        Member(0, {"n": 20, "turns": 1.5}),
        Member(0, {"n": 97, "turns": 3.0}),
    ),
)
