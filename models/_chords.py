"""Chords below the powers of a concave cost: how large sizes may be, and where chords meet.

Largest sizes. Any minimiser has |u|^p <= F for the value F of any network, so |u| <= U = F^(1/p).
On [0, U] the chord U^(p-1) t is below t^p, so a minimiser also satisfies the linear program

    fits, cones, 0 <= t <= U, sum U^(p-1) t <= F,

and no size t exceeds its maximum there. Smaller U make steeper chords, and these smaller maxima:
a few rounds. As in bounds by optimality in general (OBBT), the maxima are moved outward a little.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from milpsparse.compiled import compile_model

FIRST = 0.01  # cost of the first breakpoint of a geometric progression, over that of the last
ROOM = 1e-6  # relative, by which bounds are moved outward
LEAST = 1e-6  # of the largest bound: no bound is smaller
ROUNDS = 4
MOST = 400  # sizes that are bounded by linear programs, one each; of more, all have the first bound
GAIN = 0.98  # rounds go on while the bounds' sum falls below so much of it


def breakpoints(top: float, p: float, pieces: int, placement: str) -> NDArray[np.float64]:
    """0 = b_0 < ... < b_n = top."""
    if placement == "geometric" and pieces > 1:
        costs = np.geomspace(FIRST, 1.0, pieces)
    else:
        costs = np.linspace(0.0, 1.0, pieces + 1)[1:]
    return np.concatenate([[0.0], top * costs ** (1 / p)])


def largest_sizes(
    sizes: Mapping[Any, Any], model: Any, value: float, p: float, tighten: bool
) -> dict[Any, float]:
    """An upper bound of every size at minimisers, by the variable's index.

    `model` has the fits and cones and the variables `sizes`; `value` is that of a network.
    """
    if not sizes:
        return {}
    top = (value * (1 + ROOM)) ** (1 / p) or 1.0
    bounds = np.full(len(sizes), top)
    if tighten and value > 0 and len(sizes) <= MOST:
        bounds = _tightened(list(sizes.values()), model, value * (1 + ROOM), p, bounds)
    return dict(zip(sizes, np.maximum(bounds, LEAST * bounds.max()).tolist(), strict=True))


def _tightened(
    sizes: Sequence[Any], model: Any, value: float, p: float, top: NDArray[np.float64]
) -> NDArray[np.float64]:
    import highspy

    compiled = compile_model(model)
    column = {id(v): j for j, v in enumerate(compiled.variables)}
    index = np.array([column[id(v)] for v in sizes], dtype=np.int32)
    h = replace(compiled, c=0 * compiled.c).highs()
    h.setOptionValue("threads", 1)
    h.changeObjectiveSense(highspy.ObjSense.kMaximize)
    h.addRow(-highspy.kHighsInf, value, len(index), index, top ** (p - 1))
    cutoff = compiled.A.shape[0]
    for _ in range(ROUNDS):
        before = top.sum()
        for k, j in enumerate(index):
            h.changeColCost(int(j), 1.0)
            h.run()
            if h.getModelStatus() == highspy.HighsModelStatus.kOptimal:
                found = h.getInfo().objective_function_value
                top[k] = min(top[k], max(found, 0.0) + ROOM * top.max())
                h.changeColBounds(int(j), 0.0, top[k])
                h.changeCoeff(cutoff, int(j), top[k] ** (p - 1))
            h.changeColCost(int(j), 0.0)
        if top.sum() > GAIN * before:
            break
    return top
