"""Circles: points on concentric circles in the plane, labelled by angle or by circle.

    x = r (cos t, sin t),   t = 2 pi (i + shift) / n,   r = 1, 2, ...

rounded to a grid of step r/1024.

Labels: `alternating` 1, -1, 1, ... around each circle; `circle` the number of the circle; `wave`
cos(2 t) rounded to the grid; `coin` a fair coin.

Why hard: points of one circle are in convex position, so a neuron can cut off any arc of them, and
a line cuts a circle twice: alternating labels need about n/2 neurons, and so many patterns tie that
only a long search tells. Several circles are the standard data that no linear rule separates.
Source: folklore of classification (scikit-learn's make_circles); labels here are interpolated.
"""

from __future__ import annotations

import numpy as np

from milpsparse.errors import BadInput
from milpsparse.family import Family, Member, at_least
from milpsparse.instance import Instance
from milpsparse.method import Option

LABELS = ("alternating", "circle", "wave", "coin")


def generate(seed: int, n: int, circles: int, labels: str, bound: float, skip: bool) -> Instance:
    """So many points a circle; the first angle of each circle and the coins come from the seed."""
    at_least(n=(n, 1), circles=(circles, 1), points=(n * circles, 1))
    if labels not in LABELS:
        raise BadInput(f"parameter labels={labels}: one of {', '.join(LABELS)}")
    if n > 500:
        raise BadInput(f"parameter n={n}: at most 500, or grid points coincide")
    rng = np.random.default_rng(seed)
    ring = np.repeat(np.arange(circles), n)
    place = np.tile(np.arange(n), circles)
    t = 2 * np.pi * (place + rng.random(circles)[ring]) / n
    X = (ring + 1)[:, None] * np.round(1024 * np.column_stack([np.cos(t), np.sin(t)])) / 1024
    y = {
        "alternating": 1.0 - 2.0 * (place % 2),
        "circle": ring.astype(float),
        "wave": np.round(1024 * np.cos(2 * t)) / 1024,
        "coin": rng.integers(0, 2, n * circles).astype(float),
    }[labels]
    kind = "_skip" if skip else ""
    name = f"circles_n{n}_c{circles}_{labels}{kind}_s{seed}"
    return Instance(X=X, y=y, bound=bound, skip=skip, name=name)


FAMILY = Family(
    summary="points on concentric circles: alternating, by circle, a wave, or coins",
    generate=generate,
    params={
        "n": Option(8, "points a circle"),
        "circles": Option(1, "number of circles"),
        "labels": Option("alternating", ", ".join(LABELS)),
        "bound": Option(64.0, "bound B on every path parameter"),
        "skip": Option(False, "with a skip connection"),
    },
    library=(
        Member(0, {"n": 4}),
        Member(0, {"n": 6}),
        Member(0, {"n": 8}),
        Member(0, {"n": 12}),
        Member(0, {"n": 6, "skip": True}),
        Member(0, {"n": 5, "circles": 2, "labels": "circle"}),
        Member(0, {"n": 10, "circles": 2, "labels": "circle"}),
        Member(0, {"n": 8, "labels": "wave"}),
        Member(0, {"n": 20, "labels": "wave"}),
        Member(0, {"n": 10, "labels": "coin"}),
        Member(1, {"n": 10, "circles": 2, "labels": "coin"}),
    ),
)
