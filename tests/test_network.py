import json
import math
import re
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from milpsparse.errors import BadInput, Unsupported
from milpsparse.network import (
    Network,
    Skip,
    from_exact,
    from_json,
    from_layers,
    relu,
    with_doubles,
)
from milpsparse.objective import parse_objective
from milpsparse.rational import rationals
from milpsparse.rewrite import MAX_COPIES, drop_zeros, merge, rebalance, split

ROUNDING = 1e-12  # relative; sums of a few products of doubles


def fractions(rng, shape, zeros=0.0):
    values = rationals(rng.integers(-12, 13, shape)) / rng.integers(1, 8, shape).astype(object)
    return np.where(rng.random(shape) < zeros, Fraction(0), values)


def random_network(rng, K, d, skip, zeros=0.3):
    """An exact network with its doubles, some entries zero."""
    path = fractions(rng, (K, d + 1), zeros)
    return from_exact(rng.choice([-1, 1], K), path, d, fractions(rng, d + 1) if skip else None)


def random_networks(n=30):
    rng = np.random.default_rng(0)
    for _ in range(n):
        d = int(rng.integers(1, 4))
        net = random_network(rng, int(rng.integers(1, 7)), d, bool(rng.integers(2)))
        yield net, fractions(rng, (int(rng.integers(1, 8)), d)), rng


def naive(net, x):
    """f(x) by the definition, one Fraction at a time."""
    total = Fraction(0)
    for sign, w, b in zip(net.signs, net.weights, net.biases, strict=True):
        inside = sum((wj * xj for wj, xj in zip(w, x, strict=True)), start=b)
        total += int(sign) * max(inside, Fraction(0))
    if net.skip is not None:
        pairs = zip(net.skip.weights, x, strict=True)
        total += sum((aj * xj for aj, xj in pairs), start=net.skip.bias)
    return total


def norms(net):
    return [
        net.n_neurons(skip=False),
        net.n_neurons(skip=True),
        *(net.n_parameters(count) for count in (True, False)),
        *(net.path_norm(p, count) for p in (1.0, 0.5, 0.1) for count in (True, False)),
        *(net.group_norm(count) for count in (True, False)),
    ]


def assert_not_larger(after, before):
    for new, old in zip(norms(after), norms(before), strict=True):
        assert new <= old * (1 + ROUNDING)


def example():
    """relu(x + 1) - relu(2 x - 1) + relu(x - 2)."""
    return Network(
        np.array([1, -1, 1]), np.array([[1.0], [2.0], [1.0]]), np.array([1.0, -1.0, -2.0])
    )


def test_relu_is_the_larger_of_zero_and_the_value_for_doubles_and_fractions():
    values = np.array([-1.5, 0.0, 2.0])
    assert relu(values).tolist() == [0.0, 0.0, 2.0]
    assert relu(rationals(values)).tolist() == [0, 0, 2]
    assert all(isinstance(v, Fraction) for v in relu(rationals(values)))


def test_an_exact_network_evaluates_without_rounding():
    for net, X, _ in random_networks():
        assert net.exact(X).tolist() == [naive(net.exact, x) for x in X]


def test_doubles_evaluate_to_the_exact_outputs_up_to_rounding():
    for net, X, _ in random_networks():
        exact = net.exact(X).astype(float)
        np.testing.assert_allclose(net(X.astype(float)), exact, rtol=1e-9, atol=1e-9)


def test_the_doubles_of_an_exact_network_are_the_nearest_ones():
    net = from_exact([1], [[Fraction(1, 3), Fraction(1, 10)]], 1, [Fraction(2, 7), Fraction(1, 9)])
    assert (net.weights[0, 0], net.biases[0]) == (1 / 3, 0.1)
    assert (net.skip.weights[0], net.skip.bias) == (2 / 7, 1 / 9)
    assert net.exact.weights[0, 0] == Fraction(1, 3)
    assert net.best is net.exact
    assert example().best.exact is None


