"""Multistart: Levenberg-Marquardt from many random networks, the smallest size first.

For each number of neurons K, and each split of K by sign, starts are drawn with hinges through
random data points; one that fits a sample of the data to 1e-10 is scanned on all points, refitted
exactly and answered. It finds planted networks in milliseconds where a solver takes minutes; it
proves nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from milpsparse.answer import Answer, Termination
from milpsparse.basis import generic_price
from milpsparse.bounds import best_bound
from milpsparse.construct import best_construction
from milpsparse.errors import Unsupported
from milpsparse.instance import Instance
from milpsparse.method import Algorithm, Limits, Option
from milpsparse.network import Network, Skip
from milpsparse.objective import Objective
from milpsparse.refit import polish_sample
from milpsparse.sample import Sample
from milpsparse.sparsify import sparsify

FIT, MISS = 1e-10, 1e-7  # largest residual of a fit, and on other points, relative to max |y|
FIRST = 25  # starts of each size in the first round, four times as many in the next
CHEAP = 4  # neurons up to which each size gets all starts
BATCH = 25  # starts of a split between looks at the clock
ROUNDS = 20  # samples enlarged before a fit is given up
PATIENCE = 4  # networks of one size that are no sparser than the best one, in a row


def run(
    instance: Instance, objective: Objective, limits: Limits, *, starts: int = 2000, fewest: int = 1
) -> Answer:
    """The smallest network found, or the construction's."""
    best: Network | None = None
    search = _Search(instance, objective, limits)
    theorem = best_bound(instance, Objective("neurons"), "theorem")
    fewest = max(fewest, int(theorem.value) if theorem else 1)
    most = search.most
    status = f"no network of up to {most} neurons found"
    budget, spent = FIRST, 0
    while spent < starts and fewest <= most and limits.left() > 0.02:
        for K in range(fewest, most + 1):  # a few starts for each size, then more for the smaller
            found = search.network(K, _share(min(budget, starts - spent), K))
            if found is not None:
                status = f"a network of {K} neurons"
                most = K if objective.kind == "parameters" else K - 1
                if best is None or search.value(found) < search.value(best):
                    best = found
                break
        spent, budget = spent + budget, 4 * budget
    if best is None or search.value(best) > instance.n_samples:
        best = _smaller(instance, objective, best)
    return Answer(
        objective=str(objective),
        termination=Termination.FEASIBLE if best is not None else Termination.TIME_LIMIT,
        network=best,
        claimed_primal_bound=None if best is None else search.value(best),
        raw_status=status,
        stats={"starts": search.tried, "sample": len(search.sample.rows)},
    )


def _share(starts: int, K: int) -> int:
    """Fewer starts for more neurons: one takes time like K^2 to K^3, and succeeds more often."""
    return max(2, int(starts * min(1.0, (CHEAP / K) ** 2)))


def _smaller(instance: Instance, objective: Objective, found: Network | None) -> Network | None:
    """The better one of a network and the construction, which few points or a skip make small."""
    try:
        built = best_construction(instance, objective)
    except Unsupported:
        return found
    return min((n for n in (built, found) if n), key=lambda n: instance.value(n, objective))


