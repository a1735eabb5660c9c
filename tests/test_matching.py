"""Matchings of a run: the dynamic program against all matchings, ties, intervals of exponents."""

from collections import Counter
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from milpsparse.theory.matching import Choice, Exponents, Run, Term, arb, knots_needed, sign_of

POWERS = (Fraction(1, 10), Fraction(3, 10), Fraction(1, 2), Fraction(7, 10), Fraction(9, 10))
ALL = Exponents(Fraction(0), Fraction(1))


def at(p):
    return Exponents(Fraction(p), Fraction(p))


def run(*sizes):
    return Run([Fraction(size) for size in sizes])


def matchings(m, start=0):
    """All sets of disjoint pairs (j - 1, j) of 0..m-1, each by its j's."""
    if m - start < 2:
        yield ()
        return
    yield from matchings(m, start + 1)
    for rest in matchings(m, start + 2):
        yield (start + 1, *rest)


def jumps(sizes, pairs):
    inner = {j - 1 for j in pairs}
    return [
        size + (sizes[j - 1] if j in pairs else 0) for j, size in enumerate(sizes) if j not in inner
    ]


def least(sizes, p):
    """The least cost and all matchings that attain it, to rounding."""
    cost = {w: sum(float(a) ** float(p) for a in jumps(sizes, w)) for w in matchings(len(sizes))}
    value = min(cost.values())
    return value, {w for w, c in cost.items() if c <= value + 1e-11 * max(1.0, value)}


def random_runs(n, most=8):
    rng = np.random.default_rng(0)
    for i in range(n):
        sizes = rng.integers(1, (3, 100, 6)[i % 3], int(rng.integers(1, most)))
        below = rng.integers(1, 30, len(sizes)) if i % 3 else np.ones(len(sizes), dtype=int)
        yield [Fraction(int(a), int(b)) for a, b in zip(sizes, below, strict=True)]


@pytest.mark.parametrize("p", POWERS)
def test_the_program_finds_every_least_matching_and_no_other(p):
    ties = longest = 0
    for sizes in random_runs(300):
        found = Run(sizes).minimise(at(p))
        value, ways = least(sizes, p)
        assert set(found.all()) == ways
        assert found.number == len(ways)
        assert found.first in ways
        for way in ways:
            assert sorted(found.jumps(way)) == sorted(jumps(sizes, way))
            assert sum(float(a) ** float(p) for a in found.jumps(way)) == pytest.approx(value)
        if len({tuple(sorted(jumps(sizes, way))) for way in ways}) == 1:
            assert found.undecided == 0
        ties += len(ways) > 1
        longest = max(longest, len(ways))
    assert ties > 20
    assert longest >= 3


def test_all_gives_as_many_distinct_matchings_as_are_counted():
    for sizes in ([1] * 9, [1, 1, 1, 7, 1, 1, 1], [1, 8, 8, 1], [2, 1, 1, 1, 2, 1, 1, 1, 2]):
        found = run(*sizes).minimise(at(Fraction(1, 2)))
        ways = list(found.all())
        assert len(ways) == len(set(ways)) == found.number > 1
        for way in ways:
            assert all(j - i > 1 for i, j in pairwise(way))


@pytest.mark.parametrize("p", POWERS)
def test_three_equal_curvatures_have_two_minimisers(p):
    found = run(1, 1, 1).minimise(at(p))
    assert set(found.all()) == {(1,), (2,)}
    assert found.undecided == 0
    for way in found.all():
        assert found.jumps(way) in ([2, 1], [1, 2])
    assert least([1, 1, 1], p)[0] == pytest.approx(1 + 2 ** float(p))


def test_three_equal_curvatures_are_tied_over_all_exponents_at_once():
    found = run(1, 1, 1).minimise(ALL)
    assert (found.number, found.undecided) == (2, 0)
    assert found.choices[-1] == Choice.TIED


