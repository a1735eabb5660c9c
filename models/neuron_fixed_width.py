"""Feasibility at a fixed width: is there a network with K+ positive and K- negative neurons?

Sets
    i in 1..N points xb_i = (x_i, 1), j in 1..D with D = d + 1 entries (the last is the bias),
    k in 1..K slots, K = K+ + K-: the first K+ have sign s_k = +1, the others s_k = -1.
Variables
    u_kj in [-B, B]   path parameters          z_ki in {0,1}   neuron k is active on point i
    p_ki, q_ki >= 0   positive and negative part of the pre-activation
    a, c free         the skip connection
Minimise
    0
Subject to
    u_k . xb_i = p_ki - q_ki                          for all k, i
    p_ki <= M_i z_ki,   q_ki <= M_i (1 - z_ki)        M_i = B ||xb_i||_1
    sum_k s_k p_ki + a . x_i + c = y_i                for all i
    the rows of the options symmetry and cover (`_split`)
Size
    KN binaries, half of those of `neuron_big_m` with as many neurons; K(2N + D) continuous; about
    3KN + 2N rows.
Validity
    A zero neuron may be added, so that infeasible (K+, K-) rules out every smaller split. Without
    the options plus and minus all splits of a level K are asked in turn, from the lower bound that
    a theorem gives: where no split of a level has a network, K + 1 neurons are needed. The first
    network found is smallest; if none is below the incumbent, the incumbent is.
Source
    Level by level with fixed signs, as in `activation_search`; here each question is one MIP.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from milpsparse.bounds import best_bound
from milpsparse.errors import BadInput
from milpsparse.instance import Instance
from milpsparse.method import Model, Option, Options, Program
from milpsparse.models import _options
from milpsparse.network import Network
from milpsparse.objective import Objective


def build(
    instance: Instance,
    objective: Objective,
    incumbent: Network,
    *,
    plus: int | None,
    minus: int | None,
    symmetry: str,
    cover: bool,
) -> Program:
    """State the question for one split; BadInput where the options name none."""
    import pyomo.environ as pyo

    from milpsparse.models import _big_m, _slots, _split

    if plus is None or minus is None:
        raise BadInput("neuron_fixed_width is one program for each split: give plus and minus")
    signs = [1] * plus + [-1] * minus
    parts = _split.Split("neuron_fixed_width", instance, objective, signs)
    m = parts.m
    _slots.add_parts(m, instance)
    _slots.add_activations(m)
    _slots.add_big_m(m, *_big_m.ranges(parts, incumbent, "box"))
    parts.order(symmetry)
    if cover:
        parts.cover()
    m.objective = pyo.Objective(expr=0.0)
    return Program(
        problem=m,
        decode=lambda: _slots.decode(m, instance, signs),
        start=lambda network: parts.start(network, symmetry),
        dual_bound=lambda value: None,
        relaxation=True,
        note=f"asked for networks of {plus} positive and {minus} negative neurons only",
    )


def turns(
    instance: Instance, objective: Objective, incumbent: Network, options: Options
) -> Iterator[tuple[int, Options]] | None:
    """All splits of level after level below the incumbent; None where the options name a split."""
    if options["plus"] is not None:
        return None
    bound = best_bound(instance, objective, "theorem")
    first = max(1, 0 if bound is None else int(bound.value))
    needed = [not instance.skip and bool((s * instance.y > 0).any()) for s in (1, -1)]
    return (
        (K, {**options, "plus": plus, "minus": K - plus})
        for K in range(first, int(instance.value(incumbent, objective)))
        for plus in sorted(range(K + 1), key=lambda plus: abs(2 * plus - K))
        if plus >= needed[0] and K - plus >= needed[1]
    )


def refuses(instance: Instance, objective: Objective, options: Any) -> str | None:
    """A split has both numbers, and a neuron."""
    plus, minus = options["plus"], options["minus"]
    if (plus is None) != (minus is None):
        return "give both plus and minus, or neither: then all splits are asked in turn"
    return "give at least one neuron" if plus == minus == 0 else None


MODEL = Model(
    summary="is there a network of so many positive and negative neurons? (Pyomo feasibility MILP)",
    framework="pyomo",
    objectives=frozenset({"neurons"}),
    build=build,
    turns=turns,
    refuses=refuses,
    options={
        "plus": Option(None, "positive neurons K+ (default: all splits in turn)", low=0),
        "minus": Option(None, "negative neurons K-", low=0),
        "symmetry": _options.SYMMETRY,
        "cover": _options.COVER,
    },
)
