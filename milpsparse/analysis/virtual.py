"""The virtual best: a portfolio that knows which method to run; and its opposite.

Both are rows, of the method that a name is given to, so that any function takes them:
`performance_profile(pandas.concat([rows, virtual_best(rows)]))`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from milpsparse.analysis.costs import costs
from milpsparse.analysis.outcomes import KEYS, available, failed
from milpsparse.analysis.seeds import average

if TYPE_CHECKING:
    import pandas as pd


def virtual_best(rows: pd.DataFrame, name: str = "virtual best") -> pd.DataFrame:
    """Of each instance and objective the run that solves it fastest, or else has the best value.

    Seeds are averaged first. The column `chosen` says whose run it is.
    """
    ranked = _ranked(rows)
    return _named(ranked.drop_duplicates(KEYS, keep="first"), name)


def virtual_worst(rows: pd.DataFrame, name: str = "virtual worst") -> pd.DataFrame:
    """The opposite of `virtual_best`, on the instances that every method takes."""
    ranked = _ranked(rows)
    everyone = ranked.groupby(KEYS)["method"].transform("size") == ranked["method"].nunique()
    return _named(ranked[everyone].drop_duplicates(KEYS, keep="last"), name)


def _ranked(rows: pd.DataFrame) -> pd.DataFrame:
    """Runs from best to worst inside each instance: by time, value, and the name of the method."""
    runs = average(available(rows))
    order: dict[str, Any] = {"_wrong": failed(runs), "_cost": costs(runs, math.inf)}
    keys = [*KEYS, "_wrong", "_cost", "primal_bound", "method"]
    return runs.assign(**order).sort_values(keys).drop(columns=list(order))


def _named(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    return rows.assign(chosen=rows["method"], method=name, seed=0, perm=0)
