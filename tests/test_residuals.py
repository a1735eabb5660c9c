"""The largest residual: doubles, limbs and Python's integers say what Fractions say."""

import tracemalloc
from fractions import Fraction

import numpy as np
import pytest

import milpsparse as ms
from milpsparse import residuals
from milpsparse.affine import affine_rank, is_affine
from milpsparse.network import Network, Skip, from_exact
from milpsparse.rational import null_space, rationals
from milpsparse.residuals import largest_residual, largest_value


def in_fractions(instance, network):
    """Every residual by the definition, one operation after the other."""
    net, found = network.best, []
    for x, y in zip(instance.X_exact.tolist(), instance.y_exact.tolist(), strict=True):
        total = -y
        for sign, w, b in zip(net.signs, net.weights.tolist(), net.biases.tolist(), strict=True):
            total += int(sign) * max(0, dot(w, x) + Fraction(b))
        if net.skip is not None:
            total += dot(net.skip.weights.tolist(), x) + Fraction(net.skip.bias)
        found.append(total)
    return found


def dot(w, x):
    return sum((Fraction(a) * b for a, b in zip(w, x, strict=True)), Fraction(0))


def assert_right(instance, network):
    assert largest_residual(instance, network) == max(map(abs, in_fractions(instance, network)))


@pytest.fixture
def ways(monkeypatch):
    """The ways that blocks went: doubles, limbs or python; blocks are of 64 points."""
    seen, cut = set(), residuals._Forms._cut

    def spy(self, data):
        pieces, limbs = cut(self, data)
        whole = "python" if pieces[0].dtype == object else "doubles"
        seen.add("limbs" if len(pieces) + len(limbs) > 2 else whole)
        return pieces, limbs

    monkeypatch.setattr(residuals._Forms, "_cut", spy)
    monkeypatch.setattr(residuals, "BLOCK", 1)
    return seen


def spread(rng, shape, low, high):
    return rng.standard_normal(shape) * 2.0 ** rng.integers(low, high, shape)


DATA = {
    "grid": lambda rng, shape: rng.integers(-9, 10, shape) / 8,
    "integers": lambda rng, shape: rng.integers(-9, 10, shape) * 1024.0,
    "uniform": lambda rng, shape: rng.uniform(-1, 1, shape),
    "zeros": lambda rng, shape: rng.choice([0.0, -0.0], shape),
    "far apart": lambda rng, shape: spread(rng, shape, -300, 300),
    "huge": lambda rng, shape: spread(rng, shape, 900, 1000),
    "tiny": lambda rng, shape: spread(rng, shape, -1000, -900),
    "subnormal": lambda rng, shape: rng.integers(-9, 10, shape) * 5e-324,
    "extreme": lambda rng, shape: rng.choice([0.0, 5e-324, -1e308, 1.0, 2.0**53 - 1], shape),
}
WEIGHTS = {
    "grid": lambda rng, shape: rng.integers(-9, 10, shape) / 16,
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "far apart": lambda rng, shape: spread(rng, shape, -200, 200),
    "thirds": lambda rng, shape: rationals(rng.integers(-9, 10, shape)) / 3,
    "long": lambda rng, shape: rationals(rng.standard_normal(shape)) / (3**90 + 2),
    "longer": lambda rng, shape: rationals(rng.standard_normal(shape)) / (3**900 + 2),
    "zeros": lambda rng, shape: np.zeros(shape),
}


def network_of(rng, weights, d, K, skip):
    path, signs = WEIGHTS[weights](rng, (K, d + 1)), rng.choice([-1, 1], K)
    linear = WEIGHTS[weights](rng, d + 1) if skip else None
    if path.dtype == object:
        return from_exact(signs, path, d, linear)
    affine = None if linear is None else Skip(linear[:-1], linear[-1])
    return Network(signs, path[:, :-1], path[:, -1], affine)


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("data", DATA)
def test_all_kinds_of_numbers_give_what_fractions_give(data, weights, ways):
    rng = np.random.default_rng([*data.encode(), *weights.encode()])
    for d, K, skip in [(1, 1, False), (2, 3, True), (3, 0, True), (2, 0, False), (5, 4, False)]:
        X = DATA[data](rng, (70, d))
        net = network_of(rng, weights, d, K, skip)
        X = np.unique(X + 0.0, axis=0)
        rounded = Network(net.signs, net.weights, net.biases, net.skip)
        with np.errstate(all="ignore"):
            near = np.nan_to_num(rounded(X), nan=0.0, posinf=1e308, neginf=-1e308)
        for y in (near, DATA[data](rng, len(X))):
            assert_right(ms.Instance(X=X, y=y, skip=skip), net)


