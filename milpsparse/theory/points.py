"""One-input data in order, and their curvatures: doubles with exact signs, rationals on demand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from milpsparse.errors import Unsupported
from milpsparse.instance import Instance

BLOCK = 16384  # points a block where powers are taken, so that they stay in the cache
SMALL = 3000  # points up to which rationals are faster than loading compiled loops


@dataclass(frozen=True, eq=False)
class Points:
    """Points x[0] < ... < x[N-1], each once, with labels y.

    Cells whose exact value is no double are in `x_spelled` and `y_spelled` by their position.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    x_spelled: Mapping[int, Fraction] = field(default_factory=dict)
    y_spelled: Mapping[int, Fraction] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.x)

    @property
    def is_small(self) -> bool:
        """Whether all is done in rationals."""
        return len(self.x) <= SMALL

    @property
    def is_rounded(self) -> bool:
        """Whether some doubles are only the nearest ones to the data."""
        return bool(self.x_spelled or self.y_spelled)

    def exact_x(self, i: int) -> Fraction:
        """The position of point i as the rational it is."""
        return self.x_spelled.get(i) or Fraction(float(self.x[i]))

    def exact_y(self, i: int) -> Fraction:
        """The label of point i as the rational it is."""
        return self.y_spelled.get(i) or Fraction(float(self.y[i]))

    def slope(self, i: int) -> Fraction:
        """The slope of the chord from point i to point i + 1."""
        return (self.exact_y(i + 1) - self.exact_y(i)) / (self.exact_x(i + 1) - self.exact_x(i))

    def exact_curvature(self, j: int) -> Fraction:
        """The change of slope at the interior point j."""
        return self.exact_curvatures[j - 1] if self.is_small else self.slope(j) - self.slope(j - 1)

    @cached_property
    def exact_curvatures(self) -> list[Fraction]:
        """The changes of slope at the interior points, N - 2 of them."""
        slopes = [self.slope(i) for i in range(len(self) - 1)]
        return [after - before for before, after in pairwise(slopes)]

    @property
    def curvatures(self) -> NDArray[np.float64]:
        """The changes of slope as doubles, shape (N,), 0 at both ends; their signs are exact."""
        return self._curvatures[0]

    @property
    def error(self) -> float:
        """The largest relative error of a curvature; inf where one is outside 1e-290 .. 1e290."""
        return self._curvatures[1]

    @cached_property
    def _curvatures(self) -> tuple[NDArray[np.float64], float]:
        if self.is_small:
            c = np.zeros(len(self))
            c[1:-1] = [_double(value) for value in self.exact_curvatures]
            return c, _error(c, 2.0**-53)
        from milpsparse.theory import kernels

        c, rounded = np.empty(len(self)), self.is_rounded
        unsettled = np.empty(1024, dtype=np.int64)
        n, error = kernels.curvatures(self.x, self.y, rounded, c, unsettled)
        if n > len(unsettled):
            unsettled = np.empty(n, dtype=np.int64)
            n, error = kernels.curvatures(self.x, self.y, rounded, c, unsettled)
        at = unsettled[:n]
        c[at] = [_double(self.exact_curvature(j)) for j in at.tolist()]
        return c, _error(c[at], float(error))


_POINTS: WeakKeyDictionary[Instance, Points] = WeakKeyDictionary()


def points_of(instance: Instance) -> Points:
    """The points of a one-input instance; computed once, then kept as long as the instance."""
    if instance not in _POINTS:
        _POINTS[instance] = _sorted(instance)
    return _POINTS[instance]


def measured_points(instance: Instance) -> Points:
    """The points, where the sizes of their curvatures are those of doubles.

    Raises
    ------
    Unsupported
        A curvature is so large or small that its double says its sign only.
    """
    points = points_of(instance)
    if math.isinf(points.error):
        raise Unsupported("a change of slope is outside 1e-290 .. 1e290: rescale the data")
    return points


def _sorted(instance: Instance) -> Points:
    """Equal rows once. Positions that differ only beyond the doubles are told apart."""
    if instance.n_features != 1:
        raise Unsupported(f"{instance.name} has {instance.n_features} inputs; one is needed")
    x, y = instance.X[:, 0], instance.y
    if instance.spelled:
        rows = sorted(set(zip(instance.X_exact[:, 0], instance.y_exact, strict=True)))
        xs, ys = (list(column) for column in zip(*rows, strict=True))
        exact = [{i: v for i, v in enumerate(c) if Fraction(float(v)) != v} for c in (xs, ys)]
        return Points(np.array(xs, dtype=float), np.array(ys, dtype=float), *exact)
    if not np.all(x[1:] > x[:-1]):
        order = np.argsort(x, kind="stable")
        x, y = x[order], y[order]
        first = np.concatenate([[True], x[1:] > x[:-1]])
        x, y = x[first], y[first]
    return Points(np.ascontiguousarray(x), y)


def _double(value: Fraction) -> float:
    """The nearest double of the same sign, at worst the largest or the smallest one."""
    try:
        double = float(value)
    except OverflowError:
        double = _LARGEST if value > 0 else -_LARGEST
    if double == 0.0 and value:
        return _LEAST if value > 0 else -_LEAST
    return double


def _error(c: NDArray[np.float64], error: float) -> float:
    sizes = abs(c[c != 0])
    normal = np.all((sizes >= 1e-290) & (sizes <= 1e290))
    return error if normal else math.inf


_LARGEST, _LEAST = math.nextafter(math.inf, 0), math.nextafter(0, 1)
