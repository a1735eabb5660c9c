"""What the backends that go through cvxpy share: one status table and one way to solve."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from milpsparse.answer import Termination
from milpsparse.method import Outcome

# https://www.cvxpy.org/tutorial/intro/index.html#other-problem-statuses
STATUS = {
    "optimal": Termination.OPTIMAL,
    "optimal_inaccurate": Termination.FEASIBLE,
    "infeasible": Termination.INFEASIBLE,
    "infeasible_inaccurate": Termination.ERROR,
    "user_limit": Termination.TIME_LIMIT,
}


def solve(problem: Any, solver: str, options: dict[str, Any]) -> Outcome:
    """Solve a cvxpy Problem; a point left at a limit is no solution (it can be all zeros)."""
    import cvxpy

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # cvxpy warns where it also sets the status
            problem.solve(solver=solver, **options)
        raw = problem.status
    except cvxpy.SolverError as error:
        raw = str(error).partition("\n")[0]
    found = raw in ("optimal", "optimal_inaccurate")
    value = float(problem.value) if found and np.isfinite(problem.value) else None
    sizes = problem.size_metrics
    stats = problem.solver_stats if found else None
    return Outcome(
        termination=STATUS.get(raw, Termination.ERROR),
        has_solution=found,
        raw_status=raw,
        primal_bound=value,
        dual_bound=value if raw == "optimal" else None,
        node_count=None if stats is None else getattr(stats, "nodes", None),
        n_rows=int(sizes.num_scalar_eq_constr + sizes.num_scalar_leq_constr),
        n_cols=int(sizes.num_scalar_variables),
        n_binaries=0,
    )
