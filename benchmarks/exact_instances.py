"""Instances and methods of the benchmark of exact methods, at fixed seeds; all have B = 3.

A planted instance (N, d, K) has N points in d dimensions and a teacher of K neurons, which is an
upper bound only; a generic one (N, d) has labels without structure. Instances are made when asked
for: the largest have a million points.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from milpsparse.family import generate
from milpsparse.instance import Instance

Maker = Callable[[], Instance]

BOUND = 3.0

METHODS = (
    "neuron_mccormick@highs",
    "neuron_big_m@highs",
    "neuron_big_m@scip",
    "neuron_big_m[slots=6]@highs",
    "witness_points[multistart=false]",
    "witness_points[multistart=false,solver=scip]",
    "witness_points",
    "witness_points[solver=scip]",
    "activation_search[proof=false]",
    "activation_search",
)
REFERENCE = METHODS[-1]
PLAIN = METHODS[:4]  # all points in one program
MOST_PLAIN = 50  # points up to which the larger set runs these
GROWING = (REFERENCE, "witness_points")
PARAMETER_METHODS = ("neuron_big_m@highs", "pattern_l0@highs", REFERENCE)


def planted(N: int, d: int, K: int, seed: int = 0, **more: Any) -> Maker:
    """Labels of a teacher."""
    return partial(generate, "planted", seed, N=N, d=d, K=K, bound=BOUND, **more)


def generic(N: int, d: int, seed: int = 0, **more: Any) -> Maker:
    """Labels drawn."""
    return partial(generate, "uniform", seed, N=N, d=d, bound=BOUND, **more)


def core() -> list[Maker]:
    """The 16: twelve teachers and four generic ones."""
    once = [(20, 1, 3), (100, 1, 4), (50, 2, 2), (20, 2, 3), (200, 5, 2), (200, 5, 3)]
    twice = [(200, 2, 3), (50, 2, 4), (50, 3, 3)]
    teachers = [planted(*size) for size in once]
    teachers += [planted(*size, seed) for size in twice for seed in (0, 1)]
    return teachers + [generic(N, 2) for N in (6, 7, 8, 9)]


DENSE = """
10,1,2 50,1,4 1000,1,5
10,2,2 20,2,4 50,2,3 100,2,4 200,2,5 1000,2,3 10000,2,4 100000,2,3 1000000,2,2
20,3,2 40,3,3 100,3,4 500,3,4 100000,3,3
50,4,3 500,4,3 10000,5,3 100000,5,2
50,8,1 500,10,2 500,10,3 200,20,1 1000,20,2
"""
SPARSE = """
20,3,3,1 50,5,4,1 50,5,3,2 200,5,4,1 200,5,3,2 500,10,3,1 500,10,2,3 1000,20,2,2 1000,10,6,1
10000,20,3,1 100000,10,3,2 1000000,5,2,1
"""
WITH_SKIP = """
20,1,3 200,1,5 15,2,1 30,2,2 50,2,3 100,2,3 1000,2,4 50,3,2 200,3,3 200,5,2 10000,5,2 500,10,1
100000,2,2
"""


def large() -> list[Maker]:
    """The 60: one to twenty inputs, ten to a million points, one to six neurons; new seeds."""
    found = [planted(*size, seed=10) for size in _sizes(DENSE)]
    found += [planted(N, d, K, seed=10, inputs=inputs) for N, d, K, inputs in _sizes(SPARSE)]
    found += [planted(*size, seed=10, skip=True) for size in _sizes(WITH_SKIP)]
    found += [generic(N, d, seed=10) for N, d in ((10, 2), (9, 3), (12, 4), (15, 5), (20, 10))]
    return found + [
        generic(N, d, seed=10, skip=True) for N, d in ((6, 1), (8, 2), (10, 3), (12, 5))
    ]


def _sizes(text: str) -> list[list[int]]:
    return [[int(part) for part in word.split(",")] for word in text.split()]


def parameters() -> list[tuple[Maker, float]]:
    """Sparse teachers of six parameters, biases counted, and one of nine; seconds for each."""
    six = [(10, 2, 2, 2), (20, 2, 2, 2), (20, 3, 2, 2), (50, 3, 3, 1), (50, 5, 2, 2)]
    found = [(planted(N, d, K, inputs=inputs), 20.0) for N, d, K, inputs in six]
    return [*found, (planted(50, 3, 3, inputs=2), 60.0)]


def frontier() -> list[Maker]:
    """What is hard, and what is large."""
    hard = [(200, 5, 4), (200, 2, 6), (200, 3, 5), (500, 5, 4)]
    return [planted(*size) for size in [*hard, (10**5, 2, 3), (10**6, 2, 3)]]


def growth(seeds: int) -> list[tuple[str, int, list[Maker]]]:
    """What grows, its size, and the instances of that size."""
    sizes = [("N", N, (N, 2, 3)) for N in (10**2, 10**3, 10**4, 10**5, 10**6)]
    sizes += [("d", d, (200, d, 2)) for d in (1, 2, 3, 5, 7, 10, 14, 20)]
    sizes += [("K", K, (100, 2, K)) for K in (1, 2, 3, 4, 5)]
    return [(what, at, [planted(*size, s) for s in range(seeds)]) for what, at, size in sizes]
