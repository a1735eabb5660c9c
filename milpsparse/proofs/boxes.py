"""Trees of boxes that refute every network with a small sum |u_kj|^p, in rationals and balls.

Neurons of one sign and one activation pattern, a block, are merged: that costs less for p < 1. Then
a network is a sum of the blocks' extreme rays (see `milpsparse.rays`) with factors x_c >= 0, and
t_e = sum_c |r_cj| x_c is the size of entry e = (block, j) where that is positive, or negative: the
rays of a neuron are in its orthant. (Rays without any output are left out, for that costs less.)

A box says low_e <= t_e <= high_e; the root of a claim L has all high_e = L^(1/p), as others cost
more. In a box, t^p >= high^(p - 1) t where low = 0, and t^p >= low^p + g (t - low) for any slope g
of at most that of the secant. So for any multipliers m of the fits, every network of the box costs

    sum_e t_e^p  >=  m . y + sum_{low_e > 0} (low_e^p - g_e low_e) + sum_c slack_c x_c,

if slack_c = sum_j weight_e |r_cj| - s m . relu(X r_c) is nowhere negative (weight_e is g_e, or
high_e^(p - 1)). Once the constant part is L, no network of the box costs less. Else those that do
have sum slack_c x_c <= room = L - constant part, so that t_e <= room / min_c(slack_c / |r_cj|):
the box shrinks. A node gives rounds of multipliers; then it has either refuted its box, or it
splits it in two at a value of an entry.

Numbers of a file are doubles, and so are the bounds of boxes and the weights, all rounded to the
safe side. The constant part is a rational. A slack is bounded in doubles with their rounding, and
where that does not tell its sign, computed in rationals.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from milpsparse.objective import parse_objective
from milpsparse.proofs.file import Claim, ProofError, require
from milpsparse.rational import integers, rationals
from milpsparse.rays import free_forms, rays_of, reduced

UP = 1 + 2.0**-44  # makes up for the rounding of a few operations on doubles
ROUNDING = 2.0**-45  # of a sum of up to 200 products, relative to the sum of their sizes
MOST_TERMS = 200
TINY = 1e-200  # no factor of a product is less, so that products are not rounded to 0
GRID = 1024  # bounds that shrink are rounded up to m / GRID times a power of two: few powers
PRECISION = 128  # bits of balls


@dataclass
class Box:
    """Bounds of all entries, shape (blocks, 2 (d + 1)); `lows` are the positive lower ones."""

    high: NDArray[np.float64]
    lows: dict[tuple[int, int], float]

    def halves(self, at: tuple[int, int], value: float) -> tuple[Box, Box]:
        """Those with t <= value, and with t >= value."""
        high = self.high.copy()
        high[at] = min(high[at], value)
        low = max(value, self.lows.get(at, 0.0))
        return Box(high, self.lows), Box(self.high.copy(), {**self.lows, at: low})


def check_boxes(claim: Claim, body: Iterator[dict[str, Any]]) -> tuple[int, int]:
    """The numbers of leaves and of nodes; ProofError unless every box is refuted."""
    problem = Problem(claim)
    boxes: list[Box | None] = [problem.root()]  # None for a half of a box that is refuted already
    n_leaves = n_nodes = 0
    while boxes:
        node = next(body, None)
        if node is None:
            raise ProofError("the file ends inside the tree")
        require(node.keys() <= {"rounds", "split"}, "a node has rounds and perhaps a split")
        require(type(node.get("rounds")) is list, "a node has a list of rounds")
        box = boxes.pop()
        if box is not None and any(problem.shrinks(box, row) for row in node["rounds"]):
            box = None
        require(box is None or "split" in node, "a box is neither refuted nor split")
        if "split" in node:
            at, value = problem.split(node["split"])
            boxes += (None, None) if box is None else reversed(box.halves(at, value))
        n_nodes += 1
        n_leaves += "split" not in node
    require(next(body, None) is None, "nothing follows the tree")
    return n_leaves, n_nodes


class Problem:
    """The columns of a claim in integers, and the rules of nodes."""

    def __init__(self, claim: Claim) -> None:
        p = parse_objective(claim.objective).p
        assert p is not None
        self.p, self.least = p, Fraction(claim.at_least)
        X = rationals(claim.X).reshape(len(claim.y), -1)
        rays, self.unit = rays_of(X, claim.skip)
        free = not claim.skip and not claim.count_bias
        forms = free_forms(X, claim.skip, free)
        y = np.array(claim.y, dtype=object)
        self.labels, self.unit_y = integers(reduced(y, forms))
        outputs = reduced(rays.outputs, forms)[rays.ray]
        u = rays.u[rays.ray]
        sizes = np.hstack([np.where(u > 0, u, 0), np.where(u < 0, -u, 0)])
        D = u.shape[1]
        require(2 * D + len(self.labels) <= MOST_TERMS, "boxes take fewer points and inputs")
        self.counted = np.ones(2 * D, dtype=bool)
        self.counted[[D - 1, 2 * D - 1]] = claim.count_bias
        P = len(rays.patterns)
        self.shape = (2 * P, 2 * D)
        self.block = np.concatenate([rays.block, rays.block + P])
        # Columns are in the order of their blocks, and every block has some.
        self.first = np.searchsorted(self.block, np.arange(2 * P))
        require(bool((self.block[self.first] == np.arange(2 * P)).all()), "a block has no columns")
        self.sizes = np.vstack([sizes, sizes])
        self.outputs = np.vstack([outputs, -outputs])
        # Nearest doubles of the columns; every ray is divided by its largest entry.
        largest = abs(self.sizes).max(axis=1)[:, None]
        self.near_sizes = _nearest(self.sizes, largest)
        self.near_outputs = _nearest(self.outputs, largest * self.unit)

    def root(self) -> Box:
        """The box of all networks that cost less than is claimed."""
        import flint

        with flint.ctx.workprec(PRECISION):
            most = flint.arb(float(self.least)) ** (1 / flint.arb(self.p))
            return Box(np.full(self.shape, _above(most)), {})

    def split(self, given: Any) -> tuple[tuple[int, int], float]:
        """The entry that a box is split at, and its value there."""
        require(type(given) is list and len(given) == 3, "a split is [block, entry, value]")
        b, j = given[:2]
        right = all(type(v) is int and 0 <= v < n for v, n in zip((b, j), self.shape, strict=True))
        require(right and bool(self.counted[j]), "a split has no entry that is counted")
        [value] = _doubles(given[2:])
        require(value > 0, "a split is at a positive value")
        return (b, j), value

    def shrinks(self, box: Box, row: Any) -> bool:
        """Whether a box is refuted by a round; if not, it has shrunk.

        A round has multipliers of the fits, and slopes of the entries with lower bounds.
        """
        right = type(row) is list and len(row) == 2 and all(type(part) is list for part in row)
        require(right, "a round is a list of multipliers and one of slopes")
        duals, slopes = _doubles(row[0]), _doubles(row[1])
        fits = len(duals) == len(self.labels) and len(slopes) == len(box.lows)
        require(fits, "a round has too few numbers or too many")
        if any(box.high[at] < low for at, low in box.lows.items()):
            return True
        bound = Fraction(0)
        for m, y in zip(duals, self.labels, strict=True):
            bound += Fraction(m) * y
        bound /= self.unit_y
        highs, which = np.unique(box.high, return_inverse=True)
        weights = np.array([_weight(high, self.p) for high in highs.tolist()])[which]
        weights = np.where(self.counted, weights.reshape(self.shape), 0.0)
        for (at, low), slope in zip(box.lows.items(), slopes, strict=True):
            steepest = _secant(low, float(box.high[at]), self.p)
            require(slope <= steepest, "a slope is too steep")
            weights[at] = slope
            bound += _power(low, self.p) - Fraction(slope) * Fraction(low)
        slack = self._slack(weights, np.array(duals))
        if bound >= self.least:
            return True
        self._shrink(box, slack, math.nextafter(float(self.least - bound), math.inf))
        return any(box.high[at] < low for at, low in box.lows.items())

    def _slack(
        self, weights: NDArray[np.float64], duals: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """No more than the slack of all columns; ProofError unless all slack is >= 0."""
        costs = weights[self.block] * self.near_sizes
        terms = self.near_outputs * duals
        size = abs(costs).sum(axis=1) + abs(terms).sum(axis=1)
        require(bool(np.isfinite(size).all()), "multipliers are beyond the range of doubles")
        slack = costs.sum(axis=1) - terms.sum(axis=1) - ROUNDING * size - 1e-300
        for c in np.flatnonzero(slack < 0).tolist():
            require(self._has_slack(c, weights[self.block[c]], duals), "the duals are not feasible")
        return np.asarray(np.maximum(slack, 0.0))

    def _has_slack(self, c: int, weights: NDArray[np.float64], duals: NDArray[np.float64]) -> bool:
        """Whether the slack of a column is not negative, in rationals."""
        cost, output = Fraction(0), Fraction(0)
        for weight, size in zip(weights.tolist(), self.sizes[c].tolist(), strict=True):
            cost += Fraction(weight) * size
        for m, value in zip(duals.tolist(), self.outputs[c].tolist(), strict=True):
            output += Fraction(m) * value
        return cost * self.unit >= output

    def _shrink(self, box: Box, slack: NDArray[np.float64], room: float) -> None:
        with np.errstate(divide="ignore", invalid="ignore"):
            per_size = np.where(self.near_sizes > 0, slack[:, None] / self.near_sizes, np.inf)
            most = room / np.minimum.reduceat(per_size, self.first) * UP
        mantissa, exponent = np.frexp(most)
        most = np.ldexp(np.ceil(mantissa * GRID) / GRID, exponent)
        box.high = np.where(self.counted, np.fmin(box.high, most), box.high)


def _doubles(values: list[Any]) -> list[float]:
    right = all(type(v) in (int, float) and math.isfinite(v) for v in values)
    require(right, "a number is no finite double")
    return [float(v) for v in values]


def _nearest(values: NDArray[np.object_], scales: NDArray[np.object_]) -> NDArray[np.float64]:
    """The doubles nearest to the ratios of integers; ProofError where one is too small for them."""
    near = np.asarray((values / scales).astype(float))
    require(bool((abs(near[values != 0]) > TINY).all()), "the data are beyond the range of doubles")
    return near


@lru_cache(maxsize=200_000)
def _weight(high: float, p: float) -> float:
    """At most high^(p - 1): so much costs a unit of an entry that is at most `high`.

    Of an entry that can only be 0, any weight is right.
    """
    import flint

    with flint.ctx.workprec(PRECISION):
        return _below(flint.arb(max(high, 2.0**-100)) ** (flint.arb(p) - 1))


@lru_cache(maxsize=10_000)
def _power(low: float, p: float) -> Fraction:
    """At most low^p."""
    import flint

    with flint.ctx.workprec(PRECISION):
        return Fraction(_below(flint.arb(low) ** flint.arb(p)))


@lru_cache(maxsize=10_000)
def _secant(low: float, high: float, p: float) -> float:
    """At most the slope of t^p from low to high; of one size any is right."""
    import flint

    if low == high:
        return math.inf
    with flint.ctx.workprec(PRECISION):
        ends = flint.arb(low), flint.arb(high)
        rise = ends[1] ** flint.arb(p) - ends[0] ** flint.arb(p)
        return _below(rise / (ends[1] - ends[0]))


def _above(ball: Any) -> float:
    """A double that is not less."""
    return math.nextafter(float(ball.upper()), math.inf)


def _below(ball: Any) -> float:
    """A double that is not more."""
    return math.nextafter(float(ball.lower()), -math.inf)
