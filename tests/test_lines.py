"""The line of most knots, against all lines one by one, and lines that are none."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from milpsparse.bounds import best_bound, lower_bounds
from milpsparse.instance import Instance
from milpsparse.network import from_exact
from milpsparse.objective import parse_objective
from milpsparse.rational import rationals
from milpsparse.theory import lines
from milpsparse.theory.lines import best_line
from milpsparse.theory.points import points_of
from milpsparse.theory.univariate import fewest_knots

NEURONS = parse_objective("neurons")
ULP = 2.0**-52


def collinear(a, b, c):
    """Whether c is on the line through a and b: all minors of (b - a, c - a) vanish."""
    u, v = ([q - p for p, q in zip(a, x, strict=True)] for x in (b, c))
    return all(u[i] * v[j] == u[j] * v[i] for i, j in itertools.combinations(range(len(a)), 2))


def knots_along(X, y):
    """The fewest knots of a function through points in any order on a line."""
    moving = next(j for j in range(len(X[0])) if len({x[j] for x in X}) > 1)
    return fewest_knots(points_of(Instance(X=[[x[moving]] for x in X], y=list(y), skip=True)))


def brute_force(instance, along_axes=False):
    """The most knots on a line through two points, and all points on it."""
    data = dict(zip(map(tuple, instance.X_exact.tolist()), instance.y_exact, strict=True))
    most, done = 0, set()
    for a, b in itertools.combinations(data, 2):
        apart = sum(p != q for p, q in zip(a, b, strict=True))
        if (a, b) in done or (along_axes and apart > 1):
            continue
        on = [x for x in data if collinear(a, b, x)]
        done.update(itertools.combinations(on, 2))
        if len(on) > 2:
            most = max(most, knots_along(on, [data[x] for x in on]))
    return most


def holds(instance):
    """The knots of the best line; its rows are points in order on a line that needs so many."""
    found, X = best_line(instance), instance.X_exact
    rows = list(found.rows)
    if found.knots == 0:
        return 0
    points = X[rows].tolist()
    assert all(collinear(points[0], points[1], x) for x in points)
    assert points in (sorted(points), sorted(points, reverse=True))
    assert knots_along(points, instance.y_exact[rows]) == found.knots
    assert len({tuple(x) for x in points}) == len(rows) >= found.knots + 2
    return found.knots


def random_grids(n, seed=0):
    rng = np.random.default_rng(seed)
    for _ in range(n):
        N, d, side = (int(rng.integers(*limits)) for limits in ((1, 25), (2, 4), (2, 8)))
        X = rng.integers(0, side, (N, d))  # points may be there more than once
        label = {tuple(x): int(rng.integers(-2, 3)) for x in X.tolist()}
        yield X, [label[tuple(x)] for x in X.tolist()]


def test_the_best_line_is_that_of_all_pairs():
    knots = []
    for X, y in random_grids(100):
        instance = Instance(X=X, y=y)
        knots.append(holds(instance))
        assert knots[-1] == brute_force(instance)
    assert set(knots) >= {0, 1, 2, 3}


def test_an_affine_map_of_the_inputs_in_rationals_changes_no_line():
    shear = rationals([[2, 1, 0], [1, 1, 0], [0, 3, 1]]) * Fraction(1, 3)
    for X, y in random_grids(30):
        d = X.shape[1]
        mapped = rationals(X) @ shear[:d, :d] + Fraction(1, 7)
        assert holds(Instance(X=mapped, y=y)) == best_line(Instance(X=X, y=y)).knots


def test_an_affine_function_and_a_factor_change_no_knots():
    for X, y in random_grids(30):
        changed = [
            Fraction(-5, 3) * b + int(x[0]) - 7 * int(x[1]) for x, b in zip(X, y, strict=True)
        ]
        assert holds(Instance(X=X, y=changed)) == best_line(Instance(X=X, y=y)).knots


def test_numbers_of_very_different_sizes_are_exact():
    X = [[t * 1e300, t * 1e-300] for t in (0.0, 1.0, 2.0, 4.0)]
    assert holds(Instance(X=X, y=[0, 1, 0, 1])) == 2
    X[1][1] *= 1 + ULP
    assert holds(Instance(X=X, y=[0, 1, 0, 1])) == 1  # of the other three


def test_the_largest_and_the_least_doubles_are_no_trouble(monkeypatch):
    monkeypatch.setattr(lines, "FEW", 0)
    for size in (1.7e308, 5e-324):
        X = [[7.0, t * size] for t in (-1, 1, 0)] + [[7.0, 0.0]] * 3 + [[1.0, 1.0], [2.0, 2.0]]
        assert holds(Instance(X=X, y=[0, 0, size, *[size] * 3, 1, 2])) == 1


@pytest.mark.parametrize("off", [0.0, ULP, -ULP])
def test_points_one_ulp_off_a_line_are_not_on_it(off):
    X = [[0.0, 0.0], [1.0, 1.0 + off], [2.0, 2.0]]
    assert holds(Instance(X=X, y=[0, 1, 0])) == (off == 0)


def test_text_is_the_rational_it_spells_and_a_double_the_dyadic_it_is():
    text = [["0.1", "1"], ["0.2", "2"], ["0.3", "3"]]
    doubles = [[float(cell) for cell in row] for row in text]  # 0.3 is not 0.1 + 0.2
    assert holds(Instance(X=text, y=[0, 1, 0])) == 1
    assert holds(Instance(X=doubles, y=[0, 1, 0])) == 0


def test_few_points_points_in_general_position_and_affine_labels_have_no_knots():
    rng = np.random.default_rng(0)
    assert best_line(Instance(X=[[0, 0]], y=[1])) == lines.Line()
    assert best_line(Instance(X=[[0, 0], [1, 1], [1, 1], [0, 0]], y=[1, 0, 0, 1])).knots == 0
    assert best_line(Instance(X=rng.uniform(size=(60, 2)), y=rng.uniform(size=60))).knots == 0
    X = list(itertools.product(range(4), repeat=2))
    assert best_line(Instance(X=X, y=[3 * a - b for a, b in X])).knots == 0


def test_a_line_is_looked_for_once():
    X = [[t, t] for t in range(5)]
    instance = Instance(X=X, y=[0, 1, 0, 1, 0])
    assert best_line(instance) is best_line(instance)
    assert best_line(instance).knots == 3


@pytest.mark.parametrize("prime", [2, 5, 7, 101])
def test_what_is_found_modulo_a_small_prime_is_checked_in_integers(prime, monkeypatch):
    monkeypatch.setattr(lines, "PRIME", prime)
    for X, y in random_grids(25):
        instance = Instance(X=X, y=y)
        assert holds(instance) <= brute_force(instance)


def test_lines_along_an_axis_are_found_among_many_points(monkeypatch):
    monkeypatch.setattr(lines, "FEW", 0)
    knots = []
    for X, y in random_grids(150):
        instance = Instance(X=X, y=y)
        knots.append(holds(instance))
        assert knots[-1] == brute_force(instance, along_axes=True)
    assert set(knots) >= {0, 1, 2, 3}


def test_lines_along_an_axis_of_text_are_lines_in_rationals(monkeypatch):
    monkeypatch.setattr(lines, "FEW", 0)
    for X, y in random_grids(30):
        tenths = rationals(X) / 10
        instance = Instance(X=tenths, y=rationals(y) / 3)
        assert holds(instance) == brute_force(instance, along_axes=True)
    # The nearest double of 1/10 is another number than 1/10.
    mixed = Instance(X=[["0.1", 0], [0.1, 1], ["0.1", 2]], y=[0, 1, 0])
    assert best_line(mixed).knots == 0
    assert best_line(Instance(X=[["0.1", 0], ["0.1", 1], ["1/10", 2]], y=[0, 1, 0])).knots == 1


def test_zeros_of_both_signs_are_one_number(monkeypatch):
    monkeypatch.setattr(lines, "FEW", 0)
    assert holds(Instance(X=[[0.0, 0.0], [-0.0, 1.0], [0.0, 2.0]], y=[0, 1, 0])) == 1
    assert holds(Instance(X=[[0.0, -0.0], [1.0, 0.0], [2.0, 0.0]], y=[0, 1, 0])) == 1


def test_the_hash_of_a_row_tells_equal_values_in_other_columns_apart(monkeypatch):
    monkeypatch.setattr(lines, "FEW", 0)
    X = np.array(list(itertools.product(range(3), repeat=4)))
    for seed in range(3):
        y = np.random.default_rng(seed).integers(0, 9, len(X))
        assert holds(Instance(X=X, y=y)) == brute_force(Instance(X=X, y=y), along_axes=True)


@pytest.mark.parametrize("N", [201, 5000, 40_000])
def test_many_points_have_the_lines_that_were_put_there(N):
    rng = np.random.default_rng(N)
    X = np.round(rng.uniform(size=(N, 3)), 6)
    X[50:60] = X[50]
    X[50:60, 1] = np.arange(10)
    y = rng.uniform(size=N)
    y[50:60] = np.arange(10) % 2
    instance = Instance(X=X, y=y)
    assert holds(instance) == 8
    assert set(best_line(instance).rows) == set(range(50, 60))


def test_equal_values_in_all_columns_need_not_be_on_a_line(monkeypatch):
    monkeypatch.setattr(lines, "FEW", 0)
    X = [[t % 4, t % 5, t % 7] for t in range(40)]
    assert best_line(Instance(X=X, y=range(40))) == lines.Line()
    assert best_line(Instance(X=[[0, 0]] * 3 + [[1, 1]] * 3, y=[0, 0, 0, 1, 1, 1])).knots == 0


def test_columns_of_different_numbers_end_the_search_at_once(monkeypatch):
    monkeypatch.setattr(lines, "_hashed", None)  # is not called
    rng = np.random.default_rng(0)
    assert best_line(Instance(X=rng.uniform(size=(1000, 4)), y=np.zeros(1000))).knots == 0


def test_of_a_long_line_the_points_at_bends_and_beside_them_are_enough(monkeypatch):
    monkeypatch.setattr(lines, "SHOWN", 8)
    rng = np.random.default_rng(0)
    for _ in range(60):
        bends = rng.choice([0, 0, 0, 1, -1], 30)
        y = np.cumsum(np.cumsum(bends))
        points = points_of(Instance(X=np.arange(30)[:, None], y=y, skip=True))
        at = lines.witnesses(points)
        few = points_of(Instance(X=at[:, None], y=y[at], skip=True)) if len(at) else None
        assert (0 if few is None else fewest_knots(few)) == fewest_knots(points)
    assert len(at) < 30
    X = np.column_stack([np.arange(3000), np.ones(3000)])
    bound = best_line(Instance(X=X, y=abs(X[:, 0] - 1500)))
    assert bound == lines.Line((1499, 1500, 1501), 1)


@pytest.mark.parametrize("skip", [True, False])
def test_no_network_has_fewer_neurons_or_parameters_than_its_lines_have_knots(skip):
    rng, tight = np.random.default_rng(0), 0
    for _ in range(60):
        K, d = int(rng.integers(0, 4)), int(rng.integers(2, 4))
        X = rng.integers(-3, 4, (30, d))
        linear = rationals(rng.integers(-2, 3, d + 1)) if skip else None
        net = from_exact(
            rng.choice([-1, 1], K), rationals(rng.integers(-2, 3, (K, d + 1))), d, linear
        )
        instance = Instance(X=X, y=net.exact(rationals(X)), skip=skip)
        knots = holds(instance)
        assert knots <= net.n_neurons(skip)
        assert knots <= net.n_parameters(False)
        tight += knots == net.n_neurons(skip) > 1
    assert tight > 5


def test_the_bound_names_the_proof_and_its_witnesses():
    X = [[t, 2 * t, 1] for t in range(6)] + [[0, 0, 0]]
    instance = Instance(X=X, y=[0, 1, 0, 1, 0, 1, 7], skip=True, bound=3.0)
    for word in ("neurons", "parameters"):
        bound = best_bound(instance, parse_objective(word), "theorem")
        assert (bound.value, bound.kind, bound.rows) == (4, "line", (0, 1, 2, 3, 4, 5))
    assert not any(b.kind for b in lower_bounds(instance, parse_objective("l1")))
    signs = best_bound(Instance(X=[[0, 1], [1, 1]], y=[-1, 2]), NEURONS, "theorem")
    assert (signs.value, signs.kind, signs.rows) == (2, "signs", (1, 0))
    one_input = best_bound(Instance(X=[[0], [1], [2]], y=[0, 1, 0]), NEURONS, "theorem")
    assert (one_input.kind, one_input.rows) == ("univariate", ())
