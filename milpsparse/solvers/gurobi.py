"""Gurobi, through gurobipy: Pyomo models as matrices.

The licence that comes with the package is for 2,000 rows and columns, and forbids publishing
benchmark results; a program beyond the licence is not_available(size_limit).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from milpsparse.answer import Termination
from milpsparse.anytime import Recorder
from milpsparse.compiled import Compiled, compile_model
from milpsparse.errors import BadInput, NotAvailable, UnknownName
from milpsparse.method import Limits, Outcome, Solver
from milpsparse.solvers import _package
from milpsparse.solvers._options import Table, like, native_options

# https://docs.gurobi.com/projects/optimizer/en/current/reference/numericcodes/statuscodes.html;
# INF_OR_UNBD and UNBOUNDED prove nothing about a model whose objective is bounded below.
STATUS = {
    "OPTIMAL": Termination.OPTIMAL,
    "INFEASIBLE": Termination.INFEASIBLE,
    "TIME_LIMIT": Termination.TIME_LIMIT,
    "WORK_LIMIT": Termination.TIME_LIMIT,
    "MEM_LIMIT": Termination.MEMORY_LIMIT,
    "INTERRUPTED": Termination.INTERRUPTED,
    "NODE_LIMIT": Termination.FEASIBLE,
    "ITERATION_LIMIT": Termination.FEASIBLE,
    "SOLUTION_LIMIT": Termination.FEASIBLE,
    "USER_OBJ_LIMIT": Termination.FEASIBLE,
    "SUBOPTIMAL": Termination.FEASIBLE,
}

# https://docs.gurobi.com/projects/optimizer/en/current/reference/parameters.html; memory in GB.
TABLE: Table = {
    "time_limit_s": lambda s: {"TimeLimit": s},
    "memory_limit_mb": lambda mb: {"SoftMemLimit": mb / 1000},
    "threads": lambda n: {"Threads": n},
    "seed": lambda n: {"Seed": n % 2_000_000_001},
    "rel_gap": lambda gap: {"MIPGap": gap},
    "abs_gap": lambda gap: {"MIPGapAbs": gap},
    "presolve": lambda on: {"Presolve": -1 if on else 0},
    "log_file": lambda path: {"OutputFlag": 1, "LogFile": path},
}
TOLERANCES = {"FeasibilityTol": 1e-9, "IntFeasTol": 1e-9}  # 1e-6 leaks through a big-M


def solve(problem: Any, limits: Limits, mip_start: bool) -> Outcome:
    """Solve a Pyomo ConcreteModel."""
    p = compile_model(problem)
    with _environment() as env, _model(p, env) as (model, x):
        for name, value in {**TOLERANCES, **native_options(TABLE, limits)}.items():
            model.setParam(name, value)
        if mip_start and (start := p.start()) is not None:
            x.Start = start
        record = Recorder()
        model.optimize(_watch(record, limits) if p.integer.any() else None)
        return _outcome(model, x, p, record, limits)


@contextlib.contextmanager
def _environment() -> Iterator[Any]:
    """A silent environment; what a licence forbids becomes NotAvailable with Gurobi's reason."""
    import gurobipy as gp

    try:
        with gp.Env(empty=True) as env:
            env.setParam("LogToConsole", 0)
            env.setParam("OutputFlag", 0)
            env.start()
            yield env
    except gp.GurobiError as error:
        if error.errno == gp.GRB.Error.SIZE_LIMIT_EXCEEDED:
            raise NotAvailable(f"gurobi: size_limit: {error}") from None
        if error.errno == gp.GRB.Error.NO_LICENSE:
            raise NotAvailable(f"gurobi: no_license: {error}") from None
        if error.errno == gp.GRB.Error.OUT_OF_MEMORY:
            raise MemoryError(str(error)) from None
        raise


