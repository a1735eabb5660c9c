"""What the neuron-slot MILPs share: ReLU rows, the switches that are counted, decode and start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyomo.environ as pyo
from numpy.typing import NDArray

from milpsparse.errors import Unsupported
from milpsparse.instance import Instance
from milpsparse.models import _parts
from milpsparse.network import Network
from milpsparse.objective import Objective


def add_neurons(m: Any, instance: Instance, n_slots: int) -> None:
    """Slots k with path parameters u_k and outputs p_ki >= 0 (before the sign)."""
    xb, B = _parts.points(instance).tolist(), instance.bound
    if n_slots * len(xb) > _parts.MAX_BINARIES:
        raise Unsupported(
            f"{n_slots} slots on {len(xb)} points make {n_slots * len(xb):,} activation binaries "
            f"(limit {_parts.MAX_BINARIES:,}): give fewer slots with the option slots=K"
        )
    m.k, m.i, m.j = range(n_slots), range(len(xb)), range(len(xb[0]))
    m.u = pyo.Var(m.k, m.j, bounds=(None, None) if B is None else (-B, B))
    top = [None if B is None else B * sum(map(abs, x)) for x in xb]
    m.p = pyo.Var(m.k, m.i, bounds=lambda m, k, i: (0, top[i]))


def add_parts(m: Any, instance: Instance) -> None:
    """Pre-activations u_k . xb_i = p_ki - q_ki; a model lets at most one of the two be positive."""
    xb = _parts.points(instance).tolist()
    m.q = pyo.Var(m.k, m.i, bounds=lambda m, k, i: m.p[k, i].bounds)

    @m.Constraint(m.k, m.i)
    def preactivation(m: Any, k: int, i: int) -> Any:
        return pyo.quicksum(xb[i][j] * m.u[k, j] for j in m.j) == m.p[k, i] - m.q[k, i]


def add_activations(m: Any) -> None:
    """Binaries z_ki: neuron k is active on point i."""
    m.z = pyo.Var(m.k, m.i, domain=pyo.Binary)


def add_big_m(m: Any, low: NDArray[np.float64], high: NDArray[np.float64]) -> None:
    """Rows p_ki <= high_ki z_ki and q_ki <= -low_ki (1 - z_ki), for low <= u_k . xb_i <= high."""
    top, bottom = high.tolist(), (-low).tolist()
    for k in m.k:
        for i in m.i:
            m.p[k, i].setub(top[k][i])
            m.q[k, i].setub(bottom[k][i])

    @m.Constraint(m.k, m.i)
    def on(m: Any, k: int, i: int) -> Any:
        return m.p[k, i] <= top[k][i] * m.z[k, i]

    @m.Constraint(m.k, m.i)
    def off(m: Any, k: int, i: int) -> Any:
        return m.q[k, i] <= bottom[k][i] * (1 - m.z[k, i])


def add_free_part(m: Any, instance: Instance, objective: Objective) -> list[Any]:
    """The skip connection, or the free constant, as variables; its value at each point."""
    d, xb = instance.n_features, _parts.points(instance)
    if instance.skip:
        m.free = pyo.Var(range(d + 1))
        return [pyo.quicksum(xb[i, j] * m.free[j] for j in range(d + 1)) for i in m.i]
    if _parts.free_constant(instance, objective):
        m.free = pyo.Var([d])
        return [m.free[d] for _ in m.i]
    return [0.0 for _ in m.i]


def add_switches(m: Any, instance: Instance, objective: Objective) -> Mapping[int, Any]:
    """Binaries that are counted, their sum as the objective; `m.switch` has that of each entry.

    Neurons: one switch a_k a slot. Parameters: one switch t_kj a counted entry. Returns for each
    slot an expression that is at least 1 when the slot is used.
    """
    if objective.kind == "neurons":
        m.a = pyo.Var(m.k, domain=pyo.Binary)
        m.switch = {(k, j): m.a[k] for k in m.k for j in m.j}
        used = {k: m.a[k] for k in m.k}
    else:
        counted = _parts.counted_inputs(instance)
        m.t = pyo.Var(m.k, counted, domain=pyo.Binary)
        m.switch = {(k, j): m.t[k, j] for k in m.k for j in counted}
        used = {k: pyo.quicksum(m.t[k, j] for j in counted) for k in m.k}
    m.objective = pyo.Objective(expr=pyo.quicksum(used.values()))
    return used


def bound_entries(m: Any, B: float) -> None:
    """Rows |u_kj| <= B times the switch of the entry."""
    entries = sorted(m.switch)
    m.upper = pyo.Constraint(entries, rule=lambda m, k, j: m.u[k, j] <= B * m.switch[k, j])
    m.lower = pyo.Constraint(entries, rule=lambda m, k, j: m.u[k, j] >= -B * m.switch[k, j])


def add_big_m_model(
    m: Any,
    instance: Instance,
    objective: Objective,
    low: NDArray[np.float64],
    high: NDArray[np.float64],
) -> Any:
    """All rows of slots with a big-M; what it returns says, in the model, which slots are used."""
    add_parts(m, instance)
    add_activations(m)
    add_big_m(m, low, high)
    used = add_switches(m, instance, objective)
    bound_entries(m, _parts.bound_of(instance))
    return used


def decode(m: Any, instance: Instance, signs: list[int]) -> Network:
    """The network of the used slots; entries whose switch is off are 0."""
    u = np.array([[m.u[k, j].value or 0.0 for j in m.j] for k in m.k]).reshape(-1, len(m.j))
    for k in m.k if hasattr(m, "switch") else ():
        counted = [j for j in m.j if (k, j) in m.switch]
        on = np.array([m.switch[k, j].value > 0.5 for j in counted])
        u[k, counted] *= on
        if not on.any():
            u[k] = 0.0
    return _parts.assemble(instance, signs, u, free_values(m))


def free_values(m: Any) -> list[float] | None:
    """The solved free affine part (a..., c), None where the model has none."""
    if not hasattr(m, "free"):
        return None
    return [m.free[j].value or 0.0 if j in m.free else 0.0 for j in m.j]


def start_free_part(m: Any, linear: NDArray[np.float64]) -> None:
    """Give the free affine part its value in a start."""
    if hasattr(m, "free"):
        for j in m.free:
            m.free[j].set_value(float(linear[j]))


def set_start(
    m: Any, instance: Instance, place: Mapping[int, NDArray[np.float64]], linear: Any
) -> None:
    """Give every variable its value for the network with u_k = place[k] (0 in other slots)."""
    xb = _parts.points(instance)
    for k in m.k:
        u = place.get(k, np.zeros(xb.shape[1]))
        for j in m.j:
            m.u[k, j].set_value(float(u[j]))
        for i, v in enumerate((xb @ u).tolist()):
            m.p[k, i].set_value(max(v, 0.0))
            if hasattr(m, "q"):
                m.q[k, i].set_value(max(-v, 0.0))
            if hasattr(m, "z"):
                m.z[k, i].set_value(int(v > 0))
        if hasattr(m, "a"):
            m.a[k].set_value(int(k in place))
    if hasattr(m, "t"):
        for k, j in m.t:
            m.t[k, j].set_value(int(m.u[k, j].value != 0))
    if hasattr(m, "o"):
        for at in m.o:
            m.o[at].set_value(1 - m.switch[at].value)
    start_free_part(m, linear)
