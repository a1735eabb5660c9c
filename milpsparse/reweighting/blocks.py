"""The program over all patterns as it is written down: a block each, its cones as rows.

What column generation is measured against. u = z+ - z-; one HiGHS model is kept between programs.
"""

from __future__ import annotations

import numpy as np

from milpsparse.compiled import Compiled
from milpsparse.method import Limits
from milpsparse.models import _parts
from milpsparse.patterns import fit_and_cones
from milpsparse.reweighting.neurons import SIGNS
from milpsparse.reweighting.points import FLAT, Floats, Point, Space
from milpsparse.reweighting.simplex import optimal, warm
from milpsparse.reweighting.weights import Weights


class Blocks:
    """All blocks in one model: 4 P D columns and N + 2 P N rows for P patterns."""

    exact = True  # nothing is left out

    def __init__(self, space: Space, limits: Limits) -> None:
        import scipy.sparse as sp

        self.space, self.limits = space, limits
        self.patterns = _parts.hidden_patterns(space.instance)
        self.at = {row.tobytes(): m for m, row in enumerate(self.patterns)}
        fit, cones = fit_and_cones(space.points, self.patterns)
        self.half, n_cones, n_free = fit.shape[1], cones.shape[0], space.free.shape[1]
        empty = sp.csr_array((n_cones, n_free))
        A = sp.vstack(
            [sp.hstack([fit, -fit, sp.csr_array(space.free)]), sp.hstack([cones, -cones, empty])],
            format="csc",
        )
        columns = A.shape[1]
        lower = np.zeros(columns)
        lower[2 * self.half :] = -np.inf
        program = Compiled(
            variables=[],
            c=np.zeros(columns),
            offset=0.0,
            A=A,
            row_lower=np.concatenate([space.labels, np.zeros(n_cones)]),
            row_upper=np.concatenate([space.labels, np.full(n_cones, np.inf)]),
            lower=lower,
            upper=np.full(columns, np.inf),
            integer=np.zeros(columns, dtype=bool),
        )
        self.highs = warm(program.highs())

    def minimise(self, weights: Weights) -> Point | None:
        """A vertex of least weighted l1 norm; None when out of time."""
        return self._solve(self.weights_of(weights))

    def random_vertex(self, rng: np.random.Generator) -> Point | None:
        """A vertex of least l1 norm with random weights."""
        size = (2, len(self.patterns), self.space.points.shape[1])
        return self._solve(rng.uniform(0.1, 1.0, size) * self.space.counted)

    def adopt(self, point: Point) -> None:
        """Every point is one of this program already."""

    def settle(self, weights: Weights, limits: Limits) -> tuple[Point | None, bool]:
        """Every optimum is one over all patterns."""
        return self.minimise(weights), True

    def weights_of(self, weights: Weights) -> Floats:
        """The weights of all entries, shape (2, P, D)."""
        full = np.repeat(weights.rest[:, None], len(self.patterns), axis=1)
        for sign, pattern, own in zip(weights.signs, weights.patterns, weights.own, strict=True):
            m = self.at.get(pattern.tobytes())
            if m is not None:
                full[SIGNS.index(int(sign)), m] = own
        return full

    def _solve(self, weights: Floats) -> Point | None:
        h, half = self.highs, self.half
        index = np.arange(2 * half, dtype=np.int32)
        h.changeColsCost(2 * half, index, np.tile(weights.ravel(), 2))
        if not optimal(h, self.limits.left()):
            return None
        z = np.array(h.getSolution().col_value)
        u = (z[:half] - z[half : 2 * half]).reshape(2, len(self.patterns), -1)
        u[abs(u) <= FLAT * abs(u).max(initial=0.0)] = 0.0
        s, m = np.nonzero(u.any(axis=2))
        return Point(np.array(SIGNS)[s], self.patterns[m], u[s, m], z[2 * half :])
