"""Constructions: exact networks that always interpolate, whatever the data.

One-parameter neurons relu(x_j), relu(-x_j) and 1, the atoms, span r0 dimensions of the label space;
hinges relu(x_j - t) along a coordinate (or a generic direction) that separates the points span the
rest. A basis of N of these outputs fits any labels: along a coordinate with at most 2 N - r0
parameters if biases are counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

import numpy as np

from milpsparse.affine import is_affine
from milpsparse.basis import (
    PointData,
    candidate_neurons,
    cheap_first,
    distinct_points,
    fit_on_basis,
    network_of,
)
from milpsparse.errors import Unsupported
from milpsparse.instance import Instance
from milpsparse.network import Network
from milpsparse.objective import Objective
from milpsparse.rational import Rational, independent_columns, integers, rationals, solve
from milpsparse.rewrite import split

MAX_HINGES = 5000  # points; a network of as many neurons is checked in seconds
MAX_ATOMS = 300  # points for which atoms take the place of hinges; beyond it, hinges alone
MAX_BASIS = 100  # points for which bases are compared and the N x N system is solved


def best_construction(instance: Instance, objective: Objective) -> Network:
    """The construction of least value, split so that it fits the bound; exact.

    Raises
    ------
    Unsupported
        Only when fitting the bound takes an absurd number of copies.
    """
    networks, refusal = [], None
    for network in constructions(instance, objective):
        try:
            networks.append(split(network, instance.bound_exact))
        except Unsupported as error:
            refusal = error
    if not networks and refusal is not None:
        raise refusal
    return min(networks, key=lambda n: instance.value(n, objective))


def constructions(instance: Instance, objective: Objective) -> Iterator[Network]:
    """All of them, not yet split to fit the bound.

    Raises
    ------
    Unsupported
        More points than a network of about as many neurons can be evaluated on.
    """
    if instance.n_distinct > MAX_HINGES and not is_affine(instance):
        raise Unsupported(_too_many(instance.n_distinct))
    data = distinct_points(instance)
    affine = _affine(instance, data)
    if affine is not None:
        yield affine
    if len(data.y) > MAX_HINGES:
        if affine is None:
            raise Unsupported(_too_many(len(data.y)))
        return
    yield _hinges(instance, data)
    if len(data.y) <= MAX_ATOMS:
        yield _atoms_and_hinges(instance, data)
    if len(data.y) <= MAX_BASIS:
        candidates = candidate_neurons(instance, data)
        yield fit_on_basis(
            instance, data, candidates, cheap_first(instance, objective, data, candidates)
        )


def _too_many(N: int) -> str:
    return (
        f"{N:,} points (limit {MAX_HINGES:,}): a construction needs about as many neurons, and "
        "checking it takes points times neurons"
    )


def _hinges(instance: Instance, data: PointData) -> Network:
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
    return network_of(neurons, d, skip)


def _atoms_and_hinges(instance: Instance, data: PointData) -> Network:
    """Atoms and the skip connection first; each one of a basis takes the place of a hinge.

    In the basis of the constant and all hinges, outputs are their bends: O(N) for each atom.
    """
    d, unit = instance.n_features, rationals(np.eye(instance.n_features + 1))
    one, zero = rationals(np.ones((len(data.y), 1))), 0 * data.X
    free = np.column_stack([data.X, one])[:, : (d + 1) * instance.skip]
    atoms = np.column_stack([one, np.maximum(data.X, zero), np.maximum(-data.X, zero)])
    columns = np.column_stack([free, atoms])
    used = independent_columns(columns)
    bends = _bends(data.t, np.column_stack([columns[:, used], data.y]))
    rows = np.array([integers(row)[0] for row in bends[:, :-1].tolist()], dtype=object)
    spared = independent_columns(rows.T)  # hinges that the others can do without
    values = solve(bends[spared, :-1], bends[spared, -1])
    assert values is not None, "a square matrix of full rank"
    hinges = [unit[d], *(np.array([*data.direction, -t], dtype=object) for t in data.t[:-1])]
    terms = list(zip(_residues(bends, values), hinges, strict=True))
    linear = dict(zip(used, values, strict=True))
    neurons = [unit[d], *unit[:d], *-unit[:d]]
    terms += [(v, neurons[c - free.shape[1]]) for c, v in linear.items() if c >= free.shape[1]]
    skip = [linear.get(c, Fraction(0)) for c in range(d + 1)] if instance.skip else None
    return network_of(terms, d, skip)


def _bends(t: Rational, values: Rational) -> Rational:
    """First values, first slopes and changes of slope of functions of t, given by columns."""
    slopes = np.diff(values, axis=0) / np.diff(t)[:, None]
    return np.vstack([values[:1], slopes[:1], np.diff(slopes, axis=0)])


def _residues(matrix: Rational, values: Rational) -> list[Fraction]:
    """The last column less what the others give; with one gcd a row, as numbers are long."""
    numbers, unit = integers(values.tolist())
    found = []
    for row in matrix.tolist():
        (*entries, last), scale = integers(row)
        rest = last * unit - sum(a * b for a, b in zip(entries, numbers, strict=True))
        found.append(Fraction(rest, scale * unit))
    return found


def _affine(instance: Instance, data: PointData) -> Network | None:
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
        return network_of([], instance.n_features, list(u))
    neurons = [(Fraction(1), list(u)), (Fraction(-1), list(-u))]
    values = columns @ u
    needed = [
        n for n, used in zip(neurons, (any(values > 0), any(values < 0)), strict=True) if used
    ]
    return network_of(needed, instance.n_features, None)