@pytest.mark.parametrize(
    ("data", "weights", "way"),
    [
        ("grid", "grid", "doubles"),
        ("integers", "thirds", "doubles"),
        ("grid", "normal", "limbs"),
        ("uniform", "grid", "limbs"),
        ("uniform", "normal", "limbs"),
        ("uniform", "long", "limbs"),
        ("uniform", "longer", "python"),
        ("far apart", "grid", "limbs"),
        ("huge", "normal", "python"),
        ("subnormal", "grid", "python"),
    ],
)
def test_numbers_go_the_fastest_way_that_is_exact(data, weights, way, ways):
    rng = np.random.default_rng(0)
    X = np.unique(DATA[data](rng, (400, 2)), axis=0)
    largest_residual(
        ms.Instance(X=X, y=np.zeros(len(X))), network_of(rng, weights, 2, 3, skip=False)
    )
    assert ways == {way}


def test_one_block_of_data_far_apart_does_not_slow_the_others(ways):
    X = np.arange(200.0)[:, None]
    y = X[:, 0].copy()
    X[150] = 1e-320
    net = Network(np.array([1]), np.array([[1.0]]), np.array([0.0]))
    y[150] = 0.0
    instance = ms.Instance(X=X, y=y)
    assert largest_residual(instance, net) == Fraction(1e-320)
    assert ways == {"doubles", "python"}


def assert_as_in_python(instance, forms, monkeypatch):
    """With all signs 1, limbs and doubles give what Python's integers give."""
    signs = np.ones(len(forms) - 1, dtype=int)
    found = largest_value(instance, forms, signs)
    with monkeypatch.context() as patch:
        patch.setattr(residuals._Forms, "_cut", in_python)
        assert largest_value(instance, forms, signs) == found


def in_python(self, data):
    whole = [int(v) for v in data.ravel().tolist()]
    return [np.array(whole, dtype=object).reshape(data.shape)], [self.numbers]


SIZES = [(1, 1), (5, 8), (1, 40), (31, 1), (14, 63), (61, 400)]  # d and K


@pytest.mark.parametrize(("d", "K"), SIZES)
def test_the_largest_sums_that_doubles_may_hold_are_exact(d, K, monkeypatch, ways):
    """All terms of one sign and as large as their bits allow, from well below 2^53 to beyond."""
    for bits in (20, 25, 26, 31):
        X = np.full((2, d), 2.0**bits - 1)
        X[1, 0] = 1.0
        instance = ms.Instance(X=X, y=[2.0**bits - 1, 0.0])
        fits = 53 - bits - ((K + 1) * (d + 2)).bit_length()
        for more in range(6):
            forms = np.full((K + 1, d + 2), 2 ** (fits + more) - 1, dtype=object)
            assert_as_in_python(instance, forms, monkeypatch)
            assert_as_in_python(instance, -forms, monkeypatch)
    assert ways == {"doubles", "limbs"}


@pytest.mark.parametrize(("d", "K"), SIZES)
def test_full_limbs_do_not_overflow(d, K, monkeypatch, ways):
    """-1 is the digit 2^width - 1 in every limb but the highest, and there are many limbs."""
    X = np.full((2, d + 1), -1.0)
    X[0, -1], X[1] = 0, [0] * d + [2.0**499]
    forms = np.full((K + 1, d + 3), -1, dtype=object)
    forms[:, -2:] = 0  # the last input only makes limbs of data
    forms[-1, -1] = 2**450  # and this one, of label 0, limbs of the network
    forms[:, -3] = 0
    instance = ms.Instance(X=X, y=[0.0, 0.0])
    assert_as_in_python(instance, forms, monkeypatch)
    assert_as_in_python(instance, -forms, monkeypatch)
    assert ways == {"limbs"}


