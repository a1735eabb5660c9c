"""One input: the compiled loops and the rationals say the same, whatever the data."""

import math
from collections import Counter
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from milpsparse.instance import Instance
from milpsparse.theory import points as points_module
from milpsparse.theory import univariate
from milpsparse.theory.points import points_of


def make(x, y, order=None):
    """The points of fresh data, so that nothing is kept from another path."""
    order = range(len(x)) if order is None else order
    return points_of(Instance(X=[[x[i]] for i in order], y=[y[i] for i in order], skip=True))


def doubles(x, y):
    return points_of(Instance(X=np.array(x, float)[:, None], y=np.array(y, float), skip=True))


def data_sets(n, most=12, height=4):
    """Small integer data in order: labels at random, or long runs of small curvatures."""
    rng = np.random.default_rng(0)
    for i in range(n):
        N = int(rng.integers(1, most))
        x = np.cumsum(rng.integers(1, 4, N)) - int(rng.integers(0, 6))
        y = rng.integers(0, height, N)
        if i % 2:
            slopes = np.cumsum(rng.choice([-1, 0, 1, 1, 1, 2], N))
            y[1:] = np.cumsum(slopes[:-1] * np.diff(x)) + y[0]
        yield x.tolist(), y.tolist()


def judged(points, p):
    found = univariate.least_cost(points, p)
    fewest = [univariate.fewest_knots(points), univariate.fewest_is_unique(points)]
    pairs = [found.paired.tolist(), univariate.fewest_pairs(points).tolist()]
    signs = np.sign(points.curvatures).tolist()
    return [signs, univariate.runs(points).tolist(), fewest, pairs, found.number], found.value


def agree(monkeypatch, again, p=0.5):
    exact, value = judged(again(), p)
    with monkeypatch.context() as patch:
        patch.setattr(points_module, "SMALL", 0)
        points = again()
        compiled, near = judged(points, p)
        assert compiled == exact
        error = univariate.least_cost(points, p).error
        assert abs(near - value) <= (error + 1e-12) * value
        if math.isfinite(points.error):
            total = float(sum(map(abs, points.exact_curvatures)))
            assert univariate.variation(points) == pytest.approx(total, rel=points.error + 1e-13)
    return exact


@pytest.mark.parametrize("p", [0.05, 0.4, 0.5, 0.99])
def test_compiled_loops_agree_with_rationals_on_random_and_integer_data(p, monkeypatch):
    rng = np.random.default_rng(1)
    numbers = Counter()
    for N in (2, 3, 4, 5, 9, 40, 300):
        x = np.sort(rng.uniform(-1, 1, N))
        y = rng.standard_normal(N)
        bends = np.cumsum(np.cumsum(rng.choice([-1, 0, 1, 1, 1], N)))
        for labels in (y, y.round(1), rng.integers(0, 3, N), np.exp(3 * x), 0 * y, bends):
            agree(monkeypatch, lambda x=x, labels=labels: doubles(x, labels), p)
            exact = agree(monkeypatch, lambda N=N, labels=labels: doubles(range(N), labels), p)
            numbers[exact[-1]] += 1
    assert len(numbers) > 2


def test_curvature_signs_are_exact_where_doubles_are_nearly_collinear(monkeypatch):
    x = np.arange(60) * 0.1
    rng = np.random.default_rng(2)
    noise = rng.integers(-2, 3, 60) * 2.0**-50
    for y in (3 * x + 1, 3 * x + 1 + noise, 1e8 * x, np.sqrt(2) * x - 1e5, x**2 * 1e-14 + x):
        exact = agree(monkeypatch, lambda y=y: doubles(x, y))
        slopes = [
            (Fraction(d) - Fraction(c)) / (Fraction(b) - Fraction(a))
            for (a, b), (c, d) in zip(pairwise(x.tolist()), pairwise(y.tolist()), strict=True)
        ]
        signs = [(b > a) - (b < a) for a, b in pairwise(slopes)]
        assert exact[0] == [0, *signs, 0]
    assert exact[0].count(1) > 20


def test_spelled_numbers_are_the_rationals_they_spell_on_both_paths(monkeypatch):
    text = [str(Fraction(k, 10)) if k % 3 else f"{k / 10:g}" for k in range(-20, 21)]
    line = agree(monkeypatch, lambda: make(text, text))
    assert set(line[0]) == {0}
    third = [str(Fraction(k * abs(k), 3)) for k in range(41)]
    assert agree(monkeypatch, lambda: make(text, third))[0][1:-1] == [1] * 39
    close = ["0.1", "0.1000000000000000000000001", "0.1000000000000000000000002", "0.2", 0.3]
    assert len(agree(monkeypatch, lambda: make(close, [0, 1, 2, "0.3", 0.5]))[0]) == 5


@pytest.mark.parametrize(("in_x", "in_y"), [(-660, 0), (660, 0), (0, -660), (0, 660), (0, 900)])
def test_tiny_and_huge_data_are_those_of_ordinary_size(in_x, in_y, monkeypatch):
    rng = np.random.default_rng(3)
    x, y = np.arange(50), rng.integers(0, 3, 50)
    plain = agree(monkeypatch, lambda: doubles(x, y))
    scaled = agree(monkeypatch, lambda: doubles(x * 2.0**in_x, y * 2.0**in_y))
    assert scaled == plain


def test_curvatures_beyond_doubles_have_their_sign_and_an_infinite_error(monkeypatch):
    for small in (points_module.SMALL, 0):
        monkeypatch.setattr(points_module, "SMALL", small)
        points = doubles([0, 1e-200, 2e-200, 1], [0, 1e200, 0, 0])
        assert np.sign(points.curvatures).tolist() == [0, -1, 1, 0]
        assert np.isfinite(points.curvatures).all()
        assert points.error == math.inf
        assert univariate.fewest_knots(points) == 2


def test_order_and_repeated_points_do_not_matter_on_either_path(monkeypatch):
    rng = np.random.default_rng(4)
    for x, y in data_sets(40):
        order = rng.permutation([*range(len(x)), *rng.integers(0, len(x), 4)]).tolist()
        plain, _ = judged(make(x, y), 0.5)
        assert judged(make(x, y, order), 0.5)[0] == plain
        if len(x) > 1:
            assert agree(monkeypatch, lambda x=x, y=y, order=order: make(x, y, order)) == plain
