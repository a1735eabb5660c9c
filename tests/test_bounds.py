from fractions import Fraction
from itertools import accumulate, pairwise

import numpy as np
import pytest
from scipy.optimize import linprog

from milpsparse import instance as instances
from milpsparse.bounds import best_bound, lower_bounds
from milpsparse.errors import BadInstance
from milpsparse.instance import Instance
from milpsparse.network import from_exact
from milpsparse.objective import parse_objective
from milpsparse.rational import rationals
from milpsparse.theory.matching import knots_needed
from milpsparse.theory.points import points_of

WORDS = ("neurons", "parameters", "l1", "lp:0.5", "group_l2")
FLAGS = [(skip, count) for skip in (True, False) for count in (True, False)]


def best(instance, word="neurons", evidence="theorem"):
    found = best_bound(instance, parse_objective(word), evidence)
    return None if found is None else found.value


def curvatures(instance):
    return points_of(instance).exact_curvatures


def on_a_line(x, y, **fields):
    return Instance(X=[[v] for v in x], y=list(y), **{"skip": True, **fields})


def fewest_knots(x, y):
    """The fewest knots of an interpolant, by a program over the slopes it can have.

    A slope matters only by its place among the chords' slopes: region 2 j + 1 is the j-th of them,
    even regions are the gaps between. Inside an interval one knot takes a slope on one side of the
    chord's to any on the other side, two knots take any slope to any; a knot on a point turns any
    slope into any.
    """
    chords = [(b - a) / (t - s) for (s, a), (t, b) in pairwise(sorted(zip(x, y, strict=True)))]
    place = {slope: 2 * j + 1 for j, slope in enumerate(sorted(set(chords)))}
    regions = range(2 * len(place) + 1)
    cost = dict.fromkeys(regions, 0)
    for chord in chords:
        m, anyhow = place[chord], min(cost.values())
        leaving = {r: min(cost[r], anyhow + 1) for r in regions}
        below = min(leaving[r] for r in regions if r < m)
        above = min(leaving[r] for r in regions if r > m)
        cost = {
            r: min(anyhow + 2, leaving[m] if r == m else (below if r > m else above) + 1)
            for r in regions
        }
        cost[m] = min(cost[m], min(leaving.values()) + 2)
    return min(cost.values()) if chords else 0


def random_lines(n, height=3, most=10):
    rng = np.random.default_rng(0)
    for _ in range(n):
        N = int(rng.integers(1, most))
        x = sorted(rng.choice(14, N, replace=False).tolist())
        y = rng.integers(0, height, N).tolist()
        yield [Fraction(v) for v in x], [Fraction(v) for v in y]


def test_the_oracle_knows_the_smallest_cases():
    assert fewest_knots([Fraction(0)], [Fraction(5)]) == 0
    line = [Fraction(v) for v in range(6)]
    assert fewest_knots(line, line) == 0
    assert fewest_knots(line[:3], [Fraction(0), Fraction(1), Fraction(0)]) == 1
    assert fewest_knots(line[:4], [Fraction(v) for v in (0, 0, 1, 3)]) == 1
    assert fewest_knots(line, [Fraction(v) for v in (0, 0, 1, 1, 0, 0)]) == 3


def test_the_run_formula_is_the_fewest_knots():
    collinear, values = 0, set()
    for height in (2, 3, 40):
        for x, y in random_lines(300, height):
            instance = on_a_line(x, y)
            fewest = fewest_knots(x, y)
            assert knots_needed(curvatures(instance)) == fewest
            assert best(instance) == fewest
            assert best(instance, "parameters") == fewest
            collinear += 0 in curvatures(instance)
            values.add(fewest)
    assert collinear > 100
    assert values >= {0, 1, 2, 3, 4, 5}


@pytest.mark.parametrize(
    ("signs", "knots"),
    [
        ([], 0),
        ([0, 0], 0),
        ([1], 1),
        ([1, 1], 1),
        ([1, 1, 1], 2),
        ([1, -1, -1, 1], 3),
        ([1, 1, 0, 1, 1], 2),
        ([1, 1, 0, 1, 1, 0, 1, 1], 3),
        ([1, 0, 1], 2),
        ([-1] * 7, 4),
        ([1, 1, 1, 1, -1, -1, -1], 4),
    ],
)
def test_a_run_of_m_curvatures_of_one_sign_needs_half_of_them_rounded_up(signs, knots):
    assert knots_needed([Fraction(s) for s in signs]) == knots
    slopes = list(accumulate(signs, initial=0))
    y = [Fraction(v) for v in accumulate(slopes, initial=0)]
    assert fewest_knots([Fraction(i) for i in range(len(y))], y) == knots


