"""One input: values against all basic solutions on a grid of knots, and their symmetries."""

from fractions import Fraction
from itertools import combinations, islice, pairwise

import numpy as np
import pytest

from milpsparse.instance import Instance
from milpsparse.theory import points as points_module
from milpsparse.theory import univariate
from milpsparse.theory.points import Points, points_of

POWERS = (0.3, 0.5, 0.9)


def make(x, y, order=None):
    """The points of fresh data, so that nothing is kept from another path."""
    order = range(len(x)) if order is None else order
    return points_of(Instance(X=[[x[i]] for i in order], y=[y[i] for i in order], skip=True))


def data_sets(n, most=7, height=4):
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


def as_fractions(values):
    return [Fraction(v) for v in values]


def grid(x, y):
    """All points, places inside every edge, and where the theory has knots for two points."""
    places = set(x)
    for a, b in pairwise(x):
        places |= {a + (b - a) * Fraction(k, 7) for k in (2, 5)}
    slopes = [(d - c) / (b - a) for (a, b), (c, d) in zip(pairwise(x), pairwise(y), strict=True)]
    c = [after - before for before, after in pairwise(slopes)]
    for j, (left, right) in enumerate(pairwise(c), start=1):
        if left * right > 0:
            places.add((left * x[j] + right * x[j + 1]) / (left + right))
    return sorted(places), c


def basic_solutions(x, y):
    """All distinct basic jumps on the grid: a knot at t counts at the points it lies between."""
    x, y = as_fractions(x), as_fractions(y)
    places, c = grid(x, y)
    if not c:
        return np.zeros((1, len(places)))
    edge = [(a, b, (j, j + 1)) for j, (a, b) in enumerate(pairwise(x))]
    hats = np.zeros((len(x), len(places)))
    for k, t in enumerate(places):
        a, b, (i, j) = next(e for e in edge if e[0] <= t <= e[1])
        hats[i, k], hats[j, k] = (b - t) / (b - a), (t - a) / (b - a)
    hats = hats[1:-1]
    bases = np.array(list(combinations(range(len(places)), len(c))))
    blocks = hats[:, bases].transpose(1, 0, 2)
    regular = abs(np.linalg.det(blocks)) > 1e-9
    bases, blocks = bases[regular], blocks[regular]
    right = np.tile(np.array(c, dtype=float)[:, None], (len(blocks), 1, 1))
    found = np.zeros((len(bases), len(places)))
    np.put_along_axis(found, bases, np.linalg.solve(blocks, right)[:, :, 0], axis=1)
    found[abs(found) < 1e-9] = 0.0
    return np.unique(found.round(9) + 0.0, axis=0)


def test_no_jumps_on_a_grid_of_knots_are_fewer_or_cheaper_than_the_theory_says():
    several, values = 0, set()
    for height in (2, 4, 9):
        for x, y in data_sets(100, height=height):
            points, sizes = make(x, y), abs(basic_solutions(x, y))
            knots = np.count_nonzero(sizes, axis=1)
            fewest = univariate.fewest_knots(points)
            assert fewest == knots.min()
            if univariate.fewest_is_unique(points):
                assert np.count_nonzero(knots == fewest) == 1
            values.add(fewest)
            least = sizes.sum(axis=1).min()
            assert univariate.variation(points) == pytest.approx(least, abs=1e-8)
            for p in POWERS:
                found = univariate.least_cost(points, p)
                costs = np.where(sizes > 0, sizes, 1) ** p * (sizes > 0)
                costs = costs.sum(axis=1)
                assert found.value == pytest.approx(costs.min(), abs=1e-7)
                assert found.undecided == 0
                assert found.number == np.count_nonzero(costs < costs.min() + 1e-6)
                several += found.number > 1
    assert several > 20
    assert values == {0, 1, 2, 3, 4}


def lines(points):
    """The chords that an interpolant with the fewest knots keeps, by their numbers."""
    paired = univariate.fewest_pairs(points)
    return [i for i in range(len(points) - 1) if not paired[i + 1]]


