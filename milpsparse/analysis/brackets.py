"""Means over groups of instances by how hard they are, as SCIP's and PAVER's evaluations show.

| bracket | instances |
|---|---|
| `all` | all that every method takes |
| `[t, T]` | without a wrong claim, solved by a method, and by one in t seconds or more (or not) |
| `alloptimal` | solved by every method |
| `difftimeouts` | solved by a method, but not by every one |
| `affected` | methods report different node counts: where a change of a setting did something |
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from milpsparse.analysis.costs import per_instance
from milpsparse.analysis.means import sgm
from milpsparse.analysis.outcomes import KEYS, available, failed

if TYPE_CHECKING:
    import pandas as pd

STARTS = (0.0, 1.0, 10.0, 100.0)  # seconds


def brackets(
    rows: pd.DataFrame,
    shift: float = 10.0,
    *,
    by: str = "method",
    starts: Sequence[float] = STARTS,
) -> pd.DataFrame:
    """One line a bracket and method: instances, how many are solved, mean time, and that scaled.

    `sgm_s` is the shifted geometric mean of wall seconds, where an unsolved run costs the limit;
    `scaled` divides it by the least one of the bracket.
    """
    import pandas as pd

    times, ends = per_instance(rows, "limit", by), per_instance(rows, math.inf, by)
    lines = []
    for name, chosen in _masks(rows, times, ends, by, starts):
        part, solved = times[chosen], ends[chosen] < math.inf
        means = part.apply(sgm, shift=shift)
        for method in times.columns:
            lines.append(
                {
                    "bracket": name,
                    "instances": int(chosen.sum()),
                    by: method,
                    "solved": int(solved[method].sum()),
                    "sgm_s": means[method],
                    "scaled": means[method] / means.min(),
                }
            )
    return pd.DataFrame(lines)


def _masks(
    rows: pd.DataFrame,
    times: pd.DataFrame,
    ends: pd.DataFrame,
    by: str,
    starts: Sequence[float],
) -> Iterator[tuple[str, pd.Series[bool]]]:
    """Each bracket with which of the instances are in it."""
    solved = ends < math.inf
    some, every = solved.any(axis=1), solved.all(axis=1)
    wrong = failed(rows).groupby([rows[key] for key in KEYS]).any().reindex(times.index)
    yield "all", some | True
    for start in starts:
        yield f"[{start:g}, T]", some & ~wrong & (times >= start).any(axis=1)
    yield "alloptimal", every
    yield "difftimeouts", some & ~every
    nodes = available(rows).pivot_table(index=KEYS, columns=by, values="node_count")
    yield "affected", (nodes.nunique(axis=1) > 1).reindex(times.index, fill_value=False)
