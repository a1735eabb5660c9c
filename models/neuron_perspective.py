"""The sign-split model with perspective rows: what a slot puts out, times the switches that let it.

Sets, variables and objective are those of `neuron_big_m`.
Subject to
    all rows of `neuron_big_m`, and
    q_ki <= M_i (a_k - z_ki)                                   neurons
    p_ki <= B sum_j |xb_ij| t_kj,   q_ki <= B sum_j |xb_ij| t_kj   parameters (counted j; an
                                    uncounted bias adds B z_ki to the first, B (1 - z_ki) to the
                                    second)
Size
    KN rows more for each sign (neurons), 2KN for parameters, D terms each.
Validity
    Neurons: an idle slot has u_k = 0, so p = q = 0 = a; a used one has a_k = 1, and the row is that
    of big-M (p_ki <= M_i z_ki <= M_i a_k holds there already). Parameters:
    |u_k . xb_i| <= sum_j |u_kj| |xb_ij| <= B sum_j t_kj |xb_ij|.
    The relaxation of `neuron_big_m` is worth 0, whatever M: u = 0 with z = 1/2 and p = q fits. Here
    p and q cost their share of a switch, so that labels that are not 0 lift it.
Source
    Perspective reformulation of on/off bounds, after Günlük & Linderoth (2010).
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
    from milpsparse.models import _big_m, _perspective, _slots, _split

    parts = _split.split("neuron_perspective", instance, objective, incumbent, slots)
    low, high = _big_m.ranges(parts, incumbent, big_m)
    used = _slots.add_big_m_model(parts.m, instance, objective, low, high)
    _perspective.add_rows(parts.m, instance, low)
    return _split.program(parts, used, **shared)


MODEL = Model(
    summary="sign-split slots with perspective rows, whose relaxation is not 0 (Pyomo MILP)",
    framework="pyomo",
    objectives=frozenset({"neurons", "parameters"}),
    build=build,
    options={**_options.SPLIT, "big_m": _options.BIG_M},
)
