"""One split of neurons by sign: whether they fit the data within the bound, or a tree that says no.

The compiled search decides activations on a few of the points; here are its memory, the points
that join where a network misses them, and the way from its variables to a network.
"""

from __future__ import annotations

import copy
from enum import Enum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from milpsparse.network import Network
from milpsparse.sample import Sample
from milpsparse.search.space import Kind, Space

MOST_NEURONS = 7  # 2^K patterns of each of several points are counted at a node
MISS = 1e-7  # residual of a missed point, relative to max |y|
WORST = 4  # missed points that join at once
LEVELS, NODES, ENTRIES = 48, 2048, 16384  # first sizes of the arrays, which grow


class Found(Enum):
    """What a search has come to."""

    NOTHING = "no network of this kind fits"
    NETWORK = "a network that fits"
    OPEN = "not decided"
    STUCK = "doubles do not decide it: a fit within tolerance only, or copies that cost too much"


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


class Record(NamedTuple):
    """The tree of a search, as the compiled search writes it."""

    space: Space
    points: Witnesses
    rows: NDArray[np.int64]  # (W,) rows of the instance
    shapes: NDArray[np.int64]  # (K,) neurons of one number may be renamed as each other
    sure: NDArray[np.int8]  # (W, K) activations that need no decision
    node: NDArray[np.int64]  # (M, 4)
    codes: NDArray[np.int64]  # (E,)
    multipliers: NDArray[np.float64]  # (E,)


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
    used : SplitSearch, optional
        One that is over: its memory is taken where it has the right size.
    """

    def __init__(
        self,
        points: Witnesses,
        signs: NDArray[np.int64],
        allowed: NDArray[np.bool_] | None = None,
        units: NDArray[np.int64] | None = None,
        shapes: NDArray[np.int64] | None = None,
        used: SplitSearch | None = None,
    ) -> None:
        from milpsparse.search import kernels

        self._kernels = kernels
        self.points, self.K, D = points, len(signs), points.xb.shape[1]
        self.shapes = np.zeros(self.K, dtype=np.int64) if shapes is None else shapes
        allowed = np.ones((self.K, D), dtype=bool) if allowed is None else allowed
        units = np.zeros(points.kind.n_atoms(D), dtype=np.int64) if units is None else units
        bound = points.whole.bound
        bound = np.inf if bound is None else bound / points.scale
        self.space = Space(points.kind, signs, allowed, units, bound, points.scale)
        self.found = Found.OPEN
        self.states: Any
        self.tree: Any
        self.work: Any
        self._allocate(used)
        self._load()

    def _allocate(self, used: SplitSearch | None) -> None:
        """Memory of its own, or that of a search that is over and has the same sizes."""
        n, K, S, k = len(self.space.copies), self.K, LEVELS + self.K, self._kernels
        if used is not None and (used.K, len(used.space.copies)) == (K, n):
            self.states, self.tree, self.work = used.states, used.tree, used.work
        else:
            C = min(self.space.allowed.shape[1], k.WIDEST)
            self.states, self.tree = _states(k, n, S, K, C), _tree(k, K, S)
            self.work = _work(k, n, K, C)
        self.tree.at[:] = 0
        self.tree.at[k.LEVEL] = k.START

    def _load(self) -> None:
        """All points that are known by now."""
        points, space = self.points, self.space
        self.sure = self._sure()
        self.rows = points.rows
        rare = min((1, -1), key=lambda s: np.sum(space.signs == s))
        n_rare = int(np.sum(space.signs == rare))
        self.problem = self._kernels.Problem(
            points.xb,
            np.ascontiguousarray(points.linear[:, space.linear]),
            points.y,
            space.signs.astype(float),
            space.first,
            space.entry,
            space.box,
            self.shapes,
            np.array([space.kind.skip]),
            np.array([n_rare]),
            np.argsort(space.signs != rare, kind="stable"),
        )
        known = self.tree.at[self._kernels.LEVEL] != self._kernels.START
        bits, since = self.sure.copy(), np.zeros(self.sure.shape, dtype=np.int64)
        weight = np.ones(len(self.rows))
        if known:
            W = len(self.tree.bits)
            bits[:W], since[:W] = self.tree.bits, self.tree.since
            weight[:W] = self.tree.weight
        self.tree = self.tree._replace(bits=bits, since=since, weight=weight)

    def _sure(self) -> NDArray[np.int8]:
        """Where the label needs the only neuron of its sign, shape (W, K): it is active there."""
        space, y = self.space, self.points.y
        sure = np.zeros((len(y), self.K), dtype=np.int8)
        for s in (1, -1):
            which = np.flatnonzero(space.signs == s)
            if len(which) == 1 and not len(space.linear):
                sure[s * y > 0, which] = self._kernels.ACTIVE
        return sure

    def count(self, name: str) -> int:
        """A counter of the search: STEPS, LPS, LEAVES, DEAD (nodes closed) or UNSURE."""
        return int(self.tree.at[getattr(self._kernels, name)])

    def run(self, steps: int) -> Found:
        """Go on for so many simplex steps; NETWORK means one that fits the sample's points."""
        k = self._kernels
        end = self.count("STEPS") + steps
        while self.found == Found.OPEN and (left := end - self.count("STEPS")) > 0:
            parts = (self.problem, self.states, self.tree, self.work)
            why = k.search(*map(tuple, parts), left)
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
            for name in ("point", "part", "masks", "ids", "todo"):
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
        hinges, _, atoms = self.space.split(self.states.u[max(0, self.count("LEVEL"))])
        return abs(hinges), abs(atoms)

    def network(self) -> Network:
        """The network at the open node."""
        return self.space.network(self.states.u[self.count("LEVEL")])

    def record(self) -> Record:
        """The tree so far, without the memory of the search."""
        nodes, entries = self.count("NODES"), self.count("ENTRIES")
        return Record(
            self.space,
            self.points,
            self.rows,
            self.shapes,
            self.sure,
            self.tree.node[:nodes].copy(),
            self.tree.codes[:entries].copy(),
            self.tree.multipliers[:entries].copy(),
        )


