"""MPS files of compiled programs: free format, names c0, c1, ... and r0, r1, ..., all digits.

Format: https://lpsolve.sourceforge.net/5.5/mps-format.htm. The constant of the objective is left
out: solvers disagree on its sign (CBC reads minus the right-hand side, GLPK the right-hand side).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from milpsparse.compiled import Compiled


def mps_text(p: Compiled, name: str = "milpsparse") -> str:
    """The program as the text of an MPS file; numbers read back as the same doubles.

    The word FREE is for CBC, which otherwise takes the file for one in columns.
    """
    return "\n".join(
        [f"NAME {name} FREE", *_rows(p), *_columns(p), *_sides(p), *_bounds(p), "ENDATA\n"]
    )


def _rows(p: Compiled) -> Iterator[str]:
    yield "ROWS\n N cost"
    for i, kind in enumerate(_kinds(p)):
        yield f" {kind} r{i}"


def _kinds(p: Compiled) -> list[str]:
    """E, G, L, or N for a row without sides; rows with two sides are G with a range."""
    below, above = np.isfinite(p.row_lower), np.isfinite(p.row_upper)
    kinds = np.select([p.row_lower == p.row_upper, below, above], ["E", "G", "L"], "N")
    listed: list[str] = kinds.tolist()
    return listed


def _columns(p: Compiled) -> Iterator[str]:
    yield "COLUMNS"
    start, rows, values = p.A.indptr.tolist(), p.A.indices.tolist(), p.A.data.tolist()
    costs, integers = p.c.tolist(), p.integer.tolist()
    for j, (cost, integer) in enumerate(zip(costs, integers, strict=True)):
        if integer and (j == 0 or not integers[j - 1]):
            yield f" M{j} 'MARKER' 'INTORG'"
        yield f" c{j} cost {cost!r}"
        for i, value in zip(rows[start[j] : start[j + 1]], values[start[j] : start[j + 1]],
                            strict=True):  # fmt: skip
            yield f" c{j} r{i} {value!r}"
        if integer and (j + 1 == len(integers) or not integers[j + 1]):
            yield f" N{j} 'MARKER' 'INTEND'"


def _sides(p: Compiled) -> Iterator[str]:
    sides = list(zip(_kinds(p), p.row_lower.tolist(), p.row_upper.tolist(), strict=True))
    yield "RHS"
    for i, (kind, low, high) in enumerate(sides):
        if kind != "N":
            yield f" RHS r{i} {high if kind == 'L' else low!r}"
    ranges = [(i, high - low) for i, (kind, low, high) in enumerate(sides)
              if kind == "G" and high < np.inf]  # fmt: skip
    if ranges:
        yield "RANGES"
        yield from (f" RNG r{i} {width!r}" for i, width in ranges)


def _bounds(p: Compiled) -> Iterator[str]:
    """Every bound is written: readers differ in what they take for the default."""
    yield "BOUNDS"
    for j, (low, high) in enumerate(zip(p.lower.tolist(), p.upper.tolist(), strict=True)):
        if low == high:
            yield f" FX BND c{j} {low!r}"
        elif low == -np.inf and high == np.inf:
            yield f" FR BND c{j}"
        else:
            yield f" MI BND c{j}" if low == -np.inf else f" LO BND c{j} {low!r}"
            yield f" PL BND c{j}" if high == np.inf else f" UP BND c{j} {high!r}"