@pytest.mark.parametrize(("d", "K"), SIZES)
def test_full_highest_limbs_do_not_overflow(d, K, monkeypatch, ways):
    forms = np.full((K + 1, d + 2), 1, dtype=object)
    width = residuals._Forms(forms, np.ones(K)).width
    for n, m in [(1, 3), (2, 2), (3, 1), (6, 7), (20, 20)]:
        most = np.nextafter(2.0 ** (width * n), 0) if width * n > 53 else 2.0 ** (width * n) - 1
        for x, u in [(most, 1), (-most, -1), (most, -1)]:
            instance = ms.Instance(X=np.full((1, d), x), y=[x])
            assert_as_in_python(instance, forms * (2 ** (width * m) - 1) * u, monkeypatch)
    assert ways == {"limbs"}


def test_digits_of_zeros_and_ones_keep_their_carries():
    """Values next to powers of two that cancel: signs hang on the last bit."""
    rng = np.random.default_rng(1)
    for seed in range(40):
        d, K = 1 + seed % 3, 1 + seed % 4
        powers = [int(2 ** int(p)) for p in rng.integers(0, 90, 30)]
        numbers = [s * (p + e) for p in powers for s in (1, -1) for e in (-1, 0, 1)]
        forms = rng.choice(np.array(numbers, dtype=object), (K + 1, d + 2))
        forms[:-1, -1] = 0
        X = rng.choice([-1, 0, 1, 2, 2**40, -(2**40) + 1, 2**52 - 1], (60, d)).astype(float)
        X = np.unique(X, axis=0)
        instance = ms.Instance(X=X, y=rng.choice([-1.0, 0.0, 1.0, 2.0**45], len(X)))
        signs = rng.choice([-1, 1], K)
        values = []
        for x, y in zip(X.tolist(), instance.y.tolist(), strict=True):
            point = [*map(int, x), 1, int(y)]
            out = [sum(a * b for a, b in zip(row, point, strict=True)) for row in forms.tolist()]
            hidden = zip(signs.tolist(), out[:-1], strict=True)
            values.append(abs(out[-1] + sum(s * max(0, v) for s, v in hidden)))
        value, row = largest_value(instance, forms, signs)
        assert value == max(values) == values[row]


def test_spelled_cells_are_what_they_spell():
    X = [["0.1", 1], [0.25, "1/3"], [0.5, 0.5], [-0.0, 2], ["1/7", "1/7"]]
    net = from_exact([1, -1], [[3, Fraction(1, 3), -1], [1, 1, Fraction(1, 10)]], 2)
    y = [net.exact(rationals([[Fraction(a), Fraction(b)]]))[0] for a, b in X]
    assert largest_residual(ms.Instance(X=X, y=y), net) == 0
    for i in range(len(X)):
        wrong = [*y[:i], y[i] + Fraction(1, 10**40), *y[i + 1 :]]
        assert largest_residual(ms.Instance(X=X, y=wrong), net) == Fraction(1, 10**40)


def test_only_rows_with_spelled_cells_leave_the_doubles(ways):
    X = np.arange(300.0)[:, None]
    y = [*X[:, 0].tolist()]
    y[70] = Fraction(211, 3)
    net = Network(np.array([1]), np.array([[1.0]]), np.array([0.0]))
    instance = ms.Instance(X=X, y=y)
    assert largest_residual(instance, net) == Fraction(1, 3)
    assert ways == {"doubles", "python"}
    forms = np.array([[1, 0, -1]], dtype=object)
    assert largest_value(instance, forms) == (Fraction(1, 3), 70)


