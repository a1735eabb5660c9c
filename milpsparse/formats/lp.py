"""LP format (CPLEX's): the program as formulas, for people and solvers; all digits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from milpsparse.compiled import Compiled
from milpsparse.formats import mps_names as names

TERMS = 6  # of a row on one line; some readers refuse lines over 510 characters


def to_lp(p: Compiled, name: str) -> str:
    """The program as the text of an LP file."""
    columns = names.columns(p)
    costs = [(a, columns[j]) for j, a in enumerate(p.c.tolist()) if a]
    constant = f" {p.offset:+}" if p.offset else ""
    lines = [
        f"\\ {names.plain(name)}",
        "Minimize",
        f" objective: {_formula(costs, columns)}{constant}",
        "Subject To",
        *_rows(p, columns),
        "Bounds",
        *_bounds(p, columns),
        *_integers(p, columns),
        *_sets(p, columns),
        "End",
    ]
    return "\n".join(lines) + "\n"


def _formula(terms: Iterable[tuple[float, str]], columns: list[str]) -> str:
    """A sum, broken into lines; of nothing, 0 times some column."""
    words = [f"{a:+} {x}" for a, x in terms] or [f"0 {columns[0]}"]
    lines = [" ".join(words[at : at + TERMS]) for at in range(0, len(words), TERMS)]
    return "\n   ".join(lines)


def _rows(p: Compiled, columns: list[str]) -> Iterator[str]:
    """One line a side; an indicator's condition goes before the row."""
    A = p.A.tocsr()
    sides = zip(names.rows(p), p.row_lower.tolist(), p.row_upper.tolist(), strict=True)
    for i, (name, low, high) in enumerate(sides):
        begin, end = A.indptr[i], A.indptr[i + 1]
        at, values = A.indices[begin:end].tolist(), A.data[begin:end].tolist()
        formula = _formula(zip(values, (columns[j] for j in at), strict=True), columns)
        if i in p.when:
            j, value = p.when[i]
            formula = f"{columns[j]} = {value} -> {formula}"
        if low == high:
            yield f" {name}: {formula} = {low!r}"
            continue
        if low > -np.inf:
            yield f" {name}: {formula} >= {low!r}"
        if high < np.inf:
            yield f" {name}{'_upper' if low > -np.inf else ''}: {formula} <= {high!r}"


def _bounds(p: Compiled, columns: list[str]) -> Iterator[str]:
    for name, low, high in zip(columns, p.lower.tolist(), p.upper.tolist(), strict=True):
        if low == -np.inf and high == np.inf:
            yield f" {name} free"
        elif high == np.inf:
            yield f" {name} >= {low!r}"
        else:
            yield f" {'-inf' if low == -np.inf else repr(low)} <= {name} <= {high!r}"


def _integers(p: Compiled, columns: list[str]) -> Iterator[str]:
    binary = p.integer & (p.lower >= 0) & (p.upper <= 1)
    for title, which in (("Binaries", binary), ("Generals", p.integer & ~binary)):
        if which.any():
            yield title
            yield from (f" {columns[j]}" for j in np.flatnonzero(which))


def _sets(p: Compiled, columns: list[str]) -> Iterator[str]:
    if p.sos1:
        yield "SOS"
    for number, members in enumerate(p.sos1):
        weighted = (f"{columns[j]}:{weight}" for weight, j in enumerate(members, start=1))
        yield f" sos{number}: S1:: {' '.join(weighted)}"
