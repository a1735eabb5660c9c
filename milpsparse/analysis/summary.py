"""The headline table: a line an objective and method, verified and claimed results side by side."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from milpsparse.analysis.costs import costs, seed_means
from milpsparse.analysis.integral import integrals
from milpsparse.analysis.means import sgm
from milpsparse.analysis.outcomes import (
    KEYS,
    as_claimed,
    available,
    failed,
    proved,
    reaches_best,
    refuted,
    solved,
)
from milpsparse.analysis.profiles import wins
from milpsparse.analysis.seeds import average

if TYPE_CHECKING:
    import pandas as pd


def summary(rows: pd.DataFrame, by: str = "method") -> pd.DataFrame:
    """One line an objective and method: solved (proved and claimed apart), means, failures.

    Runs that differ in seed or permutation count as one, the worst, and their times are averaged
    (see `average`). Means are over what the method takes; `refused` counts the rest. `wins` counts
    instances where it is the fastest to solve; `refuted`, lower bounds above a verified network.
    `said` and `said_sgm10_s` are what the method says itself: runs that it calls optimal, and its
    mean time if that is believed. `pd_integral` is the mean primal-dual integral, as a share of the
    limit, of runs that keep their bounds over time.
    """
    import pandas as pd

    one = _averaged(rows, by)
    table = one.assign(
        _best=reaches_best(one), _refuted=refuted(one), _claim=solved(as_claimed(one))
    )
    won = {str(objective): wins(part, by=by) for objective, part in rows.groupby("objective")}
    means = _means(rows, by)
    lines = []
    for (objective, method), part in table.groupby(["objective", by], sort=True):
        taken = available(part)
        lines.append(
            {
                "objective": objective,
                by: method,
                "runs": len(taken),
                "proved": int(proved(taken).sum()),
                "claimed": int((solved(taken) & ~proved(taken)).sum()),
                "said": int(taken["_claim"].sum()),
                "best": int(taken["_best"].sum()),
                "wins": int(won[str(objective)].get(method, 0)),
                "timeouts": int(taken["termination"].isin(["time_limit", "memory_limit"]).sum()),
                "failures": int(failed(taken).sum()),
                "refuted": int((taken["_refuted"] & ~failed(taken)).sum()),
                "refused": len(part) - len(taken),
                **means.get((objective, method), _NOTHING),
            }
        )
    return pd.DataFrame(lines)


_NOTHING = dict.fromkeys(("sgm10_s", "sgm1_s", "said_sgm10_s", "par10_s", "pd_integral"), math.nan)


def _averaged(rows: pd.DataFrame, by: str) -> pd.DataFrame:
    """One row an instance, objective and value of `by`."""
    if by == "method":
        return average(rows)
    named = rows.assign(method=rows[by])
    return average(named[named[by].notna()])


def _means(rows: pd.DataFrame, by: str) -> dict[Any, Any]:
    """The mean times of each objective and method, over the instances that the method takes."""
    import pandas as pd

    taken = available(rows)
    limit, said, par10 = (
        seed_means(charge, taken, by)["mean"].groupby(["objective", by])
        for charge in (costs(taken), costs(as_claimed(taken)), costs(taken, "par10"))
    )
    areas = taken[[*KEYS, by]].assign(area=integrals(taken)["primal_dual_integral"])
    found = {
        "sgm10_s": limit.apply(sgm, shift=10.0),
        "sgm1_s": limit.apply(sgm, shift=1.0),
        "said_sgm10_s": said.apply(sgm, shift=10.0),
        "par10_s": par10.mean(),
        "pd_integral": areas.groupby([*KEYS, by])["area"].mean().groupby(["objective", by]).mean(),
    }
    table = pd.DataFrame(found)
    return dict(zip(table.index, table.to_dict("records"), strict=True))
