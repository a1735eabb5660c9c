"""Fewest parameters: branch on which entries of which hinge are nonzero, around activation trees.

A case says of some entries that they are in (and count) or 0. It is refuted by its cost, or by an
activation search that allows all entries not said to be 0. That search is given few simplex
steps, for most cases die fast; one that lives is split at what it uses most: an atom first, for
atoms are what all supports have in common.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from milpsparse.network import Network
from milpsparse.objective import Objective
from milpsparse.proofs.writer import Node
from milpsparse.refit import polish_sample
from milpsparse.search.implied import Implied
from milpsparse.search.nodes import nodes_of
from milpsparse.search.split import Found, Record, SplitSearch, Witnesses

STEPS = 4000  # simplex steps for a case that can still be split
RATE, TRIES = 3, 4  # searches of a size go on while every third one refutes
ZERO = 1e-7  # size of an entry that is taken as 0
IN, OUT = 1, -1


@dataclass(frozen=True)
class Case:
    """What is decided: counted entries, shape (K, C), and atoms, shape (A,); each IN, OUT or 0."""

    entries: NDArray[np.int8]
    atoms: NDArray[np.int8]
    tried: Tried | None = None  # the last search above that did not refute it

    @cached_property
    def inside(self) -> NDArray[np.int64]:
        """The number of entries of each hinge that are in."""
        counts: NDArray[np.int64] = (self.entries == IN).sum(axis=1)
        return counts

    def cost(self, cheapest: int) -> int:
        """What is in costs at least this; each hinge costs at least `cheapest`."""
        return int(np.maximum(self.inside, cheapest).sum() + (self.atoms == IN).sum())

    def has_few(self, cheapest: int) -> bool:
        """Whether a hinge has fewer entries left than make one: it is an atom, or nothing."""
        return bool(((self.entries != OUT).sum(axis=1) < cheapest).any())


class Tried(NamedTuple):
    """A search that ended with a network, or not at all: what it allowed, and the sizes of u."""

    allowed: bytes
    hinges: NDArray[np.float64]
    atoms: NDArray[np.float64]


class SupportRoot:
    """All networks of so many hinges by sign, and atoms, of at most a cost."""

    def __init__(
        self,
        points: Witnesses,
        signs: NDArray[np.int64],
        objective: Objective,
        cost: int,
    ) -> None:
        self.points, self.kind, self.signs = points, points.kind, signs
        self.objective, self.cost = objective, cost
        self.found = Found.OPEN
        self.network: Network | None = None
        self._D = D = points.xb.shape[1]
        self._counted = D if points.whole.count_bias else D - 1
        entries = np.zeros((len(signs), self._counted), dtype=np.int8)
        self._todo = [Case(entries, np.zeros(self.kind.n_atoms(D), dtype=np.int8))]
        self._over: dict[int, SplitSearch] = {}  # by variables: searches whose memory is free
        self._under_way: SplitSearch | None = None
        self._nodes: list[Node | Record] = []
        self._counts: dict[str, int] = {}
        self._outcomes: dict[int, tuple[int, int]] = {}  # tries and refutations by columns allowed

    def count(self, name: str) -> int:
        """A counter of the compiled searches of all cases."""
        under_way = self._under_way.count(name) if self._under_way else 0
        return self._counts.get(name, 0) + under_way

    def probe(self, seed: int) -> None:
        """Nothing: the cases that are searched are small."""

    def nodes(self) -> Iterator[Node]:
        """The tree of cases."""
        implied = Implied(self.points)
        for node in self._nodes:
            if isinstance(node, Record):
                yield from nodes_of(node, implied)
            else:
                yield node

    def run(self, steps: int) -> None:
        """Go on for about so many simplex steps."""
        end = self.count("STEPS") + steps
        while self._todo and self.found == Found.OPEN:
            left = end - self.count("STEPS")
            if left <= 0:
                return
            self._step(left)
        if not self._todo and self.found == Found.OPEN:
            self.found = Found.NOTHING

    def _undecided(self, case: Case, left: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Entries and atoms that may be in or not, as far as cost tells."""
        entries, atoms = case.entries == 0, case.atoms == 0
        if left == 0:
            entries[case.inside >= self.kind.cheapest] = False
            atoms[:] = False
        return entries, atoms

    def _step(self, steps: int) -> None:
        """Refute the next case, or split it."""
        case = self._todo[-1]
        left = self.cost - case.cost(self.kind.cheapest)
        if left < 0 or case.has_few(self.kind.cheapest):
            self._close({"over" if left < 0 else "few": True})
            return
        entries, atoms = self._undecided(case, left)
        can_split = bool(entries.any() or atoms.any())
        allowed = bytes(entries | (case.entries == IN)) + bytes(atoms | (case.atoms == IN))
        size = allowed.count(1)
        if can_split and case.tried is not None and not self._promises(case.tried, allowed, size):
            self._split(case, case.tried, entries, atoms)
            return
        search = self._under_way or self._search(case, entries, left)
        self._under_way = search
        found = search.fit_all(STEPS if can_split else steps)
        if can_split:
            tries, dead = self._outcomes.get(size, (0, 0))
            self._outcomes[size] = (tries + 1, dead + (found == Found.NOTHING))
        if found == Found.NOTHING:
            self._close(search.record())
        elif found == Found.NETWORK and self._is_better(search):
            return
        elif can_split:
            self._split(case, Tried(allowed, *search.sizes()), entries, atoms)
        elif found != Found.OPEN:
            self.found = Found.STUCK  # copies of atoms, or a fit within tolerance only

    def _promises(self, tried: Tried, allowed: bytes, size: int) -> bool:
        """Whether a search may refute a case: it allows less, and such sizes often died."""
        tries, dead = self._outcomes.get(size, (0, 0))
        return tried.allowed != allowed and RATE * dead >= tries - TRIES

    def _search(self, case: Case, undecided: NDArray[np.bool_], left: int) -> SplitSearch:
        allowed = np.ones((len(self.signs), self._D), dtype=bool)
        allowed[:, : self._counted] = undecided | (case.entries == IN)
        units = np.where(case.atoms == IN, left + 1, np.where(case.atoms == 0, left, 0))
        names: dict[bytes, int] = {}
        named = [names.setdefault(row.tobytes(), len(names)) for row in case.entries]
        shapes = np.array(named, dtype=np.int64)
        n = int(np.count_nonzero(allowed) + np.count_nonzero(units))
        search = SplitSearch(
            self.points, self.signs, allowed, units, shapes, used=self._over.get(n)
        )
        self._over[n] = search
        return search

    def _close(self, node: Node | Record) -> None:
        """Done with the last case: the node, or tree, says why, or what takes its place."""
        self._nodes.append(node)
        self._todo.pop()
        if self._under_way is not None:
            counts = {
                name: self.count(name) for name in ("STEPS", "LPS", "LEAVES", "DEAD", "UNSURE")
            }
            self._under_way, self._counts = None, counts

    def _is_better(self, search: SplitSearch) -> bool:
        """Whether the network costs as little as asked for; then it is the answer."""
        whole, found = self.points.whole, search.network()
        rough = np.sum(abs(found.counted(whole.count_bias)) > ZERO * search.space.scale)
        if rough > self.cost:
            return False
        network = polish_sample(self.points.sample(), found, self.objective)
        if network is None or not network.exact:
            return False
        if whole.value(network, self.objective) > self.cost:
            return False
        self.found, self.network = Found.NETWORK, network
        return True

    def _split(
        self,
        case: Case,
        tried: Tried,
        entries: NDArray[np.bool_],
        atoms: NDArray[np.bool_],
    ) -> None:
        """Two cases: the largest undecided atom is in, or 0; when all are decided, an entry.

        Of entries, those of the hinge come first of which most is known.
        """
        if atoms.any():
            at = int(np.where(atoms, tried.atoms, -1.0).argmax())
            node, inside, outside = self._at_atom(case, at)
        else:
            known = np.count_nonzero(case.entries, axis=1)
            hinge = np.where(entries.any(axis=1), known, -1)
            sizes = np.where(entries, tried.hinges[:, : self._counted], -1.0)
            sizes[hinge < hinge.max()] = -1.0
            k, j = np.unravel_index(int(sizes.argmax()), sizes.shape)
            node, inside, outside = self._at_entry(case, int(k), int(j))
        self._close(node)
        inside, outside = replace(inside, tried=tried), replace(outside, tried=tried)
        self._todo += [outside, inside]

    def _at_atom(self, case: Case, at: int) -> tuple[Node, Case, Case]:
        cases = []
        for value in (IN, OUT):
            atoms = case.atoms.copy()
            atoms[at] = value
            cases.append(Case(case.entries, atoms))
        return {"atom": at}, cases[0], cases[1]

    def _at_entry(self, case: Case, k: int, j: int) -> tuple[Node, Case, Case]:
        """Hinge k has the entry; or neither it nor any hinge of which just the same is known."""
        inside, outside = case.entries.copy(), case.entries.copy()
        inside[k, j] = IN
        same = (self.signs == self.signs[k]) & np.all(case.entries == case.entries[k], axis=1)
        outside[same, j] = OUT
        return {"column": [k, j]}, Case(inside, case.atoms), Case(outside, case.atoms)
