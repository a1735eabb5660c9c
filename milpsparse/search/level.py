"""One level: whether any network of a cost fits, searched over all numbers of hinges by sign."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from milpsparse.instance import Instance
from milpsparse.method import Limits
from milpsparse.network import Network
from milpsparse.objective import Objective
from milpsparse.proofs.writer import Node, tree_proof
from milpsparse.refit import polish_sample
from milpsparse.sample import Sample
from milpsparse.search.implied import Implied
from milpsparse.search.nodes import nodes_of
from milpsparse.search.space import Kind, kind_of
from milpsparse.search.split import Found, SplitSearch, Witnesses
from milpsparse.search.support import SupportRoot

SLICE = 500  # simplex steps before the first look at the clock; then as many as SECONDS take
SECONDS = 0.2
PROBE = 10_000  # simplex steps of a short search


class Root(Protocol):
    """All networks of so many hinges of each sign."""

    signs: NDArray[np.int64]
    found: Found
    network: Network | None

    def run(self, steps: int) -> None:
        """Go on for about so many simplex steps."""

    def probe(self, seed: int) -> None:
        """A short search from a random beginning."""

    def count(self, name: str) -> int:
        """A counter of the compiled search."""

    def nodes(self) -> Iterator[Node]:
        """The proof that there is none."""


class NeuronRoot:
    """Hinges of given signs, all entries allowed."""

    def __init__(self, points: Witnesses, signs: NDArray[np.int64], objective: Objective) -> None:
        self.signs, self.objective = signs, objective
        self.found = Found.OPEN
        self.network: Network | None = None
        self._search = SplitSearch(points, signs)
        self.count = self._search.count

    def run(self, steps: int) -> None:
        """Go on; a network of the points is tried on all data, and those that it misses join."""
        self.found = self._search.fit_all(steps)
        if self.found == Found.NETWORK and not self._takes(self._search):
            self.found = Found.STUCK

    def probe(self, seed: int) -> None:
        """A short search that begins with points drawn at random: such a one often finds soon."""
        search = SplitSearch(self._search.points, self.signs)
        search.prefer(np.random.default_rng(seed))
        if search.fit_all(PROBE) == Found.NETWORK and self._takes(search):
            self.found = Found.NETWORK

    def _takes(self, search: SplitSearch) -> bool:
        """Whether the network of a search becomes an exact one of no more neurons."""
        points = search.points
        network = polish_sample(points.sample(), search.network(), self.objective)
        if network is None or not network.exact:
            return False
        if points.whole.value(network, self.objective) > len(self.signs):
            return False
        self.network = network
        return True

    def nodes(self) -> Iterator[Node]:
        """The activation tree."""
        return nodes_of(self._search.record(), Implied(self._search.points))


class Level:
    """All networks of a cost: none fits, or one is found."""

    def __init__(self, instance: Instance, objective: Objective, cost: int, seed: int) -> None:
        self.instance, self.objective, self.cost = instance, objective, cost
        self._slice, self._probes = SLICE, 0
        sample, kind = Sample(instance, seed), kind_of(instance, objective)
        self.roots: list[Root] = []
        for plus, minus in _hinges(cost, kind, objective):
            signs = np.repeat([1, -1], [plus, minus])
            points = Witnesses(copy.copy(sample), kind)
            if objective.kind == "neurons":
                self.roots.append(NeuronRoot(points, signs, objective))
            else:
                self.roots.append(SupportRoot(points, signs, objective, cost))

    @property
    def found(self) -> Found:
        """What is known of the level."""
        founds = {root.found for root in self.roots}
        for found in (Found.NETWORK, Found.OPEN, Found.STUCK):
            if found in founds:
                return found
        return Found.NOTHING

    @property
    def network(self) -> Network | None:
        """A network of at most this cost, where one was found."""
        return next((root.network for root in self.roots if root.network is not None), None)

    def run(self, steps: int, limits: Limits) -> Found:
        """Go on for so many simplex steps a root, in slices; roots share the threads."""
        with ThreadPoolExecutor(max_workers=limits.threads) as pool:
            while steps > 0 and self.found == Found.OPEN and limits.left() > 0.02:
                part, begun = min(steps, self._slice), time.monotonic()

                def go_on(root: Root, part: int = part) -> None:
                    if root.found == Found.OPEN and limits.left() > 0.02:
                        root.run(part)

                list(pool.map(go_on, self.roots))
                steps -= part
                spent = time.monotonic() - begun
                factor = 4 if spent < SECONDS / 4 else 0.5 if spent > 2 * SECONDS else 1
                self._slice = max(1, int(self._slice * factor))
        return self.found

    def probe(self, times: int, limits: Limits) -> Found:
        """So many short searches a root, each from another beginning."""
        for seed in range(self._probes, self._probes + times):
            for root in self.roots:
                if root.found == Found.OPEN and self.found == Found.OPEN and limits.left() > 0.02:
                    root.probe(limits.seed + seed)
        self._probes += times
        return self.found

    def count(self, name: str) -> int:
        """A counter of all roots together."""
        return sum(root.count(name) for root in self.roots)

    def proof(self, original: Instance, limits: Limits | None = None) -> list[str] | None:
        """The proof that every network within the bound costs more; None if the time is over.

        `original` has the same data; its own bound may be another one, or none.

        Raises
        ------
        Unsupported
            A leaf without exact multipliers.
        """
        bound = self.instance.bound
        nodes = self._nodes(limits or Limits(time_limit_s=math.inf))
        try:
            return tree_proof(original, self.objective, self.cost + 1, nodes, bound=bound)
        except _OutOfTime:
            return None

    def _nodes(self, limits: Limits) -> Iterator[Node]:
        for node in self._all_nodes():
            if limits.spent() > limits.time_limit_s:
                raise _OutOfTime
            yield node

    def _all_nodes(self) -> Iterator[Node]:
        for root in self.roots:
            plus = int(np.sum(root.signs > 0))
            yield {"plus": plus, "minus": len(root.signs) - plus}
            yield from root.nodes()


class _OutOfTime(Exception):
    """The time is over while a proof is written."""


def _hinges(cost: int, kind: Kind, objective: Objective) -> Iterator[tuple[int, int]]:
    """Numbers of hinges by sign. Of neurons the most will do: smaller networks embed by zeros."""
    counts = [cost] if objective.kind == "neurons" else range(cost // kind.cheapest + 1)
    for K in counts:
        for plus in range(K + 1):
            yield plus, K - plus
