"""One split of neurons by sign: whether they fit the data within the bound, or a tree that says no.

The compiled search decides activations on a few of the points; here are its memory, the points
that join where a network misses them, and the way from its variables to a network.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from milpsparse.instance import Instance
from milpsparse.network import Network, Skip
from milpsparse.objective import Objective
from milpsparse.sample import Sample

MOST_NEURONS = 7  # 2^K patterns of each of several points are counted at a node
MISS = 1e-7  # residual of a missed point, relative to max |y|
WORST = 4  # missed points that join at once
LEVELS, NODES, ENTRIES = 48, 2048, 16384  # first sizes of the arrays, which grow
FREE_SKIP, FREE_CONSTANT = "skip", "constant"


class Found(Enum):
    """What a search has come to."""

    NOTHING = "no network of this kind fits"
    NETWORK = "a network that fits"
    OPEN = "not decided"
    STUCK = "doubles do not decide it: a fit within tolerance only, or copies that cost too much"


@dataclass(frozen=True)
class Kind:
    """What a network may have besides hinges: free columns first, then atoms.

    Atoms are neurons of one nonzero parameter, whose activation the data tell. They count one
    parameter each; free columns count nothing and have no bound.
    """

    free: str  # "skip", "constant" or ""
    atoms: bool
    skip: bool

    def columns(self, xb: NDArray[np.float64]) -> NDArray[np.float64]:
        """The linear columns at points with 1, shape (W, L)."""
        parts = []
        if self.free == FREE_SKIP:
            parts.append(xb)
        elif self.free == FREE_CONSTANT:
            parts.append(xb[:, -1:])
        if self.atoms:
            for j in range(xb.shape[1] - 1):
                parts.append(np.maximum(xb[:, j : j + 1], 0))
                if not self.skip:
                    parts.append(np.maximum(-xb[:, j : j + 1], 0))
            if not self.skip:
                parts.append(xb[:, -1:])
        return np.ascontiguousarray(np.hstack([np.empty((len(xb), 0)), *parts]))

    @property
    def cheapest(self) -> int:
        """Parameters of a hinge, at least; with biases counted those of one are atoms."""
        return 2 if self.atoms else 1

    def n_free(self, D: int) -> int:
        """Number of free columns."""
        return {FREE_SKIP: D, FREE_CONSTANT: 1}.get(self.free, 0)

    def n_atoms(self, D: int) -> int:
        """Number of atoms."""
        if not self.atoms:
            return 0
        return D - 1 if self.skip else 2 * (D - 1) + 1


def kind_of(instance: Instance, objective: Objective) -> Kind:
    """The linear columns that an instance and an objective ask for."""
    parameters = objective.kind == "parameters"
    free = FREE_SKIP if instance.skip else ""
    if parameters and not instance.skip and not instance.count_bias:
        free = FREE_CONSTANT
    return Kind(free, parameters and instance.count_bias, instance.skip)


class Witnesses:
    """The points that searches know, as arrays; those that a network misses join behind them."""

    def __init__(self, sample: Sample, kind: Kind) -> None:
        self._sample, self.kind, self.whole = sample, kind, sample.whole
        self.scale = float(abs(self.whole.y).max()) or 1.0  # labels are divided by it
        self.rows: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._gather()

    def _gather(self) -> None:
        new = np.setdiff1d(self._sample.rows, self.rows)
        self.rows = np.concatenate([self.rows, new])
        self.xb = np.column_stack([self.whole.X[self.rows], np.ones(len(self.rows))])
        self.linear = self.kind.columns(self.xb)
        self.y = self.whole.y[self.rows] / self.scale

    def sample(self) -> Sample:
        """The points as a sample of its own."""
        return copy.copy(self._sample)

    def add_missed(self, network: Network, tolerance: float, most: int) -> int:
        """Scan all data for points that a network misses; the number of those that join."""
        n = self._sample.add_missed(network, tolerance * self.scale, most)
        self._gather()
        return n


class SplitSearch:
    """A resumable search for a network of given signs, and the record of its tree.

    Parameters
    ----------
    points : Witnesses
        What the search knows of the data.
    allowed : array, shape (K, D), optional
        Entries that may be nonzero; all by default.
    units : array, shape (n_atoms,), optional
        Copies that each atom may have; none by default.
    shapes : array, shape (K,), optional
        Neurons of one sign and number may be renamed as each other; all by default.
    """

    def __init__(
        self,
        points: Witnesses,
        signs: NDArray[np.int64],
        allowed: NDArray[np.bool_] | None = None,
        units: NDArray[np.int64] | None = None,
        shapes: NDArray[np.int64] | None = None,
    ) -> None:
        from milpsparse import search_kernels as kernels

        self._kernels = kernels
        self.points, self.kind, self.signs = points, points.kind, signs
        self.D, self.K, self.scale = points.xb.shape[1], len(signs), points.scale
        kind, instance = points.kind, points.whole
        self.shapes = np.zeros(self.K, dtype=np.int64) if shapes is None else shapes
        allowed = np.ones((self.K, self.D), dtype=bool) if allowed is None else allowed
        atoms = np.zeros(kind.n_atoms(self.D)) if units is None else units
        bound = np.inf if instance.bound is None else instance.bound / self.scale
        free = np.full(kind.n_free(self.D), np.inf)
        with np.errstate(invalid="ignore"):
            entries = np.where(allowed.ravel(), bound, 0.0)
            self.box = np.concatenate([entries, free, np.where(atoms > 0, atoms * bound, 0.0)])
        self.found = Found.OPEN
        self._allocate()
        self._load()

    def _allocate(self) -> None:
        n, K, S = len(self.box), self.K, LEVELS + self.K
        k = self._kernels
        self.states = k.States(
            *(np.zeros((S, n, n)), np.zeros((S, n)), np.zeros((S, n))),
            *(np.zeros((S, n), dtype=np.int64), np.zeros(S, dtype=np.int64)),
        )
        wide = (S, 1 << K)
        at = np.zeros(k.COUNTERS, dtype=np.int64)
        at[k.LEVEL] = k.START
        self.tree = k.Tree(
            *(np.zeros((0, K), dtype=np.int8), np.ones(0), np.zeros(S, dtype=np.int64)),
            *(np.zeros(wide, dtype=np.int64), np.zeros(wide, dtype=np.int64)),
            *(np.zeros(S, dtype=np.int64), np.zeros((NODES << K // 2, 4), dtype=np.int64)),
            *(np.zeros(ENTRIES << K // 2, dtype=np.int64), np.zeros(ENTRIES << K // 2), at),
        )
        self.work = k.Work(
            *(np.zeros(n), np.zeros(n), np.zeros(n), np.zeros((n, n))),
            *(np.zeros(n, dtype=np.int64), np.zeros(K, dtype=np.int64)),
            *(np.zeros(K, dtype=np.int64), np.zeros(K, dtype=bool)),
            *(np.zeros(n + 1, dtype=np.int64), np.zeros(n + 1)),
            *(np.zeros(K + 1, dtype=np.int64), np.zeros((K, K), dtype=bool)),
            *(np.zeros(K + 1, dtype=np.int64), np.zeros(k.CANDIDATES + 1)),
            np.zeros(k.CANDIDATES + 1, dtype=np.int64),
        )

    def _load(self) -> None:
        """All points that are known by now."""
        points = self.points
        self.rows = points.rows
        self.problem = self._kernels.Problem(
            points.xb,
            points.linear,
            points.y,
            self.signs.astype(float),
            self.box,
            self.shapes,
            np.array([self.kind.skip]),
            np.array([bool(np.all(self.signs == self.signs[:1]))]),
        )
        bits = np.zeros((len(self.rows), self.K), dtype=np.int8)
        bits[: len(self.tree.bits)] = self.tree.bits
        weight = np.ones(len(self.rows))
        weight[: len(self.tree.weight)] = self.tree.weight
        self.tree = self.tree._replace(bits=bits, weight=weight)

    def count(self, name: str) -> int:
        """A counter of the search: STEPS, LPS, LEAVES, DEAD (nodes closed) or UNSURE."""
        return int(self.tree.at[getattr(self._kernels, name)])

    def run(self, steps: int) -> Found:
        """Go on for so many simplex steps; NETWORK means one that fits the sample's points."""
        k = self._kernels
        end = self.count("STEPS") + steps
        while self.found == Found.OPEN and (left := end - self.count("STEPS")) > 0:
            why = k.search(self.problem, self.states, self.tree, self.work, left)
            if why == k.GROW:
                self._grow()
            elif why == k.FOUND:
                return Found.NETWORK
            elif why == k.INFEASIBLE:
                self.found = Found.NOTHING
        return self.found

    def _grow(self) -> None:
        tree, states = self.tree, self.states
        if self.count("LEVEL") + 2 * self.K + 8 > len(states.age):
            self.states = type(states)(*(_doubled(array) for array in states))
            for name in ("point", "masks", "ids", "todo"):
                tree = tree._replace(**{name: _doubled(getattr(tree, name))})
        else:
            for name in ("node", "codes", "multipliers"):
                tree = tree._replace(**{name: _doubled(getattr(tree, name))})
        self.tree = tree

    def fit_all(self, steps: int) -> Found:
        """Go on; NETWORK means one that fits all data in doubles. Points that it misses join."""
        end = self.count("STEPS") + steps
        while (left := end - self.count("STEPS")) > 0:
            found, known = self.run(left), len(self.rows)
            if found != Found.NETWORK or not self.points.add_missed(self.network(), MISS, WORST):
                return found
            self._load()
            if len(self.rows) == known:  # it misses points that it should fit
                self.found = Found.STUCK
                return self.found
        return Found.OPEN

    def prefer(self, rng: np.random.Generator) -> None:
        """Begin with other points: random weights, as failures would give them."""
        self.tree.weight[:] = np.exp(2 * rng.standard_normal(len(self.tree.weight)))

    def sizes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """|u| of the hinges, shape (K, D), and of the atoms, at the open node."""
        u = abs(self.states.u[max(0, self.count("LEVEL"))])
        at = self.K * self.D
        return u[:at].reshape(self.K, self.D), u[at + self.kind.n_free(self.D) :]

    def network(self) -> Network:
        """The network at the open node."""
        u = self.states.u[self.count("LEVEL")] * self.scale
        hinges = u[: self.K * self.D].reshape(self.K, self.D)
        linear = u[self.K * self.D :]
        return _assemble(self.kind, self.signs, hinges, linear)


