"""Trees of boxes that refute every network with a small sum |u_kj|^p, in integers and balls.

Neurons of one sign and one activation pattern, a block, are merged: that costs less for p < 1. Then
a network is a sum of the blocks' extreme rays (see `milpsparse.rays`) with factors x_c >= 0, and
t_e = sum_c |r_cj| x_c is the size of entry e = (block, j) where that is positive, or negative.

A box says low_e <= t_e <= high_e; the root of a claim L has all high_e = L^(1/p), as others cost
more. In a box, t^p >= high^(p - 1) t where low = 0, and t^p >= low^p + g (t - low) for any slope g
of at most that of the secant. So for any multipliers m of the fits, every network of the box costs

    sum_e t_e^p  >=  m . y + sum_{low_e > 0} (low_e^p - g_e low_e) + sum_c slack_c x_c,

if slack_c = sum_j weight_e |r_cj| - s m . relu(X r_c) is nowhere negative (weight_e is g_e, or
high_e^(p - 1)). Once the constant part is L, no network of the box costs less. Else those that do
have sum slack_c x_c <= room = L - constant part, so that t_e <= room / min_c(slack_c / |r_cj|):
the box shrinks. A node gives rounds of multipliers; then it has either refuted its box, or it
splits it in two at a value of an entry.

Numbers of a file are doubles, and so are the bounds of boxes, all of them rounded to the safe side.
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

SCALE = 200  # multipliers and weights are integers over 2^200
UP = 1 + 2.0**-44  # makes up for the rounding of a few operations on doubles
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
    boxes = [problem.root()]
    n_leaves = n_nodes = 0
    while boxes:
        node = next(body, None)
        if node is None:
            raise ProofError("the file ends inside the tree")
        require(node.keys() <= {"rounds", "split"}, "a node has rounds and perhaps a split")
        require(type(node.get("rounds")) is list, "a node has a list of rounds")
        box = boxes.pop()
        refuted = any([problem.shrinks(box, *problem.round(row)) for row in node["rounds"]])
        require(refuted or "split" in node, "a box is neither refuted nor split")
        if "split" in node:
            boxes += reversed(box.halves(*problem.split(node["split"])))
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
        self.labels = list(reduced(y, forms))
        outputs = reduced(rays.outputs, forms)[rays.ray]
        u = rays.u[rays.ray]
        sizes = np.hstack([np.where(u > 0, u, 0), np.where(u < 0, -u, 0)])
        D = u.shape[1]
        self.counted = np.ones(2 * D, dtype=bool)
        self.counted[[D - 1, 2 * D - 1]] = claim.count_bias
        P = len(rays.patterns)
        self.block = np.concatenate([rays.block, rays.block + P])
        self.sizes = np.vstack([sizes, sizes])
        self.outputs = np.vstack([outputs, -outputs])
        self.shape = (2 * P, 2 * D)
        # Doubles of the sizes of every column over a power of two of its own.
        shifts = [max(row).bit_length() for row in sizes.tolist()] * 2
        self.near = np.array(
            [[v / (1 << s) for v in row] for row, s in zip(self.sizes.tolist(), shifts, strict=True)]
        )
        self.scales = [self.unit << (SCALE + s) for s in shifts]

    def root(self) -> Box:
        """The box of all networks that cost less than is claimed."""
        import flint

        most = flint.arb(_arb(self.least)) ** (1 / flint.arb(self.p))
        high = np.full(self.shape, _above(most))
        return Box(high, {})

    def round(self, row: Any) -> tuple[list[float], list[float]]:
        """Multipliers of the fits, and slopes of the entries with lower bounds."""
        right = type(row) is list and len(row) == 2 and all(type(part) is list for part in row)
        require(right, "a round is a list of multipliers and one of slopes")
        return _doubles(row[0]), _doubles(row[1])

    def split(self, given: Any) -> tuple[tuple[int, int], float]:
        """The entry that a box is split at, and its value there."""
        require(type(given) is list and len(given) == 3, "a split is [block, entry, value]")
        b, j = given[:2]
        right = all(type(v) is int and 0 <= v < n for v, n in zip((b, j), self.shape, strict=True))
        require(right and bool(self.counted[j]), "a split has no entry that is counted")
        [value] = _doubles(given[2:])
        require(value > 0, "a split is at a positive value")
        return (b, j), value

    def shrinks(self, box: Box, duals: list[float], slopes: list[float]) -> bool:
        """Whether the box is refuted; if not, it has shrunk."""
        fits = len(duals) == len(self.labels) and len(slopes) == len(box.lows)
        require(fits, "a round has too few numbers or too many")
        if any(box.high[at] < low for at, low in box.lows.items()):
            return True
        multipliers = [_integer(m) for m in duals]
        bound = sum((m * y for m, y in zip(multipliers, self.labels, strict=True)), Fraction(0))
        bound /= 1 << SCALE
        weights = self._weights(box)
        for (at, low), slope in zip(box.lows.items(), slopes, strict=True):
            require(self._is_slope(slope, low, float(box.high[at])), "a slope is too steep")
            weights[at] = _integer(slope)
            bound += _power(low, self.p) - Fraction(weights[at], 1 << SCALE) * Fraction(low)
        slack = self._slack(weights, multipliers)
        require(min(slack) >= 0, "multipliers and slopes are not dual feasible")
        if bound >= self.least:
            return True
        self._shrink(box, slack, _double_above(self.least - bound))
        return any(box.high[at] < low for at, low in box.lows.items())

    def _weights(self, box: Box) -> NDArray[np.object_]:
        weights = np.zeros(self.shape, dtype=object)
        for j in np.flatnonzero(self.counted):
            weights[:, j] = [_weight(high, self.p) for high in box.high[:, j].tolist()]
        return weights

    def _slack(self, weights: NDArray[np.object_], multipliers: list[int]) -> list[int]:
        """The slack of all columns times their `scales`, without the power of two."""
        cost = (weights[self.block] * self.sizes).sum(axis=1) * self.unit
        return list(cost - self.outputs @ np.array(multipliers, dtype=object))

    def _shrink(self, box: Box, slack: list[int], room: float) -> None:
        values = [_double_below(v, scale) for v, scale in zip(slack, self.scales, strict=True)]
        with np.errstate(divide="ignore"):
            per_size = np.where(self.near > 0, np.array(values)[:, None] / self.near, np.inf)
            least = np.full(self.shape, np.inf)
            np.minimum.at(least, self.block, per_size)
            most = room / least * UP
        box.high = np.where(self.counted, np.fmin(box.high, most), box.high)

    def _is_slope(self, slope: float, low: float, high: float) -> bool:
        """Whether a slope is at most that of t^p between two sizes; of one size any is."""
        import flint

        if low == high:
            return True
        with _precision():
            l, u, p = flint.arb(low), flint.arb(high), flint.arb(self.p)
            return bool(flint.arb(slope) * (u - l) <= u**p - l**p)


def _doubles(values: list[Any]) -> list[float]:
    right = all(type(v) in (int, float) and math.isfinite(v) for v in values)
    require(right, "a number is no finite double")
    return [float(v) for v in values]


def _integer(value: float) -> int:
    """A double over 2^SCALE, rounded down."""
    numerator, denominator = value.as_integer_ratio()
    return (numerator << SCALE) // denominator


@lru_cache(maxsize=100_000)
def _weight(high: float, p: float) -> int:
    """At most high^(p - 1), over 2^SCALE; so much costs a unit of an entry that is below `high`.

    Of an entry that can only be 0, any weight is right.
    """
    import flint

    with _precision():
        ball = flint.arb(max(high, 2.0**-100)) ** (flint.arb(p) - 1)
        return int((ball.lower() * flint.arb(2) ** SCALE).floor().unique_fmpz())


def _power(low: float, p: float) -> Fraction:
    """At most low^p."""
    import flint

    with _precision():
        ball = (flint.arb(low) ** flint.arb(p)).lower()
        return Fraction(int((ball * flint.arb(2) ** SCALE).floor().unique_fmpz()), 1 << SCALE)


def _precision() -> Any:
    import flint

    return flint.ctx.workprec(PRECISION)


def _arb(value: Fraction) -> Any:
    import flint

    return flint.arb(flint.fmpq(value.numerator, value.denominator))


def _above(ball: Any) -> float:
    """A double that is not less."""
    return math.nextafter(float(ball.upper()), math.inf)


def _double_above(value: Fraction) -> float:
    return math.nextafter(float(value), math.inf)


def _double_below(value: int, scale: int) -> float:
    """value / scale, rounded down to a double, for value >= 0."""
    shifted = (value << 160) // scale
    spare = max(shifted.bit_length() - 53, 0)
    return math.ldexp(shifted >> spare, spare - 160)
