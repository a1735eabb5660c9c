"""Names of columns and rows that every reader takes, the same each time a model is written."""

from __future__ import annotations

import re
from collections.abc import Iterable

from milpsparse.compiled import Compiled

LONGEST = 100  # characters; readers take 255 or more
RESERVED = re.compile(
    r"e\d*|st|free|inf|infinity|bin|binary|gen|general|end|max|min|objective", re.I
)


def plain(text: str) -> str:
    """Letters, digits and underscores for a name such as neuron_big_m[slots=3]@highs.

    >>> plain("u[0,2]"), plain("lp:0.4"), plain("neuron_big_m[slots=3]@highs")
    ('u_0_2', 'lp_0_4', 'neuron_big_m_slots_3_highs')
    """
    return re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_") or "_"


def columns(p: Compiled) -> list[str]:
    """Names of the columns: u_0_2 for Pyomo's u[0,2]."""
    return _unique(p.column_names(), "x")


def rows(p: Compiled) -> list[str]:
    """Names of the rows."""
    return _unique(p.row_names(), "r")


def _unique(given: Iterable[str], letter: str) -> list[str]:
    """One name each; what is too long, reserved or taken gets a letter and its number."""
    found: list[str] = []
    taken: set[str] = set()
    for at, text in enumerate(given):
        name = plain(text)
        if len(name) > LONGEST or name[0].isdigit() or RESERVED.fullmatch(name) or name in taken:
            name = f"{letter}{at}_{name[: LONGEST - 20]}"
        taken.add(name)
        found.append(name)
    return found
