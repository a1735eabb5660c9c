"""Oracles for tests: fewest neurons and parameters of tiny instances, by trying every network.

They share nothing with the package: patterns come from a linear program per sign vector.
"""

import itertools

import highspy
import numpy as np
from scipy.optimize import linprog

from milpsparse.instance import Instance


def tiny(N, d, seed, bound=8.0, skip=False, count_bias=None):
    """Small data on a coarse grid, so that signs, ties and collinear points occur."""
    rng = np.random.default_rng(seed)
    while True:
        X = rng.integers(-4, 5, (N, d)) / 4
        if len(np.unique(X, axis=0)) == N:
            y = rng.integers(-6, 7, N) / 4
            return Instance(X=X, y=y, bound=bound, skip=skip, count_bias=count_bias)


class BruteForce:
    """Feasibility of multisets of neuron types (sign, pattern, support), one warm LP each."""

    def __init__(self, instance, counted):
        self.instance, N = instance, instance.n_samples
        xb = np.column_stack([instance.X, np.ones(N)])
        D = xb.shape[1]
        self.types, columns, cones = [], [], []
        for bits in self._patterns(xb):
            for sign in (1, -1):
                for support in counted(D):
                    self.types.append((len(columns), len(support)))
                    for j in support:
                        columns.append(sign * bits * xb[:, j])
                    cones.append((bits, support))
        free = xb if instance.skip else xb[:, :0]
        self.n = len(columns)
        A = np.column_stack([*columns, free])
        rows, at = [], 0
        for bits, support in cones:
            block = np.zeros((N, A.shape[1]))
            block[:, at : at + len(support)] = np.where(bits, 1, -1)[:, None] * xb[:, support]
            rows.append(block)
            at += len(support)
        self.h = h = highspy.Highs()
        h.setOptionValue("output_flag", False)
        h.setOptionValue("presolve", "off")
        inf = highspy.kHighsInf
        lower = np.concatenate([np.zeros(self.n), np.full(free.shape[1], -inf)])
        h.addVars(A.shape[1], lower, np.where(lower < 0, inf, 0.0))
        A = np.vstack([A, *rows])
        y = np.concatenate([instance.y, np.zeros(len(A) - N)])
        top = np.concatenate([instance.y, np.full(len(A) - N, inf)])
        i, j = np.nonzero(A)
        starts = np.searchsorted(i, np.arange(len(A))).astype(np.int32)
        h.addRows(len(A), y, top, len(j), starts, j.astype(np.int32), A[i, j])

    @staticmethod
    def _patterns(xb):
        for bits in itertools.product([0, 1], repeat=len(xb)):
            side = np.where(bits, 1.0, -1.0)[:, None] * xb
            if (
                any(bits)
                and linprog(
                    np.zeros(xb.shape[1]), A_ub=-side, b_ub=-np.ones(len(xb)), bounds=(None, None)
                ).success
            ):
                yield np.array(bits)

    def fits(self, chosen):
        """Whether this multiset of types interpolates the data within the bound."""
        for t in set(chosen):
            self._allow(t, chosen.count(t) * self.instance.bound)
        self.h.run()
        status = self.h.getModelStatus()
        for t in set(chosen):
            self._allow(t, 0.0)
        return status == highspy.HighsModelStatus.kOptimal

    def _allow(self, t, bound):
        start, width = self.types[t]
        index = np.arange(start, start + width, dtype=np.int32)
        self.h.changeColsBounds(width, index, np.full(width, -bound), np.full(width, bound))


def fewest_neurons(instance):
    brute = BruteForce(instance, lambda D: [list(range(D))])
    for K in itertools.count():
        if any(
            brute.fits(c)
            for c in itertools.combinations_with_replacement(range(len(brute.types)), K)
        ):
            return K
    return None


def fewest_parameters(instance):
    """Biases counted, or uncounted with a skip connection (no free constants)."""
    d = instance.n_features

    def supports(D):
        entries = range(D) if instance.count_bias else range(d)
        always = [] if instance.count_bias else [d]
        return [[*s, *always] for r in range(1, D + 1) for s in itertools.combinations(entries, r)]

    brute = BruteForce(instance, supports)
    price = [w - (not instance.count_bias) for _, w in brute.types]
    by_price = {p: [t for t, q in enumerate(price) if q == p] for p in set(price)}
    for S in itertools.count():
        for parts in partitions(S, max(by_price)):
            pools = [
                itertools.combinations_with_replacement(by_price.get(p, []), parts.count(p))
                for p in sorted(set(parts))
            ]
            if any(brute.fits(sum(c, ())) for c in itertools.product(*pools)):
                return S
    return None


def partitions(n, largest):
    if n == 0:
        yield []
    for first in range(min(n, largest), 0, -1):
        for rest in partitions(n - first, first):
            yield [first, *rest]
