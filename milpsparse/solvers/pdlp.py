"""PDLP of OR-tools, a first-order solver of linear programs, in a process of its own."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import version
from typing import Any

from milpsparse.answer import Termination
from milpsparse.compiled import compile_problem
from milpsparse.method import Limits, Outcome, Solver
from milpsparse.solvers import _ortools
from milpsparse.solvers._options import Table, native_options

# https://or-tools.github.io/docs/pdoc/ortools/linear_solver/python/model_builder.html
STATUS = {
    "OPTIMAL": Termination.OPTIMAL,
    "INFEASIBLE": Termination.INFEASIBLE,
    "NOT_SOLVED (time limit)": Termination.TIME_LIMIT,
    "UNKNOWN_STATUS (time limit)": Termination.TIME_LIMIT,
}

# https://github.com/google/or-tools/blob/stable/ortools/pdlp/solvers.proto
TABLE: Table = {
    "time_limit_s": lambda s: {"time_limit": s},
    "threads": lambda n: {"num_threads": n},
    "presolve": lambda on: {"presolve_options": f"{{ use_glop: {str(on).lower()} }}"},
}
ACCURACY = (
    "{ simple_optimality_criteria { eps_optimal_absolute: 1e-9 eps_optimal_relative: 1e-9 } }"
)


FORM = "{}: {}"  # of a protocol buffer's text


def solve(problem: Any, limits: Limits, mip_start: bool) -> Outcome:
    """Solve a cvxpy Problem that is a linear program.

    Raises
    ------
    Unsupported
        The problem needs other cones.
    """
    import cvxpy
    from cvxpy.reductions.solution import Solution

    p = compile_problem(problem)
    _, chain, inverse = problem.get_problem_data(cvxpy.CLARABEL)
    given = native_options(TABLE, limits)
    options = {"time_limit": given.pop("time_limit"), "output": limits.log_file is not None}
    words = {"termination_criteria": ACCURACY, **given}
    options["text"] = "\n".join(FORM.format(name, value) for name, value in words.items())
    outcome, x = _ortools.solve(p, "pdlp", options, STATUS, limits, None)
    if x is None:
        return outcome
    solution = Solution(cvxpy.OPTIMAL, outcome.primal_bound, {inverse[-1]["var_id"]: x}, {}, {})
    for reduction, back in zip(
        reversed(chain.reductions[:-1]), reversed(inverse[:-1]), strict=True
    ):
        solution = reduction.invert(solution, back)
    problem.unpack(solution)
    optimal = outcome.termination == Termination.OPTIMAL
    return replace(outcome, dual_bound=outcome.primal_bound if optimal else None)


SOLVER = Solver(
    summary="PDLP of OR-tools: linear programs by a first-order method (Apache licence)",
    frameworks=frozenset({"cvxpy"}),
    solve=solve,
    version=lambda: f"ortools {version('ortools')}",
    missing=_ortools.missing,
    obeys=frozenset({*TABLE, "log_file"}),
    native=_ortools.native("pdlp", FORM),
)
