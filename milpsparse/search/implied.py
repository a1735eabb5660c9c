"""Activations that the decisions of a neuron imply, as sums that anyone can check."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from milpsparse.errors import Unsupported
from milpsparse.rational import Rational, independent_columns, integers, solve
from milpsparse.sample import subset
from milpsparse.search.split import Witnesses

Sides = Mapping[int, bool]  # whether a neuron is active, by point: what is decided
Sum = tuple[int, list[tuple[int, int]]]  # m, and the points a with their w


class Implied:
    """Where z_k >= 0 or <= 0 is known at points of a search, it may be so at others."""

    def __init__(self, points: Witnesses) -> None:
        few = subset(points.whole, points.rows)
        N, d = few.X.shape
        numbers, unit = integers(few.X_exact.ravel().tolist())
        self._exact = np.empty((N, d + 1), dtype=object)  # (x, 1) times a number
        self._exact[:, :d] = np.array(numbers, dtype=object).reshape(N, d)
        self._exact[:, d] = unit
        self._rounded, self._rows = points.xb, points.rows.tolist()
        self._sum = lru_cache(maxsize=2**16)(self._sum_of)  # leaves have sums in common

    def node(
        self, k: int, point: int, side: bool, sides: Sides, allowed: NDArray[np.bool_]
    ) -> dict[str, Any]:
        """The node of a proof that says on which side of a point neuron k is.

        `allowed`, shape (D,), are its entries that may be nonzero.

        Raises
        ------
        Unsupported
            Doubles say so, but the exact numbers do not.
        """
        basis = self._basis(point, side, sides, np.flatnonzero(allowed))
        m, terms = self._sum(point, side, basis, allowed.tobytes())
        named = [[self._rows[a], w] for a, w in terms]
        return {"implied": [self._rows[point], k, 1 if side else -1, m, named]}

    def _basis(
        self, point: int, side: bool, sides: Sides, entries: NDArray[np.int64]
    ) -> tuple[tuple[int, bool], ...]:
        """Decided points, as few as will do: in doubles, by nonnegative least squares."""
        from scipy.optimize import nnls

        points = np.array(list(sides), dtype=np.int64)
        A = (self._rounded[np.ix_(points, entries)] * _signs(sides)[:, None]).T
        rhs = self._rounded[point, entries] * (1 if side else -1)
        sizes = abs(A).max(axis=1, initial=1e-300)
        weights, _ = nnls(A / sizes[:, None], rhs / sizes)
        return tuple((a, sides[a]) for a in sorted(points[weights > 1e-9].tolist()))

    def _sum_of(
        self, point: int, side: bool, basis: tuple[tuple[int, bool], ...], allowed: bytes
    ) -> Sum:
        """Positive m, w: m times the point, on its side, sums up w times known ones on theirs."""
        entries, sides = np.flatnonzero(np.frombuffer(allowed, dtype=bool)), dict(basis)
        points = np.array(list(sides), dtype=np.int64)
        A: Rational = self._exact[np.ix_(points, entries)]
        A = A * _signs(sides)[:, None].astype(object)
        rhs = self._exact[point, entries] * (1 if side else -1)
        chosen = independent_columns(A.T)
        square = independent_columns(A[chosen])
        w = solve(A[np.ix_(chosen, square)].T, rhs[square])
        if w is None or min(w, default=0) < 0 or np.any(w @ A[chosen] != rhs):
            raise Unsupported("an implied activation has no exact multipliers")
        numbers, m = integers(w.tolist())
        return m, [(int(points[a]), n) for a, n in zip(chosen, numbers, strict=True) if n]


def _signs(sides: Sides) -> NDArray[np.int64]:
    return np.where(list(sides.values()), 1, -1)
