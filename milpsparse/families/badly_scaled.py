"""Badly scaled: a planted network whose inputs, and labels, differ by powers of two in size.

    x_j = 2^(e_j) z_j,   e_j from -spread to spread,   y = 2^shift sum_k s_k relu(w_k . z + b_k)

z lies on the grid of `planted`. Path parameters are 2^(shift - e_j) times those of the teacher, so
the bound is B = 4 * 2^(spread + |shift|), and big-M as large as B times the largest input.

Why hard: rows mix coefficients of very different sizes, and an activation binary of 1e-6 times M
lets a neuron be active where it may not: what integrality and feasibility tolerances allow is
larger than the labels. Solvers claim networks that are none.
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


def generate(seed: int, N: int, d: int, K: int, spread: int, shift: int) -> Instance:
    """Exponents run evenly from -spread to spread over the inputs."""
    at_least(N=(N, 2), d=(d, 1), K=(K, 1), spread=(spread, 0), shift=(shift, -100))
    if spread > 100 or shift > 100:
        raise BadInput(f"parameters spread={spread}, shift={shift}: at most 100")
    Z, signs, u = _drawn(seed, N, d, K)
    name = f"badly_scaled_n{N}_d{d}_k{K}_e{spread}_y{shift}_s{seed}".replace("-", "m")
    return Instance(
        X=Z * _scales(d, spread),
        y=_teachers.labels(Z, signs, u) * 2.0**shift,
        bound=4.0 * 2.0 ** (spread + abs(shift)),
        name=name,
        known=_teachers.known(K, int(np.count_nonzero(u))),
    )


def _drawn(seed: int, N: int, d: int, K: int) -> tuple[Floats, Signs, Floats]:
    """Points before they are scaled, the teacher's signs and path parameters."""
    rng = np.random.default_rng(seed)
    Z = _teachers.points(rng, N, d)
    return Z, *_teachers.lean(rng, Z, K, d)


def _scales(d: int, spread: int) -> Floats:
    """What each input is multiplied with."""
    exponents = np.round(np.linspace(-spread, spread, d)) if d > 1 else np.array([spread])
    return np.asarray(2.0**exponents)


def network(seed: int, N: int, d: int, K: int, spread: int, shift: int) -> Network:
    """The teacher, in the scaled inputs."""
    _, signs, u = _drawn(seed, N, d, K)
    return from_exact(signs, u * 2.0**shift / np.append(_scales(d, spread), 1.0), d)


FAMILY = Family(
    summary="planted networks with inputs and labels of very different sizes, and a large B",
    generate=generate,
    network=network,
    params={
        "N": Option(10, "number of points"),
        "d": Option(2, "number of inputs"),
        "K": Option(2, "neurons of the teacher"),
        "spread": Option(10, "inputs are scaled by 2^-spread to 2^spread"),
        "shift": Option(0, "labels are scaled by 2^shift"),
    },
    tags=("planted", "numerics"),
    library=(
        Member(0, {"N": 8, "d": 1, "spread": 12}),
        Member(0, {"N": 8, "d": 1, "spread": 0, "shift": -16}),
        Member(0, {"spread": 6}),
        Member(0),
        Member(0, {"spread": 16}),
        Member(0, {"spread": 0, "shift": -20}),
        Member(0, {"N": 20, "spread": 10, "shift": -10}),
        Member(0, {"N": 20, "d": 3, "spread": 12}),
        Member(0, {"N": 30, "d": 5, "spread": 16}),
        Member(0, {"N": 50, "d": 2, "K": 3, "spread": 8}),
    ),
)