def test_path_parameters_give_the_function_of_the_layers():
    rng = np.random.default_rng(0)
    v, W, b = rng.standard_normal(6), rng.standard_normal((6, 3)), rng.standard_normal(6)
    v[2] = 0.0
    X = rng.standard_normal((20, 3))
    skip = Skip(rng.standard_normal(3), 0.5)
    direct = np.maximum(X @ W.T + b, 0) @ v + X @ skip.weights + 0.5
    net = from_layers(v, W, b, skip)
    np.testing.assert_allclose(net(X), direct, rtol=1e-9, atol=1e-12)
    assert net.n_neurons(skip=False) == 5
    assert set(net.signs.tolist()) <= {1, -1}


def test_rescaling_layers_changes_no_path_parameter():
    v, W, b = [2.0, -4.0], [[1.0, 3.0], [0.5, -2.0]], [1.0, 0.25]
    one = from_layers(v, W, b)
    other = from_layers([1.0, -0.5], [[2.0, 6.0], [4.0, -16.0]], [2.0, 2.0])
    assert (one.path == other.path).all()
    assert (one.signs == other.signs).all()


def test_a_network_without_neurons_is_zero_or_its_skip_connection():
    none = from_exact([], [], 2)
    assert none(np.ones((3, 2))).tolist() == [0, 0, 0]
    assert none.exact(rationals(np.ones((3, 2)))).tolist() == [0, 0, 0]
    assert norms(none) == [0] * len(norms(none))
    assert none.largest == 0
    assert none.formula() == "f(x) = 0"
    affine = from_exact([], [], 2, [1, -2, Fraction(1, 2)])
    assert affine.exact(rationals([[3, 1]])).tolist() == [Fraction(3, 2)]
    for rewritten in (
        merge(none, rationals(np.ones((3, 2)))),
        split(none, 1),
        drop_zeros(none, True),
    ):
        assert rewritten.weights.shape == (0, 2)


def test_counts_are_those_of_the_nonzero_entries():
    for net, _, _ in random_networks():
        rows = [(list(w), b) for w, b in zip(net.exact.weights, net.exact.biases, strict=True)]
        assert net.n_neurons(skip=False) == sum(any(w) or b != 0 for w, b in rows)
        assert net.n_neurons(skip=True) == sum(any(w) for w, _ in rows)
        weights = sum(v != 0 for w, _ in rows for v in w)
        assert net.n_parameters(count_bias=False) == weights
        assert net.n_parameters(count_bias=True) == weights + sum(b != 0 for _, b in rows)


def test_a_constant_neuron_counts_only_without_a_skip_connection():
    net = Network(np.array([1, -1]), np.array([[0.0, 0.0], [0.0, 2.0]]), np.array([3.0, 0.0]))
    assert net.n_neurons(skip=False) == 2
    assert net.n_neurons(skip=True) == 1
    assert net.n_parameters(count_bias=True) == 2
    assert net.n_parameters(count_bias=False) == 1


def test_counts_are_of_the_exact_network_where_doubles_underflow():
    net = from_exact([1], [[Fraction(1, 10**400), Fraction(0)]], 1)
    assert net.weights[0, 0] == 0.0
    assert net.n_neurons(skip=True) == net.n_parameters(count_bias=True) == 1


def test_norms_are_the_sums_of_the_definition():
    for net, _, _ in random_networks():
        for count in (True, False):
            rows = net.weights if not count else np.column_stack([net.weights, net.biases])
            for p in (1.0, 0.5, 0.25):
                total = math.fsum(abs(v) ** p for v in rows.ravel().tolist() if v != 0)
                assert net.path_norm(p, count) == pytest.approx(total, rel=ROUNDING)
            lengths = math.fsum(math.hypot(*row) for row in rows.tolist())
            assert net.group_norm(count) == pytest.approx(lengths, rel=ROUNDING)


