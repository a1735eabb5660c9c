"""Features of an instance: what is cheap to say of its data, and the tags that follow."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from milpsparse.affine import affine_rank
from milpsparse.bounds import best_bound
from milpsparse.instance import Instance
from milpsparse.objective import parse_objective
from milpsparse.patterns import count_bound
from milpsparse.theory.lines import best_line

COUNTS = ("neurons", "parameters")
WIDE = 1e5  # ratio of the largest to the smallest entry from which a range is called wide


def features(instance: Instance) -> dict[str, Any]:
    """Plain values: shape, labels, position of the points, sizes of numbers, cheap lower bounds.

    `patterns` is Cover's bound on the number of activation patterns; `line_points` are the witness
    points of the line that needs the most knots; ranges are those of entries that are not 0.
    """
    X, y = instance.X, instance.y
    rank = affine_rank(instance)
    patterns = count_bound(instance.n_distinct, rank)
    line = best_line(instance) if instance.n_features > 1 else None
    theorems = {goal: _bound(instance, goal, "theorem") for goal in COUNTS}
    return {
        "n_samples": instance.n_samples,
        "n_features": instance.n_features,
        "n_distinct": instance.n_distinct,
        "affine_rank": rank,
        "bound": instance.bound,
        "skip": instance.skip,
        "patterns": patterns if patterns < 10**9 else float(f"{float(min(patterns, 10**300)):.3g}"),
        "positive_labels": int((y > 0).sum()),
        "negative_labels": int((y < 0).sum()),
        "label_values": len(np.unique(y)),
        "zero_inputs": round(float(np.mean(X == 0)), 4),
        "line_points": instance.n_samples if line is None else len(line.rows),
        "input_range": _range(X),
        "label_range": _range(y),
        "theorem": theorems,
        "generic": {goal: _bound(instance, goal, "generic") for goal in COUNTS},
    }


def _bound(instance: Instance, objective: str, evidence: str) -> int:
    found = best_bound(instance, parse_objective(objective), evidence)
    return 0 if found is None else int(found.value)


def _range(values: NDArray[np.float64]) -> list[float] | None:
    sizes = abs(values[values != 0])
    return [float(sizes.min()), float(sizes.max())] if len(sizes) else None


def tags(found: dict[str, Any], of_family: tuple[str, ...]) -> list[str]:
    """The family's own tags, and those that features give."""
    few = found["label_values"] <= 4 and found["n_samples"] > 4
    wide = any(r and r[1] > WIDE * r[0] for r in (found["input_range"], found["label_range"]))
    rules = {
        "one_input": found["n_features"] == 1,
        "many_inputs": found["n_features"] >= 10,
        "many_points": found["n_samples"] >= 500,
        "skip": found["skip"],
        "discrete_labels": few,
        "collinear": found["n_features"] > 1 and found["line_points"] >= 3,
        "low_rank": found["affine_rank"] < min(found["n_samples"], found["n_features"] + 1),
        "zeros": found["zero_inputs"] >= 0.4,
        "wide_range": wide,
        "more_inputs_than_points": found["n_features"] >= found["n_samples"],
    }
    return sorted({*of_family, *(tag for tag, holds in rules.items() if holds)})
