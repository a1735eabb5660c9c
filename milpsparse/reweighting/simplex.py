"""What the linear programs here share: HiGHS as a warm primal simplex, and when a neuron pays."""

from __future__ import annotations

from typing import Any

WORTH = 1e-7  # relative profit from which a neuron enters
TINY = 1e-12

# New costs and new columns leave a vertex feasible: the primal simplex goes on from it.
_OPTIONS = (
    ("output_flag", False),
    ("solver", "simplex"),
    ("simplex_strategy", 4),
    ("presolve", "off"),
    ("threads", 1),
)


def warm(highs: Any) -> Any:
    """A HiGHS model, silent, on one thread, that restarts the primal simplex where it was."""
    for option, value in _OPTIONS:
        highs.setOptionValue(option, value)
    return highs


def optimal(highs: Any, seconds: float = float("inf")) -> bool:
    """Run a model for so long; whether it has an optimum."""
    import highspy

    # HiGHS counts the time of all runs of one model against its limit.
    highs.setOptionValue("time_limit", highs.getRunTime() + seconds)
    highs.run()
    return bool(highs.getModelStatus() == highspy.HighsModelStatus.kOptimal)
