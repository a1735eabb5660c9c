"""Lines in space: points on a few lines through R^d, with a curve of its own on each.

    x = p_l + t q_l,  t = 0, 1, ..., n - 1,   y = the curve of line l at t

p_l and q_l have small integer entries. Curves: `zigzag`, random heights of changing sign; `convex`,
random positive curvatures; `walk`, independent steps. All lie on a grid of step 1/16.

A network restricted to a line is a function of one input with at most a knot a neuron, so the
fewest knots of any of the lines is a lower bound, for all networks; one line alone with a skip
connection attains it.

Why hard: between the bound of the best line and that of all lines together there is a gap that
only search closes; collinear points are degenerate for every hyperplane arrangement.
Source: the theory of one input (Debarre, Denoyelle, Unser & Fageot 2022, for sparsest splines).
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from milpsparse.errors import BadInput
from milpsparse.family import Family, Member, at_least
from milpsparse.instance import Instance
from milpsparse.method import Option

CURVES = ("zigzag", "convex", "walk")


def generate(
    seed: int, lines: int, n: int, d: int, curve: str, bound: float, skip: bool
) -> Instance:
    """So many points a line; lines whose points meet are drawn again."""
    at_least(lines=(lines, 1), n=(n, 3), d=(d, 1), size=(lines * n * d, 1))
    if curve not in CURVES:
        raise BadInput(f"parameter curve={curve}: one of {', '.join(CURVES)}")
    if d == 1 and lines > 1:
        raise BadInput(f"parameter lines={lines}: one input holds one line")
    rng = np.random.default_rng(seed)
    X = _lines(rng, lines, n, d)
    y = np.concatenate([_curve(rng, curve, n) for _ in range(lines)])
    kind = "_skip" if skip else ""
    name = f"lines_l{lines}_n{n}_d{d}_{curve}{kind}_s{seed}"
    return Instance(X=X, y=y, bound=bound, skip=skip, name=name)


def _lines(rng: Generator, lines: int, n: int, d: int) -> NDArray[np.float64]:
    for reach in range(4, 104):
        start = rng.integers(-reach, reach + 1, (lines, 1, d))
        step = rng.integers(1, 4, (lines, 1, d)) * rng.choice([-1, 1], (lines, 1, d))
        X: NDArray[np.float64] = (start + np.arange(n)[:, None] * step).reshape(-1, d) * 1.0
        if len(np.unique(X, axis=0)) == len(X):
            return X
    raise BadInput(f"parameter lines={lines}: no so many lines of {n} points apart for d={d}")


def _curve(rng: Generator, curve: str, n: int) -> NDArray[np.float64]:
    if curve == "zigzag":
        steps = np.where(np.arange(n) % 2, -1, 1) * rng.integers(1, 65, n)
    elif curve == "walk":
        steps = np.cumsum(rng.integers(-32, 33, n))
    else:
        steps = np.cumsum(np.cumsum(rng.integers(1, 17, n)))
    return np.asarray(steps / 16.0)


FAMILY = Family(
    summary="points on lines through space: one-input theory bounds the neurons along each",
    generate=generate,
    params={
        "lines": Option(1, "number of lines"),
        "n": Option(8, "points a line"),
        "d": Option(3, "number of inputs"),
        "curve": Option("zigzag", ", ".join(CURVES)),
        "bound": Option(1024.0, "bound B on every path parameter"),
        "skip": Option(False, "with a skip connection"),
    },
    library=(
        Member(0, {"skip": True}),
        Member(0, {"n": 6}),
        Member(0, {"n": 6, "d": 2, "skip": True}),
        Member(0, {"n": 12, "d": 10, "curve": "convex", "skip": True}),
        Member(0, {"n": 30, "d": 5, "curve": "walk", "skip": True}),
        Member(0, {"n": 20, "d": 50, "curve": "convex", "skip": True}),
        Member(0, {"lines": 2, "n": 4, "d": 2}),
        Member(0, {"lines": 2, "n": 5, "d": 3, "skip": True}),
        Member(0, {"lines": 2, "n": 5, "d": 2, "curve": "convex"}),
        Member(0, {"lines": 3, "n": 4, "d": 3, "curve": "convex", "skip": True}),
        Member(0, {"lines": 3, "n": 5, "d": 5, "curve": "walk"}),
        Member(0, {"lines": 5, "n": 6, "d": 3, "curve": "zigzag"}),
    ),
)
