"""From a point down: each program's weights are the slopes of the concave norm at the last point.

The smoothed norm sum (t + eps)^p - eps^p lies below its tangent, so that it never rises while eps
stays. Every vertex is a local minimiser of the norm itself: where the descent ends depends on
where it starts, and on how eps falls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from milpsparse.method import Limits
from milpsparse.reweighting.points import Point, Space
from milpsparse.reweighting.schedules import after, epsilons
from milpsparse.reweighting.weights import Weights, tangent


class Program(Protocol):
    """A linear program over all patterns, kept warm from weights to weights."""

    space: Space
    exact: bool  # whether the optimum of each program was proved

    def minimise(self, weights: Weights) -> Point | None:
        """A point of least weighted l1 norm; None when out of time."""

    def random_vertex(self, rng: np.random.Generator) -> Point | None:
        """A vertex of random direction."""

    def adopt(self, point: Point) -> None:
        """Take in a point from elsewhere, so that programs are no worse than it."""

    def settle(self, weights: Weights, limits: Limits) -> tuple[Point | None, bool]:
        """The point of `minimise`, and whether its optimum is proved."""


@dataclass(frozen=True)
class Descent:
    """What is minimised, and how: sum t^p over entries, or over neurons, with a schedule of eps."""

    p: float
    norm: str = "entries"
    schedule: str = "chartrand_yin"

    def run(self, program: Program, start: Point) -> tuple[Point, int, Weights]:
        """The point of least norm on the way down from a start, the rounds, the last weights."""
        space, point, rounds = program.space, start, 0
        terms = point.terms(space, self.norm)
        scale = max(float(terms.max(initial=0.0)), 1e-12)
        best, least = point, self.value(space, point)
        n = 4 * len(space.labels) * space.points.shape[1]
        steps = epsilons(self.schedule, len(space.labels), n, terms / scale)
        eps: float | None = next(steps)
        while eps is not None:
            weights = tangent(space, point, self.p, self.norm, eps * scale)
            following = program.minimise(weights)
            if following is None:  # out of time: the last point stands
                break
            rounds += 1
            old, new = (self.value(space, z, eps * scale) for z in (point, following))
            # A tie is no progress: the point stays, and so does its vertex.
            change = distance(point, following) if new < old else 0.0
            point = following if new < old else point
            if (value := self.value(space, point)) < least:
                best, least = point, value
            eps = after(steps, change, point.terms(space, self.norm) / scale)
        return best, rounds, weights

    def value(self, space: Space, point: Point, eps: float = 0.0) -> float:
        """The norm of a point, smoothed by eps."""
        return point.value(space, self.p, self.norm, eps)


def distance(a: Point, b: Point) -> float:
    """The l1 distance of two points, relative to the size of the first."""
    blocks: dict[bytes, Any] = {}
    for point, side in ((a, 1.0), (b, -1.0)):
        for sign, pattern, u in zip(point.signs, point.patterns, point.u, strict=True):
            key = bytes([int(sign > 0)]) + pattern.tobytes()
            blocks[key] = blocks.get(key, 0.0) + side * u
    apart = sum(float(abs(u).sum()) for u in blocks.values()) + abs(a.linear - b.linear).sum()
    return float(apart / (1e-12 + abs(a.u).sum() + abs(a.linear).sum()))
