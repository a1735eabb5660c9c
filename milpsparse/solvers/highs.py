"""HiGHS, through highspy: Pyomo models as matrices, cvxpy models through cvxpy."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import numpy as np

from milpsparse.answer import Termination
from milpsparse.anytime import Recorder
from milpsparse.compiled import Compiled, compile_model
from milpsparse.errors import BadInput, UnknownName
from milpsparse.method import Limits, Outcome, Solver
from milpsparse.solvers import _cvxpy, _package
from milpsparse.solvers._options import Table, like, native_options

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


# https://ergo-code.github.io/HiGHS/stable/options/definitions/; there is no memory limit.
TABLE: Table = {
    "time_limit_s": lambda s: {"time_limit": s},
    "threads": lambda n: {"threads": n},
    "seed": lambda n: {"random_seed": n},
    "rel_gap": lambda gap: {"mip_rel_gap": gap},
    "abs_gap": lambda gap: {"mip_abs_gap": gap},
    "presolve": lambda on: {"presolve": "on" if on else "off"},
    "log_file": lambda path: {"output_flag": True, "log_file": path},
}


def options(limits: Limits) -> dict[str, Any]:
    """All options of a solve.

    Tolerances are tighter than HiGHS's own (1e-6): a loose one lets a ReLU leak through its big-M.
    """
    tolerances = {"primal_feasibility_tolerance": 1e-9, "mip_feasibility_tolerance": 1e-9}
    silent = {"output_flag": False, "log_to_console": False}
    return {**silent, **tolerances, **native_options(TABLE, limits)}


def solve(problem: Any, limits: Limits, mip_start: bool) -> Outcome:
    """Solve a Pyomo ConcreteModel or a cvxpy Problem."""
    import highspy

    highspy.Highs.resetGlobalScheduler(True)  # else another number of threads is an error
    if not hasattr(problem, "component_data_objects"):
        lp = {k: v for k, v in options(limits).items() if not k.startswith("mip_")}
        return _cvxpy.solve(problem, "HIGHS", {"highs_options": lp})
    compiled = compile_model(problem)
    h = compiled.highs()
    for name, value in options(limits).items():
        h.setOptionValue(name, value)
    if mip_start and (start := compiled.start()) is not None:
        h.setSolution(len(start), np.arange(len(start), dtype=np.int32), start)
    record = Recorder()
    if compiled.integer.any():
        _watch(h, record, limits)
    h.run()
    return _outcome(h, compiled, record, limits)


def _watch(h: Any, record: Recorder, limits: Limits) -> None:
    """Note the bounds where HiGHS asks whether to go on; its log callback is silent as HiGHS is."""

    def note(event: Any) -> None:
        data = event.data_out
        record.note(limits.spent(), data.mip_primal_bound, data.mip_dual_bound)

    h.cbMipInterrupt += note
    h.cbMipImprovingSolution += note


def _outcome(h: Any, p: Compiled, record: Recorder, limits: Limits) -> Outcome:
    """Status and bounds; a solution counts only when HiGHS says that it is feasible."""
    import highspy

    info, status = h.getInfo(), h.getModelStatus()
    found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    if found:
        p.load(np.array(h.getSolution().col_value))
    integer = bool(p.integer.any())
    optimal = status == highspy.HighsModelStatus.kOptimal
    primal = info.objective_function_value if found else None
    dual = info.mip_dual_bound if integer else primal if optimal else None
    return Outcome(
        termination=STATUS.get(status.name, Termination.ERROR),
        has_solution=found,
        raw_status=h.modelStatusToString(status),
        primal_bound=primal,
        dual_bound=dual if dual is not None and abs(dual) < 1e20 else None,
        node_count=max(0, int(info.mip_node_count)) if integer else None,
        **p.facts(),
        trace=record.closed(limits.spent(), primal, dual) if integer else (),
    )


def native(name: str, text: str) -> Any:
    """An option of HiGHS by its name."""
    import highspy

    h = highspy.Highs()
    h.setOptionValue("output_flag", False)
    known = {option for option in dir(highspy.HighsOptions) if not option.startswith("_")}
    if name not in known:
        raise UnknownName("option", name, known)
    value = like(h.getOptionValue(name)[1], name, text)
    if h.setOptionValue(name, value) != highspy.HighsStatus.kOk:
        raise BadInput(f"{name}={text} is refused by HiGHS")
    return value


SOLVER = Solver(
    summary="HiGHS: linear and mixed-integer programs (MIT licence)",
    frameworks=frozenset({"pyomo", "cvxpy"}),
    solve=solve,
    version=lambda: version("highspy"),
    missing=lambda: _package.missing("highspy", "highspy"),
    obeys=frozenset({*TABLE, "mip_start"}),
    native=native,
)
