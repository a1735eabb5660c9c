"""What the backends of OR-tools share: they solve in a process of their own.

OR-tools and highspy each bring a library of HiGHS of the same name, and cannot be loaded into one
process (https://github.com/google/or-tools/issues/5246). So the program goes into a file, a second
Python reads it (`_ortools_child`), prints bounds as it finds them, and leaves a result.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from milpsparse.answer import Termination
from milpsparse.anytime import Recorder
from milpsparse.compiled import Compiled
from milpsparse.errors import BadInput
from milpsparse.method import Limits, Outcome
from milpsparse.solvers import _executable, _package

CHILD = "milpsparse.solvers._ortools_child"


def solve(
    p: Compiled,
    solver: str,
    options: Mapping[str, Any],
    statuses: Mapping[str, Termination],
    limits: Limits,
    start: NDArray[np.float64] | None,
    scale: float = 1.0,
) -> tuple[Outcome, NDArray[np.float64] | None]:
    """Solve a program whose costs were multiplied by `scale`; what it says, and its solution.

    `options` are native ones; "time_limit" of them is counted from the start of the process.
    """
    with tempfile.TemporaryDirectory(prefix="milpsparse-") as name:
        folder = Path(name)
        _write(folder, p, {"solver": solver, "options": dict(options)}, start)
        log = _executable.run([sys.executable, "-m", CHILD, name], folder, limits)
        record = _record(log, p.offset, scale)
        result = folder / "result.json"
        if not result.is_file():
            return _gone(p, log, record, limits), None
        said = json.loads(result.read_text())
        x = np.load(folder / "x.npy") if (folder / "x.npy").is_file() else None
    primal, dual = (None if said[name] is None else said[name] / scale + p.offset
                    for name in ("primal", "dual"))  # fmt: skip
    outcome = Outcome(
        termination=statuses.get(said["status"], Termination.ERROR),
        has_solution=x is not None,
        raw_status=said["status"],
        primal_bound=primal,
        dual_bound=dual,
        **p.facts(),
        trace=record.closed(limits.spent(), primal, dual) if p.integer.any() else (),
    )
    return outcome, x


def _gone(p: Compiled, log: _executable.Log, record: Recorder, limits: Limits) -> Outcome:
    """Of a process that left no result."""
    return Outcome(
        termination=_executable.termination(log),
        has_solution=False,
        raw_status=_executable.last_words(log),
        dual_bound=record.dual,
        **p.facts(),
        trace=record.closed(limits.spent(), None, None),
    )


def _write(
    folder: Path, p: Compiled, request: dict[str, Any], start: NDArray[np.float64] | None
) -> None:
    """The program as arrays, and what is asked of it."""
    A = p.A.tocsr()
    arrays = {"c": p.c, "data": A.data, "indices": A.indices, "indptr": A.indptr,
              "row_lower": p.row_lower, "row_upper": p.row_upper,
              "lower": p.lower, "upper": p.upper, "integer": p.integer}  # fmt: skip
    if start is not None:
        arrays["start"] = start
    np.savez(folder / "program.npz", **arrays)
    (folder / "request.json").write_text(json.dumps(request))


def _record(log: _executable.Log, offset: float, scale: float) -> Recorder:
    """The bounds that the child printed, as lines `bounds PRIMAL DUAL` of numbers or nan."""
    record = Recorder()
    for time_s, line in log.lines:
        if line.startswith("bounds "):
            primal, dual = (float(text) / scale + offset for text in line.split()[1:])
            record.note(time_s, primal, dual)
    return record


def native(solver: str, form: str) -> Callable[[str, str], str]:
    """A Solver's `native` for options that are read from text, each in a form such as "{} = {}".

    They are tried on a program of one column; the text is kept as it is.
    """

    def read(name: str, text: str) -> str:
        options = {"time_limit": 60.0, "output": False, "text": form.format(name, text)}
        said, _ = solve(_tiny(), solver, options, {}, Limits(), None)
        if said.raw_status != "OPTIMAL":
            raise BadInput(f"{name}={text} is refused ({said.raw_status})")
        return text

    return read


def _tiny() -> Compiled:
    """Minimise x subject to x >= 1 and x <= 2."""
    one, two = np.ones(1), np.full(1, 2.0)
    A = sp.csc_matrix(np.ones((1, 1)))
    return Compiled(
        variables=[], c=one, offset=0.0, A=A, row_lower=one, row_upper=np.full(1, np.inf),
        lower=np.zeros(1), upper=two, integer=np.zeros(1, bool),
    )  # fmt: skip


def missing() -> str | None:
    """Reason it cannot run here, or None."""
    return _package.missing("ortools", "'milpsparse[ortools]'")
