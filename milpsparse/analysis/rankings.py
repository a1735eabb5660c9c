"""Rankings of the methods by several measures, and where they disagree.

No one measure tells all: a method with a timeout can have the better shifted geometric mean, and
the worse PAR10. All are over all instances: one that a method refuses is unsolved by it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from milpsparse.analysis.costs import per_instance
from milpsparse.analysis.means import sgm
from milpsparse.analysis.outcomes import as_claimed

if TYPE_CHECKING:
    import pandas as pd

MEASURES = ("sgm10", "sgm1", "PAR2", "PAR10", "wins", "solved", "claimed")


def measures(rows: pd.DataFrame, *, by: str = "method") -> pd.DataFrame:
    """The measures of each objective and method; less is better.

    sgm10, sgm1: shifted geometric means of seconds, where an unsolved run costs the limit; PAR2,
    PAR10: means, where it costs 2 or 10 limits; wins: share of instances where another method is
    the fastest (1 - rho(1) of the performance profile); solved: share that is unsolved; claimed:
    sgm10 with every method taken at its word.
    """
    import pandas as pd

    found = {str(o): _measures(part, by) for o, part in rows.groupby("objective")}
    nothing = pd.DataFrame(columns=MEASURES, dtype=float)
    return pd.concat(found or {"": nothing}, names=["objective", by])


def _measures(rows: pd.DataFrame, by: str) -> pd.DataFrame:
    """Of one objective."""
    import pandas as pd

    limit, par2, par10, ends = (
        per_instance(rows, policy, by, refused="unsolved") for policy in (1, 2, 10, math.inf)
    )
    claimed = per_instance(as_claimed(rows), "limit", by, refused="unsolved")
    fastest = ends.eq(ends.min(axis=1), axis=0) & (ends < math.inf)
    found = {
        "sgm10": limit.apply(sgm, shift=10.0),
        "sgm1": limit.apply(sgm, shift=1.0),
        "PAR2": par2.mean(),
        "PAR10": par10.mean(),
        "wins": 1.0 - fastest.mean(),
        "solved": 1.0 - (ends < math.inf).mean(),
        "claimed": claimed.apply(sgm, shift=10.0),
    }
    return pd.DataFrame(found)


def rankings(rows: pd.DataFrame, *, by: str = "method") -> pd.DataFrame:
    """The place of each method by each measure, 1 is the best; equal ones share the lower place."""
    values = measures(rows, by=by).round(9)
    return values.groupby("objective").rank(method="min", na_option="bottom").astype(int)


def ranking_warnings(rows: pd.DataFrame, *, by: str = "method") -> list[str]:
    """One line an objective whose rankings disagree: the order by the first one and by the others.

    Two rankings disagree where one has a method before another and the other has it behind; ties
    (written =) disagree with nothing.
    """
    lines = []
    for objective, places in rankings(rows, by=by).groupby("objective"):
        table = places.droplevel("objective")
        first = table[MEASURES[0]]
        others: dict[str, list[str]] = {}
        for name in MEASURES:
            if name == MEASURES[0] or _disagree(first, table[name]):
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
