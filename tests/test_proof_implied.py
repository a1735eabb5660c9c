"""Sides of a neuron that follow from others: what is true has a sum, and no other sum passes."""

import copy
import itertools
import json
import random

import numpy as np
import pytest

from milpsparse.family import generate
from milpsparse.instance import Instance
from milpsparse.method import Limits
from milpsparse.objective import Objective
from milpsparse.proofs.file import read_claim
from milpsparse.proofs.tree import Case, Hinge, Problem
from milpsparse.proofs.verify import ProofError, verify_lines
from milpsparse.proofs.writer import header
from milpsparse.rational import integers, rationals, solve
from milpsparse.search.level import Level

SQUARE = [[0, 0], [2, 0], [0, 2], [1, 1], [3, -1], [1, 3]]


def problem(X, objective="parameters", at_least=4):
    instance = Instance(X=X, y=np.arange(len(X)), bound=8.0)
    head = header("tree", instance, Objective(objective), at_least, range(len(X)), bound=8.0)
    return Problem(read_claim(json.loads(head), instance))


def case(*active, entries=None):
    return Case(tuple(Hinge(1, dict(sides), dict(entries or {})) for sides in active), {})


def by_enumeration(x, sides, i, side):
    """The m and terms of side m x_i = sum of w side_a x_a, by trying sets of points; or None."""
    goal = rationals([side * v for v in x[i]])
    for n in range(len(x[i]) + 1):
        for some in itertools.combinations(sides, n):
            A = rationals([[(1 if sides[a] else -1) * v for v in x[a]] for a in some])
            for rows in itertools.combinations(range(len(x[i])), n):
                w = solve(A[:, rows].T if n else A, goal[list(rows)])
                if (
                    w is not None
                    and all(v >= 0 for v in w)
                    and all(w @ A == goal if n else goal == 0)
                ):
                    numbers, m = integers(w)
                    return m, [[a, v] for a, v in zip(some, numbers, strict=True) if v]
    return None


def test_what_all_vectors_of_a_cone_do_has_a_sum_and_nothing_else_has():
    rng = np.random.default_rng(0)
    checked = problem(SQUARE)
    x = [[*point, 1] for point in SQUARE]
    u = rng.normal(size=(4000, 3))
    above = u @ np.transpose(x) >= 0
    sums = 0
    for _ in range(60):
        sides = {int(a): bool(rng.integers(2)) for a in rng.permutation(6)[: rng.integers(1, 5)]}
        inside = u[np.all(above[:, list(sides)] == list(sides.values()), axis=1)]
        for i in set(range(6)) - sides.keys():
            for side in (1, -1):
                found = by_enumeration(x, sides, i, side)
                if found is None:
                    continue
                sums += 1
                assert np.all(side * (inside @ x[i]) >= 0)
                [after] = checked.replace(case(sides), {"implied": [i, 0, side, *found]})
                assert after.hinges[0].active == {**sides, i: side == 1}
                with pytest.raises(ProofError):  # the other side is no sum of the same
                    checked.replace(case(sides), {"implied": [i, 0, -side, *found]})
    assert sums > 20


def test_only_entries_that_may_be_there_have_to_agree():
    checked = problem(SQUARE, at_least=4)  # three may be spent, and two are in
    two = {0: True, 2: True, 1: False}  # x_1 and the bias: 2 is beyond 1 as seen from 0
    node = {"implied": [1, 0, 1, 1, [[3, 2], [0, 1]]]}  # (2, 1) = 2 (1, 1) - (0, 1)
    sides = {3: True, 0: False}
    [after] = checked.replace(case(sides, entries=two), node)
    assert after.hinges[0].active[1] is True
    with pytest.raises(ProofError, match="no such sum"):
        checked.replace(case(sides, entries={0: True, 2: True}), node)  # x_2 may be in, too
    spent = problem(SQUARE, at_least=3)  # where no more may be spent, it may not
    assert spent.replace(case(sides, entries={0: True, 2: True}), node)


WRONG = [
    ([1, 0, 1, 1], "another length"),
    ([1, 0, 0, 1, [[3, 2], [0, 1]]], "odd"),
    ([1, 0, True, 1, [[3, 2], [0, 1]]], "no such sum|odd"),
    ([1, 0, 1, 0, []], "odd"),
    ([1, 0, 1, 1.0, []], "odd"),
    ([1, 0, 1, -1, [[3, 2], [0, 1]]], "odd"),
    ([9, 0, 1, 1, []], "out of its range"),
    ([1, 3, 1, 1, []], "out of its range"),
    ([3, 0, 1, 1, [[3, 1]]], "decided already"),
    ([1, 0, 1, 1, {}], "a sum is a list"),
    ([1, 0, 1, 1, [[3, 2, 1]]], "a sum is a list"),
    ([1, 0, 1, 1, [[3, -2], [0, 1]]], "no positive integers"),
    ([1, 0, 1, 1, [[3, 2.0], [0, 1]]], "no positive integers"),
    ([1, 0, 1, 1, [[2, 2], [0, 1]]], "a side that is not known"),
    ([1, 0, 1, 1, [["3", 2]]], "no positive integers"),
    ([1, 0, 1, 1, [[3, 2]]], "no such sum"),
    ([1, 0, 1, 2, [[3, 2], [0, 1]]], "no such sum"),
    ([1, 0, 1, 1, []], "no such sum"),
]


@pytest.mark.parametrize(("value", "why"), WRONG, ids=str)
def test_what_is_no_sum_is_refused(value, why):
    entries = {0: True, 2: True, 1: False}
    with pytest.raises(ProofError, match=why):
        problem(SQUARE).replace(case({3: True, 0: False}, entries=entries), {"implied": value})


@pytest.fixture(scope="module")
def found():
    """A search that decides little and implies much, and its proof."""
    instance = generate("planted", 0, N=60, d=2, K=4)
    level = Level(instance, Objective("neurons"), 3, seed=0)
    level.run(10**7, Limits(time_limit_s=60))
    return instance, [json.loads(line) for line in level.proof(instance)]


def test_searches_say_what_they_imply(found):
    instance, proof = found
    assert sum("implied" in node for node in proof) > 20
    assert verify_lines(map(json.dumps, proof), instance).at_least == 4


def test_without_it_or_with_another_one_the_proof_is_none(found):
    instance, proof = found
    places = [at for at, node in enumerate(proof) if "implied" in node]
    rng = random.Random(0)
    for at in rng.sample(places, 15):
        i, k, side, m, terms = proof[at]["implied"]
        lies = [
            [i, k, -side, m, terms],
            [i, k, side, m + 1, terms],
            [i, k, side, m, terms[:-1]],
            [i, (k + 1) % 3, side, m, terms],
            [i, k, side, m, [[a, w + 1] for a, w in terms]],
        ]
        for lie in lies:
            changed = copy.copy(proof)
            changed[at] = {"implied": lie}
            with pytest.raises(ProofError):
                verify_lines(map(json.dumps, changed), instance)
        with pytest.raises(ProofError):
            verify_lines(map(json.dumps, proof[:at] + proof[at + 1 :]), instance)
