"""MPS, free format: what every MIP solver reads. Numbers read back as the same doubles.

The word FREE is for CBC, which otherwise may take the file for one in columns. Indicator and SOS
sections are those that CPLEX, Gurobi and SCIP share. As there, the right-hand
side of the objective is minus its constant.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from milpsparse.compiled import Compiled
from milpsparse.formats import mps_names as names

OBJECTIVE = "objective"


def to_mps(p: Compiled, name: str) -> str:
    """The program as the text of an MPS file."""
    columns, rows = names.columns(p), names.rows(p)
    sections = (
        _rows(p, rows),
        _columns(p, columns, rows),
        _sides(p, rows),
        _bounds(p, columns),
        _sets(p, columns),
        _indicators(p, columns, rows),
    )
    lines = [line for part in sections for line in part]
    return "\n".join([f"NAME {names.plain(name)} FREE", *lines, "ENDATA"]) + "\n"


def _kinds(p: Compiled) -> list[str]:
    """E, G, L, or N for a row without sides; rows with two sides are G with a range."""
    below, above = np.isfinite(p.row_lower), np.isfinite(p.row_upper)
    kinds = np.select([p.row_lower == p.row_upper, below, above], ["E", "G", "L"], "N")
    listed: list[str] = kinds.tolist()
    return listed


def _rows(p: Compiled, rows: list[str]) -> Iterator[str]:
    yield from ("ROWS", f" N {OBJECTIVE}")
    yield from (f" {kind} {row}" for kind, row in zip(_kinds(p), rows, strict=True))


def _columns(p: Compiled, columns: list[str], rows: list[str]) -> Iterator[str]:
    yield "COLUMNS"
    at, value, integer = (
        p.A.indices.tolist(),
        p.A.data.tolist(),
        [False, *p.integer.tolist(), False],
    )
    for j, (name, cost) in enumerate(zip(columns, p.c.tolist(), strict=True)):
        if integer[j + 1] and not integer[j]:
            yield f" MARKER{j} 'MARKER' 'INTORG'"
        begin, end = p.A.indptr[j], p.A.indptr[j + 1]
        if cost or begin == end:
            yield f" {name} {OBJECTIVE} {cost!r}"
        for e in range(begin, end):
            yield f" {name} {rows[at[e]]} {value[e]!r}"
        if integer[j + 1] and not integer[j + 2]:
            yield f" MARKER{j}E 'MARKER' 'INTEND'"


def _sides(p: Compiled, rows: list[str]) -> Iterator[str]:
    sides = list(zip(rows, _kinds(p), p.row_lower.tolist(), p.row_upper.tolist(), strict=True))
    yield "RHS"
    if p.offset:
        yield f" RHS {OBJECTIVE} {-p.offset!r}"
    for row, kind, low, high in sides:
        if kind != "N":
            yield f" RHS {row} {high if kind == 'L' else low!r}"
    ranges = [(row, high - low) for row, kind, low, high in sides if kind == "G" and high < np.inf]
    if ranges:
        yield "RANGES"
        yield from (f" RNG {row} {width!r}" for row, width in ranges)


def _bounds(p: Compiled, columns: list[str]) -> Iterator[str]:
    """Every bound is written: readers differ in what they take for the default."""
    yield "BOUNDS"
    given = zip(columns, p.integer.tolist(), p.lower.tolist(), p.upper.tolist(), strict=True)
    for name, integer, low, high in given:
        if integer and (low, high) == (0, 1):  # SCIP takes no other word for the z of indicators
            yield f" BV BND {name}"
        elif low == high:
            yield f" FX BND {name} {low!r}"
        elif low == -np.inf and high == np.inf:
            yield f" FR BND {name}"
        else:
            yield f" MI BND {name}" if low == -np.inf else f" LO BND {name} {low!r}"
            yield f" PL BND {name}" if high == np.inf else f" UP BND {name} {high!r}"


def _sets(p: Compiled, columns: list[str]) -> Iterator[str]:
    if p.sos1:
        yield "SOS"
    for number, members in enumerate(p.sos1):
        yield f" S1 sos{number}"
        yield from (f" {columns[j]} {weight}" for weight, j in enumerate(members, start=1))


def _indicators(p: Compiled, columns: list[str], rows: list[str]) -> Iterator[str]:
    if p.when:
        yield "INDICATORS"
    for i, (j, value) in p.when.items():
        yield f" IF {rows[i]} {columns[j]} {value}"
