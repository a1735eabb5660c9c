"""The gaps of each row, recomputed from its bounds; which is which is in the name.

gap          |p - d| / min(|p|, |d|) of verified value and checked lower bound; 0 if they are equal,
             else inf where one is 0 or missing, or signs differ (PAVER, MIPLIB, SCIP)
gap_claimed  the same of what the method says itself
gap_int      p - ceil(d - 1e-6), of counts: 0 is optimal; NaN for other objectives
primal_gap   |p - b| / max(|p|, |b|), b the best verified value of all; 1 where
             there is none (Berthold)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from milpsparse.analysis.outcomes import KEYS, best_bounds

if TYPE_CHECKING:
    import pandas as pd

COUNTS = ("neurons", "parameters")  # objectives whose values are integers
EQUAL = 1e-9
Array = NDArray[np.float64]


def gaps(rows: pd.DataFrame) -> pd.DataFrame:
    """The columns gap, gap_claimed, gap_int and primal_gap, indexed as the rows are."""
    import pandas as pd

    best = rows[KEYS].join(best_bounds(rows)["best"], on=KEYS)["best"]
    p, d, claimed_p, claimed_d, b = (
        column.to_numpy(float)
        for column in (
            rows["primal_bound"],
            rows["dual_bound"],
            rows["claimed_primal_bound"],
            rows["claimed_dual_bound"],
            best,
        )
    )
    counts = rows["objective"].isin(COUNTS).to_numpy()
    found = {
        "gap": relative(p, d),
        "gap_claimed": relative(claimed_p, claimed_d),
        "gap_int": np.where(counts, p - rounded_up(d), np.nan),
        "primal_gap": berthold(p, b),
    }
    return pd.DataFrame(found, index=rows.index)


def relative(p: Array, d: Array) -> Array:
    """The gap of PAVER, MIPLIB and SCIP, elementwise; NaN is a missing bound.

    >>> relative(np.array([10, 8, 0, 1, 5, -8]), np.array([8, 8, 0, 0, -1, -10])).tolist()
    [0.25, 0.0, 0.0, inf, inf, 0.25]
    """
    with np.errstate(all="ignore"):
        apart, least = np.abs(p - d), np.minimum(np.abs(p), np.abs(d))
        usable = np.isfinite(p) & np.isfinite(d)
        ratio = np.where(usable & (least > EQUAL) & (p * d > 0), apart / least, np.inf)
    return np.where(usable & (apart <= EQUAL), 0.0, ratio)


def berthold(p: Array, b: Array) -> Array:
    """Distance of two values relative to the larger, elementwise, from 0 to 1; 1 where unknown."""
    with np.errstate(all="ignore"):
        apart = np.abs(p - b)
        ratio = np.where(p * b < 0, 1.0, apart / np.maximum(np.abs(p), np.abs(b)))
    return np.where(np.isfinite(p) & np.isfinite(b), np.where(apart <= EQUAL, 0.0, ratio), 1.0)


def rounded_up(d: Array) -> Array:
    """Lower bounds on counts, rounded up (less 1e-6 for the solver's tolerance)."""
    return np.ceil(d - 1e-6) + 0.0