def _assemble(
    kind: Kind, signs: NDArray[np.int64], hinges: NDArray[np.float64], linear: NDArray[np.float64]
) -> Network:
    """Hinges, free columns and atoms as one network."""
    D = hinges.shape[1]
    n_free = kind.n_free(D)
    free, atoms = linear[:n_free], linear[n_free:]
    path, order = [*hinges], [*signs]
    skip = Skip(free[:-1].copy(), float(free[-1])) if kind.free == FREE_SKIP else None
    extra = [(c, np.eye(D)[-1]) for c in free] if kind.free == FREE_CONSTANT else []
    extra += list(zip(atoms, _atom_directions(kind, D), strict=True)) if kind.atoms else []
    for c, direction in extra:
        if c != 0:
            path.append(abs(c) * direction)
            order.append(1 if c > 0 else -1)
    u = np.array(path).reshape(-1, D)
    return Network(np.array(order, dtype=int), u[:, :-1], u[:, -1], skip)


def _atom_directions(kind: Kind, D: int) -> list[Any]:
    """The path parameters of each atom with coefficient 1."""
    unit = np.eye(D)
    found = []
    for j in range(D - 1):
        found += [unit[j]] if kind.skip else [unit[j], -unit[j]]
    return found if kind.skip else [*found, unit[-1]]


def _doubled(array: NDArray[Any]) -> NDArray[Any]:
    return np.concatenate([array, np.zeros_like(array)])
