"""The program over all patterns by column generation: N rows, and the neurons that are worth it.

A linear program over the closed cones of all patterns, with weights on the entries |u_j|, is one
over conic combinations of neurons: extreme rays of the cones cut by the orthants. So no cone is a
row. Those neurons enter whose outputs h, at the duals lambda of the fits, are worth more than they
cost: lambda . h > cost. When `pricing` finds none, the optimum is that over all patterns.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from milpsparse.method import Limits
from milpsparse.reweighting.neurons import SIGNS, Neurons, first_neurons, neurons_of
from milpsparse.reweighting.points import Floats, Point, Space, gather
from milpsparse.reweighting.simplex import optimal, warm
from milpsparse.reweighting.weights import Weights, uniform

MAX_PASSES = 500
RANDOM = 10  # random rays a point, for a random vertex


class Pricing(Protocol):
    """What finds neurons that are worth more than they cost."""

    def find(self, duals: Floats, weights: Weights, limits: Limits) -> tuple[Neurons, bool]:
        """Neurons to enter; and, where there are none, whether that is proved."""


class Columns:
    """The program over the neurons that have entered, in one HiGHS model kept between programs."""

    def __init__(self, space: Space, pricing: Pricing, limits: Limits) -> None:
        import highspy

        self.space, self.pricing, self.limits = space, pricing, limits
        self.exact, self.programs, self.passes = True, 0, 0
        N, n_free = space.free.shape
        self.n_free = n_free
        self.highs = h = warm(highspy.Highs())
        for kind in ("primal", "dual"):
            h.setOptionValue(f"{kind}_feasibility_tolerance", 1e-9)
        # Solvers' tolerances are absolute: the labels are scaled to 1, as the neurons are.
        self.scale = float(abs(space.labels).max()) or 1.0
        right = space.labels / self.scale
        h.addRows(N, right, right, 0, np.zeros(N, np.int32), _NONE, np.zeros(0))
        self.neurons = Neurons(np.zeros((0, space.points.shape[1])), np.zeros((0, N)))
        self.known: set[bytes] = set()
        self._append(space.free.T, np.zeros(n_free), -np.inf)
        self.add(neurons_of(space, first_neurons(space)))

    def add(self, neurons: Neurons) -> Neurons:
        """Enter neurons that are new, with either sign; these. Costs come with the next program."""
        names = [np.round(u, 12).tobytes() for u in neurons.u + 0.0]
        new = {name: at for at, name in enumerate(names) if name not in self.known}
        self.known |= new.keys()
        neurons = neurons.take(np.array(list(new.values()), dtype=int))
        h = neurons.outputs
        both = np.stack([h, -h], axis=1).reshape(-1, h.shape[1])
        self._append(both, np.zeros(len(both)), 0.0)
        self.neurons = self.neurons + neurons
        return neurons

    def minimise(self, weights: Weights) -> Point | None:
        """A vertex of least weighted l1 norm over all patterns; None when out of time."""
        point, proved = self._minimise(weights, self.pricing)
        self.exact &= proved
        return point

    def settle(self, weights: Weights, limits: Limits) -> tuple[Point | None, bool]:
        """The same by branch and bound, as far as time goes, and whether the optimum is proved."""
        from milpsparse.reweighting.search import Search

        self.limits = limits
        return self._minimise(weights, Search(self.space))

    def random_vertex(self, rng: np.random.Generator) -> Point | None:
        """A vertex over the neurons that are here and as many random ones, with random costs."""
        from milpsparse.reweighting.rays import sampled_rays

        space = self.space
        self.add(sampled_rays(space, RANDOM * len(space.labels), int(rng.integers(2**31))).neurons)
        cost, _ = uniform(space).costs(self.neurons)
        self._charge(cost * rng.uniform(0.1, 1.0, cost.shape), 0)
        return (
            self._point(np.full(cost.shape, -1), None)
            if optimal(self.highs, self.limits.left())
            else None
        )

    def adopt(self, point: Point) -> None:
        """Enter the neurons of a point from elsewhere."""
        self.add(neurons_of(self.space, point.u))

    def _minimise(self, weights: Weights, pricing: Pricing) -> tuple[Point | None, bool]:
        self.programs += 1
        cost, label = weights.costs(self.neurons)
        self._charge(cost, 0)
        for _ in range(MAX_PASSES):
            if not optimal(self.highs, self.limits.left()):
                return None, False
            self.passes += 1
            duals = np.array(self.highs.getSolution().row_dual)
            found, proved = pricing.find(duals, weights, self.limits)
            n = len(self.neurons)
            if len(found) and self.limits.left() <= 0.02:
                proved = False
                break
            entering = self.add(found)
            if not len(entering):  # those that are here already are worth a rounding error
                break
            more, labels = weights.costs(entering)
            self._charge(more, n)
            label = np.vstack([label, labels])
        return self._point(label, weights.patterns), proved

    def _append(self, columns: Floats, cost: Floats, lower: float) -> None:
        """Columns, shape (n, N), at the end."""
        n = len(columns)
        top = np.full(n, np.inf)
        at, i = np.nonzero(columns)
        starts = np.searchsorted(at, np.arange(n)).astype(np.int32)
        self.highs.addCols(
            n, cost, np.full(n, lower), top, len(i), starts, i.astype(np.int32), columns[at, i]
        )

    def _charge(self, cost: Floats, first: int) -> None:
        """Costs of the neurons from `first` on."""
        start = self.n_free + 2 * first
        index = np.arange(start, start + cost.size, dtype=np.int32)
        self.highs.changeColsCost(cost.size, index, cost.ravel())

    def _point(self, label: NDArray[np.int64], patterns: NDArray[np.bool_] | None) -> Point:
        x = self.scale * np.array(self.highs.getSolution().col_value)
        amounts = x[self.n_free :].reshape(-1, 2)
        n, s = np.nonzero(amounts > 0)
        u = self.neurons.u[n] * amounts[n, s][:, None]
        signs = np.array(SIGNS)[s]
        return gather(self.space, signs, u, label[n, s], patterns, x[: self.n_free])


_NONE: Any = np.zeros(0, np.int32)
