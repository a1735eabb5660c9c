from fractions import Fraction
from itertools import combinations, permutations
from math import prod

import numpy as np
import pytest

from milpsparse.rational import independent_columns, integers, parse, rank, rationals, solve, spell

DOUBLES = [0.1, -0.1, 0.0, 1 / 3, 1e-300, 5e-324, 1.7976931348623157e308, 2.0**53 + 2, -1e22]


def determinant(matrix):
    """Leibniz's formula: no elimination, so nothing in common with the code under test."""
    n = len(matrix)
    total = Fraction(0)
    for order in permutations(range(n)):
        sign = (-1) ** sum(order[i] > order[j] for i, j in combinations(range(n), 2))
        total += sign * prod((matrix[i][order[i]] for i in range(n)), start=Fraction(1))
    return total


def rank_by_minors(matrix):
    rows, columns = matrix.shape
    for r in range(min(rows, columns), 0, -1):
        for i in combinations(range(rows), r):
            for j in combinations(range(columns), r):
                if determinant(matrix[np.ix_(i, j)].tolist()) != 0:
                    return r
    return 0


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1", Fraction(1, 10)),
        ("1/3", Fraction(1, 3)),
        ("-22/7", Fraction(-22, 7)),
        ("+.5", Fraction(1, 2)),
        ("5.", Fraction(5)),
        (" 7\t", Fraction(7)),
        ("-2.5e-1", Fraction(-1, 4)),
        ("1E+3", Fraction(1000)),
        ("1e-300", Fraction(1, 10**300)),
        ("6/4", Fraction(3, 2)),
        ("-0", Fraction(0)),
        ("9" * 300, Fraction(10**300 - 1)),
    ],
)
def test_text_is_the_rational_it_spells(text, value):
    assert parse(text) == value


@pytest.mark.parametrize(
    "text",
    [
        *["", " ", "nan", "inf", "-Infinity", "1e9999", "1e309", "-1e309", "1/0", "0/0", "1/-3"],
        *["0x10", "1_000", "1,5", "1 2", "1e", "e5", ".", "-", "--1", "1/3/5", "x", "1\n2", "½"],
        *["1.5/2", "1" * 400, "1" * 100_000, "0." + "1" * 2000, "1/" + "9" * 2000],
    ],
)
def test_text_that_spells_no_finite_number_is_refused_in_one_short_line(text):
    with pytest.raises(ValueError, match="is not a finite number") as refusal:
        parse(text)
    message = str(refusal.value)
    assert "\n" not in message
    assert len(message) < 100


@pytest.mark.parametrize("value", DOUBLES)
def test_spelling_a_double_and_reading_it_back_gives_it_to_the_last_bit(value):
    assert parse(spell(Fraction(value))) == Fraction(value)


def test_spelling_and_reading_back_is_the_identity_on_random_rationals():
    rng = np.random.default_rng(0)
    numerators = rng.integers(-(10**12), 10**12, 200).tolist()
    for numerator, denominator in zip(numerators, rng.integers(1, 5000, 200).tolist(), strict=True):
        value = Fraction(numerator, denominator)
        assert parse(spell(value)) == value


def test_every_random_double_survives_spelling():
    bits = np.random.default_rng(0).integers(0, 2**64, 500, dtype=np.uint64)
    for value in bits.view(np.float64)[np.isfinite(bits.view(np.float64))].tolist():
        assert parse(spell(Fraction(value))) == Fraction(value)


def test_spelling_takes_the_short_form_where_it_is_exact():
    assert spell(Fraction(1, 8)) == "0.125"
    assert spell(Fraction(1, 10)) == "0.1"
    assert spell(Fraction(1, 3)) == "1/3"
    assert spell(Fraction(-4)) == "-4"
    assert spell(Fraction(0.1)) != "0.1"


