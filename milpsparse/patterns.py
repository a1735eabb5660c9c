"""Activation patterns of a data set: which points a neuron can be active on.

The points x_i, as vectors v_i = (x_i, 1), cut the space of neurons u = (w, b) into cones on which
the signs of all v_i . u are constant; each full-dimensional one is an activation pattern, and
their closures cover all neurons. Enumeration is combinatorial and exact (integers throughout), so
collinear, coplanar and duplicate points are right.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from milpsparse.errors import Unsupported
from milpsparse.rational import Rational, independent_columns, integers, rationals

LIMIT = 20_000  # patterns; above it a program over all of them is hopeless anyway

Vectors = NDArray[np.object_]  # Python integers, shape (n_vectors, rank)


def count_bound(n_samples: int, rank: int) -> int:
    """Cover's count 2 sum_{i < rank} C(n_samples - 1, i): exact in general position, else a bound.

    `rank` is that of the vectors (x_i, 1): at most min(n_samples, n_features + 1).
    """
    return 2 * sum(math.comb(n_samples - 1, i) for i in range(rank))


def patterns(X: Rational, limit: int = LIMIT) -> NDArray[np.bool_]:
    """All activation patterns on the rows of X, shape (n_patterns, n_samples), in sorted order.

    Raises
    ------
    Unsupported
        When there may be more than `limit`; the message has the number.
    """
    if reason := count_refusal(X, limit):
        raise Unsupported(reason)
    distinct: dict[tuple[Any, ...], int] = {}
    place = [distinct.setdefault(tuple(row), len(distinct)) for row in X.tolist()]
    vectors, rank = _vectors(list(distinct))
    masks = sorted(_cells(tuple(map(tuple, vectors.tolist())), rank))
    return _bits(masks, len(vectors))[:, place]


def count_refusal(X: Rational, limit: int = LIMIT) -> str | None:
    """Why the patterns on X will not be enumerated, with their number; None where they will."""
    distinct = list({tuple(row) for row in X.tolist()})
    if count_bound(len(distinct), min(len(distinct), X.shape[1] + 1)) <= limit:
        return None
    most = count_bound(len(distinct), _vectors(distinct)[1])
    if most <= limit:
        return None
    return (
        f"up to {most:,} activation patterns (limit {limit:,}): use a model without patterns, "
        "such as neuron_big_m, or a sampled subset where a model has the option sample"
    )


def sampled_patterns(X: NDArray[np.float64], n: int, seed: int = 0) -> NDArray[np.bool_]:
    """Patterns of n random neurons (duplicates dropped), shape (at most n, n_samples).

    Directions are normal, biases put the knot next to a random data point. A program over a
    subset of the patterns gives upper bounds only.
    """
    rng = np.random.default_rng(seed)
    w = rng.standard_normal((n, X.shape[1]))
    values = X @ w.T
    knot = np.take_along_axis(values, rng.integers(0, len(X), (1, n)), axis=0)
    shift = rng.choice([-1.0, 1.0], n) * 1e-6 * (1 + abs(values).max())
    return np.unique((values - knot + shift > 0).T, axis=0)


def fit_and_cones(xb: NDArray[np.float64], pattern: NDArray[np.bool_]) -> tuple[Any, Any]:
    """Sparse matrices of the program over patterns, for points xb = (x, 1) of shape (N, D).

    Columns are u_smj for signs s = +, -, patterns m < P and entries j < D. The fit, shape
    (N, 2 P D), gives the outputs sum s D_mi xb_i . u_sm; the cones, shape (2 P N, 2 P D), the
    rows (2 D_mi - 1) xb_i . u_sm that must not be negative.
    """
    import scipy.sparse as sp

    (N, D), P = xb.shape, len(pattern)
    on = pattern.T[:, :, None] * xb[:, None, :]
    fit = sp.csr_array(np.concatenate([on, -on], axis=1).reshape(N, 2 * P * D))
    side = np.where(pattern, 1.0, -1.0)
    rows = (side[:, :, None] * xb[None]).reshape(P * N, D)
    index = np.repeat(np.arange(P), N)[:, None] * D + np.arange(D)
    half = sp.csr_array(
        (rows.ravel(), index.ravel(), np.arange(0, P * N * D + 1, D)), shape=(P * N, P * D)
    )
    half.eliminate_zeros()
    return fit, sp.block_diag([half, half], format="csr")


def _vectors(points: list[tuple[Any, ...]]) -> tuple[Vectors, int]:
    """Positive integer multiples of (x_i, 1), with independent columns kept only; their rank."""
    rows = np.array([integers([*x, Fraction(1)])[0] for x in points], dtype=object)
    keep = independent_columns(rationals(rows))
    return rows[:, keep], len(keep)


@lru_cache(maxsize=4096)
def _cells(vectors: tuple[tuple[int, ...], ...], rank: int) -> frozenset[int]:
    """Sign vectors of all cells of an arrangement of rank `rank`, bit i set where v_i . u > 0.

    Every cell is a pointed cone, so it has an extreme ray: a line g on which vectors of rank - 1
    vanish. Around the ray the vectors that do not vanish keep their sign, and those that do form
    an arrangement of one rank less, whose cells are found the same way.
    """
    n = len(vectors)
    if n == rank:  # independent vectors take every combination of signs
        return frozenset(range(1 << n))
    V = np.array(vectors, dtype=object).reshape(n, -1)
    if rank == 1:
        up = _mask(_scalars(V) > 0)
        return frozenset((up, up ^ ((1 << n) - 1)))
    found: set[int] = set()
    seen: set[int] = set()
    for values in _rays(V, rank):
        zero = values == 0
        flat = _mask(zero)
        if flat in seen:
            continue
        seen.add(flat)
        at = np.flatnonzero(zero)
        sub = V[at]
        # Coordinates of the flat's own span: any rank - 1 independent columns of its vectors.
        columns = _independent(sub, rank - 1)
        inner = _cells(tuple(map(tuple, sub[:, columns].tolist())), rank - 1)
        spread = [_spread(cell, at) for cell in inner]
        for side in (_mask(values > 0), _mask(values < 0)):
            found.update(side | cell for cell in spread)
    return frozenset(found)


def _rays(V: Vectors, rank: int, start: int = 0) -> Iterator[Vectors]:
    """For every choice of rank - 1 independent vectors, the values v_i . g on their null line g.

    Projecting the vectors along a chosen one (one elimination step) lowers the rank by one;
    after rank - 1 steps they are scalars, and those are the values, up to one common factor.
    """
    for i in range(start, len(V)):  # in increasing order: every subset once
        if not V[i].any():
            continue
        if rank == 2:
            yield V[:, 0] * V[i, 1] - V[:, 1] * V[i, 0]
        else:
            yield from _rays(_project(V, V[i]), rank - 1, i + 1)


def _project(V: Vectors, v: Vectors) -> Vectors:
    """Coordinates of the rows of V modulo the line of v: eliminate one of v's nonzero entries."""
    pivot = int(np.flatnonzero(v)[0])
    sign = 1 if v[pivot] > 0 else -1
    out = sign * (V * v[pivot] - np.outer(V[:, pivot], v))
    out = np.asarray(np.delete(out, pivot, axis=1))
    common = math.gcd(*out.ravel().tolist())
    return np.asarray(out // common) if common > 1 else out


def _independent(V: Vectors, rank: int) -> list[int]:
    """Columns of integer vectors that determine them, `rank` in number."""
    columns = independent_columns(rationals(V))
    if len(columns) != rank:
        raise AssertionError("a flat of an arrangement has the wrong rank")
    return columns


def _scalars(V: Vectors) -> Vectors:
    """Rank-one vectors as multiples of one of them."""
    column = next(j for j in range(V.shape[1]) if V[:, j].any())
    values: Vectors = V[:, column]
    return values


def _mask(flags: NDArray[Any]) -> int:
    return int.from_bytes(np.packbits(flags.astype(bool), bitorder="little").tobytes(), "little")


def _spread(cell: int, at: NDArray[np.int64]) -> int:
    return sum(1 << int(i) for k, i in enumerate(at) if cell >> k & 1)


def _bits(masks: list[int], n: int) -> NDArray[np.bool_]:
    rows = [np.frombuffer(m.to_bytes((n + 7) // 8, "little"), np.uint8) for m in masks]
    return np.unpackbits(np.array(rows), axis=1, bitorder="little")[:, :n].astype(bool)