class _Search:
    """Random starts on a sample of the points that grows by those that a fit misses."""

    def __init__(self, instance: Instance, objective: Objective, limits: Limits) -> None:
        self.instance, self.objective, self.limits = instance, objective, limits
        self.rng = np.random.default_rng(limits.seed)
        self.sample = Sample(instance, limits.seed)
        self.scale = float(abs(instance.y).max()) or 1.0
        self.most = max(1, min(30, 150 // (instance.n_features + 1)))
        self.bound = math.inf if instance.bound is None else instance.bound
        few_neurons = objective.kind == "neurons"  # all networks of one size are worth the same
        self.enough = math.inf if few_neurons else generic_price(instance, objective)
        self.tried = 0

    def value(self, network: Network) -> float:
        """The objective's value of a network."""
        return self.instance.value(network, self.objective)

    def network(self, K: int, starts: int) -> Network | None:
        """A network of K neurons through all points within B, exact where the refit succeeds.

        The first one found; of parameters, the sparsest of several.
        """
        splits = list(self._splits(K))
        left = -(-starts // len(splits))  # of each split
        best, in_vain = None, 0
        while left > 0:
            for signs in splits:
                if self.limits.left() <= 0.02:
                    return best
                found = self._batch(signs, min(left, BATCH))
                if found is None or found.n_neurons(self.instance.skip) > K:
                    continue
                if best is None or self.value(found) < self.value(best):
                    best, in_vain = found, 0
                else:
                    in_vain += 1
                if self.value(best) <= self.enough or in_vain == PATIENCE:
                    return best
            left -= BATCH
        return best

    def _splits(self, K: int) -> Iterator[NDArray[np.float64]]:
        """Signs of K neurons; without a skip connection labels of a sign need a neuron of it."""
        y = self.instance.y
        for plus in range(K, -1, -1):
            covered = (plus > 0 or not np.any(y > 0)) and (plus < K or not np.any(y < 0))
            if self.instance.skip or covered:
                yield np.repeat([1.0, -1.0], [plus, K - plus])

    def _starts(self, signs: NDArray[np.float64], n: int) -> NDArray[np.float64]:
        """Random weights; each hinge passes through a random point of the sample."""
        xb, D, K = self.sample.points, self.instance.n_features + 1, len(signs)
        u = self.rng.standard_normal((n, K, D)) * self._size()
        through = xb[self.rng.integers(len(xb), size=(n, K)), :-1]
        u[:, :, -1] = -(u[:, :, :-1] * through).sum(axis=2)
        return np.hstack([u.reshape(n, K * D), np.zeros((n, D if self.instance.skip else 0))])

    def _size(self) -> float:
        """The root of the mean square of the labels."""
        mean = float(np.mean((self.sample.labels / self.scale) ** 2))
        return self.scale * (mean**0.5 or 1.0)

    def _batch(self, signs: NDArray[np.float64], n: int) -> Network | None:
        """The first of some starts that ends in a network for all points."""
        from milpsparse.fit_kernels import first_fit

        starts, tolerance = self._starts(signs, n), FIT * self.scale
        while len(starts):
            sample = self.sample
            at = first_fit(
                sample.points,
                sample.labels,
                signs,
                starts,
                self.bound,
                100 * tolerance,
                tolerance,
                100,
            )
            self.tried += len(starts) if at < 0 else at + 1
            if at < 0:
                return None
            found = self._on_all_points(signs, starts[at])
            if found is not None:
                return found
            starts = starts[at + 1 :]
        return None

    def _on_all_points(
        self, signs: NDArray[np.float64], theta: NDArray[np.float64]
    ) -> Network | None:
        """Scan all points, and go on with those that were missed."""
        from milpsparse.fit_kernels import fit

        tolerance = FIT * self.scale
        for _ in range(ROUNDS):
            network = self._as_network(signs, theta)
            if not self._fits_bound(network):
                return None
            if not self.sample.add_missed(network, MISS * self.scale):
                return self._exact(network)
            sample = self.sample
            off = fit(sample.points, sample.labels, signs, theta, self.bound, tolerance, 100)
            if not off <= 100 * tolerance:
                return None
        return None

    def _exact(self, network: Network) -> Network | None:
        """Refitted, and of parameters, the sparser one with the same activations."""
        found = polish_sample(self.sample, network, self.objective)
        if found is None or self.objective.kind != "parameters":
            return found
        rough = sparsify(self.sample.instance(), found)
        other = None if rough is None else polish_sample(self.sample, rough, self.objective)
        if other is None or not other.exact or self.value(other) >= self.value(found):
            return found
        return other

    def _as_network(self, signs: NDArray[np.float64], theta: NDArray[np.float64]) -> Network:
        K, D = len(signs), self.instance.n_features + 1
        u = theta[: K * D].reshape(K, D).copy()
        skip = Skip(theta[K * D : -1].copy(), float(theta[-1])) if len(theta) > K * D else None
        return Network(signs.astype(int), u[:, :-1], u[:, -1], skip)

    def _fits_bound(self, network: Network) -> bool:
        return bool(network.largest <= self.bound * (1 + 1e-9))


def prepare() -> None:
    """Compile the fit."""
    from milpsparse.fit_kernels import first_fit, fit

    xb, y, signs, start = np.ones((2, 2)), np.ones(2), np.ones(1), np.ones((1, 2))
    first_fit(xb, y, signs, start, 1.0, 1e-9, 1e-9, 1)
    fit(xb, y, signs, start[0], 1.0, 1e-9, 1)


def refuses(instance: Instance, objective: Objective, options: Any) -> str | None:
    """Networks with a free constant but no skip connection are of another kind."""
    if not instance.skip and not instance.count_bias and objective.kind == "parameters":
        return "takes instances with a skip connection or with biases counted"
    return None


ALGORITHM = Algorithm(
    summary="Levenberg-Marquardt from random starts, refitted exactly: finds small networks fast",
    objectives=frozenset({"neurons", "parameters"}),
    run=run,
    prepare=prepare,
    refuses=refuses,
    options={
        "starts": Option(2000, "random starts for each number of neurons", low=1),
        "fewest": Option(1, "neurons that are tried first", low=1),
    },
)