@contextlib.contextmanager
def _model(p: Compiled, env: Any) -> Iterator[tuple[Any, Any]]:
    """The program as a Gurobi model, and its variables in column order."""
    import gurobipy as gp

    with gp.Model(env=env) as model:
        kinds = np.where(p.integer, "I", "C")
        x = model.addMVar(len(p.c), lb=p.lower, ub=p.upper, obj=p.c, vtype=kinds)
        model.ObjCon = p.offset
        A, always = p.A.tocsr(), np.ones(len(p.row_lower), bool)
        always[list(p.when)] = False
        for sense, has, side in _sides(p):
            if (chosen := has & always).any():
                model.addMConstr(A[chosen], x, sense, side[chosen])
            for i in np.flatnonzero(has & ~always).tolist():
                column, value = p.when[i]
                row = gp.LinExpr(A[[i]].data.tolist(), x[A[[i]].indices].tolist())
                model.addGenConstrIndicator(
                    x[column].item(), bool(value), row, sense, float(side[i])
                )
        for members in p.sos1:
            model.addSOS(gp.GRB.SOS_TYPE1, x[list(members)].tolist())
        yield model, x


def _sides(p: Compiled) -> list[tuple[str, NDArray[np.bool_], NDArray[np.float64]]]:
    """The senses of rows, which rows have them, and their right-hand sides."""
    equal = p.row_lower == p.row_upper
    return [
        ("=", equal, p.row_upper),
        (">", ~equal & np.isfinite(p.row_lower), p.row_lower),
        ("<", ~equal & np.isfinite(p.row_upper), p.row_upper),
    ]


def _watch(record: Recorder, limits: Limits) -> Any:
    """A callback that notes the bounds; Gurobi's infinity of 1e100 is none."""
    import gurobipy as gp

    code = gp.GRB.Callback

    def note(model: Any, where: int) -> None:
        if where == code.MIP:
            primal, dual = model.cbGet(code.MIP_OBJBST), model.cbGet(code.MIP_OBJBND)
            record.note(limits.spent(), primal, dual)

    return note


def _outcome(model: Any, x: Any, p: Compiled, record: Recorder, limits: Limits) -> Outcome:
    """Status, bounds and the best solution."""
    import gurobipy as gp

    names = {getattr(gp.GRB.Status, name): name for name in dir(gp.GRB.Status) if name[0] != "_"}
    status, found, integer = names[model.Status], model.SolCount > 0, bool(p.integer.any())
    if found:
        p.load(x.X)
    primal = model.ObjVal if found else None
    dual = model.ObjBound if integer else primal if status == "OPTIMAL" else None
    known = dual is not None and abs(dual) < record.infinity
    return Outcome(
        termination=STATUS.get(status, Termination.ERROR),
        has_solution=found,
        raw_status=status,
        primal_bound=primal,
        dual_bound=dual if known else None,
        node_count=int(model.NodeCount) if integer else None,
        **p.facts(),
        trace=record.closed(limits.spent(), primal, dual) if integer else (),
    )


def native(name: str, text: str) -> Any:
    """A parameter of Gurobi by its name."""
    import gurobipy as gp

    known = [parameter for parameter in dir(gp.GRB.Param) if not parameter.startswith("_")]
    if name not in known:
        raise UnknownName("parameter", name, known)
    with _environment() as env, gp.Model(env=env) as model:
        value = like(model.getParamInfo(name)[2], name, text)
        try:
            model.setParam(name, value)
        except gp.GurobiError as error:
            raise BadInput(f"{name}={text}: {error}") from None
    return value


SOLVER = Solver(
    summary="Gurobi: mixed-integer programs (commercial; a free licence up to 2,000 rows)",
    frameworks=frozenset({"pyomo"}),
    solve=solve,
    version=lambda: version("gurobipy"),
    takes=frozenset({"indicator", "sos1"}),
    missing=lambda: _package.missing("gurobipy", "'milpsparse[gurobi]'"),
    obeys=frozenset({*TABLE, "mip_start"}),
    native=native,
)
