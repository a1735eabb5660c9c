"""One input with a skip connection, solved by theory: knots paired along runs of curvature.

neurons and parameters: ceil(m/2) knots a run of m. l1: the same network, as every matching has the
least variation of slope. lp: the matching of least cost, see `milpsparse.theory.univariate`. Ten
million points take about a second.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from milpsparse.answer import Answer, Termination
from milpsparse.instance import Instance
from milpsparse.method import Algorithm, Limits, Option, Options
from milpsparse.objective import Objective
from milpsparse.rewrite import drop_zeros, split
from milpsparse.theory import univariate
from milpsparse.theory.interpolant import Interpolant
from milpsparse.theory.points import Points, measured_points

MOST_SPLIT = 100_000  # points up to which a network is rewritten, in rationals, to fit B


def run(instance: Instance, objective: Objective, limits: Limits, *, minimizers: int = 0) -> Answer:
    """The optimum over all networks, and its network.

    stats has `minimizers`, how many there are: an integer, "unique", "infinitely many", or null
    where `undecided` comparisons were left open; and with the option, so many as `all_knots`.
    """
    points = measured_points(instance)
    if objective.p is not None:
        found = univariate.least_cost(points, objective.p)
        exact, value = Interpolant(points, found.paired), found.value
        stats = _ways(instance, objective.p, found, minimizers)
    else:
        exact = Interpolant(points, univariate.fewest_pairs(points))
        unique = objective.counts and univariate.fewest_is_unique(points)
        stats = (
            {"minimizers": "unique" if unique else "infinitely many"} if objective.counts else {}
        )
        value = exact.n_neurons(skip=True) if objective.counts else univariate.variation(points)
    answer = Answer(
        objective=str(objective),
        termination=Termination.OPTIMAL,
        claimed_primal_bound=value,
        claimed_dual_bound=value,
        dual_bound_scope="all",
        raw_status="solved by theory",
        stats=stats,
    )
    B = instance.bound_exact
    if objective.p is not None or B is None or exact.largest <= B:
        return answer.with_(network=exact.network())
    return _within(B, instance, objective, exact, answer)


def _ways(instance: Instance, p: float, found: univariate.Optimum, most: int) -> dict[str, Any]:
    """How many minimisers there are, and the knots of the first ones."""
    number: int | str | None = None if found.undecided else found.number
    if isinstance(number, int) and number > 10**15:  # JSON readers would round it
        number = f"at least 1e{math.floor(math.log10(number))}"
    stats: dict[str, Any] = {"minimizers": number, "undecided": found.undecided}
    if most:
        ways = islice(univariate.minimizers(instance, p), most)
        stats["all_knots"] = [network.knots() for network in ways]
    return stats


def _within(
    B: Fraction, instance: Instance, objective: Objective, exact: Interpolant, answer: Answer
) -> Answer:
    """A network that fits B where that of the theory does not: its neurons split into copies.

    Splitting is free for l1. For counts the matching with the fewest copies is taken; if these are
    more than the knots, only the lower bound stands.
    """
    points = exact.points
    if len(points) > MOST_SPLIT:
        note = f"the network of the theory breaks the bound {float(B):g}"
        return answer.with_(
            termination=Termination.FEASIBLE, claimed_primal_bound=None, raw_status=note
        )
    if objective.counts:
        exact = Interpolant(points, _fewest_copies(points, B))
    network = drop_zeros(split(exact.network(), B), skip=True)
    value = instance.value(network, objective)
    optimal = not objective.counts or value == answer.claimed_dual_bound
    word = Termination.OPTIMAL if optimal else Termination.FEASIBLE
    return answer.with_(network=network, claimed_primal_bound=value, termination=word)


def _fewest_copies(points: Points, B: Fraction) -> NDArray[np.bool_]:
    """The matching whose neurons have the fewest copies of size B: a dynamic program.

    A knot of jump a at t is a neuron of size max(|a|, |a t|); for a pair, a t is the sum of the
    c_j x_j of its points.
    """
    signs = np.sign(points.curvatures)
    least, choices = [0], []
    before: tuple[Fraction, Fraction] | None = None
    for j in range(1, len(points) - 1):
        c = points.exact_curvature(j)
        moment = c * points.exact_x(j)
        alone = least[-1] + _copies(c, moment, B)
        paired = None
        if before is not None and signs[j] == signs[j - 1]:
            paired = least[-2] + _copies(c + before[0], moment + before[1], B)
        choices.append(paired is not None and paired <= alone)
        least.append(alone if paired is None else min(alone, paired))
        before = (c, moment) if c else None
    pairs, j = np.zeros(len(points), dtype=bool), len(choices)
    while j > 0:
        pairs[j] = choices[j - 1]
        j -= 2 if pairs[j] else 1
    return pairs


def _copies(jump: Fraction, moment: Fraction, B: Fraction) -> int:
    return math.ceil(max(abs(jump), abs(moment)) / B)


def refuses(instance: Instance, objective: Objective, options: Options) -> str | None:
    """The theory is that of functions of one input whose affine part and biases are free."""
    if instance.n_features != 1:
        return f"takes one input, not {instance.n_features}"
    if not instance.skip:
        return "takes instances with a skip connection (--skip)"
    if instance.count_bias and objective.kind != "neurons":
        return f"{objective} with biases counted is not the theory's; --no-count-bias"
    return None


ALGORITHM = Algorithm(
    summary="one input with a skip connection: solved by theory, whatever the size",
    objectives=frozenset({"neurons", "parameters", "l1", "lp", "group_l2"}),
    run=run,
    refuses=refuses,
    options={
        "minimizers": Option(0, "lp: minimizers to list, as knots in --json", low=0, high=10_000)
    },
)
