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
from milpsparse.proofs.file import decode, read_claim
from milpsparse.proofs.tree import Case, Hinge, Problem
from milpsparse.proofs.verify import ProofError, read_lines, verify_lines
from milpsparse.rational import spell
from milpsparse.theory.points import points_of
from milpsparse.theory.univariate import fewest_knots

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
    assert (claim.objective, claim.at_least) == ("neurons", 2)
    assert (claim.bound, claim.scope) == (None, "all")
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
    "line 9: the file ends inside a tree": [*PROOF[:-1], "\n"],
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
    "line 3: a row has no hinge": leaf(2, [0, 1, 1]),
    "line 3: a row has no hinge k": leaf(2, [0, -1, 1]),
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
def test_a_header_with_another_value_is_refused_or_as_true(field):
    for junk in [v for v in JUNK if repr(v) != repr(HEADER[field])]:
        try:
            claim = holds([{**HEADER, field: junk}, *TREES])
        except ProofError:
            continue
        assert field in ("bound", "instance", "data")
        assert (claim.objective, claim.at_least, claim.tied) == ("neurons", 2, field != "data")


WRONG_HEADS = {
    "no header of a proof: field 'y' is missing": [{k: HEADER[k] for k in HEADER if k != "y"}],
    "no header of a proof: field 'why' is": [{**HEADER, "why": 1}],
    "no header of a proof: field 'X'": [],
    "no header of a proof: field 'X' is missing": TREES,
    "at_least is of a wrong type": [{**HEADER, "at_least": 2.0}],
    "skip is of a wrong type": [{**HEADER, "skip": 0}],
    "only version 1": [{**HEADER, "milpsparse_proof": 2}],
    "the kind is none of tree": [{**HEADER, "kind": "theorem"}],
    "objective: neurons or": [{**HEADER, "objective": "l1"}],
    "at_least starts at 1": [{**HEADER, "at_least": 0}],
    "the instance's name is not": [{**HEADER, "instance": "a\nb"}],
    "rows are no distinct": [{**HEADER, "rows": [0, 1, 1]}],
    "rows are no distinct row": [{**HEADER, "rows": [0, 1, 3]}],
    "rows are no distinct row numbers": [{**HEADER, "rows": [0, 1, True]}],
    "rows and points differ": [{**HEADER, "rows": [0, 1]}],
    "X and y are not of one": [{**HEADER, "y": ["1", "0"]}],
    "the rows of X do": [{**HEADER, "X": [["-1"], ["0"], ["1", "2"]]}],
    "the rows of X do not": [{**HEADER, "X": [["-1"], ["0"], "1"]}],
    "a cell is no text": [{**HEADER, "y": ["1", "0", 1]}],
    "a cell is no text such": [{**HEADER, "y": ["1", "0", " 1"]}],
    "'nan' is not a finite": [{**HEADER, "y": ["1", "0", "nan"]}],
    "'1/0' is not": [{**HEADER, "y": ["1", "0", "1/0"]}],
    "bound is no positive": [{**HEADER, "bound": 0}],
    "bound is no positive number": [{**HEADER, "bound": math.nan}],
    "bound is no positive number or": [{**HEADER, "bound": 10**400}],
    "it is about another instance": [{**HEADER, "instance_sha256": "0" * 64}],
    "it is about another instance:": [{**HEADER, "skip": True}],
    "n_samples is not that": [{**HEADER, "n_samples": 4}],
    "the witness points are": [{**HEADER, "rows": [0, 2, 1]}],
    "the witness points are not": [{**HEADER, "y": ["2", "0", "1"]}],
    "data have the fields": [{**HEADER, "data": {"X": [["1"]], "y": ["1"]}}],
    "data: rows 1 and 2": [{**HEADER, "data": {"X": [["1"]] * 2, "y": ["1", "2"], "bound": None}}],
    "this is no JSON object": ["[1]"],
    "this is no JSON object ": ["null"],
    "this is no JSON object  ": ["[" * 100_000],
    "this is no JSON object   ": ["{} {}"],
    "this is no JSON object    ": ["\ufeff{}"],
    "an object has one name twice": [json.dumps(HEADER)[:-1] + ', "at_least": 3}'],
}


@pytest.mark.parametrize(("said", "objects"), WRONG_HEADS.items())
def test_what_is_wrong_with_a_header_is_said(said, objects):
    lines = [o if isinstance(o, str) else json.dumps(o) for o in objects]
    with pytest.raises(ProofError) as error:
        verify_lines(lines)
    assert str(error.value).startswith(f"line 1: {said.rstrip()}")
    assert "\n" not in str(error.value)


def test_the_given_instance_must_be_that_of_the_header():
    untied = [{**HEADER, "data": None}, *TREES]
    assert not holds(untied).tied
    assert holds(untied, ABS).tied
    for other in (ABS.replace(y=[1, 0, 2]), ABS.replace(skip=True), ABS.replace(bound=1.0)):
        with pytest.raises(ProofError, match="line 1: it is about another instance"):
            holds(PROOF, other)
    for flag in ({"skip": True}, {"count_bias": False}):  # words of a header without data
        name = next(iter(flag))
        with pytest.raises(ProofError, match=f"line 1: {name} is not that of the data"):
            holds([{**HEADER, "data": None, **flag}, *TREES], ABS)


