"""Moment curve: points (t, t^2, ..., t^d) with labels that alternate, or are drawn.

    t = -1 + 2 i / (N - 1) rounded to a grid of step 2^-10,   y = (-1)^i,  or uniform on the grid

A hyperplane meets the curve at most d times, so a neuron bends f along it at most d times, and any
d points can be cut off from the others: the data with the most activation patterns there can be.

Why hard: every pattern of at most d changes exists, so models over patterns are as large as they
get, and none can be left out by position.
Source: cyclic polytopes (Gale 1963); Cover 1965 for the number of patterns in general position.
"""

from __future__ import annotations

import numpy as np

from milpsparse.errors import BadInput
from milpsparse.family import Family, Member, at_least
from milpsparse.instance import Instance
from milpsparse.method import Option

LABELS = ("alternating", "uniform")


def generate(seed: int, N: int, d: int, labels: str, bound: float, skip: bool) -> Instance:
    """Powers are rounded to a grid of step 2^-20; the seed has an effect on uniform labels."""
    at_least(N=(N, 2), d=(d, 1), size=(N * d, 2))
    if labels not in LABELS:
        raise BadInput(f"parameter labels={labels}: one of {', '.join(LABELS)}")
    if N > 1000:
        raise BadInput(f"parameter N={N}: at most 1000, or grid points coincide")
    t = np.round(1024 * (2 * np.arange(N) / (N - 1) - 1)) / 1024
    X = np.round(2.0**20 * t[:, None] ** np.arange(1, d + 1)) / 2.0**20
    y = np.where(np.arange(N) % 2, -1.0, 1.0)
    if labels == "uniform":
        y = np.random.default_rng(seed).integers(-1024, 1025, N).astype(np.float64) / 1024
    kind = f"_{labels}" + ("_skip" if skip else "") + (f"_s{seed}" if labels == "uniform" else "")
    name = f"moment_curve_n{N}_d{d}{kind}"
    return Instance(X=X, y=y, bound=bound, skip=skip, name=name)


FAMILY = Family(
    summary="points on the moment curve: as many activation patterns as there can be",
    generate=generate,
    params={
        "N": Option(8, "number of points"),
        "d": Option(2, "number of inputs"),
        "labels": Option("alternating", ", ".join(LABELS)),
        "bound": Option(1024.0, "bound B on every path parameter"),
        "skip": Option(False, "with a skip connection"),
    },
    library=(
        Member(0, {"N": 6}),
        Member(0),
        Member(0, {"N": 10}),
        Member(0, {"N": 8, "skip": True}),
        Member(0, {"N": 8, "d": 3}),
        Member(0, {"N": 12, "d": 4}),
        Member(0, {"N": 8, "labels": "uniform"}),
        Member(0, {"N": 10, "d": 3, "labels": "uniform"}),
        Member(0, {"N": 20, "d": 10, "labels": "uniform"}),
    ),
)
