"""Lower bounds that hold for every network through the data, whatever the bound B.

Each is a theorem with its hypotheses checked on this instance in rationals, or `generic`: true for
almost every label vector, which certifies nothing about the labels at hand.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from milpsparse.affine import affine_rank, is_affine
from milpsparse.instance import Instance
from milpsparse.objective import Objective
from milpsparse.sample import subset
from milpsparse.theory import univariate
from milpsparse.theory.lines import best_line, crossings
from milpsparse.theory.points import points_of


@dataclass(frozen=True)
class LowerBound:
    """A lower bound on the objective over all networks, and why it holds.

    `kind` is the kind of proof file that says so in its header alone, with the points of `rows`
    as witnesses; of one input all points are, and no rows are given.
    """

    value: Fraction
    evidence: str  # "theorem" or "generic"
    why: str
    kind: str | None = None
    rows: Sequence[int] = ()


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


def _univariate(instance: Instance, objective: Objective) -> Iterator[LowerBound]:
    """One input. Every neuron with w != 0 makes one knot, whether there is a skip or not."""
    if instance.n_features != 1:
        return
    points = points_of(instance)
    if objective.counts:
        knots = Fraction(univariate.fewest_knots(points))
        why = "one input: ceil(m/2) knots a run of m curvature signs"
        bound = LowerBound(knots, "theorem", why, "univariate")
        yield _in_parameters(instance, objective, bound)
    elif math.isinf(points.error):
        return
    elif objective.kind in ("l1", "group_l2"):
        if points.is_small:
            total = sum((abs(c) for c in points.exact_curvatures), Fraction(0))
        else:
            total = Fraction(univariate.variation(points) * (1 - points.error - 1e-11))
        why = "one input: the slope varies by sum |curvature|"
        yield LowerBound(total, "theorem", why)
    elif objective.p is not None:
        found = univariate.least_cost(points, objective.p)
        low = Fraction(found.value * (1 - found.error))
        yield LowerBound(low, "theorem", "one input: the matching of least lp cost")


def _lines(instance: Instance, objective: Objective) -> Iterator[LowerBound]:
    """Points on a line. Every neuron with w != 0 makes at most one knot there, as of one input."""
    if instance.n_features == 1 or not objective.counts:
        return
    line = best_line(instance)
    if line.knots > 0:
        why = "points on a line: ceil(m/2) knots a run of m curvature signs"
        bound = LowerBound(Fraction(line.knots), "theorem", why, "line", line.rows)
        yield _in_parameters(instance, objective, bound)


def _in_parameters(instance: Instance, objective: Objective, knots: LowerBound) -> LowerBound:
    """The bound on neurons by knots in different places along a line, in what the objective counts.

    Where biases count, a neuron with a knot has two parameters, or its knot is where a coordinate
    is 0. Rows of the bound are in order along the line; of one input, all are on it.
    """
    if objective.kind != "parameters" or not instance.count_bias or not knots.value:
        return knots
    ends = [knots.rows[0], knots.rows[-1]] if knots.rows else _first_and_last(instance)
    low, high = subset(instance, np.array(ends)).X_exact.tolist()
    cheap = Fraction(crossings(low, high))
    value = 2 * knots.value - min(knots.value, cheap)
    return replace(
        knots, value=value, why=f"{knots.why}, two parameters each but where an input is 0"
    )


def _first_and_last(instance: Instance) -> list[int]:
    """The rows of the least and of the largest value of the only input."""
    x = (instance.X_exact if instance.spelled else instance.X)[:, 0]
    return [int(x.argmin()), int(x.argmax())]


def _not_affine(instance: Instance, objective: Objective) -> Iterator[LowerBound]:
    """With a skip connection, or free constants, zero neurons fit affine, or constant, labels."""
    if not objective.counts:
        return
    if not instance.skip:
        free_constant = objective.kind == "parameters" and not instance.count_bias
        y = instance.y_exact if instance.spelled else instance.y
        if free_constant and np.any(y != y[0]):
            yield LowerBound(Fraction(1), "theorem", "the labels are not constant in the inputs")
    elif instance.n_features > 1 and not is_affine(instance):
        yield LowerBound(Fraction(1), "theorem", "the labels are not affine in the inputs")


def _signs(instance: Instance, objective: Objective) -> Iterator[LowerBound]:
    """Without skip, a positive label needs a positive neuron, a negative one a negative neuron."""
    constants_free = objective.kind == "parameters" and not instance.count_bias
    if instance.skip or constants_free or not objective.counts:
        return
    rows = tuple(int(np.argmax(found)) for found in (instance.y > 0, instance.y < 0) if found.any())
    why = "one neuron for each sign among the labels"
    yield LowerBound(Fraction(len(rows)), "theorem", why, "signs", rows)


def _dimension(instance: Instance, objective: Objective) -> Iterator[LowerBound]:
    """Networks with S free numbers reach label vectors of dimension at most S only."""
    if not objective.counts:
        return
    N = instance.n_distinct
    affine = affine_rank(instance)
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
    _lines,
    _not_affine,
    _signs,
    _dimension,
)
