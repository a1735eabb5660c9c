"""Trees that refute every network cheaper than a claim says, case by case, in integers.

A case is a set of networks through the points that cost less than L [and fit B],

    f(x) = sum_k s_k relu(z_k) + columns,    z_k = u_k . (x, 1),    k one of the case's hinges,

where some z_k are known to be >= 0 or <= 0 at some points, some entries of u_k to be 0 or in: then
they count. Columns are free (those of the skip; or constants that cost nothing) or atoms: where
parameters count biases too, a neuron of one nonzero entry is c relu(x_j), c relu(-x_j) or c, and
all those of one kind are merged; they cost ceil(|c| / B) at least. (With a skip, constants are part
of it, and relu(-x_j) = relu(x_j) - x_j.) All other neurons that cost anything are hinges.

The law of a tree: a node takes one case and puts cases in its place; if it held a network, so does
one of these, perhaps with its neurons renamed or flipped. A leaf puts none: its case is empty. The
roots are all numbers of hinges, by sign, that cost less than L. So once no case is left, there is
no network that costs less than L.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from milpsparse.proofs.file import Claim, ProofError, require
from milpsparse.rational import integers

MOST_HINGES = 1000  # of a case: proofs have a handful
WORDS = "split, column, atom, implied, over, few and leaf"


class Hinge(NamedTuple):
    """What is known of a neuron: sign, where it is active or not, which entries are in or 0."""

    sign: int
    active: dict[int, bool]
    entries: dict[int, bool]


class Case(NamedTuple):
    """The hinges, and which atoms are in or 0."""

    hinges: tuple[Hinge, ...]
    atoms: dict[int, bool]


def check_tree(claim: Claim, body: Iterator[dict[str, Any]]) -> tuple[int, int]:
    """The numbers of leaves and of nodes of all trees; ProofError unless they refute every case."""
    problem = Problem(claim)
    roots: set[tuple[int, int]] = set()
    n_leaves = n_nodes = 0
    for line in body:
        plus, minus = problem.root(line)
        require((plus, minus) not in roots, "this root was there before")
        roots.add((plus, minus))
        signs = [1] * plus + [-1] * minus
        cases = [Case(tuple(Hinge(sign, {}, {}) for sign in signs), {})]
        while cases:
            node = next(body, None)
            if node is None:
                raise ProofError("the file ends inside a tree")
            found = problem.replace(cases.pop(), node)
            cases += reversed(found)
            n_nodes += 1
            n_leaves += not found
    require(len(roots) == problem.n_roots, "the file ends, but not all roots were there")
    return n_leaves, n_nodes


class Problem:
    """Points, labels and columns as integers over one denominator; costs; the rules of nodes."""

    def __init__(self, claim: Claim) -> None:
        N, d = len(claim.X), len(claim.X[0])
        numbers, unit = integers([*(value for x in claim.X for value in x), *claim.y])
        self.points = [[*numbers[i * d : i * d + d], unit] for i in range(N)]
        self.labels = numbers[N * d :]
        self.skip, self.bound, self.budget = claim.skip, claim.bound, int(claim.at_least) - 1
        # If neurons are the objective, a case has L - 1 hinges, some perhaps 0: nothing else costs.
        self.parameters = claim.objective == "parameters"
        self.counted = d + claim.count_bias if self.parameters else 0  # entries that cost if in
        self.cheapest = 1 + claim.count_bias if self.parameters else 0  # what a hinge costs
        self.most = self.budget // max(self.cheapest, 1)  # hinges
        require(self.most <= MOST_HINGES, f"a tree has at most {MOST_HINGES} hinges")
        self.columns = [self._free(point, claim) for point in self.points]
        self.n_free = len(self.columns[0])
        if self.parameters and claim.count_bias:
            for column, point in zip(self.columns, self.points, strict=True):
                column += self._atoms(point)
        self.n_atoms = len(self.columns[0]) - self.n_free

    def _free(self, point: list[int], claim: Claim) -> list[int]:
        return list(point) if self.skip else point[-1:] * claim.free_constants

    def _atoms(self, point: list[int]) -> list[int]:
        """relu(x_j) and relu(-x_j) for all j, then the constant; what the skip makes of them."""
        if self.skip:
            return [max(x, 0) for x in point[:-1]]
        return [max(s * x, 0) for x in point[:-1] for s in (1, -1)] + point[-1:]

    @property
    def n_roots(self) -> int:
        """How many roots there are."""
        return (self.most + 1) * (self.most + 2) // 2 if self.parameters else self.most + 1

    def root(self, line: dict[str, Any]) -> tuple[int, int]:
        """The numbers of hinges with s = 1 and with s = -1."""
        require(line.keys() == {"plus", "minus"}, "a root, with plus and minus, is to come here")
        plus, minus = _within([line["plus"], line["minus"]], self.most + 1, self.most + 1)
        fits = plus + minus <= self.most if self.parameters else plus + minus == self.most
        require(fits, "the claim has no root of so many hinges")
        return plus, minus

    def replace(self, case: Case, node: dict[str, Any]) -> list[Case]:
        """The cases that a node puts in place of this one."""
        require(len(node) == 1, "a node is one of " + WORDS)
        [(word, value)] = node.items()
        hinges = case.hinges
        if word == "split":
            i, k = _within(value, len(self.points), len(hinges))
            both = _either(case, k, "active", i)
            # relu(z) = relu(-z) + z, and the skip takes the z: a hinge whose side is not known at
            # any point may be flipped.
            return both[:1] if self.skip and not hinges[k].active else both
        if word == "column":
            k, j = _within(value, len(hinges), self.counted)
            return _either(case, k, "entries", j)
        if word == "implied":
            return [self.implied(case, value)]
        if word == "atom":
            [a] = _within([value], self.n_atoms)
            require(a not in case.atoms, "this is decided already")
            return [Case(hinges, {**case.atoms, a: is_in}) for is_in in (True, False)]
        if word == "over":
            require(value is True and self.left(case) < 0, "the case does not cost too much")
        elif word == "few":
            require(value is True and self.has_few(case), "every hinge may have enough entries")
        else:
            require(word == "leaf", "a node is one of " + WORDS)
            require(self.is_empty(case, value), "the multipliers give no contradiction")
        return []

    def implied(self, case: Case, value: Any) -> Case:
        """[i, k, s, m, [[a, w], ...]]: s m (x_i, 1) is a sum of w side_a (x_a, 1), all w > 0.

        It is so in the entries that u_k may have, and `side_a z_k >= 0` is known at all points a.
        So s z_k(x_i) >= 0: the neuron is active (s = 1) there, or not (s = -1).
        """
        require(type(value) is list and len(value) == 5, "a list of another length is to be here")
        i, k = _within(value[:2], len(self.points), len(case.hinges))
        s, m, terms = value[2:]
        hinge = case.hinges[k]
        require(i not in hinge.active, "this is decided already")
        require(type(s) is type(m) is int, "the side, or its multiplier, is odd")
        require(s in (1, -1) and m > 0, "the side, or its multiplier, is odd")
        require(type(terms) is list, "a sum is a list of [a, w]")
        total = [0] * len(self.points[0])
        _add(total, -s * m, self.points[i])
        for term in terms:
            require(type(term) is list and len(term) == 2, "a sum is a list of [a, w]")
            a, w = term
            require(type(a) is type(w) is int and w > 0, "a sum has no positive integers w")
            require(a in hinge.active, "a sum needs a side that is not known")
            _add(total, w if hinge.active[a] else -w, self.points[a])
        may_be = self.may_be(hinge, self.left(case))
        require(not any(t for t, free in zip(total, may_be, strict=True) if free), "no such sum")
        known = hinge._replace(active={**hinge.active, i: s == 1})
        hinges = [known if m == k else other for m, other in enumerate(case.hinges)]
        return Case(tuple(hinges), case.atoms)

    def may_be(self, hinge: Hinge, left: int) -> list[bool]:
        """Which entries of a hinge may be something else than 0, with so much left to spend."""
        spent = left <= 0 and sum(hinge.entries.values()) >= self.cheapest
        counted = [hinge.entries.get(j, not spent) for j in range(self.counted)]
        return counted + [True] * (len(self.points[0]) - self.counted)

    def left(self, case: Case) -> int:
        """What the networks of a case may cost beyond that which is in."""
        costs = [max(self.cheapest, sum(hinge.entries.values())) for hinge in case.hinges]
        return self.budget - sum(costs) - sum(case.atoms.values())

    def has_few(self, case: Case) -> bool:
        """Whether a hinge has so few entries left that it is an atom, or costs nothing."""
        out = [sum(not is_in for is_in in hinge.entries.values()) for hinge in case.hinges]
        return any(self.counted - n < self.cheapest for n in out)

    def is_empty(self, case: Case, rows: Any) -> bool:
        """Whether the sum of the rows, g . variables >= h, holds for no network of the case.

        An entry is at most B in size, an atom's c at most B for all that may be spent on it;
        without B, and of free columns, g must be 0 wherever the variable may be something else.
        """
        try:
            g, columns, h = self.add_up(case.hinges, rows)
        except KeyError:
            raise ProofError("a row needs a side that is not known") from None
        left, most = max(self.left(case), 0), 0  # g . variables is at most `most` B
        for hinge, factors in zip(case.hinges, g, strict=True):
            may_be = self.may_be(hinge, left)
            most += sum(abs(f) for f, free in zip(factors, may_be, strict=True) if free)
        for a, factor in enumerate(columns[self.n_free :]):
            is_in = case.atoms.get(a)
            most += abs(factor) * (left if is_in is None else (left + 1) * is_in)
        if any(columns[: self.n_free]) or (self.bound is None and most):
            return False
        B = self.bound or 1
        return most * B.numerator < h * B.denominator

    def add_up(
        self, hinges: tuple[Hinge, ...], rows: Any
    ) -> tuple[list[list[int]], list[int], int]:
        """The sum of the rows times their multipliers: g of the hinges and columns, and h.

        [i, k, m]: m times z_k >= 0, or -z_k >= 0, whichever is known at point i.
        [i, s, T, m]: m times -s columns - sum_T z_k + sum_A z_k >= -s y, from s f = s y. Of sign s,
        relu(z) >= z for T and >= 0 for the others; of sign -s, it is z for A, known to be active,
        and 0 for the others, known not to be.
        """
        require(type(rows) is list, "a leaf is a list of rows")
        signs, active = [u.sign for u in hinges], [u.active for u in hinges]
        N, K = len(self.points), len(hinges)
        g, columns, h = [[0] * len(self.points[0]) for _ in hinges], [0] * len(self.columns[0]), 0
        for row in rows:
            if type(row) is not list or len(row) not in (3, 4):
                raise ProofError("a row is [i, k, m] or [i, s, T, m]")
            i, s, m = row[0], row[1], row[-1]
            if not (type(i) is type(s) is type(m) is int and 0 <= i < N and m > 0):
                raise ProofError("a row has no point i, or no positive integer m")
            if len(row) == 3:
                require(0 <= s < K, "a row has no hinge k")
                _add(g[s], m if active[s][i] else -m, self.points[i])
                continue
            require(s in (1, -1) and type(row[2]) is list, "a row is [i, k, m] or [i, s, T, m]")
            for k in row[2]:
                if type(k) is not int or not 0 <= k < K or signs[k] != s:
                    raise ProofError("T has something else than hinges of sign s")
                _add(g[k], -m, self.points[i])
            require(len(set(row[2])) == len(row[2]), "T has a hinge twice")
            for k, known in enumerate(active):
                if signs[k] != s and known[i]:
                    _add(g[k], m, self.points[i])
            _add(columns, -s * m, self.columns[i])
            h -= s * m * self.labels[i]
        return g, columns, h


def _add(total: list[int], factor: int, values: list[int]) -> None:
    for j, value in enumerate(values):
        total[j] += factor * value


def _either(case: Case, k: int, part: str, at: int) -> list[Case]:
    """Two cases: hinge k has it, or no hinge has it of which just the same is known as of k.

    For if another one of these has it, call that one k. `part` is `active` (at a point), or
    `entries` (one is in).
    """
    hinge = case.hinges[k]
    known: dict[int, bool] = getattr(hinge, part)
    require(at not in known, "this is decided already")
    changes: list[dict[str, Any]] = [{part: {**known, at: value}} for value in (True, False)]
    yes, no = (hinge._replace(**change) for change in changes)
    first = [yes if m == k else other for m, other in enumerate(case.hinges)]
    second = [no if other == hinge else other for other in case.hinges]
    return [Case(tuple(first), case.atoms), Case(tuple(second), case.atoms)]


def _within(values: Any, *limits: int) -> list[int]:
    """The integers of a list, each from 0 and below its limit."""
    right = type(values) is list and len(values) == len(limits)
    require(right, "a list of another length is to be here")
    for value, limit in zip(values, limits, strict=True):
        require(type(value) is int and 0 <= value < limit, "a number is out of its range")
    return list(values)
