"""Shares of instances: performance profiles over ratios, and distributions over seconds.

Both are right-continuous steps at the exact values, over all instances: also those that nobody
solved, and those that a method refuses, which are unsolved by it. With seeds, an instance is solved
when every one of its runs is.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from milpsparse.analysis.costs import per_instance, seed_means
from milpsparse.analysis.integral import distance
from milpsparse.analysis.outcomes import KEYS, available, best_bounds, failed

if TYPE_CHECKING:
    import pandas as pd


def performance_profile(
    rows: pd.DataFrame, *, by: str = "method", refused: str = "unsolved"
) -> pd.DataFrame:
    """Dolan-More profiles: share of instances solved within a factor tau of the fastest method.

    rho_s(tau) = |{p : t_ps <= tau min_s t_ps}| / |P|, with t = inf where unsolved. At tau = 1 it is
    the share of wins (ties count for all), at the right end the share solved. The order of two
    methods may change when a third one leaves: give two methods' rows to compare just these.

    Returns
    -------
    pandas.DataFrame
        Indexed by tau, where a step is; one column a method.
    """
    times = per_instance(rows, math.inf, by, refused=refused)
    best = times.min(axis=1).replace(math.inf, math.nan)
    return _steps(times.div(best, axis=0).fillna(math.inf), 1.0, "tau")


def ecdf(rows: pd.DataFrame, *, target: float | None = None, by: str = "method") -> pd.DataFrame:
    """Share of instances solved within so many seconds.

    With a target, the share where the method's value came that near to the best verified value of
    all: |p - best| <= target max(|p|, |best|), by its trace (a claim), or at its end.

    Returns
    -------
    pandas.DataFrame
        Indexed by seconds, where a step is; one column a method.
    """
    if target is None:
        times = per_instance(rows, math.inf, by, refused="unsolved")
    else:
        taken = available(rows)
        times = seed_means(times_to_gap(taken, target), taken, by)["mean"].unstack(by)
        problems = rows.groupby(KEYS).size().index
        times = times.reindex(problems).fillna(math.inf)
    return _steps(times, 0.0, "seconds")


def times_to_gap(rows: pd.DataFrame, target: float) -> pd.Series[float]:
    """Seconds until each run had a value within a primal gap of the best verified one; else inf.

    Runs without a verified value, or with a claim that did not hold, never had one.
    """
    import pandas as pd

    best = rows[KEYS].join(best_bounds(rows)["best"], on=KEYS)["best"].to_numpy(float)
    limits = rows["time_limit_s"].to_numpy(float)
    ends = rows["wall_time_s"].to_numpy(float)
    values = rows["primal_bound"].mask(failed(rows)).to_numpy(float)
    found = [
        math.inf if math.isnan(value) else _first(trace, (end, value), known, target)
        for trace, end, value, known in zip(rows["trace"], ends, values, best, strict=True)
    ]
    times = np.array(found, float)
    return pd.Series(np.where(times > limits, math.inf, times), index=rows.index)


def _first(trace: Any, end: tuple[float, float], best: float, target: float) -> float:
    """When a value was near enough."""
    entries = [(t, p) for t, p, _ in trace] if isinstance(trace, (list, tuple)) else []
    near = (t for t, p in [*entries, end] if p is not None and distance(p, best) <= target)
    return max(next(near, math.inf), 1e-9)


def wins(rows: pd.DataFrame, *, by: str = "method") -> pd.Series[int]:
    """On how many instances each method is the fastest to solve; ties count for all."""
    times = per_instance(rows, math.inf, by, refused="unsolved")
    best = times.min(axis=1)
    counts: pd.Series[int] = times.eq(best, axis=0)[np.isfinite(best)].sum()
    return counts


def _steps(values: pd.DataFrame, first: float, name: str) -> pd.DataFrame:
    """Cumulative shares of the columns, with a step at every finite value."""
    import pandas as pd

    data = values.to_numpy(float)
    at = np.unique(np.concatenate([[first], data[np.isfinite(data)]]))
    shares = {
        column: np.searchsorted(np.sort(data[:, j]), at, side="right") / max(1, len(data))
        for j, column in enumerate(values.columns)
    }
    return pd.DataFrame(shares, index=pd.Index(at, name=name))
