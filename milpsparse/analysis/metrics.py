"""Metrics over rows: solved, shifted geometric means, PAR, performance profiles.

Only checked columns count: a run is solved when its verified bounds meet, proved when what its
lower bound rests on is a theorem, a proof or an exhaustive search.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

PROVED = ("theorem", "proof", "search")
MIN_TIME_S = 0.01  # below it times are noise


def sgm(values: Any, shift: float) -> float:
    """Shifted geometric mean exp(mean ln max(1, v + s)) - s.

    >>> round(sgm([1, 10, 100, 3600], 10), 6), round(sgm([1, 10, 100, 3600], 1), 6)
    (86.678664, 52.185322)
    """
    v = np.asarray(values, float)
    return float(np.exp(np.log(np.maximum(1.0, v + shift)).mean()) - shift) if v.size else np.nan


def par(times: Any, solved: Any, limits: Any, k: float) -> float:
    """PARk: mean of the time where solved and k times the limit where not.

    >>> par([1, 10, 100, 3600], [1, 1, 1, 0], [3600] * 4, 10)
    9027.75
    """
    t, ok, limit = (np.asarray(a, float) for a in (times, solved, limits))
    return float(np.where(ok > 0, np.minimum(t, limit), k * limit).mean()) if t.size else np.nan


def solved(rows: pd.DataFrame) -> pd.Series[bool]:
    """Runs whose verified bounds meet and whose claims hold; whether proved or claimed."""
    return (rows["termination"] == "optimal") & ~failed(rows)


def proved(rows: pd.DataFrame) -> pd.Series[bool]:
    """Solved runs whose lower bound is a theorem, a proof or an exhaustive search."""
    return solved(rows) & rows["evidence"].isin(PROVED)


def failed(rows: pd.DataFrame) -> pd.Series[bool]:
    """Runs with a claim that did not hold, or that ended without an answer."""
    return rows["verdict"].astype(str).str.startswith("fail")


def available(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of methods that took the instance and could run here."""
    return rows[rows["termination"] != "not_available"]


def costs(rows: pd.DataFrame, policy: str = "limit") -> pd.Series[float]:
    """Time a run is charged: its own where solved; else limit, par2 or par10 times the limit.

    A wrong answer costs ten limits under every policy.
    """
    factor = {"limit": 1.0, "par2": 2.0, "par10": 10.0}[policy]
    own = rows[["wall_time_s", "time_limit_s"]].min(axis=1).clip(lower=MIN_TIME_S)
    charged = own.where(solved(rows), factor * rows["time_limit_s"])
    return charged.where(~failed(rows), 10.0 * rows["time_limit_s"])


def per_instance(rows: pd.DataFrame, policy: str, by: str) -> pd.DataFrame:
    """Charged times, one row an (instance, objective), one column a method.

    Seeds are averaged first (geometrically); instances that some method does not take are left
    out, so that all methods are compared on the same ones.
    """
    table = available(rows).assign(cost=lambda r: costs(r, policy))
    keys = ["instance", "objective"]
    return table.pivot_table(index=keys, columns=by, values="cost", aggfunc=_geomean).dropna()


def _geomean(values: pd.Series[float]) -> float:
    """Geometric mean; one value is itself, to the last bit, so that ties stay ties."""
    return float(np.exp(np.log(values).mean())) if len(values) > 1 else float(values.iloc[0])


def shifted_geomean(
    rows: pd.DataFrame, shift: float = 10.0, *, policy: str = "limit", by: str = "method"
) -> pd.Series[float]:
    """Shifted geometric mean of wall time (s) by method, over the instances that all take.

    policy: what an unsolved run is charged ("limit", "par2", "par10").
    """
    return per_instance(rows, policy, by).apply(sgm, shift=shift)


def performance_profile(rows: pd.DataFrame, *, by: str = "method") -> pd.DataFrame:
    """Dolan-More profiles: share of instances within a factor tau of the fastest method.

    Returns a frame of right-continuous steps, indexed by tau, one column a method. The share is of
    all instances, also those that no method solved.
    """
    import pandas as pd

    times = per_instance(rows, "limit", by)
    ok = (
        available(rows)
        .assign(ok=solved)
        .pivot_table(index=["instance", "objective"], columns=by, values="ok", aggfunc="min")
    )
    times = times.where(ok.reindex_like(times).fillna(False).astype(bool), np.inf)
    ratios = times.div(times.min(axis=1).replace(np.inf, np.nan), axis=0).fillna(np.inf)
    finite = ratios.to_numpy()[np.isfinite(ratios.to_numpy())]
    taus = np.unique(np.concatenate([[1.0], finite]))
    shares = {m: [(ratios[m] <= tau).mean() for tau in taus] for m in ratios.columns}
    return pd.DataFrame(shares, index=pd.Index(taus, name="tau"))


def summary(rows: pd.DataFrame, by: str = "method") -> pd.DataFrame:
    """One line an objective and method: solved (proved and claimed apart), means, failures."""
    import pandas as pd

    lines = []
    for (objective, method), part in rows.groupby(["objective", by], sort=True):
        taken = available(part)
        cost = costs(taken)
        lines.append(
            {
                "objective": objective,
                "method": method,
                "runs": len(taken),
                "proved": int(proved(taken).sum()),
                "claimed": int((solved(taken) & ~proved(taken)).sum()),
                "best": int(_is_best(rows, taken).sum()),
                "timeouts": int(taken["termination"].isin(["time_limit", "memory_limit"]).sum()),
                "failures": int(failed(taken).sum()),
                "refused": len(part) - len(taken),
                "sgm10_s": sgm(cost, 10.0),
                "sgm1_s": sgm(cost, 1.0),
                "par10_s": costs(taken, "par10").mean(),
            }
        )
    return pd.DataFrame(lines)


def best_bounds(rows: pd.DataFrame) -> pd.DataFrame:
    """Best verified value and best lower bound (proved, claimed) of each instance and objective.

    A claimed bound above the best verified value is refuted and does not count.
    """
    keys = ["instance", "objective"]
    best = rows.groupby(keys)["primal_bound"].min().rename("best")
    own = rows.groupby(keys)["primal_bound"].transform("min").to_numpy(float)
    refuted = rows["dual_bound"].to_numpy(float) > own + 1e-6 * np.maximum(1.0, np.abs(own))
    sound = rows[~failed(rows) & ~refuted]
    certain = sound[sound["evidence"].isin(PROVED)].groupby(keys)["dual_bound"].max()
    claimed = sound.groupby(keys)["dual_bound"].max()
    return best.to_frame().join(certain.rename("proved")).join(claimed.rename("claimed"))


def _is_best(rows: pd.DataFrame, part: pd.DataFrame) -> pd.Series[bool]:
    """Whether a run's verified value is the best of all methods (to 1e-6)."""
    best = best_bounds(rows)["best"]
    keys = list(zip(part["instance"], part["objective"], strict=True))
    known = best.reindex(keys).to_numpy() if keys else np.array([])
    reached: pd.Series[bool] = part["primal_bound"] <= known + 1e-6 * np.maximum(1.0, abs(known))
    return reached
