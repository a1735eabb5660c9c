"""The interpolant of one-input data that keeps all chords but some: exact without being written.

Where two neighbouring points share a knot, the chord between them is dropped and the chords on
either side are prolonged until they meet. Such a function passes through every point exactly,
whatever the rationals of its knots; they are computed when they are first read.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from milpsparse.network import Network, Skip, power_sum, with_doubles
from milpsparse.rational import rationals
from milpsparse.theory.points import BLOCK, Points


class Interpolant(Network):
    """The function of a matching as an exact network, one neuron relu(|a| (x - t)) a knot.

    `paired[j]` says that the points j - 1 and j share a knot: then both are interior points with
    curvatures of one sign, and in no other pair (`is_sound`). Signs, weights and biases are
    Fractions, computed at the first use.
    """

    points: Points
    paired: NDArray[np.bool_]

    def __init__(self, points: Points, paired: NDArray[np.bool_]) -> None:
        self.__dict__ |= {"points": points, "paired": paired}
        a = points.slope(0) if len(points) > 1 else Fraction(0)
        c = points.exact_y(0) - a * points.exact_x(0)
        self.__dict__ |= {"skip": Skip(rationals([a]), c), "exact": None}

    def __getattr__(self, name: str) -> Any:
        if name not in ("signs", "weights", "biases"):
            raise AttributeError(name)
        knots = [self._knot(j) for j in self._starts().tolist()]
        jumps = rationals([jump for _, jump in knots])
        signs = np.array([1 if jump > 0 else -1 for jump in jumps], dtype=int)
        self.__dict__ |= {"signs": signs, "weights": abs(jumps)[:, None]}
        self.__dict__ |= {"biases": -abs(jumps) * rationals([t for t, _ in knots])}
        return self.__dict__[name]

    @cached_property
    def is_sound(self) -> bool:
        """Whether every pair is one of interior neighbours of one sign, and pairs are disjoint."""
        c, paired = self.points.curvatures, self.paired
        if paired.shape != c.shape or paired.dtype != bool:
            return False
        if self.points.is_small:
            at = np.flatnonzero(paired)
            apart = bool(np.all(np.diff(at) > 1))
            return apart and all(2 <= j < len(c) - 1 and _agree(c[j - 1], c[j]) for j in at)
        from milpsparse.theory import kernels

        return bool(kernels.is_matching(c, paired))

    def n_neurons(self, skip: bool) -> int:
        """How many knots there are, each of a jump that is not 0."""
        return int(np.count_nonzero(self.points.curvatures) - np.count_nonzero(self.paired))

    def n_parameters(self, count_bias: bool) -> int:
        """One weight a knot, and a bias but for a knot at 0."""
        knots = self.n_neurons(skip=True)
        if not count_bias:
            return knots
        x, starts = self.points.x, self._starts()
        first, last = np.searchsorted(x, 0.0), np.searchsorted(x, 0.0, side="right")
        near = starts[(starts >= first - 1) & (starts <= last)].tolist()
        return 2 * knots - sum(self._knot(j)[0] == 0 for j in near)

    def path_norm(self, p: float, count_bias: bool) -> float:
        """The lp path norm: in doubles where data are many and biases do not count."""
        if count_bias or self.points.is_small:
            return super().path_norm(p, count_bias)
        from milpsparse.theory import kernels

        c, block, total = self.points.curvatures, np.empty(BLOCK + 1), []
        for first in range(1, len(c) - 1, BLOCK):
            n = kernels.sizes(c, self.paired, first, min(first + BLOCK, len(c) - 1), block)
            total.append(power_sum(block[:n], p))
        return math.fsum(total)

    @property
    def largest(self) -> Any:
        """The largest |u|: doubles tell at which knots it may be, rationals which it is."""
        if self.points.is_small:
            return super().largest
        _, weights, biases = self._doubles()
        starts, x = self._starts(), abs(self.points.x)
        error = weights * (1 + np.maximum(x[starts], x[starts + 1])) * self._slack
        sizes = np.maximum(weights, abs(biases))
        top = starts[sizes + error >= (sizes - error).max(initial=0.0)]
        knots = (self._knot(j) for j in top.tolist())
        return max((abs(jump) * max(Fraction(1), abs(t)) for t, jump in knots), default=0)

    def network(self) -> Network:
        """The network of doubles: the nearest ones for few points, else within 2^-40 of these."""
        if self.points.is_small:
            return with_doubles(self)
        signs, weights, biases = self._doubles()
        assert self.skip is not None
        skip = Skip(self.skip.weights.astype(float), float(self.skip.bias))
        return Network(signs, weights[:, None], biases, skip, self)

    def is_near(self, network: Network) -> bool:
        """Whether the doubles of a network are those of this function, up to rounding."""
        from milpsparse.theory import kernels

        points, slack = self.points, self._slack
        signs, w, b = network.signs, network.weights[:, 0], network.biases
        if not self._has_skip_of(network):
            return False
        if len(signs) == 0 or self.n_neurons(skip=True) != len(signs):
            return self.n_neurons(skip=True) == len(signs)
        return not kernels.differs(points.x, points.curvatures, self.paired, signs, w, b, slack)

    @property
    def _slack(self) -> float:
        """Relative error of the doubles of `network`, with room to spare."""
        return 2.0**-40 + 4 * self.points.error

    def _has_skip_of(self, network: Network) -> bool:
        """Whether a network's skip connection is the doubles nearest to this one's."""
        mine, other = self.skip, network.skip
        if mine is None or other is None:
            return False
        same = float(mine.weights[0]) == other.weights[0]
        return bool(same and float(mine.bias) == other.bias)

    def _doubles(self) -> tuple[NDArray[Any], NDArray[np.float64], NDArray[np.float64]]:
        """Signs, weights and biases in doubles, shape (K,) each."""
        from milpsparse.theory import kernels

        K, points = self.n_neurons(skip=True), self.points
        signs, weights, biases = np.empty(K + 1, np.int8), np.empty(K + 1), np.empty(K + 1)
        kernels.fill(points.x, points.curvatures, self.paired, signs, weights, biases)
        return signs[:K], weights[:K], biases[:K]

    def _starts(self) -> NDArray[np.int64]:
        """The first point that each knot serves."""
        return np.flatnonzero((self.points.curvatures != 0) & ~self.paired)

    def _knot(self, j: int) -> tuple[Fraction, Fraction]:
        """Position and jump of the knot whose first point is j."""
        points = self.points
        c, t = points.exact_curvature(j), points.exact_x(j)
        if self.paired[j + 1]:
            other = points.exact_curvature(j + 1)
            t = (c * t + other * points.exact_x(j + 1)) / (c + other)
            c += other
        return t, c


def _agree(a: float, b: float) -> bool:
    return (a > 0 and b > 0) or (a < 0 and b < 0)
