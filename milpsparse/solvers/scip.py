"""SCIP, through PySCIPOpt: Pyomo models as matrices. It has one thread, whatever the limits say."""

from __future__ import annotations

import importlib.util
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from typing import Any

import numpy as np

from milpsparse.answer import Termination
from milpsparse.compiled import Compiled, compile_model
from milpsparse.method import Limits, Outcome, Solver

INFINITY = 1e20  # what SCIP takes for infinite

# https://pyscipopt.readthedocs.io/en/latest/api/model.html, Model.getStatus; "inforunbd" and
# "unbounded" prove nothing about a model whose objective is bounded below.
STATUS = {
    "optimal": Termination.OPTIMAL,
    "infeasible": Termination.INFEASIBLE,
    "timelimit": Termination.TIME_LIMIT,
    "memlimit": Termination.MEMORY_LIMIT,
    "userinterrupt": Termination.INTERRUPTED,
    "gaplimit": Termination.FEASIBLE,
    "sollimit": Termination.FEASIBLE,
    "bestsollimit": Termination.FEASIBLE,
}


def parameters(limits: Limits) -> dict[str, Any]:
    """Neutral limits as SCIP parameters, https://www.scipopt.org/doc/html/PARAMETERS.php.

    Tolerances are tighter than SCIP's own (1e-6): a loose one lets a ReLU leak through its big-M.
    Its LP solver goes no lower than 1e-10, and may say so on stderr where SCIP asks for more.
    The seed shifts those of all plug-ins and of the LP solver. SCIP's handler of Ctrl-C is off: it
    would print, and hide the interrupt from Python.
    """
    return {
        "limits/time": limits.left(),
        "limits/gap": limits.rel_gap,
        "randomization/randomseedshift": limits.seed,
        "numerics/feastol": 1e-9,
        "numerics/sumepsilon": 1e-9,  # SCIP wants it no larger than feastol
        "misc/catchctrlc": False,
    }


def solve(problem: Any, limits: Limits, mip_start: bool) -> Outcome:
    """Solve a Pyomo ConcreteModel."""
    compiled = compile_model(problem)
    model, columns = _load(compiled)
    model.hideOutput()
    if mip_start:
        _start(model, columns, compiled)
    model.setParams(parameters(limits))
    _run(model, limits.log_file)
    return _outcome(model, columns, compiled)


def _load(p: Compiled) -> tuple[Any, list[Any]]:
    """The program as a SCIP model, and its variables in column order."""
    from pyscipopt import ExprCons, Model, quicksum

    model = Model()
    kinds = np.where(p.integer, "I", "C")  # SCIP makes binaries of integers within [0, 1]
    bounds = (_finite(p.lower), _finite(p.upper))
    columns = [
        model.addVar(vtype=kind, lb=low, ub=high, obj=cost)
        for kind, low, high, cost in zip(kinds.tolist(), *bounds, p.c.tolist(), strict=True)
    ]
    model.addObjoffset(p.offset)
    A = p.A.tocsr()
    sides = zip(A.indptr, A.indptr[1:], _finite(p.row_lower), _finite(p.row_upper), strict=False)
    for i, (begin, end, low, high) in enumerate(sides):
        row = zip(A.indices[begin:end].tolist(), A.data[begin:end].tolist(), strict=True)
        body = quicksum(a * columns[j] for j, a in row)
        if i not in p.when:
            model.addCons(ExprCons(body, low, high))
            continue
        j, value = p.when[i]
        for side in ((None, high), (low, None)):  # SCIP's indicators have one side
            if side not in ((None, INFINITY), (-INFINITY, None)):
                model.addConsIndicator(ExprCons(body, *side), columns[j], activeone=value == 1)
    for members in p.sos1:
        model.addConsSOS1([columns[j] for j in members])
    return model, columns


def _finite(values: Any) -> list[float]:
    """Numbers as SCIP takes them."""
    clipped: list[float] = np.clip(values, -INFINITY, INFINITY).tolist()
    return clipped


def _start(model: Any, columns: list[Any], p: Compiled) -> None:
    """The variables' current values as a MIP start; SCIP completes a partial one."""
    values = [v.value for v in p.variables]
    given = [(x, v) for x, v in zip(columns, values, strict=True) if v is not None]
    if not given:
        return
    point = model.createSol() if len(given) == len(columns) else model.createPartialSol()
    for x, value in given:
        model.setSolVal(point, x, value)
    model.addSol(point)


def _run(model: Any, log_file: str | None) -> None:
    """Solve in a second thread, so that Ctrl-C reaches this one and stops SCIP."""
    model.setLogfile(log_file)
    try:
        with ThreadPoolExecutor(1) as thread:
            try:
                thread.submit(model.optimizeNogil).result()
            except KeyboardInterrupt:
                model.interruptSolve()
                raise
    finally:
        model.setLogfile(None)  # closes it


def _outcome(model: Any, columns: list[Any], p: Compiled) -> Outcome:
    """Status, bounds and the best solution."""
    status, best, found = model.getStatus(), model.getBestSol(), model.getNSols() > 0
    if found:
        p.load(np.array([model.getSolVal(best, x) for x in columns]))
    dual = model.getDualbound()
    return Outcome(
        termination=STATUS.get(status, Termination.ERROR),
        has_solution=found,
        raw_status=status,
        primal_bound=model.getSolObjVal(best) if found else None,
        dual_bound=dual if abs(dual) < INFINITY else None,
        node_count=int(model.getNTotalNodes()) if p.integer.any() else None,
        n_rows=len(p.row_lower),
        n_cols=len(p.c),
        n_binaries=p.n_binaries,
        n_nonzeros=int(p.A.nnz),
        compile_time_s=p.seconds,
    )


def missing() -> str | None:
    """Reason it cannot run here, or None."""
    if importlib.util.find_spec("pyscipopt") is None:
        return "pyscipopt is not installed: pip install 'milpsparse[scip]'"
    return None


def scip_version() -> str:
    """SCIP's version and that of its package, which are numbered apart."""
    from pyscipopt import Model

    bare = Model(createscip=False)
    numbers = (bare.getMajorVersion(), bare.getMinorVersion(), bare.getTechVersion())
    return ".".join(map(str, numbers)) + f" (pyscipopt {version('pyscipopt')})"


SOLVER = Solver(
    summary="SCIP: mixed-integer programs, one thread (Apache licence)",
    frameworks=frozenset({"pyomo"}),
    takes=frozenset({"indicator", "sos1"}),
    solve=solve,
    version=scip_version,
    missing=missing,
)
