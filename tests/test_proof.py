"""Proofs: a small prover of its own writes them; true ones pass, and no lie does."""

import contextlib
import copy
import functools
import itertools
import json
import math
import random
from fractions import Fraction

import numpy as np
import pytest
from scipy.optimize import linprog

from milpsparse.family import generate
from milpsparse.instance import Instance
from milpsparse.proofs.verify import ProofError, verify_lines
from milpsparse.rational import independent_columns, integers, rationals, solve, spell


class Unproved(Exception):
    """A case that the prover cannot refute."""


def header(instance, objective, at_least, *, kind="tree", bound=None, rows=None, data=True):
    """The header of a proof about some rows of an instance."""
    rows = list(range(instance.n_samples)) if rows is None else rows
    X = [[spell(v) for v in row] for row in instance.X_exact.tolist()]
    y = [spell(v) for v in instance.y_exact.tolist()]
    return {
        "milpsparse_proof": 1,
        "kind": kind,
        "objective": objective,
        "at_least": at_least,
        "bound": bound,
        "skip": instance.skip,
        "count_bias": instance.count_bias,
        "instance": instance.name,
        "instance_sha256": instance.sha256,
        "n_samples": instance.n_samples,
        "n_features": instance.n_features,
        "rows": rows,
        "X": [X[i] for i in rows],
        "y": [y[i] for i in rows],
        "data": {"X": X, "y": y, "bound": instance.bound} if data else None,
    }


def lines_of(objects):
    return [json.dumps(o) for o in objects]


def holds(objects, instance=None):
    return verify_lines(lines_of(objects), instance)


