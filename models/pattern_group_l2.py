"""The group norm program over activation patterns (cvxpy): weight decay's network.

Sets
    s in {+1, -1} signs, m patterns (bits D_mi) of the data, blocks (s, m);
    i in 1..N points xb_i = (x_i, 1); j in 1..D entries (the last is the bias).
Variables
    u_smj free        sum of the path parameters of the neurons with this sign and pattern
    a, c free         the skip connection, or a free constant where biases are uncounted
Minimise
    sum_sm ||u_sm||_2   over the counted entries
Subject to
    sum_sm s D_mi xb_i . u_sm + a . x_i + c = y_i      for all i
    (2 D_mi - 1) xb_i . u_sm >= 0                      for all blocks and points: u in the cone
Size
    2P blocks for P patterns: 2PD variables, N + 2PN rows, 2P second-order cones.
Validity
    Neurons of one sign and pattern add up inside their cone without raising the sum of their norms
    (triangle inequality), so the program is exact for group_l2. Splitting a neuron is free, so B
    does not bind. It is also least weight decay: (v^2 + ||w||^2) / 2 is at least |v| ||w||, and
    equal to it once a neuron is balanced. For neurons its network is a heuristic; with finite B no
    neuron's norm is above B sqrt(counted entries), which gives a lower bound.
Source
    Pilanci & Ergen (2020), at interpolation.
"""

from __future__ import annotations

import math

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
    norm = cp.norm(blocks.counted, 2, axis=1)
    return _convex.program(blocks, norm, objective, math.sqrt(blocks.counted.shape[1]), sample)


MODEL = Model(
    summary="the group norm program over all patterns (cvxpy); a heuristic for neurons",
    framework="cvxpy",
    objectives=frozenset({"group_l2", "neurons"}),
    build=build,
    refuses=_parts.too_many_patterns,
    needs_bound=False,
    needs=frozenset({"cones"}),
    options={"sample": _options.SAMPLE},
)
