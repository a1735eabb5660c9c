"""Proofs of the theorems' bounds: the checker takes them all, and no lie about them."""

import itertools
import json
from fractions import Fraction

import numpy as np
import pytest

import milpsparse as ms
from milpsparse import library, load
from milpsparse.bounds import best_bound
from milpsparse.instance import Instance
from milpsparse.network import from_exact
from milpsparse.objective import parse_objective
from milpsparse.proofs.theorems import theorem_proof
from milpsparse.proofs.verify import ProofError, verify_lines
from milpsparse.proofs.writer import header
from milpsparse.rational import rationals
from milpsparse.theory import lines

NEURONS, PARAMETERS = parse_objective("neurons"), parse_objective("parameters")
FLAGS = list(itertools.product((False, True), (False, True)))
PEAK = Instance(X=[[x] for x in range(-2, 4)], y=[0, 0, 1, 1, 0, 0], skip=True, bound=0.5)
LINE = Instance(X=[[t, t, 3] for t in range(5)] + [[1, 0, 0]], y=[0, 1, 0, 1, 0, 9], skip=True)
SIGNS = Instance(X=[[0, 1], [1, 0], [1, 1]], y=[0, 2, -3], bound=7.0)
SQUARE = Instance(X=[[0, 0], [1, 0], [0, 1], [1, 1]], y=[0, 0, 0, 1], skip=True, bound=2.0)
FREE = Instance(X=[[0, 0], [1, 0]], y=[3, "1/3"], count_bias=False)
KINDS = {"univariate": PEAK, "line": LINE, "signs": SIGNS, "tree": SQUARE}


def proved(instance, objective):
    """The claim of the theorem's proof, which says what the theorem does; None without one."""
    proof = theorem_proof(instance, objective)
    bound = best_bound(instance, objective, "theorem")
    if proof is None:
        assert bound.value < 1
        return None
    claim = verify_lines(proof, instance)
    assert claim.tied
    assert claim.scope == "all"
    assert (claim.at_least, claim.objective) == (bound.value, str(objective))
    assert claim.sha256 == instance.sha256
    return claim


def head(instance, objective=NEURONS, **changes):
    first, *rest = theorem_proof(instance, objective)
    return [json.dumps({**json.loads(first), **changes}), *rest]


def witnesses(instance, rows):
    few = json.loads(header("line", instance, NEURONS, 1, rows, bound=instance.bound))
    return {name: few[name] for name in ("rows", "X", "y")}


SMALL = [n for n, e in library.index()["instances"].items() if e["features"]["n_samples"] <= 200]


@pytest.mark.parametrize("name", SMALL[::4])
def test_every_theorem_about_a_library_instance_has_a_proof(name):
    instance = load(name)
    for skip, count_bias in FLAGS:
        other = instance.replace(skip=skip, count_bias=count_bias)
        for objective in (NEURONS, PARAMETERS):
            proved(other, objective)
    assert proved(instance, NEURONS) is not None


