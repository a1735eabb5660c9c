"""The threshold p* and the lp path: certified intervals against oracles and dense enumeration."""

import itertools
import random
from fractions import Fraction

import numpy as np
import pytest

import milpsparse as ms
from milpsparse.errors import BadInput, Unsupported
from milpsparse.family import generate
from milpsparse.theory.matching import Exponents, Run
from milpsparse.theory.threshold import lp_path, pstar, run_path, run_threshold

F = Fraction


def dial(e):
    return Run([F(e), F(1), F(1), F(e)])


def on_a_line(curvatures, first=0):
    """Data x = 0, 1, ... with these curvatures, exactly."""
    slopes = list(itertools.accumulate(curvatures, initial=F(first)))
    y = list(itertools.accumulate(slopes, initial=F(0)))
    return ms.Instance(X=[[i] for i in range(len(y))], y=y, skip=True)


def costs_by_knots(sizes, p):
    """The least cost of the matchings of each size, by enumeration in doubles."""
    least = {}
    n = len(sizes)
    for mask in range(2 ** (n - 1)):
        pairs = [j for j in range(n - 1) if mask >> j & 1]
        if any(b - a == 1 for a, b in itertools.pairwise(pairs)):
            continue
        paired = {*pairs, *(j + 1 for j in pairs)}
        cost = sum(float(sizes[j] + sizes[j + 1]) ** p for j in pairs)
        cost += sum(float(sizes[j]) ** p for j in range(n) if j not in paired)
        knots = n - len(pairs)
        least[knots] = min(least.get(knots, np.inf), cost)
    return least


@pytest.mark.parametrize(
    ("e", "value"),
    [("1/10", 0.43691067), ("1/100", 0.18071736), ("1e-4", 0.08178013), ("1e-6", 0.05292830)],
)
def test_the_dial(e, value):
    found = run_threshold(dial(e))
    assert found.low <= found.high <= found.low + F(1, 10**9)
    assert found.value == pytest.approx(value, abs=6e-9)
    assert not found.tangency


@pytest.mark.parametrize("e", ["1/2", "2/3", "1", "7"])
def test_the_dial_is_one_from_a_half_on(e):
    found = run_threshold(dial(e))
    assert found.low == found.high == 1


def test_p_star_is_one_half_where_square_roots_say_so():
    # sqrt(1) + sqrt(16) + sqrt(1) = 2 sqrt(9)
    found = run_threshold(Run([F(1), F(8), F(8), F(1)]))
    assert found.low <= F(1, 2) <= found.high
    assert found.high - found.low <= F(1, 10**9)


@pytest.mark.parametrize("width", ["1e-3", "1e-6", "1e-12"])
def test_intervals_have_the_width_asked_for_and_hold_the_same_number(width):
    found, fine = run_threshold(dial("1/10"), F(width)), run_threshold(dial("1/10"), F("1e-14"))
    assert found.high - found.low <= F(width)
    assert found.low <= fine.low <= fine.high <= found.high


def test_p_star_is_that_of_dense_enumeration():
    rng, below = random.Random(7), 0
    for _ in range(60):
        sizes = [F(rng.randint(1, 60), rng.choice([1, 3, 8])) for _ in range(rng.randint(4, 8))]
        found = run_threshold(Run(sizes), F(1, 10**6))
        fewest = (len(sizes) + 1) // 2
        for p in np.linspace(0.005, 0.995, 199):
            least = costs_by_knots(sizes, p)
            more = min((v for k, v in least.items() if k > fewest), default=np.inf)
            if abs(more - least[fewest]) < 1e-9:
                continue
            if p < found.low:
                assert least[fewest] < more
        if found.high < 1:
            below += 1
            p = float(found.high) + 1e-7  # just beyond, another one is cheaper
            least = costs_by_knots(sizes, p)
            assert min(v for k, v in least.items() if k > fewest) < least[fewest]
    assert below > 5


def test_runs_of_three_have_p_star_one():
    rng = random.Random(1)
    for _ in range(20):
        curvatures = [F(rng.randint(1, 9)) * sign for sign in (1, 1, 1, -1, -1, -1)]
        assert pstar(on_a_line(curvatures)).low == 1


