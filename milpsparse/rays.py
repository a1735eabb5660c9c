"""Extreme rays of neurons: the finitely many from which all others are made, exactly.

The planes u . (x_i, 1) = 0 of the points and u_j = 0 of the entries cut the space of neurons
u = (w, b) into cones. In one of them no output and no entry changes its sign, so that outputs and
sizes |u_j| are linear in u; and every u of it is a sum of its extreme rays with factors >= 0. A ray
is a line on which d independent planes meet. All of it is integers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from milpsparse.patterns import patterns
from milpsparse.rational import Rational, integers, null_space, rationals

Integers = NDArray[np.object_]  # Python integers


class Rays(NamedTuple):
    """Columns of the program over all neurons: ray `ray[c]` in the pattern `block[c]`.

    `u`, shape (n_rays, d + 1), are all rays; `outputs`, shape (n_rays, n_samples), the values
    relu(u . (x_i, 1)) times the common denominator of the points. Patterns are those that can be of
    use, shape (n_blocks, n_samples): not the dead one, and with a skip not that of affine neurons.
    """

    u: Integers
    outputs: Integers
    patterns: NDArray[np.bool_]
    ray: NDArray[np.int64]
    block: NDArray[np.int64]


def count_bound(n_samples: int, n_features: int) -> int:
    """At most so many rays there are."""
    return 2 * math.comb(n_samples + n_features + 1, n_features)


def rays_of(X: Rational, skip: bool) -> tuple[Rays, int]:
    """All rays with the patterns they belong to, and the common denominator of the points.

    A ray on the border of several patterns belongs to each of them, as neurons of each are made
    from it. A ray without any output is in none: without it a neuron gives the same for less.
    """
    N, d = X.shape
    flat, unit = integers([value for row in X.tolist() for value in row])
    points = np.array(flat, dtype=object).reshape(N, d)
    points = np.column_stack([points, np.full(N, unit, dtype=object)])
    planes = np.vstack([points, np.eye(d + 1, dtype=int)])
    u = np.array([(line, tuple(-v for v in line)) for line in lines(planes)], dtype=object)
    u = u.reshape(-1, d + 1)
    values = u @ points.T
    useful = patterns(X)
    useful = useful[useful.any(axis=1)]
    if skip:
        useful = useful[~useful.all(axis=1)]
    up, down = (values >= 0).astype(bool), (values <= 0).astype(bool)
    inside = np.zeros((len(useful), len(u)), dtype=bool)
    for at, on in enumerate(useful):
        inside[at] = np.where(on, up, down).all(axis=1)
    alive = (values > 0).any(axis=1)
    block, ray = np.nonzero(inside & alive)
    outputs = np.where(values > 0, values, 0)
    return Rays(u, outputs, useful, ray, block), unit


def lines(normals: Integers) -> Iterator[tuple[int, ...]]:
    """Every line on which D - 1 independent planes meet, given by normals of shape (n, D).

    Each once, in lowest terms, its first entry that is not 0 positive.
    """
    exact, seen = rationals(normals), set()
    for chosen in combinations(range(len(exact)), exact.shape[1] - 1):
        found = null_space(exact[list(chosen)])
        if len(found) > 1:
            continue
        first = next(value for value in found[0] if value)
        line = tuple(int(value) * (1 if first > 0 else -1) for value in found[0])
        if line not in seen:
            seen.add(line)
            yield line


def free_forms(X: Rational, skip: bool, constant: bool) -> list[list[int]] | None:
    """Integer combinations of the labels that free columns do not change; None if none is free.

    Rows z with z . (x_i, 1) = 0 where the skip is free, and sum z = 0 where constants are.
    """
    if not (skip or constant):
        return None
    ones = rationals(np.ones(len(X)))
    columns = np.column_stack([X, ones]) if skip else ones[:, None]
    return [[int(v) for v in row] for row in null_space(columns.T)]


def reduced(values: Any, forms: list[list[int]] | None) -> Any:
    """Values at the points, in the last axis, as the values of the forms."""
    if forms is None:
        return values
    return values @ np.array(forms, dtype=object).reshape(len(forms), values.shape[-1]).T
