"""Neurons on the data: their pre-activations, on which points they are on, and the first ones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from milpsparse.basis import distinct_points
from milpsparse.reweighting.points import Floats, Space

SIGNS = (1, -1)


@dataclass(frozen=True)
class Neurons:
    """Neurons u, shape (n, D), with pre-activations `values`, shape (n, N); of either sign."""

    u: Floats
    values: Floats

    def __len__(self) -> int:
        return len(self.u)

    @cached_property
    def outputs(self) -> Floats:
        """max(values, 0)."""
        return np.maximum(self.values, 0.0)

    @cached_property
    def sides(self) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        """On which points they are above 0, and below, as bits in words."""
        return words(self.values > 0), words(self.values < 0)

    def take(self, which: NDArray[np.int64]) -> Neurons:
        """Some of them."""
        return Neurons(self.u[which], self.values[which])

    def __add__(self, other: Neurons) -> Neurons:
        return Neurons(np.vstack([self.u, other.u]), np.vstack([self.values, other.values]))


def words(bits: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Rows of bits as 64-bit words, shape (words, n)."""
    packed = np.packbits(bits, axis=1)
    filled = np.pad(packed, ((0, 0), (0, -packed.shape[1] % 8)))
    return np.ascontiguousarray(filled.view(np.uint64).T)


def neurons_of(space: Space, u: Floats) -> Neurons:
    """Neurons with their pre-activations; scaled, and those that are never active left out."""
    size = abs(u).max(axis=1, initial=0.0)
    u = u[size > 0] / size[size > 0, None]
    values = space.values(u)
    live = (values > 0).any(axis=1)
    return Neurons(u[live], values[live])


def first_neurons(space: Space) -> Floats:
    """Neurons of one input, and hinges along a direction: they fit any labels."""
    X, D = space.points[:, :-1], space.points.shape[1]
    unit = np.eye(D)
    rows = [unit[-1:], unit[:-1], -unit[:-1]]
    direction = distinct_points(space.instance).direction.astype(float)
    lines = list(np.eye(D - 1))
    if not any(np.array_equal(direction, line) for line in lines):
        lines.append(direction)
    for w in lines:
        t = np.unique(X @ w)
        hinges = np.column_stack([np.tile(w, (len(t), 1)), -t])
        rows += [hinges[:-1], -hinges[1:]]
    return np.vstack(rows)
