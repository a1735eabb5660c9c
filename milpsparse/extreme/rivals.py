"""Rivals: the sizes of all vertices that may be least for some 0 < p < 1, and extremes of all.

A vertex is left out only where its cost is above that of a known network on each of a few intervals
of p; a bound on the cost is the sum over sums of all sizes that merging could ever bring together.
Coefficients are exact, so doubles made of them are right but for the last digits, which a margin
covers; what is kept is exact.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from milpsparse.errors import Unsupported
from milpsparse.extreme.rays import Rays
from milpsparse.extreme.sets import Block, Progress, blocks, no_progress
from milpsparse.extreme.vertices import Group, is_vertex, partitions
from milpsparse.instance import Instance
from milpsparse.network import Network
from milpsparse.objective import Objective

CELLS = 12  # intervals of p; more cost time and leave fewer vertices
FINE = 96  # intervals for those that come through
MARGIN = 1e-9  # relative, of all comparisons in doubles

Sizes = tuple[Fraction, ...]  # of the entries, or neurons, of a network, in ascending order


@dataclass
class Rivals:
    """What is kept of the vertices of one instance.

    Attributes
    ----------
    kept : set of Sizes
        Those of all lp minimisers, for every p, are among them.
    fewest : int
        s, the least number of sizes.
    smallest, largest : Fraction
        r, the least size of any vertex, and R, the least maximum of those with s sizes.
    n_sets : int
        Sets of rays that fit the labels.
    """

    rays: Rays
    by_neuron: bool
    kept: set[Sizes] = field(default_factory=set)
    fewest: int = 10**9
    smallest: Fraction | None = None
    largest: Fraction | None = None
    n_sets: int = 0

    def __post_init__(self) -> None:
        sizes = self.rays.counted
        if self.by_neuron:
            sizes = sizes.sum(axis=1, keepdims=True)
        self.top = [int(v) for v in sizes.max(axis=1)]  # the unit of each ray's coefficient
        unit = (sizes / np.array(self.top, dtype=object)[:, None]).astype(float)
        self.least_entry = np.where(unit > 0, unit, np.inf).min(axis=1)
        self.classes = unit
        if not self.by_neuron and not self.rays.frame.two_sided:  # signs of entries keep them apart
            up = self.rays.path[:, : self.rays.frame.n_counted] > 0
            self.classes = np.column_stack([np.where(up, unit, 0.0), np.where(up, 0.0, unit)])
        self.coarse, self.fine = _Cells(CELLS), _Cells(FINE)
        self.unit = 1.0  # in which costs are taken

    def seed(self, known: Iterable[Sizes]) -> None:
        """Networks that fit the data, whose costs vertices must not exceed."""
        known = [sizes for sizes in known if sizes]
        self.unit = float(max((s[-1] for s in known), default=Fraction(1)))
        for sizes in known:
            self._compare(self._doubles(sizes))

    def collect(self, progress: Progress = no_progress) -> None:
        """Look at every vertex."""
        if not self.rays.frame.labels.any():
            self.fewest = 0
            self.kept.add(())
        for block in blocks(self.rays, progress):
            self.n_sets += len(block)
            for t in np.flatnonzero(self._matters(block)):
                self._take(block, int(t))
        self.kept = {s for s in self.kept if self._may_be_least(self._doubles(s))}

    def _matters(self, block: Block) -> NDArray[np.bool_]:
        """Which sets may have a vertex that is least for some p, or has an extreme size."""
        chosen = block.rays()
        units = np.array(self.top, dtype=object)[chosen]
        try:
            size = _quotients(block.numerators * units, block.denominators)
        except OverflowError:
            raise Unsupported("weights are beyond the range of doubles: rescale the data") from None
        size *= float(self.rays.frame.scale)
        parts = np.stack([np.maximum(size, 0.0), np.maximum(-size, 0.0)])  # by the neuron's sign
        sums = np.einsum("skt,ktc->tsc", parts, self.classes[chosen]).reshape(len(block), -1)
        least = self.coarse.lower(sums / self.unit) <= self.coarse.best[:, None] * (1 + MARGIN)
        small = (abs(size) * self.least_entry[chosen]).min(axis=0)
        few = np.count_nonzero(sums, axis=1) <= self.fewest
        few &= abs(size).max(axis=0) <= _double(self.largest) * (1 + MARGIN)
        return np.asarray(
            least.any(axis=0) | few | (small <= _double(self.smallest) * (1 + MARGIN))
        )

    def _take(self, block: Block, t: int) -> None:
        """Keep what matters of one set of rays."""
        chosen = block.chosen(t)
        coefficients = block.coefficients(t, self.rays.frame.scale)
        size = dict(zip(chosen, (abs(c) for c in coefficients), strict=True))
        for groups in partitions(self.rays, chosen, coefficients):
            if not is_vertex(self.rays, groups):
                continue
            sizes = self._sizes(groups, size)
            if self.smallest is None or sizes[0] < self.smallest:
                self.smallest = sizes[0]
            if len(sizes) < self.fewest:
                self.fewest, self.largest = len(sizes), sizes[-1]
            elif len(sizes) == self.fewest and self.largest is not None:
                self.largest = min(self.largest, sizes[-1])
            doubles = self._doubles(sizes)
            if sizes not in self.kept and self._may_be_least(doubles):
                self.kept.add(sizes)
                self._compare(doubles)

    def _sizes(self, groups: tuple[Group, ...], size: dict[int, Fraction]) -> Sizes:
        """The sizes of entries, or of neurons: rays of a group have entries of one sign."""
        found: list[Fraction] = []
        for group in groups:
            entries = sum(size[ray] * self.rays.counted[ray] for ray, _ in group.members)
            found += [sum(entries)] if self.by_neuron else [v for v in entries if v]
        return tuple(sorted(found))

    def _doubles(self, sizes: Sizes) -> NDArray[np.float64]:
        return np.array([[float(v) / self.unit for v in sizes]])

    def _may_be_least(self, sizes: NDArray[np.float64]) -> bool:
        lower = self.fine.lower(sizes)[:, 0]
        return bool((lower <= self.fine.best * (1 + MARGIN)).any())

    def _compare(self, sizes: NDArray[np.float64]) -> None:
        for cells in (self.coarse, self.fine):
            cells.best = np.minimum(cells.best, cells.upper(sizes)[:, 0])


def sizes_of(instance: Instance, network: Network, objective: Objective) -> Sizes:
    """The sizes of an exact network: of its counted entries, or their sums over each neuron."""
    entries = abs(network.best.counted(instance.count_bias))
    if objective.kind == "neurons":
        entries = entries.sum(axis=1, keepdims=True)
    return tuple(sorted(Fraction(v) for v in entries.ravel().tolist() if v))


class _Cells:
    """Intervals of p of equal length, and the least cost known on all of each."""

    def __init__(self, n: int) -> None:
        self.edges = np.linspace(0.0, 1.0, n + 1)
        self.best = np.full(n, np.inf)

    def lower(self, sizes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Lower bounds of the cost on each interval, shape (n, rows), for rows of sizes."""
        return self._sums(sizes, np.minimum)

    def upper(self, sizes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Upper bounds."""
        return self._sums(sizes, np.maximum)

    def _sums(self, sizes: NDArray[np.float64], pick: np.ufunc) -> NDArray[np.float64]:
        """Powers are monotone in p, so one end of an interval has the extreme one."""
        with np.errstate(divide="ignore"):
            logs = np.log(sizes)
        powers = np.exp(self.edges[:, None, None] * np.where(sizes > 0, logs, 0.0)) * (sizes > 0)
        return np.asarray(pick(powers[:-1], powers[1:]).sum(axis=-1))


def _quotients(above: NDArray[np.object_], below: NDArray[np.object_]) -> NDArray[np.float64]:
    """Quotients of integers, each rounded once."""
    out = np.empty(above.shape)
    for t, d in enumerate(map(int, below)):
        out[:, t] = [int(n) / d for n in above[:, t]]
    return out


def _double(value: Fraction | None) -> float:
    return np.inf if value is None else float(value)