def test_rationals_have_exactly_the_values_and_the_shape():
    array = np.array([[0.1, -2.5], [1e-300, 3.0]])
    exact = rationals(array)
    assert exact.shape == (2, 2)
    assert all(isinstance(v, Fraction) for v in exact.ravel())
    assert exact[0, 0] == Fraction(0.1) != Fraction(1, 10)
    assert (exact.astype(float) == array).all()
    assert rationals([]).shape == (0,)
    assert rationals(np.zeros((0, 3))).shape == (0, 3)
    assert rationals([Fraction(1, 3), 2]).tolist() == [Fraction(1, 3), Fraction(2)]


def test_integers_over_their_least_common_denominator_are_the_values():
    values = [Fraction(1, 6), Fraction(-3, 4), Fraction(5), Fraction(0)]
    numerators, denominator = integers(values)
    assert denominator == 12
    assert [Fraction(n, denominator) for n in numerators] == values
    assert integers([]) == ([], 1)


@pytest.mark.parametrize("n", [1, 2, 3, 6])
def test_a_solution_solves_its_system_exactly(n):
    rng = np.random.default_rng(n)
    for _ in range(20):
        matrix = rationals(rng.standard_normal((n, n))) / rng.integers(1, 9, (n, 1)).astype(object)
        rhs = rationals(rng.integers(-9, 10, n)) / 7
        x = solve(matrix, rhs)
        assert x is not None
        assert all(isinstance(v, Fraction) for v in x)
        assert (matrix @ x == rhs).all()


def test_solving_gives_cramers_quotients():
    rng = np.random.default_rng(0)
    for _ in range(50):
        matrix = rationals(rng.integers(-2, 3, (3, 3)))
        rhs = rationals(rng.integers(-3, 4, 3))
        det = determinant(matrix.tolist())
        x = solve(matrix, rhs)
        assert (x is None) == (det == 0)
        if x is not None:
            for j in range(3):
                replaced = matrix.copy()
                replaced[:, j] = rhs
                assert x[j] == determinant(replaced.tolist()) / det


def test_a_singular_system_has_no_solution_even_if_it_is_consistent():
    singular = rationals([[1, 2], [2, 4]])
    assert solve(singular, rationals([1, 2])) is None
    assert solve(singular, rationals([1, 3])) is None


def test_a_nearly_singular_system_is_solved_without_rounding():
    tiny = Fraction(1, 10**40)
    matrix = rationals([[1, 1], [1, 1 + tiny]])
    assert solve(matrix, rationals([0, 1])).tolist() == [-(10**40), 10**40]


def test_the_empty_system_has_the_empty_solution():
    assert solve(rationals(np.zeros((0, 0))), rationals([])).shape == (0,)


def test_rank_and_independent_columns_agree_with_minors():
    rng = np.random.default_rng(0)
    ranks = set()
    for _ in range(150):
        shape = rng.integers(1, 5, 2)
        matrix = rationals(rng.integers(-1, 2, shape))
        r = rank_by_minors(matrix)
        ranks.add((r, r < min(shape)))
        assert rank(matrix) == r
        columns = independent_columns(matrix)
        assert len(columns) == r
        # Left to right: a column is chosen exactly when it raises the rank of those before it.
        raises = [
            j
            for j in range(shape[1])
            if rank_by_minors(matrix[:, : j + 1]) > (rank_by_minors(matrix[:, :j]) if j else 0)
        ]
        assert columns == raises
    assert {(1, True), (2, True), (3, True), (3, False), (4, False)} <= ranks


def test_rank_sees_what_a_prime_or_a_double_hides():
    prime = 2**61 - 1  # zero modulo the prime that the quick test works in
    matrix = rationals([[prime, 0], [0, 1]])
    assert rank(matrix) == 2
    assert independent_columns(matrix) == [0, 1]
    close = rationals([[1, 1], [1, 1 + Fraction(1, 10**30)]])
    assert rank(close) == 2
    assert independent_columns(close) == [0, 1]


def test_rank_of_an_empty_or_zero_matrix_is_zero():
    assert rank(rationals(np.zeros((0, 3)))) == 0
    assert independent_columns(rationals(np.zeros((3, 0)))) == []
    assert rank(rationals(np.zeros((2, 3)))) == 0
    assert independent_columns(rationals(np.zeros((2, 3)))) == []
