"""Solutions as MIPLIB has them: the objective, then one variable and its value a line.

=obj= 3
u_0_0 0.5
...

The single line =infeas= says that there is none. Read, too: what SCIP, Gurobi and HiGHS write.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from milpsparse.compiled import Compiled
from milpsparse.errors import BadInput
from milpsparse.formats import mps_names as names

NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
OBJECTIVE = re.compile(rf"(?:=obj=|objective value:|# Objective value =|Objective)\s+({NUMBER})\s*")
SAID = re.compile(  # lines that say other things
    r"#|solution status:|Model status$|Optimal$|Feasible$|Time limit reached$|None$"
)
DUALS = re.compile(r"# (Rows|Dual solution values|Basis)\b")  # HiGHS: no columns after it
NONE = re.compile(r"=infeas=|no solution available")


def to_sol(p: Compiled, x: NDArray[np.float64]) -> str:
    """The point x, with the names of the program's .mps and .lp files; zeros are left out."""
    value = float(p.c @ x + p.offset)
    pairs = zip(names.columns(p), x.tolist(), strict=True)
    return "\n".join([f"=obj= {value!r}", *(f"{name} {v!r}" for name, v in pairs if v)]) + "\n"


def read_sol(text: str) -> tuple[float, dict[str, float]]:
    """The objective and the values by name, of a text that `to_sol` or another tool has written.

    Raises
    ------
    BadInput
        A line that is no name and value, no objective, or no solution at all.
    """
    objective: float | None = None
    values: dict[str, float] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.strip()
        if DUALS.match(line):
            break
        if NONE.match(line):
            raise BadInput(f"solution, line {number}: it says that there is none: {line}")
        if found := OBJECTIVE.fullmatch(line):
            objective = float(found[1])
        elif line and not SAID.match(line):
            name, value = _entry(line, number)
            values[name] = value
    if objective is None:
        raise BadInput("solution: no line =obj=")
    return objective, values


def _entry(line: str, number: int) -> tuple[str, float]:
    """A name and its value; SCIP adds the coefficient in brackets."""
    try:
        name, value, *more = line.split()
        if more and not (len(more) == 1 and more[0].startswith("(obj:")):
            raise ValueError
        return name, float(value)
    except ValueError:
        raise BadInput(f"solution, line {number}: not a name and a value: {line[:60]!r}") from None