def test_curvatures_are_exact_changes_of_slope_and_zero_on_collinear_points():
    exact = on_a_line(["0.1", "0.2", "0.3"], ["0.1", "0.2", "0.3"])
    assert curvatures(exact) == [0]
    rounded = on_a_line([0.1, 0.2, 0.3], [0.1, 0.2, 0.3])
    assert curvatures(rounded) == [0]
    bent = on_a_line([0.1, 0.2, 0.3], [1.0, 2.0, 3.0])  # doubles: 0.3 is not 0.1 + 0.2
    assert curvatures(bent) != [0]
    assert curvatures(on_a_line([0, 1, 3], [0, 2, 3])) == [Fraction(1, 2) - 2]
    assert curvatures(on_a_line([5], [1])) == []


def test_the_order_of_points_and_repeated_points_change_nothing():
    rng = np.random.default_rng(0)
    for x, y in random_lines(30):
        again = [*range(len(x)), *rng.integers(0, len(x), 3).tolist()]
        order = rng.permutation(again).tolist()
        shuffled = on_a_line([x[i] for i in order], [y[i] for i in order])
        assert curvatures(shuffled) == curvatures(on_a_line(x, y))
        for word in WORDS:
            for evidence in ("theorem", "generic"):
                assert best(shuffled, word, evidence) == best(on_a_line(x, y), word, evidence)


def test_with_a_skip_connection_an_affine_change_of_labels_changes_no_count():
    for x, y in random_lines(60):
        plain = on_a_line(x, y)
        changed = on_a_line(x, [-7 * b + 3 * a - Fraction(1, 3) for a, b in zip(x, y, strict=True)])
        assert best(changed) == best(plain)
        assert best(changed, "l1") == 7 * best(plain, "l1")


def test_reversing_the_line_changes_no_bound():
    for x, y in random_lines(60):
        for skip in (True, False):
            plain, reverse = on_a_line(x, y, skip=skip), on_a_line([-v for v in x], y, skip=skip)
            assert curvatures(reverse) == curvatures(plain)[::-1]
            for word in WORDS:
                assert best(reverse, word) == best(plain, word)


def test_stretching_the_line_divides_the_slopes():
    for x, y in random_lines(60):
        plain, wide = on_a_line(x, y), on_a_line([4 * v + 1 for v in x], y)
        assert best(wide) == best(plain)
        assert best(wide, "l1") == best(plain, "l1") / 4
        assert float(best(wide, "lp:0.5")) == pytest.approx(float(best(plain, "lp:0.5")) / 2)


def test_the_l1_bound_is_the_least_variation_over_a_grid_of_knots():
    for x, y in random_lines(25, most=7):
        grid = np.arange(-1, 15, 0.5)
        t, labels = np.array([float(v) for v in x]), np.array([float(v) for v in y])
        hinges = np.maximum(t[:, None] - grid, 0)
        fit = np.column_stack([hinges, -hinges, t, np.ones_like(t)])
        cost = [1.0] * (2 * len(grid)) + [0.0] * 2
        limits = [(0, None)] * (2 * len(grid)) + [(None, None)] * 2
        least = linprog(cost, A_eq=fit, b_eq=labels, bounds=limits)
        assert float(best(on_a_line(x, y), "l1")) == pytest.approx(least.fun, abs=1e-7)


def matched(curvatures, before=()):
    """The jumps of every way to merge disjoint neighbours of one sign."""
    if not curvatures:
        yield before
        return
    yield from matched(curvatures[1:], (*before, abs(curvatures[0])))
    if len(curvatures) > 1 and curvatures[0] * curvatures[1] > 0:
        yield from matched(curvatures[2:], (*before, abs(curvatures[0] + curvatures[1])))


