"""What a run is charged, in seconds: the failure policies, and seeds averaged inside an instance.

| policy | a solved run costs | an unsolved run costs |
|---|---|---|
| `limit` | its time | the time limit T |
| `par2`, `par10`, `par<k>`, or a number k | its time | k T |
| `omit` | its time | nothing: it does not count |
| `intersection` | its time | nothing, and the instance counts for no method |

A wrong answer costs 10 T (k T where k is more), whatever the policy. Times are at most T, and at
least MIN_TIME_S.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from milpsparse.analysis.outcomes import KEYS, available, failed, solved
from milpsparse.errors import BadInput

if TYPE_CHECKING:
    import pandas as pd

MIN_TIME_S = 0.01  # below it times are noise
WRONG = 10.0  # limits that a wrong answer costs
POLICIES = ("limit", "par2", "par10", "omit", "intersection")


def factor(policy: str | float) -> float:
    """How many limits an unsolved run is charged; not a number where it is left out.

    >>> factor("limit"), factor("par10"), factor(2), factor("omit")
    (1.0, 10.0, 2.0, nan)
    """
    if not isinstance(policy, str):
        return float(policy)
    if policy in ("omit", "intersection"):
        return math.nan
    try:
        k = 1.0 if policy == "limit" else float(policy.removeprefix("par"))
    except ValueError:
        k = 0.0
    if not (k >= 1.0 and (policy == "limit" or policy.startswith("par"))):
        raise BadInput(f"policy {policy}: one of {', '.join(POLICIES)}; par<k> takes any k >= 1")
    return k


def costs(rows: pd.DataFrame, policy: str | float = "limit") -> pd.Series[float]:
    """Seconds that each run is charged; NaN where the policy leaves it out.

    Raises
    ------
    BadInput
        An unknown policy.
    """
    k = factor(policy)
    own = rows[["wall_time_s", "time_limit_s"]].min(axis=1).clip(lower=MIN_TIME_S)
    charged = own.where(solved(rows), k * rows["time_limit_s"])
    return charged.where(~failed(rows), float(np.fmax(k, WRONG)) * rows["time_limit_s"])


def per_instance(
    rows: pd.DataFrame,
    policy: str | float = "limit",
    by: str = "method",
    *,
    refused: str = "left out",
) -> pd.DataFrame:
    """Charged times, one row an (instance, objective), one column a method.

    Seeds and permutations are averaged first, by the geometric mean. `refused` says what an
    instance is that some method does not take, or has no run on: "left out", so that all methods
    are compared on the same ones, or "unsolved" by that method. Methods that took nothing at all
    are no part of it.

    Raises
    ------
    BadInput
        An unknown policy, or another word for `refused`.
    """
    if refused not in ("left out", "unsolved"):
        raise BadInput(f"refused {refused}: 'left out' or 'unsolved'")
    taken = available(rows)
    means = seed_means(costs(taken, policy), taken, by)
    table, runs = means["mean"].unstack(by), means["runs"].unstack(by)
    if refused == "left out":
        table = table[runs.notna().all(axis=1)]
    else:
        limits = rows.groupby(KEYS)["time_limit_s"].max()
        charge = factor(policy) * limits
        table, runs = table.reindex(limits.index), runs.reindex(limits.index)
        table = table.apply(lambda times: times.where(runs[times.name].notna(), charge))
    return table.dropna() if policy == "intersection" else table


def seed_means(values: pd.Series[float], rows: pd.DataFrame, by: str = "method") -> pd.DataFrame:
    """Geometric means over the seeds of each instance, objective and method; how many `runs`.

    The mean is NaN if one of the values is. Equal values are their mean, to the last bit, so that
    ties stay ties.
    """
    import pandas as pd

    data = pd.DataFrame({"value": values, "log": np.log(values.to_numpy(float))})
    grouped = data.groupby([rows[key] for key in (*KEYS, by)])
    runs, least = grouped.size(), grouped["value"].min()
    means = grouped["log"].mean().transform(np.exp)
    means = means.where(grouped["value"].max() > least, least).where(
        grouped["value"].count() == runs
    )
    return pd.DataFrame({"mean": means, "runs": runs})
