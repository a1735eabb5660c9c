"""Trace files of GAMS (.trc), which PAVER and SCIP's scripts write and read: one line a run.

Written are values that the check has verified; read, claims. Codes are GAMS's.
"""

from __future__ import annotations

import csv
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from milpsparse.errors import BadInput

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = """
InputFileName ModelType SolverName Direction ModelStatus SolverStatus ObjectiveValue
ObjectiveValueEstimate SolverTime NumberOfNodes NumberOfEquations NumberOfVariables
NumberOfDiscreteVariables NumberOfNonZeros
""".split()
# Of a file without a header.
DEFAULT = """
InputFileName ModelType SolverName NLP MIP JulianDate Direction NumberOfEquations NumberOfVariables
NumberOfDiscreteVariables NumberOfNonZeros NumberOfNonlinearNonZeros OptionFile ModelStatus
SolverStatus ObjectiveValue ObjectiveValueEstimate SolverTime NumberOfIterations
NumberOfDomainViolations NumberOfNodes User1
""".split()
REQUIRED = ("InputFileName", "SolverName", "ObjectiveValue", "SolverTime")
INFINITY = 1e20

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
OF_MODEL = {  # the words of milpsparse for a model status; others say nothing
    **dict.fromkeys((1, 15), "optimal"),
    **dict.fromkeys((2, 7, 8, 16, 17), "feasible"),
    **dict.fromkeys((4, 5, 10, 19), "infeasible"),
}
OF_SOLVER = {  # and for a solver status
    3: "time_limit",
    **dict.fromkeys((6, 7, 12), "not_available"),
    8: "interrupted",
    **dict.fromkeys((5, 9, 10, 11, 13), "error"),
}
TERMINATION_STATUS = {  # PAVER's words instead of a solver status
    "normal": 1,
    "timelimit": 3,
    "nodelimit": 4,
    "iterationlimit": 2,
    "otherlimit": 4,
    "userinterrupt": 8,
    "capabilityproblem": 6,
}


@dataclass(frozen=True, kw_only=True)
class Record:
    """A run as a trace file claims it; of a maximised problem, values are negated."""

    instance: str
    solver: str
    termination: str
    value: float | None
    bound: float | None
    seconds: float
    time_limit_s: float | None
    nodes: float | None
    n_rows: float | None
    n_cols: float | None
    n_binaries: float | None
    n_nonzeros: float | None
    status: str


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
        run["n_binaries"],
        run["n_nonzeros"],
    ]
    return ",".join(map(_cell, cells))


def _cell(value: Any) -> str:
    """A cell without commas or line breaks; NA for what is missing."""
    if isinstance(value, float):
        return "NA" if math.isnan(value) else f"{value:.17g}"
    return " ".join(str(value).replace(",", ";").split())


def read_trc(text: str) -> list[Record]:
    """The runs of a trace file, with GAMS's columns or those that its header names.

    Raises
    ------
    BadInput
        A line with another number of cells, or without a name, a solver or a time.
    """
    columns, limit, body = _parts(text)
    if missing := [name for name in REQUIRED if name not in columns]:
        raise BadInput(f"trace: no column {', '.join(missing)}")
    records = []
    for number, line in body:
        cells = _cells(line, number)
        if len(cells) != len(columns):
            what = f"{len(cells)} cells, but {len(columns)} columns"
            raise BadInput(f"trace, line {number}: {what}: {line[:60]!r}")
        try:
            records.append(_record(dict(zip(columns, cells, strict=True)), limit))
        except ValueError as error:
            raise BadInput(f"trace, line {number}: {error}") from None
    return records


def _cells(line: str, number: int) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line]))]
    except csv.Error as error:
        raise BadInput(f"trace, line {number}: {error}") from None


def _parts(text: str) -> tuple[list[str], float | None, list[tuple[int, str]]]:
    """The names of the columns, the time limit if it is said, and the lines with their numbers."""
    columns, header, in_header = list(DEFAULT), list[str](), False
    body: list[tuple[int, str]] = []
    limit = None
    for number, line in enumerate(text.splitlines(), start=1):
        said = line.lstrip("* \t").strip()
        if not line.startswith("*"):
            if line.strip():
                body.append((number, line))
        elif said.lower().startswith("trace record definition"):
            in_header = True
        elif in_header and not said:
            in_header, columns = False, header or columns
        elif in_header and "," in said:
            header += [name for name in re.split(r"[,\s]+", said) if name]
        elif found := re.fullmatch(r"TIMELIMIT\s*,\s*(\S+)", said, re.I):
            limit = _number(found[1])
    return columns, limit, body


def _record(cells: dict[str, str], limit: float | None) -> Record:
    """One line; ValueError says what is wrong with it."""
    name, solver, seconds = (
        cells["InputFileName"],
        cells["SolverName"],
        _number(cells["SolverTime"]),
    )
    if not name or not solver or seconds is None:
        raise ValueError("no instance, solver or time")
    sign = -1.0 if cells.get("Direction", "0") == "1" else 1.0
    value, bound = (
        None if (number := _number(cells.get(column, ""))) is None else sign * number
        for column in ("ObjectiveValue", "ObjectiveValueEstimate")
    )
    model, ended = _code(cells.get("ModelStatus", "")), _ended(cells)
    counts = ("NumberOfNodes", *COLUMNS[-4:])
    nodes, rows, columns, discrete, nonzeros = (_number(cells.get(c, "")) for c in counts)
    return Record(
        instance=re.sub(r"\.(mps|lp|gms)(\.gz)?$", "", name),
        solver=solver,
        termination=_termination(model, ended, value),
        value=value,
        bound=bound,
        seconds=seconds,
        time_limit_s=limit,
        nodes=nodes,
        n_rows=rows,
        n_cols=columns,
        n_binaries=discrete,
        n_nonzeros=nonzeros,
        status=f"model status {model}, solver status {ended}{', maximised' if sign < 0 else ''}",
    )


def _termination(model: int, ended: int, value: float | None) -> str:
    """How the run ended, in the words of milpsparse."""
    says = OF_MODEL.get(model)
    if says in ("optimal", "infeasible"):
        return says
    return OF_SOLVER.get(ended) or says or ("error" if value is None else "feasible")


def _ended(cells: dict[str, str]) -> int:
    """The solver status, or PAVER's termination status as one."""
    if "SolverStatus" in cells or "TerminationStatus" not in cells:
        return _code(cells.get("SolverStatus", ""))
    return TERMINATION_STATUS.get(cells["TerminationStatus"].lower(), 13)


def _code(text: str) -> int:
    number = _number(text)
    return 0 if number is None else int(number)


def _number(text: str) -> float | None:
    """A number; none for NA, UNDF, nothing, and infinite ones.

    >>> _number("3.5"), _number("UNDF"), _number("1e20")
    (3.5, None, None)
    """
    if text.strip().lower() in ("", "na", "undf", "nan"):
        return None
    value = float(text)
    return value if abs(value) < INFINITY else None