def test_p_star_is_the_least_of_the_runs_and_scales_away():
    a, b = [F(1), F(10), F(10), F(1)], [F(1), F(100), F(100), F(1)]
    both = pstar(on_a_line([*a, F(0), *(-7 * c for c in b), *a]))
    alone = pstar(on_a_line(b))
    assert both.high - both.low <= F(1, 10**9)
    assert both.low <= alone.high
    assert alone.low <= both.high
    assert alone.value == pytest.approx(0.18071736, abs=6e-9)


def test_p_star_does_not_change_under_reversal_and_affine_maps():
    curvatures = [F(c, 16) for c in (3, 40, 1, 77, 5, 9)]
    plain = pstar(on_a_line(curvatures))
    mapped = pstar(on_a_line([-3 * c for c in reversed(curvatures)], first=5))
    assert plain.value < 1
    assert plain.value == pytest.approx(mapped.value, abs=1e-9)


def test_one_minimiser_for_all_p_of_a_symmetric_run():
    (piece,) = lp_path(on_a_line([F(1)] * 3))
    assert (piece.low, piece.high, piece.knots, piece.number) == (0, 1, 2, 2)
    assert [p.number for p in run_path(Run([F(1)] * 7))] == [4]


def test_pieces_of_a_path_are_those_of_single_exponents():
    rng = random.Random(5)
    for _ in range(10):
        run = Run([F(rng.randint(1, 40)) for _ in range(9)])
        pieces = run_path(run)
        assert pieces[0].low == 0
        assert pieces[-1].high == 1
        for a, b in itertools.pairwise(pieces):
            assert 0 <= b.low - a.high <= F(1, 10**9)
            assert a.jumps != b.jumps
        for piece in pieces:
            q = (piece.low + piece.high) / 2
            found = run.minimise(Exponents(q, q))
            assert found.number == piece.number
            assert tuple(found.jumps(found.first)) == piece.jumps
            assert len(piece.jumps) == piece.knots
            assert sum(piece.jumps) == run.total


def test_p_star_is_where_the_path_leaves_the_fewest_knots():
    for seed in range(12):
        instance = generate("convex_random", seed, N=14)
        found, pieces = pstar(instance), lp_path(instance)
        fewest = pieces[0].knots
        later = [piece.low for piece in pieces if piece.knots > fewest]
        if later:
            assert found.low <= later[0]
            assert found.high - later[0] <= F(1, 10**9)
        else:
            assert found.low == 1


def test_paths_of_several_runs_are_refined_together():
    instance = on_a_line([F(1), F(10), F(10), F(1), F(0), F(1), F(100), F(100), F(1)])
    pieces = lp_path(instance)
    assert [piece.knots for piece in pieces] == [4, 5, 6]
    for piece in pieces:
        p = float((piece.low + piece.high) / 2)
        least = ms.solve(instance, f"lp:{p}").primal_bound
        assert least == pytest.approx(sum(float(a) ** p for a in piece.jumps), rel=1e-9)


def test_curvatures_of_very_different_size_are_told_apart():
    found = run_threshold(Run([F(1, 10**250), F(1), F(1), F(1, 10**250)]))
    assert 0 < found.low < found.high < F(1, 100)
    (piece,) = run_path(Run([F(10**300), F(1)]))
    assert piece.knots == 1


def test_what_cannot_be_computed_is_refused():
    with pytest.raises(BadInput, match="width"):
        run_threshold(dial("1/10"), F(1))
    with pytest.raises(BadInput, match="width"):
        pstar(on_a_line([F(1), F(10), F(10), F(1)]), 0.0)
    with pytest.raises(Unsupported, match="one is needed"):
        pstar(ms.load("uniform_n5_d2_s0"))
    long = ms.Instance(X=np.arange(1500.0)[:, None], y=np.arange(1500.0) ** 2, skip=True)
    with pytest.raises(Unsupported, match="1,498"):
        lp_path(long)


def test_data_without_runs_have_one_piece_without_neurons():
    for y in ([1.0], [1.0, 2.0], [1.0, 2.0, 3.0]):
        instance = ms.Instance(X=np.arange(float(len(y)))[:, None], y=y, skip=True)
        assert pstar(instance).low == 1
        (piece,) = lp_path(instance)
        assert (piece.knots, piece.number, piece.jumps) == (0, 1, ())
