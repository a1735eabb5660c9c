"""Which pricing: all rays in a table, branch and bound, or a sample with hill climbing."""

from __future__ import annotations

import numpy as np

from milpsparse.method import Limits
from milpsparse.reweighting.columns import Pricing
from milpsparse.reweighting.neurons import SIGNS, Neurons, neurons_of
from milpsparse.reweighting.points import Floats, Space
from milpsparse.reweighting.rays import MAX_VALUES, Table, all_rays, few_rays, sampled_rays
from milpsparse.reweighting.search import Search
from milpsparse.reweighting.simplex import TINY, WORTH
from milpsparse.reweighting.weights import Weights

SEARCHED = 20  # points up to which branch and bound ends soon
SAMPLE = 20_000  # rays
MAX_ENTRIES = 10_000_000  # of the systems that rays solve
CLIMBS = 4  # of each sign, where the sample has nothing to offer


def table_of(space: Space, seed: int) -> Table | None:
    """The table that several programs share: all rays, some of them, or none."""
    if few_rays(space):
        return all_rays(space)
    N, D = space.points.shape
    fits = min(SAMPLE, MAX_VALUES // N, MAX_ENTRIES // D**2)
    return None if N <= SEARCHED else sampled_rays(space, max(1, fits), seed)


def pricing_of(space: Space, table: Table | None) -> Pricing:
    """A program's own pricing."""
    if table is None:
        return Search(space)
    return table if table.complete else Climbing(space, table)


class Climbing:
    """A sample of rays; where none of them is worth its cost, the best ones are improved."""

    def __init__(self, space: Space, table: Table) -> None:
        self.space, self.table, self.search = space, table, Search(space)

    def find(self, duals: Floats, weights: Weights, limits: Limits) -> tuple[Neurons, bool]:
        """Neurons to enter; none is no proof."""
        found, _ = self.table.find(duals, weights, limits)
        if len(found):
            return found, False
        better = []
        neurons, cost = self.table.neurons, self.table.costs(weights)
        for s, sign in enumerate(SIGNS):
            mu, w = sign * duals, weights.rest[s]
            ratio = (neurons.outputs @ mu) / (cost[:, s] + TINY)
            for n in np.argsort(-ratio)[:CLIMBS]:
                u = self.search.climb(mu, w, neurons.u[n])
                if mu @ np.maximum(self.space.points @ u, 0.0) > (w @ abs(u)) * (1 + WORTH):
                    better.append(u)
        for k, sign in enumerate(weights.signs if not better else ()):
            better += self.search.in_cone(sign * duals, weights.patterns[k], weights.own[k])
        u = np.array(better).reshape(-1, self.space.points.shape[1])
        return neurons_of(self.space, u), False
