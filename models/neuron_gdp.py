"""The sign-split model as a generalised disjunctive program, written out by Pyomo.GDP.

Sets
    i in 1..N points xb_i = (x_i, 1), j in 1..D with D = d + 1 entries (the last is the bias),
    k in 1..2K slots: the first K have sign s_k = +1, the others s_k = -1.
Variables
    u_kj in [-B, B]   path parameters
    p_ki in [0, M_i]  output before the sign,  M_i = B ||xb_i||_1
    a, c free         the skip connection, or a free constant where biases are uncounted
    z_ki, a_k (neurons), t_kj (parameters): the binaries of the disjunctions
Minimise
    sum_k a_k   or   sum_kj t_kj
Subject to
    [z_ki: p_ki = u_k . xb_i]  or  [not z_ki: u_k . xb_i <= 0, p_ki <= 0]   for all k, i
    [a_k] or [not a_k: u_kj = 0 for all j]                                  (neurons)
    [t_kj] or [not t_kj: u_kj = 0]                                          (parameters)
    sum_k s_k p_ki + a . x_i + c = y_i                                      for all i
    the rows of `neuron_big_m` on binaries alone
Size
    bigm, mbigm: about as `neuron_big_m`, with a second binary a disjunction that presolve removes.
    hull: 2 (D + 1) more variables and about 4D rows for every slot and point.
Validity
    Option transformation: bigm takes its constants from the bounds of the variables, mbigm one for
    each pair of disjuncts from linear programs (Pyomo solves them with HiGHS), hull needs none: it
    gives each disjunct a copy of its variables, and its relaxation is that of all cuts of
    `neuron_hull_cuts` that have no switch in them.
Source
    Balas (1998) for the hull; Trespalacios & Grossmann (2015) for multiple big-M; Pyomo.GDP.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from milpsparse.instance import Instance
from milpsparse.method import Model, Option, Program
from milpsparse.models import _options, _parts
from milpsparse.network import Network
from milpsparse.objective import Objective


def build(
    instance: Instance,
    objective: Objective,
    incumbent: Network,
    *,
    slots: int | None,
    transformation: str,
    **shared: Any,
) -> Program:
    """State the model; see the module's docstring."""
    from milpsparse.models import _split

    parts = _split.split("neuron_gdp", instance, objective, incumbent, slots)
    _add_activations(parts.m, instance)
    used = _add_switches(parts.m, instance, objective)
    copy_of = _transform(parts.m, transformation)
    program = _split.program(parts, used, **shared)

    def start(network: Network) -> None:
        assert program.start is not None
        program.start(network)
        _start_copies(parts.m, copy_of)

    return replace(program, start=start)


def _add_activations(m: Any, instance: Instance) -> None:
    """A neuron is active on a point, or it is not; z are the binaries of the active sides."""
    import pyomo.environ as pyo
    from pyomo.gdp import Disjunct, Disjunction

    xb = _parts.points(instance).tolist()

    def value(k: int, i: int) -> Any:
        return pyo.quicksum(xb[i][j] * m.u[k, j] for j in m.j)

    def on(side: Any, k: int, i: int) -> None:
        side.output = pyo.Constraint(expr=m.p[k, i] == value(k, i))

    def off(side: Any, k: int, i: int) -> None:
        side.value = pyo.Constraint(expr=value(k, i) <= 0)
        side.output = pyo.Constraint(expr=m.p[k, i] <= 0)

    m.on, m.off = Disjunct(m.k, m.i, rule=on), Disjunct(m.k, m.i, rule=off)
    m.relu = Disjunction(m.k, m.i, rule=lambda m, k, i: [m.on[k, i], m.off[k, i]])
    m.z = {at: side.binary_indicator_var for at, side in m.on.items()}


def _add_switches(m: Any, instance: Instance, objective: Objective) -> Mapping[int, Any]:
    """A slot, or a counted entry, is kept or zero; as `_slots.add_switches` otherwise."""
    import pyomo.environ as pyo
    from pyomo.gdp import Disjunct, Disjunction

    if objective.kind == "neurons":
        entries = {k: [(k, j) for j in m.j] for k in m.k}
    else:
        entries = {(k, j): [(k, j)] for k in m.k for j in _parts.counted_inputs(instance)}

    def zero(side: Any, *at: int) -> None:
        own = entries[at if len(at) > 1 else at[0]]
        side.zero = pyo.Constraint(own, rule=lambda side, k, j: m.u[k, j] == 0)

    m.kept, m.zero = Disjunct(list(entries)), Disjunct(list(entries), rule=zero)
    m.entry = Disjunction(list(entries), rule=lambda m, *at: [m.kept[at], m.zero[at]])
    binary = {at: side.binary_indicator_var for at, side in m.kept.items()}
    m.switch = {entry: binary[at] for at, own in entries.items() for entry in own}
    if objective.kind == "neurons":
        m.a = used = binary
    else:
        m.t = binary
        used = {k: pyo.quicksum(v for at, v in binary.items() if at[0] == k) for k in m.k}
    m.objective = pyo.Objective(expr=pyo.quicksum(used.values()))
    return used


def _transform(m: Any, transformation: str) -> Callable[[Any, Any], Any]:
    """Write the disjunctions out; returns a function to the copy of a variable in a disjunct."""
    import pyomo.environ as pyo

    rewrite = pyo.TransformationFactory(f"gdp.{transformation}")
    if transformation == "mbigm":
        rewrite.apply_to(m, solver=pyo.SolverFactory("appsi_highs"), threads=1)
    else:
        rewrite.apply_to(m)
    if transformation != "hull":
        return lambda variable, side: None
    return lambda variable, side: rewrite.get_disaggregated_var(variable, side, False)


def _sides(m: Any) -> Iterator[tuple[Any, Any, list[Any]]]:
    """Each disjunction: its two disjuncts, the first with a known binary, and its variables."""
    for (k, i), side in m.on.items():
        yield side, m.off[k, i], [m.p[k, i], *(m.u[k, j] for j in m.j)]
    for at, side in m.kept.items():
        own = [at] if isinstance(at, tuple) else [(at, j) for j in m.j]
        yield side, m.zero[at], [m.u[entry] for entry in own]


def _start_copies(m: Any, copy_of: Callable[[Any, Any], Any]) -> None:
    """The other binary of each disjunction, and the copies: the value on its side, else 0."""
    for first, second, variables in _sides(m):
        on = first.binary_indicator_var.value
        second.binary_indicator_var.set_value(1 - on)
        for side, share in ((first, on), (second, 1 - on)):
            for variable in variables:
                if (copy := copy_of(variable, side)) is not None:
                    copy.set_value(share * variable.value)


MODEL = Model(
    summary="sign-split slots as disjunctions, written out by Pyomo.GDP (MILP)",
    framework="pyomo",
    objectives=frozenset({"neurons", "parameters"}),
    build=build,
    options={
        **_options.SPLIT,
        "transformation": Option(
            "bigm", "big-M, multiple big-M or convex hull", ("bigm", "mbigm", "hull")
        ),
    },
)
