"""The published MILP: neuron slots whose output sign is a binary, multiplied out by McCormick rows.

Sets
    i in 1..N points xb_i = (x_i, 1), j in 1..D with D = d + 1 entries (the last is the bias),
    k in 1..K slots.
Variables
    u_kj in [-B, B]   path parameters          z_ki in {0,1}   neuron k is active on point i
    p_ki, q_ki >= 0   positive and negative part of the pre-activation
    v_k in {0,1}      output sign 2 v_k - 1    r_ki >= 0       stands for p_ki v_k
    parameters: t_kj in {0,1} entry j of slot k is nonzero; neurons: a_k in {0,1} slot k is used
    a, c free         the skip connection, or a free constant where biases are uncounted
Minimise
    sum_kj t_kj   or   sum_k a_k
Subject to
    u_k . xb_i = p_ki - q_ki                          for all k, i
    p_ki <= M z_ki,   q_ki <= M (1 - z_ki)            M = B (d max|x| + 1)
    r_ki <= M v_k,    p_ki - M (1 - v_k) <= r_ki <= p_ki
    sum_k (2 r_ki - p_ki) + a . x_i + c = y_i         for all i
    |u_kj| <= B t_kj   or   |u_kj| <= B a_k
    u_k1 <= u_k+1,1                                   with symmetry=first_weight
Size
    KN + K binaries and K or KD more; K(3N + D) continuous; about 6KN + 2KD rows.
Validity
    |u_k . xb_i| <= B (d max|x| + 1) = M for all i: loose, and as published. With K slots the
    solver's bound is capped at K + 1, so that it holds for networks of any size.
Source
    Lee & Linderoth, "Maximizing sparsity in neural networks with MIP" (their MILP1; MILP2 adds
    the order of first weights), after Fischetti & Jo (2018). Kept faithful: the baseline.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from milpsparse.errors import Unsupported
from milpsparse.instance import Instance
from milpsparse.method import Model, Option, Program
from milpsparse.models import _parts
from milpsparse.network import Network
from milpsparse.objective import Objective


def build(
    instance: Instance,
    objective: Objective,
    incumbent: Network | None,
    *,
    slots: int | None = None,
    symmetry: str = "none",
) -> Program:
    """State the model; see the module's docstring. K = N slots unless the option says otherwise."""
    import pyomo.environ as pyo

    from milpsparse.models import _slots

    K = _parts.slot_count(
        instance, objective, incumbent, instance.n_samples if slots is None else slots
    )
    M = _parts.bound_of(instance) * (instance.n_features * abs(instance.X).max() + 1)
    m = pyo.ConcreteModel("neuron_mccormick")
    _slots.add_neurons(m, instance, K)
    _slots.add_parts(m, instance)
    _slots.add_activations(m)
    _slots.add_big_m(m, np.full((K, instance.n_samples), -M), np.full((K, instance.n_samples), M))
    free = _slots.add_free_part(m, instance, objective)
    _slots.add_switches(m, instance, objective)
    _slots.bound_entries(m, _parts.bound_of(instance))
    m.v = pyo.Var(m.k, domain=pyo.Binary)
    m.r = pyo.Var(m.k, m.i, bounds=(0, M))

    @m.Constraint(m.k, m.i)
    def product_positive(m: Any, k: int, i: int) -> Any:
        return m.r[k, i] <= M * m.v[k]

    @m.Constraint(m.k, m.i)
    def product_below(m: Any, k: int, i: int) -> Any:
        return m.r[k, i] <= m.p[k, i]

    @m.Constraint(m.k, m.i)
    def product_above(m: Any, k: int, i: int) -> Any:
        return m.r[k, i] >= m.p[k, i] - M * (1 - m.v[k])

    @m.Constraint(m.i)
    def fit(m: Any, i: int) -> Any:
        return pyo.quicksum(2 * m.r[k, i] - m.p[k, i] for k in m.k) + free[i] == instance.y[i]

    if symmetry == "first_weight":

        @m.Constraint(range(K - 1))
        def order(m: Any, k: int) -> Any:
            return m.u[k, 0] <= m.u[k + 1, 0]

    return Program(
        problem=m,
        decode=lambda: _slots.decode(m, instance, [1 if m.v[k].value > 0.5 else -1 for k in m.k]),
        start=lambda network: _start(m, instance, objective, network, K),
        dual_bound=_parts.bound_within_slots(K),
    )


def _start(m: Any, instance: Instance, objective: Objective, network: Network, K: int) -> None:
    """Set every variable from a network, slots in order of first weights (idle ones have 0)."""
    from milpsparse.models import _slots

    network, linear = _parts.separate(instance, objective, network)
    if len(network.signs) > K:
        raise Unsupported(f"the network has {len(network.signs)} neurons, the model {K}")
    neurons = sorted(
        [(u.astype(float), int(s)) for u, s in zip(network.path, network.signs, strict=True)]
        + [(np.zeros(len(m.j)), 1)] * (K - len(network.signs)),
        key=lambda neuron: neuron[0][0],
    )
    place = {k: u for k, (u, _) in enumerate(neurons) if u.any()}
    _slots.set_start(m, instance, place, linear)
    for k, (_, sign) in enumerate(neurons):
        m.v[k].set_value(int(sign > 0))
        for i in m.i:
            m.r[k, i].set_value(m.p[k, i].value if sign > 0 else 0.0)


MODEL = Model(
    summary="the published McCormick formulation of Lee & Linderoth (Pyomo MILP), a baseline",
    framework="pyomo",
    objectives=frozenset({"neurons", "parameters"}),
    build=build,
    needs_incumbent=False,
    options={
        "slots": Option(
            None, "neuron slots K (default: the number of points, as published)", low=1
        ),
        "symmetry": Option("none", "order of interchangeable slots", ("none", "first_weight")),
    },
)
