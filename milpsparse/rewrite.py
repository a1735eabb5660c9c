"""Rewriting a network without changing its outputs on the data: merge, drop, split, rebalance."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from milpsparse.errors import Unsupported
from milpsparse.network import Network, Skip, with_doubles

MAX_COPIES = 100_000


def drop_zeros(network: Network, skip: bool) -> Network:
    """Remove zero neurons; with a skip connection constant neurons become part of c."""
    if network.exact is not None:
        return with_doubles(drop_zeros(network.exact, skip))
    linear = network.skip
    live = (network.path != 0).any(axis=1)
    if skip:
        live = (network.weights != 0).any(axis=1)
        constant = ~live & (network.biases > 0)
        if constant.any():
            c = (network.signs[constant] * network.biases[constant]).sum()
            a = linear.weights if linear else 0 * network.weights[0]
            linear = Skip(a, (linear.bias if linear else 0) + c)
    return Network(network.signs[live], network.weights[live], network.biases[live], linear)


def face_forward(network: Network) -> Network:
    """Turn neurons so that their first nonzero weight is positive; needs a skip connection.

    relu(-z) = relu(z) - z: the affine part goes to the skip connection, and all |u| stay.
    """
    if network.exact is not None:
        return with_doubles(face_forward(network.exact))
    if network.skip is None:
        raise ValueError("turning a neuron needs a skip connection")
    first = [next((w for w in row if w != 0), 0) for row in network.weights]
    turn = np.array([w < 0 for w in first], dtype=bool)
    side = np.where(turn, -1, 1)
    # s relu(u) = s relu(-u) + s u
    moved = (network.signs[turn, None] * network.path[turn]).sum(axis=0)
    skip = Skip(network.skip.weights + moved[:-1], network.skip.bias + moved[-1])
    return Network(network.signs, network.weights * side[:, None], network.biases * side, skip)


def merge(network: Network, X: NDArray[Any], bound: Any = None) -> Network:
    """Replace neurons of one sign and activation pattern on X by their sum, where it fits bound.

    X has the network's number type: Fractions for an exact one. At a zero pre-activation a neuron
    has both patterns. The outputs on X stay; neurons and every path norm with p <= 1 do not grow.
    """
    if network.exact is not None:
        return with_doubles(merge(network.exact, X, bound))
    values = np.sign(network.preactivations(X)).astype(int)
    path = network.path
    merged: list[tuple[int, NDArray[Any], NDArray[Any]]] = []
    for k, sign in enumerate(network.signs):
        for at, (other, u, pattern) in enumerate(merged):
            total = u + path[k]
            fits = bound is None or abs(total).max() <= bound
            if other == sign and fits and np.all(pattern * values[:, k] >= 0):
                joint = np.where(pattern != 0, pattern, values[:, k])
                merged[at] = (other, total, joint)
                break
        else:
            merged.append((int(sign), path[k], values[:, k]))
    u = np.array([u for _, u, _ in merged], dtype=path.dtype).reshape(-1, path.shape[1])
    signs = np.array([sign for sign, _, _ in merged], dtype=int)
    return Network(signs, u[:, :-1], u[:, -1], network.skip)


def split(network: Network, bound: Fraction | float | None) -> Network:
    """Replace every neuron larger than the bound by the fewest equal copies that fit it."""
    if network.exact is not None:
        return with_doubles(split(network.exact, None if bound is None else Fraction(bound)))
    if bound is None or network.path.size == 0:
        return network
    copies = [max(1, -int(-(abs(u).max() / bound) // 1)) for u in network.path]
    if sum(copies) > MAX_COPIES:
        raise Unsupported(f"fitting bound {float(bound):g} needs {sum(copies)} neurons")
    repeat = np.repeat(np.arange(len(copies)), copies)
    share = np.array([copies[k] for k in repeat])
    weights = network.weights[repeat] / share[:, None]
    return Network(network.signs[repeat], weights, network.biases[repeat] / share, network.skip)


def rebalance(network: Network) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """The layers (v, W, b) of the network with |v_k| = ||(w_k, b_k)||_2, its least weight decay.

    Then (sum_k v_k^2 + ||(w_k, b_k)||^2) / 2 equals the group norm sum_k ||u_k||_2.
    """
    size = np.sqrt(np.linalg.norm(network.path.astype(float), axis=1))
    scale = np.where(size > 0, size, 1.0)
    W = network.weights.astype(float) / scale[:, None]
    return network.signs * size, W, network.biases.astype(float) / scale
