"""Clarabel, through cvxpy: an interior-point solver of convex cone programs."""

from __future__ import annotations

import importlib.util
from importlib.metadata import version
from typing import Any

from milpsparse.method import Limits, Outcome, Solver
from milpsparse.solvers import _cvxpy


def solve(problem: Any, limits: Limits, mip_start: bool) -> Outcome:
    """Solve a cvxpy Problem; options are https://clarabel.org/stable/api_settings/."""
    options = {"time_limit": limits.left(), "max_threads": limits.threads}
    return _cvxpy.solve(problem, "CLARABEL", options)


def missing() -> str | None:
    """Reason it cannot run here, or None."""
    if importlib.util.find_spec("clarabel") is None:
        return "clarabel is not installed: pip install clarabel"
    return None


SOLVER = Solver(
    summary="Clarabel: convex cone programs by an interior-point method (Apache licence)",
    frameworks=frozenset({"cvxpy"}),
    takes=frozenset({"cones"}),
    solve=solve,
    version=lambda: version("clarabel"),
    missing=missing,
)
