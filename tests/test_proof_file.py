"""Proof files: what a header may say, theorems, one tree by hand, and the command that verifies."""

import copy
import gzip
import itertools
import json
import math
import sys
from fractions import Fraction

import numpy as np
import pytest

from milpsparse import cli, load, to_json
from milpsparse.errors import BadInput
from milpsparse.family import generate
from milpsparse.instance import Instance
from milpsparse.points import points_of
from milpsparse.proof import ProofError, read_lines, verify_lines
from milpsparse.proof_file import decode
from milpsparse.proof_tree import Case, Hinge, Problem
from milpsparse.rational import spell
from milpsparse.univariate import fewest_knots

ABS = Instance(X=[[-1], [0], [1]], y=[1, 0, 1], name="abs")
HEADER = {
    "milpsparse_proof": 1,
    "kind": "tree",
    "objective": "neurons",
    "at_least": 2,
    "bound": None,
    "skip": False,
    "count_bias": True,
    "instance": "abs",
    "instance_sha256": ABS.sha256,
    "n_samples": 3,
    "n_features": 1,
    "rows": [0, 1, 2],
    "X": [["-1"], ["0"], ["1"]],
    "y": ["1", "0", "1"],
    "data": {"X": [["-1"], ["0"], ["1"]], "y": ["1", "0", "1"], "bound": None},
}
TREES = [
    {"plus": 0, "minus": 1},
    {"leaf": [[0, -1, [], 1]]},  # 0 >= 1: no negative neuron gives y = 1
    {"plus": 1, "minus": 0},
    {"split": [0, 0]},
    {"split": [2, 0]},
    {"leaf": [[0, -1, [], 1], [2, -1, [], 1], [1, 1, [0], 2]]},  # z(-1) + z(1) - 2 z(0) >= 2
    {"leaf": [[2, -1, [], 1]]},
    {"leaf": [[0, -1, [], 1]]},
]
PROOF = [HEADER, *TREES]


def holds(objects, instance=None):
    return verify_lines([json.dumps(o) for o in objects], instance)


def about(instance, kind, at_least, objective="neurons", rows=None, **changes):
    """A header about some rows of an instance."""
    rows = list(range(instance.n_samples)) if rows is None else rows
    X = [[spell(v) for v in row] for row in instance.X_exact.tolist()]
    y = [spell(v) for v in instance.y_exact.tolist()]
    fields = {
        "kind": kind,
        "objective": objective,
        "at_least": at_least,
        "skip": instance.skip,
        "count_bias": instance.count_bias,
        "instance": instance.name,
        "instance_sha256": instance.sha256,
        "n_samples": instance.n_samples,
        "n_features": instance.n_features,
        "rows": rows,
        "X": [X[i] for i in rows],
        "y": [y[i] for i in rows],
        "data": {"X": X, "y": y, "bound": instance.bound},
    }
    return {**HEADER, **fields, **changes}


# --- a tree by hand ---------------------------------------------------------------------------


def test_the_proof_that_abs_needs_two_neurons():
    claim = holds(PROOF)
    assert (claim.objective, claim.at_least, claim.bound, claim.scope) == ("neurons", 2, None, "all")
    assert (claim.kind, claim.instance, claim.sha256) == ("tree", "abs", ABS.sha256)
    assert (claim.tied, claim.skip, claim.count_bias) == (True, False, True)
    assert (claim.rows, claim.n_leaves, claim.n_nodes) == ([0, 1, 2], 4, 6)
    assert holds(PROOF, ABS) == claim


def test_roots_come_in_any_order_and_blank_lines_say_nothing():
    lines = [json.dumps(o) for o in [HEADER, *TREES[2:], *TREES[:2]]]
    assert verify_lines(["\n", *itertools.chain(*zip(lines, ["  \r\n"] * 9, strict=True))]).tied


def test_within_a_bound_the_claim_says_so():
    claim = holds([{**HEADER, "bound": 0.1}, *TREES])
    assert (claim.bound, claim.scope) == (Fraction(0.1), "within_bound")


def node(at, **changed):
    return [changed if n == at else line for n, line in enumerate(PROOF)]


def leaf(at, *rows):
    return node(at, leaf=list(rows))


