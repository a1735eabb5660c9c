"""The lp path norm over activation patterns, its powers replaced by their chords: a lower bound.

Sets
    s in {+1, -1} signs, m patterns (bits D_mi) of the data, blocks (s, m);
    i in 1..N points xb_i = (x_i, 1); j in 1..D entries (the last is the bias);
    k in 0..n breakpoints 0 = b_0 < b_1 < ... < b_n = U_smj of the size of a counted entry.
Variables
    u_smj = u+_smj - u-_smj    sum of the path parameters of the neurons with this sign and pattern
    t_smj in [0, U_smj]        the size of a counted entry
    c_smj                      its cost
    a, c free                  the skip connection, or a free constant where biases are uncounted
Minimise
    sum_smj c_smj   over the counted entries
Subject to
    sum_sm s D_mi xb_i . u_sm + a . x_i + c = y_i      for all i
    (2 D_mi - 1) xb_i . u_sm >= 0                      for all blocks and points: u in the cone
    t_smj = u+_smj + u-_smj                            (>= |u_smj|, and = at an optimum)
    c_smj >= g(t_smj),   g piecewise linear with g(b_k) = b_k^p: Pyomo's Piecewise
Size
    2PD' counted entries for P patterns (D' counted entries a neuron), each with the variables of
    its n pieces, in the representation `inc` n - 1 binaries; N + 2PN + 2PD' rows and those of the
    pieces. The one big-M is U.
Validity
    t^p is concave, so g <= t^p on [0, U], and = at the breakpoints: the optimum is a lower bound.
    Neurons of one sign and pattern add up inside their cone without raising the norm (p <= 1).
    No minimiser is cut off: its sizes have |u|^p <= least value <= F, the value of any network, so
    |u| <= F^(1/p); `tighten` lowers these U by linear programs, of up to 400 entries (see
    _chords). B plays no part, as lp is solved without it: the bound is one on all networks. The
    network found is refitted and valued by itself.
Pieces
    The error t^p - g on a piece is largest on the first one, (p^(p/(1-p)) - p^(1/(1-p))) b_1^p, a
    quarter of b_1^p at p = 1/2. `geometric` has b_k^p in geometric progression from U^p / 100 to
    U^p, `values` in arithmetic progression. A better network to begin with, by [start=multistart]
    (reweighted l1), makes U smaller and so all pieces.
Source
    Falk & Soland (1969) for chords of concave costs; Vielma, Ahmed & Nemhauser (2010) for the
    representations, which are Pyomo's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from milpsparse.errors import Unsupported
from milpsparse.instance import Instance
from milpsparse.method import Model, Option, Program
from milpsparse.models import _parts
from milpsparse.network import Network
from milpsparse.objective import Objective

MOST_PIECES = 10_000  # Pyomo takes seconds to state them, and solvers get nowhere with more
BINARY_LOGARITHMIC = ("log", "dlog")


def build(
    instance: Instance,
    objective: Objective,
    incumbent: Network,
    *,
    pieces: int = 8,
    placement: str = "values",
    tighten: bool = True,
    representation: str = "inc",
) -> Program:
    """State the model; see the module's docstring."""
    import pyomo.environ as pyo

    from milpsparse.models import _chords, _slots

    pattern = _parts.hidden_patterns(instance)
    xb, signs = _parts.points(instance), [1] * len(pattern) + [-1] * len(pattern)
    counted = _parts.counted_inputs(instance)
    p = objective.p or 1.0
    m = pyo.ConcreteModel("pattern_lp")
    m.block, m.i, m.j = range(len(signs)), range(len(xb)), range(xb.shape[1])
    m.plus = pyo.Var(m.block, m.j, domain=pyo.NonNegativeReals)
    m.minus = pyo.Var(m.block, m.j, domain=pyo.NonNegativeReals)
    m.size = pyo.Var(m.block, counted, domain=pyo.NonNegativeReals)
    m.cost = pyo.Var(m.block, counted, domain=pyo.NonNegativeReals)
    free = _slots.add_free_part(m, instance, objective)
    u = {(b, j): m.plus[b, j] - m.minus[b, j] for b in m.block for j in m.j}

    @m.Constraint(m.i)
    def fit(m: Any, i: int) -> Any:
        on = [b for b in m.block if pattern[b % len(pattern), i]]
        terms = (signs[b] * xb[i, j] * u[b, j] for b in on for j in m.j)
        return pyo.quicksum(terms) + free[i] == instance.y[i]

    @m.Constraint(m.block, m.i)
    def cone(m: Any, b: int, i: int) -> Any:
        side = 1.0 if pattern[b % len(pattern), i] else -1.0
        return pyo.quicksum(side * xb[i, j] * u[b, j] for j in m.j) >= 0

    @m.Constraint(m.block, counted)
    def sized(m: Any, b: int, j: int) -> Any:
        return m.size[b, j] == m.plus[b, j] + m.minus[b, j]

    m.objective = pyo.Objective(expr=pyo.quicksum(m.cost.values()))
    value = instance.value(incumbent, objective)
    tops = _chords.largest_sizes(m.size, m, value, p, tighten)
    ends = {at: _chords.breakpoints(top, p, pieces, placement) for at, top in tops.items()}
    for at, top in tops.items():
        m.size[at].setub(top)
    m.power = pyo.Piecewise(
        m.block,
        list(counted),
        m.cost,
        m.size,
        pw_pts={at: b.tolist() for at, b in ends.items()},
        f_rule={at: (b**p).tolist() for at, b in ends.items()},
        pw_repn=representation.upper(),
        pw_constr_type="LB",
    )
    return Program(
        problem=m,
        decode=lambda: _decode(m, instance, signs),
        start=lambda network: _start(m, instance, objective, network, pattern, ends),
        dual_scope="all",
        relaxation=True,
        note=f"chords of {pieces} pieces up to |u| = {max(tops.values(), default=0.0):.4g}",
    )


