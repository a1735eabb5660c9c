"""The sign-split model with SOS1 sets: no activation binaries and no big-M; B may be infinite.

Sets
    i in 1..N points xb_i = (x_i, 1), j in 1..D with D = d + 1 entries (the last is the bias),
    k in 1..2K slots: the first K have sign s_k = +1, the others s_k = -1.
Variables
    u_kj in [-B, B]   path parameters
    p_ki, q_ki >= 0   positive and negative part of the pre-activation
    neurons:    a_k in {0,1}  slot k is used;   o_kj = 1 - a_k
    parameters: t_kj in {0,1} entry j of slot k is nonzero (counted entries);   o_kj = 1 - t_kj
    a, c free         the skip connection, or a free constant where biases are uncounted
Minimise
    sum_k a_k   or   sum_kj t_kj
Subject to
    u_k . xb_i = p_ki - q_ki                          for all k, i
    SOS1 {p_ki, q_ki}                                 for all k, i
    SOS1 {u_kj, o_kj}                                 for all k and entries j with a switch
    sum_k a_k <= K                                    (neurons)
    sum_k s_k p_ki + a . x_i + c = y_i                for all i
    u_k1 <= u_k+1,1                                   inside a sign, with symmetry=first_weight
Size
    2K or 2KD binaries; 2K(2N + 2D) continuous; 2KN + 2KD sets of two; about 2KN + 2KD + N rows.
Validity
    At most one entry of a set is not 0: p or q, and u only where its switch is on. Nothing
    depends on B: without it the solver's bound is one for all networks.
Source
    Beale & Tomlin (1970) for the sets; they state complementarity without a constant.
"""

from __future__ import annotations

from typing import Any

from milpsparse.instance import Instance
from milpsparse.method import Model, Option, Program
from milpsparse.models import _options
from milpsparse.network import Network
from milpsparse.objective import Objective


def build(
    instance: Instance,
    objective: Objective,
    incumbent: Network,
    *,
    slots: int | None,
    symmetry: str,
    generic: bool,
) -> Program:
    """State the model; see the module's docstring."""
    from milpsparse.models import _slots, _split

    parts = _split.split("neuron_sos1", instance, objective, incumbent, slots)
    _slots.add_parts(parts.m, instance)
    used = _slots.add_switches(parts.m, instance, objective)
    _add_sets(parts.m)
    return _split.program(parts, used, symmetry=symmetry, cover=False, generic=generic)


def _add_sets(m: Any) -> None:
    """The sets, and the complements of the switches that they need."""
    import pyomo.environ as pyo

    m.o = pyo.Var(sorted(m.switch), bounds=(0, 1))
    m.complement = pyo.Constraint(
        sorted(m.switch), rule=lambda m, k, j: m.o[k, j] + m.switch[k, j] == 1
    )
    m.part = pyo.SOSConstraint(m.k, m.i, rule=lambda m, k, i: [m.p[k, i], m.q[k, i]], sos=1)
    m.entry = pyo.SOSConstraint(
        sorted(m.switch), rule=lambda m, k, j: [m.u[k, j], m.o[k, j]], sos=1
    )


MODEL = Model(
    summary="sign-split slots with SOS1 sets, neither big-M nor activation binaries (Pyomo)",
    framework="pyomo",
    objectives=frozenset({"neurons", "parameters"}),
    build=build,
    needs_bound=False,
    needs=frozenset({"sos1"}),
    options={
        "slots": _options.SLOTS,
        "symmetry": Option("none", "order of interchangeable slots", ("none", "first_weight")),
        "generic": _options.GENERIC,
    },
)
