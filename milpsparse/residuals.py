"""The largest residual of a network on all points: exact, and mostly at the speed of doubles.

Data and network are scaled to integers. Doubles hold integers up to 2^53 exactly, so they do where
all sums of products stay below, in whatever order they are added. Longer numbers are cut into
limbs, digits to the base 2^width, so short that all sums of products of limbs stay below. Data
that would need too many limbs, and cells that are no doubles, go through Python's integers. Points
are taken in blocks: memory does not grow with their number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from milpsparse.instance import Instance
from milpsparse.network import Network
from milpsparse.rational import integers, rationals
from milpsparse.sample import subset

BIT_BUDGET = 20_000_000_000  # points x neurons x bits of an exact evaluation: some seconds
BLOCK = 2**18  # numbers that are computed at once, so that they stay in the cache
LIMBS = 64  # of data and network together, at most: beyond, Python's integers are as fast
MOST_BITS = 900  # of data scaled to integers in doubles, far from overflow


def largest_residual(instance: Instance, network: Network) -> Fraction:
    """The largest |f(x_i) - y_i|; doubles count as the dyadics they are.

    Thousands of neurons with unlike denominators would make integers of a million bits: such a
    network is judged by its doubles.
    """
    d, net = instance.n_features, network.best
    numbers, scale = integers(_entries(net, d))
    if instance.n_samples * len(net.signs) * scale.bit_length() > BIT_BUDGET:
        net = network
        numbers, scale = integers(_entries(net, d))
    path = np.array(numbers, dtype=object).reshape(-1, d + 1)
    labels = np.array([0] * len(net.signs) + [-scale], dtype=object)
    return largest_value(instance, np.column_stack([path, labels]), net.signs)[0] / scale


def largest_value(
    instance: Instance, forms: NDArray[Any], signs: Sequence[int] | NDArray[Any] = ()
) -> tuple[Fraction, int]:
    """The largest |sum_k signs[k] relu(form_k) + form_K| over all points, and a point where it is.

    The forms are K + 1 rows of d + 2 Python integers, the coefficients of (x, 1, y).
    """
    rule = _Forms(forms, np.array(signs, dtype=np.int64))
    found = (Fraction(-1), 0)
    for rows, data in _blocks(instance, max(64, BLOCK // forms.size)):
        numbers, unit = _scaled(data)
        values = rule.values(numbers)
        for pick in (np.max, np.min):
            value, at = _extreme(values, rule.width, pick)
            found = max(found, (abs(Fraction(value, unit)), int(rows[at])))
    return found


@dataclass(frozen=True)
class _Forms:
    """Linear forms with integer coefficients and the signs of those that are neurons."""

    numbers: NDArray[Any]
    signs: NDArray[np.int64]

    def values(self, data: NDArray[Any]) -> list[NDArray[Any]]:
        """sum_k signs[k] relu(form_k) + form_K for rows of integers, in limbs, lowest first.

        All limbs but the highest are in 0 .. 2^width - 1; there may be one only.
        """
        pieces, limbs = self._cut(data)
        parts: list[Any] = [0] * (len(pieces) + len(limbs) - 1)
        for (i, piece), (j, limb) in product(enumerate(pieces), enumerate(limbs)):
            parts[i + j] = parts[i + j] + piece @ limb.T
        _carry(parts, self.width)
        active = parts[-1][:, :-1] >= 0  # all below adds up to less than 1 of the highest limb
        signs = self.signs.astype(parts[0].dtype)
        out = [(p[:, :-1] * active) @ signs + p[:, -1] for p in parts]
        _carry(out, self.width)
        return out

    def _cut(self, data: NDArray[Any]) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
        """Data and forms as doubles in few limbs, or else whole as Python's integers."""
        if data.dtype == object:
            return [data], [self.numbers]
        bits = _bits(data)
        if bits + self.bits + self.numbers.size.bit_length() <= 53:
            return [data], [self.whole]
        n, m = (max(1, -(-b // self.width)) for b in (bits, self.bits))
        if n + m > LIMBS:
            whole = [int(v) for v in data.ravel().tolist()]
            return [np.array(whole, dtype=object).reshape(data.shape)], [self.numbers]
        pieces = [data] + [np.zeros_like(data)] * (n - 1)
        _carry(pieces, self.width)
        return pieces, self.limbs

    @cached_property
    def width(self) -> int:
        """Bits of a limb, so many that all sums stay below 2^53.

        A limb of a form sums d + 2 products below 2^(2 width) for each of up to LIMBS / 2 pairs of
        limbs, and a carry. The highest has one such pair only, and K + 1 forms are added up; their
        other limbs are below 2^width by then. A factor 2 leaves ample room for carries.
        """
        forms, terms = self.numbers.shape
        return (52 - int(terms * max(forms, LIMBS // 2)).bit_length()) // 2

    @cached_property
    def bits(self) -> int:
        """Every coefficient is below 2^bits in size."""
        return _bits(self.numbers)

    @cached_property
    def whole(self) -> NDArray[np.float64]:
        """The coefficients as doubles, exact where they have up to 53 bits."""
        return self.numbers.astype(float)

    @cached_property
    def limbs(self) -> list[NDArray[np.float64]]:
        """The coefficients in limbs, lowest first: the highest one carries the sign."""
        top, mask = max(0, (self.bits - 1) // self.width), (1 << self.width) - 1
        low = [((self.numbers >> self.width * i) & mask).astype(float) for i in range(top)]
        return [*low, (self.numbers >> self.width * top).astype(float)]


def _carry(limbs: list[NDArray[Any]], width: int) -> None:
    """Bring all limbs but the highest into 0 .. 2^width - 1, the value unchanged."""
    base = 2.0**width
    for at in range(len(limbs) - 1):
        carry = np.floor(limbs[at] / base)
        limbs[at] = limbs[at] - carry * base
        limbs[at + 1] = limbs[at + 1] + carry


def _extreme(limbs: list[NDArray[Any]], width: int, pick: Any) -> tuple[int, int]:
    """The largest or smallest value and where it is: digits are compared from the highest on."""
    rows, value = np.arange(len(limbs[0])), 0
    for limb in reversed(limbs):
        digits = limb[rows]
        best = pick(digits)
        rows, value = rows[digits == best], (value << width) + int(best)
    return value, int(rows[0])


def _blocks(instance: Instance, size: int) -> Iterator[tuple[NDArray[np.int64], NDArray[Any]]]:
    """All points as rows (x, 1, y) with their numbers: doubles, or Fractions where one is none."""
    exact = np.zeros(instance.n_samples, dtype=bool)
    exact[[i for i, _ in instance.spelled]] = True
    for first in range(0, instance.n_samples, size):
        rows = first + np.flatnonzero(~exact[first : first + size])
        if len(rows):
            yield rows, np.column_stack([instance.X[rows], np.ones(len(rows)), instance.y[rows]])
    if instance.spelled:
        few = subset(instance, np.flatnonzero(exact))
        ones = np.ones(few.n_samples, dtype=object)
        data = np.column_stack([few.X_exact, ones, few.y_exact])
        for first in range(0, few.n_samples, size):
            yield np.flatnonzero(exact)[first : first + size], data[first : first + size]


def _scaled(data: NDArray[Any]) -> tuple[NDArray[Any], int]:
    """Data as integers over one denominator: doubles if they are and not too far apart."""
    if data.dtype != object:
        finest = _finest(data)
        if finest + _bits(data) <= MOST_BITS:
            return data * 2.0**finest, 1 << finest
        data = rationals(data)
    numbers, unit = integers(data.ravel().tolist())
    return np.array(numbers, dtype=object).reshape(data.shape), unit


def _finest(data: NDArray[np.float64]) -> int:
    """The least e >= 0 such that all numbers are multiples of 2^-e."""
    fraction, exponent = np.frexp(data)
    digits = (fraction * 2.0**53).astype(np.int64)
    lowest = (
        np.frexp((digits & -digits).astype(float))[1] - 1
    )  # the place of the last bit that is 1
    return max(0, int((53 - lowest - exponent)[digits != 0].max(initial=0)))


def _bits(numbers: NDArray[Any]) -> int:
    """The least b, at least 0, such that all sizes are below 2^b."""
    largest = max(abs(numbers.max()), abs(numbers.min()))
    if numbers.dtype == object:
        return int(largest).bit_length()
    return max(0, int(np.frexp(largest)[1]))


def _entries(network: Network, d: int) -> list[Fraction]:
    """All path parameters row by row, then the skip connection."""
    skip = network.skip
    last = [0] * (d + 1) if skip is None else [*skip.weights.tolist(), skip.bias]
    return [Fraction(v) for v in [*network.path.ravel().tolist(), *last]]
