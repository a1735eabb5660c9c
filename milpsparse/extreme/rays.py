"""Rays: the neurons of which, within one activation pattern and orthant, all others are sums.

The hyperplanes {u : (x_i, 1) . u = 0} of the points and {u : u_j = 0} of the counted entries cut
the space of neurons u = (w, b) into pointed cones, the cells: in a cell the outputs of a neuron are
linear in u, and so are the sizes |u_j| that are counted. A cell is spanned by its extreme rays,
which lie on D - 1 independent hyperplanes, D = n_features + 1. Integers throughout.

What is free in a network (the skip connection; a constant, where biases are not counted) is
projected out of outputs and labels. With a skip connection relu(u) = relu(-u) + u, so one of two
opposite rays stands for both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from milpsparse.errors import Unsupported
from milpsparse.instance import Instance
from milpsparse.rational import integers, null_space, rationals
from milpsparse.rays import Integers, lines

LIMIT = 50_000  # choices of hyperplanes, some seconds


@dataclass(frozen=True, eq=False)
class Frame:
    """The hyperplanes of an instance, and its labels up to what is free; all in integers.

    Attributes
    ----------
    points : shape (n_points, D)
        Distinct points, as multiples of (x_i, 1).
    normals : shape (n_hyperplanes, D)
        Those of the points, then those of the counted entries.
    labels : shape (depth,)
        The labels times the same multiples, in units of `scale`.
    kept : shape (depth, n_points), or None where nothing is free
        The combinations of points that what is free does not change.
    n_counted : int
        The first entries of a neuron, which are counted.
    two_sided : bool
        A neuron and its opposite are the same but for what is free.
    """

    points: Integers
    normals: Integers
    labels: Integers
    scale: Fraction
    kept: Integers | None
    n_counted: int
    two_sided: bool

    @property
    def depth(self) -> int:
        """How many independent outputs fit any labels: the points, less what is free."""
        return len(self.labels)

    def project(self, outputs: Integers) -> Integers:
        """Outputs on the points, one column a neuron, up to what is free."""
        return np.asarray(outputs if self.kept is None else self.kept @ outputs)

    def face(self, above: int, below: int) -> Integers:
        """What spans the face within whose interior a neuron on these sides lies, as rows."""
        sides = above | below
        if sides not in self._faces:
            on = [row for k, row in enumerate(self.normals) if not sides >> k & 1]
            whole = np.eye(self.points.shape[1], dtype=int).astype(object)
            self._faces[sides] = null_space(rationals(np.array(on))) if on else whole
        return self._faces[sides]

    @cached_property
    def _faces(self) -> dict[int, Integers]:
        return {}

    def face_outputs(self, above: int, below: int) -> Integers:
        """Outputs of what spans a face."""
        active = np.array([above >> i & 1 for i in range(len(self.points))])
        return self.project(active[:, None] * (self.points @ self.face(above, below).T))


@dataclass(frozen=True, eq=False)
class Rays:
    """The rays of an instance: `path` has coprime integers, shape (n, D), the last is the bias.

    A network of neurons scale c_l path[l] of signs s_l fits the data iff outputs @ (s c) == labels;
    `outputs` has shape (depth, n).
    """

    frame: Frame
    path: Integers
    outputs: Integers

    def __len__(self) -> int:
        return len(self.path)

    @property
    def n_sets(self) -> int:
        """How many sets of as many rays as a basis has there are."""
        return math.comb(len(self), self.frame.depth)

    @cached_property
    def counted(self) -> Integers:
        """|path| of the counted entries, shape (n, n_counted)."""
        return np.asarray(abs(self.path[:, : self.frame.n_counted]))

    @cached_property
    def sides(self) -> list[tuple[int, int]]:
        """The hyperplanes that each ray is above and below of, as two bit masks."""
        values = self.path @ self.frame.normals.T
        return [(_mask(row > 0), _mask(row < 0)) for row in values]


def frame(instance: Instance) -> Frame:
    """The hyperplanes and labels of an instance."""
    labelled = dict(zip(map(tuple, instance.X_exact.tolist()), instance.y_exact, strict=True))
    rows, values = [], []
    for x, y in labelled.items():
        row, factor = integers([*x, Fraction(1)])
        rows.append(row)
        values.append(y * factor)
    numerators, unit = integers(values)
    points, labels = np.array(rows, dtype=object), np.array(numerators, dtype=object)
    d = instance.n_features
    n_counted = d + 1 if instance.count_bias else d
    kept = None
    if instance.skip or not instance.count_bias:
        kept = null_space(rationals((points if instance.skip else points[:, d:]).T))
        labels = kept @ labels
    axes = np.eye(d + 1, dtype=int)[:n_counted].astype(object)
    return Frame(
        points=points,
        normals=np.vstack([points, axes]),
        labels=labels,
        scale=Fraction(1, unit),
        kept=kept,
        n_counted=n_counted,
        two_sided=instance.skip,
    )


def rays(within: Frame) -> Rays:
    """All rays with outputs that are not free, those of few counted entries first.

    Raises
    ------
    Unsupported
        There are too many choices of hyperplanes; the message has the number.
    """
    n, D = within.normals.shape
    if (choices := math.comb(n, D - 1)) > LIMIT:
        raise Unsupported(
            f"{choices:,} choices of {D - 1} out of {n} hyperplanes (limit {LIMIT:,})"
        )
    sides = (1,) if within.two_sided else (1, -1)
    both = [[side * v for v in line] for line in lines(within.normals) for side in sides]
    path = np.array(both, dtype=object).reshape(-1, D)
    outputs = within.points @ path.T
    outputs = within.project(np.where(outputs > 0, outputs, 0))
    live = np.flatnonzero((outputs != 0).any(axis=0))
    few = (path[live, : within.n_counted] != 0).sum(axis=1).astype(int)
    live = live[np.argsort(few, kind="stable")]
    return Rays(within, path[live], outputs[:, live])


def _mask(flags: Any) -> int:
    return sum(1 << k for k, flag in enumerate(flags) if flag)
