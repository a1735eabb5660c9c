"""The lp program over rays in doubles: columns, costs of points, and local search from a point."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from milpsparse.instance import Instance
from milpsparse.models._parts import assemble, points
from milpsparse.network import Network
from milpsparse.objective import Objective
from milpsparse.rays import free_forms, rays_of, reduced
from milpsparse.refit import polish

Doubles = NDArray[np.float64]

ROUNDS = 8  # of reweighting, from one point
ZERO = 1e-10  # sizes below, relative to the largest, are 0


class Program:
    """Points x >= 0 with fit x = labels: networks of a neuron a block, made from rays.

    A block is a sign with an activation pattern; `sizes[c, j]` is what column c adds to the
    positive (j <= d) or negative part (j > d) of an entry of its block.
    """

    def __init__(self, instance: Instance, objective: Objective) -> None:
        assert objective.p is not None
        self.instance, self.objective, self.p = instance, objective, objective.p
        first: dict[tuple[Any, ...], int] = {}
        for i, x in enumerate(instance.X_exact.tolist()):
            first.setdefault(tuple(x), i)
        self.rows = list(first.values())  # of distinct points
        X, y = instance.X_exact[self.rows], instance.y_exact[self.rows]
        rays, unit = rays_of(X, instance.skip)
        forms = free_forms(X, instance.skip, not instance.skip and not instance.count_bias)
        largest = abs(rays.u).max(axis=1)
        outputs = reduced(rays.outputs, forms)[rays.ray] / (largest[rays.ray, None] * unit)
        self.u = (rays.u / largest[:, None])[rays.ray].astype(float)
        self.labels = reduced(y, forms).astype(float)
        sizes = np.hstack([np.maximum(self.u, 0.0), np.maximum(-self.u, 0.0)])
        D, P = self.u.shape[1], len(rays.patterns)
        self.n_patterns, self.D = P, D
        self.u, self.sizes = np.vstack([self.u, self.u]), np.vstack([sizes, sizes])
        self.fit = np.ascontiguousarray(np.vstack([outputs, -outputs]).astype(float).T)
        self.block = np.concatenate([rays.block, rays.block + P])
        self.counted = np.ones(2 * D, dtype=bool)
        self.counted[[D - 1, 2 * D - 1]] = instance.count_bias

    @property
    def shape(self) -> tuple[int, int]:
        """The number of blocks, and of parts of their entries."""
        return 2 * self.n_patterns, 2 * self.D

    def parts(self, x: Doubles) -> Doubles:
        """The parts of all entries at a point."""
        t = np.zeros(self.shape)
        for c in np.flatnonzero(x):
            t[self.block[c]] += x[c] * self.sizes[c]
        return t

    def neurons(self, x: Doubles) -> Doubles:
        """The path parameters of all blocks at a point."""
        t = self.parts(x)
        u = t[:, : self.D] - t[:, self.D :]
        u[abs(u) <= ZERO * abs(u).max(initial=0.0)] = 0.0
        return u

    def cost(self, x: Doubles) -> float:
        """The sum |u|^p over the counted entries of all blocks."""
        u = abs(self.neurons(x)[:, self.counted[: self.D]])
        return float((u[u > 0] ** self.p).sum())

    def network(self, x: Doubles) -> Network:
        """The exact network of a point where there is one; in doubles else."""
        u, d = self.neurons(x), self.D - 1
        signs = np.repeat([1, -1], self.n_patterns)
        free = self.instance.replace(bound=None, count_bias=self.instance.count_bias)
        rest = free.y - Network(signs, u[:, :d], u[:, d])(free.X)
        linear = np.zeros(self.D)
        if free.skip:
            linear = np.linalg.lstsq(points(free), rest, rcond=None)[0]
        elif not free.count_bias:
            linear[-1] = rest.mean()
        return polish(free, assemble(free, signs, u, linear), self.objective)

    def reweighted(self, x: Doubles) -> tuple[Doubles, float]:
        """The best point of reweighted l1 from here on, and its cost."""
        from milpsparse.lp_search.kernels import vertex

        best, least = x, self.cost(x)
        scale, basis = float(self.parts(x).max(initial=0.0)) or 1.0, self._none
        for k in range(1, ROUNDS + 1):
            weights = (self.parts(x) / scale + 10.0**-k) ** (self.p - 1.0) * self.counted
            x, basis = vertex(self.fit, self.labels, self._per_column(weights), basis)
            if x.any() and (value := self.cost(x)) < least:
                best, least = x, value
        return best, least

    def start(self, weights: Doubles) -> Doubles:
        """The vertex of least weighted l1 norm."""
        from milpsparse.lp_search.kernels import vertex

        cost = self._per_column(weights * self.counted)
        return np.asarray(vertex(self.fit, self.labels, cost, self._none)[0])

    @cached_property
    def _none(self) -> NDArray[np.int64]:
        return np.zeros(0, dtype=np.int64)

    def _per_column(self, weights: Doubles) -> Doubles:
        return np.asarray((weights[self.block] * self.sizes).sum(axis=1))
