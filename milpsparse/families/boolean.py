"""Boolean: a function on the cube {0,1}^d or {-1,1}^d, all 2^d corners, labels 0 and 1.

    and            all are 1: relu(x_1 + ... + x_d - (d - 1)), one neuron
    or             one is 1: relu(1) - relu(1 - x_1 - ... - x_d)
    parity         the number of ones is odd (d = 2: xor)
    majority       more than half are 1
    exactly_one    one is 1, the others are 0
    mod3           the number of ones is a multiple of 3
    inner_product  x_1 x_2 + x_3 x_4 + ... is odd
    multiplexer    the first inputs are the address of one of the others (d = 3, 6, 11)
    random         a fair coin for every corner

Functions of the number of ones are functions of one input, so a polyline through its d + 1 values
is a network; whether fewer neurons do is another matter. No three corners are on a line, so the
bound of lines is silent.

Why hard: symmetric under exchange and, for parity, reflection of inputs, with few distinct labels:
branch and bound meets the same case again and again, and no generic bound holds.
Source: Minsky & Papert, Perceptrons (1969), for parity; folklore for the others.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from milpsparse.errors import BadInput
from milpsparse.family import Family, Member, at_least
from milpsparse.instance import Instance
from milpsparse.method import Option
from milpsparse.network import Network, from_exact

Bits = NDArray[np.int64]
MOST = 14  # inputs: 16,384 corners


def generate(seed: int, function: str, d: int, cube: str, bound: float, skip: bool) -> Instance:
    """All corners in counting order; the seed has an effect on `random` only."""
    at_least(d=(d, 1))
    if function not in FUNCTIONS:
        raise BadInput(f"parameter function={function}: one of {', '.join(FUNCTIONS)}")
    if cube not in ("01", "pm1"):
        raise BadInput(f"parameter cube={cube}: 01 for {{0,1}}^d, pm1 for {{-1,1}}^d")
    if d > MOST:
        raise BadInput(f"parameter d={d}: at most {MOST}, {2**MOST:,} corners")
    bits = np.arange(2**d)[:, None] >> np.arange(d)[::-1] & 1
    y = FUNCTIONS[function](bits, seed)
    kind = ("" if cube == "01" else "_pm1") + ("_skip" if skip else "")
    kind += f"_s{seed}" if function == "random" else ""
    X = bits if cube == "01" else 2 * bits - 1
    name = f"boolean_{function}_d{d}{kind}"
    return Instance(X=X.astype(float), y=y.astype(float), bound=bound, skip=skip, name=name)


def network(
    seed: int, function: str, d: int, cube: str, bound: float, skip: bool
) -> Network | None:
    """Of a function g of the number of ones s: g(0) + sum_s (bend at s) relu(number - s)."""
    if function not in OF_COUNT or cube != "01":
        return None
    rule = OF_COUNT[function]
    g = [int(rule(np.array(s), d)) for s in range(d + 1)]
    slopes = [g[s + 1] - g[s] for s in range(d)]
    bends = [(s, slopes[s] - before) for s, before in enumerate([0, *slopes[:-1]])]
    linear = [slopes[0]] * d + [g[0]] if skip else None
    hinges = [([abs(b)] * d + [-s * abs(b)], b) for s, b in bends if b and (s or not skip)]
    if g[0] and not skip:
        hinges.append(([0] * d + [g[0]], 1))
    path = np.array([u for u, _ in hinges]).reshape(-1, d + 1)
    return from_exact([1 if b > 0 else -1 for _, b in hinges], path, d, linear)


def _inner_product(x: Bits, seed: int) -> Bits:
    if x.shape[1] % 2:
        raise BadInput(f"parameter d={x.shape[1]}: an inner product takes an even number of inputs")
    product: Bits = (x[:, ::2] * x[:, 1::2]).sum(axis=1) % 2
    return product


def _multiplexer(x: Bits, seed: int) -> Bits:
    d = x.shape[1]
    k = next((k for k in range(1, 4) if k + 2**k == d), None)
    if k is None:
        raise BadInput(f"parameter d={d}: a multiplexer takes 3, 6 or 11 inputs")
    address = x[:, :k] @ 2 ** np.arange(k)[::-1]
    chosen: Bits = x[np.arange(len(x)), k + address]
    return chosen


def _random(x: Bits, seed: int) -> Bits:
    return np.random.default_rng(seed).integers(0, 2, len(x))


Rule = Callable[[Bits, int], NDArray[np.bool_]]


def _of_count(rule: Rule) -> Callable[[Bits, int], Bits]:
    return lambda x, seed: rule(x.sum(axis=1), x.shape[1]).astype(np.int64)


OF_COUNT: dict[str, Rule] = {
    "and": lambda ones, d: ones == d,
    "or": lambda ones, d: ones > 0,
    "parity": lambda ones, d: ones % 2 == 1,
    "majority": lambda ones, d: 2 * ones > d,
    "exactly_one": lambda ones, d: ones == 1,
    "mod3": lambda ones, d: ones % 3 == 0,
}
FUNCTIONS: dict[str, Callable[[Bits, int], Bits]] = {
    **{name: _of_count(rule) for name, rule in OF_COUNT.items()},
    "inner_product": _inner_product,
    "multiplexer": _multiplexer,
    "random": _random,
}

FAMILY = Family(
    summary="Boolean functions on all corners of a cube: and, or, parity, majority, ...",
    generate=generate,
    network=network,
    params={
        "function": Option("parity", ", ".join(FUNCTIONS)),
        "d": Option(3, "number of inputs"),
        "cube": Option("01", "01 for {0,1}^d, pm1 for {-1,1}^d"),
        "bound": Option(8.0, "bound B on every path parameter"),
        "skip": Option(False, "with a skip connection"),
    },
    tags=("symmetric",),
    library=(
        Member(0, {"function": "and", "d": 3}),
        Member(0, {"function": "and", "d": 5}),
        Member(0, {"function": "or", "d": 3}),
        Member(0, {"function": "or", "d": 5}),
        Member(0, {"function": "parity", "d": 2}),
        Member(0, {"function": "parity", "d": 3}),
        Member(0, {"function": "parity", "d": 4}),
        Member(0, {"function": "parity", "d": 5}),
        Member(0, {"function": "parity", "d": 6}),
        Member(0, {"function": "parity", "d": 3, "cube": "pm1"}),
        Member(0, {"function": "parity", "d": 2, "skip": True}),
        Member(0, {"function": "parity", "d": 3, "skip": True}),
        Member(0, {"function": "parity", "d": 4, "skip": True}),
        Member(0, {"function": "majority", "d": 3}),
        Member(0, {"function": "majority", "d": 5}),
        Member(0, {"function": "majority", "d": 7}),
        Member(0, {"function": "exactly_one", "d": 3}),
        Member(0, {"function": "exactly_one", "d": 4}),
        Member(0, {"function": "mod3", "d": 4}),
        Member(0, {"function": "mod3", "d": 6}),
        Member(0, {"function": "inner_product", "d": 4}),
        Member(0, {"function": "multiplexer", "d": 3}),
        Member(0, {"function": "multiplexer", "d": 6}),
        Member(0, {"function": "random", "d": 3}),
        Member(0, {"function": "random", "d": 4}),
        Member(0, {"function": "random", "d": 5}),
    ),
)