class Prover:
    """Refutes cases by linear programming, in index order of what is undecided.

    With a cheat it breaks one rule of the format, and so may prove what is false.
    """

    def __init__(self, instance, objective, at_least, bound, cheat=None):
        self.cheat = cheat
        self.x = [[*row, Fraction(1)] for row in instance.X_exact.tolist()]
        self.y = instance.y_exact.tolist()
        self.skip, self.bound, self.budget = instance.skip, bound, at_least - 1
        d, bias = instance.n_features, instance.count_bias
        self.counts = objective == "parameters"
        self.counted = range(d + bias) if self.counts else range(0)
        self.cheapest = 1 + bias if self.counts else 0
        self.columns = [self.column(x, bias) for x in self.x]
        self.n_free = len(self.x[0]) if self.skip else int(self.counts and not bias)
        self.n_atoms = len(self.columns[0]) - self.n_free

    def column(self, x, bias):
        free = x if self.skip else [Fraction(1)] * (self.counts and not bias)
        if not (self.counts and bias):
            return list(free)
        if self.skip:
            return [*free, *(max(v, 0) for v in x[:-1])]
        return [f for v in x[:-1] for f in (max(v, 0), max(-v, 0))] + [Fraction(1)]

    def proof(self):
        """The lines after the header."""
        lines = []
        for plus, minus in itertools.product(range(self.budget + 1), repeat=2):
            K = plus + minus
            if self.cheapest * K <= self.budget if self.counts else K == self.budget:
                lines.append({"plus": plus, "minus": minus})
                signs, before = [1] * plus + [-1] * minus, len(lines) - 1
                try:
                    self.refute([(s, {}, {}) for s in signs], {}, lines)
                except Unproved:
                    if self.cheat != "root left out":
                        raise
                    del lines[before:]
        return lines

    def refute(self, hinges, atoms, lines):
        cost = sum(max(self.cheapest, sum(e.values())) for _, _, e in hinges) + sum(atoms.values())
        if cost > self.budget or (self.cheat == "not over" and self.is_decided(hinges, atoms)):
            lines.append({"over": True})
            return
        possible = [len(self.counted) - sum(not v for v in e.values()) for _, _, e in hinges]
        if any(n < self.cheapest + (self.cheat == "not few") for n in possible):
            lines.append({"few": True})
            return
        left = self.budget - cost - (self.cheat == "less is left")
        rows = self.contradiction(hinges, atoms, max(left, 0))
        if rows is not None:
            lines.append({"leaf": rows})
            return
        for a in set(range(self.n_atoms)) - atoms.keys():
            lines.append({"atom": a})
            self.refute(hinges, atoms | {a: True}, lines)
            self.refute(hinges, atoms | {a: False}, lines)
            return
        order = [(2, j, k) for k in range(len(hinges)) for j in self.counted]
        order += [(1, i, k) for i in range(len(self.x)) for k in range(len(hinges))]
        for part, at, k in order:
            if at in hinges[k][part]:
                continue
            lines.append({"split": [at, k]} if part == 1 else {"column": [k, at]})
            alike = [hinge == hinges[k] for hinge in hinges]
            if self.cheat == "not alike":
                alike = [hinge[0] == hinges[k][0] and at not in hinge[part] for hinge in hinges]
            only = [m == k for m in range(len(hinges))]
            flips = part == 1 and self.skip and not hinges[k][1]
            self.refute(decided(hinges, only, part, at, True), atoms, lines)
            if not flips and self.cheat != "no second subtree":
                self.refute(decided(hinges, alike, part, at, False), atoms, lines)
            return
        raise Unproved

    def is_decided(self, hinges, atoms):
        known = sum(len(active) for _, active, _ in hinges)
        return known == len(hinges) * len(self.x) and len(atoms) == self.n_atoms

    def inequalities(self, hinges):
        """All rows, each with its coefficients and right-hand side."""
        D = len(self.x[0])

        def vector(terms, columns, i):
            g = [Fraction(0)] * (D * len(hinges))
            for k, c in terms:
                g[k * D : k * D + D] = [
                    a + c * v for a, v in zip(g[k * D :], self.x[i], strict=False)
                ]
            return g + [columns * v for v in self.columns[i]]

        for i, y in enumerate(self.y):
            for k, (_, active, _) in enumerate(hinges):
                for side in (True, False):
                    if active.get(i, side if self.cheat == "unknown side" else None) is side:
                        yield [i, k], vector([(k, 1 if side else -1)], 0, i), Fraction(0)
            for s in (1, -1):
                same = [k for k, h in enumerate(hinges) if h[0] == s]
                others = [k for k, h in enumerate(hinges) if h[0] != s]
                if self.cheat != "unknown others" and any(i not in hinges[k][1] for k in others):
                    continue
                A = [(k, 1) for k in others if hinges[k][1].get(i)]
                sure = [k for k in same if hinges[k][1].get(i)]
                maybe = [k for k in same if i not in hinges[k][1]]
                maybe += {"other sign": others, "twice": sure}.get(self.cheat, [])
                for n in range(len(maybe) + 1):
                    for some in itertools.combinations(maybe, n):
                        T = sorted([*sure, *some])
                        yield [i, s, T], vector([(k, -1) for k in T] + A, -s, i), -s * y

    def boxes(self, hinges, atoms, left):
        """Of every variable: its box, 0 if it is excluded, None if it is free."""
        out, bound = [], self.bound
        if self.cheat == "smaller box":
            bound /= 8
        for _, _, entries in hinges:
            full = left == 0 and sum(entries.values()) >= self.cheapest
            for j in range(len(self.x[0])):
                there = entries.get(j, not (full and j in self.counted))
                out.append(bound if there else 0)
        out += [0 if self.cheat == "free is 0" else None] * self.n_free
        for a in range(self.n_atoms):
            units = {True: left + 1, False: 0, None: left}[atoms.get(a)]
            out.append(0 if not units else None if bound is None else units * bound)
        return out

    def contradiction(self, hinges, atoms, left):
        rows = list(self.inequalities(hinges))
        if not rows:
            return None
        boxes = self.boxes(hinges, atoms, left)
        free = [v for v, box in enumerate(boxes) if box is None]
        boxed = [v for v, box in enumerate(boxes) if box]
        G = np.array([[float(c) for c in g] for _, g, _ in rows]).reshape(len(rows), len(boxes))
        h = np.array([float(b) for _, _, b in rows])
        box = np.array([float(boxes[v]) for v in boxed])
        eye, R = np.eye(len(boxed)), len(rows)
        found = linprog(
            np.concatenate([-h, box]),
            A_ub=np.block([[G[:, boxed].T, -eye], [-G[:, boxed].T, -eye]]),
            b_ub=np.zeros(2 * len(boxed)),
            A_eq=np.hstack([G[:, free].T, np.zeros((len(free), len(boxed)))]) if free else None,
            b_eq=np.zeros(len(free)) if free else None,
            bounds=[(-1 if self.cheat == "negative" else 0, 1)] * R + [(0, None)] * len(boxed),
        )
        if found.fun is None or found.fun > -1e-7:
            return None
        used = [r for r in range(R) if abs(found.x[r]) > 1e-9]
        m = {r: Fraction(round(found.x[r] * 2**40), 2**40) for r in used}
        if free and not self.cancel(m, [[rows[r][1][v] for r in used] for v in free], used):
            return None
        numbers, _ = integers(m.values())
        pairs = zip(m, numbers, strict=True)
        return [[*rows[r][0], number] for r, number in pairs if number]

    def cancel(self, m, matrix, used):
        """Change some multipliers so that free columns vanish exactly."""
        A = rationals(np.array(matrix, dtype=object))
        P, R = independent_columns(A), independent_columns(A.T)
        Q = [q for q in range(len(used)) if q not in P]
        rhs = [-sum((A[r, q] * m[used[q]] for q in Q), Fraction(0)) for r in R]
        for p, value in zip(P, solve(A[np.ix_(R, P)], rationals(rhs)), strict=True):
            m[used[p]] = value
        return self.cheat == "negative" or all(value >= 0 for value in m.values())


