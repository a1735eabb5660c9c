"""Neuron slots with the sign split off, and the tightest big-M that B gives.

Sets
    i in 1..N points xb_i = (x_i, 1), j in 1..D with D = d + 1 entries (the last is the bias),
    k in 1..2K slots: the first K have sign s_k = +1, the others s_k = -1.
Variables
    u_kj in [-B, B]   path parameters          z_ki in {0,1}   neuron k is active on point i
    p_ki, q_ki >= 0   positive and negative part of the pre-activation
    neurons:    a_k in {0,1}  slot k is used
    parameters: t_kj in {0,1} entry j of slot k is nonzero (counted entries only)
    a, c free         the skip connection, or a free constant where biases are uncounted
Minimise
    sum_k a_k   or   sum_kj t_kj
Subject to
    u_k . xb_i = p_ki - q_ki                          for all k, i
    p_ki <= M_i z_ki,   q_ki <= M_i (1 - z_ki)        M_i = B ||xb_i||_1
    sum_k s_k p_ki + a . x_i + c = y_i                for all i
    |u_kj| <= B a_k,   z_ki <= a_k,   sum_k a_k <= K  (neurons)
    |u_kj| <= B t_kj,  z_ki <= sum_j t_kj             (parameters)
    sum_i z_ki >= sum_i z_k+1,i                       inside a sign: slots are interchangeable
    sum over slots of sign(y_i) of z_ki >= 1          y_i != 0, only without a skip connection
                                                      and free constants
Size
    2KN binaries and 2K or 2KD more; 2K(2N + D) continuous; about 8KN + 4KD rows.
Validity
    |u_k . xb_i| <= sum_j |u_kj| |xb_ij| <= B ||xb_i||_1, so M_i cuts nothing. K = U - 1 slots are
    enough to beat an incumbent of value U; the solver's bound is capped at K + 1.
Source
    Fischetti & Jo (2018) for ReLU as a mixed-integer program; the sign split removes the product
    of output weight and activation from Lee & Linderoth's formulation.
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
    instance: Instance, objective: Objective, incumbent: Network, *, slots: int | None = None
) -> Program:
    """State the model; see the module's docstring."""
    import pyomo.environ as pyo

    from milpsparse.models import _slots

    K = _parts.slot_count(instance, objective, incumbent, slots)
    signs = [1] * K + [-1] * K
    y = instance.y
    m = pyo.ConcreteModel("neuron_big_m")
    big_m = _parts.bound_of(instance) * abs(_parts.points(instance)).sum(axis=1)
    _slots.add_neurons(m, instance, 2 * K, big_m)
    free = _slots.add_free_part(m, instance, objective)
    used = _slots.add_switches(m, instance, objective)

    @m.Constraint(m.i)
    def fit(m: Any, i: int) -> Any:
        return pyo.quicksum(signs[k] * m.p[k, i] for k in m.k) + free[i] == y[i]

    @m.Constraint(m.k, m.i)
    def idle(m: Any, k: int, i: int) -> Any:
        return m.z[k, i] <= used[k]

    @m.Constraint([k for k in m.k if k not in (K - 1, 2 * K - 1)])
    def order(m: Any, k: int) -> Any:
        return pyo.quicksum(m.z[k, i] - m.z[k + 1, i] for i in m.i) >= 0

    if objective.kind == "neurons":
        m.total = pyo.Constraint(expr=pyo.quicksum(used.values()) <= K)
    if not instance.skip and not _parts.free_constant(instance, objective):

        @m.Constraint([i for i in m.i if y[i] != 0])
        def cover(m: Any, i: int) -> Any:
            return pyo.quicksum(m.z[k, i] for k in m.k if signs[k] * y[i] > 0) >= 1

    def start(network: Network) -> None:
        hidden, linear = _parts.separate(instance, objective, network)
        _slots.set_start(m, instance, _place(hidden, instance, K), linear)

    return Program(
        problem=m,
        decode=lambda: _slots.decode(m, instance, signs),
        start=start,
        dual_bound=_parts.bound_within_slots(K),
    )


def _place(network: Network, instance: Instance, K: int) -> dict[int, Any]:
    """Slots of a network's neurons: inside a sign, in order of their number of active points."""
    active = (_parts.points(instance) @ network.path.astype(float).T > 0).sum(axis=0)
    place: dict[int, Any] = {}
    for first, sign in ((0, 1), (K, -1)):
        ks = [k for k in np.argsort(-active, kind="stable") if network.signs[k] == sign]
        if len(ks) > K:
            raise Unsupported(f"the network has {len(ks)} neurons of one sign, the model {K}")
        place |= {first + at: network.path[k].astype(float) for at, k in enumerate(ks)}
    return place


MODEL = Model(
    summary="sign-split neuron slots, per-point big-M from B (Pyomo MILP)",
    framework="pyomo",
    objectives=frozenset({"neurons", "parameters"}),
    build=build,
    options={
        "slots": Option(None, "neuron slots K of each sign (default: enough to be exact)", low=1)
    },
)
