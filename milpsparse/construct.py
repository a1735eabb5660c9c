"""Constructions: exact networks that always interpolate, whatever the data.

One-parameter neurons relu(x_j), relu(-x_j) and 1 span r0 dimensions of the label space; hinges
relu(x_j - t) along a coordinate (or a generic direction) that separates the points span the rest.
A basis of N of these outputs fits any labels: at most 2 N - r0 parameters with biases counted.
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
    spanning,
)
from milpsparse.errors import Unsupported
from milpsparse.instance import Instance
from milpsparse.network import Network
from milpsparse.objective import Objective
from milpsparse.rational import independent_columns, rationals, solve
from milpsparse.rewrite import split

MAX_HINGES = 5000  # points; a network of as many neurons is checked in seconds
MAX_BASIS = 100  # points for which the N x N system is solved; beyond it, hinges alone, in O(N)


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
    if instance.n_samples > 10 * MAX_HINGES and not is_affine(instance):
        raise Unsupported(_too_many(instance.n_samples))
    data = distinct_points(instance)
    affine = _affine(instance, data)
    if affine is not None:
        yield affine
    if len(data.y) > MAX_HINGES:
        if affine is None:
            raise Unsupported(_too_many(len(data.y)))
        return
    yield _hinges(instance, data)
    if len(data.y) <= MAX_BASIS:
        candidates = candidate_neurons(instance, data)
        yield fit_on_basis(instance, data, candidates, range(spanning(instance, data)))
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
