"""Data made to deceive the one-input theory: each of these once got a wrong or no answer."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

import milpsparse as ms
from milpsparse.answer import Answer, Termination
from milpsparse.errors import BadInput, Unsupported
from milpsparse.network import Skip, with_doubles
from milpsparse.theory import points, univariate
from milpsparse.theory.interpolant import Interpolant
from milpsparse.theory.matching import Run
from milpsparse.theory.points import points_of
from milpsparse.theory.threshold import pstar, run_path

F = Fraction


def long_tail(n, first):
    """Many more points behind the first ones, so that loops are compiled."""
    return [first + i for i in range(n)]


def test_positions_closer_than_doubles_can_tell_are_settled_in_rationals():
    u = F(1, 2**52)
    g = u / 10**14
    x = [0, 1 + u / 2 - g, 1 + u / 2 + g, *long_tail(3100, 3)]
    y = [-(F(2) ** 78), 0, 1, *(1 + 2 * (i % 2) for i in range(3100))]
    found = points_of(ms.Instance(X=[[v] for v in x], y=y, skip=True))
    assert not found.is_small
    c = found.curvatures
    assert [np.sign(v) for v in c[1:4]] == [np.sign(found.exact_curvature(j)) for j in (1, 2, 3)]
    assert c[1] == pytest.approx(float(found.exact_curvature(1)), rel=1e-6)


def test_a_curvature_below_all_doubles_is_not_a_collinear_point():
    n = 3100
    x = [-(2.0**299), 1.5 * 2.0**-299, *2.0**299 * (1 + np.arange(n) / 4096)]
    y = [0, 2.0**-299, 2.0**-298, *-(2.0**250) * (1 + np.arange(n - 1) % 2)]
    instance = ms.Instance(X=np.array(x)[:, None], y=np.array(y), skip=True)
    found = points_of(instance)
    assert np.sign(found.curvatures[1]) == 1
    assert univariate.fewest_knots(found) == 3099
    with pytest.raises(Unsupported, match="rescale"):
        ms.solve(instance, "neurons", "univariate")


def test_more_ties_than_doubles_can_count():
    c = [100, 100, 1, 5, 1] * 1300 + [100, 100]
    slopes = list(itertools.accumulate(c, initial=0))
    y = np.array(list(itertools.accumulate(slopes, initial=0)), dtype=float)
    instance = ms.Instance(X=np.arange(float(len(y)))[:, None], y=y, skip=True)
    found = ms.solve(instance, "lp:0.5")
    assert found.termination == "optimal"
    assert found.answer.stats["minimizers"] == "at least 1e300"


@pytest.mark.parametrize("sizes", [[49, "1e-9", 9], [49, "1e-8", 9], ["1e-8", 5, 1, 16]])
def test_tiny_curvatures_between_large_ones_do_not_stall_the_path(sizes):
    pieces = run_path(Run([F(v) for v in sizes]))
    assert (pieces[0].low, pieces[-1].high) == (0, 1)


@pytest.mark.parametrize("width", [float("nan"), float("inf"), 0, -1, 1, "a", 1e-16])
def test_absurd_widths_are_refused_whatever_the_data(width):
    with pytest.raises(BadInput, match="width"):
        pstar(ms.load("peak_plateau"), width)


@pytest.mark.parametrize("p", [0, 1, 2, -1, float("nan")])
def test_minimizers_are_those_of_p_between_0_and_1(p):
    with pytest.raises(BadInput, match="0 < p < 1"):
        next(ms.minimizers(ms.load("peak_plateau"), p))


def judged(instance, network, value):
    answer = Answer(
        objective="neurons",
        termination=Termination.FEASIBLE,
        network=network,
        claimed_primal_bound=value,
    )
    return ms.check(instance, answer)


@pytest.mark.parametrize("small", [True, False])
@pytest.mark.parametrize("planted", ["weights", "skip", "pairs"])
def test_what_an_interpolant_has_cached_is_not_believed(monkeypatch, small, planted):
    monkeypatch.setattr(points, "SMALL", 3000 if small else 0)
    instance = ms.load("peak_plateau")
    instance = instance.replace(bound=None)
    data = points_of(instance)
    exact = Interpolant(data, univariate.fewest_pairs(data))
    assert judged(instance, exact.network(), 3).verdict == "ok"
    if planted == "weights":
        exact.__dict__ |= {"weights": exact.weights * 3}
    elif planted == "skip":
        exact.__dict__ |= {"skip": Skip(exact.skip.weights + 7, exact.skip.bias)}
    else:
        assert exact.is_sound  # cached; then the pairs are changed
        exact.paired[:] = [False, False, True, True, True, False]
    lie = with_doubles(exact) if planted == "weights" else exact.network()
    assert judged(instance, lie, exact.n_neurons(skip=True)).failed


def test_pairs_that_are_no_booleans_are_no_pairs():
    data = points_of(ms.load("peak_plateau"))
    for dtype in (float, int, object):
        assert not Interpolant(data, np.zeros(len(data), dtype=dtype)).is_sound


def test_inputs_near_the_largest_double_are_refused_with_what_would_do():
    X, y = [[-1e308], [0.0], [1e308], [1.5e308]], [0.0, 1e308, -1e308, 1e308]
    for objective in ("neurons", "lp:0.5", "l1"):
        with pytest.raises(Unsupported, match="rescale"):
            ms.solve(ms.Instance(X=X, y=y, skip=True), objective)
