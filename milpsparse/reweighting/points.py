"""Points of the program over patterns: blocks u of one sign and pattern, and their norms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from milpsparse.instance import Instance
from milpsparse.models import _parts
from milpsparse.network import Network
from milpsparse.objective import Objective

Floats = NDArray[np.float64]

FLAT = 1e-9  # pre-activations and entries below it, relative to the largest, are zero
L1 = Objective("l1")


@dataclass(frozen=True)
class Space:
    """The data as the program sees them: points (x, 1), labels, and which entries a norm counts.

    `points` has shape (N, D), `counted` (D,) is 1 or 0, `free` (N, n_free) are the columns of the
    affine part that costs nothing: the skip connection, or a constant where biases are uncounted.
    """

    instance: Instance
    points: Floats
    labels: Floats
    counted: Floats
    free: Floats

    def values(self, u: Floats) -> Floats:
        """Pre-activations, shape (n, N), of neurons u, shape (n, D); a hair from 0 is 0."""
        values = u @ self.points.T
        hair = FLAT * (abs(u) @ abs(self.points).T)
        return np.where(abs(values) <= hair, 0.0, values)


def space_of(instance: Instance) -> Space:
    """The space of an instance."""
    points = _parts.points(instance)
    D = points.shape[1]
    counted = (np.arange(D) < len(_parts.counted_inputs(instance))).astype(float)
    first = 0 if instance.skip else D - _parts.free_constant(instance, L1)
    return Space(instance, points, instance.y, counted, points[:, first:])


@dataclass(frozen=True)
class Point:
    """Blocks with signs (K,), patterns (K, N) and sums u (K, D), and the free affine part."""

    signs: NDArray[np.int64]
    patterns: NDArray[np.bool_]
    u: Floats
    linear: Floats

    def terms(self, space: Space, norm: str) -> Floats:
        """What a concave function is summed over: |u_kj| of counted entries, or ||u_k||_1."""
        sizes = abs(self.u) * space.counted
        return sizes.sum(axis=1) if norm == "neurons" else sizes

    def value(self, space: Space, p: float, norm: str, eps: float = 0.0) -> float:
        """Sum of (t + eps)^p - eps^p over the terms t: the lp norm for eps = 0."""
        terms = self.terms(space, norm)
        terms = terms[terms > FLAT * terms.max(initial=0.0)]
        return float(((terms + eps) ** p - eps**p).sum())

    def network(self, instance: Instance) -> Network:
        """One neuron a block that is not zero."""
        linear = np.zeros(instance.n_features + 1)
        linear[len(linear) - len(self.linear) :] = self.linear
        return _parts.assemble(instance, self.signs, self.u, linear)


def point_of(space: Space, network: Network) -> Point:
    """The point of a network that fits the data."""
    inner, linear = _parts.separate(space.instance, L1, network)
    u = inner.path.astype(float).reshape(-1, space.points.shape[1])
    free = linear[len(linear) - space.free.shape[1] :]
    return gather(space, inner.signs.astype(int), u, np.full(len(u), -1), None, free)


def gather(
    space: Space,
    signs: NDArray[np.int64],
    u: Floats,
    label: NDArray[np.int64],
    patterns: NDArray[np.bool_] | None,
    linear: Floats,
) -> Point:
    """Neurons added up to blocks: those with the label k >= 0 to block k of `patterns`, the others
    with any of their sign whose closed cone they share; no concave norm grows by it.
    """
    blocks: list[_Block] = []
    values = space.values(u)
    named: dict[int, _Block] = {}
    for n in np.argsort(label < 0, kind="stable"):  # the labelled ones first
        k = int(label[n])
        if k in named:
            named[k].add(u[n])
            continue
        if k >= 0 and patterns is not None:
            named[k] = _Block(int(signs[n]), u[n].copy(), np.where(patterns[k], 1, -1))
            blocks.append(named[k])
            continue
        side = np.sign(values[n]).astype(int)
        for block in blocks:
            if block.sign == signs[n] and (block.side * side >= 0).all():
                block.add(u[n], side)
                break
        else:
            blocks.append(_Block(int(signs[n]), u[n].copy(), side))
    N, D = space.points.shape
    total = np.array([b.u for b in blocks]).reshape(-1, D)
    total[abs(total) <= FLAT * abs(total).max(initial=0.0)] = 0.0
    return Point(
        np.array([b.sign for b in blocks], dtype=int),
        np.array([b.side > 0 for b in blocks], dtype=bool).reshape(-1, N),
        total,
        linear,
    )


@dataclass
class _Block:
    """A sum of neurons on known sides of the points (0: on either)."""

    sign: int
    u: Floats
    side: NDArray[np.int64]

    def add(self, u: Floats, side: NDArray[np.int64] | None = None) -> None:
        self.u += u
        if side is not None:
            self.side = np.where(self.side != 0, self.side, side)
