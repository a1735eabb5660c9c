"""Exact numbers: text to rationals, arrays to rationals, and linear systems solved in them.

A double is the dyadic rational it is; text is the rational it spells ("0.1" is 1/10). Rationals
travel as `fractions.Fraction` in numpy object arrays; linear algebra runs in FLINT.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rational = NDArray[np.object_]  # an array of Fractions

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?|[+-]?\d+/\d+", re.IGNORECASE)
_MAX_TEXT = 1200  # a double's exact decimal expansion has at most 1,077 characters


def parse(text: str) -> Fraction:
    """The rational that a text spells; ValueError when it spells no finite number.

    >>> parse("0.1"), parse("1/3"), parse("-2.5e-1")
    (Fraction(1, 10), Fraction(1, 3), Fraction(-1, 4))
    """
    text = text.strip()
    if len(text) > _MAX_TEXT or not _NUMBER.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is not a finite number")
    try:
        value = Fraction(text)
        if math.isinf(float(value)):
            raise OverflowError
    except (ZeroDivisionError, OverflowError):
        raise ValueError(f"{text[:40]!r} is not a finite number of double range") from None
    return value


def spell(value: Fraction) -> str:
    """The shortest text that `parse` reads back as exactly this value.

    >>> spell(Fraction(1, 4)), spell(Fraction(1, 10)), spell(Fraction(0.1))
    ('0.25', '0.1', '3602879701896397/36028797018963968')
    """
    if value.denominator == 1:
        return str(value.numerator)
    short = repr(float(value))
    if len(short) < 30 and Fraction(short) == value:
        return short
    return f"{value.numerator}/{value.denominator}"


def rationals(values: Any) -> Rational:
    """An object array of Fractions with exactly the values of a numeric array."""
    array = np.asarray(values)
    flat = [v if isinstance(v, Fraction) else Fraction(v) for v in array.ravel().tolist()]
    out = np.empty(len(flat), dtype=object)
    out[:] = flat
    return out.reshape(array.shape)


def integers(values: Iterable[Fraction]) -> tuple[list[int], int]:
    """Numerators over one common denominator: values[i] == numerators[i] / denominator."""
    values = list(values)
    denominator = math.lcm(*(v.denominator for v in values)) if values else 1
    return [v.numerator * (denominator // v.denominator) for v in values], denominator


def solve(matrix: Rational, rhs: Rational) -> Rational | None:
    """The solution of a square system, shapes (n, n) and (n,); None when it is singular."""
    from flint import fmpz_mat

    if len(rhs) == 0:
        return rationals([])
    # A row may be scaled freely, so the rational system becomes an integer one.
    rows = [integers([*row, b])[0] for row, b in zip(matrix.tolist(), rhs.tolist(), strict=True)]
    try:
        x = fmpz_mat([row[:-1] for row in rows]).solve(fmpz_mat([[row[-1]] for row in rows]))
    except ZeroDivisionError:
        return None
    return _from_fmpq([x[i, 0] for i in range(len(rows))])


def _from_fmpq(values: Sequence[Any]) -> Rational:
    out = np.empty(len(values), dtype=object)
    out[:] = [Fraction(int(v.p), int(v.q)) for v in values]
    return out


def rank(matrix: Rational) -> int:
    """The rank of a rational matrix."""
    from flint import fmpz_mat

    if matrix.size == 0:
        return 0
    return int(fmpz_mat([integers(row)[0] for row in matrix.tolist()]).rank())


def null_space(matrix: Rational) -> Rational:
    """Rows of integers that span all v with matrix @ v == 0; shape (nullity, columns)."""
    from flint import fmpz_mat

    basis, nullity = fmpz_mat([integers(row)[0] for row in matrix.tolist()]).nullspace()
    out = np.zeros((nullity, matrix.shape[1]), dtype=object)
    for i, j in np.ndindex(out.shape):
        out[i, j] = int(basis[j, i])
    out //= np.gcd.reduce(out, axis=1)[:, None]  # determinants share large factors
    return out


def independent_columns(matrix: Rational) -> list[int]:
    """A maximal set of independent columns, chosen left to right."""
    from flint import fmpz_mat, nmod_mat

    if matrix.size == 0:
        return []
    rows = [integers(row)[0] for row in matrix.tolist()]
    # Columns independent modulo a prime are independent; if they are as many as can be, all is
    # said, at a hundredth of the price of the exact elimination.
    modular = _pivots(*nmod_mat([[v % _PRIME for v in row] for row in rows], _PRIME).rref())
    if len(modular) == min(matrix.shape):
        return modular
    echelon, _, found = fmpz_mat(rows).rref()
    return _pivots(echelon, found)


_PRIME = 2**61 - 1


def _pivots(echelon: Any, rank: Any) -> list[int]:
    pivots: list[int] = []
    for row in range(int(rank)):
        column = pivots[-1] + 1 if pivots else 0
        while echelon[row, column] == 0:
            column += 1
        pivots.append(column)
    return pivots
