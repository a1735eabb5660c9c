"""The gated relaxation of the l1 program: patterns switch neurons, whatever their weights (cvxpy).

Sets
    m patterns (bits D_mi) of the data; i in 1..N points xb_i = (x_i, 1); j in 1..D entries.
Variables
    w_mj free         path parameters of the gate m, of either sign
    a, c free         the skip connection, or a free constant where biases are uncounted
Minimise
    sum_mj |w_mj|     over the counted entries j
Subject to
    sum_m D_mi xb_i . w_m + a . x_i + c = y_i          for all i
Size
    PD variables for P patterns, N rows: no cones.
Validity
    A ReLU network u_sm of `pattern_l1` gives w_m = u_+m - u_-m with the same outputs and no larger
    norm, so the optimum is a lower bound on l1. Every cone is full-dimensional, so w_m = a_m - b_m
    with both in it: a ReLU network again, of least such norm here, that may be much larger. Where
    biases are uncounted they fit all labels alone, and the bound is 0.
Source
    Fiat, Malach & Shalev-Shwartz (2019) for gated networks; Mishkin, Sahiner & Pilanci (2022) for
    the relaxation and the decomposition.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from milpsparse.instance import Instance
from milpsparse.method import Model, Program
from milpsparse.models import _parts
from milpsparse.network import Network
from milpsparse.objective import Objective

NONZERO = 1e-7  # relative to the largest gate: smaller ones are the solver's dust


def build(instance: Instance, objective: Objective, incumbent: Network) -> Program:
    """State the model; see the module's docstring."""
    import cvxpy as cp

    from milpsparse.models import _convex

    pattern, xb = _parts.hidden_patterns(instance), _parts.points(instance)
    w, linear = cp.Variable((len(pattern), xb.shape[1])), cp.Variable(xb.shape[1])
    on = (pattern.T[:, :, None] * xb[:, None, :]).reshape(len(xb), -1)
    fit = on @ cp.reshape(w, (w.size,), order="C") + xb @ linear == instance.y
    counted = w[:, : len(_parts.counted_inputs(instance))]
    problem = cp.Problem(
        cp.Minimize(cp.sum(cp.abs(counted))), [fit, *_convex.fixed_part(instance, linear)]
    )
    return Program(
        problem=problem,
        decode=lambda: _decompose(instance, pattern, w.value, linear.value),
        dual_scope="all",
        relaxation=True,
    )


def _decompose(
    instance: Instance, pattern: NDArray[np.bool_], w: NDArray[np.float64], linear: Any
) -> Network:
    """The ReLU network of least norm with w_m = a_m - b_m, both in the cone of pattern m."""
    from scipy.optimize import linprog

    xb = _parts.points(instance)
    D = xb.shape[1]
    cost = np.ones(4 * D)  # of a = a1 - a2 and b = b1 - b2
    if not instance.count_bias:
        cost[D - 1 :: D] = 0.0
    unit, path, signs = np.eye(D), [], []
    for bits, gate in zip(pattern, w, strict=True):
        if abs(gate).max() <= NONZERO * abs(w).max():
            continue
        cone = np.where(bits, -1.0, 1.0)[:, None] * xb  # cone a <= 0
        none = np.zeros_like(cone)
        parts = linprog(
            cost,
            A_ub=np.block([[cone, -cone, none, none], [none, none, cone, -cone]]),
            b_ub=np.zeros(2 * len(xb)),
            A_eq=np.hstack([unit, -unit, -unit, unit]),
            b_eq=gate,
        )
        if parts.x is not None:
            a1, a2, b1, b2 = parts.x.reshape(4, D)
            path += [a1 - a2, b1 - b2]
            signs += [1, -1]
    return _parts.assemble(instance, signs, np.array(path), linear)


MODEL = Model(
    summary="the gated relaxation (cvxpy): a lower bound on l1, without cones",
    framework="cvxpy",
    objectives=frozenset({"l1"}),
    build=build,
    refuses=_parts.too_many_patterns,
    needs_bound=False,
)