def test_values_follow_the_objective():
    net = Network(np.array([1, -1]), np.array([[3.0], [0.0]]), np.array([-4.0, 1.0]))

    def values(skip, count_bias):
        words = "neurons parameters l1 lp:0.5 group_l2".split()
        flags = {"skip": skip, "count_bias": count_bias}
        return [net.value(parse_objective(word), **flags) for word in words]

    assert values(False, True) == pytest.approx([2, 3, 8, math.sqrt(3) + 2 + 1, 6])
    assert values(True, False) == pytest.approx([1, 1, 3, math.sqrt(3), 3])


def test_the_largest_entry_is_the_smallest_bound_that_fits():
    net = Network(np.array([1, -1]), np.array([[3.0], [0.5]]), np.array([-4.0, 1.0]))
    assert net.largest == 4.0
    assert split(net, 4.0).largest == 4.0
    assert len(split(net, 3.9).signs) == 3


def test_merging_keeps_the_outputs_on_the_data_exactly_and_lowers_counts_and_norms():
    merged_some = 0
    for net, X, _ in random_networks(60):
        merged = merge(net, X)
        assert (merged.exact(X) == net.exact(X)).all()
        assert_not_larger(merged, net)
        merged_some += len(merged.signs) < len(net.signs)
    assert merged_some > 10


def test_merging_leaves_one_neuron_for_each_sign_and_pattern():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((4, 2))
    net = Network(rng.choice([-1, 1], 40), rng.standard_normal((40, 2)), rng.standard_normal(40))
    active = net.preactivations(X) > 0
    kinds = {(int(s), tuple(a)) for s, a in zip(net.signs, active.T.tolist(), strict=True)}
    merged = merge(net, X)
    assert len(merged.signs) == len(kinds) < 40
    np.testing.assert_allclose(merged(X), net(X), rtol=1e-9, atol=1e-12)


def test_a_neuron_that_vanishes_on_a_point_merges_with_either_side():
    X = rationals([[-1], [0], [1]])
    up, through_zero, down = [1, 1], [1, 0], [Fraction(1, 2), Fraction(-1, 4)]
    for other in (up, down):
        net = from_exact([1, 1], [through_zero, other], 1)
        assert len(merge(net, X).signs) == 1
        assert (merge(net, X).exact(X) == net.exact(X)).all()
    # Each alone would do, but not both at once: they differ on the point 0.
    net = from_exact([1, 1, 1], [through_zero, up, down], 1)
    assert len(merge(net, X).signs) == 2
    assert (merge(net, X).exact(X) == net.exact(X)).all()


def test_neurons_of_opposite_signs_are_not_merged():
    net = from_exact([1, -1], [[1, 2], [1, 3]], 1)
    assert len(merge(net, rationals([[1], [2]])).signs) == 2


def test_merging_sees_pre_activations_that_doubles_round_to_zero():
    tiny = Fraction(1, 10**400)
    X = rationals([[0], [1]])
    net = from_exact([1, 1], [[1, tiny], [1, -tiny]], 1)
    assert (merge(net, X).exact(X) == net.exact(X)).all()
    assert len(merge(net, X).signs) == 2


def test_merging_within_a_bound_keeps_the_bound_and_the_outputs():
    bound, stopped = Fraction(12), 0
    for net, X, _ in random_networks(60):
        assert net.exact.largest <= bound
        merged = merge(net, X, bound)
        assert merged.exact.largest <= bound
        assert (merged.exact(X) == net.exact(X)).all()
        assert_not_larger(merged, net)
        stopped += len(merged.signs) > len(merge(net, X).signs)
    assert stopped > 0


def test_a_merge_that_just_fits_the_bound_is_made_and_one_above_is_not():
    X = rationals([[1], [2]])
    net = from_exact([1, 1], [[2, 0], [3, 1]], 1)
    assert len(merge(net, X, Fraction(5)).signs) == 1
    assert len(merge(net, X, Fraction(5) - Fraction(1, 10**30)).signs) == 2


