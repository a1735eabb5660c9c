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
    p_ki <= M_i z_ki,   q_ki <= M_i (1 - z_ki)        M_i = B ||xb_i||_1 (option big_m)
    sum_k s_k p_ki + a . x_i + c = y_i                for all i
    |u_kj| <= B a_k,   z_ki <= a_k,   sum_k a_k <= K  (neurons)
    |u_kj| <= B t_kj,  z_ki <= sum_j t_kj             (parameters)
    sum_i z_ki >= sum_i z_k+1,i                       inside a sign (option symmetry)
    sum over slots of sign(y_i) of z_ki >= 1          y_i != 0 (option cover)
Size
    2KN binaries and 2K or 2KD more; 2K(2N + D) continuous; about 8KN + 4KD rows.
Validity
    |u_k . xb_i| <= sum_j |u_kj| |xb_ij| <= B ||xb_i||_1, so M_i cuts nothing. K = U - 1 slots are
    enough to beat an incumbent of value U; the solver's bound is capped at K + 1. `_big_m` states
    the other rules of M, `_split` the options that all sign-split models share.
Source
    Fischetti & Jo (2018) for ReLU as a mixed-integer program; the sign split removes the product
    of output weight and activation from Lee & Linderoth's formulation.
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
    big_m: str,
    **shared: Any,
) -> Program:
    """State the model; see the module's docstring."""
    from milpsparse.models import _big_m, _slots, _split

    parts = _split.split("neuron_big_m", instance, objective, incumbent, slots)
    low, high = _big_m.ranges(parts, incumbent, big_m)
    used = _slots.add_big_m_model(parts.m, instance, objective, low, high)
    return _split.program(parts, used, **shared)


MODEL = Model(
    summary="sign-split neuron slots, per-point big-M from B (Pyomo MILP)",
    framework="pyomo",
    objectives=frozenset({"neurons", "parameters"}),
    build=build,
    options={**_options.SPLIT, "big_m": _options.BIG_M},
)
