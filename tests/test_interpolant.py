"""Interpolants of matchings: exact, worth what their written networks are, near their doubles."""

import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from milpsparse import network as networks
from milpsparse.instance import Instance
from milpsparse.network import Network, Skip, from_exact
from milpsparse.theory import points as points_module
from milpsparse.theory import univariate
from milpsparse.theory.interpolant import Interpolant
from milpsparse.theory.points import points_of

PATHS = pytest.mark.parametrize("small", [points_module.SMALL, 0], ids=["rational", "compiled"])


def make(x, y):
    return Instance(X=[[v] for v in x], y=list(y), skip=True)


def data_sets(n, most=10):
    """Integer data, half of them with long runs and with points on both sides of 0."""
    rng = np.random.default_rng(0)
    for i in range(n):
        N = int(rng.integers(2, most))
        x = np.cumsum(rng.integers(1, 4, N)) - int(rng.integers(0, 12))
        y = rng.integers(0, 4, N)
        if i % 2:
            slopes = np.cumsum(rng.choice([-1, 0, 1, 1, 1, 2], N))
            y[1:] = np.cumsum(slopes[:-1] * np.diff(x)) + y[0]
        yield x.tolist(), y.tolist()


def interpolants(points):
    """All minimisers at p = 1/2, and one with the fewest knots."""
    for paired in [*univariate.least_pairings(points, 0.5), univariate.fewest_pairs(points)]:
        yield Interpolant(points, paired)


def written(found):
    """The same function as a plain network of Fractions."""
    skip = [*found.skip.weights.tolist(), found.skip.bias]
    return from_exact(found.signs, found.path, 1, skip=skip).exact


def many(seed=0, N=300):
    """Random data, with a knot shared by two points somewhere."""
    rng = np.random.default_rng(seed)
    return Instance(X=np.sort(rng.uniform(-1, 1, N))[:, None], y=rng.standard_normal(N), skip=True)


def of_many(seed=0, N=300):
    points = points_of(many(seed, N))
    return Interpolant(points, univariate.least_cost(points, 0.4).paired)


@PATHS
def test_every_matching_passes_through_all_points_exactly(small, monkeypatch):
    monkeypatch.setattr(points_module, "SMALL", small)
    pairs = 0
    for x, y in data_sets(150):
        instance = make(x, y)
        for found in interpolants(points_of(instance)):
            assert found.is_sound
            assert (written(found)(instance.X_exact) == instance.y_exact).all()
            assert len(found.signs) == found.n_neurons(skip=True)
            pairs += np.count_nonzero(found.paired)
    assert pairs > 200


@PATHS
def test_doubles_and_spelled_numbers_are_met_exactly_too(small, monkeypatch):
    monkeypatch.setattr(points_module, "SMALL", small)
    rng = np.random.default_rng(1)
    text = sorted({f"{v:.2f}" for v in rng.uniform(-2, 2, 30)}, key=float)
    labels = [str(Fraction(int(v), 7)) for v in rng.integers(0, 9, len(text))]
    for instance in (make(text, labels), make(rng.uniform(-1, 1, 40), rng.uniform(-1, 1, 40))):
        for found in interpolants(points_of(instance)):
            assert (written(found)(instance.X_exact) == instance.y_exact).all()


def test_one_point_is_met_by_a_constant():
    instance = make([3], ["1/3"])
    found = Interpolant(points_of(instance), np.zeros(1, dtype=bool))
    assert found.is_sound
    assert (found.n_neurons(True), found.largest, found.path_norm(0.5, False)) == (0, 0, 0)
    assert (written(found)(instance.X_exact) == instance.y_exact).all()


@PATHS
def test_counts_and_norms_are_those_of_the_written_network(small, monkeypatch):
    monkeypatch.setattr(points_module, "SMALL", small)
    at_zero = 0
    for x, y in data_sets(150):
        for found in interpolants(points_of(make(x, y))):
            plain = written(found)
            assert found.n_neurons(True) == plain.n_neurons(True)
            assert found.largest == plain.largest
            assert found.network().best is found
            for count_bias in (True, False):
                assert found.n_parameters(count_bias) == plain.n_parameters(count_bias)
                assert found.group_norm(count_bias) == pytest.approx(plain.group_norm(count_bias))
                for p in (0.3, 0.5, 1.0):
                    norm = plain.path_norm(p, count_bias)
                    assert found.path_norm(p, count_bias) == pytest.approx(norm, rel=1e-11)
            at_zero += 0 in plain.biases
    assert at_zero > 20


@PATHS
@pytest.mark.parametrize(
    ("x", "pair"), [([-2, -1, 0, 1, 2], [2]), ([-3, -2, -1, 1, 2], [3]), ([-2, -1, 1, 2, 3], [2])]
)
def test_a_knot_at_zero_has_no_bias_to_count(x, pair, small, monkeypatch):
    monkeypatch.setattr(points_module, "SMALL", small)
    slopes = [1, 2, 3, 4]
    y = np.cumsum([0, *(s * (b - a) for s, a, b in zip(slopes, x, x[1:], strict=False))]).tolist()
    points = points_of(make(x, y))
    for pairs in ([], pair):
        paired = np.zeros(5, dtype=bool)
        paired[pairs] = True
        found = Interpolant(points, paired)
        plain = written(found)
        zeros = int(np.count_nonzero(plain.biases == 0))
        assert zeros == int(bool(pairs) if 0 not in x else not pairs)
        assert found.n_parameters(True) == 2 * len(plain.signs) - zeros == plain.n_parameters(True)


