"""Lower bounds that hold for every network through the data, whatever the bound B.

Each is a theorem with its hypotheses checked on this instance in rationals, or `generic`: true for
almost every label vector, which certifies nothing about the labels at hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np

from milpsparse.instance import Instance
from milpsparse.objective import Objective
from milpsparse.rational import rank, rationals


@dataclass(frozen=True)
class LowerBound:
    """A lower bound on the objective over all networks, and why it holds."""

    value: Fraction
    evidence: str  # "theorem" or "generic"
    why: str


def lower_bounds(instance: Instance, objective: Objective) -> list[LowerBound]:
    """All bounds known for this objective, the trivial one included."""
    found = [LowerBound(Fraction(0), "theorem", "no value is negative")]
    for rule in _RULES:
        found.extend(rule(instance, objective))
    return found


def best_bound(instance: Instance, objective: Objective, evidence: str) -> LowerBound | None:
    """The largest bound of one kind of evidence, or None."""
    kind = [b for b in lower_bounds(instance, objective) if b.evidence == evidence]
    return max(kind, key=lambda b: b.value, default=None)


def curvatures(instance: Instance) -> list[Fraction]:
    """For one input: the changes of slope at the interior points of the sorted distinct data."""
    points = sorted(set(zip(instance.X_exact[:, 0], instance.y_exact, strict=True)))
    slopes = [(y1 - y0) / (x1 - x0) for (x0, y0), (x1, y1) in pairwise(points)]
    return [after - before for before, after in pairwise(slopes)]


def knots_needed(curvature: list[Fraction]) -> int:
    """The fewest knots of a continuous piecewise linear interpolant with these curvatures.

    A knot can serve two neighbouring points of one sign of curvature, so a maximal run of m equal
    nonzero signs needs ceil(m / 2). Collinear points (curvature 0) end runs.

    >>> knots_needed([Fraction(c) for c in (1, 1, 0, 1, 1)])
    2
    """
    knots, run, last = 0, 0, 0
    for c in [*curvature, Fraction(0)]:
        sign = (c > 0) - (c < 0)
        if sign != last:
            knots, run, last = knots + (run + 1) // 2, 0, sign
        run += sign != 0
    return knots


def _univariate(instance: Instance, objective: Objective) -> Iterator[LowerBound]:
    """One input. Every neuron with w != 0 makes one knot; without skip there are fewer freedoms."""
    if instance.n_features != 1:
        return
    if objective.counts:
        knots = Fraction(knots_needed(curvatures(instance)))
        yield LowerBound(knots, "theorem", "one input: ceil(m/2) knots a run of m curvature signs")
        return
    total = Fraction(sum(abs(c) for c in curvatures(instance)))
    if objective.kind == "l1":
        yield LowerBound(total, "theorem", "one input: the slope varies by sum |curvature|")
    if objective.p is not None:  # sum |z|^p >= (sum |z|)^p, rounded down
        power = Fraction(float(total) ** objective.p * (1 - 1e-12))
        yield LowerBound(power, "theorem", "one input: (sum |curvature|)^p")


def _not_affine(instance: Instance, objective: Objective) -> Iterator[LowerBound]:
    """With a skip connection, or free constants, zero neurons fit affine, or constant, labels."""
    if not objective.counts:
        return
    ones = rationals(np.ones((instance.n_samples, 1)))
    free = ones
    if instance.skip:
        free = np.column_stack([instance.X_exact, ones])
    elif instance.count_bias or objective.kind == "neurons":
        return
    if rank(np.column_stack([free, instance.y_exact])) > rank(free):
        what = "affine" if instance.skip else "constant"
        yield LowerBound(Fraction(1), "theorem", f"the labels are not {what} in the inputs")


def _signs(instance: Instance, objective: Objective) -> Iterator[LowerBound]:
    """Without skip, a positive label needs a positive neuron, a negative one a negative neuron."""
    constants_free = objective.kind == "parameters" and not instance.count_bias
    if instance.skip or constants_free or not objective.counts:
        return
    signs = {(v > 0) - (v < 0) for v in instance.y_exact} - {0}
    yield LowerBound(Fraction(len(signs)), "theorem", "one neuron for each sign among the labels")


def _dimension(instance: Instance, objective: Objective) -> Iterator[LowerBound]:
    """Networks with S free numbers reach label vectors of dimension at most S only."""
    if not objective.counts:
        return
    points = np.array(sorted({tuple(row) for row in instance.X_exact.tolist()}), dtype=object)
    N = len(points)
    ones = rationals(np.ones((N, 1)))
    affine = rank(np.column_stack([points, ones]))
    left = Fraction(N - affine if instance.skip else N)
    D = instance.n_features + 1
    if objective.kind == "neurons":
        value = Fraction(-(-left // D))
    elif instance.count_bias:
        value = left
    else:  # every neuron brings a free bias; without skip the constants are free too
        value = Fraction(-(-(left - (not instance.skip)) // 2))
    yield LowerBound(max(value, Fraction(0)), "generic", "dimension count: almost every labelling")


_RULES: tuple[Callable[[Instance, Objective], Iterator[LowerBound]], ...] = (
    _univariate,
    _not_affine,
    _signs,
    _dimension,
)