def test_split_networks_fit_the_bound_with_the_fewest_copies():
    for net, X, _ in random_networks():
        for bound in (Fraction(5, 3), Fraction(1, 3), Fraction(100)):
            parts = split(net, bound)
            assert parts.exact.largest <= bound
            assert (parts.exact(X) == net.exact(X)).all()
            sizes = [max(abs(v) for v in u) for u in net.exact.path.tolist()]
            assert len(parts.signs) == sum(max(1, math.ceil(s / bound)) for s in sizes)
            for norm, count in ((1.0, True), (1.0, False)):
                assert parts.path_norm(norm, count) == pytest.approx(net.path_norm(norm, count))
            assert parts.group_norm(True) == pytest.approx(net.group_norm(True))


def test_an_exact_network_fits_a_bound_given_as_a_double_too():
    net = from_exact([1], [[Fraction(0.9), Fraction(0)]], 1)  # 0.9 / 0.3 rounds down to 3
    assert split(net, 0.3).exact.largest <= Fraction(0.3)


def test_merging_the_copies_gives_the_network_back():
    rng = np.random.default_rng(0)
    for _ in range(20):
        X = fractions(rng, (6, 2))
        net = merge(random_network(rng, 4, 2, skip=True, zeros=0.0), X + Fraction(1, 1009))
        X = X + Fraction(1, 1009)  # no pre-activation is zero, so that merging has one outcome
        back = merge(split(net, Fraction(1, 3)), X)
        assert (back.exact.path == net.exact.path).all()
        assert (back.signs == net.signs).all()
        assert back.exact.skip.bias == net.exact.skip.bias


def test_no_bound_splits_nothing_and_an_absurd_one_is_refused():
    net = example()
    assert split(net, None) is net
    with pytest.raises(Unsupported, match="neurons"):
        split(net, 1.0 / MAX_COPIES)


