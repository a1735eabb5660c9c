"""SCIP, through PySCIPOpt: Pyomo models as matrices. It has one thread, whatever the limits say."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from importlib.metadata import version
from typing import Any

import numpy as np

from milpsparse.answer import Termination
from milpsparse.anytime import Recorder
from milpsparse.compiled import Compiled, compile_model
from milpsparse.errors import BadInput, UnknownName
from milpsparse.method import Limits, Outcome, Solver
from milpsparse.solvers import _package
from milpsparse.solvers._options import Table, like, native_options

INFINITY = 1e20  # what SCIP takes for infinite

# https://pyscipopt.readthedocs.io/en/latest/api/model.html, Model.getStatus; "inforunbd" and
# "unbounded" prove nothing about a model whose objective is bounded below. The last four are limits
# that only options of its own set.
STATUS = {
    "optimal": Termination.OPTIMAL,
    "infeasible": Termination.INFEASIBLE,
    "timelimit": Termination.TIME_LIMIT,
    "memlimit": Termination.MEMORY_LIMIT,
    "userinterrupt": Termination.INTERRUPTED,
    "gaplimit": Termination.FEASIBLE,
    "sollimit": Termination.FEASIBLE,
    "bestsollimit": Termination.FEASIBLE,
    "nodelimit": Termination.FEASIBLE,
    "totalnodelimit": Termination.FEASIBLE,
    "stallnodelimit": Termination.FEASIBLE,
    "restartlimit": Termination.FEASIBLE,
}


# https://www.scipopt.org/doc/html/PARAMETERS.php; the seed shifts those of all plug-ins and of the
# LP solver. The log is written by _run.
TABLE: Table = {
    "time_limit_s": lambda s: {"limits/time": s},
    "memory_limit_mb": lambda mb: {"limits/memory": float(mb)},
    "seed": lambda n: {"randomization/randomseedshift": n},
    "rel_gap": lambda gap: {"limits/gap": gap},
    "abs_gap": lambda gap: {"limits/absgap": gap},
    "presolve": lambda on: {"presolving/maxrounds": -1 if on else 0},
}
TOLERANCES = {  # SCIP wants the second one no larger than the first
    "numerics/feastol": 1e-9,
    "numerics/sumepsilon": 1e-9,
}


def parameters(limits: Limits) -> dict[str, Any]:
    """All parameters of a solve.

    Tolerances are tighter than SCIP's own (1e-6): a loose one lets a ReLU leak through its big-M.
    Its LP solver goes no lower than 1e-10, and may say so on stderr where SCIP asks for more.
    SCIP's handler of Ctrl-C is off: it would print, and hide the interrupt from Python.
    """
    return {**TOLERANCES, "misc/catchctrlc": False, **native_options(TABLE, limits)}


def solve(problem: Any, limits: Limits, mip_start: bool) -> Outcome:
    """Solve a Pyomo ConcreteModel."""
    compiled = compile_model(problem)
    model, columns = _load(compiled)
    model.hideOutput()
    if mip_start:
        _start(model, columns, compiled)
    model.setParams(parameters(limits))
    record = Recorder(INFINITY)
    if compiled.integer.any():
        _watch(model, record, limits)
    _run(model, limits.log_file)
    return _outcome(model, columns, compiled, record, limits)


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


def _watch(model: Any, record: Recorder, limits: Limits) -> None:
    """Note the bounds when one of them is better."""
    from pyscipopt import SCIP_EVENTTYPE

    # PySCIPOpt of SCIP 9 has no event of better dual bounds: then after each node
    raised = getattr(SCIP_EVENTTYPE, "DUALBOUNDIMPROVED", SCIP_EVENTTYPE.NODESOLVED)

    def note(scip: Any, event: Any) -> None:
        record.note(limits.spent(), scip.getPrimalbound(), scip.getDualbound())

    for kind in (SCIP_EVENTTYPE.BESTSOLFOUND, raised):
        model.attachEventHandlerCallback(note, [kind])


def _run(model: Any, log_file: str | None) -> None:
    """Solve in a second thread, so that Ctrl-C reaches this one and stops SCIP."""
    model.setLogfile(log_file)
    try:
        with ThreadPoolExecutor(1) as thread:
            search = thread.submit(model.optimizeNogil)
            try:
                while not search.done():  # with Gurobi in the process, Ctrl-C wakes no sleeper
                    wait([search], timeout=0.1)
                search.result()
            except KeyboardInterrupt:
                while not search.done():
                    model.interruptSolve()  # again: SCIP forgets what comes before it starts
                    wait([search], timeout=0.1)
                raise
    finally:
        model.setLogfile(None)  # closes it


def _outcome(
    model: Any, columns: list[Any], p: Compiled, record: Recorder, limits: Limits
) -> Outcome:
    """Status, bounds and the best solution."""
    status, best, found = model.getStatus(), model.getBestSol(), model.getNSols() > 0
    if found:
        p.load(np.array([model.getSolVal(best, x) for x in columns]))
    dual = model.getDualbound()
    primal = model.getSolObjVal(best) if found else None
    return Outcome(
        termination=STATUS.get(status, Termination.ERROR),
        has_solution=found,
        raw_status=status,
        primal_bound=primal,
        dual_bound=dual if abs(dual) < INFINITY else None,
        node_count=int(model.getNTotalNodes()) if p.integer.any() else None,
        **p.facts(),
        trace=record.closed(limits.spent(), primal, dual) if p.integer.any() else (),
    )


def native(name: str, text: str) -> Any:
    """A parameter of SCIP by its name."""
    from pyscipopt import Model

    model = Model()
    known = model.getParams()
    if name not in known:
        raise UnknownName("parameter", name, known)
    value = like(known[name], name, text)
    try:
        with _stderr_closed():  # SCIP prints its reason there, in four lines
            model.setParam(name, value)
    except (ValueError, KeyError, OSError):
        raise BadInput(f"{name}={text} is refused by SCIP") from None
    return value


@contextlib.contextmanager
def _stderr_closed() -> Iterator[None]:
    """Whatever C libraries print to stderr is dropped."""
    kept, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(null)


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
    missing=lambda: _package.missing("pyscipopt", "'milpsparse[scip]'"),
    obeys=frozenset({*TABLE, "mip_start", "log_file"}),
    native=native,
)
