"""The method univariate, and auto: optimal and proved, refusals, bounds B, planted lies."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import milpsparse as ms
from milpsparse.checker import check
from milpsparse.errors import Unsupported
from milpsparse.network import Skip, with_doubles
from milpsparse.theory import points as points_module
from milpsparse.theory import univariate
from milpsparse.theory.interpolant import Interpolant
from milpsparse.theory.points import points_of

WORDS = ("neurons", "l1", "lp:0.5", "parameters", "group_l2")
METHODS = pytest.mark.parametrize("method", ["univariate", "auto"])


def on_a_line(x, y, **fields):
    return ms.Instance(X=[[v] for v in x], y=list(y), **{"skip": True, **fields})


PEAK = on_a_line(range(-2, 4), [0, 0, 1, 1, 0, 0])
DATA = {
    "peak": PEAK,
    "convex": on_a_line([0, 1, 3, 4, 6, 7, 8], [0, 0, 1, 2, 7, 10, 15]),
    "line": on_a_line(range(5), range(5)),
    "one point": on_a_line([2], ["1/3"]),
    "spelled": on_a_line(["0.1", "0.3", "-2", "1/3", "7"], ["0.1", "1", "0.2", "-1/7", "0"]),
    "shuffled": on_a_line([3, 1, 2, 1, 0, 5, 3], [0, 2, 1, 2, 0, "0.5", 0]),
}


def large(seed=0, N=20_000, **fields):
    rng = np.random.default_rng(seed)
    X = np.sort(rng.uniform(-1, 1, N))[:, None]
    return ms.Instance(X=X, y=rng.standard_normal(N), **{"skip": True, **fields})


@METHODS
@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("instance", DATA.values(), ids=DATA)
def test_every_objective_is_optimal_by_a_theorem_and_exact(instance, word, method):
    solution = ms.solve(instance, word, method)
    verdict = solution.verdict
    assert (verdict.verdict, verdict.termination, verdict.evidence) == ("ok", "optimal", "theorem")
    assert verdict.exact
    assert verdict.proved
    assert verdict.dual_bound_scope == "all"
    assert solution.answer.claimed_primal_bound == pytest.approx(verdict.primal_bound)
    assert (solution.network.exact(instance.X_exact) == instance.y_exact).all()
    if method == "auto":
        assert solution.answer.stats["steps"] == ["univariate"]


def test_what_the_theory_is_not_about_is_refused():
    x, y = range(4), [0, 1, 0, 1]
    plane = ms.Instance(X=[[v, v * v] for v in x], y=y, skip=True)
    counted = on_a_line(x, y, count_bias=True)
    for instance, word, why in [
        (on_a_line(x, y, skip=False), "neurons", "skip"),
        (plane, "neurons", "one input, not 2"),
        (counted, "lp:0.5", "biases"),
        (counted, "parameters", "biases"),
        (counted, "l1", "biases"),
    ]:
        with pytest.raises(Unsupported, match=why):
            ms.solve(instance, word, "univariate")
    assert ms.solve(counted, "neurons", "univariate").termination == "optimal"


@METHODS
def test_l1_neurons_are_split_to_fit_a_bound_and_stay_optimal(method):
    for instance in (PEAK, DATA["convex"], DATA["spelled"]):
        for bound in (10.0, 0.75, 0.1):
            solution = ms.solve(instance.replace(bound=bound), "l1", method)
            assert (solution.termination, solution.evidence) == ("optimal", "theorem")
            assert solution.verdict.exact
            assert solution.network.exact.largest <= Fraction(bound)
            assert solution.primal_bound == pytest.approx(ms.solve(instance, "l1").primal_bound)


@METHODS
def test_an_lp_network_that_breaks_the_bound_leaves_the_lower_bound(method):
    value = ms.solve(PEAK, "lp:0.5").primal_bound
    assert value == pytest.approx(2 + 2**0.5)
    solution = ms.solve(PEAK.replace(bound=0.5), "lp:0.5", method)
    assert not solution.verdict.failed
    assert solution.primal_bound is None
    assert solution.verdict.dual_bound == pytest.approx(value)
    assert "breaks the bound" in solution.verdict.fail_reason
    wide = ms.solve(PEAK.replace(bound=2.0), "lp:0.5", method)
    assert (wide.verdict.verdict, wide.primal_bound) == ("ok", pytest.approx(value))


@pytest.mark.parametrize("word", ["neurons", "parameters"])
def test_counts_under_a_small_bound_are_left_to_the_models_by_auto(word):
    knots = univariate.fewest_knots(points_of(PEAK))
    for bound in (0.75, 1.5, 2.0):
        instance = PEAK.replace(bound=bound)
        theory = ms.solve(instance, word, "univariate")
        solution = ms.solve(instance, word, time_limit_s=10 if bound > 1 else 2)
        for found in (theory, solution):
            assert found.verdict.verified
            assert not found.verdict.failed
            assert found.verdict.exact
            assert found.network.exact.largest <= Fraction(bound)
            assert found.primal_bound >= found.verdict.dual_bound >= knots
        assert solution.primal_bound <= theory.primal_bound
        assert (theory.termination == "optimal") == (bound >= 2.0)
        assert (solution.answer.stats["steps"] == ["univariate"]) == (bound >= 2.0)


def test_the_copies_of_split_neurons_are_the_fewest_of_all_matchings():
    instance = DATA["convex"].replace(bound=6.0)
    points = points_of(instance)
    ways = [np.zeros(7, dtype=bool)]
    for j in range(2, 6):
        ways += [np.where(np.arange(7) == j, True, way) for way in ways]
    sound = [found for way in ways if (found := Interpolant(points, way)).is_sound]
    assert len(sound) > 4
    rows = [abs(found.path).max(axis=1) for found in sound]
    fewest = min(sum(-(-size // Fraction(6)) for size in row) for row in rows)
    assert ms.solve(instance, "neurons", "univariate").primal_bound == fewest


@pytest.mark.parametrize("seed", range(8))
def test_models_agree_with_the_theory_on_tiny_instances(seed):
    rng = np.random.default_rng(seed)
    N = 4 + seed % 3
    x, y = rng.choice(7, N, replace=False) - 3, rng.integers(-2, 3, N)
    instance = on_a_line(x.tolist(), y.tolist(), bound=60.0)
    theory = ms.solve(instance, "neurons", "univariate")
    assert theory.termination == "optimal"
    for name in ("neuron_big_m@highs", "pattern_l0@highs"):
        model = ms.solve(instance, "neurons", name, time_limit_s=20)
        assert not model.verdict.failed
        assert model.primal_bound == theory.primal_bound


def test_reweighted_l1_is_never_better_than_the_theory():
    for instance in DATA.values():
        for p in (0.3, 0.5, 0.9):
            least = ms.solve(instance, f"lp:{p}", "univariate").primal_bound
            found = ms.solve(instance, f"lp:{p}", f"reweighted_l1[p={p}]")
            assert found.verdict.verified
            assert least <= found.primal_bound * (1 + 1e-9) + 1e-9


def test_the_number_of_minimizers_and_their_knots_are_told():
    tied = on_a_line(range(5), [0, 0, 1, 3, 6])  # curvatures 1, 1, 1
    solution = ms.solve(tied, "lp:0.5", "univariate[minimizers=5]")
    stats = solution.answer.stats
    assert (stats["minimizers"], stats["undecided"]) == (2, 0)
    knots = [[(1.0, 1.0), (2.5, 2.0)], [(1.5, 2.0), (3.0, 1.0)]]
    assert sorted([tuple(k) for k in way] for way in stats["all_knots"]) == knots
    assert ms.solve(tied, method="univariate").answer.stats["minimizers"] == "infinitely many"
    pair = on_a_line(range(4), [0, 0, 1, 3])
    assert ms.solve(pair, method="univariate").answer.stats["minimizers"] == "unique"
    open_tie = on_a_line(range(6), np.cumsum(np.cumsum([0, 0, 1, 8, 8, 1])).tolist())
    stats = ms.solve(open_tie, "lp:0.5", "univariate").answer.stats
    assert (stats["minimizers"], stats["undecided"]) == (None, 1)


def lies(instance, network):
    """Networks whose exact self or doubles are not what they are said to be."""
    points, exact = points_of(instance), network.exact
    everywhere = np.ones(len(points), dtype=bool)
    yield "overlapping pairs", replace(network, exact=Interpolant(points, everywhere))
    at_end = exact.paired.copy()
    at_end[-1] = True
    yield "a pair with an end", replace(network, exact=Interpolant(points, at_end))
    other = points_of(ms.Instance(X=instance.X, y=instance.y + instance.X[:, 0] ** 2, skip=True))
    foreign = Interpolant(other, univariate.fewest_pairs(other))
    yield "other data", foreign.network()
    yield "the exact self of other data", replace(network, exact=foreign)
    alone = Interpolant(points, np.zeros_like(exact.paired))
    yield "another matching", replace(network, exact=alone)
    yield "weights", replace(network, weights=network.weights * 1.5)
    yield "biases", replace(network, biases=network.biases + 0.5)
    yield "signs", replace(network, signs=-network.signs)
    skip = network.skip
    yield "skip weights", replace(network, skip=Skip(skip.weights + 1.0, skip.bias))
    yield "skip bias", replace(network, skip=Skip(skip.weights, skip.bias + 1.0))
    yield "no skip", replace(network, skip=None)


@pytest.mark.parametrize("small", [points_module.SMALL, 0], ids=["rational", "compiled"])
@pytest.mark.parametrize("word", ["neurons", "l1", "lp:0.4"])
def test_planted_lies_about_the_exact_self_are_caught(word, small, monkeypatch):
    monkeypatch.setattr(points_module, "SMALL", small)
    instance = large(N=60)
    solution = ms.solve(instance, word, "univariate")
    assert solution.verdict.verdict == "ok"
    found = dict(lies(instance, solution.network))
    believed = [
        what
        for what, network in found.items()
        if not check(instance, solution.answer.with_(network=network)).failed
    ]
    assert believed == []


@pytest.mark.parametrize("small", [points_module.SMALL, 0], ids=["rational", "compiled"])
@pytest.mark.parametrize("word", ["neurons", "parameters"])
def test_pairs_that_merge_no_knots_save_none(word, small, monkeypatch):
    monkeypatch.setattr(points_module, "SMALL", small)
    instance = on_a_line(range(7), np.cumsum(np.cumsum([0, 0, 1, 1, 0, 0, 0])).tolist())
    paired = np.zeros(7, dtype=bool)
    paired[4] = True  # of collinear points: two knots stay two, where one would do
    lie = with_doubles(Interpolant(points_of(instance), paired))
    answer = ms.solve(instance, word, "univariate").answer
    assert answer.claimed_primal_bound == 1
    verdict = check(instance, answer.with_(network=lie))
    assert verdict.failed
    assert verdict.primal_bound in (None, 2)


def test_a_wrong_claim_beside_a_true_network_is_caught():
    instance = large(N=60)
    for word in ("neurons", "l1", "lp:0.4"):
        answer = ms.solve(instance, word, "univariate").answer
        value = answer.claimed_primal_bound
        for change, verdict in [
            ({"claimed_primal_bound": value * 0.9 - 1}, "fail_objective_value"),
            ({"claimed_dual_bound": value * 1.1 + 1}, "fail_dual_bound"),
        ]:
            assert check(instance, answer.with_(**change)).verdict == verdict


@METHODS
def test_twenty_thousand_points_are_optimal_and_exact(method):
    instance = large()
    assert not points_of(instance).is_small
    for word in ("neurons", "l1", "lp:0.4"):
        solution = ms.solve(instance, word, method)
        assert (solution.verdict.verdict, solution.termination) == ("ok", "optimal")
        assert (solution.evidence, solution.verdict.exact) == ("theorem", True)
        assert solution.verdict.max_residual == 0.0


BEYOND = on_a_line([0, 1e-200, 2e-200, 1], [0, 1e200, 0, 0])


@pytest.mark.parametrize("word", WORDS)
def test_changes_of_slope_beyond_doubles_are_refused(word):
    with pytest.raises(Unsupported, match="rescale"):
        ms.solve(BEYOND, word, "univariate")


@pytest.mark.parametrize("word", WORDS)
def test_auto_says_why_it_has_no_network_of_doubles_or_finds_one(word):
    try:
        solution = ms.solve(BEYOND, word, time_limit_s=2)
    except Unsupported:
        return
    assert not solution.verdict.failed
