"""The sign-split model with cuts of the ReLU's convex hull, separated at the root.

Sets, variables, objective and rows are those of `neuron_big_m`, and cuts are added to them.
Cuts
    p_ki <= sum_j best_j   with W_ij = B |xb_ij| and for each entry j one of
        neurons:     xb_ij u_kj + W_ij (a_k - z_ki)      or   W_ij z_ki
        parameters:  xb_ij u_kj + W_ij (1 - z_ki)        or   W_ij z_ki     or
                     xb_ij u_kj + W_ij t_kj              or   W_ij t_kj
    q_ki <= sum_j best_j   with -xb_i for xb_i, and a_k - z_ki (1 - z_ki) for z_ki and back
    There is a cut for each choice, exponentially many in D. The least term of every entry gives the
    most violated one in O(D).
Rounds
    Solve the linear relaxation (HiGHS), add the most violated cut of every k, i and part that is
    violated, and again, `rounds` times or until none is. Cuts that are slack then are dropped.
Size
    At most 4KN cuts a round, of up to 2D + 2 terms.
Validity
    Active (z = 1): p = sum_j xb_ij u_kj, and each term is at least xb_ij u_kj. Inactive: p = 0, and
    each term is at least 0. Both use only |u_kj| <= B and |u_kj| <= B a_k or B t_kj.
    With t = 1 the first two terms give the hull of {(u, p, z): p = relu(xb_i . u)} over the box;
    those with t_kj alone are the perspective rows.
Source
    Anderson, Huchette, Ma, Tjandraatmadja & Vielma (2020), with data and weights exchanged: here
    the input x is the constant and the weights u are the variables.
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
    big_m: str,
    rounds: int,
    **shared: Any,
) -> Program:
    """State the model and separate the cuts; see the module's docstring."""
    from milpsparse.models import _big_m, _hull, _slots, _split

    parts = _split.split("neuron_hull_cuts", instance, objective, incumbent, slots)
    low, high = _big_m.ranges(parts, incumbent, big_m)
    used = _slots.add_big_m_model(parts.m, instance, objective, low, high)
    program = _split.program(parts, used, **shared)
    _hull.separate(parts.m, instance, rounds)
    return program


MODEL = Model(
    summary="sign-split slots with cuts of the ReLU's hull at the root (Pyomo MILP)",
    framework="pyomo",
    objectives=frozenset({"neurons", "parameters"}),
    build=build,
    options={
        **_options.SPLIT,
        "big_m": _options.BIG_M,
        "rounds": Option(10, "rounds of separation at the root", low=0),
    },
)