def test_cells_that_are_no_doubles_are_tied_exactly():
    instance = Instance(X=[["-1/3"], ["0"], ["0.1"]], y=["1/7", 0, 1], bound=0.3)
    head = about(instance, "signs", 1)
    assert (head["X"], head["y"][0]) == ([["-1/3"], ["0"], ["0.1"]], "1/7")
    assert head["data"]["bound"] == 0.3
    assert holds([head], instance).tied
    for wrong in ("0.14285714285714285", spell(Fraction(1 / 7))):
        with pytest.raises(ProofError, match="the witness points are not"):
            holds([{**head, "y": [wrong, *head["y"][1:]]}])
        data = {**head["data"], "y": [wrong, *head["y"][1:]]}
        with pytest.raises(ProofError, match="it is about another instance"):
            holds([{**head, "data": data}])


# --- theorems ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["peak_plateau", "planted_n12_d1_k3_skip_s5", "convex_run", None])
def test_univariate_agrees_with_the_fewest_knots(name):
    rng = np.random.default_rng(1)
    for seed in range(20):
        if name == "convex_run":
            x = np.arange(4 + seed)
            instance = Instance(X=x[:, None], y=x * x)
        elif name is None:  # many curvatures 0
            x = rng.permutation(12)
            instance = Instance(
                X=x[:, None] / 3, y=[0, 2, *rng.integers(0, 2, 10)], skip=bool(seed % 2)
            )
        else:
            instance = load(name)
        knots = fewest_knots(points_of(instance))
        inside = int(instance.X.min() < 0 < instance.X.max())
        parameters = 2 * knots - min(knots, inside) if instance.count_bias else knots
        for objective, least in (("neurons", knots), ("parameters", parameters)):
            head = about(instance, "univariate", least, objective)
            claim = holds([head])
            assert (claim.kind, claim.at_least, claim.scope, claim.n_nodes) == (
                "univariate", least, "all", 0,
            )  # fmt: skip
            with pytest.raises(ProofError, match="line 1: the theorem gives less than is claimed"):
                holds([{**head, "at_least": least + 1}])


def test_points_on_a_line_in_space_need_the_knots_of_the_line():
    t = [0, 3, 1, -2, 5, 4]
    X = [[str(Fraction(1 + 2 * v, 3)), "1/7", str(2 - v)] for v in t]
    instance = Instance(X=[*X, ["0", "0", "0"]], y=[0, 1, 0, 2, 1, 1, 5])
    flat = Instance(X=np.array([t]).T, y=[0, 1, 0, 2, 1, 1])
    knots = fewest_knots(points_of(flat))
    assert knots == 2
    head = about(instance, "line", knots, "parameters", rows=[0, 1, 2, 3, 4, 5])
    assert holds([head], instance).at_least == knots
    with pytest.raises(ProofError, match="the theorem gives less"):
        holds([{**head, "at_least": knots + 1}])
    with pytest.raises(ProofError, match="univariate: one input; line: more"):
        holds([{**head, "kind": "univariate"}])
    with pytest.raises(ProofError, match="the points are not on one line"):
        holds([about(instance, "line", knots)])
    with pytest.raises(ProofError, match="univariate: one input; line: more"):
        holds([about(flat, "line", knots)])


def test_points_that_are_there_twice_are_refused():
    for x in ([0, 1, 1, 2], [0, 1, 2, 0]):
        instance = Instance(X=np.array([x]).T, y=np.array(x) ** 2)
        with pytest.raises(ProofError, match="are the same"):
            holds([about(instance, "univariate", 1)])


def test_signs_bind_only_where_constants_cost():
    X, y = [[0], [1], [2]], [0, -1, "1/3"]
    one_sign = Instance(X=X, y=[0, 1, 2])
    for instance, most in ((Instance(X=X, y=y), 2), (one_sign, 1)):
        for objective in ("neurons", "parameters"):
            head = about(instance, "signs", most, objective)
            assert holds([head], instance).at_least == most
            with pytest.raises(ProofError, match="the theorem gives less than is claimed"):
                holds([{**head, "at_least": most + 1}])
    no_bias = Instance(X=X, y=y, count_bias=False)
    assert holds([about(no_bias, "signs", 2)]).at_least == 2
    skip = about(no_bias.replace(skip=True), "signs", 1)
    for wrong in (skip, about(no_bias, "signs", 1, "parameters")):
        with pytest.raises(ProofError, match="signs bind where constants cost only"):
            holds([wrong])


def test_nothing_follows_a_theorem():
    head = about(ABS, "univariate", 1)
    assert holds([head]).at_least == 1
    for more in (TREES, [head], [{}]):
        with pytest.raises(ProofError, match="line 2: nothing follows the header of a theorem"):
            holds([head, *more])