def test_the_lp_bound_is_the_least_cost_of_a_matching_rounded_down():
    above_l1 = 0
    for x, y in random_lines(40):
        instance = on_a_line(x, y)
        for p in (0.3, 0.5, 0.9):
            ways = matched(curvatures(instance))
            least = min(sum(float(jump) ** p for jump in jumps) for jumps in ways)
            bound = float(best(instance, f"lp:{p}"))
            assert bound <= least
            assert bound == pytest.approx(least, rel=1e-11)
            above_l1 += bound > 1.01 * float(best(instance, "l1")) ** p > 0
    assert above_l1 > 60  # the power of the l1 bound is far weaker


def test_signs_of_labels_need_neurons_of_those_signs_without_a_skip_connection():
    X = [[0, 0], [1, 0], [0, 1]]
    for y, bound in [([0, 0, 0], 0), ([0, 2, 2], 1), ([-1, 0, -2], 1), ([1, -1, 0], 2)]:
        plain = Instance(X=X, y=y)
        assert best(plain) == bound
        assert best(plain, "parameters") == bound
        assert best(Instance(X=X, y=y, count_bias=False)) == bound
        # Three points in general position are affine: with a skip connection nothing is needed.
        assert best(Instance(X=X, y=y, skip=True)) == 0


def test_free_constants_take_the_sign_bound_from_parameters():
    constant = Instance(X=[[0, 0], [1, 0]], y=[3, 3], count_bias=False)
    assert best(constant, "parameters") == 0
    assert best(constant) == 1
    varying = Instance(X=[[0, 0], [1, 0]], y=[3, -3], count_bias=False)
    assert best(varying, "parameters") == 1


def test_labels_that_are_not_affine_need_a_neuron_beside_the_skip_connection():
    X = [[0, 0], [1, 0], [0, 1], [1, 1]]
    affine = [1 + 2 * a - 3 * b for a, b in X]
    assert best(Instance(X=X, y=affine, skip=True)) == 0
    bent = [*affine[:3], affine[3] + Fraction(1, 10**30)]
    assert best(Instance(X=X, y=bent, skip=True)) == 1
    assert best(Instance(X=X, y=bent, skip=True), "parameters") == 1
    assert best(Instance(X=[[0.0], [1.0], [0.5]], y=["0.1", "0.3", "0.2"], skip=True)) == 0


