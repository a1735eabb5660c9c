"""Statistics of paired times: better or worse, Wilcoxon's test, a bootstrap interval of the ratio.

All take charged seconds x (before) and y (after) of the same problems, in one order.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
SAME = math.log2(1.01)  # pairs nearer than one per cent say nothing to Wilcoxon's test
FEWEST = 10  # pairs that it needs

Array = NDArray[np.float64]


def changes(x: Any, y: Any, relative: float = 0.1, absolute_s: float = 0.1) -> NDArray[np.int_]:
    """1 where y is better, -1 where it is worse, 0 where they are close.

    As in PAVER, they differ only by more than a share of the larger and by more than some seconds.

    >>> changes([10.0, 10.0, 0.02, 5.0], [5.0, 9.5, 0.01, 9.0]).tolist()
    [1, 0, 0, -1]
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    apart = np.abs(x - y)
    differ = (apart > absolute_s) & (apart > relative * np.maximum(x, y))
    return np.where(differ, np.sign(x - y), 0).astype(int)


def wilcoxon(x: Any, y: Any, shift: float = 1.0) -> float | None:
    """Two-sided p-value of Wilcoxon's signed-rank test on log2((y + s) / (x + s)).

    None for fewer than 10 pairs that differ by one per cent (as ipet).
    """
    from scipy.stats import wilcoxon as test

    logs = np.log2((np.asarray(y, float) + shift) / (np.asarray(x, float) + shift))
    logs = logs[np.abs(logs) >= SAME]
    return float(test(logs).pvalue) if len(logs) >= FEWEST else None


def ratio(
    x: Any, y: Any, instances: Any, shift: float = 1.0, *, seed: int = 0
) -> tuple[float, tuple[float, float] | None]:
    """sgm(y) / sgm(x), and its 95 % bootstrap interval; None for a single instance.

    Instances are drawn again, each with all of its pairs (objectives, methods), 2000 times.
    """
    logs = np.log(np.maximum(1.0, np.array([x, y], float) + shift))
    names, at = np.unique(np.asarray(instances, str), return_inverse=True)
    sums = np.array([np.bincount(at, weights) for weights in (*logs, np.ones(len(at)))])
    whole = _ratio(sums.sum(axis=1), shift)
    if len(names) < 2:
        return float(whole), None
    draw = np.random.default_rng(seed)
    drawn = draw.multinomial(len(names), np.full(len(names), 1 / len(names)), RESAMPLES)
    low, high = np.percentile(_ratio(sums @ drawn.T, shift), [2.5, 97.5])
    return float(whole), (float(low), float(high))


def _ratio(sums: Array, shift: float) -> Any:
    """The ratio of shifted geometric means, from sums of logarithms and numbers of pairs."""
    before, after = np.exp(sums[:2] / sums[2]) - shift
    return after / before
