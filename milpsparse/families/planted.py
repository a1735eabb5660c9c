"""Planted: labels of a small teacher network, exact to the last bit.

    y_i = sum_k s_k relu(w_k . x_i + b_k)  [+ a . x_i + c],   k = 1..K

Data lie on a grid of step 1/1024 and path parameters on one of step 1/16, so that labels are
doubles without rounding. Teachers with a neuron that is dead (active nowhere, or everywhere) or
that shares its sign and pattern with another (they would merge) are drawn again; still, a teacher
is only an upper bound: fewer neurons may do. With a margin each knot passes one point so closely
that a tolerance may hide on which side it is.

Why hard: the sparsest network is far below what generic labels need, so relaxations and dimension
counts say nothing; every pattern of a smaller network has to be refuted.
"""

from __future__ import annotations

import numpy as np

from milpsparse.errors import BadInput
from milpsparse.families import _teachers
from milpsparse.families._teachers import Floats, Signs
from milpsparse.family import Family, Member, at_least
from milpsparse.instance import Instance
from milpsparse.method import Option
from milpsparse.network import Network, from_exact


def generate(
    seed: int, N: int, d: int, K: int, inputs: int, bound: float, skip: bool, margin: int
) -> Instance:
    """Inputs uniform on the grid in [-1, 1]; neurons with knots inside the data."""
    at_least(N=(N, 2), d=(d, 1), K=(K, 1), inputs=(inputs, 0), margin=(margin, 0))
    if bound < 2:
        raise BadInput(f"parameter bound={bound:g}: teachers have entries up to 2, so at least 2")
    X, signs, u, linear = _drawn(seed, N, d, K, inputs, skip, margin)
    y = _teachers.labels(X, signs, u)
    if linear is not None:
        y = y + X @ linear[:-1] + linear[-1]
    used = min(inputs or d, d)
    kind = (f"_i{used}" if used < d else "") + (f"_m{margin}" if margin else "")
    kind += "_skip" if skip else ""
    counted = u[:, :-1] if skip else u
    return Instance(
        X=X,
        y=y,
        bound=bound,
        skip=skip,
        name=f"planted_n{N}_d{d}_k{K}{kind}_s{seed}",
        known=_teachers.known(K, int(np.count_nonzero(counted))),
    )


def _drawn(
    seed: int, N: int, d: int, K: int, inputs: int, skip: bool, margin: int
) -> tuple[Floats, Signs, Floats, Floats | None]:
    """Points, the teacher's signs and path parameters, and its skip connection (a..., c)."""
    rng = np.random.default_rng(seed)
    X = _teachers.points(rng, N, d)
    signs, u = _teachers.lean(rng, X, K, min(inputs or d, d), margin)
    return X, signs, u, rng.integers(-16, 17, d + 1) / 16 if skip else None


def network(
    seed: int, N: int, d: int, K: int, inputs: int, bound: float, skip: bool, margin: int
) -> Network:
    """The teacher."""
    _, signs, u, linear = _drawn(seed, N, d, K, inputs, skip, margin)
    return from_exact(signs, u, d, linear)


FAMILY = Family(
    summary="exact labels of a teacher network on a dyadic grid: at most K neurons needed",
    generate=generate,
    network=network,
    params={
        "N": Option(20, "number of points"),
        "d": Option(2, "number of inputs"),
        "K": Option(3, "neurons of the teacher"),
        "inputs": Option(0, "inputs that each neuron uses; 0 for all"),
        "bound": Option(4.0, "bound B on every path parameter"),
        "skip": Option(False, "with a skip connection"),
        "margin": Option(0, "steps of 2^-14 by which a point is active; 0: knots on the grid"),
    },
    tags=("planted",),
    library=(
        Member(0, {"N": 8, "d": 1, "K": 2}),
        Member(5, {"N": 12, "d": 1, "K": 3, "skip": True}),
        Member(0, {"N": 10, "d": 2, "K": 2}),
        Member(1, {"N": 20, "d": 2, "K": 2}),
        Member(0, {"N": 10, "d": 3, "K": 2, "inputs": 1}),
        Member(0, {"N": 10, "d": 2, "K": 2, "skip": True}),
        Member(0, {"N": 20, "d": 1, "K": 3}),
        Member(0, {"N": 50, "d": 1, "K": 3}),
        Member(0, {"N": 100, "d": 1, "K": 4}),
        Member(0, {"N": 50, "d": 2, "K": 2}),
        Member(0, {"N": 50, "d": 2, "K": 3}),
        Member(0, {"N": 100, "d": 2, "K": 3}),
        Member(0, {"N": 200, "d": 2, "K": 3}),
        Member(0, {"N": 20, "d": 3, "K": 2}),
        Member(0, {"N": 50, "d": 3, "K": 3}),
        Member(0, {"N": 200, "d": 3, "K": 3}),
        Member(0, {"N": 20, "d": 5, "K": 2}),
        Member(0, {"N": 200, "d": 5, "K": 2}),
        Member(0, {"N": 100, "d": 5, "K": 2, "inputs": 1}),
        # more points: proofs take no longer
        Member(0, {"N": 1000, "d": 2, "K": 3}),
        Member(0, {"N": 1000, "d": 5, "K": 2}),
        Member(0, {"N": 1000, "d": 20, "K": 2}),
        Member(0, {"N": 10000, "d": 2, "K": 3}),
        Member(0, {"N": 10000, "d": 5, "K": 2}),
        # more inputs
        Member(0, {"N": 50, "d": 10, "K": 2}),
        Member(0, {"N": 60, "d": 20, "K": 2}),
        Member(0, {"N": 120, "d": 50, "K": 2, "inputs": 3}),
        # more neurons
        Member(1, {"N": 50, "d": 2, "K": 4}),
        Member(0, {"N": 100, "d": 2, "K": 4}),
        Member(0, {"N": 500, "d": 2, "K": 4}),
        Member(0, {"N": 100, "d": 2, "K": 5}),
        Member(0, {"N": 200, "d": 2, "K": 6}),
        Member(0, {"N": 50, "d": 1, "K": 6}),
        Member(0, {"N": 100, "d": 1, "K": 8}),
        Member(0, {"N": 500, "d": 3, "K": 4}),
        Member(0, {"N": 200, "d": 5, "K": 3}),
        Member(0, {"N": 200, "d": 5, "K": 4}),
        Member(0, {"N": 500, "d": 10, "K": 3}),
        # neurons of few inputs
        Member(0, {"N": 40, "d": 4, "K": 3, "inputs": 1}),
        Member(0, {"N": 60, "d": 4, "K": 4, "inputs": 2}),
        Member(0, {"N": 100, "d": 10, "K": 3, "inputs": 2}),
        # skip connections
        Member(0, {"N": 30, "d": 2, "K": 2, "skip": True}),
        Member(0, {"N": 50, "d": 2, "K": 3, "skip": True}),
        Member(0, {"N": 50, "d": 3, "K": 2, "skip": True}),
        Member(0, {"N": 100, "d": 5, "K": 2, "skip": True}),
        # knots next to points
        Member(0, {"N": 20, "d": 1, "K": 3, "margin": 1}),
        Member(0, {"N": 20, "d": 2, "K": 2, "margin": 1}),
        Member(0, {"N": 50, "d": 2, "K": 3, "margin": 1}),
        Member(0, {"N": 50, "d": 3, "K": 2, "margin": 1}),
    ),
)
