"""CP-SAT of OR-tools: programs of integer columns, with coefficients that scale to integers.

Every row is multiplied by the least power of two that makes its coefficients integers, which
loses nothing: doubles are dyadic. So what it says of the integers holds for the program.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from milpsparse.answer import Termination
from milpsparse.compiled import Compiled, compile_model
from milpsparse.errors import UnknownName, Unsupported
from milpsparse.method import Limits, Outcome, Solver
from milpsparse.solvers import _ortools
from milpsparse.solvers._options import Table, like, native_options

# Items of the conformance kit whose problems have continuous columns.
NEEDS_CONTINUOUS = "optimum bound unbounded zero_limit time_limit mip_start quiet row".split()

LARGEST = 2**50  # of a row's activity and of the objective: far from the ends of 64 bits

# https://developers.google.com/optimization/cp/cp_solver#cp-sat_return_values
STATUS = {
    "OPTIMAL": Termination.OPTIMAL,
    "INFEASIBLE": Termination.INFEASIBLE,
    "FEASIBLE": Termination.FEASIBLE,
    "FEASIBLE (time limit)": Termination.TIME_LIMIT,
    "UNKNOWN (time limit)": Termination.TIME_LIMIT,
}

# https://github.com/google/or-tools/blob/stable/ortools/sat/sat_parameters.proto
TABLE: Table = {
    "time_limit_s": lambda s: {"time_limit": s},
    "memory_limit_mb": lambda mb: {"max_memory_in_mb": mb},
    "threads": lambda n: {"num_workers": n},
    "seed": lambda n: {"random_seed": n},
    "rel_gap": lambda gap: {"relative_gap_limit": gap},
    "abs_gap": lambda gap: {"absolute_gap_limit": gap},
    "presolve": lambda on: {"cp_model_presolve": on},
    "log_file": lambda path: {"log_search_progress": True},
}


def solve(problem: Any, limits: Limits, mip_start: bool) -> Outcome:
    """Solve a Pyomo ConcreteModel.

    Raises
    ------
    Unsupported
        A column is continuous or unbounded, or a coefficient is beyond integers.
    """
    p = compile_model(problem)
    start = p.start() if mip_start else None
    scaled, scale = integer_program(p)
    options = native_options(TABLE, limits)
    if "absolute_gap_limit" in options:
        options["absolute_gap_limit"] *= scale
    outcome, x = _ortools.solve(scaled, "cp_sat", options, STATUS, limits, start, scale)
    if x is not None:
        p.load(x)
    return outcome


def integer_program(p: Compiled) -> tuple[Compiled, float]:
    """The program with integer coefficients, and what its costs were multiplied by."""
    if not p.integer.all():
        n = int(np.sum(~p.integer))
        raise Unsupported(f"cp_sat: takes integers only, and {n} columns are continuous")
    lower, upper = np.ceil(p.lower), np.floor(p.upper)
    reach = np.maximum(abs(lower), abs(upper))
    if not np.isfinite(reach).all():
        raise Unsupported("cp_sat: takes bounded columns only")
    A = p.A.tocsr().copy()
    row = np.repeat(np.arange(A.shape[0]), np.diff(A.indptr))
    scales = np.ones(A.shape[0])
    np.maximum.at(scales, row, _least_scale(A.data))
    A.data = A.data * scales[row]
    cost_scale = float(_least_scale(p.c).max(initial=1.0))
    activity = max(float((abs(A) @ reach).max(initial=0)), cost_scale * float(abs(p.c) @ reach))
    if activity >= LARGEST:
        raise Unsupported("cp_sat: the coefficients do not scale to integers of 50 bits")
    sides = np.ceil(p.row_lower * scales), np.floor(p.row_upper * scales)
    program = replace(
        p, A=A.tocsc(), c=p.c * cost_scale, row_lower=sides[0], row_upper=sides[1], lower=lower,
        upper=upper,
    )  # fmt: skip
    return program, cost_scale


def _least_scale(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each double the least power of two, from 1, whose product with it is an integer."""
    mantissa, exponent = np.frexp(values)
    digits = (mantissa * 2.0**53).astype(np.int64)
    zeros = np.log2(np.maximum(digits & -digits, 1).astype(float))  # at the end of the 53 bits
    needed = np.where(digits == 0, 0, 53 - exponent - zeros)
    scales: NDArray[np.float64] = np.exp2(np.clip(needed, 0, 200))
    return scales


def native(name: str, text: str) -> Any:
    """A field of SatParameters that is one number or truth."""
    from ortools.sat.sat_parameters_pb2 import SatParameters

    simple = (bool, int, float, str)
    fields = SatParameters.DESCRIPTOR.fields_by_name
    known = [key for key in fields if isinstance(fields[key].default_value, simple)]
    if name not in known:
        raise UnknownName("parameter", name, known)
    return like(fields[name].default_value, name, text)


SOLVER = Solver(
    summary="CP-SAT of OR-tools: programs of integers alone (Apache licence)",
    frameworks=frozenset({"pyomo"}),
    solve=solve,
    version=lambda: version("ortools"),
    missing=_ortools.missing,
    cannot=dict.fromkeys(NEEDS_CONTINUOUS, "it takes integer columns only"),
    obeys=frozenset({*TABLE, "mip_start"}),
    native=native,
)