def decided(hinges, chosen, part, at, value):
    def change(hinge):
        return tuple({**h, at: value} if p == part else h for p, h in enumerate(hinge))

    return [change(h) if c else h for h, c in zip(hinges, chosen, strict=True)]


def prove(instance, objective, at_least, bound=None, rows=None, cheat=None):
    """All lines of a proof, as objects."""
    head = header(instance, objective, at_least, bound=bound, rows=rows)
    few = instance.replace(X=head["X"], y=head["y"]) if rows else instance
    prover = Prover(few, objective, at_least, bound and Fraction(bound), cheat)
    return [head, *prover.proof()]


# --- the truth, by trying all networks --------------------------------------------------------


def least(instance, objective, bound, most):
    """The least cost of a network with |u| <= bound, or most + 1, by trying all patterns."""
    counts, d = objective == "parameters", instance.n_features
    x = np.column_stack([instance.X, np.ones(instance.n_samples)])
    counted = set(range(d + instance.count_bias) if counts else range(d + 1))
    free = x if instance.skip else x[:, d:] if counts and not instance.count_bias else x[:, :0]
    sizes = range(1, d + 2) if counts else [d + 1]
    neurons = []  # cost, sign, entries, active points
    for entries in [e for n in sizes for e in itertools.combinations(range(d + 1), n)]:
        cost = len(counted.intersection(entries)) if counts else 1
        u = np.random.default_rng(0).normal(size=(4000, len(entries)))
        patterns = sorted({tuple(row) for row in (u @ x[:, entries].T > 0).tolist()})
        neurons += [(cost, s, entries, p) for s in (1, -1) for p in patterns if cost]
    for total in range(most + 1):
        for K in range(total + 1):
            for chosen in itertools.combinations_with_replacement(neurons, K):
                if sum(c for c, *_ in chosen) == total and fits(x, instance.y, free, chosen, bound):
                    return total
    return most + 1


def fits(x, y, free, chosen, bound):
    """Whether neurons of these signs, entries and patterns pass through the points."""
    n = sum(len(entries) for _, _, entries, _ in chosen) + free.shape[1]
    if n == 0:
        return not y.any()
    A, sides, at = np.zeros((len(y), n)), [], 0
    for _, s, entries, pattern in chosen:
        z = np.zeros((len(y), n))
        z[:, at : at + len(entries)] = x[:, entries]
        at += len(entries)
        A += s * z * np.array(pattern)[:, None]
        sides.append(np.where(pattern, -1, 1)[:, None] * z)
    A[:, at:] = free
    b = None if bound is None else -bound
    boxes = [(b, bound)] * at + [(None, None)] * free.shape[1]
    sides = np.vstack([*sides, np.zeros((1, n))])
    return linprog(np.zeros(n), sides, np.zeros(len(sides)), A, y, boxes).status == 0


def tiny(seed, d, N=4, **fields):
    """Small integers with distinct rows."""
    rng = np.random.default_rng(seed)
    X = np.unique(rng.integers(-3, 4, (3 * N, d)), axis=0)
    X = X[rng.permutation(len(X))[:N]]
    return Instance(X=X, y=rng.integers(-2, 3, N), name=f"tiny{seed}", **fields)


