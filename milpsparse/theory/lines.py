"""Lines of three or more points, and the knots that any network through them has there.

Along a line a network is one of one input, with a knot for every neuron at most. Of few points all
lines are tried, in integers. Of many points only those along an axis are, in doubles: which line is
best may be missed there, but what is said of the one that is found is exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from milpsparse.instance import Instance
from milpsparse.rational import integers
from milpsparse.theory.matching import knots_needed
from milpsparse.theory.points import Points
from milpsparse.theory.univariate import fewest_knots

FEW = 200  # distinct points up to which all lines are tried
REPEATED = 1000  # rows up to which distinct ones are looked for
NUMBERS = 3 * 10**6  # cells of X up to which axes are tried: 0.3 s
CROWD = 30_000  # points on lines along one axis that are compared, more if a line is longer
TOP = 3  # lines of an axis that are counted exactly
SHOWN = 10_000  # points up to which all of a line are witnesses
PRIME = 2**31 - 1  # products of two residues fit into 64 bits


@dataclass(frozen=True)
class Line:
    """Rows of points in order along a line, and the fewest knots of a function through them."""

    rows: tuple[int, ...] = ()
    knots: int = 0


_BEST: WeakKeyDictionary[Instance, Line] = WeakKeyDictionary()


def best_line(instance: Instance) -> Line:
    """The line of most knots among those tried; computed once, then kept with the instance."""
    if instance not in _BEST:
        few = instance.n_distinct <= FEW and instance.n_samples <= REPEATED
        _BEST[instance] = _best_of_all(instance) if few else _best_along_axes(instance)
    return _BEST[instance]


def crossings(first: Sequence[Fraction], last: Sequence[Fraction]) -> int:
    """In how many places strictly between two points some coordinate is 0.

    There alone a neuron without bias and of one weight has its knot: it is a multiple of relu(x_j)
    or relu(-x_j).

    >>> crossings([Fraction(-1), Fraction(2)], [Fraction(1), Fraction(3)])
    1
    """
    return len({a / (a - b) for a, b in zip(first, last, strict=True) if a * b < 0})


def witnesses(points: Points) -> NDArray[np.int64]:
    """Positions of points that need as many knots as all: of many, those at and beside bends.

    A point with no bend at it or beside it is on the chord of its neighbours, without which all
    bends stay.
    """
    if len(points) <= SHOWN:
        return np.arange(len(points))
    bent = points.curvatures != 0
    beside = bent.copy()
    beside[1:] |= bent[:-1]
    beside[:-1] |= bent[1:]
    return np.flatnonzero(beside)


def _best_of_all(instance: Instance) -> Line:
    """The best of all lines, in integers."""
    first: dict[tuple[Fraction, ...], int] = {}
    for row, x in enumerate(instance.X_exact.tolist()):
        first.setdefault(tuple(x), row)
    rows, d = list(first.values()), instance.n_features
    cells, _ = integers(cell for x in first for cell in x)
    points = [cells[i : i + d] for i in range(0, len(cells), d)]
    labels, _ = integers(instance.y_exact[rows].tolist())
    best = Line()
    for group in _groups(points) if len(points) > 2 else ():
        if len(group) - 2 <= best.knots:
            break
        moving = next(j for j in range(d) if points[group[0]][j] != points[group[1]][j])
        if not _on_a_line([points[i] for i in group], moving):
            continue
        group.sort(key=lambda i: points[i][moving])
        knots = _knots([points[i][moving] for i in group], [labels[i] for i in group])
        if knots > best.knots:
            best = Line(tuple(rows[i] for i in group), knots)
    return best


def _groups(points: list[list[int]]) -> Iterator[list[int]]:
    """Positions of points that seem to be on a line, the longest first, maybe parts of others.

    Two random forms map the points into a plane modulo a prime, where points on a line share their
    slope from the first one; others do so once in a billion times.
    """
    residues = np.array([[cell % PRIME for cell in x] for x in points])
    forms = np.random.default_rng(0).integers(1, PRIME, (2, len(points[0])))
    u, v = ((residues * form % PRIME).sum(axis=1) % PRIME for form in forms)
    i, j = np.triu_indices(len(points), 1)
    step, rise = (u[j] - u[i]) % PRIME, (v[j] - v[i]) % PRIME
    key = i * (PRIME + 1) + np.where(step == 0, PRIME, rise * _inverse(step) % PRIME)
    order = np.argsort(key, kind="stable")
    same = np.diff(key[order]) == 0
    order = order[np.append(same, False) | np.append(False, same)]
    cuts = np.flatnonzero(np.diff(key[order])) + 1
    pairs = [pair for pair in np.split(order, cuts) if len(pair)]
    for pair in sorted(pairs, key=len, reverse=True):
        yield [int(i[pair[0]]), *j[pair].tolist()]


def _inverse(residues: NDArray[np.int64]) -> NDArray[np.int64]:
    """Their powers of PRIME - 2, which are inverses by Fermat's little theorem."""
    power, result = residues, np.ones_like(residues)
    for bit in reversed(bin(PRIME - 2)[2:]):
        if bit == "1":
            result = result * power % PRIME
        power = power * power % PRIME
    return result


