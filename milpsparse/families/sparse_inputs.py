"""Sparse inputs: data with many zeros, labels of a teacher that uses few inputs.

    y_i = sum_k s_k relu(w_k . x_i + b_k),   x_ij on a grid of step 1/1024, and 0 but for a share

Why hard: points that are 0 in an input say nothing about its weight, and rows of the models have
few entries, so their relaxations fall apart into pieces; parameters are many and only a few count.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from milpsparse.errors import BadInput
from milpsparse.families import _teachers
from milpsparse.families._teachers import Floats, Signs
from milpsparse.family import Family, Member, at_least
from milpsparse.instance import Instance
from milpsparse.method import Option
from milpsparse.network import Network, from_exact


def generate(
    seed: int, N: int, d: int, K: int, inputs: int, density: float, bound: float
) -> Instance:
    """Rows that are equal to another one are drawn again."""
    at_least(N=(N, 2), d=(d, 1), K=(K, 1), inputs=(inputs, 1), size=(N * d, 2))
    if not 0 < density <= 1:
        raise BadInput(f"parameter density={density:g}: above 0, at most 1")
    if bound < 2:
        raise BadInput(f"parameter bound={bound:g}: teachers have entries up to 2, so at least 2")
    X, signs, u = _drawn(seed, N, d, K, inputs, density)
    share = f"{density:g}".replace(".", "p")
    return Instance(
        X=X,
        y=_teachers.labels(X, signs, u),
        bound=bound,
        name=f"sparse_inputs_n{N}_d{d}_k{K}_i{inputs}_p{share}_s{seed}",
        known=_teachers.known(K, int(np.count_nonzero(u))),
    )


def _drawn(
    seed: int, N: int, d: int, K: int, inputs: int, density: float
) -> tuple[Floats, Signs, Floats]:
    """Points, the teacher's signs and path parameters."""
    rng = np.random.default_rng(seed)
    X = _points(rng, N, d, density)
    return X, *_teachers.lean(rng, X, K, min(inputs, d))


def network(
    seed: int, N: int, d: int, K: int, inputs: int, density: float, bound: float
) -> Network:
    """The teacher."""
    _, signs, u = _drawn(seed, N, d, K, inputs, density)
    return from_exact(signs, u, d)


def _points(rng: Generator, N: int, d: int, density: float) -> Floats:
    for _ in range(_teachers.TRIES):
        X = rng.integers(-1024, 1025, (N, d)) * (rng.random((N, d)) < density)
        if len(np.unique(X, axis=0)) == N:
            return X / 1024.0
    raise BadInput(f"parameter density={density:g}: {N} distinct points with d={d} need more")


FAMILY = Family(
    summary="inputs that are mostly 0, labels of a teacher on few of them",
    generate=generate,
    network=network,
    params={
        "N": Option(20, "number of points"),
        "d": Option(10, "number of inputs"),
        "K": Option(2, "neurons of the teacher"),
        "inputs": Option(2, "inputs that each neuron uses"),
        "density": Option(0.3, "share of entries that are not 0"),
        "bound": Option(4.0, "bound B on every path parameter"),
    },
    tags=("planted",),
    library=(
        Member(0),
        Member(0, {"N": 12, "d": 4, "density": 0.5}),
        Member(0, {"N": 40, "d": 6}),
        Member(0, {"N": 30, "d": 20}),
        Member(0, {"N": 60, "d": 50, "K": 1, "density": 0.1}),
        Member(0, {"N": 100, "d": 20, "K": 3, "density": 0.2}),
        Member(0, {"N": 400, "d": 30, "K": 2, "density": 0.2}),
        Member(0, {"N": 40, "d": 5, "K": 3, "inputs": 1, "density": 0.5}),
    ),
)
