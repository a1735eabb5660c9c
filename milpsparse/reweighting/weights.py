"""Weights of a linear program over patterns: finitely many blocks have their own, the rest none.

(t + eps)^p lies below its tangent at the last point, whose slope p (t + eps)^(p - 1) is the weight.
Blocks that were zero there, however many, share the weight p eps^(p - 1): a program over all
patterns is one over few weighted blocks and all neurons at one price.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from milpsparse.reweighting.neurons import SIGNS, Neurons, words
from milpsparse.reweighting.points import Floats, Point, Space


@dataclass(frozen=True)
class Weights:
    """Weights of entries: `own` (K, D) of the blocks (signs, patterns), `rest` (2, D) by sign."""

    signs: NDArray[np.int64]
    patterns: NDArray[np.bool_]
    own: Floats
    rest: Floats

    def costs(self, neurons: Neurons) -> tuple[Floats, NDArray[np.int64]]:
        """The least cost of each neuron as one of sign + and -, shape (n, 2), and in which block.

        A neuron on the border of several cones may be in any of them. -1: in one of the rest.
        """
        cost, label = abs(neurons.u) @ self.rest.T, np.full((len(neurons), 2), -1)
        on, off = neurons.sides
        active, silent = words(self.patterns), words(~self.patterns)
        for k, sign in enumerate(self.signs):
            s = SIGNS.index(int(sign))
            outside = (on & silent[:, k, None]) | (off & active[:, k, None])
            inside = np.flatnonzero(~outside.any(axis=0))
            own = abs(neurons.u[inside]) @ self.own[k]
            better = own <= cost[inside, s]
            at = inside[better]
            cost[at, s], label[at, s] = own[better], k
        return cost, label


def uniform(space: Space) -> Weights:
    """The l1 norm's."""
    return flat(space, np.tile(space.counted, (2, 1)))


def flat(space: Space, rest: Floats) -> Weights:
    """The same weights for all blocks of a sign."""
    N, D = space.points.shape
    return Weights(np.zeros(0, int), np.zeros((0, N), bool), np.zeros((0, D)), rest)


def tangent(space: Space, point: Point, p: float, norm: str, eps: float) -> Weights:
    """Slopes of the smoothed norm at a point, the least one scaled to 1 (solvers' tolerances are
    absolute).
    """
    slopes = (point.terms(space, norm) + eps) ** (p - 1.0)
    least = slopes.min(initial=eps ** (p - 1.0))
    own = np.broadcast_to(slopes[:, None], point.u.shape) if norm == "neurons" else slopes
    rest = np.tile(space.counted * eps ** (p - 1.0) / least, (2, 1))
    return Weights(point.signs, point.patterns, own / least * space.counted, rest)
