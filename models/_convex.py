"""What the convex programs over patterns share (cvxpy): the blocks and their constraints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cvxpy as cp
import numpy as np
from numpy.typing import NDArray

from milpsparse.instance import Instance
from milpsparse.method import Program
from milpsparse.models import _parts
from milpsparse.network import Network
from milpsparse.objective import Objective
from milpsparse.patterns import fit_and_cones


@dataclass
class Blocks:
    """A block u_sm for each sign and pattern, all of them in their cones and through the points.

    `u` has shape (2 P, D), `counted` its entries that norms run over, `linear` is the free affine
    part (a..., c).
    """

    instance: Instance
    pattern: NDArray[np.bool_]

    def __post_init__(self) -> None:
        xb = _parts.points(self.instance)
        fit, cone = fit_and_cones(xb, self.pattern)
        self.u = cp.Variable((2 * len(self.pattern), xb.shape[1]))
        self.linear = cp.Variable(xb.shape[1])
        flat = cp.reshape(self.u, (self.u.size,), order="C")
        self.constraints = [
            fit @ flat + xb @ self.linear == self.instance.y,
            cone @ flat >= 0,
            *fixed_part(self.instance, self.linear),
        ]
        self.counted = self.u[:, : len(_parts.counted_inputs(self.instance))]

    def network(self) -> Network:
        """The network of the solved values."""
        signs = np.repeat([1, -1], len(self.pattern))
        return _parts.assemble(self.instance, signs, self.u.value, self.linear.value)


def program(
    blocks: Blocks, norm: Any, objective: Objective, most: float, sample: int | None
) -> Program:
    """Least norm over the blocks; a lower bound on counts, each of which holds at most `most` B."""
    bound = blocks.instance.bound

    def lower(value: float) -> float | None:
        if sample is not None:  # patterns are left out
            return None
        if not objective.counts:
            return value
        return 0.0 if bound is None else value / (bound * most)

    return Program(
        problem=cp.Problem(cp.Minimize(cp.sum(norm)), blocks.constraints),
        decode=blocks.network,
        dual_bound=lower,
        dual_scope="within_bound" if objective.counts else "all",
        relaxation=objective.counts,
        note=_parts.sample_note(sample),
    )


def fixed_part(instance: Instance, linear: Any) -> list[Any]:
    """Without a skip connection the affine part is 0, save for a free constant."""
    if instance.skip:
        return []
    constant = _parts.free_constant(instance, Objective("l1"))
    return [linear[: instance.n_features + (not constant)] == 0]