# --- files and the command --------------------------------------------------------------------


@pytest.fixture
def verify(monkeypatch, capsys):
    """Run `milpsparse verify`: (exit code, stdout, stderr)."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["milpsparse", "verify", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        return (end.value.code, *capsys.readouterr())

    return run


def write(path, objects):
    text = "".join(json.dumps(o) + "\n" for o in objects)
    data = text.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


SAID = "has at least 2 neurons (tree proof, 4 leaves, 3 witness points"


def test_a_proof_that_holds_is_said_and_exits_with_0(verify, tmp_path):
    hashed = f", data {ABS.sha256[:12]})\n"
    for name in ("abs.proof", "abs.proof.gz"):
        path = write(tmp_path / name, PROOF)
        said = f"{path}: holds: every network through abs {SAID}{hashed}"
        assert verify(path) == (0, said, "")
    path = write(tmp_path / "bound.proof", [{**HEADER, "bound": 4.0}, *TREES])
    assert f"every network through abs with |u| <= 4 {SAID}" in verify(path)[1]
    path = write(tmp_path / "untied.proof", [{**HEADER, "data": None}, *TREES])
    assert verify(path) == (0, f"{path}: holds: every network through these points {SAID})\n", "")
    (tmp_path / "abs.json").write_text(to_json(ABS), encoding="utf-8")
    code, out, _ = verify(path, "--instance", tmp_path / "abs.json")
    assert (code, out) == (0, f"{path}: holds: every network through abs {SAID}{hashed}")


def test_the_claim_says_what_is_counted(verify, tmp_path):
    skip = Instance(X=[[0], [1], [2]], y=[0, 0, 1], skip=True, name="bend")
    path = write(tmp_path / "a.proof", [about(skip, "univariate", 1, "parameters", bound=0.1)])
    assert verify(path)[1] == (
        f"{path}: holds: every network with a skip connection through bend with |u| <= 0.1 has at "
        "least 1 parameter (biases not counted) (univariate proof, 3 witness points, "
        f"data {skip.sha256[:12]})\n"
    )


def test_a_proof_that_does_not_hold_is_said_and_exits_with_1(verify, tmp_path):
    good, bad = write(tmp_path / "a.proof", PROOF), write(tmp_path / "b.proof", PROOF[:-1])
    code, out, err = verify(bad, good, bad)
    assert (code, err, out.count("\n")) == (1, "", 3)
    why = "does not hold: line 8: the file ends inside a tree"
    assert out.startswith(f"{bad}: {why}\n{good}: holds: every")
    code, out, _ = verify(good, "--instance", "peak_plateau")
    why = "line 1: it is about another instance: the hash of the data differs"
    assert (code, out) == (1, f"{good}: does not hold: {why}\n")
    (tmp_path / "empty.proof").write_bytes(b"")
    assert verify(tmp_path / "empty.proof")[0] == 1


def test_what_cannot_be_read_is_one_line_and_exits_with_2(verify, tmp_path):
    whole = gzip.compress("".join(json.dumps(o) for o in PROOF * 99).encode())
    files = {
        "junk.proof": bytes(range(256)),
        "plain.proof.gz": b"{}",
        "cut.proof.gz": whole[:-20],
        "spoilt.proof.gz": whole[:30] + b"\xff" * 20 + whole[50:],
        "zipped.proof": whole,
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder.gz").mkdir()
    for name in (*files, "folder", "folder.gz", "none.proof", "none.proof.gz", "nul\0"):
        code, out, err = verify(tmp_path / name)
        assert (code, out) == (2, "")
        shown = name.replace("\0", r"\x00")  # control characters are spelled out
        assert err.startswith(f"milpsparse: cannot read {tmp_path / shown}: ")
        assert err.count("\n") == 1
    for words in ([], ["--instance", "peak_plateau"], ["junk.proof", "--instance", "no"]):
        code, out, err = verify(*words)
        assert (code, out, err.count("\n")) == (2, "", 1)


def test_lines_are_read_as_they_are_needed(tmp_path):
    path = write(tmp_path / "a.proof.gz", PROOF)
    lines = read_lines(path)
    assert decode(next(lines)) == HEADER
    lines.close()
    missing = read_lines(tmp_path / "none")
    with pytest.raises(BadInput, match="cannot read"):
        next(missing)
    assert verify_lines(read_lines(path)).tied


def test_a_large_planted_proof_is_about_its_data():
    instance = generate("planted", 0, N=2000, d=2, K=3)
    rows = [int(np.argmax(instance.y)), int(np.argmin(instance.y))]
    head = about(instance, "signs", 1, rows=rows)
    assert holds([head], instance).rows == rows
    changed = copy.deepcopy(head)
    changed["data"]["y"][1000] = "1/3"
    with pytest.raises(ProofError, match="it is about another instance"):
        holds([changed])
