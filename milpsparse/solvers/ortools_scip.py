"""SCIP as OR-tools brings it, in a process of its own; use `scip` where PySCIPOpt is installed.

The interface tells nothing before the end, so that its anytime record is the end alone.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from milpsparse.answer import Termination
from milpsparse.compiled import compile_model
from milpsparse.method import Limits, Outcome, Solver
from milpsparse.solvers import _ortools, scip
from milpsparse.solvers._options import Table, native_options

# https://or-tools.github.io/docs/pdoc/ortools/linear_solver/python/model_builder.html; a search
# that a gap ends is said to be OPTIMAL, and its bounds say by how much it is not.
STATUS = {
    "OPTIMAL": Termination.OPTIMAL,
    "INFEASIBLE": Termination.INFEASIBLE,
    "FEASIBLE": Termination.FEASIBLE,
    "FEASIBLE (time limit)": Termination.TIME_LIMIT,
    "NOT_SOLVED (time limit)": Termination.TIME_LIMIT,
    "UNKNOWN_STATUS (time limit)": Termination.TIME_LIMIT,
}

# SCIP's own parameters, but for the time, which OR-tools limits.
TABLE: Table = {**scip.TABLE, "time_limit_s": lambda s: {"time_limit": s}}

FORM = "{} = {}"  # a line of SCIP's settings files


def solve(problem: Any, limits: Limits, mip_start: bool) -> Outcome:
    """Solve a Pyomo ConcreteModel."""
    p = compile_model(problem)
    start = p.start() if mip_start else None
    given = {**scip.TOLERANCES, **native_options(TABLE, limits)}
    options = {"time_limit": given.pop("time_limit"), "output": limits.log_file is not None}
    options["text"] = "\n".join(FORM.format(name, value) for name, value in given.items())
    outcome, x = _ortools.solve(p, "scip", options, STATUS, limits, start)
    if x is not None:
        p.load(x)
    return outcome


SOLVER = Solver(
    summary="SCIP as OR-tools brings it: mixed-integer programs, one thread (Apache licence)",
    frameworks=frozenset({"pyomo"}),
    solve=solve,
    version=lambda: f"ortools {version('ortools')}",
    missing=_ortools.missing,
    obeys=frozenset({*TABLE, "mip_start", "log_file"}),
    native=_ortools.native("scip", FORM),
)