def test_one_ulp_at_one_of_many_points_is_seen():
    rng = np.random.default_rng(2)
    N, net = 100_000, network_of(rng, "grid", 2, 3, skip=False)
    X = np.column_stack([np.arange(N) - N // 2, rng.integers(-999, 999, N)]) / 64
    assert_an_ulp_is_seen(rng, net, X)


def test_one_ulp_is_seen_through_weights_of_53_bits():
    rng = np.random.default_rng(3)
    w = rng.standard_normal((1, 2))
    net = Network(np.array([1, 1]), np.vstack([w, -w]), np.zeros(2))  # |w . x|
    X = np.column_stack([2.0 ** np.arange(-50, 50), np.zeros(100)])  # products are doubles
    assert_an_ulp_is_seen(rng, net, X)


def assert_an_ulp_is_seen(rng, net, X):
    y = net(X)
    assert largest_residual(ms.Instance(X=X, y=y), net) == 0
    for i in rng.integers(0, len(X), 3):
        bent = y.copy()
        bent[i] = np.nextafter(y[i], np.inf)
        found = largest_residual(ms.Instance(X=X, y=bent), net)
        assert found == Fraction(bent[i]) - Fraction(y[i])


def test_a_check_sees_one_ulp():
    rng = np.random.default_rng(6)
    X, net = rng.integers(-99, 99, (900, 2)) / 64, from_exact([1], [[1, Fraction(-1, 2), 3]], 2)
    X = np.unique(X, axis=0)
    y = net(X)
    claim = ms.Answer(objective="neurons", termination="feasible", network=net)
    assert ms.check(ms.Instance(X=X, y=y), claim).exact
    y[321] = np.nextafter(y[321], 99.0)
    verdict = ms.check(ms.Instance(X=X, y=y), claim)
    assert not verdict.exact
    assert verdict.max_residual == y[321] - net(X)[321] > 0


def test_networks_of_too_many_bits_are_judged_by_their_doubles(monkeypatch):
    instance = ms.Instance(X=[[1.0], [2.0], [5.0]], y=["1/3", "2/3", "5/3"])
    net = from_exact([1], [[Fraction(1, 3), 0]], 1)
    assert largest_residual(instance, net) == 0
    monkeypatch.setattr(residuals, "BIT_BUDGET", 0)
    assert largest_residual(instance, net) == 5 * (Fraction(1, 3) - Fraction(1 / 3))


def test_memory_does_not_grow_with_points():
    net = from_exact([1, -1, 1], [[1, -2, 3], [Fraction(1, 3), 1, 0], [5, 1, -1]], 2)
    X = np.random.default_rng(3).uniform(-1, 1, (500_000, 2))
    instance = ms.Instance(X=X, y=np.zeros(len(X)))
    tracemalloc.start()
    largest_residual(instance, net)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30e6  # a product of all points and neurons in five limbs is 60e6 bytes


# --- forms that vanish on all points ------------------------------------------------------------


def test_the_null_space_is_what_rows_map_to_zero():
    rng = np.random.default_rng(4)
    for _ in range(50):
        n, m, r = rng.integers(1, 7, 3)
        matrix = rationals(rng.integers(-3, 4, (n, r))) @ rationals(rng.integers(-3, 4, (r, m))) / 7
        vectors = null_space(matrix)
        assert np.all(matrix @ vectors.T == 0)
        true = m - np.linalg.matrix_rank(matrix.astype(float))
        assert vectors.shape == (true, m)
        assert np.linalg.matrix_rank(vectors.astype(float)) == true if true else True


def test_a_last_point_off_the_plane_raises_the_rank():
    rng = np.random.default_rng(5)
    X = rng.integers(-50, 50, (3000, 2)) @ np.array([[1, 2, 3], [0, 1, 1]])
    X = np.unique(X, axis=0)
    y = X @ [1, 2, -1] + 5
    flat = ms.Instance(X=X, y=y)
    assert (affine_rank(flat), is_affine(flat)) == (3, True)
    off = X.astype(float)
    off[-1, 0] += 2.0**-30
    assert affine_rank(ms.Instance(X=off, y=y)) == 4
    assert is_affine(ms.Instance(X=off, y=y))  # the free coefficient takes it
    bent = [*y.tolist()]
    bent[-1] += Fraction(1, 3)
    assert not is_affine(ms.Instance(X=X, y=bent))
