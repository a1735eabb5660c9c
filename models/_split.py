"""What the sign-split models share: slots of either sign, the fit, and rows that only help.

Slots k have a fixed sign s_k: K of each sign, at most K used in all. The rows that only help are
options, with the same names in every model; each cuts no network of least value.

symmetry      slots of one sign are interchangeable, so they may be ordered:
    activity        sum_i z_ki >= sum_i z_k+1,i          by the number of active points
    first_weight    u_k1 <= u_k+1,1                      by the weight of the first input
    lexicographic   sum_i 2^(n-i) (z_ki - z_k+1,i) >= 0  by activation pattern, over the first
                                                         n = min(N, 16) points
cover         sum over slots of the sign of y_i of z_ki >= 1 for y_i != 0: without a skip
              connection and free constants some neuron of this sign is active at i.
generic       objective >= the dimension count (README, evidence): true for almost every
              label vector, and perhaps not for these. The bound of such a model proves nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyomo.environ as pyo
from numpy.typing import NDArray

from milpsparse.bounds import best_bound
from milpsparse.errors import Unsupported
from milpsparse.instance import Instance
from milpsparse.method import Program
from milpsparse.models import _parts, _slots
from milpsparse.network import Network
from milpsparse.objective import Objective

PREFIX = 16  # points of a lexicographic order: their weights stay below 2^16


@dataclass
class Split:
    """A Pyomo model `m` of slots with signs, to be completed by what makes it this model.

    `m` has path parameters u and outputs p; the model adds when these may be positive, `program`
    the rest.
    """

    name: str
    instance: Instance
    objective: Objective
    signs: list[int]
    m: Any = field(init=False)

    def __post_init__(self) -> None:
        self.m = pyo.ConcreteModel(self.name)
        _slots.add_neurons(self.m, self.instance, len(self.signs))
        self._fit()

    def _fit(self) -> None:
        """The network passes through the points."""
        free = _slots.add_free_part(self.m, self.instance, self.objective)
        signs, y = self.signs, self.instance.y.tolist()

        @self.m.Constraint(self.m.i)
        def fit(m: Any, i: int) -> Any:
            return pyo.quicksum(signs[k] * m.p[k, i] for k in m.k) + free[i] == y[i]

    def limit(self, used: Mapping[int, Any], K: int) -> None:
        """Idle slots are inactive; at most K slots are used."""
        m = self.m
        if hasattr(m, "z"):
            m.idle = pyo.Constraint(m.k, m.i, rule=lambda m, k, i: m.z[k, i] <= used[k])
        if self.objective.kind == "neurons":
            m.total = pyo.Constraint(expr=pyo.quicksum(used.values()) <= K)

    def order(self, rule: str) -> None:
        """The rows of a symmetry rule."""
        m = self.m
        n = min(len(m.i), PREFIX)
        first = [k for k in m.k[:-1] if self.signs[k] == self.signs[k + 1]]

        def row(m: Any, k: int) -> Any:
            if rule == "first_weight":
                return m.u[k, 0] <= m.u[k + 1, 0]
            if rule == "activity":
                return pyo.quicksum(m.z[k, i] - m.z[k + 1, i] for i in m.i) >= 0
            weighed = (2.0 ** (n - 1 - i) * (m.z[k, i] - m.z[k + 1, i]) for i in range(n))
            return pyo.quicksum(weighed) >= 0

        if rule != "none":
            m.order = pyo.Constraint(first, rule=row)

    def cover(self) -> None:
        """Where a label is not 0, a neuron of its sign is active."""
        y, signs = self.instance.y.tolist(), self.signs
        if self.instance.skip or _parts.free_constant(self.instance, self.objective):
            return

        @self.m.Constraint([i for i in self.m.i if any(s * y[i] > 0 for s in signs)])
        def cover(m: Any, i: int) -> Any:
            return pyo.quicksum(m.z[k, i] for k in m.k if signs[k] * y[i] > 0) >= 1

    def place(self, network: Network, rule: str) -> dict[int, NDArray[np.float64]]:
        """Slots of a network's neurons, in the order of the symmetry rule."""
        path = network.path.astype(float)
        points = _parts.points(self.instance)
        active = np.array([points @ u > 0 for u in path]).reshape(len(path), len(points))
        place: dict[int, NDArray[np.float64]] = {}
        for sign in (1, -1):
            slots = [k for k, s in enumerate(self.signs) if s == sign]
            neurons = [k for k, s in enumerate(network.signs) if s == sign]
            if len(neurons) > len(slots):
                what = f"{len(neurons)} neurons of sign {sign:+d}, the model {len(slots)}"
                raise Unsupported(f"the network has {what}")
            keyed = [(_key(rule, path[k], active[k]), path[k]) for k in neurons]
            idle = np.zeros(path.shape[1]), np.zeros(len(points), dtype=bool)
            keyed += [(_key(rule, *idle), idle[0])] * (len(slots) - len(neurons))
            keyed.sort(key=lambda neuron: neuron[0])  # stable: idle slots last among equals
            place |= {k: u for k, (_, u) in zip(slots, keyed, strict=True) if u.any()}
        return place

    def start(self, network: Network, rule: str) -> None:
        """Set every variable from a network."""
        hidden, linear = _parts.separate(self.instance, self.objective, network)
        _slots.set_start(self.m, self.instance, self.place(hidden, rule), linear)


def _key(rule: str, u: NDArray[np.float64], active: NDArray[np.bool_]) -> tuple[float, ...]:
    """What a symmetry rule sorts neurons by, in ascending order."""
    match rule:
        case "first_weight":
            return (u[0],)
        case "activity":
            return (-float(active.sum()),)
        case "lexicographic":
            return tuple(-active[:PREFIX].astype(float))
    return ()


def split(
    name: str, instance: Instance, objective: Objective, incumbent: Network, slots: int | None
) -> Split:
    """Slots for all networks better than the incumbent, K of each sign."""
    K = _parts.slot_count(instance, objective, incumbent, slots)
    return Split(name, instance, objective, [1] * K + [-1] * K)


def program(
    parts: Split, used: Mapping[int, Any], *, symmetry: str, cover: bool, generic: bool
) -> Program:
    """The finished program: slots limited and ordered, and the rows that the options ask for."""
    instance, objective, m = parts.instance, parts.objective, parts.m
    K = len(parts.signs) // 2
    parts.limit(used, K)
    parts.order(symmetry)
    if cover:
        parts.cover()
    if generic:
        m.generic = pyo.Constraint(expr=m.objective.expr >= generic_bound(instance, objective))
    return Program(
        problem=m,
        decode=lambda: _slots.decode(m, instance, parts.signs),
        start=lambda network: parts.start(network, symmetry),
        dual_bound=_parts.bound_within_slots(K),
        dual_scope=_parts.scope(instance),
        evidence="generic" if generic else "claimed",
    )


def generic_bound(instance: Instance, objective: Objective) -> int:
    """The least value that networks through almost every label vector have."""
    bound = best_bound(instance, objective, "generic")
    return 0 if bound is None else math.ceil(bound.value)
