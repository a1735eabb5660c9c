"""The convex l1 path-norm program over activation patterns (cvxpy).

Sets
    s in {+1, -1} signs, m patterns (bits D_mi) of the data, blocks (s, m);
    i in 1..N points xb_i = (x_i, 1); j in 1..D entries (the last is the bias).
Variables
    u_smj free        sum of the path parameters of the neurons with this sign and pattern
    a, c free         the skip connection, or a free constant where biases are uncounted
Minimise
    sum_smj |u_smj|   over the counted entries j
Subject to
    sum_sm s D_mi xb_i . u_sm + a . x_i + c = y_i      for all i
    (2 D_mi - 1) xb_i . u_sm >= 0                      for all blocks and points: u in the cone
Size
    2P blocks for P patterns: 2PD variables, N + 2PN rows.
Validity
    Neurons of one sign and pattern add up inside their cone without raising the l1 norm, so the
    program is exact for l1. Splitting a neuron is free, so B does not bind. For counts its network
    is a heuristic; with finite B every parameter is at most B and every neuron at most B times
    its counted entries, which gives the lower bounds L1 / B and L1 / (B D).
Source
    Pilanci & Ergen (2020); the l1 path norm as in Nakhleh & Nowak (2025) with p = 1.
"""

from __future__ import annotations

from milpsparse.instance import Instance
from milpsparse.method import Model, Program
from milpsparse.models import _options, _parts
from milpsparse.network import Network
from milpsparse.objective import Objective


def build(
    instance: Instance, objective: Objective, incumbent: Network, *, sample: int | None = None
) -> Program:
    """State the model; see the module's docstring."""
    import cvxpy as cp

    from milpsparse.models import _convex

    blocks = _convex.Blocks(instance, _parts.hidden_patterns(instance, sample))
    most = blocks.counted.shape[1] if objective.kind == "neurons" else 1
    return _convex.program(blocks, cp.abs(blocks.counted), objective, most, sample)


MODEL = Model(
    summary="the convex l1 path-norm program over all patterns (cvxpy); a heuristic for counts",
    framework="cvxpy",
    objectives=frozenset({"l1", "neurons", "parameters"}),
    build=build,
    refuses=_parts.too_many_patterns,
    needs_bound=False,
    options={"sample": _options.SAMPLE},
)
