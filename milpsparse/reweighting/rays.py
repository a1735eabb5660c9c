"""Pricing from a table of neurons on rays: exact where it holds all of them.

N points and D coordinates are hyperplanes of the space of neurons. A program over patterns needs
only neurons on their rays, where D - 1 independent ones meet: 2 C(N + D, D - 1) at most.
"""

from __future__ import annotations

import threading
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from milpsparse.method import Limits
from milpsparse.reweighting.neurons import Neurons, neurons_of
from milpsparse.reweighting.points import Floats, Space
from milpsparse.reweighting.simplex import TINY, WORTH
from milpsparse.reweighting.weights import Weights

MAX_RAYS = 200_000
MAX_VALUES = 10_000_000  # rays times points
SINGULAR = 1e-10


def few_rays(space: Space) -> bool:
    """Whether a table of the rays is small."""
    N, D = space.points.shape
    rays = 2 * comb(N + D, D - 1)
    return rays <= MAX_RAYS and rays * N <= MAX_VALUES


class Table:
    """Neurons to choose from, made once; several programs share it. `complete`: all rays."""

    def __init__(self, space: Space, u: Floats, complete: bool) -> None:
        self.neurons, self.complete = neurons_of(space, u), complete
        self._last = threading.local()  # of each descent its own

    def costs(self, weights: Weights) -> Floats:
        """The costs of the neurons, shape (n, 2); those of the last weights are kept."""
        kept = getattr(self._last, "costs", None)
        if kept is None or kept[0] is not weights:
            self._last.costs = kept = (weights, weights.costs(self.neurons)[0])
        return np.asarray(kept[1])

    def find(self, duals: Floats, weights: Weights, limits: Limits) -> tuple[Neurons, bool]:
        """The neurons of most profit a cost, of each sign as many as there are points."""
        cost = self.costs(weights)
        worth, chosen, all_ = self.neurons.outputs @ duals, [], True
        for s, gain in enumerate((worth, -worth)):
            at = np.flatnonzero(gain > cost[:, s] * (1 + WORTH) + TINY)
            ratio = gain[at] / (cost[at, s] + TINY)
            chosen.append(at[np.argsort(-ratio, kind="stable")[: len(duals)]])
            all_ &= len(at) <= len(duals)
        return self.neurons.take(np.unique(np.concatenate(chosen))), self.complete and all_


def all_rays(space: Space) -> Table:
    """The table of all rays."""
    N, D = space.points.shape
    subsets = np.array(list(combinations(range(N + D), D - 1)), dtype=int).reshape(-1, D - 1)
    return Table(space, _null_vectors(space.points, subsets), complete=True)


def sampled_rays(space: Space, n: int, seed: int) -> Table:
    """A table of rays through random points, of random support."""
    N, D = space.points.shape
    rng = np.random.default_rng(seed)
    points, coordinates = (np.argsort(rng.random((n, m)), axis=1) for m in (N, D))
    most = min(D, N + 1)  # entries that are not 0: one more than there are points on the knot
    size = rng.integers(1, most + 1, n)
    subsets = np.empty((n, D - 1), dtype=int)
    for at in range(D - 1):
        subsets[:, at] = np.where(at < size - 1, points[:, min(at, N - 1)], N + coordinates[:, at])
    return Table(space, _null_vectors(space.points, subsets), complete=False)


def _null_vectors(points: Floats, subsets: NDArray[np.int64]) -> Floats:
    """Directions u, both ways, on which D - 1 independent rows of (points, unit) vanish."""
    D = points.shape[1]
    rows = np.vstack([points / abs(points).max(axis=1, keepdims=True), np.eye(D)])
    # The null vector u of D - 1 rows is that of (rows; r) u = (0; 1) for almost any r.
    r = np.random.default_rng(0).uniform(0.5, 1.5, D)
    systems = np.concatenate([rows[subsets], np.tile(r, (len(subsets), 1, 1))], axis=1)
    regular = abs(np.linalg.det(systems)) > SINGULAR
    right = np.zeros((int(regular.sum()), D, 1))
    right[:, -1] = 1.0
    u = np.linalg.solve(systems[regular], right)[:, :, 0]
    u /= abs(u).max(axis=1, keepdims=True)
    u[abs(u) < 1e-12] = 0.0
    u = u[np.unique(np.round(u, 10), axis=0, return_index=True)[1]]
    return np.vstack([u, -u])