CASES = [  # objective, inputs, skip, count_bias, bound, seed; and the most that is tried
    ("neurons", 1, False, True, None, 0, 3),
    ("neurons", 1, False, True, 1.0, 0, 2),
    ("neurons", 1, True, False, None, 0, 3),
    ("neurons", 1, True, False, 1.0, 1, 3),
    ("neurons", 2, False, True, None, 1, 3),
    ("neurons", 2, False, True, 1.0, 0, 2),
    ("neurons", 2, True, False, None, 1, 2),
    ("parameters", 1, False, True, None, 1, 3),
    ("parameters", 1, False, True, 0.25, 1, 3),
    ("parameters", 1, False, False, None, 1, 3),
    ("parameters", 1, False, False, 1.0, 1, 2),
    ("parameters", 1, True, True, None, 0, 3),
    ("parameters", 1, True, True, 0.25, 0, 3),
    ("parameters", 1, True, False, 1.0, 0, 2),
    ("parameters", 2, False, True, None, 1, 3),
    ("parameters", 2, False, True, 1.0, 0, 3),
    ("parameters", 2, False, False, None, 1, 3),
    ("parameters", 2, True, True, None, 0, 3),
]


@functools.cache
def made(case):
    """The instance of a case, and its truth: the objective, the bound, and the least cost."""
    objective, d, skip, count_bias, bound, seed, most = case
    instance = tiny(seed, d, skip=skip, count_bias=count_bias)
    return instance, objective, bound, least(instance, objective, bound, most)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_is_true_has_a_proof_that_passes_and_nothing_more_has(case):
    instance, objective, bound, true = made(case)
    for L in range(1, true + 1):
        claim = holds(prove(instance, objective, L, bound), instance)
        assert (claim.kind, claim.objective, claim.at_least) == ("tree", objective, L)
        assert (claim.tied, claim.bound) == (True, bound)
        assert claim.scope == ("all" if bound is None else "within_bound")
    if true <= case[-1]:
        with pytest.raises(Unproved):
            prove(instance, objective, true + 1, bound)


@pytest.mark.parametrize(("N", "skip"), [(6, False), (7, False), (8, False), (8, True)])
def test_a_planted_teacher_is_needed(N, skip):
    instance = generate("planted", 0, N=N, d=2, K=2, skip=skip)
    for objective, L in (("neurons", 2), ("parameters", 2 if skip else 3)):
        claim = holds(prove(instance, objective, L, instance.bound), instance)
        assert (claim.at_least, claim.bound, claim.rows) == (L, 4, list(range(N)))
        assert claim.instance == instance.name
        assert 0 < claim.n_leaves <= claim.n_nodes


def test_a_few_points_of_many_are_enough():
    instance = generate("planted", 0, N=30, d=2, K=3)
    proof = prove(instance, "neurons", 2, None, rows=[4, 17, 25, 3, 8, 20, 11])
    claim = holds(proof, instance)
    assert (claim.rows, claim.scope, claim.tied) == ([4, 17, 25, 3, 8, 20, 11], "all", True)
    proof[0]["data"] = None
    assert not holds(proof).tied
    assert holds(proof, instance).tied
    for wrong in ([4, 17, 25, 3, 8, 20, 12], [17, 4, 25, 3, 8, 20, 11]):
        with pytest.raises(ProofError, match="line 1: the witness points are not those rows"):
            holds([{**proof[0], "rows": wrong}, *proof[1:]], instance)


# --- lies -------------------------------------------------------------------------------------

