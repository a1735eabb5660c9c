"""Bases of neuron outputs: N independent columns that fit any labels, chosen for low cost.

Candidates are neurons with one input. Which of them make a good basis is found by linear programs
in doubles; the coefficients on the basis are then solved for in rationals.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from milpsparse.bounds import best_bound
from milpsparse.instance import Instance
from milpsparse.network import Network, from_exact
from milpsparse.objective import Objective
from milpsparse.rational import Rational, independent_columns, rationals, solve
from milpsparse.rewrite import drop_zeros

MAX_STARTS = 100  # vertices tried for a cheap basis


@dataclass(frozen=True)
class PointData:
    """Distinct points, sorted along `direction`, on which their positions t differ."""

    X: Rational
    y: Rational
    direction: Rational
    t: Rational


def distinct_points(instance: Instance) -> PointData:
    """The points without repetitions, in order along a direction that tells them apart."""
    rows = {tuple(x): y for x, y in zip(instance.X_exact.tolist(), instance.y_exact, strict=True)}
    X = np.array(list(rows), dtype=object).reshape(len(rows), -1)
    direction = next(w for w in _directions(instance.n_features) if _separates(X, w))
    t = X @ direction
    order = sorted(range(len(t)), key=lambda i: t[i])
    return PointData(
        X[order], np.array(list(rows.values()), dtype=object)[order], direction, t[order]
    )


def _directions(d: int) -> Iterator[Rational]:
    """Coordinates first, then (1, q, q^2, ...) for q = 1/2, 1/4, ...: some q separates all points,
    since two points agree on it only at roots of a polynomial in q.
    """
    for j in range(d):
        yield rationals([int(i == j) for i in range(d)])
    k = 1
    while True:
        yield rationals([Fraction(1, 2 ** (k * j)) for j in range(d)])
        k += 1


def _separates(X: Rational, direction: Rational) -> bool:
    return len(set((X @ direction).tolist())) == len(X)


def candidate_neurons(instance: Instance, data: PointData) -> Rational:
    """Path parameters of neurons that span all labels, shape (n, d + 1).

    First 1 and relu(+-x_j), which have one parameter; then hinges along the separating direction;
    then hinges along every coordinate, both ways.
    """
    d = instance.n_features
    unit, down = rationals(np.eye(d + 1)), rationals(-np.eye(d + 1))
    rows = [unit[d], *unit[:d], *down[:d]]
    rows += [np.array([*data.direction, -t], dtype=object) for t in data.t]
    for j in range(d):
        for t in sorted(set(data.X[:, j].tolist()))[:-1]:
            for up in (unit, down):
                hinge = up[j].copy()
                hinge[d] = -t * up[j, j]
                rows.append(hinge)
    return np.array(rows, dtype=object)


def spanning(instance: Instance, data: PointData) -> int:
    """How many of the first candidates span all labels: 1, relu(+-x_j), the first hinges."""
    return 2 * instance.n_features + 1 + len(data.t)


def _outputs(data: PointData, candidates: Rational) -> Rational:
    """Outputs of candidate neurons on the data, shape (N, n)."""
    values = np.column_stack([data.X, rationals(np.ones((len(data.X), 1)))]) @ candidates.T
    return np.asarray(np.where(values > 0, values, 0 * values))


def cheap_first(
    instance: Instance, objective: Objective, data: PointData, candidates: Rational
) -> list[int]:
    """Candidates of the best of several vertices that fit the labels, then some that span all.

    Each vertex minimises a weighted l1 norm (weights: the objective's price of a candidate times
    a random factor), so it has at most N candidates with small coefficients; what a vertex costs
    is counted with the copies that its coefficients need within the bound. A vertex that costs no
    more than almost all labels take is the last.
    """
    neurons = candidates.astype(float)
    lp = _FitProgram(instance, data, neurons)
    counted = neurons if instance.count_bias else neurons[:, :-1]
    price = np.count_nonzero(counted, axis=1).astype(float)
    if objective.kind == "neurons":
        price = np.ones(len(candidates))
    largest = abs(neurons).max(axis=1)
    bound = np.inf if instance.bound is None else instance.bound
    rng = np.random.default_rng(0)
    best, best_price = np.zeros(len(candidates)), np.inf
    least = generic_price(instance, objective)
    for start in range(max(1, min(MAX_STARTS, 2_000_000 // lp.size))):
        factor = rng.uniform(0.25, 4.0, len(candidates)) if start else np.ones(len(candidates))
        if start % 4:  # most vertices shun the dear ones
            factor[price > price.min()] *= 50.0
        size = lp.vertex((price + 1e-3) * factor)
        if size is None:
            break
        total = float(price @ np.where(size > 1e-9, np.ceil(size * largest / bound - 1e-9), 0.0))
        if bound == np.inf:
            total = float(price @ (size > 1e-9))
        if total < best_price:
            best, best_price = size, total
        if best_price <= least:
            break
    used = [int(c) for c in np.argsort(-best, kind="stable") if best[c] > 1e-9]
    return used + [c for c in range(spanning(instance, data)) if c not in used]


def generic_price(instance: Instance, objective: Objective) -> float:
    """A price below which almost no labels can be fitted; 0 where none is known."""
    bound = best_bound(instance, objective, "generic") if objective.counts else None
    return 0.0 if bound is None else float(bound.value)


class _FitProgram:
    """Fits as a linear program in the coefficients c+ - c- of the candidates, kept warm."""

    def __init__(
        self, instance: Instance, data: PointData, candidates: NDArray[np.float64]
    ) -> None:
        import highspy

        N, self.n = len(data.y), len(candidates)
        points = np.column_stack([data.X.astype(float), np.ones(N)])
        A = np.maximum(points @ candidates.T, 0.0)
        free = points if instance.skip else points[:, :0]
        columns = np.column_stack([A, -A, free])
        width, y, infinity = columns.shape[1], data.y.astype(float), highspy.kHighsInf
        self.size = columns.size
        self.highs = h = highspy.Highs()
        for option, value in (("output_flag", False), ("solver", "simplex"), ("threads", 1)):
            h.setOptionValue(option, value)
        lower = np.concatenate([np.zeros(2 * self.n), np.full(free.shape[1], -infinity)])
        h.addVars(width, lower, np.full(width, infinity))
        starts, index = np.arange(N, dtype=np.int32) * width, np.tile(np.arange(width), N)
        h.addRows(N, y, y, columns.size, starts, index.astype(np.int32), columns.ravel())

    def vertex(self, cost: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """Sizes |c| of the candidates at an optimal vertex, or None."""
        import highspy

        n = self.n
        self.highs.changeColsCost(2 * n, np.arange(2 * n, dtype=np.int32), np.tile(cost, 2))
        self.highs.run()
        if self.highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        z = np.array(self.highs.getSolution().col_value)
        return np.asarray(abs(z[:n] - z[n : 2 * n]))


def fit_on_basis(
    instance: Instance, data: PointData, candidates: Rational, order: Sequence[int]
) -> Network:
    """Coefficients on the first independent outputs of the candidates, N together with the skip."""
    d, N = instance.n_features, len(data.y)
    n_free = d + 1 if instance.skip else 0
    points = np.column_stack([data.X, rationals(np.ones((N, 1)))])
    for first in (N, len(order)):  # the first ones are enough in most cases
        neurons = candidates[list(order[:first])]
        columns = np.column_stack([points[:, :n_free], _outputs(data, neurons)])
        chosen = independent_columns(columns)
        if len(chosen) == N:
            break
    values = solve(columns[:, chosen], data.y)
    if values is None or len(chosen) != N:
        raise AssertionError("hinges along a separating direction span all labels")
    skip = rationals(np.zeros(d + 1)) if instance.skip else None
    terms = []
    for c, value in zip(chosen, values, strict=True):
        if c >= n_free:
            terms.append((value, list(neurons[c - n_free])))
        elif skip is not None:
            skip[c] = value
    return network_of(terms, d, skip)


def network_of(
    neurons: list[tuple[Fraction, list[Fraction]]], d: int, skip: list[Fraction] | Rational | None
) -> Network:
    """Neurons as (coefficient v, u): sign and path parameters |v| u; zeros dropped."""
    live = [(v, u) for v, u in neurons if v != 0]
    signs = [1 if v > 0 else -1 for v, _ in live]
    path = [[abs(v) * entry for entry in u] for v, u in live]
    return drop_zeros(from_exact(signs, path, d, skip), skip is not None)