def random_instances(n):
    rng = np.random.default_rng(0)
    for at in range(n):
        N, d, K = (int(rng.integers(low, high)) for low, high in ((1, 14), (1, 4), (0, 4)))
        X = rationals(rng.integers(-2, 3, (N, d))) / int(rng.integers(1, 4))
        path = rationals(rng.integers(-2, 3, (K, d + 1)))
        skip, count_bias = FLAGS[at % 4]
        linear = rationals(rng.integers(-2, 3, d + 1)) if skip else None
        y = from_exact(rng.choice([-1, 1], K), path, d, linear).exact(X)
        bound = (None, 1.5)[at // 4 % 2]
        yield Instance(X=X, y=y, skip=skip, count_bias=count_bias, bound=bound)


def test_every_theorem_about_small_instances_has_a_proof():
    kinds, without = set(), 0
    for instance in random_instances(400):
        for objective in (NEURONS, PARAMETERS):
            claim = proved(instance, objective)
            without += claim is None
            kinds |= {claim.kind} if claim else set()
    assert kinds == set(KINDS)
    assert without > 20


@pytest.mark.parametrize(("kind", "instance"), KINDS.items())
def test_every_kind_claims_for_all_networks_and_is_about_the_instance_with_its_bound(
    kind, instance
):
    proof = theorem_proof(instance, NEURONS)
    first = json.loads(proof[0])
    assert first["kind"] == kind
    assert first["bound"] is None
    assert first["data"]["bound"] == instance.bound
    assert proved(instance, NEURONS).kind == kind
    with pytest.raises(ProofError, match="another instance"):
        verify_lines(proof, instance.replace(bound=1234.0))


def test_without_a_bound_of_one_or_a_count_there_is_no_proof():
    affine = Instance(X=[[0, 0], [1, 0], [0, 1], [1, 1]], y=[0, 1, 1, 2], skip=True)
    assert theorem_proof(affine, NEURONS) is None
    assert theorem_proof(affine, PARAMETERS) is None
    for word in ("l1", "lp:0.5", "group_l2"):
        assert theorem_proof(PEAK, parse_objective(word)) is None


@pytest.mark.parametrize("instance", KINDS.values())
def test_one_more_than_the_theorem_gives_is_refused(instance):
    at_least = json.loads(theorem_proof(instance, NEURONS)[0])["at_least"]
    with pytest.raises(ProofError):
        verify_lines(head(instance, at_least=at_least + 1), instance)
    assert verify_lines(head(instance, at_least=max(1, at_least - 1)), instance) or at_least == 1


@pytest.mark.parametrize(("kind", "instance"), KINDS.items())
def test_another_kind_is_refused(kind, instance):
    for other in KINDS.keys() - {kind}:
        with pytest.raises(ProofError):
            verify_lines(head(instance, kind=other), instance)


@pytest.mark.parametrize(
    ("x", "at_least"),
    [
        ([-2, -1, 0, 1, 2, 3], 5),  # one of three knots may be at 0, and cost one parameter
        ([1, 2, 3, 4, 5, 6], 6),
        ([0, 1, 2, 3, 4, 5], 6),  # 0 is at the end: no knot there helps
    ],
)
@pytest.mark.parametrize("skip", [False, True])
def test_of_parameters_with_biases_a_knot_costs_two_but_at_zero(x, at_least, skip):
    y = [0, 0, 1, 1, 0, 0]
    instance = Instance(X=[[v] for v in x], y=y, skip=skip, count_bias=True)
    assert proved(instance, PARAMETERS).at_least == at_least
    with pytest.raises(ProofError, match="less than is claimed"):
        verify_lines(head(instance, PARAMETERS, at_least=at_least + 1), instance)
    assert best_bound(instance.replace(count_bias=False), PARAMETERS, "theorem").value == 3
    found = ms.solve(instance, "parameters", "activation_search", time_limit_s=20)
    assert found.dual_bound >= at_least
    assert found.primal_bound is None or found.primal_bound >= at_least


def test_along_a_line_a_knot_is_cheap_where_an_input_is_zero():
    line = [[t, 2 * t - 3, 7] for t in range(-2, 4)]  # x_1 is 0 at t = 0, x_2 at t = 1.5
    instance = Instance(X=[*line, [5, 5, 5]], y=[0, 1, 0, 1, 0, 1, 3], count_bias=True)
    assert best_bound(instance, NEURONS, "theorem").value == 4
    assert proved(instance, PARAMETERS).at_least == 2 * 4 - 2


def test_other_witnesses_are_refused():
    for rows in (
        [0, 1, 2, 3],
        [0, 1, 2, 3, 5],
        [0, 1, 3, 4],
    ):  # fewer knots, not on the line, fewer
        with pytest.raises(ProofError):
            verify_lines(head(LINE, **witnesses(LINE, rows)), LINE)
    with pytest.raises(ProofError, match="not those rows"):
        verify_lines(head(LINE, rows=[0, 1, 2, 3, 5]), LINE)
    with pytest.raises(ProofError, match="less than is claimed"):
        verify_lines(head(PEAK, **witnesses(PEAK, [0, 1, 2, 3, 4])), PEAK)
    with pytest.raises(ProofError, match="less than is claimed"):
        verify_lines(head(SIGNS, **witnesses(SIGNS, [0, 2])), SIGNS)
    y = json.loads(theorem_proof(LINE, NEURONS)[0])["y"]
    with pytest.raises(ProofError, match="not those rows"):
        verify_lines(head(LINE, y=["7", *y[1:]]), LINE)


def test_a_leaf_with_other_multipliers_is_refused():
    first, root, leaf = theorem_proof(SQUARE, NEURONS)
    rows = json.loads(leaf)["leaf"]
    assert len(rows) == 4
    for k in range(4):
        for change in (
            [rows[k][0], rows[k][1], [], rows[k][3] + 1],
            [rows[k][0], -rows[k][1], [], 1],
        ):
            wrong = json.dumps({"leaf": [*rows[:k], change, *rows[k + 1 :]]})
            with pytest.raises(ProofError):
                verify_lines([first, root, wrong], SQUARE)
    with pytest.raises(ProofError):
        verify_lines([first, root], SQUARE)


def test_labels_that_are_not_constant_are_two_rows():
    claim = proved(FREE, PARAMETERS)
    assert (claim.kind, claim.at_least, len(claim.rows)) == ("tree", 1, 2)
    assert proved(FREE.replace(y=[3, 3], count_bias=False), PARAMETERS) is None
    tiny = FREE.replace(y=[3, Fraction(3) + Fraction(1, 10**30)], count_bias=False)
    assert proved(tiny, PARAMETERS).rows == [0, 1]


@pytest.mark.parametrize("bend", [1, Fraction(1, 10**30)])
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_one_label_of_many_off_an_affine_function_is_found(rank, bend):
    rng = np.random.default_rng(rank)
    spans = rng.permutation(3000)[: 300 * rank].reshape(300, rank)
    spans[:200, 1:] = 0  # the first rows do not span all
    X = spans @ [[1, 1, 0], [0, 2, 1], [1, 0, 1]][:rank]
    y = rationals(X) @ rationals([1, -2, 5]) + Fraction(1, 3)
    affine = Instance(X=X, y=y, skip=True)
    assert proved(affine, NEURONS) is None
    y[-1] += bend
    claim = proved(Instance(X=X, y=y, skip=True), NEURONS)
    assert (claim.kind, claim.at_least, claim.n_leaves) == ("tree", 1, 1)
    assert 299 in claim.rows
    assert len(claim.rows) == rank + 2


def test_a_leaf_takes_the_points_that_it_needs_from_many():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (30_000, 4))
    instance = Instance(X=X, y=np.maximum(X[:, 0] - 0.999, 0), skip=True)
    assert not np.any(instance.y[:200])
    claim = proved(instance, NEURONS)
    assert (claim.kind, claim.at_least, claim.n_leaves) == ("tree", 1, 1)
    assert len(claim.rows) <= 6


