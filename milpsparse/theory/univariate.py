"""One input: the fewest knots, and the least lp cost for any 0 < p < 1, of all interpolants.

A continuous piecewise linear interpolant needs knots of the sign of the curvature c_j near every
point j with c_j != 0, and a knot touches two neighbours at most. So points split into maximal runs
of one nonzero sign; a run of m needs ceil(m / 2) knots, and its least lp cost is that of a matching
(see `matching`). Values add over runs. With a skip connection the network that has one neuron a
knot attains them; without one they are lower bounds. Large data take compiled loops in doubles with
error bounds; runs where those do not decide are done in rationals.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from milpsparse.errors import BadInput
from milpsparse.instance import Instance
from milpsparse.network import Network
from milpsparse.theory.interpolant import Interpolant
from milpsparse.theory.matching import Exponents, Minimisers, Run
from milpsparse.theory.points import BLOCK, Points, points_of

POWER_ERROR = 2.0**-48  # relative error of a power in NumPy, with room to spare
MANY = 10.0**300  # no run's minimisers are counted beyond
EFFORT = 20_000  # points of open runs that are done in rationals


@dataclass(frozen=True)
class Optimum:
    """A minimiser of the lp cost: points j - 1 and j share a knot where `paired[j]`.

    The least cost is in value (1 +- error). There are `number` minimisers, or of many data at least
    so many, if `undecided` is 0: the number of comparisons that interval arithmetic, or the effort
    spent on it, left open.
    """

    paired: NDArray[np.bool_]
    value: float
    error: float
    number: int
    undecided: int


def runs(points: Points) -> NDArray[np.int64]:
    """First point and end (one past the last) of every maximal run of one sign, shape (n, 2)."""
    signs = np.sign(points.curvatures).astype(np.int8)
    starts = np.flatnonzero(np.diff(signs, prepend=np.int8(0)))
    ends = np.append(starts[1:], len(signs))
    live = signs[starts] != 0
    return np.column_stack([starts[live], ends[live]])


def exact_run(points: Points, start: int, end: int) -> Run:
    """The run of the points start..end-1 as rationals."""
    return Run([abs(points.exact_curvature(j)) for j in range(start, end)])


def fewest_knots(points: Points) -> int:
    """The fewest knots of an interpolant: ceil(m / 2) for every run of m."""
    return int(np.count_nonzero(points.curvatures) - np.count_nonzero(fewest_pairs(points)))


def fewest_is_unique(points: Points) -> bool:
    """Whether one function alone has the fewest knots; else infinitely many have.

    A run of even length has its knots where neighbouring chords meet. In an odd one a knot can
    slide, unless it is a single point between collinear ones.
    """
    if not points.is_small:
        from milpsparse.theory import kernels

        return bool(kernels.is_rigid(points.curvatures))
    c, last = points.curvatures, len(points) - 1
    for start, end in runs(points).tolist():
        single = end - start == 1 and 1 < start and end < last and c[start - 1] == 0 == c[end]
        if (end - start) % 2 and not single:
            return False
    return True


def fewest_pairs(points: Points) -> NDArray[np.bool_]:
    """A matching with the fewest knots: the points of every run paired from left to right."""
    paired = np.zeros(len(points), dtype=bool)
    if points.is_small:
        for start, end in runs(points).tolist():
            paired[start + 1 : end : 2] = True
    else:
        from milpsparse.theory import kernels

        kernels.pair_up(points.curvatures, paired)
    return paired


def variation(points: Points) -> float:
    """The sum of |c_j|, the least l1 cost (to rounding)."""
    return float(abs(points.curvatures).sum())


def least_cost(points: Points, p: float) -> Optimum:
    """A global minimiser of sum |jump|^p over all interpolants, 0 < p < 1."""
    return _in_rationals(points, p) if points.is_small else _in_doubles(points, p)


def minimizers(instance: Instance, p: float) -> Iterator[Network]:
    """Every network of least lp cost for one-input data with a skip connection, 0 < p < 1.

    Networks that interval arithmetic does not tell apart are all given (see `Optimum.undecided`).
    BadInput for another p.
    """
    if not 0 < p < 1:
        raise BadInput(f"p = {p}: minimizers are known for 0 < p < 1")
    points = points_of(instance)
    for paired in least_pairings(points, p):
        yield Interpolant(points, paired).network()


def least_pairings(points: Points, p: float) -> Iterator[NDArray[np.bool_]]:
    """Every minimiser, as its `paired`; ways that are not told apart are all given."""
    solved = [(start, _minimise(points, start, end, p)) for start, end in runs(points).tolist()]
    yield from _combine(np.zeros(len(points), dtype=bool), solved)


def _combine(
    paired: NDArray[np.bool_], solved: list[tuple[int, Minimisers]]
) -> Iterator[NDArray[np.bool_]]:
    """All products of the minimisers of single runs."""
    several = [(start, found) for start, found in solved if found.number > 1]
    for start, found in solved:
        paired[[start + j for j in found.first]] = True
    ways = [found.all() for _, found in several]
    at: list[tuple[int, ...]] = [next(way) for way in ways]
    while True:
        yield paired.copy()
        for i in reversed(range(len(several))):  # like an odometer
            start, found = several[i]
            paired[[start + j for j in at[i]]] = False
            following = next(ways[i], None)
            if following is None:
                ways[i] = found.all()
            at[i] = next(ways[i]) if following is None else following
            paired[[start + j for j in at[i]]] = True
            if following is not None:
                break
        else:
            return


def _minimise(points: Points, start: int, end: int, p: float) -> Minimisers:
    q = Fraction(p)
    return exact_run(points, start, end).minimise(Exponents(q, q))


def _in_rationals(points: Points, p: float) -> Optimum:
    paired, number, undecided, costs = np.zeros(len(points), dtype=bool), 1, 0, []
    for start, end in runs(points).tolist():
        found = _minimise(points, start, end, p)
        pairs = found.first
        paired[[start + j for j in pairs]] = True
        costs += [float(jump) ** p for jump in found.jumps(pairs)]
        number, undecided = number * found.number, undecided + found.undecided
    return Optimum(paired, math.fsum(costs), 1e-12, number, undecided)


def _in_doubles(points: Points, p: float) -> Optimum:
    from milpsparse.theory import kernels

    c, N, rounded = points.curvatures, len(points), points.is_rounded
    slack = 1.01 * points.error + POWER_ERROR
    choice, state = np.zeros(N, dtype=np.int8), np.zeros(2)
    single, pair = np.empty(BLOCK), np.ones(BLOCK + 1)
    power = np.sqrt if p == 0.5 else (lambda values, out: np.power(values, p, out=out))
    costs = []
    for first in range(1, N - 1, BLOCK):
        last = min(first + BLOCK, N - 1)
        w, marks = single[: last - first], choice[first:last]
        n = kernels.jumps(c, first, last, w, pair, marks)
        power(w, out=w)
        power(pair[:n], out=pair[:n])
        costs.append(kernels.sweep(w, pair, slack, state, marks))
    numbers, undecided, effort, end = [1.0], 0, EFFORT, 0
    for j in np.flatnonzero(choice >= kernels.OPEN).tolist():
        if j < end:  # its run is done
            continue
        start, end = kernels.run_around(c, j)
        ways, left = 1.0, 1
        if not rounded:
            run = (start, end)
            ways, left = kernels.settle(points.x, points.y, c, run, p, slack, choice)
        if left == 0:
            numbers.append(ways)
            continue
        effort -= end - start
        if effort < 0:
            undecided += left
            continue
        found = _minimise(points, start, end, p)
        numbers.append(float(min(found.number, MANY)))
        undecided += found.undecided
        choice[start:end] = kernels.SINGLE
        choice[[start + i for i in found.first]] = kernels.PAIRED
    kernels.trace(choice)
    value, error = math.fsum(costs), slack + 1e-11
    return Optimum(choice.view(bool), value, error, _product(numbers), undecided)


def _product(numbers: list[float]) -> int:
    """The product, rounded down to a power of ten where it is large."""
    digits = math.fsum(math.log10(min(n, MANY)) for n in numbers)
    return math.prod(map(int, numbers)) if digits < 15 else 10 ** math.floor(digits)
