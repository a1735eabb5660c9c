"""Seeds and permutations, averaged inside an instance before instances are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from milpsparse.analysis.costs import MIN_TIME_S, seed_means
from milpsparse.analysis.outcomes import KEYS, failed, proved, solved
from milpsparse.errors import BadInput
from milpsparse.judge import VERDICTS

if TYPE_CHECKING:
    import pandas as pd


def average(rows: pd.DataFrame) -> pd.DataFrame:
    """One row an instance, objective and method, of its runs with all seeds and permutations.

    The worst run stands for all, as in MIPLIB's averages: a wrong claim before an unsolved run,
    that before a claimed optimum, that before a proved one; then the worse value and lower bound.
    `wall_time_s` is the geometric mean of all runs (times at most the limit, at least 10 ms);
    `n_seeds` counts them, `n_solved` those that are solved. A single run stays as it is.

    Raises
    ------
    BadInput
        Runs of one method on one instance have different time limits.
    """
    groups = [rows[key] for key in (*KEYS, "method")]
    limits = rows["time_limit_s"].groupby(groups)
    if (limits.max() > limits.min()).any():
        first = rows[(limits.transform("max") > limits.transform("min"))].iloc[0]
        where = f"{first['instance']}, {first['objective']}, {first['method']}"
        raise BadInput(f"runs with different time limits cannot be averaged: {where}")
    times = rows[["wall_time_s", "time_limit_s"]].min(axis=1).clip(lower=MIN_TIME_S)
    means = seed_means(times, rows)
    facts: dict[str, pd.Series[Any]] = {
        "wall_time_s": means["mean"],
        "n_seeds": means["runs"],
        "n_solved": solved(rows).groupby(groups).sum(),
    }
    worst = _worst(rows).set_index([*KEYS, "method"])
    own = worst["wall_time_s"]
    worst = worst.assign(**{name: values.reindex(worst.index) for name, values in facts.items()})
    worst["wall_time_s"] = own.where(worst["n_seeds"] == 1, worst["wall_time_s"])
    return worst.reset_index()[[*rows.columns, "n_seeds", "n_solved"]]


def _worst(rows: pd.DataFrame) -> pd.DataFrame:
    """Of each instance, objective and method the worst run, in the order of the rows."""
    ladder = rows["verdict"].map({word: at for at, word in enumerate(VERDICTS)})
    state = np.where(failed(rows), 0, 1 + solved(rows).astype(int) + proved(rows).astype(int))
    order: dict[str, Any] = {
        "_state": state,
        "_verdict": ladder.where(failed(rows), 0),
        "_value": -rows["primal_bound"].fillna(np.inf),
        "_bound": rows["dual_bound"].fillna(-np.inf),
    }
    runs = rows[[*KEYS, "method"]].assign(**order, _at=np.arange(len(rows)))
    worst = runs.sort_values(list(order), kind="stable").drop_duplicates([*KEYS, "method"])
    return rows.iloc[np.sort(worst["_at"].to_numpy())]
