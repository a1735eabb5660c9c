"""Proof files of the theorems' lower bounds on counts, for all networks, whatever the bound B.

One of knots or of signs needs no more than the header. That labels are not affine is a tree of one
leaf: fits of a few points that no affine function satisfies.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from milpsparse.bounds import LowerBound, lower_bounds
from milpsparse.instance import Instance
from milpsparse.objective import Objective
from milpsparse.proofs.writer import header
from milpsparse.rational import independent_columns, null_space, rationals
from milpsparse.residuals import largest_value
from milpsparse.sample import subset
from milpsparse.theory.lines import witnesses
from milpsparse.theory.points import points_of

FIRST = 200  # rows among which an affine function is refuted first


def theorem_proof(instance: Instance, objective: Objective) -> list[str] | None:
    """The lines of a proof of the best theorem's bound; None where that says nothing of a count."""
    if not objective.counts:
        return None
    theorems = [b for b in lower_bounds(instance, objective) if b.evidence == "theorem"]
    best = max(theorems, key=lambda b: (b.value, b.kind is not None))
    if best.value < 1:
        return None
    if best.kind is None:
        return _not_affine(instance, objective)
    rows = _witnesses(instance, best)
    return [header(best.kind, instance, objective, int(best.value), rows, bound=None)]


def _witnesses(instance: Instance, bound: LowerBound) -> Sequence[int]:
    if bound.kind != "univariate":
        return bound.rows
    x = (instance.X_exact if instance.spelled else instance.X)[:, 0]
    _, rows = np.unique(x, return_index=True)  # in the order of the points
    found: list[int] = rows[witnesses(points_of(instance))].tolist()
    return found


def _not_affine(instance: Instance, objective: Objective) -> list[str]:
    """Without neurons, f is affine, or constant if there is no skip.

    Of a sum of s f(x_i) = s y_i with multipliers m nothing is left on one side: with w = -s m it is
    0 = sum w (x_i, 1) and 0 >= sum w y_i > 0.
    """
    rows, w = _dependent(instance) if instance.skip else _two_labels(instance)
    leaf: list[list[Any]] = [[i, -1 if v > 0 else 1, [], abs(v)] for i, v in enumerate(w) if v]
    lines = [header("tree", instance, objective, 1, rows, bound=None)]
    return lines + [json.dumps(node) for node in ({"plus": 0, "minus": 0}, {"leaf": leaf})]


def _two_labels(instance: Instance) -> tuple[list[int], list[int]]:
    """Two rows with labels that rise, and the weights of their difference."""
    y = instance.y_exact if instance.spelled else instance.y
    other = int(np.argmax(y != y[0]))
    low, high = sorted((0, other), key=lambda row: y[row])
    return [low, high], [-1, 1]


def _dependent(instance: Instance) -> tuple[list[int], list[int]]:
    """Rows whose points (x, 1) add up to 0 with integer weights, and whose labels to more than 0.

    Forms of (x, 1, y) that vanish on the rows at hand vanish on their span. A row where one of them
    does not joins and raises the rank, until the labels are no affine function.
    """
    rows: NDArray[np.int64] = np.arange(min(FIRST, instance.n_samples))
    while True:
        few = subset(instance, rows)
        ones = rationals(np.ones(len(rows)))
        matrix = np.column_stack([few.X_exact, ones, few.y_exact])
        chosen = independent_columns(matrix.T)
        rows, matrix = rows[chosen], matrix[chosen]
        weights = null_space(matrix[:, :-1].T)
        if len(weights):
            total = weights[0] @ matrix[:, -1]
            return rows.tolist(), [int(v) if total > 0 else -int(v) for v in weights[0]]
        forms = null_space(matrix)
        both = np.vstack([forms, -forms, 0 * forms[:1]])
        rows = np.append(rows, largest_value(instance, both, np.ones(2 * len(forms)))[1])
