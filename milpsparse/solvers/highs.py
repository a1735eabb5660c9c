"""HiGHS, through highspy: Pyomo models as matrices, cvxpy models through cvxpy."""

from __future__ import annotations

import importlib.util
from importlib.metadata import version
from typing import Any

import numpy as np

from milpsparse.answer import Termination
from milpsparse.compiled import Compiled, compile_model
from milpsparse.method import Limits, Outcome, Solver
from milpsparse.solvers import _cvxpy

# https://ergo-code.github.io/HiGHS/stable/structures/enums/#HighsModelStatus
STATUS = {
    "kOptimal": Termination.OPTIMAL,
    "kInfeasible": Termination.INFEASIBLE,
    "kTimeLimit": Termination.TIME_LIMIT,
    "kMemoryLimit": Termination.MEMORY_LIMIT,
    "kInterrupt": Termination.INTERRUPTED,
    "kSolutionLimit": Termination.FEASIBLE,
    "kIterationLimit": Termination.FEASIBLE,
    "kObjectiveBound": Termination.FEASIBLE,
    "kObjectiveTarget": Termination.FEASIBLE,
}


def options(limits: Limits) -> dict[str, Any]:
    """Neutral limits as HiGHS options, https://ergo-code.github.io/HiGHS/stable/options/definitions/.

    Tolerances are tighter than HiGHS's own (1e-6): a loose one lets a ReLU leak through its big-M.
    """
    return {
        "output_flag": limits.log_file is not None,
        "log_to_console": False,
        "log_file": limits.log_file or "",
        "time_limit": limits.left(),
        "threads": limits.threads,
        "random_seed": limits.seed,
        "mip_rel_gap": limits.rel_gap,
        "primal_feasibility_tolerance": 1e-9,
        "mip_feasibility_tolerance": 1e-9,
    }


def solve(problem: Any, limits: Limits, mip_start: bool) -> Outcome:
    """Solve a Pyomo ConcreteModel or a cvxpy Problem."""
    if not hasattr(problem, "component_data_objects"):
        lp = {k: v for k, v in options(limits).items() if not k.startswith("mip_")}
        return _cvxpy.solve(problem, "HIGHS", lp)
    compiled = compile_model(problem)
    h = compiled.highs()
    for name, value in options(limits).items():
        h.setOptionValue(name, value)
    if mip_start and (start := compiled.start()) is not None:
        h.setSolution(len(start), np.arange(len(start), dtype=np.int32), start)
    h.run()
    return _outcome(h, compiled)


def _outcome(h: Any, p: Compiled) -> Outcome:
    """Status and bounds; a solution counts only when HiGHS says that it is feasible."""
    import highspy

    info, status = h.getInfo(), h.getModelStatus()
    found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    if found:
        p.load(np.array(h.getSolution().col_value))
    integer = bool(p.integer.any())
    optimal = status == highspy.HighsModelStatus.kOptimal
    dual = info.mip_dual_bound if integer else info.objective_function_value if optimal else None
    return Outcome(
        termination=STATUS.get(status.name, Termination.ERROR),
        has_solution=found,
        raw_status=h.modelStatusToString(status),
        primal_bound=info.objective_function_value if found else None,
        dual_bound=dual if dual is not None and abs(dual) < 1e20 else None,
        node_count=max(0, int(info.mip_node_count)) if integer else None,
        n_rows=len(p.row_lower),
        n_cols=len(p.c),
        n_binaries=p.n_binaries,
        n_nonzeros=int(p.A.nnz),
        compile_time_s=p.seconds,
    )


def missing() -> str | None:
    """Reason it cannot run here, or None."""
    if importlib.util.find_spec("highspy") is None:
        return "highspy is not installed: pip install highspy"
    return None


SOLVER = Solver(
    summary="HiGHS: linear and mixed-integer programs (MIT licence)",
    frameworks=frozenset({"pyomo", "cvxpy"}),
    solve=solve,
    version=lambda: version("highspy"),
    missing=missing,
)
