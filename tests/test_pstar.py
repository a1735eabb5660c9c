"""p* of any data: against theory, dense enumeration, and what does not change it."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from brute_force import tiny
from test_threshold import on_a_line

import milpsparse as ms
from milpsparse.errors import BadInput, Unsupported
from milpsparse.extreme.pstar import VertexThreshold, has_theory, pstar
from milpsparse.extreme.rays import frame, rays
from milpsparse.extreme.rivals import Rivals, sizes_of
from milpsparse.extreme.ties import first_tie
from milpsparse.extreme.vertices import vertices
from milpsparse.family import generate
from milpsparse.objective import parse_objective
from milpsparse.theory import threshold

F = Fraction
PARAMETERS = parse_objective("parameters")
WIDTH = F(1, 10**9)


def by_vertices(instance, width=WIDTH):
    """p* from all vertices, though theory may know it."""
    rivals = Rivals(rays(frame(instance)), False)
    rivals.collect()
    few = [s for s in rivals.kept if len(s) == rivals.fewest]
    return first_tie(few, [s for s in rivals.kept if len(s) > rivals.fewest], width)


@pytest.mark.parametrize("seed", range(6))
def test_vertices_of_one_input_have_the_p_star_of_theory(seed):
    instance = generate("convex_random", seed, N=8)
    found, theory = by_vertices(instance), threshold.pstar(instance)
    assert max(found.low, theory.low) <= min(found.high, theory.high)
    assert found.high - found.low <= WIDTH


def test_the_dial_by_vertices():
    for e, value in (("1/10", 0.43691067), ("1/100", 0.18071736), ("1/2", 1.0)):
        found = by_vertices(on_a_line([F(e), F(1), F(1), F(e)]))
        assert found.value == pytest.approx(value, abs=6e-9)


def test_half_where_square_roots_say_so():
    found = first_tie([(F(9), F(9))], [(F(1), F(1), F(16))], WIDTH)  # 1 + 4 + 1 = 2 * 3
    assert found.low <= F(1, 2) <= found.high
    assert found.high - found.low <= WIDTH
    unequal = first_tie([(F(4), F(9))], [(F(1), F(1), F(9))], WIDTH)  # not tied at 1: 2 ** p = 2/2
    assert unequal.low == unequal.high == 0 or unequal.value < 1
    # 4^p = 1 + 1 at p = 1/2, and costs differ by 2 at p = 1
    assert unequal.low <= F(1, 2) <= unequal.high


def test_p_star_is_one_where_nothing_else_is_ever_as_cheap():
    assert first_tie([(F(1), F(2))], [], WIDTH).low == 1
    assert first_tie([(F(1), F(2))], [(F(1), F(1), F(2))], WIDTH).low == 1
    tied = first_tie([(F(2), F(2))], [(F(2), F(1), F(1))], WIDTH)  # 2^p < 1 + 1 until p = 1
    assert tied.low == tied.high == 1


@pytest.mark.parametrize(
    "case",
    [(3, 2, 1, False), (4, 1, 1, False), (4, 1, 5, False), (5, 2, 4, True), (3, 2, 6, False)],
    ids=str,
)
@pytest.mark.parametrize("objective", ["parameters", "neurons"])
def test_p_star_is_where_dense_enumeration_leaves_the_sparsest(case, objective):
    N, d, seed, skip = case
    instance, kind = tiny(N, d, seed, None, skip), parse_objective(objective)
    found = pstar(instance, objective=objective)
    sizes = {sizes_of(instance, v, kind) for v in vertices(instance)}
    fewest = min(map(len, sizes))
    assert found.fewest == fewest
    assert found.lower_bound <= found.low <= found.high

    def gap(p):
        costs = [(len(s) > fewest, sum(float(v) ** p for v in s)) for s in sizes]
        few = min(cost for more, cost in costs if not more)
        return min((cost for more, cost in costs if more), default=np.inf) - few

    for p in np.linspace(0.005, 0.995, 199):
        if p < found.low:
            assert gap(p) > -1e-9
    if found.high < 1:
        assert gap(float(found.high) + 1e-6) < 1e-9


def test_some_p_star_is_below_one_and_some_is_one():
    values = [float(pstar(tiny(3, 2, seed, None)).high) for seed in range(6)]
    assert min(values) < 1
    assert max(values) == 1


def test_p_star_does_not_change_with_scale_order_and_copies():
    instance = tiny(4, 1, 9, None)
    plain = pstar(instance)
    assert plain.high < 1
    changed = [
        ms.Instance(X=instance.X[::-1], y=-3 * instance.y[::-1]),
        ms.Instance(X=np.vstack([instance.X, instance.X[:1]]), y=[*instance.y, instance.y[0]]),
        ms.Instance(X=-instance.X, y=instance.y / 7),
    ]
    for other in changed:
        found = pstar(other)
        assert max(found.low, plain.low) <= min(found.high, plain.high)
        assert found.fewest == plain.fewest


def test_an_input_that_is_constant_changes_nothing_with_a_skip_connection():
    line = on_a_line([F(1, 10), F(1), F(1), F(1, 10)])
    plane = ms.Instance(X=[[x, F(2)] for x in line.X_exact[:, 0]], y=line.y_exact, skip=True)
    found, theory = pstar(plane), pstar(line)
    assert isinstance(found, VertexThreshold)
    assert not isinstance(theory, VertexThreshold)
    assert max(found.low, theory.low) <= min(found.high, theory.high)


def test_extremes_prove_less_than_all_vertices_and_cramer_less_than_extremes():
    for instance in (
        tiny(3, 2, 1, None),
        tiny(5, 2, 4, None, True),
        generate("uniform", 0, N=5, d=1),
    ):
        exact, alone = pstar(instance), pstar(instance, limit=1)
        assert 0 < alone.low <= exact.lower_bound <= exact.low
        assert (alone.high, exact.why) == (1, "")
        assert "lower bound alone" in alone.why
        assert (alone.fewest, alone.sparsest) == (None, ())


def test_cramers_rule_bounds_the_sizes_of_all_vertices():
    instance = tiny(3, 2, 1, None)
    sizes = [sizes_of(instance, v, PARAMETERS) for v in vertices(instance)]
    ratio = max(s[-1] for s in sizes) / min(s[0] for s in sizes)
    most = max(map(len, sizes))
    assert pstar(instance, limit=1).low <= np.log(1 + 1 / most) / np.log(float(ratio))


def test_large_data_get_a_tiny_bound_and_larger_ones_are_refused():
    found = ms.pstar(ms.load("uniform_n10_d50_s0"))
    assert 0 < found.low < 1e-3
    assert found.high == 1
    assert "hyperplanes" in found.why
    with pytest.raises(Unsupported, match="1000 points"):
        pstar(generate("uniform", 0, N=1000, d=2))


def test_a_lie_about_the_sparsest_is_told():
    """A vertex left out, or one that does not fit, moves p*."""
    rivals = Rivals(rays(frame(tiny(4, 1, 9, None))), False)
    rivals.collect()
    few = [s for s in rivals.kept if len(s) == rivals.fewest]
    more = [s for s in rivals.kept if len(s) > rivals.fewest]
    true = first_tie(few, more, WIDTH)
    cheaper = [tuple(v / 2 for v in s) for s in more]
    assert first_tie(few, cheaper, WIDTH).high < true.low


def test_no_labels_no_neurons_p_star_one():
    for y in ([0.0, 0.0], [1.0, 2.0]):
        instance = ms.Instance(X=[[0.0, 1.0], [1.0, 0.0]], y=y, skip=True)
        found = pstar(instance)
        assert (found.low, found.high, found.fewest, found.lower_bound) == (1, 1, 0, 1)


def test_what_has_no_p_star_is_refused():
    instance = tiny(3, 1, 0, None)
    with pytest.raises(BadInput, match="parameters or neurons"):
        pstar(instance, objective="l1")
    with pytest.raises(BadInput, match="width"):
        pstar(instance, 2.0)
    free = instance.replace(count_bias=False)
    with pytest.raises(Unsupported, match="constant neurons"):
        pstar(free, objective="neurons")
    assert has_theory(on_a_line([F(1)]))
    assert not has_theory(free)


def test_sizes_are_exact():
    instance = tiny(3, 2, 1, None)
    found = pstar(instance)
    for sizes in itertools.chain(found.sparsest, found.others):
        assert all(isinstance(v, Fraction) and v > 0 for v in sizes)
        assert list(sizes) == sorted(sizes)
