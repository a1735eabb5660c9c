"""One level: whether any network of so many neurons fits, searched over all splits by sign."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from milpsparse.instance import Instance
from milpsparse.method import Limits
from milpsparse.network import Network
from milpsparse.objective import Objective
from milpsparse.proof_writer import TreeWriter, header
from milpsparse.refit import polish
from milpsparse.sample import Sample
from milpsparse.split_search import Found, SplitSearch, kind_of

SLICE = 20_000  # linear programs between looks at the clock: a tenth of a second to one second
MISS = 1e-7  # residual of a missed point, relative to max |y|
WORST = 4  # missed points that join at once


class Level:
    """All networks of K neurons: none fits, or one is found. A smaller one embeds by zeros."""

    def __init__(self, instance: Instance, objective: Objective, K: int, seed: int) -> None:
        self.instance, self.objective, self.K = instance, objective, K
        self.at_least = K + 1  # what is proved where nothing fits
        self.network: Network | None = None
        sample, kind = Sample(instance, seed), kind_of(instance, objective)
        self.roots = [
            SplitSearch(copy.copy(sample), kind, np.repeat([1, -1], [plus, K - plus]))
            for plus in range(K + 1)
        ]
        self._open = list(self.roots)

    @property
    def found(self) -> Found:
        """What is known of the level."""
        if self.network is not None:
            return Found.NETWORK
        return Found.OPEN if self._open else Found.NOTHING

    def run(self, programs: int, limits: Limits) -> Found:
        """Go on for so many linear programs a split, in slices; splits share the threads."""
        while programs > 0 and self.found == Found.OPEN and limits.left() > 0.02:
            part = min(programs, SLICE)
            with ThreadPoolExecutor(max_workers=limits.threads) as pool:
                networks = list(pool.map(lambda root: self._slice(root, part), self._open))
            self.network = next((n for n in networks if n is not None), None)
            self._open = [root for root in self._open if root.found == Found.OPEN]
            programs -= part
        return self.found

    def _slice(self, root: SplitSearch, programs: int) -> Network | None:
        """Some linear programs of one split; a network for all points, exact, if one is found."""
        end = root.count("LPS") + programs
        tolerance = MISS * root.scale
        while (left := end - root.count("LPS")) > 0:
            if root.run(left) != Found.NETWORK:
                return None
            if root.missed(tolerance, WORST):
                continue
            network = polish(self.instance, root.network(), self.objective)
            exact = network.exact is not None
            if exact and self.instance.value(network, self.objective) <= self.K:
                return network
            return None  # a fit within tolerance only: it refutes nothing and proves nothing
        return None

    def count(self, name: str) -> int:
        """A counter of all splits together."""
        return sum(root.count(name) for root in self.roots)

    def proof(self) -> list[str]:
        """The proof that a network needs more than K neurons.

        Raises
        ------
        Unsupported
            A leaf without exact multipliers.
        """
        writer, lines = TreeWriter(), []
        for root in self.roots:
            lines += self._tree(writer, root)
        rows = writer.rows
        return [header("tree", self.instance, self.objective, self.at_least, rows), *lines]

    def _tree(self, writer: TreeWriter, root: SplitSearch) -> Iterator[str]:
        plus = int(np.sum(root.signs > 0))
        yield f'{{"plus":{plus},"minus":{len(root.signs) - plus}}}'
        yield from writer.lines(root)