WRONG = {
    "line 9: the file ends inside a tree": PROOF[:-1] + ["\n"],
    "line 3: the file ends, but not all roots": PROOF[:3],
    "line 7: the file ends, but not all roots": [HEADER, *TREES[2:]],
    "line 4: this root was there before": [*PROOF[:3], *PROOF[1:]],
    "line 10: a root, with plus and minus": [*PROOF, TREES[-1]],
    "line 4: a root, with plus and minus": [*PROOF[:3], *PROOF[4:]],
    "line 4: the claim has no root": node(3, plus=1, minus=1),
    "line 2: the claim has no root": [{**HEADER, "at_least": 3}, *TREES],
    "line 2: a number is out of its range": node(1, plus=-1, minus=2),
    "line 7: the multipliers": [*PROOF[:6], PROOF[7], PROOF[6], PROOF[8]],
    "line 5: a number is out": node(4, split=[3, 0]),
    "line 5: a list of another": node(4, split=[0]),
    "line 6: this is decided": node(5, split=[0, 0]),
    "line 5: a number is out of": node(4, column=[0, 0]),
    "line 5: a number is out of its range": node(4, atom=0),
    "line 5: the case does not cost": node(4, over=True),
    "line 5: a node is one of": node(4, over=True, leaf=[]),
    "line 5: a node is one of split, column, atom": node(4, guess=1),
    "line 5: a node is one of split": node(4),
    "line 3: the multipliers give no": leaf(2),
    "line 3: the multipliers give no contradiction": leaf(2, [1, -1, [], 1]),
    "line 3: a row needs a side": leaf(2, [0, 1, [], 1]),
    "line 3: a row needs": leaf(2, [0, 0, 1]),
    "line 3: T has something": leaf(2, [0, 1, [0], 1]),
    "line 3: T has something else": leaf(2, [0, -1, [1], 1]),
    "line 3: T has something else than": leaf(2, [0, -1, [-1], 1]),
    "line 3: T has something else than hinges": leaf(2, [0, -1, [False], 1]),
    "line 3: T has a hinge twice": leaf(2, [0, -1, [0, 0], 1]),
    "line 3: a row is [i, k, m]": leaf(2, [0, 2, [], 1]),
    "line 3: a row is [i, k, m] or": leaf(2, [0, -1, 1, 1]),
    "line 3: a row is [i, k, m] or [": leaf(2, [0]),
    "line 3: a row is [i, k, m] or [i": leaf(2, 5),
    "line 3: a leaf is a list": node(2, leaf={"0": 1}),
    "line 3: a row has no point": leaf(2, [3, -1, [], 1]),
    "line 3: a row has no point i": leaf(2, [-3, -1, [], 1]),
    "line 3: a row has no point i,": leaf(2, [0, -1, [], -1]),
    "line 3: a row has no point i, or": leaf(2, [0, -1, [], 0]),
    "line 3: a row has no point i, or no": leaf(2, [0, -1, [], 1.0]),
    "line 3: a row has no point i, or no p": leaf(2, [0, -1, [], True]),
    "line 3: a row has no point i, or no po": leaf(2, [0, -1.0, [], 1]),
    "line 3: a row has no point i, or no pos": leaf(2, [False, -1, [], 1]),
}


@pytest.mark.parametrize(("said", "objects"), WRONG.items(), ids=map(str, range(len(WRONG))))
def test_what_is_wrong_with_a_tree_is_said_with_its_line(said, objects):
    lines = [o if isinstance(o, str) else json.dumps(o) for o in objects]
    with pytest.raises(ProofError) as error:
        verify_lines(lines)
    assert str(error.value).startswith(said)


def test_multipliers_have_any_number_of_digits():
    lines = [json.dumps(o) for o in PROOF]
    many = "1" + "0" * 5000
    lines[6] = f'{{"leaf": [[0,-1,[],{many}], [2,-1,[],{many}], [1,1,[0],2{many[1:]}]]}}'
    assert verify_lines(lines).at_least == 2
    lines[6] = lines[6].replace("[2,-1,[],1", "[2,-1,[],3")
    with pytest.raises(ProofError, match="line 7: the multipliers give no contradiction"):
        verify_lines(lines)


