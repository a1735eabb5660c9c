"""The vertices among which all lp minimisers are, exactly, on tiny data.

Fix the orthant of every block (sign, pattern) of the program over activation patterns: what fits
the data is a pointed polyhedron, on which sum |u_j|^p is concave for 0 < p <= 1, and strictly so in
the counted entries. So a minimiser is an extreme point of one of them, up to entries that are not
counted; the same holds for sum_k (sum_j |u_kj|)^p, the neurons' version.

Which points are extreme. Let each neuron lie in the interior of a face of its cell (see `rays`);
the point is extreme iff outputs are injective on the product of the spans of these faces. A neuron
in a face of dimension k is a sum of k independent rays of it, so outputs of all rays together are
independent: every vertex comes from a set of rays with independent outputs, a part of a basis, and
from the one solution of its fits, no coefficient of which is 0. Enumerating these sets is complete.

Which rays make up a neuron. Rays of one sign that lie in one cell, i.e. on no different sides of
any hyperplane, may be one neuron or several. Their sum is never worse: |a + b|^p <= |a|^p + |b|^p,
and < where a, b > 0 and p < 1. So only partitions are kept of which no two neurons could be one;
all vertices left out have a kept network of the same sizes |u_j|, or one that is better for all
0 < p < 1. Cones and copies of blocks do not appear, so a network comes once, but for neurons inside
cells that are no simplices, which several sets of rays make up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from milpsparse.errors import Unsupported
from milpsparse.extreme.rays import Rays, frame, rays
from milpsparse.extreme.sets import LIMIT, Progress, blocks, no_progress, refusal
from milpsparse.instance import Instance
from milpsparse.network import Network, from_exact
from milpsparse.rational import independent_columns, rank, rationals, solve
from milpsparse.rewrite import face_forward


@dataclass(frozen=True)
class Group:
    """Rays that make up one neuron: (index, +-1 for the ray or the opposite one), on which sides
    of the hyperplanes, and the neuron's sign.
    """

    sign: int
    above: int
    below: int
    members: tuple[tuple[int, int], ...]

    def takes(self, sign: int, above: int, below: int) -> bool:
        """Whether a ray on these sides lies in one cell with the group."""
        return self.sign == sign and not (self.above & below or self.below & above)

    def joined(self, above: int, below: int, member: tuple[int, int]) -> Group:
        """The group with one more ray."""
        return Group(self.sign, self.above | above, self.below | below, (*self.members, member))


def partitions(
    found: Rays, chosen: Sequence[int], coefficients: Sequence[Any]
) -> Iterator[tuple[Group, ...]]:
    """The ways to make neurons of rays of which no two could be one."""
    signs = [1 if c > 0 else -1 for c in coefficients]
    for groups in _assigned(found, chosen, signs, 0, ()):
        if not _mergeable(groups, found.frame.two_sided):
            yield groups


def _assigned(
    found: Rays, chosen: Sequence[int], signs: Sequence[int], at: int, groups: tuple[Group, ...]
) -> Iterator[tuple[Group, ...]]:
    """All ways to put the rays from number `at` on into groups, each within one cell."""
    if at == len(chosen):
        yield groups
        return
    (above, below), ray, sign = found.sides[chosen[at]], chosen[at], signs[at]
    turns = (
        [(above, below, 1), (below, above, -1)] if found.frame.two_sided else [(above, below, 1)]
    )
    for k, group in enumerate(groups):
        for up, down, turn in turns:
            if group.takes(sign, up, down):
                joined = (*groups[:k], group.joined(up, down, (ray, turn)), *groups[k + 1 :])
                yield from _assigned(found, chosen, signs, at + 1, joined)
    alone = Group(sign, above, below, ((ray, 1),))
    yield from _assigned(found, chosen, signs, at + 1, (*groups, alone))


def _mergeable(groups: tuple[Group, ...], two_sided: bool) -> bool:
    """Whether two of the groups lie in one cell."""
    for k, a in enumerate(groups):
        for b in groups[:k]:
            if a.takes(b.sign, b.above, b.below):
                return True
            if two_sided and a.takes(b.sign, b.below, b.above):
                return True
    return False


def vertices(
    instance: Instance, limit: int = LIMIT, progress: Progress = no_progress
) -> Iterator[Network]:
    """Every vertex of which no two neurons could be one, as an exact network; see the module.

    Parameters
    ----------
    limit : int
        Sets of rays up to which it is tried; 100,000 take about half a minute.

    Raises
    ------
    Unsupported
        There are more; the message has the number.
    """
    found = rays(frame(instance))
    if reason := refusal(found, limit):
        raise Unsupported(reason)
    if not found.frame.labels.any():
        yield _network(instance, found, (), {})
    seen = set()
    for block in blocks(found, progress):
        for t in range(len(block)):
            chosen, coefficients = block.chosen(t), block.coefficients(t, found.frame.scale)
            size = dict(zip(chosen, (abs(c) for c in coefficients), strict=True))
            for groups in partitions(found, chosen, coefficients):
                if not is_vertex(found, groups):
                    continue
                network = _network(instance, found, groups, size)
                key = _key(network)
                if key not in seen:
                    seen.add(key)
                    yield network


def _key(network: Network) -> frozenset[Any]:
    exact = network.best
    return frozenset(zip(exact.signs.tolist(), map(tuple, exact.path.tolist()), strict=True))


def is_vertex(found: Rays, groups: tuple[Group, ...]) -> bool:
    """Whether outputs are injective on the spans of the faces in which the neurons lie."""
    faces = [found.frame.face(g.above, g.below) for g in groups]
    if all(len(face) == len(g.members) for face, g in zip(faces, groups, strict=True)):
        return True  # the rays span the faces
    dimension = sum(map(len, faces))
    if dimension > found.frame.depth:
        return False
    outputs = [found.frame.face_outputs(g.above, g.below) for g in groups]
    return rank(rationals(np.column_stack(outputs))) == dimension


def _network(
    instance: Instance, found: Rays, groups: tuple[Group, ...], size: dict[int, Fraction]
) -> Network:
    """The network of the groups; what is free follows from the fits."""
    d, signs = instance.n_features, [group.sign for group in groups]
    path = rationals(np.zeros((len(groups), d + 1)))
    for k, group in enumerate(groups):
        for ray, turn in group.members:
            path[k] += turn * size[ray] * rationals(found.path[ray])
    if not instance.skip and instance.count_bias:
        return from_exact(signs, path, d)
    bare = from_exact(signs, path, d).best
    missing = instance.y_exact - bare(instance.X_exact)
    if instance.skip:
        return face_forward(from_exact(signs, path, d, _affine(instance, missing)))
    c = missing[0]
    if c == 0:
        return from_exact(signs, path, d)
    constant = rationals([[0] * d + [abs(c)]])
    return from_exact([*signs, 1 if c > 0 else -1], np.vstack([path, constant]), d)


def _affine(instance: Instance, values: NDArray[np.object_]) -> NDArray[np.object_]:
    """One (a..., c) with a . x_i + c the given values, which are affine in the points."""
    X = instance.X_exact
    points = np.column_stack([X, rationals(np.ones(len(X)))])
    columns = independent_columns(points)
    rows = independent_columns(points[:, columns].T)
    linear = rationals(np.zeros(points.shape[1]))
    linear[columns] = solve(points[np.ix_(rows, columns)], values[rows])
    return linear
