"""What the kit asks of a solver."""

from __future__ import annotations

import math
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import milpsparse.testing.problems as problems
from milpsparse.answer import Termination
from milpsparse.method import Limits, Outcome, Solver, absence
from milpsparse.testing.kit import Question, Skipped, Wrong, is_text, require
from milpsparse.testing.problems import TOLERANCE, Problem
from milpsparse.testing.tasks import solver_row

SHORT_S = 1.0
GRACE_S = 5.0  # as the harness gives


def declares(name: str, solver: Solver) -> None:
    """The fields are what they should be, whether or not the solver is there."""
    require(is_text(solver.summary), "its summary is no text")
    require(bool(solver.frameworks), "it takes no framework")
    strange = set(solver.frameworks) - {"pyomo", "cvxpy"}
    require(not strange, f"it takes unknown frameworks: {', '.join(sorted(strange))}")
    reason = solver.missing()
    require(reason is None or is_text(reason), f"missing() gives {reason!r}: None or a reason")
    unknown = set(solver.cannot) - {q.name for q in QUESTIONS}
    require(not unknown, f"it declares unknown items: {', '.join(sorted(unknown))}")
    require(all(map(is_text, solver.cannot.values())), "a declaration without a reason")


def version(name: str, solver: Solver) -> None:
    """A version has a number in it, and is not the name."""
    _here(solver)
    said = solver.version()
    require(is_text(said), f"version() gives {said!r}, no text")
    require(said.lower() != name.lower(), f"version() gives the name, {said!r}")
    require(any(c.isdigit() for c in said), f"version() gives {said!r}, which has no number")


def optimum(name: str, solver: Solver, framework: str) -> None:
    """Tiny problems are solved: status, the point in the problem's variables, its value."""
    for make in problems.SOLVED[framework]:
        problem, outcome = _solved(solver, make, Limits(time_limit_s=GRACE_S))
        said = f"{make.__name__}: says {outcome.raw_status!r} ({outcome.termination})"
        require(outcome.termination == Termination.OPTIMAL, said)
        require(outcome.has_solution, f"{make.__name__}: optimal without a solution")
        value = outcome.primal_bound
        require(_near(value, problem.optimum), f"{make.__name__}: {value}, not {problem.optimum}")


def bound(name: str, solver: Solver, framework: str) -> None:
    """At the optimum the dual bound is there, and is the optimum: the sign is right."""
    for make in problems.SOLVED[framework]:
        problem, outcome = _solved(solver, make, Limits(time_limit_s=GRACE_S))
        said = f"{make.__name__}: the dual bound {outcome.dual_bound}, not {problem.optimum}"
        require(_near(outcome.dual_bound, problem.optimum), said)


def infeasible(name: str, solver: Solver, framework: str) -> None:
    """A problem without a point is infeasible, not solved and not an error."""
    make = problems.INFEASIBLE[framework]
    _, outcome = _solved(solver, make, Limits(time_limit_s=GRACE_S))
    said = f"says {outcome.raw_status!r} ({outcome.termination})"
    require(outcome.termination == Termination.INFEASIBLE, said)


def unbounded(name: str, solver: Solver, framework: str) -> None:
    """A problem without a least value is neither optimal nor infeasible, and has no lower bound."""
    make = problems.UNBOUNDED[framework]
    _, outcome = _solved(solver, make, Limits(time_limit_s=GRACE_S))
    claims = (Termination.OPTIMAL, Termination.INFEASIBLE)
    said = f"says {outcome.raw_status!r} ({outcome.termination}) of an unbounded problem"
    require(outcome.termination not in claims, said)


def zero_limit(name: str, solver: Solver, framework: str) -> None:
    """With no time, the answer is true: a point only where there is one."""
    _solved(solver, problems.LONG[framework], Limits(time_limit_s=0.0))


def time_limit(name: str, solver: Solver, framework: str) -> None:
    """A limit on a problem that takes hours is kept, and is the reason that is given."""
    begun = time.monotonic()
    _, outcome = _solved(solver, problems.LONG[framework], Limits(time_limit_s=SHORT_S))
    spent = time.monotonic() - begun
    require(spent <= SHORT_S + GRACE_S, f"took {spent:.1f} s of a limit of {SHORT_S:g} s")
    said = f"says {outcome.raw_status!r} ({outcome.termination})"
    require(outcome.termination == Termination.TIME_LIMIT, said)


def mip_start(name: str, solver: Solver, framework: str) -> None:
    """From the variables' values as a start, a best point out of its own reach is kept."""
    _here(solver)
    problem = problems.split(start=True)
    outcome = solver.solve(problem.program, Limits(time_limit_s=2 * SHORT_S), True)
    require(outcome.has_solution, f"says {outcome.raw_status!r}, without the start's point")
    value = outcome.primal_bound
    require(_near(value, problem.optimum), f"ends at {value}; the start has 0")
    _judge(problem, outcome, "split")


