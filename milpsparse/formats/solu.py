"""Known values as MIPLIB and SCIP have them (.solu), one a line: =opt= name value.

=opt=       the optimum: an exact network meets a theorem, a proof or an exhaustive search
=best=      the best verified value;   =bestdual=   the best proved lower bound
=unkn=      neither
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from milpsparse.analysis.outcomes import best_bounds
from milpsparse.judge import TOLERANCE, gap, rounded
from milpsparse.objective import Objective

if TYPE_CHECKING:
    import pandas as pd


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
