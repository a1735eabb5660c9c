"""Rankings of the methods by several measures, and where they disagree.

No one measure tells all: a method with a timeout can have the better shifted geometric mean, and
the worse PAR10. All are over all instances: one that a method refuses is unsolved by it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from milpsparse.analysis.means import penalized_average, shifted_geomean
from milpsparse.analysis.outcomes import as_claimed
from milpsparse.analysis.profiles import performance_profile

if TYPE_CHECKING:
    import pandas as pd

Measure = Callable[["pd.DataFrame", str], "pd.Series[float]"]  # by method; less is better


def _mean(shift: float, policy: str | float = "limit") -> Measure:
    return lambda rows, by: shifted_geomean(
        rows, shift, policy=policy, by=by, refused="unsolved" if policy == "limit" else "left out"
    )


MEASURES: dict[str, Measure] = {
    "sgm10": _mean(10.0),
    "sgm1": _mean(1.0),
    "PAR2": lambda rows, by: penalized_average(rows, 2.0, by=by, refused="unsolved"),
    "PAR10": lambda rows, by: penalized_average(rows, 10.0, by=by, refused="unsolved"),
    "wins": lambda rows, by: 1.0 - performance_profile(rows, by=by).iloc[0],
    "solved": lambda rows, by: 1.0 - performance_profile(rows, by=by).iloc[-1],
    "claimed": lambda rows, by: _mean(10.0)(as_claimed(rows), by),
}


def measures(
    rows: pd.DataFrame, *, by: str = "method", names: Sequence[str] = tuple(MEASURES)
) -> pd.DataFrame:
    """The measures of each objective and method; less is better.

    sgm10, sgm1: shifted geometric means of seconds, where an unsolved run costs the limit; PAR2,
    PAR10: means, where it costs 2 or 10 limits; wins: share of instances where another method is
    the fastest (1 - rho(1) of the performance profile); solved: share that is unsolved; claimed:
    sgm10 with every method taken at its word.
    """
    import pandas as pd

    parts = {
        objective: pd.DataFrame({name: MEASURES[name](part, by) for name in names})
        for objective, part in rows.groupby("objective")
    }
    return pd.concat(parts, names=["objective", by])


def rankings(
    rows: pd.DataFrame, *, by: str = "method", names: Sequence[str] = tuple(MEASURES)
) -> pd.DataFrame:
    """The place of each method by each measure, 1 is the best; equal ones share the lower place."""
    values = measures(rows, by=by, names=names).round(9)
    return values.groupby("objective").rank(method="min", na_option="bottom").astype(int)


def ranking_warnings(
    rows: pd.DataFrame, *, by: str = "method", names: Sequence[str] = tuple(MEASURES)
) -> list[str]:
    """One line an objective whose rankings disagree: the order by the first one and by the others.

    Two rankings disagree where one has a method before another and the other has it behind; ties
    (written =) disagree with nothing.
    """
    lines = []
    for objective, places in rankings(rows, by=by, names=names).groupby("objective"):
        table = places.droplevel("objective")
        first = table[names[0]]
        others: dict[str, list[str]] = {}
        for name in names:
            if name == names[0] or _disagree(first, table[name]):
                others.setdefault(_order(table[name], first), []).append(name)
        if len(others) > 1:
            said = [f"by {_all(named)} {order}" for order, named in others.items()]
            lines.append(
                f"Warning, {objective}: the order of methods depends on the measure: "
                f"{'; '.join(said)}."
            )
    return lines


def _disagree(a: pd.Series[int], b: pd.Series[int]) -> bool:
    """Whether a pair is ordered one way here and the other way there."""
    x, y = a.to_numpy(), b.to_numpy()
    return bool(((x[:, None] < x) & (y[:, None] > y)).any())


def _order(places: pd.Series[int], ties: pd.Series[int]) -> str:
    """The methods from best to worst, as in: a, b = c."""
    names = places.index.to_numpy()[np.lexsort((ties.to_numpy(), places.to_numpy()))]
    text = str(names[0])
    for before, name in pairwise(names):
        text += f"{' = ' if places[name] == places[before] else ', '}{name}"
    return text


def _all(words: Sequence[str]) -> str:
    """Words as one reads them: a, b and c."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