def test_the_largest_entry_is_found_where_doubles_lose_the_place_of_a_knot(monkeypatch):
    s = 2.0**55  # two knots: one at 0 but for rounding, and one whose bias is the larger
    x = [-3 * s, -s, s, 3 * s, 5 * s]
    y = [1.080863910568921e17, 3.602879701896409e16, 0.0, 0.0, 58.0]
    data = np.array(x)[:, None], np.array(y)
    paired = np.array([False, False, True, False, False])
    exact = Interpolant(points_of(Instance(X=data[0], y=data[1], skip=True)), paired)
    assert exact.largest == written(exact).largest
    monkeypatch.setattr(points_module, "SMALL", 0)
    fast = Interpolant(points_of(Instance(X=data[0], y=data[1], skip=True)), paired)
    assert fast.largest == written(fast).largest


@PATHS
def test_unsound_pairs_are_told(small, monkeypatch):
    monkeypatch.setattr(points_module, "SMALL", small)
    c = [1, 1, 1, 0, 2, -1, -1]
    y = np.cumsum(np.cumsum([0, 0, *c])).tolist()
    points = points_of(make(range(len(y)), y))  # curvature c[j - 1] at point j
    for at in ([], [2], [3], [7], [2, 7], [3, 7]):
        paired = np.zeros(9, dtype=bool)
        paired[at] = True
        assert Interpolant(points, paired).is_sound
    #          overlap  collinear  opposite  ends
    for at in ([2, 3], [4], [5], [6], [1], [0], [8], [2, 8], [6, 7]):
        paired = np.zeros(9, dtype=bool)
        paired[at] = True
        assert not Interpolant(points, paired).is_sound, at
    for size in (0, 8, 10):
        assert not Interpolant(points, np.zeros(size, dtype=bool)).is_sound


@PATHS
def test_doubles_are_the_exact_numbers_but_for_rounding(small, monkeypatch):
    monkeypatch.setattr(points_module, "SMALL", small)
    for seed in range(3):
        found = of_many(seed)
        doubles, plain = found.network(), written(found)
        assert doubles.signs.tolist() == plain.signs.tolist()
        assert doubles.exact is found
        slack = 0 if small else 2.0**-40 + 4 * found.points.error
        for k, (a, b) in enumerate(zip(plain.weights[:, 0], plain.biases, strict=True)):
            near = Fraction(float(doubles.weights[k, 0])), Fraction(float(doubles.biases[k]))
            assert abs(near[0] - a) <= max(slack, 2.0**-53) * a
            assert abs(near[1] - b) <= max(slack, 2.0**-53) * a * 2  # |x| <= 1
        assert doubles.skip.weights[0] == float(plain.skip.weights[0])
        assert doubles.skip.bias == float(plain.skip.bias)
        assert found.is_near(doubles)


def changes(network):
    """The network with one thing changed, by what is changed."""

    def but(field, value, k):
        values = np.array(getattr(network, field))
        values[k] = value
        return replace(network, **{field: values})

    last = len(network.signs) - 1
    for k in (0, last // 2, last):
        yield "sign", but("signs", -network.signs[k], k)
        yield "weight", but("weights", network.weights[k] * (1 + 1e-6), k)
        yield "negative weight", but("weights", -network.weights[k], k)
        yield "bias", but("biases", network.biases[k] + 1e-6 * network.weights[k, 0], k)
        kept = np.arange(last + 1) != k
        parts = {f: getattr(network, f)[kept] for f in ("signs", "weights", "biases")}
        yield "dropped", replace(network, **parts)
        more = {f: np.repeat(getattr(network, f), 1 + ~kept, axis=0) for f in parts}
        yield "doubled", replace(network, **more)
    a, c = network.skip.weights, network.skip.bias
    yield "slope", replace(network, skip=Skip(a + 1.0, c))
    yield "constant", replace(network, skip=Skip(a, c + 1.0))
    yield "no skip connection", replace(network, skip=None)
    none = {f: getattr(network, f)[:0] for f in ("signs", "weights", "biases")}
    yield "no neurons", replace(network, **none)


@PATHS
def test_a_network_with_anything_changed_is_not_near(small, monkeypatch):
    monkeypatch.setattr(points_module, "SMALL", small)
    found = of_many()
    told = [what for what, other in changes(found.network()) if found.is_near(other)]
    assert told == []


def test_a_constant_is_near_no_network_with_neurons_and_no_other_constant(monkeypatch):
    monkeypatch.setattr(points_module, "SMALL", 0)
    line = Interpolant(points_of(make(range(9), range(9))), np.zeros(9, dtype=bool))
    assert line.is_near(line.network())
    assert not line.is_near(of_many().network())
    assert not line.is_near(replace(line.network(), skip=Skip(np.array([1.0]), 5.0)))


@PATHS
def test_json_brings_the_exact_network_back(small, monkeypatch):
    monkeypatch.setattr(points_module, "SMALL", small)
    for found in (of_many(N=40), *interpolants(points_of(make(range(6), [0, 0, 1, 1, 0, 0])))):
        text = json.dumps(found.network().to_json())
        again = networks.from_json(json.loads(text), 1)
        plain = written(found)
        assert type(again) is Network
        assert again.exact.signs.tolist() == plain.signs.tolist()
        assert again.exact.path.tolist() == plain.path.tolist()
        assert again.exact.skip.weights[0] == plain.skip.weights[0]
        assert again.exact.skip.bias == plain.skip.bias
        assert again.exact(np.array([[Fraction(1, 3)]])) == plain(np.array([[Fraction(1, 3)]]))