def through(points, slopes):
    """The pieces (slope, from, to) of an interpolant with these chords; every point is met."""
    xs = [points.exact_x(i) for i in range(len(points))]
    ys = [points.exact_y(i) for i in range(len(points))]
    lines = [(s, ys[i] - s * xs[i]) for i, s in slopes]
    lines = [line for k, line in enumerate(lines) if k == 0 or line != lines[k - 1]]
    knots = [(c - d) / (b - a) for (a, c), (b, d) in pairwise(lines)]
    assert all(s < t for s, t in pairwise(knots))
    for x, y in zip(xs, ys, strict=True):
        slope, shift = lines[sum(t < x for t in knots)]
        assert slope * x + shift == y
    return lines


def second_sparsest(points):
    """Another interpolant with the fewest knots, where an odd run lets one knot slide."""
    c, last, kept = points.curvatures, len(points) - 1, lines(points)
    slopes = {i: (i, points.slope(i)) for i in kept}
    for start, end in univariate.runs(points).tolist():
        if (end - start) % 2 == 0:
            continue
        if end - start > 1:  # pair from the right
            for j in range(start, end - 1):
                slopes.pop(j, None)
            for j in range(start, end, 2):
                slopes[j] = (j, points.slope(j))
            return through(points, [slopes[i] for i in sorted(slopes)])
        small = Fraction(1, 1000) * (1 if c[start] > 0 else -1)
        if end == last or c[end] != 0:  # the chord on the right turns about its right end
            slopes[start] = (start + 1, points.slope(start) + small)
            return through(points, [slopes[i] for i in sorted(slopes)])
        if start == 1 or c[start - 1] != 0:
            slopes[start - 1] = (start - 1, points.slope(start - 1) - small)
            return through(points, [slopes[i] for i in sorted(slopes)])
    return None


def test_the_fewest_knots_are_unique_or_a_second_function_has_them():
    unique = other = 0
    for height in (2, 5, 40):
        for x, y in data_sets(300, most=10, height=height):
            points = make(x, y)
            if len(points) < 2:
                assert univariate.fewest_is_unique(points)
                continue
            first = through(points, [(i, points.slope(i)) for i in lines(points)])
            assert len(first) == univariate.fewest_knots(points) + 1
            second = second_sparsest(points)
            assert univariate.fewest_is_unique(points) == (second is None)
            if second is not None:
                assert len(second) == len(first)
                assert second != first
            unique += second is None and len(first) > 1
            other += second is not None
    assert min(unique, other) > 50


@pytest.mark.parametrize(
    ("signs", "unique"),
    [
        ([], True),
        ([0], True),
        ([1], False),
        ([1, 1], True),
        ([1, 1, 1], False),
        ([0, 1, 0], True),
        ([1, 0, 0], False),
        ([0, 0, -1], False),
        ([0, 1, -1, 0], False),
        ([0, 1, -1, -1, 0], False),
        ([1, 1, -1, -1], True),
        ([0, 1, 1, 1, 0], False),
        ([1, 1, 0, 1, 0, -1, -1], True),
    ],
)
def test_uniqueness_of_the_fewest_knots_on_both_paths(signs, unique, monkeypatch):
    y = np.cumsum(np.cumsum([0, 0, *signs])).tolist()
    assert univariate.fewest_is_unique(make(range(len(y)), y)) == unique
    monkeypatch.setattr(points_module, "SMALL", 0)
    assert univariate.fewest_is_unique(make(range(len(y)), y)) == unique


