"""Branch and bound on boxes of entries, least bound first; its tree is its proof.

A node shrinks its box by the duals of its linear program (see `kernels.bound_box`) and, unless that
refutes it, splits it where the secants are furthest below the cost of the program's point, at the
point's own value: there both halves have the true cost. Points are vertices, so this ends.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from milpsparse.anytime import Recorder
from milpsparse.lp_search.kernels import bound_box
from milpsparse.lp_search.program import Doubles, Program
from milpsparse.method import Limits
from milpsparse.network import Network
from milpsparse.proofs.writer import Node

GAP = 5e-7  # relative, at which a search is closed: half of what an optimum may have
MARGIN = 2e-8  # by which boxes are refuted above what is claimed, for rounding
ROUNDS = 4  # linear programs of one node
ENOUGH = 0.05  # share of the gap that a round must close for another one
MOST_PROVED = 100_000  # nodes of a proof, whose check takes about a minute
MOST_OPEN = 50_000  # boxes kept; with more of them the search dives


@dataclass(eq=False)
class Box:
    """A box to be searched: bounds of entries, and what is known from the box it is a half of."""

    high: Doubles
    low: Doubles
    where: NDArray[np.int64]  # entries with lower bounds, in the order in which they got them
    basis: NDArray[np.int64]
    record: Record


@dataclass(eq=False)
class Record:
    """What the proof says of a box: its own bound, rounds of multipliers, where it was split."""

    bound: float = 0.0
    rounds: list[list[list[float]]] = field(default_factory=list)
    split: list[float] | None = None
    halves: tuple[Record, Record] | None = None


class Search:
    """The incumbent, the open boxes, and the tree so far."""

    def __init__(self, program: Program, network: Network, limits: Limits, trace: Recorder) -> None:
        self.program, self.limits, self.trace = program, limits, trace
        self.best = network
        self.value = program.instance.value(network, program.objective)
        self.open: list[tuple[float, int, Box]] = []  # a heap
        self.dive: list[tuple[float, int, Box]] = []  # below one box, where the heap is full
        self.n_boxes = self.n_nodes = self.n_programs = self.n_failed = 0
        self.root = Record()
        self.start = self.value  # the root's box has all that costs less than this
        none = np.zeros(0, dtype=np.int64)
        high = np.full(program.shape, self.value ** (1.0 / program.p))
        self._push(0.0, Box(high, np.zeros(program.shape), none.reshape(0, 2), none, self.root))

    @property
    def claim(self) -> float:
        """What every network costs at least, as far as the boxes are closed."""
        return max(0.0, min(self.value * (1.0 - GAP), self._lowest * (1.0 - MARGIN)))

    @property
    def closed(self) -> bool:
        """Whether no open box may hold a network that is better by more than the gap."""
        return self._lowest >= self._cutoff

    @property
    def _lowest(self) -> float:
        return min((bound for bound, _, _ in (*self.open[:1], *self.dive)), default=np.inf)

    @property
    def _cutoff(self) -> float:
        return self.value * (1.0 - GAP) * (1.0 + MARGIN)

    def run(self) -> None:
        """Search until all boxes are closed or the time is over."""
        from tqdm import tqdm

        with tqdm(desc="boxes", unit="", disable=None, leave=False) as bar:
            while not self.closed and self.limits.left() > 0.02:
                bound, _, box = self.dive.pop() if self.dive else heapq.heappop(self.open)
                if bound < self._cutoff:
                    self._node(bound, box)
                if self.n_nodes % 256 == 0:
                    self.trace.note(self.limits.spent(), self.value, self.claim)
                    bar.set_postfix_str(f"between {self.claim:.6g} and {self.value:.6g}")
                    bar.update(256)

    def _push(self, bound: float, box: Box) -> None:
        self.n_boxes += 1
        if len(self.open) < MOST_OPEN:
            heapq.heappush(self.open, (bound, self.n_boxes, box))
        else:
            self.dive.append((bound, self.n_boxes, box))

    def _node(self, bound: float, box: Box) -> None:
        program = self.program
        self.n_nodes += 1
        for basis in (box.basis, box.basis[:0]):
            status, value, x, duals, slopes, basis = bound_box(
                program.fit,
                program.labels,
                program.sizes,
                program.block,
                program.counted,
                box.low,
                box.high,
                box.where,
                basis.copy(),
                program.p,
                self._cutoff,
                ROUNDS,
                ENOUGH,
            )
            box.record.rounds += [
                list(r) for r in zip(duals.tolist(), slopes.tolist(), strict=True)
            ]
            box.record.bound = max(box.record.bound, value)
            self.n_programs += len(duals)
            if status >= 0:
                break
        if status == 1:
            return
        bound = max(bound, value)
        if status < 0:
            self.n_failed += 1
            self._split(bound, box, *self._widest(box), box.basis[:0])
            return
        self._improve(x)
        t = program.parts(x)
        at = self._furthest(box, t)
        self._split(bound, box, at, float(t[at]), basis)

    def _improve(self, x: Doubles) -> None:
        """Where a point is worth less than the incumbent, go on from it by reweighting."""
        if self.program.cost(x) >= self.value * (1.0 - 1e-9):
            return
        network = self.program.network(self.program.reweighted(x)[0])
        value = self.program.instance.value(network, self.program.objective)
        if network.exact is not None and value < self.value:
            self.best, self.value = network, value
            self.trace.note(self.limits.spent(), value, self.claim)

    def _furthest(self, box: Box, t: Doubles) -> tuple[int, int]:
        """The entry whose secant is furthest below its cost."""
        p, low, high = self.program.p, box.low, np.maximum(box.high, 1e-12)
        wide = high > low * (1.0 + 1e-6)
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = np.where(wide, (high**p - low**p) / (high - low), p * high ** (p - 1.0))
        gap = np.where((t > 0) & self.program.counted, t**p - low**p - slope * (t - low), -np.inf)
        b, j = np.unravel_index(int(gap.argmax()), gap.shape)
        return int(b), int(j)

    def _widest(self, box: Box) -> tuple[tuple[int, int], float]:
        """The widest entry and its middle, where no point is known."""
        width = np.where(self.program.counted, box.high - box.low, -1.0)
        b, j = np.unravel_index(int(width.argmax()), width.shape)
        return (int(b), int(j)), float(box.high[b, j] + box.low[b, j]) / 2

    def _split(
        self, bound: float, box: Box, at: tuple[int, int], value: float, basis: NDArray[np.int64]
    ) -> None:
        """Two halves. The old basis stays feasible: in the upper one a row that is tight joins."""
        b, j = at
        below, above = Record(), Record()
        box.record.split, box.record.halves = [b, j, value], (below, above)
        high = box.high.copy()
        high[at] = value
        self._push(bound, Box(high, box.low, box.where, basis, below))
        low, where = box.low.copy(), box.where
        low[at] = value
        if box.low[at] == 0.0:
            surplus = len(self.program.fit.T) + len(where)
            where = np.vstack([where, [[b, j]]])
            if len(basis):
                basis = np.append(np.where(basis >= surplus, basis + 1, basis), surplus)
        self._push(bound, Box(box.high, low, where, basis, above))

    def provable(self) -> float:
        """The claim, or where its tree is too large a lower one, whose tree is a part of it."""
        low, high = 0.0, self.claim
        if self._size(high) <= MOST_PROVED:
            return high
        for _ in range(12):
            middle = (low + high) / 2
            low, high = (middle, high) if self._size(middle) <= MOST_PROVED else (low, middle)
        return low

    def _size(self, least: float) -> int:
        return sum(1 for _ in self.tree(least))

    def tree(self, least: float) -> Iterator[Node]:
        """The nodes of the proof that every network costs at least so much, in preorder."""
        todo = [self.root]
        while todo:
            record = todo.pop()
            node: Node = {"rounds": record.rounds}
            if record.halves is not None and record.bound < least * (1.0 + MARGIN / 2):
                node["split"] = record.split
                todo += reversed(record.halves)
            yield node
