from fractions import Fraction
from functools import cache
from itertools import product
from math import comb

import numpy as np
import pytest
from scipy.optimize import linprog

from milpsparse.errors import Unsupported
from milpsparse.patterns import (
    count_bound,
    count_refusal,
    fit_and_cones,
    patterns,
    sampled_patterns,
)
from milpsparse.rational import rationals


def cover(n, d):
    return 2 * sum(comb(n - 1, i) for i in range(d + 1))


def moment_curve(n, d):
    """Points (t, t^2, ..., t^d): any d + 1 of the vectors (x, 1) are independent (Vandermonde)."""
    return rationals([[t**j for j in range(1, d + 1)] for t in range(-(n // 2), n - n // 2)])


def as_set(rows):
    return {tuple(row) for row in rows.tolist()}


def by_linear_programs(points):
    """Every sign vector tried: is there (w, b) with s_i (w . x_i + b) >= 1 for all i?"""
    xb = np.column_stack([np.array(points, dtype=float), np.ones(len(points))])

    def possible(signs):
        rows = -np.array(signs)[:, None] * xb
        result = linprog(np.zeros(xb.shape[1]), rows, -np.ones(len(xb)), bounds=(None, None))
        return result.status == 0

    half = {s for s in product((1, -1), repeat=len(points)) if s[0] == 1 and possible(s)}
    return {tuple(sign * s > 0 for s in signs) for signs in half for sign in (1, -1)}


@pytest.mark.parametrize(
    ("n", "d"),
    [
        *[(1, 1), (2, 1), (5, 1), (9, 1), (3, 2), (5, 2), (6, 2), (10, 2), (20, 2)],
        *[(6, 3), (9, 3), (8, 4), (7, 5), (10, 5)],
    ],
)
def test_points_in_general_position_have_covers_number_of_patterns(n, d):
    found = patterns(moment_curve(n, d))
    assert found.shape == (cover(n, d), n)
    assert len(as_set(found)) == len(found)
    assert count_bound(n, min(n, d + 1)) == cover(n, d)


@pytest.mark.parametrize(("n", "d"), [(2, 1), (3, 2), (4, 3), (4, 5), (6, 5), (7, 20), (10, 12)])
def test_with_enough_inputs_every_subset_of_points_is_a_pattern(n, d):
    points = rationals(np.random.default_rng(0).standard_normal((n, d)))
    found = patterns(points)
    assert len(as_set(found)) == len(found) == 2**n


def test_random_doubles_are_in_general_position():
    rng = np.random.default_rng(0)
    for n, d in [(7, 2), (8, 3), (6, 4)]:
        assert len(patterns(rationals(rng.uniform(-1, 1, (n, d))))) == cover(n, d)


@pytest.mark.parametrize(("d", "number"), [(1, 4), (2, 14), (3, 104), (4, 1882)])
def test_boolean_cubes_have_the_known_numbers_of_threshold_functions(d, number):
    found = patterns(rationals(list(product((0, 1), repeat=d))))
    assert len(as_set(found)) == len(found) == number


CUBE = list(product((0, 1), repeat=3))

DEGENERATE = {
    "one point": [[3, 4]],
    "equal points": [[1, 2]] * 4,
    "collinear in the plane": [[0, 0], [1, 2], [2, 4], [3, 6], [5, 10]],
    "collinear with doubles": [[0, 0], [1, 1], [1, 1], [2, 2]],
    "collinear off the origin in space": [[1, 0, 5], [2, 1, 5], [3, 2, 5], [5, 4, 5]],
    "coplanar in space": [[0, 0, 1], [1, 0, 1], [0, 1, 1], [1, 1, 1], [2, 3, 1]],
    "three on a line": [[0, 0], [1, 0], [2, 0], [0, 1], [3, 5]],
    "square and its centre": [[0, 0], [2, 0], [0, 2], [2, 2], [1, 1]],
    "two parallel lines": [[0, 0], [1, 0], [2, 0], [0, 1], [1, 1], [2, 1]],
    "pencil of lines": [[0, 0], [1, 0], [2, 0], [0, 1], [0, 2], [1, 1]],
    "constant input": [[0, 7], [1, 7], [3, 7]],
    "cube corners": CUBE[:6],
    "a face and a corner": [*CUBE[:4], CUBE[7]],
    "simplex with its centre": [[0, 0, 0], [4, 0, 0], [0, 4, 0], [0, 0, 4], [1, 1, 1]],
    "one input, repeated": [[0], [1], [1], [0], [4]],
}


@cache
def oracle(points):
    return by_linear_programs(points)


@pytest.mark.parametrize("points", DEGENERATE.values(), ids=DEGENERATE)
def test_degenerate_points_have_the_patterns_that_linear_programs_find(points):
    expected = oracle(tuple(map(tuple, points)))
    found = patterns(rationals(points))
    assert as_set(found) == expected
    assert len(found) == len(expected)


def test_small_integer_points_have_the_patterns_that_linear_programs_find():
    rng = np.random.default_rng(0)
    fewer = 0
    for _ in range(18):
        n, d = int(rng.integers(2, 6)), int(rng.integers(1, 4))
        points = rng.integers(0, 3, (n, d))
        expected = oracle(tuple(map(tuple, points.tolist())))
        assert as_set(patterns(rationals(points))) == expected
        fewer += len(expected) < cover(n, min(n - 1, d))
    assert fewer > 5


def test_nearly_collinear_points_are_told_from_collinear_ones():
    flat = rationals([[0, 0], [1, 1], [2, 2]])
    bent = flat.copy()
    bent[1, 1] += Fraction(1, 10**30)
    assert len(patterns(flat)) == 6
    assert len(patterns(bent)) == 8


def test_patterns_come_with_their_complements():
    for points in ([[0, 0], [1, 0], [2, 0], [0, 1]], list(CUBE)):
        found = as_set(patterns(rationals(points)))
        assert {tuple(not bit for bit in p) for p in found} == found
        assert (True,) * len(points) in found


def test_equal_points_are_on_one_side():
    points = [[0, 1], [2, 3], [0, 1], [5, 5], [2, 3]]
    found = patterns(rationals(points))
    assert (found[:, 0] == found[:, 2]).all()
    assert (found[:, 1] == found[:, 4]).all()
    assert len(found) == len(patterns(rationals([[0, 1], [2, 3], [5, 5]])))


def test_order_of_points_and_affine_maps_only_relabel_the_patterns():
    rng = np.random.default_rng(0)
    points = rationals(rng.integers(-2, 3, (7, 2)))
    found = as_set(patterns(points))
    order = rng.permutation(7)
    assert as_set(patterns(points[order])) == {tuple(np.array(p)[order].tolist()) for p in found}
    turned = points @ rationals([[2, 1], [-1, 3]]) / 7 + rationals([5, -11])
    assert as_set(patterns(turned)) == found


def test_enumeration_is_reproducible_and_does_not_depend_on_what_was_asked_before():
    points = rationals(CUBE)
    first = patterns(points)
    patterns(points[:5])
    assert (patterns(points) == first).all()


def test_every_neuron_has_its_pattern_among_the_enumerated():
    rng = np.random.default_rng(0)
    points = rng.integers(-3, 4, (8, 3))
    found = as_set(patterns(rationals(points)))
    seen = set()
    for u in rng.standard_normal((2000, 4)):
        seen.add(tuple((points @ u[:3] + u[3] > 0).tolist()))
    assert seen <= found
    assert len(seen) > len(found) / 2


def test_sampled_patterns_are_distinct_and_a_subset():
    rng = np.random.default_rng(0)
    for n, d in [(5, 1), (8, 2), (7, 3)]:
        X = rng.integers(-4, 5, (n, d)).astype(float)
        every = as_set(patterns(rationals(X)))
        sampled = sampled_patterns(X, 60, seed=1)
        assert sampled.shape[1] == n
        assert len(as_set(sampled)) == len(sampled) <= 60
        assert as_set(sampled) <= every
        assert len(sampled) > 3
        assert (sampled == sampled_patterns(X, 60, seed=1)).all()
        assert as_set(sampled_patterns(X, 60, seed=2)) <= every


def test_more_samples_find_all_patterns_of_few_points():
    X = np.array([[0.0], [1.0], [2.0], [5.0]])
    assert as_set(sampled_patterns(X, 500)) == as_set(patterns(rationals(X)))


def test_too_many_patterns_are_refused_with_their_number():
    with pytest.raises(Unsupported, match=r"2,048 activation patterns \(limit 1,000\)") as refusal:
        patterns(moment_curve(11, 12), limit=1000)
    assert "\n" not in str(refusal.value)
    number = cover(30, 5)
    reason = count_refusal(rationals(np.random.default_rng(0).standard_normal((30, 5))))
    assert f"{number:,}" in reason
    assert "neuron_big_m" in reason
    assert len(patterns(moment_curve(5, 2), limit=22)) == 22
    with pytest.raises(Unsupported, match="22"):
        patterns(moment_curve(5, 2), limit=21)


def test_the_number_refused_is_of_distinct_points_and_their_true_rank():
    line = rationals([[t, 2 * t, 3 * t] for t in range(40)])
    assert count_refusal(line, limit=80) is None
    assert "80" in count_refusal(line, limit=79)
    assert len(patterns(line, limit=80)) == 80
    repeated = np.concatenate([line[:3]] * 50)
    assert len(patterns(repeated, limit=6)) == 6


def test_fit_and_cones_are_the_outputs_and_the_signed_pre_activations():
    rng = np.random.default_rng(0)
    for n, d in [(1, 1), (4, 1), (5, 2), (3, 3)]:
        X = rng.integers(-2, 3, (n, d)).astype(float)
        xb = np.column_stack([X, np.ones(n)])
        found = patterns(rationals(X))
        D, P = d + 1, len(found)
        fit, cones = fit_and_cones(xb, found)
        assert fit.shape == (n, 2 * P * D)
        assert cones.shape == (2 * P * n, 2 * P * D)
        u = rng.standard_normal((2, P, D))
        outputs = np.zeros(n)
        rows = np.zeros((2, P, n))
        for s, sign in enumerate((1, -1)):
            for m in range(P):
                for i in range(n):
                    value = xb[i] @ u[s, m]
                    outputs[i] += sign * value if found[m, i] else 0.0
                    rows[s, m, i] = value if found[m, i] else -value
        np.testing.assert_allclose(fit @ u.ravel(), outputs, atol=1e-12)
        np.testing.assert_allclose(cones @ u.ravel(), rows.ravel(), atol=1e-12)


def test_within_the_cones_the_fit_is_the_network_of_the_neurons():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((6, 2))
    xb = np.column_stack([X, np.ones(6)])
    found = patterns(rationals(X))
    index = {tuple(p): m for m, p in enumerate(found.tolist())}
    u = np.zeros((2, len(found), 3))
    outputs = np.zeros(6)
    for s, sign in ((0, 1), (1, -1), (0, 1)):
        neuron = rng.standard_normal(3)
        u[s, index[tuple((xb @ neuron > 0).tolist())]] += neuron
        outputs += sign * np.maximum(xb @ neuron, 0)
    fit, cones = fit_and_cones(xb, found)
    np.testing.assert_allclose(fit @ u.ravel(), outputs, atol=1e-12)
    assert (cones @ u.ravel()).min() >= 0
