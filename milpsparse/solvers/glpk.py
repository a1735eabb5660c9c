"""GLPK, the GNU Linear Programming Kit: the program `glpsol`, MPS in, log and solution out.

Its tolerances cannot be set from outside: rows hold to 1e-7 relative, integers to 1e-5, so that
small weights may leak through a large big-M. The check says where they did.
"""

from __future__ import annotations

import re
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from milpsparse.answer import Termination
from milpsparse.anytime import Recorder
from milpsparse.compiled import Compiled, compile_model
from milpsparse.errors import BadInput, UnknownName
from milpsparse.formats.mps import to_mps
from milpsparse.method import Limits, Outcome, Solver
from milpsparse.solvers import _executable
from milpsparse.solvers._options import Table, like, native_options

# Status in a solution file (glp_write_mip and glp_write_sol in the manual that comes with
# https://www.gnu.org/software/glpk/), or what the log says of a search that left none.
STATUS = {
    "o": Termination.OPTIMAL,
    "n": Termination.INFEASIBLE,
    "PRIMAL FEASIBLE SOLUTION": Termination.INFEASIBLE,
    "INTEGER FEASIBLE SOLUTION": Termination.INFEASIBLE,
    "TIME LIMIT EXCEEDED": Termination.TIME_LIMIT,
    "RELATIVE MIP GAP TOLERANCE REACHED": Termination.FEASIBLE,
}
_SAID = re.compile("|".join(word for word in STATUS if word.isupper()))

# Options: `glpsol --help`. Seconds are whole ones; it has one thread, draws no random numbers,
# takes no start and no absolute gap.
TABLE: Table = {
    "time_limit_s": lambda s: {"tmlim": max(1, round(s))},
    "memory_limit_mb": lambda mb: {"memlim": mb},
    "rel_gap": lambda gap: {"mipgap": gap} if gap else {},
    "presolve": lambda on: {} if on else {"nointopt": True, "nopresol": True},
}

_BOUNDS = re.compile(r"\+ *\d+: (?:mip =|>>>>>) +(not found yet|\S+) >= +(\S+)")
_OBJECTIVE = re.compile(r"[*# ] *\d+: obj = +(\S+)")
_OPTION = re.compile(r"^ +(?:-\w \w+, )?--(\w+)(?: \[?(\w+)\]?)?(?:  |$)", re.MULTILINE)


def solve(problem: Any, limits: Limits, mip_start: bool) -> Outcome:
    """Solve a Pyomo ConcreteModel."""
    p = compile_model(problem)
    with tempfile.TemporaryDirectory(prefix="milpsparse-") as name:
        folder = Path(name)
        (folder / "model.mps").write_text(to_mps(replace(p, offset=0.0), "model"))
        options = []
        for key, value in native_options(TABLE, limits).items():
            options += [f"--{key}"] if value is True else [f"--{key}", str(value)]
        command = ["glpsol", "--freemps", "model.mps", *options, "--write", "model.sol"]
        log = _executable.run(command, folder, limits)
        return _outcome(p, log, folder / "model.sol", limits)


def _outcome(p: Compiled, log: _executable.Log, path: Path, limits: Limits) -> Outcome:
    """Status, bounds and solution; without a solution file, what the log had until then."""
    record = _record(p, log)
    whole = path.is_file() and not log.killed
    status, value, x = _solution(path) if whole else ("", None, None)
    said = _SAID.search(log.text)
    if status not in ("o", "n") and said:
        status = said[0]
    primal = None if value is None else value + p.offset
    if x is not None:
        p.load(x)
    trace = record.closed(limits.spent(), primal, primal if status == "o" else None)
    return Outcome(
        termination=STATUS.get(status, _executable.termination(log)),
        has_solution=x is not None,
        raw_status=_raw(path) if whole else _executable.last_words(log),
        primal_bound=primal,
        dual_bound=record.dual,
        **p.facts(),
        trace=trace,
    )


def _record(p: Compiled, log: _executable.Log) -> Recorder:
    """The bounds that the log tells: of the root's linear program, then of the tree."""
    record, root = Recorder(), None
    for time_s, line in log.lines:
        if match := _BOUNDS.match(line):
            primal, dual = match.groups()
            value = None if primal == "not found yet" else float(primal) + p.offset
            lower = value if dual == "tree" else float(dual) + p.offset  # "tree is empty"
            record.note(time_s, value, lower)
        elif match := _OBJECTIVE.match(line):
            root = float(match[1]) + p.offset
        elif line.startswith("OPTIMAL LP SOLUTION FOUND"):
            record.note(time_s, None, root)
    return record


def _solution(path: Path) -> tuple[str, float | None, NDArray[np.float64] | None]:
    """Status, value and columns of a solution file; the latter two where it is feasible."""
    lines = [line.split() for line in path.read_text().splitlines()]
    kind, _, _, *status, value = next(words[1:] for words in lines if words[:1] == ["s"])
    at = 2 if kind == "mip" else 3  # of a basic solution the state of the column comes before
    if status == ["f", "f"]:  # primal and dual feasible
        status = ["o"]
    if status[0] not in ("o", "f"):
        return status[0], None, None
    x = np.array([float(words[at]) for words in lines if words[:1] == ["j"]])
    return status[0], float(value), x


def _raw(path: Path) -> str:
    """GLPK's own word, such as INTEGER OPTIMAL."""
    match = re.search(r"^c Status: +(.+)$", path.read_text(), re.MULTILINE)
    return match[1] if match else "no status"


def native(name: str, text: str) -> Any:
    """An option of glpsol by its name: a number or word where it takes one, else true."""
    known = {key: value for key, value in _OPTION.findall(_executable.output("glpsol", "--help"))
             if value != "filename"}  # fmt: skip
    if name not in known:
        raise UnknownName("option", name, known)
    if known[name]:
        return like(0 if known[name] == "nnn" else 0.0, name, text)
    if not like(True, name, text):
        raise BadInput(f"{name}={text}: takes only true; leave it out instead")
    return True


SOLVER = Solver(
    summary="GLPK: mixed-integer programs, an executable, one thread (GNU GPL)",
    frameworks=frozenset({"pyomo"}),
    solve=solve,
    version=lambda: re.search(r"Solver (\S+)", _executable.output("glpsol", "--version"))[1],  # type: ignore[index]
    missing=lambda: _executable.missing("glpsol", "glpk-utils"),
    cannot={"mip_start": "glpsol takes no start"},
    obeys=frozenset({*TABLE, "log_file"}),
    native=native,
)
