"""Constructions: exact networks that always interpolate, whatever the data.

One-parameter neurons relu(x_j), relu(-x_j) and 1 span r0 dimensions of the label space; hinges
relu(x_j - t) along a coordinate (or a generic direction) that separates the points span the rest.
A basis of N of these outputs fits any labels: at most 2 N - r0 parameters with biases counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from milpsparse.errors import Unsupported
from milpsparse.instance import Instance
from milpsparse.network import Network, from_exact
from milpsparse.objective import Objective
from milpsparse.rational import Rational, independent_columns, rationals, solve
from milpsparse.rewrite import drop_zeros, split

MAX_STARTS = 100  # vertices tried for a cheap basis
MAX_HINGES = 5000  # points; a network of as many neurons is checked in seconds
MAX_BASIS = 100  # points for which the N x N system is solved; beyond it, hinges alone, in O(N)


def best_construction(instance: Instance, objective: Objective) -> Network:
    """The construction of least value, split so that it fits the bound; exact.

    Raises
    ------
    Unsupported
        Only when fitting the bound takes an absurd number of copies.
    """
    flags = {"skip": instance.skip, "count_bias": instance.count_bias}
    networks, refusal = [], None
    for network in constructions(instance, objective):
        try:
            networks.append(split(network, instance.bound_exact))
        except Unsupported as error:
            refusal = error
    if not networks and refusal is not None:
        raise refusal
    return min(networks, key=lambda n: n.value(objective, **flags))


def constructions(instance: Instance, objective: Objective) -> Iterator[Network]:
    """All of them, not yet split to fit the bound.

    Raises
    ------
    Unsupported
        More points than a network of about as many neurons can be evaluated on.
    """
    data = _distinct(instance)
    affine = _affine(instance, data)
    if affine is not None:
        yield affine
    if len(data.y) > MAX_HINGES:
        if affine is None:
            raise Unsupported(
                f"{len(data.y):,} points (limit {MAX_HINGES:,}): a construction needs about as "
                "many neurons, and checking it takes points times neurons"
            )
        return
    yield _hinges(instance, data)
    if len(data.y) <= MAX_BASIS:
        candidates = _candidates(instance, data)
        yield _basis(instance, data, candidates, range(_spanning(instance, data)))
        yield _basis(
            instance, data, candidates, _cheap_first(instance, objective, data, candidates)
        )


@dataclass(frozen=True)
class _Data:
    """Distinct points, sorted along `direction`, on which their positions t differ."""

    X: Rational
    y: Rational
    direction: Rational
    t: Rational


def _distinct(instance: Instance) -> _Data:
    rows = {tuple(x): y for x, y in zip(instance.X_exact.tolist(), instance.y_exact, strict=True)}
    X = np.array(list(rows), dtype=object).reshape(len(rows), -1)
    direction = next(w for w in _directions(instance.n_features) if _separates(X, w))
    t = X @ direction
    order = sorted(range(len(t)), key=lambda i: t[i])
    return _Data(X[order], np.array(list(rows.values()), dtype=object)[order], direction, t[order])


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


def _hinges(instance: Instance, data: _Data) -> Network:
    """The continuous piecewise linear interpolant along the direction: one hinge a kink, O(N)."""
    d, t, y, w = instance.n_features, data.t, data.y, data.direction
    slopes = [(b - a) / (v - u) for (u, a), (v, b) in pairwise(zip(t, y, strict=True))]
    first = slopes[0] if slopes else Fraction(0)
    hinges = [
        (after - before, at) for before, after, at in zip(slopes, slopes[1:], t[1:], strict=False)
    ]
    skip = None
    if instance.skip:
        skip = [*(first * w), y[0] - first * t[0]]
    else:
        hinges = [(first, t[0]), *hinges]
    neurons = [(jump, [*w, -at]) for jump, at in hinges]
    if not instance.skip:
        neurons.append((y[0], [*rationals(np.zeros(d)), Fraction(1)]))
    return _network(neurons, d, skip)


def _affine(instance: Instance, data: _Data) -> Network | None:
    """Labels that are affine in x, z = w.x + b: relu(z) - relu(-z), or the skip connection."""
    columns = np.column_stack([data.X, rationals(np.ones((len(data.X), 1)))])
    keep = independent_columns(columns)
    if len(data.y) > MAX_BASIS and len(keep) < len(data.y):
        rows = independent_columns(columns[: 4 * len(keep)].T)
    else:
        rows = independent_columns(columns.T)
    if len(rows) < len(keep):
        return None
    values = solve(columns[np.ix_(rows, keep)], data.y[rows])
    if values is None:
        return None
    u = rationals(np.zeros(columns.shape[1]))
    u[keep] = values
    if np.any(columns @ u != data.y):
        return None
    if instance.skip:
        return _network([], instance.n_features, list(u))
    neurons = [(Fraction(1), list(u)), (Fraction(-1), list(-u))]
    values = columns @ u
    needed = [
        n for n, used in zip(neurons, (any(values > 0), any(values < 0)), strict=True) if used
    ]
    return _network(needed, instance.n_features, None)


def _candidates(instance: Instance, data: _Data) -> Rational:
    """Path parameters of neurons that span all labels, shape (n, d + 1).

    First 1 and relu(+-x_j), which have one parameter; then hinges along the separating direction;
    then hinges along every coordinate, both ways.
    """
    d = instance.n_features
    unit = rationals(np.eye(d + 1))
    rows = [unit[d], *unit[:d], *(-unit[:d])]
    rows += [np.array([*data.direction, -t], dtype=object) for t in data.t]
    for j in range(d):
        for t in sorted(set(data.X[:, j].tolist()))[:-1]:
            hinge = unit[j] - t * unit[d]
            rows += [hinge, -hinge]
    return np.array(rows, dtype=object)


def _spanning(instance: Instance, data: _Data) -> int:
    """How many of the first candidates span all labels: 1, relu(+-x_j), the first hinges."""
    return 2 * instance.n_features + 1 + len(data.t)


def _outputs(data: _Data, candidates: Rational) -> Rational:
    """Outputs of candidate neurons on the data, shape (N, n)."""
    values = np.column_stack([data.X, rationals(np.ones((len(data.X), 1)))]) @ candidates.T
    return np.asarray(np.where(values > 0, values, 0 * values))


def _cheap_first(
    instance: Instance, objective: Objective, data: _Data, candidates: Rational
) -> list[int]:
    """Candidates of the best of several vertices that fit the labels, then some that span all.

    Each vertex minimises a weighted l1 norm (weights: the objective's price of a candidate times
    a random factor), so it has at most N candidates with small coefficients; what a vertex costs
    is counted with the copies that its coefficients need within the bound.
    """
    lp = _FitProgram(instance, data, candidates.astype(float))
    counted = candidates if instance.count_bias else candidates[:, :-1]
    price = np.count_nonzero(counted, axis=1).astype(float)
    if objective.kind == "neurons":
        price = np.ones(len(candidates))
    largest = abs(candidates).max(axis=1).astype(float)
    bound = np.inf if instance.bound is None else instance.bound
    rng = np.random.default_rng(0)
    best, best_price = np.zeros(len(candidates)), np.inf
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
    used = [int(c) for c in np.argsort(-best, kind="stable") if best[c] > 1e-9]
    return used + [c for c in range(_spanning(instance, data)) if c not in used]


class _FitProgram:
    """Fits as a linear program in the coefficients c+ - c- of the candidates, kept warm."""

    def __init__(self, instance: Instance, data: _Data, candidates: NDArray[np.float64]) -> None:
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


def _basis(instance: Instance, data: _Data, candidates: Rational, order: Sequence[int]) -> Network:
    """Coefficients on the first independent outputs of the candidates, N together with the skip."""
    d, N = instance.n_features, len(data.y)
    n_free = d + 1 if instance.skip else 0
    neurons = candidates[list(order)]
    points = np.column_stack([data.X, rationals(np.ones((N, 1)))])
    columns = np.column_stack([points[:, :n_free], _outputs(data, neurons)])
    chosen = independent_columns(columns)
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
    return _network(terms, d, skip)


def _network(
    neurons: list[tuple[Fraction, list[Fraction]]], d: int, skip: list[Fraction] | Rational | None
) -> Network:
    """Neurons as (coefficient v, u): sign and path parameters |v| u; zeros dropped."""
    live = [(v, u) for v, u in neurons if v != 0]
    signs = [1 if v > 0 else -1 for v, _ in live]
    path = [[abs(v) * entry for entry in u] for v, u in live]
    return drop_zeros(from_exact(signs, path, d, skip), skip is not None)
