"""The sign-split model with indicator constraints in place of big-M: B may be infinite.

Sets, variables and objective are those of `neuron_big_m`.
Subject to
    u_k . xb_i = p_ki - q_ki                          for all k, i
    z_ki = 0  =>  p_ki <= 0,    z_ki = 1  =>  q_ki <= 0
    a_k = 0   =>  u_kj = 0 for all j,   z_ki <= a_k,   sum_k a_k <= K    (neurons)
    t_kj = 0  =>  u_kj = 0,             z_ki <= sum_j t_kj               (parameters)
    sum_k s_k p_ki + a . x_i + c = y_i                for all i
    |u_kj| <= B where B is finite; the rows of the options symmetry and cover
Size
    As `neuron_big_m`, with 4KN indicator constraints for its big-M rows, 4KD for its bounds on u.
Validity
    Each implication is what its binary means, and holds for networks of any size: without B the
    solver's bound is one for all networks. No activation leaks through a large M: tolerances are
    those of the implied rows.
Source
    Fischetti & Jo (2018) state ReLU networks with indicator constraints.
"""

from __future__ import annotations

from typing import Any

from milpsparse.instance import Instance
from milpsparse.method import Model, Program
from milpsparse.models import _options
from milpsparse.network import Network
from milpsparse.objective import Objective


def build(
    instance: Instance,
    objective: Objective,
    incumbent: Network,
    *,
    slots: int | None,
    **shared: Any,
) -> Program:
    """State the model; see the module's docstring."""
    from milpsparse.models import _slots, _split

    parts = _split.split("neuron_indicator", instance, objective, incumbent, slots)
    _slots.add_parts(parts.m, instance)
    _slots.add_activations(parts.m)
    used = _slots.add_switches(parts.m, instance, objective)
    _add_implications(parts.m)
    return _split.program(parts, used, **shared)


def _add_implications(m: Any) -> None:
    """Constraints that hold where a binary has a value: the suffix `when` says which."""
    import pyomo.environ as pyo

    entries = sorted(m.switch)
    m.off = pyo.Constraint(m.k, m.i, rule=lambda m, k, i: m.p[k, i] <= 0)
    m.on = pyo.Constraint(m.k, m.i, rule=lambda m, k, i: m.q[k, i] <= 0)
    m.upper = pyo.Constraint(entries, rule=lambda m, k, j: m.u[k, j] <= 0)
    m.lower = pyo.Constraint(entries, rule=lambda m, k, j: m.u[k, j] >= 0)
    m.when = pyo.Suffix(direction=pyo.Suffix.LOCAL)
    for at, z in m.z.items():
        m.when[m.off[at]] = z, 0
        m.when[m.on[at]] = z, 1
    for at, switch in m.switch.items():
        m.when[m.upper[at]] = switch, 0
        m.when[m.lower[at]] = switch, 0


MODEL = Model(
    summary="sign-split slots with indicator constraints, no big-M (Pyomo); takes no bound",
    framework="pyomo",
    objectives=frozenset({"neurons", "parameters"}),
    build=build,
    needs_bound=False,
    needs=frozenset({"indicator"}),
    options=_options.SPLIT,
)