@pytest.mark.parametrize(
    ("word", "skip", "count_bias", "bound"),
    [
        ("neurons", False, True, lambda N, D: -(-N // D)),
        ("neurons", True, False, lambda N, D: -(-(N - D) // D)),
        ("parameters", False, True, lambda N, D: N),
        ("parameters", True, True, lambda N, D: N - D),
        ("parameters", False, False, lambda N, D: -(-(N - 1) // 2)),
        ("parameters", True, False, lambda N, D: -(-(N - D) // 2)),
    ],
)
def test_the_generic_bound_is_the_dimension_count(word, skip, count_bias, bound):
    rng = np.random.default_rng(0)
    for N, d in [(5, 1), (9, 2), (10, 3), (4, 3)]:
        X, y = rng.standard_normal((N, d)), rng.standard_normal(N)
        instance = Instance(X=X, y=y, skip=skip, count_bias=count_bias)
        assert best(instance, word, "generic") == bound(N, d + 1)
        twice = Instance(
            X=np.vstack([X, X]), y=np.concatenate([y, y]), skip=skip, count_bias=count_bias
        )
        assert best(twice, word, "generic") == bound(N, d + 1)


@pytest.mark.parametrize("factor", [instances._ODD, np.uint64(0)])  # 0: all rows share a hash
def test_points_that_differ_are_counted_whatever_the_hash(factor, monkeypatch):
    monkeypatch.setattr(instances, "_ODD", factor)
    rng = np.random.default_rng(0)
    for N, d in [(1, 1), (200, 1), (200, 2), (200, 3)]:
        X = rng.choice([-1.5, -0.0, 0.0, 5e-324, 2.0], (N, d))
        assert Instance(X=X, y=X.sum(axis=1)).n_distinct == len(np.unique(X, axis=0))
        with pytest.raises(BadInstance, match=f"and {N + 1} have the same x and different y"):
            Instance(X=np.vstack([X, X[:1]]), y=[*X.sum(axis=1), 7.0])
    assert Instance(X=[["0.1"], [0.1], ["1/10"], [0.5]], y=[1, 2, 1, 3]).n_distinct == 3


def test_the_generic_bound_counts_the_true_dimension_of_the_inputs():
    X = [[t, 2 * t, 7] for t in range(8)]
    instance = Instance(X=X, y=[0, 1, 0, 2, 0, 3, 0, 4], skip=True, count_bias=True)
    assert best(instance, "parameters", "generic") == 8 - 2


def random_instances(n):
    """Instances with the exact network that made their labels, small and often degenerate."""
    rng = np.random.default_rng(0)
    for _ in range(n):
        N, d, K = (int(rng.integers(low, high)) for low, high in ((1, 9), (1, 4), (0, 4)))
        X = rationals(rng.integers(-3, 4, (N, d)))
        path = rationals(rng.integers(-2, 3, (K, d + 1)))
        for skip, count_bias in FLAGS:
            linear = rationals(rng.integers(-2, 3, d + 1)) if skip else None
            net = from_exact(rng.choice([-1, 1], K), path, d, linear)
            y = net.exact(X)
            yield Instance(X=X, y=y, skip=skip, count_bias=count_bias), net


def test_no_network_through_the_data_is_below_a_theorem():
    below_generic = tight = 0
    for instance, net in random_instances(150):
        assert (net.exact(instance.X_exact) == instance.y_exact).all()
        for word in WORDS:
            objective = parse_objective(word)
            value = net.value(objective, skip=instance.skip, count_bias=instance.count_bias)
            for bound in lower_bounds(instance, objective):
                if bound.evidence == "theorem":
                    assert bound.value <= value * (1 + 1e-12)
                    tight += bound.value == value > 0
                else:
                    below_generic += value < bound.value
    assert tight > 100
    assert below_generic > 100  # the dimension count proves nothing about labels at hand


def test_every_bound_says_what_it_rests_on_and_only_theorems_are_theorems():
    for instance, _ in random_instances(20):
        for word in WORDS:
            found = lower_bounds(instance, parse_objective(word))
            assert {b.evidence for b in found} <= {"theorem", "generic"}
            assert all(b.why and isinstance(b.value, Fraction) and b.value >= 0 for b in found)
            generic = [b for b in found if b.evidence == "generic"]
            assert len(generic) == (word in ("neurons", "parameters"))
            assert all("almost every" in b.why for b in generic)
            top = best_bound(instance, parse_objective(word), "theorem")
            assert top.value == max(b.value for b in found if b.evidence == "theorem")
            assert best_bound(instance, parse_objective(word), "proof") is None


def test_the_generic_bound_is_not_among_the_theorems_where_it_is_false():
    x = np.arange(-10, 10)
    instance = Instance(X=x[:, None], y=np.maximum(x, 0))  # one neuron, one parameter
    assert best(instance, "parameters") == 1
    assert best(instance, "parameters", "generic") == 20


def test_bounds_do_not_depend_on_the_bound_of_the_weights():
    for instance, _ in random_instances(10):
        for word in WORDS:
            objective = parse_objective(word)
            tight = instance.replace(bound=1e-6, count_bias=instance.count_bias)
            assert lower_bounds(tight, objective) == lower_bounds(instance, objective)


def test_peak_and_plateau_needs_three_knots_and_variation_four():
    instance = on_a_line(range(-2, 4), [0, 0, 1, 1, 0, 0])
    assert curvatures(instance) == [1, -1, -1, 1]
    assert best(instance) == 3
    assert best(instance, "parameters") == 3
    assert best(instance, "l1") == 4
    assert float(best(instance, "lp:0.5")) == pytest.approx(2 + 2**0.5)


def test_no_network_of_one_input_is_below_the_lp_bound_with_or_without_skip():
    rng, tight = np.random.default_rng(3), 0
    for _ in range(300):
        K, N = rng.integers(1, 4), rng.integers(2, 8)
        path = rng.integers(-4, 5, (K, 2))
        skip = [int(v) for v in rng.integers(-3, 4, 2)] if rng.random() < 0.5 else None
        net = from_exact(rng.choice([-1, 1], K), path, 1, skip)
        X = rng.choice(np.arange(-6, 7), N, replace=False)[:, None]
        instance = Instance(X=X, y=net.exact(rationals(X)), skip=skip is not None)
        for text in ("l1", "lp:0.3", "lp:0.8"):
            objective = parse_objective(text)
            bound = best_bound(instance, objective, "theorem").value
            assert float(bound) <= instance.value(net, objective) + 1e-9
            tight += bool(bound) and instance.value(net, objective) < float(bound) + 1e-9
    assert tight > 20
