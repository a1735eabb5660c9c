"""Constructions: exact networks that always interpolate, whatever the data.

One-parameter neurons relu(x_j), relu(-x_j) and 1 span r0 dimensions of the label space; hinges
relu(x_j - t) along a coordinate (or a generic direction) that separates the points span the rest.
A basis of N of these outputs fits any labels: at most 2 N - r0 parameters with biases counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np

from milpsparse.errors import Unsupported
from milpsparse.instance import Instance
from milpsparse.network import Network, from_exact
from milpsparse.objective import Objective
from milpsparse.rational import Rational, independent_columns, rationals, solve
from milpsparse.rewrite import drop_zeros, split

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
    for network in constructions(instance):
        try:
            networks.append(split(network, instance.bound_exact))
        except Unsupported as error:
            refusal = error
    if not networks and refusal is not None:
        raise refusal
    return min(networks, key=lambda n: n.value(objective, **flags))


def constructions(instance: Instance) -> Iterator[Network]:
    """All of them, not yet split to fit the bound."""
    data = _distinct(instance)
    yield _hinges(instance, data)
    if (affine := _affine(instance, data)) is not None:
        yield affine
    if len(data.y) <= MAX_BASIS:
        yield _basis(instance, data, atoms_first=True)
        if instance.skip or not instance.count_bias:
            yield _basis(instance, data, atoms_first=False)


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


def _basis(instance: Instance, data: _Data, atoms_first: bool) -> Network:
    """Coefficients on the first N independent outputs of a list of candidate neurons."""
    d, N = instance.n_features, len(data.y)
    one = rationals(np.ones((N, 1)))
    points = np.column_stack([data.X, one])
    unit = rationals(np.eye(d + 1))
    free = list(unit) if instance.skip else []
    atoms = [unit[d], *unit[:d], *(-unit[:d])]
    hinges = [np.array([*data.direction, -t], dtype=object) for t in data.t]
    candidates = [*atoms, *hinges] if atoms_first else [unit[d], *hinges, *atoms[1:]]
    outputs = points @ np.array(candidates, dtype=object).T
    columns = np.column_stack([points[:, : len(free)], np.where(outputs > 0, outputs, 0 * outputs)])
    chosen = independent_columns(columns)
    values = solve(columns[:, chosen], data.y)
    if values is None or len(chosen) != N:
        raise AssertionError("hinges along a separating direction span all labels")
    skip = None
    if instance.skip:
        skip = rationals(np.zeros(d + 1))
        for c, value in zip(chosen, values, strict=True):
            if c < len(free):
                skip[c] = value
    neurons = [
        (value, list(candidates[c - len(free)]))
        for c, value in zip(chosen, values, strict=True)
        if c >= len(free)
    ]
    return _network(neurons, d, skip)


def _network(
    neurons: list[tuple[Fraction, list[Fraction]]], d: int, skip: list[Fraction] | Rational | None
) -> Network:
    """Neurons as (coefficient v, u): sign and path parameters |v| u; zeros dropped."""
    live = [(v, u) for v, u in neurons if v != 0]
    signs = [1 if v > 0 else -1 for v, _ in live]
    path = [[abs(v) * entry for entry in u] for v, u in live]
    return drop_zeros(from_exact(signs, path, d, skip), skip is not None)
