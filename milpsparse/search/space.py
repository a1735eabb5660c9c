"""The variables of a search: entries of hinges, free columns and atoms; the network they make."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from milpsparse.instance import Instance
from milpsparse.network import Network, Skip
from milpsparse.objective import Objective

FREE_SKIP, FREE_CONSTANT = "skip", "constant"


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

    def directions(self, D: int) -> list[Any]:
        """The path parameters of each atom with coefficient 1."""
        unit = np.eye(D)
        found = []
        for j in range(D - 1):
            found += [unit[j]] if self.skip else [unit[j], -unit[j]]
        return found if self.skip else [*found, unit[-1]]


def kind_of(instance: Instance, objective: Objective) -> Kind:
    """The linear columns that an instance and an objective ask for."""
    parameters = objective.kind == "parameters"
    free = FREE_SKIP if instance.skip else ""
    if parameters and not instance.skip and not instance.count_bias:
        free = FREE_CONSTANT
    return Kind(free, parameters and instance.count_bias, instance.skip)


@dataclass(frozen=True)
class Space:
    """The variables of networks with hinges of given signs; entries and atoms left out are 0.

    `allowed`, shape (K, D), says which entries may be nonzero, and `units`, shape (A,), how many
    copies each atom may have. `bound` is in units of the labels' `scale`; inf where there is none.
    """

    kind: Kind
    signs: NDArray[np.int64]
    allowed: NDArray[np.bool_]
    units: NDArray[np.int64]
    bound: float
    scale: float

    @cached_property
    def n_free(self) -> int:
        """Number of free columns."""
        return self.kind.n_free(self.allowed.shape[1])

    @cached_property
    def first(self) -> NDArray[np.int64]:
        """The first variable of each hinge, and the end of the last, shape (K + 1,)."""
        return np.concatenate([[0], np.cumsum(self.allowed.sum(axis=1))]).astype(np.int64)

    @cached_property
    def entry(self) -> NDArray[np.int64]:
        """Which entry of its hinge a variable is."""
        return np.ascontiguousarray(np.nonzero(self.allowed)[1])  # one layout for compiled code

    @cached_property
    def linear(self) -> NDArray[np.int64]:
        """The linear columns that are variables: all free ones, and the atoms allowed."""
        return np.concatenate([np.arange(self.n_free), self.n_free + np.flatnonzero(self.units)])

    @cached_property
    def copies(self) -> NDArray[np.float64]:
        """The largest size of each variable in multiples of the bound; inf for free columns."""
        free = np.full(self.n_free, np.inf)
        return np.concatenate([np.ones(len(self.entry)), free, self.units[self.units > 0]])

    @property
    def box(self) -> NDArray[np.float64]:
        """The largest size of each variable."""
        return self.copies * self.bound

    def split(self, u: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Values of the variables as hinges (K, D), free columns, and atoms (A,)."""
        hinges, atoms = np.zeros(self.allowed.shape), np.zeros(len(self.units))
        n, end = len(self.entry), len(self.entry) + self.n_free
        hinges[self.allowed] = u[:n]
        atoms[self.units > 0] = u[end:]
        return hinges, u[n:end], atoms

    def network(self, u: NDArray[np.float64]) -> Network:
        """The network of these variables, which are in units of the labels' scale."""
        kind, D = self.kind, self.allowed.shape[1]
        hinges, free, atoms = self.split(u * self.scale)
        path, order = [*hinges], [*self.signs]
        skip = Skip(free[:-1].copy(), float(free[-1])) if kind.free == FREE_SKIP else None
        extra = [(c, np.eye(D)[-1]) for c in free] if kind.free == FREE_CONSTANT else []
        extra += list(zip(atoms, kind.directions(D), strict=True)) if kind.atoms else []
        for c, direction in extra:
            if c != 0:
                path.append(abs(c) * direction)
                order.append(1 if c > 0 else -1)
        whole = np.array(path).reshape(-1, D)
        return Network(np.array(order, dtype=int), whole[:, :-1], whole[:, -1], skip)