def _knots(t: list[int], y: list[int]) -> int:
    slopes = [
        Fraction(after - before, end - begin)
        for (begin, end), (before, after) in zip(pairwise(t), pairwise(y), strict=True)
    ]
    return knots_needed(after - before for before, after in pairwise(slopes))


def _on_a_line(points: list[list[int]], moving: int) -> bool:
    """Whether all steps from the first point are multiples of the first one, told by a column."""
    start, after = points[:2]
    step = [b - a for a, b in zip(start, after, strict=True)]
    offsets = [[b - a for a, b in zip(start, x, strict=True)] for x in points[2:]]
    return all(
        offset[j] * step[moving] == offset[moving] * step[j]
        for offset in offsets
        for j in range(len(step))
    )


def _best_along_axes(instance: Instance) -> Line:
    """The best of the lines along an axis: points equal in all other columns.

    A random sum over the other columns' bits tells them apart.
    """
    best, X = Line(), instance.X
    axes = _axes(X) if X.size <= NUMBERS else []
    if not axes:
        return best
    rng = np.random.default_rng(0)
    parts = [_hashed(column, int(rng.integers(2**62))) for column in X.T]
    total = np.sum(parts, axis=0)
    for axis in axes:
        rows, line = _crowds(total - parts[axis])
        rows, line = _in_order(X[rows, axis], rows, line)
        knots = _roughly(X[rows, axis], instance.y[rows], line)
        for k in np.argsort(-knots, kind="stable")[:TOP].tolist():
            if knots[k] <= best.knots:
                break
            found = _counted(instance, rows[line == k], axis)
            best = max(best, found, key=lambda one: one.knots)
    return best


def _axes(X: NDArray[np.float64]) -> list[int]:
    """Axes that may have lines along them: every other column has one value three times."""
    axes = list(range(X.shape[1]))
    for j, column in enumerate(X.T):
        ordered = np.sort(column)
        if not np.any(ordered[2:] == ordered[:-2]):
            axes = [axis for axis in axes if axis == j]
        if not axes:
            break
    return axes


def _hashed(column: NDArray[np.float64], factor: int) -> NDArray[np.uint64]:
    bits = (column + 0.0).view(np.uint64)  # + 0.0 makes -0.0 positive
    bits ^= bits >> np.uint64(32)
    bits *= np.uint64(2 * factor + 1)
    return bits


def _crowds(keys: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.uint16]]:
    """Rows whose key three or more share, and a number for each such key: of some keys only."""
    ordered = np.sort(keys)
    shared = np.unique(ordered[2:][ordered[2:] == ordered[:-2]][:CROWD])
    if len(shared) == 0:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.uint16)
    near = np.zeros(2**20, dtype=bool)  # of most rows the first 20 bits of the key say no
    near[shared >> np.uint64(44)] = True
    rows = np.flatnonzero(near[keys >> np.uint64(44)])
    line = np.minimum(np.searchsorted(shared, keys[rows]), len(shared) - 1)
    right = shared[line] == keys[rows]
    return rows[right], line[right].astype(np.uint16)


def _in_order(
    x: NDArray[np.float64], rows: NDArray[np.int64], line: NDArray[np.uint16]
) -> tuple[NDArray[np.int64], NDArray[np.uint16]]:
    """Line by line, along each line, equal points once."""
    order = np.argsort(x)
    order = order[np.argsort(line[order], kind="stable")]
    x, rows, line = x[order], rows[order], line[order]
    fresh = np.append(True, (x[1:] != x[:-1]) | (line[1:] != line[:-1]))[: len(x)]
    return rows[fresh], line[fresh]


def _roughly(
    x: NDArray[np.float64], y: NDArray[np.float64], line: NDArray[np.uint16]
) -> NDArray[np.int64]:
    """The knots of each line, where bends near the rounding error are taken for none."""
    sign = np.zeros(len(x), dtype=np.int8)
    with np.errstate(all="ignore"):
        slope = np.where(line[1:] == line[:-1], np.diff(y) / np.diff(x), np.nan)
        bend, noise = np.diff(slope), 1e-12 * (abs(slope[1:]) + abs(slope[:-1]))
        sign[1:-1] = np.where(bend > noise, 1, np.where(bend < -noise, -1, 0))
    starts = np.flatnonzero(np.diff(sign, prepend=np.int8(2)))
    since = np.arange(len(x)) - np.repeat(starts, np.diff(starts, append=len(x)))
    return np.bincount(line[(sign != 0) & (since % 2 == 0)])


def _counted(instance: Instance, rows: NDArray[np.int64], axis: int) -> Line:
    """The knots of a line along an axis, if it is one in rationals too."""
    X, y, spelled = instance.X[rows], instance.y[rows], instance.spelled
    others = [j for j in range(instance.n_features) if j != axis]
    if np.any(X[:, others] != X[0, others]):
        return Line()
    places = [(at, i) for at, i in enumerate(rows.tolist())] if spelled else []
    if any(spelled.get((i, j)) != spelled.get((rows[0], j)) for _, i in places for j in others):
        return Line()
    exact = [
        {at: spelled[i, j] for at, i in places if (i, j) in spelled}
        for j in (axis, instance.n_features)
    ]
    points = Points(X[:, axis].copy(), y, *exact)
    return Line(tuple(rows[witnesses(points)].tolist()), fewest_knots(points))