def test_values_add_over_data_that_meet_in_collinear_points():
    sets = list(data_sets(120))
    for (x, y), (s, t) in zip(sets[::2], sets[1::2], strict=True):
        if min(len(x), len(s)) < 2:
            continue
        a, b = make(x, y), make(s, t)
        slopes = [a.slope(len(x) - 2), b.slope(0)]
        # One bend joins them: the last chord of one goes on until the first of the other begins.
        if slopes[0] == slopes[1]:
            continue
        xs = [*x, x[-1] + 5]
        ys = [*y, y[-1] + 5 * slopes[0]]
        shift = [v - s[0] + xs[-1] + 5 for v in s]
        lift = ys[-1] + 5 * slopes[1] - t[0]
        joined = make([*xs, *shift], [*ys, *(v + lift for v in t)])
        bend = abs(float(slopes[1] - slopes[0]))
        for p in POWERS:
            parts = [univariate.least_cost(part, p).value for part in (a, b)]
            assert univariate.least_cost(joined, p).value == pytest.approx(sum(parts) + bend**p)
        assert univariate.fewest_knots(joined) == sum(map(univariate.fewest_knots, (a, b))) + 1


def test_reversed_scaled_and_tilted_data_have_the_values_of_the_plain_ones():
    for x, y in data_sets(120, most=10):
        plain, back = make(x, y), make([-v for v in x], y)
        alpha, beta, gamma, s = Fraction(-3, 7), 5, Fraction(1, 3), 4
        tilted = make(x, [alpha * b + beta * a + gamma for a, b in zip(x, y, strict=True)])
        wide = make([s * v for v in x], y)
        for p in POWERS:
            value, found = univariate.least_cost(plain, p).value, univariate.least_cost(back, p)
            assert found.value == pytest.approx(value)
            changed = univariate.least_cost(tilted, p)
            assert changed.value == pytest.approx(float(abs(alpha)) ** p * value)
            assert univariate.least_cost(wide, p).value == pytest.approx(s**-p * value)
            numbers = [univariate.least_cost(q, p).number for q in (plain, back, tilted, wide)]
            assert len(set(numbers)) == 1
        for other in (back, tilted, wide):
            assert univariate.fewest_knots(other) == univariate.fewest_knots(plain)
            assert univariate.fewest_is_unique(other) == univariate.fewest_is_unique(plain)


def sizes_of(points, paired):
    """The |jumps| of a matching, from the curvatures."""
    c = points.exact_curvatures
    found = []
    for j, curvature in enumerate(c, start=1):
        if paired[j]:
            found[-1] += curvature
        elif curvature:
            found.append(curvature)
    return [abs(jump) for jump in found]


def test_all_minimisers_are_given_once_each_and_are_l1_minimisers():
    several = 0
    for x, y in data_sets(200, most=14, height=3):
        points = make(x, y)
        for p in POWERS:
            found = univariate.least_cost(points, p)
            ways = list(univariate.least_pairings(points, p))
            assert len(ways) == len({tuple(way) for way in ways}) == found.number
            assert tuple(found.paired) in {tuple(way) for way in ways}
            several += len(ways) > 2
            for way in ways:
                sizes = sizes_of(points, way)
                assert sum(sizes) == sum(map(abs, points.exact_curvatures))
                assert sum(float(a) ** p for a in sizes) == pytest.approx(found.value)
    assert several > 10


@pytest.mark.parametrize("N", [1, 2, 3])
def test_up_to_three_points_need_a_knot_at_most(N):
    points = make(range(N), [0, 1, 0][:N])
    found = univariate.least_cost(points, 0.5)
    assert found.value == pytest.approx(2**0.5 if N == 3 else 0)
    assert (univariate.fewest_knots(points), found.number) == (int(N == 3), 1)
    assert univariate.fewest_is_unique(points) == (N < 3)
    assert [way.tolist() for way in univariate.least_pairings(points, 0.5)] == [[False] * N]


def test_the_number_of_minimisers_multiplies_over_many_runs():
    y = np.cumsum(np.cumsum([0, 0, *[1, 1, 1, 0] * 40])).tolist()
    points = make(range(len(y)), y)
    assert univariate.least_cost(points, 0.5).number == 2**40
    first = [tuple(way) for way in islice(univariate.least_pairings(points, 0.5), 1000)]
    assert len(set(first)) == 1000


def test_points_are_computed_once_for_an_instance():
    instance = Instance(X=[[0], [1], [2]], y=[0, 1, 0], skip=True)
    assert points_of(instance) is points_of(instance)
    assert isinstance(points_of(instance), Points)
