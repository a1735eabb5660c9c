"""Known values as MIPLIB and SCIP have them (.solu), one a line: =opt= name value.

=opt=       the optimum: an exact network meets a theorem, a proof or an exhaustive search
=best=      the best verified value;   =bestdual=   the best proved lower bound
=unkn=      neither
Read, too: =inf= (infeasible), =feas= (no value known), =unbd= and =unbnd= (unbounded), # comments.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from milpsparse.analysis.outcomes import best_bounds
from milpsparse.errors import BadInput
from milpsparse.judge import TOLERANCE, gap, rounded
from milpsparse.objective import Objective

if TYPE_CHECKING:
    import pandas as pd

WITH_VALUE = ("opt", "best", "bestdual")
WITHOUT = ("inf", "feas", "unbd", "unkn")
Known = dict[str, float | None]  # kind of knowledge: value


def to_solu(rows: pd.DataFrame, objective: Objective) -> str:
    """What the rows of one objective have verified and proved; a solver's word is left out."""
    exact = rows["exact"].fillna(False).astype(bool)
    bounds = best_bounds(rows.assign(primal_bound=rows["primal_bound"].where(exact)))
    lines = []
    best, lower = bounds["best"].tolist(), bounds["proved"].tolist()
    for name, value, bound in zip(bounds.index.get_level_values(0), best, lower, strict=True):
        proved = rounded(bound, objective)
        if value <= proved or gap(value, proved) <= TOLERANCE:
            lines.append(f"=opt= {name} {value:.17g}")
            continue
        if value == value:  # not NaN
            lines.append(f"=best= {name} {value:.17g}")
        if proved == proved:
            lines.append(f"=bestdual= {name} {proved:.17g}")
        if value != value and proved != proved:
            lines.append(f"=unkn= {name}")
    return "\n".join(lines) + "\n"


def read_solu(text: str) -> dict[str, Known]:
    """What is known of each name, by kind: {"opt": 3.0}; of an infeasible one {"inf": None}.

    >>> read_solu("=best= a 4\\n=bestdual= a 3\\n=unbnd= b\\n")
    {'a': {'best': 4.0, 'bestdual': 3.0}, 'b': {'unbd': None}}

    Raises
    ------
    BadInput
        A line that is none of these, or says something else than an earlier one.
    """
    known: dict[str, Known] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        kind, value = _entry(words, number, line)
        of_name = known.setdefault(words[1], {})
        if of_name.setdefault(kind, value) != value:
            raise BadInput(f"solu, line {number}: {words[1]} has another ={kind}= above")
    return known


def _entry(words: list[str], number: int, line: str) -> tuple[str, float | None]:
    """The kind and the value of a line."""
    kind = words[0].strip("=").lower()
    kind = "unbd" if kind == "unbnd" else kind
    try:
        if not words[0].startswith("=") or len(words) < 2:
            raise ValueError
        if kind in WITH_VALUE:
            _, _, text = words
            value = float(text)
            if math.isnan(value):
                raise ValueError
            return kind, value
        if kind in WITHOUT and len(words) == 2:
            return kind, None
        raise ValueError
    except ValueError:
        raise BadInput(
            f"solu, line {number}: not =opt=, =best=, =bestdual= with name and value, or =inf=, "
            f"=feas=, =unbd=, =unkn= with a name: {line[:60]!r}"
        ) from None
