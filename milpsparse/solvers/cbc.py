"""CBC, the COIN-OR branch and cut: the program `cbc`, MPS in, log and solution files out.

The objective's constant stays here: CBC and GLPK read opposite signs of it from an MPS file.
"""

from __future__ import annotations

import re
import struct
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from milpsparse.answer import Termination
from milpsparse.anytime import Recorder
from milpsparse.compiled import Compiled, compile_model
from milpsparse.errors import BadInput
from milpsparse.formats.mps import to_mps
from milpsparse.formats.mps_names import columns
from milpsparse.method import Limits, Outcome, Solver
from milpsparse.solvers import _executable
from milpsparse.solvers._options import Table, native_options

# First words of a solution file, https://coin-or.github.io/Cbc/; a solution that "Stopped" stands
# there too, unless it says "no integer solution". "Unbounded" proves nothing about a model whose
# objective is bounded below, and "infeasible" nothing where the time was over: CBC says so of
# feasible programs, too, when the limit falls into its preprocessing.
STATUS = {
    "Optimal": Termination.OPTIMAL,
    "Optimal (within gap tolerance)": Termination.FEASIBLE,  # from the log
    "Infeasible": Termination.INFEASIBLE,
    "Integer infeasible": Termination.INFEASIBLE,
    "Stopped on time": Termination.TIME_LIMIT,
    "Stopped on iterations": Termination.FEASIBLE,
    "Stopped on nodes": Termination.FEASIBLE,
    "Stopped on solutions": Termination.FEASIBLE,
}

# Parameters: `cbc -?`, explained at https://www.coin-or.org/Cbc/ and by `cbc NAME??`. A memory
# limit is one on its address space.
TABLE: Table = {
    "time_limit_s": lambda s: {"seconds": s, "timeMode": "elapsed"},
    "threads": lambda n: {"threads": n} if n > 1 else {},
    "seed": lambda n: {"randomSeed": _seed(n), "randomCbcSeed": _seed(n)},
    "rel_gap": lambda gap: {"ratioGap": gap},
    "abs_gap": lambda gap: {"allowableGap": gap},
    "presolve": lambda on: {} if on else {"presolve": "off", "preprocess": "off"},
}
TOLERANCES = {"primalTolerance": 1e-9, "integerTolerance": 1e-9}  # 1e-6 leaks through a big-M


def _seed(n: int) -> int:
    """A seed from 1 to 2**31 - 1: of 0 CBC makes the time of day."""
    return n % (2**31 - 1) + 1


_NUMBER = r"([-+\d.e]+)"
_FOUND = re.compile(rf"(?:Integer solution of|provided solution with cost) {_NUMBER}")
_BOUNDS = re.compile(rf" {_NUMBER} (?:best solution, |\()best possible {_NUMBER}")
_ROOT = re.compile(rf"Continuous objective value is {_NUMBER}")
_REFUSED = re.compile(r".*(No match|illegal|valid range|Possible options|Multiple|not valid).*")


def solve(problem: Any, limits: Limits, mip_start: bool) -> Outcome:
    """Solve a Pyomo ConcreteModel."""
    p = compile_model(problem)
    with tempfile.TemporaryDirectory(prefix="milpsparse-") as name:
        folder = Path(name)
        (folder / "model.mps").write_text(to_mps(replace(p, offset=0.0), "model"))
        start = p.start() if mip_start else None
        if start is not None:
            (folder / "start.sol").write_text(_start_text(p, start))
        given = TOLERANCES | native_options(TABLE, limits)
        options = [word for key, value in given.items() for word in (f"-{key}", str(value))]
        options += ["-mipstart", "start.sol"] if start is not None else []
        files = ["-solution", "model.sol", "-saveSolution", "model.bin"]
        log = _executable.run(["cbc", "model.mps", *options, "-solve", *files], folder, limits)
        return _outcome(p, log, folder, limits)


def _start_text(p: Compiled, x: NDArray[np.float64]) -> str:
    """A point as a solution file of CBC."""
    named = enumerate(zip(columns(p), x.tolist(), strict=True))
    lines = [f"{j} {name} {value!r} 0" for j, (name, value) in named]
    return "\n".join(["Stopped on time - objective value 0", *lines, ""])


def _outcome(p: Compiled, log: _executable.Log, folder: Path, limits: Limits) -> Outcome:
    """Status, bounds and solution; without a solution file, what the log had until then."""
    record = _record(p, log)
    head = folder / "model.sol"
    whole = head.is_file() and not log.killed
    said = head.read_text().partition("\n")[0] if whole else ""
    status, _, value = said.rpartition(" - objective value ")
    word = status.partition(" (")[0]
    found = word.startswith(("Optimal", "Stopped")) and "no integer solution" not in status
    if word == "Optimal" and "(within gap tolerance)" in log.text:
        word += " (within gap tolerance)"
    primal = float(value) + p.offset if found else None
    if found:
        p.load(_solution(folder / "model.bin", p))
    if "nfeasible" in word and limits.spent() >= limits.time_limit_s:
        word, status = "Stopped on time", f"{status}, when the time was over"
    trace = record.closed(limits.spent(), primal, primal if word == "Optimal" else None)
    nodes = re.search(r"Enumerated nodes: +(\d+)", log.text)
    ended = _executable.termination(log)
    return Outcome(
        termination=STATUS.get(word, Termination.ERROR) if status else ended,
        has_solution=found,
        raw_status=status or _executable.last_words(log),
        primal_bound=primal,
        dual_bound=record.dual,
        node_count=int(nodes[1]) if nodes and p.integer.any() else None,
        **p.facts(),
        trace=trace,
    )


def _record(p: Compiled, log: _executable.Log) -> Recorder:
    """The bounds that the log tells."""
    record = Recorder(infinity=1e49)
    for time_s, line in log.lines:
        if match := _FOUND.search(line):
            record.note(time_s, float(match[1]) + p.offset, None)
        elif match := _BOUNDS.search(line):
            primal, dual = (float(text) for text in match.groups())
            record.note(time_s, primal + p.offset, dual + p.offset)
        elif match := _ROOT.match(line):
            record.note(time_s, None, _below(float(match[1])) + p.offset)
    return record


def _below(rounded: float) -> float:
    """What is not above a number that was printed with six digits."""
    return rounded - 5e-6 * abs(rounded)


def _solution(path: Path, p: Compiled) -> NDArray[np.float64]:
    """The columns of a file of -saveSolution, which has all digits; the text file has eight."""
    content = path.read_bytes()
    n_rows, n_columns = struct.unpack_from("ii", content)
    if n_columns != len(p.c):
        raise ValueError(f"{path.name} holds {n_columns} columns, not {len(p.c)}")
    return np.frombuffer(content, float, n_columns, 16 + 8 * 2 * n_rows)


def native(name: str, text: str) -> str:
    """A parameter of CBC by its name, tried on the program without a model."""
    for line in _executable.output("cbc", f"-{name}", text, "-quit").splitlines():
        if match := _REFUSED.match(line):
            raise BadInput(f"{name}={text} is no parameter of cbc ({match[0].strip(' <>;')})")
    return text


SOLVER = Solver(
    summary="CBC: mixed-integer programs, an executable (Eclipse Public License)",
    frameworks=frozenset({"pyomo"}),
    solve=solve,
    version=lambda: re.search(r"Version: (\S+)", _executable.output("cbc", "-quit"))[1],  # type: ignore[index]
    missing=lambda: _executable.missing("cbc", "coinor-cbc"),
    obeys=frozenset({*TABLE, "memory_limit_mb", "mip_start", "log_file"}),
    native=native,
)
