"""How eps falls from round to round: schedules of the literature.

All are relative to the largest entry of the l1 solution.

chartrand_yin   1, then a tenth whenever the relative change is below sqrt(eps) / 100
foucart_lai     1 / (t + 1)^2, falling to zero
cwb_adaptive    the i0-th largest entry of the point, i0 = N / (4 ln(n / N)), at least 1e-3
fixed           0.1

Sources: Chartrand & Yin (2008); Foucart & Lai (2009); Candes, Wakin & Boyd (2008), the last two.
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from milpsparse.reweighting.points import Floats

SCHEDULES = ("chartrand_yin", "foucart_lai", "cwb_adaptive", "fixed")
MAX_ROUNDS = 50
EPS_MIN = 1e-8
STEADY = 1e-9  # relative change of a point that stands still
PATIENCE = 3  # rounds that it may stand still

Steps = Generator[float, tuple[float, Floats], None]


def epsilons(schedule: str, n_samples: int, n: int, terms: Floats) -> Steps:
    """The eps of each round; send the relative change of the point and its new terms."""
    eps, steady = 1.0, 0
    for t in range(MAX_ROUNDS):
        if schedule == "foucart_lai":
            eps = max(1.0 / (t + 1) ** 2, EPS_MIN)
        elif schedule == "fixed":
            eps = 0.1
        elif schedule == "cwb_adaptive":
            eps = max(_nth_largest(terms, n_samples, n), 1e-3)
        change, terms = yield eps
        if schedule == "chartrand_yin":
            if change < np.sqrt(eps) / 100:
                if eps <= EPS_MIN:
                    return
                eps = max(eps / 10, EPS_MIN)
            continue
        steady = steady + 1 if change < STEADY else 0
        if steady >= PATIENCE:
            return


def after(steps: Steps, change: float, terms: Floats) -> float | None:
    """The eps of the next round, or None where the schedule ends."""
    try:
        return steps.send((change, terms))
    except StopIteration:
        return None


def _nth_largest(terms: Floats, n_samples: int, n: int) -> float:
    """The i0-th largest of n terms, most of which are zero."""
    i0 = max(1, int(n_samples / (4 * np.log(max(n / n_samples, 2.0)))))
    largest = np.sort(terms, axis=None)[::-1]
    return float(largest[i0]) if i0 < len(largest) else 0.0
