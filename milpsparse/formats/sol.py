"""Solutions as MIPLIB has them: the objective, then one variable and its value a line.

=obj= 3
u_0_0 0.5
...
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from milpsparse.compiled import Compiled
from milpsparse.errors import BadInput
from milpsparse.formats import mps_names as names


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
        A line that is no name and value, or no objective.
    """
    values: dict[str, float] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        try:
            name, value = words
            values[name] = float(value)
        except ValueError:
            raise BadInput(f"solution, line {number}: not a name and a value: {line!r}") from None
    if "=obj=" not in values:
        raise BadInput("solution: no line =obj=")
    return values.pop("=obj="), values
