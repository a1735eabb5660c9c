"""Perspective rows: what a slot may put out, times its switches. See `neuron_perspective`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyomo.environ as pyo
from numpy.typing import NDArray

from milpsparse.instance import Instance
from milpsparse.models import _parts


def add_rows(m: Any, instance: Instance, low: NDArray[np.float64]) -> None:
    """The rows, for a model with big-M rows in which u_k . xb_i >= low_ki."""
    if hasattr(m, "a"):
        bottom = (-low).tolist()
        m.perspective = pyo.Constraint(
            m.k, m.i, rule=lambda m, k, i: m.q[k, i] <= bottom[k][i] * (m.a[k] - m.z[k, i])
        )
        return
    weight = (_parts.bound_of(instance) * abs(_parts.points(instance))).tolist()
    counted = _parts.counted_inputs(instance)
    spare = 0.0 if instance.count_bias else _parts.bound_of(instance)

    def reach(m: Any, k: int, i: int) -> Any:
        return pyo.quicksum(weight[i][j] * m.t[k, j] for j in counted)

    m.reach_on = pyo.Constraint(
        m.k, m.i, rule=lambda m, k, i: m.p[k, i] <= reach(m, k, i) + spare * m.z[k, i]
    )
    m.reach_off = pyo.Constraint(
        m.k, m.i, rule=lambda m, k, i: m.q[k, i] <= reach(m, k, i) + spare * (1 - m.z[k, i])
    )
