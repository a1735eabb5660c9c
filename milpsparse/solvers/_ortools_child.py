"""The process in which OR-tools solves: `python -m milpsparse.solvers._ortools_child FOLDER`.

It reads program.npz and request.json, prints `bounds PRIMAL DUAL` when one is better, and leaves
result.json (status, primal, dual, without the objective's constant) and, if there is a solution,
x.npy.
"""

from __future__ import annotations

import json
import math
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

BEGUN = time.monotonic()
AT_LIMIT = 0.99  # stopped by itself after this share of the time limit: stopped by the limit

Arrays = dict[str, NDArray[Any]]
Result = tuple[str, float | None, float | None, NDArray[np.float64] | None]


def main(folder: Path) -> None:
    """Solve what is in the folder."""
    with np.load(folder / "program.npz") as stored:
        program = {name: stored[name] for name in stored.files}
    request = json.loads((folder / "request.json").read_text())
    solver, options = request["solver"], request["options"]
    limit = options.pop("time_limit")
    solve = cp_sat if solver == "cp_sat" else linear
    status, primal, dual, x = solve(program, solver, options, limit)
    if status not in ("OPTIMAL", "INFEASIBLE") and _since() >= AT_LIMIT * limit:
        status += " (time limit)"
    if x is not None:
        np.save(folder / "x.npy", x)
    known = None if dual is None or not math.isfinite(dual) else dual
    result = {"status": status, "primal": primal, "dual": known}
    (folder / "result.json").write_text(json.dumps(result))


def _since() -> float:
    return time.monotonic() - BEGUN


def cp_sat(p: Arrays, solver: str, options: dict[str, Any], limit: float) -> Result:
    """Integers only; costs and rows have been scaled to integers."""
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    bounds = zip(p["lower"].astype(int).tolist(), p["upper"].astype(int).tolist(), strict=True)
    x = [model.new_int_var(low, high, f"c{j}") for j, (low, high) in enumerate(bounds)]
    indptr, indices, data = (p[name].astype(int).tolist() for name in ("indptr", "indices", "data"))
    for i, sides in enumerate(zip(p["row_lower"].tolist(), p["row_upper"].tolist(), strict=True)):
        row = range(indptr[i], indptr[i + 1])
        low, high = (int(v) if math.isfinite(v) else int(math.copysign(2**62, v)) for v in sides)
        total = cp_model.LinearExpr.weighted_sum([x[indices[k]] for k in row],
                                                 [data[k] for k in row])  # fmt: skip
        model.add_linear_constraint(total, low, high)
    model.minimize(cp_model.LinearExpr.weighted_sum(x, p["c"].astype(int).tolist()))
    for variable, value in zip(x, p.get("start", np.zeros(0)).tolist(), strict=False):
        model.add_hint(variable, round(value))
    engine = cp_model.CpSolver()
    engine.parameters.max_time_in_seconds = max(0.01, limit - _since())
    for name, value in options.items():
        setattr(engine.parameters, name, value)
    engine.log_callback = lambda line: print(line, flush=True)
    engine.parameters.log_to_stdout = False
    engine.best_bound_callback = lambda bound: print("bounds nan", bound, flush=True)
    status = engine.status_name(engine.solve(model, _printer()))
    if status not in ("OPTIMAL", "FEASIBLE"):
        return status, None, engine.best_objective_bound if status == "UNKNOWN" else None, None
    values = np.array([engine.value(variable) for variable in x], float)
    return status, engine.objective_value, engine.best_objective_bound, values


def _printer() -> Any:
    """A callback of CP-SAT that prints the bounds at every better solution."""
    from ortools.sat.python import cp_model

    class Printer(cp_model.CpSolverSolutionCallback):  # type: ignore[misc]
        def on_solution_callback(self) -> None:
            print("bounds", self.objective_value, self.best_objective_bound, flush=True)

    return Printer()


def linear(p: Arrays, solver: str, options: dict[str, Any], limit: float) -> Result:
    """Programs of MPSolver's interface; `options["text"]` is what the solver itself reads."""
    import scipy.sparse as sp
    from ortools.linear_solver.python import model_builder as mb

    model, shape = mb.Model(), (len(p["row_lower"]), len(p["c"]))
    A = sp.csr_matrix((p["data"], p["indices"], p["indptr"]), shape=shape)
    model.helper.fill_model_from_sparse_data(
        p["lower"], p["upper"], p["c"], p["row_lower"], p["row_upper"], A
    )
    for j in np.flatnonzero(p["integer"]).tolist():
        model.helper.set_var_integrality(j, True)
    for j, value in enumerate(p.get("start", np.zeros(0)).tolist()):
        model.helper.add_hint(j, value)
    engine = mb.Solver(solver)
    engine.enable_output(options["output"])
    engine.set_time_limit_in_seconds(max(0.01, limit - _since()))
    engine.set_solver_specific_parameters(options["text"])
    status = engine.solve(model).name
    if status not in ("OPTIMAL", "FEASIBLE"):
        return status, None, None, None
    x = np.array(engine.values(model.get_variables()), float)
    return status, engine.objective_value, engine.best_objective_bound, x


if __name__ == "__main__":
    main(Path(sys.argv[1]))