ABS = Instance(X=[[-1], [0], [1]], y=[1, 0, 1], name="abs")  # |x|: two neurons, or one and a skip
LIES = [  # a cheat, the number of a case, and what is said
    ("root left out", 4, "not all roots were there"),
    ("root left out", 17, "not all roots were there"),
    ("not over", 6, "the case does not cost too much"),
    ("not over", 17, "the case does not cost too much"),
    ("not few", 6, "every hinge may have enough entries"),
    ("not few", 17, "every hinge may have enough entries"),
    ("no second subtree", 5, "a node is one of"),
    ("no second subtree", 6, "a node is one of"),
    ("not alike", None, ""),
    ("unknown side", 4, "needs a side that is not known"),
    ("unknown side", 11, "needs a side that is not known"),
    ("unknown others", 4, "needs a side that is not known"),
    ("unknown others", 17, "needs a side that is not known"),
    ("other sign", 6, "T has something else than hinges of sign s"),
    ("other sign", 17, "T has something else than hinges of sign s"),
    ("twice", 4, "T has a hinge twice"),
    ("twice", 17, "T has a hinge twice"),
    ("negative", 6, "no positive integer m"),
    ("negative", 15, "no positive integer m"),
    ("free is 0", 6, "the multipliers give no contradiction"),
    ("free is 0", 9, "the multipliers give no contradiction"),
    ("less is left", 7, "the multipliers give no contradiction"),
    ("less is left", 14, "the multipliers give no contradiction"),
    ("smaller box", 5, "the multipliers give no contradiction"),
    ("smaller box", 3, "the multipliers give no contradiction"),
]


@pytest.mark.parametrize(("cheat", "case", "why"), LIES)
def test_a_prover_that_breaks_a_rule_to_prove_what_is_false_is_caught(cheat, case, why):
    truth = (ABS, "neurons", None, 2) if case is None else made(CASES[case])
    instance, objective, bound, true = truth
    lie = prove(instance, objective, true + 1, bound, cheat=cheat)
    with pytest.raises(ProofError, match=rf"^line \d+: .*{why}"):
        holds(lie, instance)


def mutated(value, rng):
    """JSON with one change somewhere inside."""
    if isinstance(value, list | dict) and value and rng.random() < 0.8:
        value = copy.copy(value)
        at = rng.choice(list(value) if isinstance(value, dict) else range(len(value)))
        what = rng.random()
        if what < 0.6:
            value[at] = mutated(value[at], rng)
        elif what < 0.8 or isinstance(value, dict):
            del value[at]
        else:
            value.insert(rng.randrange(len(value) + 1), value[at])
        return value
    if type(value) is int and rng.random() < 0.7:
        return rng.choice([value + 1, value - 1, -value, 2 * value, 10**30])
    return rng.choice([None, True, False, 0, 1, -1, 1.0, 0.5, math.nan, "1", "x", [], {}, [[]]])


def shuffled(lines, rng):
    """Lines with one of them dropped, doubled, moved or changed."""
    lines, at = list(lines), rng.randrange(1, len(lines))
    what = rng.random()
    if what < 0.5:
        lines[at] = mutated(lines[at], rng)
    elif what < 0.7:
        lines.insert(rng.randrange(1, len(lines) + 1), lines[at])
    elif what < 0.9:
        lines.insert(rng.randrange(1, len(lines)), lines.pop(at))
    else:
        del lines[at]
    return lines


@pytest.mark.parametrize("case", [CASES[4], CASES[6], CASES[11], CASES[16]], ids=str)
def test_nothing_but_a_proof_error_comes_of_changes_at_random(case):
    instance, objective, bound, true = made(case)
    proof = prove(instance, objective, true, bound)
    false = [{**proof[0], "at_least": true + 1}, *proof[1:]]
    rng, accepted = random.Random(0), 0
    for _ in range(400):
        with contextlib.suppress(ProofError):
            assert holds(shuffled(proof, rng), instance).at_least == true
            accepted += 1
        with pytest.raises(ProofError):
            holds(shuffled(false, rng), instance)
    assert accepted < 200  # what is accepted is another proof of the same


@pytest.mark.parametrize("case", [CASES[4], CASES[11], CASES[12]], ids=str)
def test_no_part_of_a_tree_can_be_missing_or_swapped(case):
    instance, objective, bound, true = made(case)
    proof = prove(instance, objective, true, bound)
    for at in range(1, len(proof)):
        for changed in (proof[:at], proof[:at] + proof[at + 1 :], [*proof[:at], {}, *proof[at:]]):
            with pytest.raises(ProofError):
                holds(changed)
    leaves = [at for at, node in enumerate(proof) if "leaf" in node]
    for at in leaves:
        for negative in range(len(proof[at]["leaf"])):
            changed = copy.deepcopy(proof)
            changed[at]["leaf"][negative][-1] *= -1
            with pytest.raises(ProofError, match="no positive integer m"):
                holds(changed)