@pytest.mark.parametrize("m", range(1, 14))
@pytest.mark.parametrize("q", [*map(at, POWERS), Exponents(Fraction(1, 2), Fraction(51, 100))])
def test_a_run_of_equal_curvatures_has_one_minimiser_for_each_place_of_the_odd_one(m, q):
    found = Run([Fraction(2, 3)] * m).minimise(q)
    assert found.undecided == 0
    assert found.number == ((m + 1) // 2 if m % 2 else 1)
    assert all(len(way) == m // 2 for way in found.all())


def test_equal_values_of_other_jumps_stay_open_and_are_decided_beside():
    sizes = (1, 8, 8, 1)  # 1 + 4 + 1 = 3 + 3 at p = 1/2, with jumps 1, 16, 1 and 9, 9
    tied = run(*sizes).minimise(at(Fraction(1, 2)))
    assert tied.undecided == 1
    assert tied.number == 2
    assert set(tied.all()) == {(2,), (1, 3)}
    for p, way in ((0.49, (1, 3)), (0.51, (2,))):
        found = run(*sizes).minimise(at(p))
        assert (found.number, found.undecided, found.first) == (1, 0, way)
    assert run(*sizes).minimise(Exponents(Fraction(2, 5), Fraction(3, 5))).undecided > 0


def test_an_open_comparison_that_no_minimiser_depends_on_is_not_counted():
    found = run(1, 8, 8, 1, 10**6, 10**6).minimise(at(Fraction(1, 2)))
    assert found.number == len(least([1, 8, 8, 1, 10**6, 10**6], 0.5)[1])
    open_somewhere = run(1, 8, 8, 1, 10**6).minimise(at(Fraction(1, 2)))
    assert Choice.OPEN in open_somewhere.choices
    assert open_somewhere.first == (2, 4)
    assert (open_somewhere.number, open_somewhere.undecided) == (1, 0)


@pytest.mark.parametrize("scale", [Fraction(1, 7), 10**40, Fraction(1, 10**300)])
def test_the_scale_of_the_curvatures_decides_nothing(scale):
    for sizes in random_runs(60):
        plain = Run(sizes).minimise(at(Fraction(1, 2)))
        scaled = Run([scale * size for size in sizes]).minimise(at(Fraction(1, 2)))
        assert scaled.choices == plain.choices


def test_reversing_a_run_reverses_its_minimisers():
    for sizes in random_runs(100):
        m = len(sizes)
        back = Run(sizes[::-1]).minimise(at(0.3))
        ways = {tuple(sorted(m - j for j in way)) for way in back.all()}
        assert ways == set(Run(sizes).minimise(at(0.3)).all())


def test_a_decision_on_an_interval_holds_at_every_exponent_of_it():
    decided = 0
    for sizes in random_runs(120):
        for low, high in ((Fraction(0), Fraction(1)), (Fraction(2, 5), Fraction(1, 2))):
            found = Run(sizes).minimise(Exponents(low, high))
            if found.undecided:
                continue
            decided += 1
            for q in (low + (high - low) * Fraction(i, 8) for i in range(1, 8)):
                assert set(found.all()) == least(sizes, q)[1]
    assert decided > 100


@pytest.mark.parametrize("near_zero", [False, True])
def test_the_costs_of_an_interval_hold_those_of_every_exponent_in_it(near_zero):
    for a in (Fraction(1, 10**9), Fraction(1, 3), 1 - Fraction(1, 10**30), Fraction(1)):
        term = Term(a, near_zero)
        for low, high in ((0, 1), (Fraction(1, 5), Fraction(3, 10)), (Fraction(9, 10), 1)):
            whole = Exponents(Fraction(low), Fraction(high)).ends()
            places = [low + (high - low) * Fraction(i, 8) for i in range(9)]
            values = [term.range(at(q).ends()) for q in places]
            for q, value in zip(places, values, strict=True):
                assert term.range(whole).overlaps(value)
                if 0 < q < 1:
                    power = float(a) ** float(q)
                    direct = (power - 1) / float(q) if near_zero else (power - float(a)) / (1 - q)
                    assert float(value.mid()) == pytest.approx(float(direct), abs=1e-12)
            for before, after in pairwise(values):
                quotient = abs(after - before) * 8 / arb(Fraction(high - low))
                assert term.slope(whole).overlaps(quotient)


def test_the_sign_of_a_sum_of_powers():
    two = Counter({Fraction(2): 1, Fraction(1): -2})  # 2^q - 2 < 0
    assert sign_of(two, Fraction(2), ALL) == -1
    assert sign_of(Counter({a: -n for a, n in two.items()}), Fraction(2), ALL) == 1
    assert sign_of(Counter(), Fraction(1), ALL) == 0
    balanced = Counter({Fraction(1): 1, Fraction(4): 1, Fraction(2): -1, Fraction(3): -1})
    tenth = Exponents(Fraction(0), Fraction(1, 10))
    for q in (tenth, at(Fraction(1, 10**6)), at(1 - Fraction(1, 10**6)), at(0.5)):
        assert sign_of(balanced, Fraction(5), q) == -1  # 1 + 4^q < 2^q + 3^q
    tie = Counter({Fraction(1): 2, Fraction(16): 1, Fraction(9): -2})
    assert sign_of(tie, Fraction(18), at(0.5)) is None
    assert sign_of(tie, Fraction(18), ALL) is None
    assert sign_of(tie, Fraction(18), at(0.5 - 2.0**-50)) == 1
    assert sign_of(tie, Fraction(18), at(0.5 + 2.0**-50)) == -1


def test_balls_hold_their_rationals():
    third = arb(Fraction(1, 3))
    assert (3 * third).overlaps(arb(Fraction(1)))
    assert 0 < third.rad() < 1e-15


@pytest.mark.parametrize(
    ("signs", "knots"),
    [
        ([], 0),
        ([0], 0),
        ([1], 1),
        ([1, 1, 0, 1, 1], 2),
        ([1, 1, 1], 2),
        ([-1, -1, -1, 1, 1, 1], 4),
        ([1, -1] * 5, 10),
        ([0, -2, -1, 0, 0, 3, 0], 2),
    ],
)
def test_knots_needed_is_half_of_every_run_rounded_up(signs, knots):
    assert knots_needed(Fraction(s) for s in signs) == knots


def test_no_minimiser_has_fewer_knots_than_are_needed():
    for sizes in random_runs(100):
        for p in POWERS:
            for way in Run(sizes).minimise(at(p)).all():
                assert len(sizes) - len(way) >= knots_needed(sizes)
