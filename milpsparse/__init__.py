"""milpsparse: the sparsest one-hidden-layer ReLU network through data, proved and benchmarked.

instance -> method (model @ solver | algorithm) -> answer -> check -> row -> table, plot
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

# Public names by the module they live in; each is imported when it is first used.
_PUBLIC = {
    "Instance": "instance",
    "Network": "network",
    "Solution": "solving",
    "Answer": "answer",
    "Termination": "answer",
    "Verdict": "checker",
    "solve": "solving",
    "check": "solving",
    "load": "library",
    "testset": "library",
    "generate": "family",
    "read_csv": "instance_files",
    "read_json": "instance_files",
    "write_csv": "instance_files",
    "to_json": "instance_files",
    "lower_bounds": "bounds",
    "minimizers": "theory.univariate",
    "pstar": "extreme.pstar",
    "lp_path": "theory.threshold",
    "read_rows": "analysis.rows",
    "summary": "analysis.summary",
    "average": "analysis.seeds",
    "as_claimed": "analysis.outcomes",
    "best_bounds": "analysis.outcomes",
    "shifted_geomean": "analysis.means",
    "penalized_average": "analysis.means",
    "performance_profile": "analysis.profiles",
    "ecdf": "analysis.profiles",
    "wins": "analysis.profiles",
    "virtual_best": "analysis.virtual",
    "virtual_worst": "analysis.virtual",
    "brackets": "analysis.brackets",
    "rankings": "analysis.rankings",
    "ranking_warnings": "analysis.rankings",
    "compare": "analysis.comparison",
    "gaps": "analysis.gaps",
    "integrals": "analysis.integral",
    "MilpsparseError": "errors",
}
__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'milpsparse' has no attribute '{name}'")
    return getattr(importlib.import_module(f"milpsparse.{_PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
