"""Means of times: shifted geometric means and PARk, under each failure policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from milpsparse.analysis.costs import per_instance

if TYPE_CHECKING:
    import pandas as pd


def sgm(values: Any, shift: float) -> float:
    """Shifted geometric mean exp(mean ln max(1, v + s)) - s; values that are NaN do not count.

    >>> round(sgm([1, 10, 100, 3600], 10), 6), round(sgm([1, 10, 100, 3600], 1), 6)
    (86.678664, 52.185322)
    """
    v = np.asarray(values, float)
    v = v[~np.isnan(v)]
    return float(np.exp(np.log(np.maximum(1.0, v + shift)).mean()) - shift) if v.size else np.nan


def par(times: Any, solved: Any, limits: Any, k: float) -> float:
    """PARk: mean of the time where solved and k times the limit where not.

    >>> par([1, 10, 100, 3600], [1, 1, 1, 0], [3600] * 4, 10)
    9027.75
    """
    t, ok, limit = (np.asarray(a, float) for a in (times, solved, limits))
    return float(np.where(ok > 0, np.minimum(t, limit), k * limit).mean()) if t.size else np.nan


def shifted_geomean(
    rows: pd.DataFrame,
    shift: float = 10.0,
    *,
    policy: str | float = "limit",
    by: str = "method",
    refused: str = "left out",
) -> pd.Series[float]:
    """Shifted geometric mean of wall time (s) by method.

    Parameters
    ----------
    rows
        A frame of runs, see `read_rows`.
    shift
        Seconds; 10 as Mittelmann's, 1 where instances take seconds.
    policy
        What an unsolved run is charged: "limit", "par2", "par10", "par<k>" or a number k of limits,
        "omit" (it does not count), "intersection" (only instances that all methods solve). A wrong
        answer costs at least ten limits.
    by
        The column that is compared.
    refused
        Instances that some method does not take: "left out", or "unsolved" by it.
    """
    return per_instance(rows, policy, by, refused=refused).apply(sgm, shift=shift)


def penalized_average(
    rows: pd.DataFrame, k: float = 10.0, *, by: str = "method", refused: str = "left out"
) -> pd.Series[float]:
    """PARk by method: mean seconds, where an unsolved run costs k limits (PAR2, PAR10).

    Seeds are averaged inside an instance first.
    """
    return per_instance(rows, k, by, refused=refused).mean()
