"""Clarabel, through cvxpy: an interior-point solver of convex cone programs."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from milpsparse.method import Limits, Outcome, Solver
from milpsparse.solvers import _cvxpy, _package
from milpsparse.solvers._options import Table, native_options, settings_like

# https://clarabel.org/stable/api_settings/
TABLE: Table = {
    "time_limit_s": lambda s: {"time_limit": s},
    "threads": lambda n: {"max_threads": n},
    "presolve": lambda on: {"presolve_enable": on},
}


def solve(problem: Any, limits: Limits, mip_start: bool) -> Outcome:
    """Solve a cvxpy Problem."""
    return _cvxpy.solve(problem, "CLARABEL", native_options(TABLE, limits))


def native(name: str, text: str) -> Any:
    """A setting of Clarabel by its name."""
    from clarabel import DefaultSettings

    default = DefaultSettings()
    names = [name for name in dir(default) if not name.startswith("_")]
    examples = {name: getattr(default, name) for name in names}
    simple = {n: value for n, value in examples.items() if isinstance(value, (int, float, str))}
    return settings_like(simple)(name, text)


SOLVER = Solver(
    summary="Clarabel: convex cone programs by an interior-point method (Apache licence)",
    frameworks=frozenset({"cvxpy"}),
    takes=frozenset({"cones"}),
    solve=solve,
    version=lambda: version("clarabel"),
    missing=lambda: _package.missing("clarabel", "clarabel"),
    obeys=frozenset(TABLE),
    native=native,
)