def test_many_points_of_one_input_are_cut_down_to_those_around_bends():
    x = np.arange(25_000)
    order = np.random.default_rng(0).permutation(len(x))
    y = abs(x - 5000) + abs(x - 9000) - 2 * abs(x - 17_000)
    instance = Instance(X=x[order][:, None], y=y[order], skip=True)
    claim = proved(instance, NEURONS)
    assert claim.at_least == 3
    assert sorted(order[claim.rows]) == [m + e for m in (5000, 9000, 17_000) for e in (-1, 0, 1)]
    again = Instance(X=np.repeat(x, 2)[:, None], y=np.repeat(y, 2), skip=True)
    assert len(proved(again, NEURONS).rows) == 9


def test_all_points_are_witnesses_where_all_are_at_bends(monkeypatch):
    monkeypatch.setattr(lines, "SHOWN", 50)
    rng = np.random.default_rng(0)
    instance = Instance(
        X=rng.permutation(300)[:, None], y=rng.integers(0, 1000, 300) / 7, skip=True
    )
    claim = proved(instance, PARAMETERS)
    assert len(claim.rows) >= 295
    text = Instance(X=rationals(instance.X) / 3, y=rationals(instance.y) / 9, skip=True)
    assert proved(text, PARAMETERS).at_least == claim.at_least
