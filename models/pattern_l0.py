"""One block of path parameters for each sign and activation pattern, with a number of copies.

Sets
    s in {+1, -1} signs, m patterns (bits D_mi) of the data, blocks (s, m);
    i in 1..N points xb_i = (x_i, 1); j in 1..D entries (the last is the bias).
Variables
    u_smj free        sum of the path parameters of the neurons with this sign and pattern
    n_sm  integer     neurons: how many neurons make it up;  0 <= n_sm <= U
    n_smj integer     parameters: how many of them have entry j;  0 <= n_smj <= U
    a, c free         the skip connection, or a free constant where biases are uncounted
Minimise
    sum_sm n_sm   or   sum_smj n_smj (counted entries)
Subject to
    sum_sm s D_mi xb_i . u_sm + a . x_i + c = y_i      for all i
    (2 D_mi - 1) xb_i . u_sm >= 0                      for all blocks and points: u in the cone
    |u_smj| <= B n_sm    or    |u_smj| <= B n_smj      (an uncounted bias: <= B sum_j n_smj)
Size
    2P blocks for P patterns: 2P or 2PD integers, 2PD continuous, N + 2PN + 4PD rows; no big-M.
Validity
    Neurons of one sign and pattern add up inside their closed cone, and n equal copies share it
    again: for neurons the model is exact, U any known value. For parameters copies with different
    supports cost less in the model than any network may, so it is a lower bound, exact when every
    n <= 1. A neuron with an uncounted bias has a counted weight, except for constants (free).
Source
    Pilanci & Ergen (2020) for convex programs over patterns; the copies make B per neuron exact.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from milpsparse.instance import Instance
from milpsparse.method import Model, Program
from milpsparse.models import _options, _parts
from milpsparse.network import Network
from milpsparse.objective import Objective


def build(
    instance: Instance, objective: Objective, incumbent: Network, *, sample: int | None = None
) -> Program:
    """State the model; see the module's docstring."""
    import pyomo.environ as pyo

    from milpsparse.models import _slots

    pattern = _parts.hidden_patterns(instance, sample)
    B = _parts.bound_of(instance)
    most = max(1, int(instance.value(incumbent, objective)))
    xb, signs = _parts.points(instance), [1] * len(pattern) + [-1] * len(pattern)
    m = pyo.ConcreteModel("pattern_l0")
    m.block, m.i, m.j = range(len(signs)), range(len(xb)), range(xb.shape[1])
    m.u = pyo.Var(m.block, m.j)
    free = _slots.add_free_part(m, instance, objective)
    size = _add_copies(m, instance, objective, most)

    @m.Constraint(m.i)
    def fit(m: Any, i: int) -> Any:
        on = [b for b in m.block if pattern[b % len(pattern), i]]
        terms = (signs[b] * xb[i, j] * m.u[b, j] for b in on for j in m.j)
        return pyo.quicksum(terms) + free[i] == instance.y[i]

    @m.Constraint(m.block, m.i)
    def cone(m: Any, b: int, i: int) -> Any:
        side = 1.0 if pattern[b % len(pattern), i] else -1.0
        return pyo.quicksum(side * xb[i, j] * m.u[b, j] for j in m.j) >= 0

    @m.Constraint(m.block, m.j)
    def upper(m: Any, b: int, j: int) -> Any:
        return m.u[b, j] <= B * size[b, j]

    @m.Constraint(m.block, m.j)
    def lower(m: Any, b: int, j: int) -> Any:
        return m.u[b, j] >= -B * size[b, j]

    return Program(
        problem=m,
        decode=lambda: _decode(m, instance, objective, signs),
        start=lambda network: _start(m, instance, objective, network, pattern),
        dual_bound=float if sample is None else _no_bound,
        relaxation=objective.kind == "parameters",
        note=_parts.sample_note(sample),
    )


def _no_bound(value: float) -> None:
    """Some patterns are missing, so the optimum is an upper bound only."""


def _add_copies(m: Any, instance: Instance, objective: Objective, most: int) -> dict[Any, Any]:
    """The integers n and their sum as the objective; the copies that bound each entry of u."""
    import pyomo.environ as pyo

    if objective.kind == "neurons":
        m.n = pyo.Var(m.block, domain=pyo.Integers, bounds=(0, most))
        m.objective = pyo.Objective(expr=pyo.quicksum(m.n.values()))
        return {(b, j): m.n[b] for b in m.block for j in m.j}
    counted = _parts.counted_inputs(instance)
    m.n = pyo.Var(m.block, counted, domain=pyo.Integers, bounds=(0, most))
    m.objective = pyo.Objective(expr=pyo.quicksum(m.n.values()))
    total = {b: pyo.quicksum(m.n[b, j] for j in counted) for b in m.block}
    return {(b, j): m.n[b, j] if j in counted else total[b] for b in m.block for j in m.j}


def _decode(m: Any, instance: Instance, objective: Objective, signs: list[int]) -> Network:
    """Equal copies of each block with n > 0, as many as its integers say."""
    from milpsparse.models import _slots

    rows, row_signs = [], []
    for b in m.block:
        u = np.array([m.u[b, j].value for j in m.j])
        if objective.kind == "neurons":
            copies = round(m.n[b].value)
        else:
            on = {j: round(m.n[b, j].value) for j in m.j if (b, j) in m.n}
            u = np.array([v if on.get(j, 1) > 0 else 0.0 for j, v in enumerate(u)])
            copies = max(on.values())
            if copies:  # an uncounted bias may need more copies than any counted entry
                needed = int(np.ceil(abs(u[-1]) / _parts.bound_of(instance) - 1e-9))
                copies = max(copies, needed)
        rows += [u / max(copies, 1)] * copies
        row_signs += [signs[b]] * copies
    return _parts.assemble(instance, row_signs, np.array(rows), _slots.free_values(m))


def _start(
    m: Any, instance: Instance, objective: Objective, network: Network, pattern: Any
) -> None:
    """Put each neuron into a block whose closed cone holds it; dead ones are left out.

    With a skip connection a neuron that is active everywhere is a part of that.
    """
    from milpsparse.models import _slots

    u, linear, place = _parts.in_blocks(instance, objective, network, pattern)
    hidden, _ = _parts.separate(instance, objective, network)
    for v in m.n.values():
        v.set_value(0)
    for b, row in zip(place, hidden.path, strict=True):
        if b < 0:
            continue
        if objective.kind == "neurons":
            m.n[b].set_value(m.n[b].value + 1)
        else:
            for j in np.flatnonzero(row != 0):
                if (b, int(j)) in m.n:
                    m.n[b, int(j)].set_value(m.n[b, int(j)].value + 1)
    for b, j in m.u:
        m.u[b, j].set_value(float(u[b, j]))
    _slots.start_free_part(m, linear)


MODEL = Model(
    summary="a block a sign and activation pattern, with copies (Pyomo MILP); no big-M",
    framework="pyomo",
    objectives=frozenset({"neurons", "parameters"}),
    build=build,
    refuses=_parts.too_many_patterns,
    options={"sample": _options.SAMPLE},
)
