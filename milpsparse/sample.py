"""A sample of the data that grows by the points that a network misses."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from milpsparse.instance import Instance
from milpsparse.network import Network

FIRST = 300  # points of the first sample
WORST = 8  # missed points that are added at once
CHUNK = 2**17  # numbers that are scanned at once: they stay in the cache


class Sample:
    """Rows of an instance: random ones at first, all where there are few."""

    def __init__(self, instance: Instance, seed: int = 0, first: int = FIRST) -> None:
        self.whole = instance
        N = instance.n_samples
        chosen = np.random.default_rng(seed).choice(N, min(N, first), replace=False)
        self.rows: NDArray[np.int64] = np.sort(chosen)
        self._gather()

    def _gather(self) -> None:
        self.__dict__.pop("_instance", None)
        ones = np.ones((len(self.rows), 1))
        self.points: NDArray[np.float64] = np.column_stack([self.whole.X[self.rows], ones])
        self.labels: NDArray[np.float64] = self.whole.y[self.rows]

    def instance(self) -> Instance:
        """The instance of these points alone, exact cells included."""
        return self._instance

    @cached_property
    def _instance(self) -> Instance:
        return subset(self.whole, self.rows)

    def add_missed(self, network: Network, tolerance: float, most: int = WORST) -> int:
        """Add the points that a network misses most, by more than the tolerance; their number."""
        off = misses(self.whole, network)
        worst = np.argsort(-off, kind="stable")[:most] if len(off) < 1000 else _largest(off, most)
        worst = worst[off[worst] > tolerance]
        added = np.setdiff1d(worst, self.rows)
        if len(added):
            self.rows = np.union1d(self.rows, added)
            self._gather()
        return len(worst)


def _largest(values: NDArray[np.float64], n: int) -> NDArray[np.int64]:
    at = np.argpartition(-values, n)[:n]
    return at[np.argsort(-values[at], kind="stable")]


def subset(instance: Instance, rows: NDArray[np.int64]) -> Instance:
    """The instance of some of the points: the same bound and flags, no known values."""
    at = {int(row): i for i, row in enumerate(rows)} if instance.spelled else {}
    spelled = {(at[i], j): v for (i, j), v in instance.spelled.items() if i in at}
    return Instance(
        X=instance.X[rows],
        y=instance.y[rows],
        bound=instance.bound,
        skip=instance.skip,
        count_bias=instance.count_bias,
        name=f"{instance.name}[{len(rows)} points]",
        spelled=spelled,
    )


def misses(instance: Instance, network: Network) -> NDArray[np.float64]:
    """|f(x_i) - y_i| in doubles for all points, in chunks: memory does not grow with neurons."""
    weights, signs = network.weights.T.astype(float), network.signs.astype(float)
    step = max(1, CHUNK // max(1, len(signs) + instance.n_features))
    off = np.empty(instance.n_samples)
    for first in range(0, len(off), step):
        rows = slice(first, first + step)
        z = instance.X[rows] @ weights
        z += network.biases.astype(float)
        out = np.maximum(z, 0.0, out=z) @ signs
        if network.skip is not None:
            out += instance.X[rows] @ network.skip.weights.astype(float) + float(network.skip.bias)
        off[rows] = abs(out - instance.y[rows])
    return off
