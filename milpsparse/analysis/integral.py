"""Integrals of the anytime record: how good the bounds were while a method ran.

The primal integral is that of the primal gap over the time up to a horizon, the dual and the
primal-dual integral those of the other gaps; a gap is 1 before there is a bound. Divided by the
horizon they lie in [0, 1]; less is better. Berthold, Operations Research Letters 41 (2013).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from milpsparse.analysis.gaps import COUNTS, Array, berthold, rounded_up
from milpsparse.analysis.outcomes import KEYS, best_bounds, failed
from milpsparse.anytime import EQUAL, Trace

if TYPE_CHECKING:
    import pandas as pd


def distance(a: float | None, b: float | None) -> float:
    """Berthold's gap: |a - b| / max(|a|, |b|); 1 for different signs, or where one is unknown.

    >>> distance(10, 8), distance(8, 8), distance(0, 0), distance(1, -1), distance(None, 3)
    (0.2, 0.0, 0.0, 1.0, 1.0)
    """
    if a is None or b is None or a * b < 0:
        return 1.0
    return 0.0 if abs(a - b) <= EQUAL else abs(a - b) / max(abs(a), abs(b))


def primal_integral(trace: Trace, reference: float | None, horizon_s: float) -> float:
    """Integral of the gap between value and reference, in seconds.

    >>> round(primal_integral([(2, 10, None), (5, 8, None), (9, 7, None)], 7, 20), 6)
    3.4
    >>> primal_integral([], 7, 20)
    20.0
    """
    return _integral(trace, horizon_s, lambda primal, dual: distance(primal, reference))


def dual_integral(trace: Trace, reference: float | None, horizon_s: float) -> float:
    """Integral of the gap between lower bound and reference, in seconds."""
    return _integral(trace, horizon_s, lambda primal, dual: distance(dual, reference))


def primal_dual_integral(trace: Trace, horizon_s: float) -> float:
    """Integral of the gap between the two bounds, in seconds; it needs no reference."""
    return _integral(trace, horizon_s, distance)


def _integral(
    trace: Trace, horizon_s: float, gap: Callable[[float | None, float | None], float]
) -> float:
    """Of a step function: each entry holds until the next one, the last until the horizon."""
    total, since, height = 0.0, 0.0, 1.0
    for time_s, primal, dual in trace:
        time_s = min(time_s, horizon_s)
        total += height * (time_s - since)
        since, height = time_s, gap(primal, dual)
    return total + height * (horizon_s - since)


def integrals(rows: pd.DataFrame) -> pd.DataFrame:
    """primal_integral, dual_integral and primal_dual_integral of each row, as shares of its limit.

    The reference is the best verified value of all rows on the instance. Lower bounds on counts
    are rounded up first. A claim that did not hold costs everything; without a trace: no number.
    """
    import pandas as pd

    best = rows[KEYS].join(best_bounds(rows)["best"], on=KEYS)["best"].to_numpy(float)
    counts = rows["objective"].isin(COUNTS).to_numpy()
    limits = rows["time_limit_s"].to_numpy(float)
    found = np.full((len(rows), 3), np.nan)
    traces = rows["trace"].tolist()
    kept = np.array([k for k, t in enumerate(traces) if isinstance(t, (list, tuple)) and t], int)
    if len(kept):
        found[kept] = _shares([traces[k] for k in kept], best[kept], counts[kept], limits[kept])
    found[failed(rows).to_numpy()] = 1.0
    columns = ["primal_integral", "dual_integral", "primal_dual_integral"]
    return pd.DataFrame(found, index=rows.index, columns=columns)


def _shares(traces: list[Trace], best: Array, counts: NDArray[np.bool_], limits: Array) -> Array:
    """The three integrals of each trace over its limit, all entries of all traces at once."""
    lengths = np.array([len(trace) for trace in traces])
    run = np.repeat(np.arange(len(traces)), lengths)
    times, primal, dual = np.array([entry for trace in traces for entry in trace], float).T
    dual = np.where(counts[run], rounded_up(dual), dual)
    times = np.minimum(times, limits[run])
    last = np.cumsum(lengths) - 1
    until = np.append(times[1:], 0.0)
    until[last] = limits
    before = times[last - lengths + 1]
    heights = berthold(primal, best[run]), berthold(dual, best[run]), berthold(primal, dual)
    areas = [before + np.bincount(run, height * (until - times)) for height in heights]
    return np.array(areas).T / limits[:, None]
