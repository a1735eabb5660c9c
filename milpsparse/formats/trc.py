"""Trace files of GAMS (.trc), which PAVER reads: one line a run, all of one method.

Values are those that the check has verified; codes are GAMS's.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = """
InputFileName ModelType SolverName Direction ModelStatus SolverStatus ObjectiveValue
ObjectiveValueEstimate SolverTime NumberOfNodes NumberOfEquations NumberOfVariables
""".split()

# https://www.gams.com/latest/docs/UG_GAMSOutput.html: 1 optimal, 8 an integer solution, 13 an error
# and no solution, 14 no solution; 1 normal, 3 out of time, 4 stopped by the solver, 6 it cannot,
# 8 stopped by the user, 13 it failed.
OPTIMAL, FEASIBLE, ERROR, NOTHING = 1, 8, 13, 14
SOLVER_STATUS = {
    "time_limit": 3,
    "memory_limit": 4,
    "not_available": 6,
    "interrupted": 8,
    "error": 13,
}


def to_trc(rows: pd.DataFrame, method: str) -> str:
    """The runs of one method; the input file is <instance>.<objective>."""
    header = ["* Trace Record Definition", "* GamsSolve", f"* {','.join(COLUMNS)}", "*"]
    header += [f"* SOLVER,{_cell(method)}", f"* TIMELIMIT,{rows['time_limit_s'].max():g}"]
    runs = rows.sort_values(["instance", "objective"])
    return "\n".join([*header, *(_line(run) for _, run in runs.iterrows())]) + "\n"


def _line(run: pd.Series[Any]) -> str:
    wrong = str(run["verdict"]).startswith("fail")
    found = not math.isnan(run["primal_bound"])
    status = FEASIBLE if found else NOTHING
    if wrong:
        status = ERROR
    elif run["termination"] == "optimal":
        status = OPTIMAL
    cells = [
        f"{run['instance']}.{run['objective']}",
        "MIP",
        run["method"],
        0,
        status,
        13 if wrong else SOLVER_STATUS.get(str(run["termination"]), 1),
        run["primal_bound"],
        run["dual_bound"],
        run["wall_time_s"],
        run["node_count"],
        run["n_rows"],
        run["n_cols"],
    ]
    return ",".join(map(_cell, cells))


def _cell(value: Any) -> str:
    """A cell without commas or line breaks; NA for what is missing."""
    if isinstance(value, float):
        return "NA" if math.isnan(value) else f"{value:.17g}"
    return " ".join(str(value).replace(",", ";").split())
