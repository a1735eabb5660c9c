"""Activation search against all activation patterns, MIP models and its own proofs; its parts."""

import itertools
import json
import time
from fractions import Fraction

import numpy as np
import pytest
from scipy.optimize import linprog

import milpsparse as ms
from milpsparse import level_search, split_search
from milpsparse.algorithms import activation_search
from milpsparse.errors import BadInput, Unsupported
from milpsparse.exact_rows import ExactRows, Row
from milpsparse.family import generate
from milpsparse.instance import Instance
from milpsparse.level_search import Level
from milpsparse.method import Limits
from milpsparse.network import Network, from_exact
from milpsparse.objective import parse_objective
from milpsparse.proof import ProofError, verify_lines
from milpsparse.proof_tree import Problem
from milpsparse.proof_writer import nodes_of
from milpsparse.sample import Sample, subset
from milpsparse.sparsify import sparsify
from milpsparse.split_search import Found, Kind, SplitSearch, Witnesses, kind_of

NEURONS, PARAMETERS = parse_objective("neurons"), parse_objective("parameters")
PATIENCE_S = 60.0  # for what takes a second on a machine that is not busy
EPSILON = 1e-6  # of linear programs in doubles

def searched(instance, objective="neurons", options="", time_limit_s=PATIENCE_S, **limits):
    """The checked answer of an activation search."""
    method = f"activation_search{options}"
    return ms.solve(instance, objective, method, time_limit_s=time_limit_s, **limits)


def proved(instance, objective="neurons", **limits):
    """The answer of a search that must end with an exact network, and its claim if it has a proof.

    Where a theorem gives as much, there is no proof.
    """
    found = searched(instance, objective, **limits)
    assert (found.verdict.verdict, found.termination) == ("ok", "optimal")
    assert found.dual_bound == found.primal_bound == found.answer.claimed_dual_bound
    assert found.verdict.dual_bound_scope == "all" or instance.bound is not None
    assert found.evidence == ("theorem" if found.proof is None else "proof")
    net = found.network.exact
    assert (net(instance.X_exact) == instance.y_exact).all()
    assert instance.bound is None or net.largest <= instance.bound
    if found.proof is None:
        return found, None
    claim = verify_lines(found.proof, instance)
    assert (claim.objective, claim.at_least) == (objective, found.primal_bound)
    assert (claim.bound, claim.tied) == (instance.bound, True)
    assert claim.scope == ("all" if instance.bound is None else "within_bound")
    assert claim.n_leaves > 0
    return found, claim


# --- the truth, by trying all activation patterns ---------------------------------------------


class Truth:
    """Whether a network of a cost fits: one linear program for each choice of neurons.

    A neuron is a sign, the entries that may be nonzero, and an open cell of the hyperplanes that
    the points cut out of these entries; closed cells cover all, and larger cells hold smaller ones.
    """

    def __init__(self, instance, objective):
        d, bias = instance.n_features, instance.count_bias
        self.y, self.bound = instance.y, instance.bound
        self.x = np.column_stack([instance.X, np.ones(instance.n_samples)])
        self.free = self.x if instance.skip else self.x[:, :0]
        kinds = [(tuple(range(d + 1)), 1)]  # entries and cost
        if objective == "parameters":
            counted = range(d + bias)
            some = [s for n in counted for s in itertools.combinations(counted, n + 1)]
            kinds = [(s if bias else (*s, d), len(s)) for s in some]
            if not bias and not instance.skip:
                self.free = self.x[:, d:]
        self.neurons = {}
        for entries, cost in kinds:
            cells = [p for p in self.cells(self.x[:, entries]) if any(p)]
            for one in itertools.product((1, -1), [entries], cells):
                self.neurons.setdefault(cost, []).append(one)

    @staticmethod
    def cells(points):
        """Which of the points are on the positive side, for every cell; point 0 is on none."""
        found = [[]]
        for i, point in enumerate(points):
            sides = (True, False) if point.any() else (False,)
            found = [[*p, side] for p in found for side in sides if Truth.is_cell(points, p, side)]
            assert len(found) <= 2 ** (i + 1)
        return found

    @staticmethod
    def is_cell(points, pattern, side):
        sides = np.where([*pattern, side], -1.0, 1.0)[:, None] * points[: len(pattern) + 1]
        sides = sides[sides.any(axis=1)]
        n = points.shape[1]
        return linprog(np.zeros(n), sides, -np.ones(len(sides)), bounds=(None, None)).status == 0

    def has(self, cost):
        """Whether a network fits at just this cost; then one fits at any higher cost."""
        for parts in partitions(cost, max(self.neurons, default=0)):
            sets = [
                itertools.combinations_with_replacement(self.neurons.get(p, []), parts.count(p))
                for p in sorted(set(parts))
            ]
            if any(self.fits(sum(chosen, ())) for chosen in itertools.product(*sets)):
                return True
        return False

    def fits(self, chosen):
        N, at = len(self.y), sum(len(entries) for _, entries, _ in chosen)
        if at + self.free.shape[1] == 0:
            return not self.y.any()
        A, cones, first = np.zeros((N, at + self.free.shape[1])), [np.zeros((0, 0))], 0
        A[:, at:] = self.free
        cones = [np.zeros((1, A.shape[1]))]
        for sign, entries, pattern in chosen:
            columns = slice(first, first + len(entries))
            A[:, columns] = sign * np.array(pattern)[:, None] * self.x[:, entries]
            cones.append(np.zeros(A.shape))
            cones[-1][:, columns] = np.where(pattern, -1, 1)[:, None] * self.x[:, entries]
            first += len(entries)
        box = (None, None) if self.bound is None else (-self.bound, self.bound)
        bounds = [box] * at + [(None, None)] * self.free.shape[1]
        G = np.vstack(cones)
        return linprog(np.zeros(A.shape[1]), G, np.zeros(len(G)), A, self.y, bounds).status == 0


def partitions(n, largest):
    if n == 0:
        yield []
    for first in range(min(n, largest), 0, -1):
        for rest in partitions(n - first, first):
            yield [first, *rest]


def tiny(seed, N, d, over=1, shape="", top=3, **fields):
    """Small fractions; points may be collinear, or be there twice."""
    rng = np.random.default_rng(seed)
    X = np.unique(rng.integers(-3, 4, (4 * N, d)), axis=0)
    X = X[rng.permutation(len(X))[:N]]
    if shape == "line":
        X = rng.permutation(range(-3, 4))[:N, None] * np.array([1, -2]) + [1, 0]
    if shape == "twice":
        X = np.vstack([X, X[: N // 2]])
    y = rng.integers(-top, top + 1, N)
    y = np.concatenate([y, y[: len(X) - N]])
    X = [[str(Fraction(int(v), over)) for v in row] for row in X]
    return Instance(X=X, y=[str(Fraction(int(v), over)) for v in y], name=f"tiny{seed}", **fields)