def _decode(m: Any, instance: Instance, signs: list[int]) -> Network:
    """One neuron a block that is not zero."""
    from milpsparse.models import _slots

    u = np.array([[m.plus[b, j].value - m.minus[b, j].value for j in m.j] for b in m.block])
    return _parts.assemble(instance, signs, u, _slots.free_values(m))


def _start(
    m: Any,
    instance: Instance,
    objective: Objective,
    network: Network,
    pattern: NDArray[np.bool_],
    ends: Mapping[Any, NDArray[np.float64]],
) -> None:
    """Put each neuron into a block whose closed cone holds it, and its entries into the pieces.

    Raises
    ------
    Unsupported
        The pieces are not represented by increments.
    """
    from milpsparse.models import _slots

    blocks, linear, _ = _parts.in_blocks(instance, objective, network, pattern)
    for b, j in m.plus:
        m.plus[b, j].set_value(max(float(blocks[b, j]), 0.0))
        m.minus[b, j].set_value(max(float(-blocks[b, j]), 0.0))
    for b, j in m.size:
        size, at = abs(float(blocks[b, j])), ends[b, j]
        if size > at[-1]:
            raise Unsupported("a network that no minimiser resembles")
        m.size[b, j].set_value(size)
        m.cost[b, j].set_value(float(np.interp(size, at, at ** (objective.p or 1.0))))
        _start_pieces(m.power[b, j], size, at)
    _slots.start_free_part(m, linear)


def _start_pieces(power: Any, size: float, ends: NDArray[np.float64]) -> None:
    """Increments: each piece is filled before the next one begins."""
    if not hasattr(power, "INC_delta"):
        if len(ends) > 2:
            raise Unsupported("only increments can be started")
        return
    filled = np.clip((size - ends[:-1]) / np.diff(ends), 0.0, 1.0)
    for k, delta in enumerate(power.INC_delta.values()):
        delta.set_value(float(filled[k]))
    for k, begun in enumerate(power.INC_bin_y.values()):
        begun.set_value(int(filled[k + 1] > 0))


def refuses(instance: Instance, objective: Objective, options: Mapping[str, Any]) -> str | None:
    """Too many patterns, or pieces; a number of pieces that logarithms do not take."""
    pieces, kind = options["pieces"], options["representation"]
    if kind in BINARY_LOGARITHMIC and pieces & (pieces - 1):
        return f"{kind} takes a power of 2 of pieces, not {pieces}"
    if reason := _parts.too_many_patterns(instance, objective, {}):
        return reason
    entries = 2 * len(_parts.hidden_patterns(instance)) * len(_parts.counted_inputs(instance))
    if entries * pieces <= MOST_PIECES:
        return None
    return f"{entries:,} entries of {pieces} pieces each (limit {MOST_PIECES:,} pieces in all)"


MODEL = Model(
    summary="chords of the lp powers over all patterns (Pyomo's Piecewise): lower bounds of lp",
    framework="pyomo",
    objectives=frozenset({"lp"}),
    build=build,
    refuses=refuses,
    needs_bound=False,
    options={
        "pieces": Option(8, "pieces of each power; more are slower and tighter", low=1, high=1024),
        "placement": Option("values", "where breakpoints are", ("values", "geometric")),
        "tighten": Option(True, "linear programs bound the sizes that minimisers may have"),
        "representation": Option(
            "inc", "how Pyomo states the pieces", ("inc", "mc", "cc", "dcc", "log", "dlog")
        ),
    },
)
