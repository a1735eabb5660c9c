"""Separation of the ReLU's hull cuts at the root; `neuron_hull_cuts` states and proves them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyomo.environ as pyo
from numpy.typing import NDArray

from milpsparse.compiled import Compiled, compile_model
from milpsparse.instance import Instance
from milpsparse.models import _parts

VIOLATED = 1e-4  # of M_i: smaller violations are not worth a row
LP_SECONDS = 20.0  # for one relaxation; where it takes longer, no more rounds

Term = tuple[int, int, int, int]

# A term of a cut: its multipliers of xb_ij u_kj, and of W_ij z_ki, W_ij times the switch, W_ij.
ACTIVE = {
    "a": [(1, -1, 1, 0), (0, 1, 0, 0)],
    "t": [(1, -1, 0, 1), (0, 1, 0, 0), (1, 0, 1, 0), (0, 0, 1, 0)],
    "free": [(1, -1, 0, 1), (0, 1, 0, 0)],  # an entry that has no switch: an uncounted bias
}
INACTIVE = {
    "a": [(-1, 1, 0, 0), (0, -1, 1, 0)],
    "t": [(-1, 1, 0, 0), (0, -1, 0, 1), (-1, 0, 1, 0), (0, 0, 1, 0)],
    "free": [(-1, 1, 0, 0), (0, -1, 0, 1)],
}


def separate(m: Any, instance: Instance, rounds: int) -> None:
    """Add violated cuts to the model as the constraints `hull`, those that are tight at the end."""
    compiled = compile_model(m)
    h = replace(compiled, integer=np.zeros(len(compiled.c), dtype=bool)).highs()
    h.setOptionValue("threads", 1)
    h.setOptionValue("time_limit", LP_SECONDS)
    separator = _Separator(m, instance, compiled)
    first = len(compiled.row_lower)
    cuts: list[Cut] = []
    for _ in range(rounds):
        x = _solved(h)
        found = [] if x is None else separator.violated(x)
        if not found:
            break
        for columns, values, low in found:
            h.addRow(low, np.inf, len(columns), columns, values)
        cuts += found
    x = _solved(h)
    if x is not None:
        slack = np.array(h.getSolution().row_value)[first:] - [low for _, _, low in cuts]
        cuts = [cut for cut, s in zip(cuts, slack.tolist(), strict=True) if s <= 1e-6]
    m.hull = pyo.ConstraintList()
    for columns, values, low in cuts:
        terms = zip(columns.tolist(), values.tolist(), strict=True)
        m.hull.add(pyo.quicksum(v * compiled.variables[j] for j, v in terms) >= low)


Cut = tuple[NDArray[np.int32], NDArray[np.float64], float]  # columns, values: their sum is >= low


def _solved(h: Any) -> NDArray[np.float64] | None:
    """The optimum of the relaxation, or None."""
    import highspy

    h.run()
    if h.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    return np.array(h.getSolution().col_value)


class _Separator:
    """Most violated cuts at a point of the relaxation, for all slots and points at once."""

    def __init__(self, m: Any, instance: Instance, compiled: Compiled) -> None:
        column = {id(v): j for j, v in enumerate(compiled.variables)}
        self.xb = _parts.points(instance)
        self.weight = _parts.bound_of(instance) * abs(self.xb)

        def columns(variables: Any, *sets: range) -> NDArray[np.int64]:
            flat = [column[id(variables[at])] for at in np.ndindex(*map(len, sets))]
            return np.array(flat).reshape([len(s) for s in sets])

        self.u = columns(m.u, m.k, m.j)
        self.z = columns(m.z, m.k, m.i)
        self.parts = [columns(part, m.k, m.i) for part in (m.p, m.q)]
        switched = [j for j in m.j if (0, j) in m.switch]
        self.kinds = ["t" if j in switched else "free" for j in m.j]
        if hasattr(m, "a"):
            self.kinds = ["a"] * len(m.j)
        self.switch = np.zeros_like(self.u)
        for k, j in m.switch:
            self.switch[k, j] = column[id(m.switch[k, j])]

    def violated(self, x: NDArray[np.float64]) -> list[Cut]:
        """A cut for every slot, point and part whose most violated one is violated."""
        found = []
        for part, table in zip(self.parts, (ACTIVE, INACTIVE), strict=True):
            best = [self._least(x, j, table[kind]) for j, kind in enumerate(self.kinds)]
            bound = sum(value for value, _ in best)
            over = x[part] - bound > VIOLATED * self.weight.sum(axis=1)
            for k, i in np.argwhere(over):
                chosen = [table[kind][best[j][1][k, i]] for j, kind in enumerate(self.kinds)]
                found.append(self._cut(part[k, i], k, i, np.array(chosen, dtype=float)))
        return found

    def _least(
        self, x: NDArray[np.float64], j: int, terms: list[Term]
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """The least term of entry j, for every slot and point, and which one it is."""
        u, switch = x[self.u[:, j]][:, None], x[self.switch[:, j]][:, None]
        W = self.weight[:, j]
        values = np.array(
            [a * self.xb[:, j] * u + W * (b * x[self.z] + c * switch + d) for a, b, c, d in terms]
        )
        at = values.argmin(axis=0)
        return np.take_along_axis(values, at[None], axis=0)[0], at

    def _cut(self, part: int, k: int, i: int, chosen: NDArray[np.float64]) -> Cut:
        """The row sum of the chosen terms - part >= 0, with its constant on the other side."""
        row: dict[int, float] = {int(part): -1.0}
        by_u, by_z, by_switch, constant = chosen.T
        for j, (x, W) in enumerate(zip(self.xb[i], self.weight[i], strict=True)):
            for column, value in (
                (self.u[k, j], by_u[j] * x),
                (self.z[k, i], by_z[j] * W),
                (self.switch[k, j], by_switch[j] * W),
            ):
                if value:
                    row[int(column)] = row.get(int(column), 0.0) + float(value)
        low = -float((constant * self.weight[i]).sum())
        return np.array(list(row), dtype=np.int32), np.array(list(row.values())), low
