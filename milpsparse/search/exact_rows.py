"""Rows of a search in exact integers, and multipliers under which free variables vanish exactly."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from milpsparse.errors import Unsupported
from milpsparse.rational import independent_columns, integers, rationals, solve
from milpsparse.sample import subset
from milpsparse.search.split import Record

SMALL = 10**6  # a sum this much smaller than its terms should be 0


class Row(NamedTuple):
    """A row g.u >= h: the side of a neuron at a point, or the fit of a point from one side."""

    point: int
    is_fit: bool
    sign: int  # of a fit row: s; of a sign row: 1 where the neuron is active, else -1
    neuron: int
    neurons: tuple[int, ...]  # of a fit row: T and the active neurons of the other sign


@lru_cache(maxsize=2**16)  # leaves share their rows
def row_of(code: int) -> Row:
    """The row that a number of the compiled search stands for."""
    from milpsparse.search.kernels import FIT_PLUS, OFF, ON

    kind, members = code & 7, code >> 32
    neurons = tuple(k for k in range(members.bit_length()) if members >> k & 1)
    sign = 1 if kind in (ON, FIT_PLUS) else -1
    return Row((code >> 9) & 0x7FFFFF, kind > OFF, sign, (code >> 3) & 63, neurons)


class ExactRows:
    """The rows of one search in integers: data over one denominator."""

    def __init__(self, record: Record) -> None:
        self.space = space = record.space
        few = subset(record.points.whole, record.rows)
        N, d = few.X.shape
        numbers, unit = integers([*few.X_exact.ravel().tolist(), *few.y_exact.tolist()])
        self.points = [[*numbers[i * d : i * d + d], unit] for i in range(N)]
        self.labels = numbers[N * d :]
        self.linear = [self._columns(point) for point in self.points]
        bound = few.bound_exact
        copies = space.copies if bound else space.box
        self.units = [None if math.isinf(c) else round(c) for c in copies]  # in multiples of B
        self.bound = bound or Fraction(0)
        self.free = [v for v, c in enumerate(self.units) if c is None]

    def _columns(self, point: list[int]) -> list[int]:
        """The linear columns in the same integers: they are homogeneous in (x, 1)."""
        columns = self.space.kind.columns(np.array([point], dtype=object))[0]
        return [int(v) for v in columns[self.space.linear]]

    def row(self, row: Row) -> tuple[list[int], int]:
        """The row as (g, h)."""
        g, space, point = [0] * len(self.units), self.space, self.points[row.point]

        def add(k: int, side: int) -> None:
            for v in range(space.first[k], space.first[k + 1]):
                g[v] = side * point[space.entry[v]]

        if not row.is_fit:
            add(row.neuron, row.sign)
            return g, 0
        for k in row.neurons:
            add(k, -1 if space.signs[k] == row.sign else 1)
        for at, value in enumerate(self.linear[row.point], start=len(space.entry)):
            g[at] = -row.sign * value
        return g, -row.sign * self.labels[row.point]

    def sharpened(self, rows: list[Row], near: list[int]) -> list[int]:
        """The given multipliers if they make a contradiction, else some under which more vanishes.

        Where numbers are of all sizes, the rounding of what should vanish may outweigh the rest.

        Raises
        ------
        Unsupported
            There are none near.
        """
        exact = [(m, *self.row(r)) for r, m in zip(rows, near, strict=True) if m]
        if self._contradicts(exact):
            return near
        parts = [[m * g[v] for m, g, _ in exact] for v in range(len(self.units))]
        small = [v for v, ps in enumerate(parts) if abs(sum(ps)) * SMALL < sum(map(abs, ps))]
        return self.multipliers(rows, near, small)

    def multipliers(
        self, rows: list[Row], near: list[int], vanish: list[int] | None = None
    ) -> list[int]:
        """Multipliers near the given ones of a contradiction in which variables vanish.

        `vanish` are those variables, free ones by default. The largest multipliers of independent
        rows are computed from the others, as rationals.

        Raises
        ------
        Unsupported
            There are none with the same rows.
        """
        order = sorted((at for at, m in enumerate(near) if m > 0), key=lambda at: -near[at])
        exact = {at: self.row(rows[at]) for at in order}
        vanish = self.free if vanish is None else vanish
        A = rationals([[exact[at][0][v] for v in vanish] for at in order])
        chosen = independent_columns(A.T)
        others = [at for at in range(len(order)) if at not in chosen]
        columns = independent_columns(A[chosen])
        rhs = -sum(near[order[at]] * A[at] for at in others) if others else 0 * A[0]
        found = solve(A[np.ix_(chosen, columns)].T, rhs[columns])
        if found is None or any(value < 0 for value in found):
            raise Unsupported("a leaf has no exact multipliers")
        values = {order[at]: Fraction(near[order[at]]) for at in others}
        values |= {order[at]: value for at, value in zip(chosen, found, strict=True)}
        numbers, _ = integers([values.get(at, Fraction(0)) for at in range(len(near))])
        if not self._contradicts([(m, *exact[at]) for at, m in enumerate(numbers) if m]):
            raise Unsupported("a leaf has no exact multipliers")
        return numbers

    def _contradicts(self, rows: list[tuple[int, list[int], int]]) -> bool:
        total = [sum(m * g[v] for m, g, _ in rows) for v in range(len(self.units))]
        h = sum(m * right for m, _, right in rows)
        if any(total[v] for v in self.free):
            return False
        left = sum(abs(t) * u for t, u in zip(total, self.units, strict=True) if u)
        return bool(left * self.bound < h)