def test_trees_are_deeper_than_recursion():
    n = sys.getrecursionlimit() + 100
    x = [i - n // 2 for i in range(n)]
    instance = Instance(X=np.array([x]).T, y=[abs(v) + 1 for v in x])
    at = n // 2
    contradiction = [[at - 1, -1, [], 1], [at + 1, -1, [], 1], [at, 1, [0], 2]]
    first = [{"plus": 0, "minus": 1}, {"leaf": [[0, -1, [], 1]]}, {"plus": 1, "minus": 0}]
    tree = [{"split": [i, 0]} for i in range(n)] + [{"leaf": contradiction}]
    tree += [{"leaf": [[i, -1, [], 1]]} for i in reversed(range(n))]
    assert holds([about(instance, "tree", 2), *first, *tree]).n_nodes == 2 * n + 2


# --- the rules of nodes -----------------------------------------------------------------------


def problem(skip=False, objective="neurons", at_least=4, count_bias=True, **changes):
    instance = Instance(X=[[-1, 2], [0, 1], [1, 0]], y=[1, 0, 1], skip=skip, count_bias=count_bias)
    head = about(instance, "tree", at_least, objective, **changes)
    with pytest.raises(ProofError, match="not all roots"):
        holds([head])
    from milpsparse.proof_file import read_claim

    return Problem(read_claim(head, None))


def case(*hinges, atoms=None):
    return Case(tuple(Hinge(*hinge) for hinge in hinges), atoms or {})


def test_a_split_is_renamed_among_hinges_of_which_the_same_is_known():
    known = [(1, {}, {}), (1, {0: True}, {}), (1, {0: True}, {}), (-1, {0: True}, {})]
    first, second = problem().replace(case(*known), {"split": [2, 1]})
    assert [u.active for u in first.hinges] == [{}, {0: True, 2: True}, {0: True}, {0: True}]
    off = {0: True, 2: False}
    assert [u.active for u in second.hinges] == [{}, off, off, {0: True}]


def test_a_column_is_renamed_among_hinges_of_which_the_same_is_known():
    known = [(1, {}, {}), (1, {}, {0: True}), (1, {1: True}, {}), (-1, {}, {}), (1, {}, {})]
    first, second = problem(objective="parameters").replace(case(*known), {"column": [0, 1]})
    assert [u.entries for u in first.hinges] == [{1: True}, {0: True}, {}, {}, {}]
    assert [u.entries for u in second.hinges] == [{1: False}, {0: True}, {}, {}, {1: False}]


def test_only_with_a_skip_is_a_hinge_flipped_and_only_if_no_side_is_known():
    fresh = case((1, {}, {0: True}), (1, {}, {0: True}))
    split = {"split": [0, 0]}
    assert len(problem().replace(fresh, split)) == 2
    (flipped,) = problem(skip=True).replace(fresh, split)
    assert [u.active for u in flipped.hinges] == [{0: True}, {}]
    assert len(problem(skip=True).replace(flipped, {"split": [1, 0]})) == 2
    assert len(problem(skip=True).replace(flipped, {"split": [1, 1]})) == 1


def test_what_is_in_costs_and_hinges_cost_what_they_must():
    biased = problem(objective="parameters", at_least=8)
    assert biased.left(case()) == 7
    assert biased.left(case((1, {}, {}))) == 5
    assert biased.left(case((1, {}, {0: True, 1: False}))) == 5
    assert biased.left(case((1, {}, {0: True, 1: True, 2: True}), atoms={0: True, 1: False})) == 3
    with pytest.raises(ProofError, match="out of its range"):
        problem(objective="parameters", count_bias=False).replace(
            case((1, {}, {})), {"column": [0, 2]}
        )


@pytest.mark.parametrize(
    ("skip", "objective", "count_bias", "columns"),
    [
        (False, "neurons", True, []),
        (True, "neurons", True, [-1, 2, 1]),
        (False, "parameters", False, [1]),
        (True, "parameters", False, [-1, 2, 1]),
        (False, "parameters", True, [0, 1, 2, 0, 1]),
        (True, "parameters", True, [-1, 2, 1, 0, 2]),
    ],
)
def test_the_columns_are_those_of_the_format(skip, objective, count_bias, columns):
    assert problem(skip, objective, count_bias=count_bias).columns[0] == columns


def test_boxes_of_atoms_grow_with_what_is_left():
    data = Instance(X=[[1]], y=[7])  # 7 = c relu(x) + c' relu(-x) + c'', boxes B = 1

    def refuted(at_least, atoms):
        from milpsparse.proof_file import read_claim

        claim = read_claim(about(data, "tree", at_least, "parameters", bound=1), None)
        return Problem(claim).is_empty(case(atoms=atoms), [[0, -1, [], 1]])

    assert refuted(4, {})  # 3 + 3 at most
    assert not refuted(4 + 1, {})
    assert refuted(4 + 1, {2: False})
    assert refuted(7, {1: True, 2: False})  # (5 + 1) + 0 * relu(-1), and 5 of relu(1): 5 < 7
    assert not refuted(8, {0: True, 2: False})  # (6 + 1) of relu(1)


# --- the header -------------------------------------------------------------------------------

JUNK = [None, True, False, 0, 1, -1, 2, 3.0, 0.5, math.nan, math.inf, 10**400, "", "x", "1", "\n"]
JUNK += [[], [1], [["1"]], [0, 1, 1], [0, 1, 3], {}, {"X": [], "y": [], "bound": None}]


@pytest.mark.parametrize("field", HEADER)
def test_no_header_says_something_false(field):
    for junk in [*JUNK, ...]:
        head = {**HEADER, field: junk}
        if junk is ...:
            del head[field]
        try:
            claim = holds([head, *TREES])
        except ProofError as error:
            assert str(error).startswith("line 2: " if field == "at_least" else "line ")  # noqa: PT017
            continue
        assert (claim.objective, claim.at_least) in (("neurons", 2), ("neurons", 1))
        assert field in ("bound", "instance", "data", "at_least")
        assert claim.tied == (field != "data")