def seed(name: str, solver: Solver, framework: str) -> None:
    """The same seed gives the same bounds, nodes and point."""
    runs = []
    for _ in range(2):
        limits = Limits(time_limit_s=4 * GRACE_S, seed=7)
        problem, outcome = _solved(solver, problems.REPEATED[framework], limits)
        runs.append((outcome, problem.values()))
    (first, x), (second, z) = runs
    require(first == second, f"two outcomes of one seed: {first} and {second}")
    require(x == z, "two points of one seed")


def quiet(name: str, solver: Solver, framework: str) -> None:
    """Nothing is printed, by C libraries neither, where no log is asked for."""
    with _printed() as text:
        _solved(solver, problems.SOLVED[framework][0], Limits(time_limit_s=GRACE_S))
    require(not text[0].strip(), f"prints {text[0].strip()[:60]!r}")


def row(name: str, solver: Solver, framework: str) -> None:
    """A task of the harness gives a row of the schema: right, or not_available with the reason."""
    found = solver_row(name, framework)
    if reason := absence(solver):
        require(found["termination"] == "not_available", f"missing, but {found['termination']}")
        require(found["raw_status"] == reason, f"the row says {found['raw_status']!r}")
        return
    why = f"{found['verdict']}: {found['fail_reason']}"
    require(found["verified"] and not found["verdict"].startswith("fail"), why)
    require(found["termination"] == "optimal", f"ends with {found['termination']}")
    require(found["solver_version"] == solver.version(), "the row has another version")


def _here(solver: Solver) -> None:
    if reason := absence(solver):
        raise Skipped(reason)


def _solved(solver: Solver, make: Callable[[], Problem], limits: Limits) -> tuple[Problem, Outcome]:
    """A fresh problem, and an outcome that says nothing untrue of it."""
    _here(solver)
    problem = make()
    outcome = solver.solve(problem.program, limits, False)
    _judge(problem, outcome, make.__name__.strip("<>"))
    return problem, outcome


def _judge(problem: Problem, outcome: Outcome, what: str) -> None:
    """A solution is one, and worth what is said; no bound is beyond the optimum."""
    require(isinstance(outcome, Outcome), f"{what}: gives a {type(outcome).__name__}, no Outcome")
    require(is_text(outcome.raw_status), f"{what}: raw_status is empty; keep the solver's words")
    primal, dual = outcome.primal_bound, outcome.dual_bound
    slack = TOLERANCE * max(1.0, abs(problem.optimum)) if math.isfinite(problem.optimum) else 0.0
    if dual is not None:
        require(
            dual <= problem.optimum + slack, f"{what}: the dual bound {dual} is above the optimum"
        )
    if not outcome.has_solution:
        require(primal is None, f"{what}: the value {primal} without a solution")
        return
    require(problem.optimum < math.inf, f"{what}: a solution of a problem that has none")
    value, violation = problem.value(), problem.violation()
    if value is None:
        raise Wrong(f"{what}: a solution that is not in the problem's variables")
    require(violation <= TOLERANCE, f"{what}: its point violates a row or bound by {violation:.3g}")
    require(_near(primal, value), f"{what}: says {primal}; its point is worth {value}")
    require(value >= problem.optimum - slack, f"{what}: {value} is below the optimum")


def _near(value: float | None, other: float | None) -> bool:
    if value is None or other is None:
        return False
    return abs(value - other) <= TOLERANCE * max(1.0, abs(other))


@contextmanager
def _printed() -> Iterator[list[str]]:
    """What reaches standard output and error inside, C libraries included."""
    text: list[str] = []
    with tempfile.TemporaryFile() as file:
        kept = [os.dup(stream) for stream in (1, 2)]
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
        try:
            yield text
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for stream, old in zip((1, 2), kept, strict=True):
                os.dup2(old, stream)
                os.close(old)
            file.seek(0)
            text.append(file.read().decode(errors="replace"))


BOTH: Any = ("pyomo", "cvxpy")
QUESTIONS = (
    Question("declares", "its fields are what they should be", declares),
    Question("version", "its version is one, and not its name", version),
    Question("optimum", "tiny problems are solved: status, point, value", optimum, BOTH),
    Question("bound", "the dual bound of the optimum, with its sign", bound, BOTH),
    Question("infeasible", "infeasible problems are said to be", infeasible, BOTH),
    Question("unbounded", "unbounded problems give no claim", unbounded, BOTH),
    Question("zero_limit", "without time, no untrue point or bound", zero_limit, BOTH),
    Question(
        "time_limit", "a time limit is kept within 5 s", time_limit, ("pyomo",), telling=False
    ),
    Question("mip_start", "a MIP start is accepted", mip_start, ("pyomo",)),
    Question("seed", "the same seed gives the same result", seed, BOTH, telling=False),
    Question("quiet", "nothing is printed", quiet, BOTH),
    Question(
        "row", "a task gives a row, not_available where it is missing", row, BOTH, outside=True
    ),
)