def test_rebalanced_layers_keep_the_function_and_reach_the_group_norm():
    for net, X, rng in random_networks():
        v, W, b = rebalance(net)
        points = X.astype(float)
        again = from_layers(v, W, b, net.skip)
        np.testing.assert_allclose(again(points), net(points), rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(again.path, net.path, rtol=1e-9, atol=1e-12)
        decay = 0.5 * (v**2 + (W**2).sum(axis=1) + b**2)
        assert decay.sum() == pytest.approx(net.group_norm(True))
        np.testing.assert_allclose(abs(v), np.linalg.norm(np.column_stack([W, b]), axis=1))
        scale = rng.uniform(0.2, 5.0, len(v))  # any other layers of the function decay more
        other = 0.5 * ((v / scale) ** 2 + scale**2 * ((W**2).sum(axis=1) + b**2))
        assert (other >= decay * (1 - ROUNDING)).all()


def test_dropping_zeros_keeps_the_function_everywhere_and_leaves_counted_neurons():
    for net, X, _ in random_networks(60):
        for skip in {net.skip is not None, True}:
            lean = drop_zeros(net, skip)
            assert (lean.exact(X) == net.exact(X)).all()
            assert len(lean.signs) == net.n_neurons(skip) == lean.n_neurons(skip)
            assert lean.n_parameters(False) == net.n_parameters(False)


def test_constant_neurons_become_part_of_the_skip_connection():
    signs, path = [1, -1, 1, 1], [[0, 3], [0, 5], [0, -7], [2, 1]]
    lean = drop_zeros(from_exact(signs, path, 1, [Fraction(1, 3), Fraction(1, 2)]), skip=True)
    assert lean.exact.path.tolist() == [[2, 1]]
    assert lean.exact.skip.weights.tolist() == [Fraction(1, 3)]
    assert lean.exact.skip.bias == Fraction(1, 2) + 3 - 5
    assert drop_zeros(from_exact(signs, path, 1), skip=True).exact.skip.bias == -2
    assert drop_zeros(from_exact([1], [[2, 1]], 1), skip=True).skip is None
    kept = drop_zeros(from_exact(signs, path, 1), skip=False)
    assert kept.exact.path.tolist() == path
    assert kept.skip is None


def test_knots_are_where_the_slope_changes_and_by_how_much():
    rng = np.random.default_rng(0)
    for _ in range(30):
        net = random_network(rng, 5, 1, skip=bool(rng.integers(2)))
        knots = net.knots()
        assert [t for t, _ in knots] == sorted(t for t, _ in knots)
        places = sorted(
            {-b / w for w, b in zip(net.exact.weights[:, 0], net.exact.biases, strict=True) if w}
        )
        step = min([b - a for a, b in pairwise(places)], default=Fraction(1)) / 2
        changes = {}
        for t in places:
            left, at, right = net.exact(np.array([[t - step], [t], [t + step]], dtype=object))
            if (right - at) / step != (at - left) / step:
                changes[float(t)] = float((right - at) / step - (at - left) / step)
        assert knots == sorted(changes.items())


def test_jumps_that_cancel_make_no_knot():
    assert example().knots() == [(-1.0, 1.0), (0.5, -2.0), (2.0, 1.0)]
    assert from_exact([1, -1], [[2, 1], [-2, -1]], 1).knots() == []  # relu(t) - relu(-t) = t
    assert from_exact([1, 1], [[1, Fraction(-1, 3)], [-3, 1]], 1).knots() == [(1 / 3, 4.0)]
    assert from_exact([1], [[0, 1]], 1).knots() == []


def test_knots_need_one_input():
    with pytest.raises(BadInput, match="one input"):
        from_exact([1], [[1, 2, 3]], 2).knots()


@pytest.mark.parametrize(
    ("net", "text"),
    [
        (example(), "f(x) = relu(x + 1) - relu(2 x - 1) + relu(x - 2)"),
        (from_exact([-1], [[-1, 0]], 1), "f(x) = -relu(-x)"),
        (from_exact([1], [[2, 0, -1, Fraction(1, 2)]], 3), "f(x) = relu(2 x1 - x3 + 0.5)"),
        (from_exact([1], [[1, 0]], 1, [-2, 1]), "f(x) = relu(x) - 2 x + 1"),
        (from_exact([-1], [[1, 0]], 1, [0, 0]), "f(x) = -relu(x)"),
        (from_exact([], [], 1, [0, 0]), "f(x) = 0"),
        (from_exact([], [], 2, [0, 1, -3]), "f(x) = x2 - 3"),
        (from_exact([], [], 1, [-1, 0]), "f(x) = -x"),
        (from_exact([1], [[Fraction(1, 3), 0]], 1), "f(x) = relu(0.3333 x)"),
    ],
)
def test_formulas_read_as_they_would_be_written(net, text):
    assert net.formula() == text


def test_a_formula_is_the_function():
    for net, X, _ in random_networks():
        d = X.shape[1]
        names = ["x"] if d == 1 else [f"x{j + 1}" for j in range(d)]
        body = net.formula(digits=17).removeprefix("f(x) = ")
        code = re.sub(r"([0-9]) x", r"\1 * x", body)
        for x, expected in zip(X.astype(float), net(X.astype(float)), strict=True):
            scope = {"relu": lambda t: max(t, 0.0), **dict(zip(names, x.tolist(), strict=True))}
            assert eval(code, scope) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_json_gives_the_same_network_back():
    for net, _, _ in random_networks():
        back = from_json(json.loads(json.dumps(net.to_json())), net.weights.shape[1])
        for one, other in ((back, net), (back.exact, net.exact)):
            assert (one.signs == other.signs).all()
            assert (one.path == other.path).all()
            assert (one.skip is None) == (other.skip is None)
            if one.skip is not None:
                assert (one.skip.weights == other.skip.weights).all()
                assert one.skip.bias == other.skip.bias


def test_json_of_doubles_keeps_every_bit_and_says_that_nothing_is_exact():
    rng = np.random.default_rng(0)
    net = Network(np.array([1, -1]), rng.standard_normal((2, 3)), rng.standard_normal(2))
    data = net.to_json()
    assert data["exact"] is None
    back = from_json(json.loads(json.dumps(data)), 3)
    assert back.exact is None
    assert back.path.tobytes() == net.path.tobytes()


def test_exact_values_of_any_length_survive_json():
    long = Fraction(10**2000 + 1, 10**2000 + 3)
    net = from_exact([1], [[long, Fraction(1, 3)]], 1)
    back = from_json(json.loads(json.dumps(net.to_json())), 1)
    assert back.exact.weights[0, 0] == long


def test_doubles_in_json_that_are_not_those_of_the_exact_network_are_refused():
    data = from_exact([1], [[Fraction(1, 3), 0]], 1).to_json()
    assert from_json(data, 1).weights.tolist() == [[1 / 3]]
    data["weights"] = [[5.0]]
    with pytest.raises(ValueError, match="another one"):
        from_json(data, 1)


GOOD = {"signs": [1], "weights": [[1.0, 2.0]], "biases": [0.5], "skip": None, "exact": None}
EXACT = {"signs": [1], "weights": [["1/3", "2"]], "biases": ["0"], "skip": None}


@pytest.mark.parametrize(
    "data",
    [
        [],
        "network",
        {},
        {**GOOD, "signs": [0]},
        {**GOOD, "signs": [2]},
        {**GOOD, "signs": [1, -1]},
        {**GOOD, "signs": [math.inf]},
        {**GOOD, "signs": None},
        {**GOOD, "weights": [[1.0]]},
        {**GOOD, "weights": [[1.0, 2.0], [3.0, 4.0]]},
        {**GOOD, "weights": [1.0]},
        {**GOOD, "weights": [[1.0, "x"]]},
        {**GOOD, "weights": [[1.0, None]]},
        {**GOOD, "weights": [[1.0, 10**400]]},
        {**GOOD, "biases": []},
        {**GOOD, "biases": None},
        {**GOOD, "skip": {"weights": [1.0, 2.0]}},
        {**GOOD, "skip": {"weights": [1.0], "bias": 0.0}},
        {**GOOD, "skip": {"weights": [1.0, 2.0, 3.0], "bias": 0.0}},
        {**GOOD, "skip": "no"},
        {key: GOOD[key] for key in ("signs", "weights", "biases")},
        {**GOOD, "exact": []},
        {**GOOD, "exact": True},
        {**GOOD, "exact": {**EXACT, "weights": [["1/0", "2"]]}},
        {**GOOD, "exact": {**EXACT, "weights": [["nan", "2"]]}},
        {**GOOD, "exact": {**EXACT, "weights": [[1, 2]]}},
        {**GOOD, "exact": {**EXACT, "weights": [["1/3"]]}},
        {**GOOD, "exact": {**EXACT, "weights": [["1" + "0" * 400, "2"]]}},
        {**GOOD, "exact": {**EXACT, "signs": [1, 1]}},
    ],
)
def test_json_that_holds_no_network_is_refused(data):
    with pytest.raises((ValueError, KeyError, TypeError)):
        from_json(data, 2)


def test_what_the_refusals_start_from_is_accepted():
    assert from_json(GOOD, 2).largest == 2.0
    doubles = {"weights": [[1 / 3, 2.0]], "biases": [0.0]}
    assert from_json({**GOOD, **doubles, "exact": EXACT}, 2).exact.weights[0, 0] == Fraction(1, 3)


def test_rewriting_an_exact_network_leaves_an_exact_network():
    for net, X, _ in random_networks(10):
        for rewritten in (merge(net, X), split(net, Fraction(1)), drop_zeros(net, True)):
            assert rewritten.exact is not None
            assert (rewritten.path == with_doubles(rewritten.exact).path).all()


def test_rewriting_doubles_keeps_their_outputs_up_to_rounding():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((6, 2))
    net = Network(rng.choice([-1, 1], 9), rng.standard_normal((9, 2)), rng.standard_normal(9))
    for rewritten in (merge(net, X), merge(net, X, 2.0), split(net, 0.3), drop_zeros(net, False)):
        assert rewritten.exact is None
        np.testing.assert_allclose(rewritten(X), net(X), rtol=1e-9, atol=1e-12)
    assert split(net, 0.3).largest <= 0.3
