"""SCS, through cvxpy: a first-order solver of convex cone programs."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from milpsparse.method import Limits, Outcome, Solver
from milpsparse.solvers import _cvxpy, _package
from milpsparse.solvers._options import Table, native_options, settings_like

# https://www.cvxgrp.org/scs/api/settings.html
TABLE: Table = {
    "time_limit_s": lambda s: {"time_limit_secs": s},
}
TOLERANCES = {"eps_abs": 1e-9, "eps_rel": 1e-9, "max_iters": 10**6}  # its own stop at 1e-4


# Settings that take a number or truth, with an example of each.
SETTINGS = {
    "eps_abs": 1e-9, "eps_rel": 1e-9, "eps_infeas": 1e-7, "max_iters": 1, "alpha": 1.5,
    "scale": 0.1, "rho_x": 1e-6, "normalize": True, "adaptive_scale": True,
    "acceleration_lookback": 10, "acceleration_interval": 10,
}  # fmt: skip


def solve(problem: Any, limits: Limits, mip_start: bool) -> Outcome:
    """Solve a cvxpy Problem."""
    return _cvxpy.solve(problem, "SCS", {**TOLERANCES, **native_options(TABLE, limits)})


SOLVER = Solver(
    summary="SCS: convex cone programs by a first-order method (MIT licence)",
    frameworks=frozenset({"cvxpy"}),
    solve=solve,
    version=lambda: version("scs"),
    takes=frozenset({"cones"}),
    missing=lambda: _package.missing("scs", "'milpsparse[scs]'"),
    obeys=frozenset(TABLE),
    native=settings_like(SETTINGS),
)