def _doubled(array: NDArray[Any]) -> NDArray[Any]:
    return np.concatenate([array, np.zeros_like(array)])


def _states(kernels: Any, n: int, S: int, K: int, C: int) -> Any:
    R = kernels.RAYS
    return kernels.States(
        *(np.zeros((S, n, n)), np.zeros((S, n)), np.zeros((S, n))),
        *(np.zeros((S, n), dtype=np.int64), np.zeros(S, dtype=np.int64)),
        *(np.zeros((S, K, C, C)), np.zeros((S, K, R, C))),
        *(np.zeros((S, K, R), dtype=np.int64), np.zeros((S, K, 3), dtype=np.int64)),
    )


def _tree(kernels: Any, K: int, S: int) -> Any:
    wide = (S, 1 << K)
    return kernels.Tree(
        *(np.zeros((0, K), dtype=np.int8), np.zeros((0, K), dtype=np.int64), np.ones(0)),
        np.zeros(S, dtype=np.int64),
        np.zeros((S, 2), dtype=np.int64),
        *(np.zeros(wide, dtype=np.int64), np.zeros(wide, dtype=np.int64)),
        *(np.zeros(S, dtype=np.int64), np.zeros((NODES << K // 2, 4), dtype=np.int64)),
        *(np.zeros(ENTRIES << K // 2, dtype=np.int64), np.zeros(ENTRIES << K // 2)),
        np.zeros(kernels.COUNTERS, dtype=np.int64),
    )


def _work(kernels: Any, n: int, K: int, C: int) -> Any:
    R = kernels.RAYS
    return kernels.Work(
        *(np.zeros(n), np.zeros(n), np.zeros(n), np.zeros((n, n))),
        np.zeros(n, dtype=np.int64),
        *(np.zeros(K, dtype=np.int64), np.zeros(K, dtype=bool)),
        *(np.zeros(n + 1, dtype=np.int64), np.zeros(n + 1)),
        *(np.zeros(K + 1, dtype=np.int64), np.zeros((K, K), dtype=bool)),
        *(np.zeros(K + 1, dtype=np.int64), np.zeros(kernels.CANDIDATES + 1)),
        np.zeros(kernels.CANDIDATES + 1, dtype=np.int64),
        *(np.zeros(R), np.zeros((R, C)), np.zeros(R, dtype=np.int64)),
    )
