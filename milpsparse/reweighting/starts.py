"""Where descents start: each start leads to a vertex of its own."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, cycle, islice

import numpy as np

from milpsparse.construct import best_construction
from milpsparse.errors import Unsupported
from milpsparse.execute import heuristic
from milpsparse.method import Limits
from milpsparse.objective import Objective
from milpsparse.reweighting.descent import Program
from milpsparse.reweighting.points import Point, point_of
from milpsparse.reweighting.weights import Weights, uniform

ORIGINS = ("l1", "construction", "multistart", "random weights", "random vertex")
MULTISTART = "multistart[starts=100]"
SHARE = 0.05  # of the time for a multistart network


def origins(n: int) -> Iterator[str]:
    """The first n origins: each kind once, then mostly random ones."""
    again = cycle(("random weights", "random vertex") * 2 + ("multistart",))
    return islice(chain(ORIGINS, again), n)


def start(origin: str, program: Program, limits: Limits, seed: int) -> Point | None:
    """The point of an origin; None where there is none in time."""
    rng = np.random.default_rng(seed)
    match origin:
        case "l1":
            return program.minimise(uniform(program.space))
        case "random weights":
            return _random_weights(program, rng)
        case "random vertex":
            return program.random_vertex(rng)
    return _of_network(origin, program, limits, seed)


def _random_weights(program: Program, rng: np.random.Generator) -> Point | None:
    """Least l1 norm with random weights of the inputs, and of the blocks of the l1 solution."""
    space = program.space
    l1 = program.minimise(uniform(space))
    if l1 is None:
        return None
    own = rng.uniform(0.1, 1.0, l1.u.shape) * space.counted
    rest = rng.uniform(0.1, 1.0, (2, space.points.shape[1])) * space.counted
    return program.minimise(Weights(l1.signs, l1.patterns, own, rest))


def _of_network(origin: str, program: Program, limits: Limits, seed: int) -> Point | None:
    """The point of a network that another method finds."""
    space, parameters = program.space, Objective("parameters")
    instance = space.instance.replace(bound=None, count_bias=space.instance.count_bias)
    if origin == "multistart":
        network = heuristic(MULTISTART, instance, parameters, limits, SHARE, seed)
    else:
        try:
            network = best_construction(instance, parameters)
        except Unsupported:
            network = None
    if network is None:
        return None
    point = point_of(space, network)
    program.adopt(point)
    return point
