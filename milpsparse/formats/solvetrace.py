"""Bounds over time as GAMS and PAVER have them (.solvetrace), one file a run.

* solvetrace file a.solvetrace: ID = highs Instance = a
* fields are lineNum, seriesID, node, seconds, bestFound, bestBound
1, S, 0, 0.05, na, 1        series: S the start, T a time, N a node, E the end
...
* solvetrace file closed
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from milpsparse.anytime import Entry, Trace
from milpsparse.errors import BadInput

INFINITY = 1e20
_TITLE = re.compile(r"\*.*\bID = (?P<solver>.*?) Instance = (?P<instance>\S+)")


@dataclass(frozen=True, kw_only=True)
class Trajectory:
    """A solver's bounds on an instance: trace entries as in `milpsparse.anytime`, and the end."""

    solver: str
    instance: str
    trace: Trace
    end_s: float


def to_solvetrace(run: Trajectory, file: str) -> str:
    """The text of a file of this name. Nodes are not recorded: they are 0."""
    lines = [
        f"* solvetrace file {file}: ID = {_word(run.solver)} Instance = {_word(run.instance)}",
        "* fields are lineNum, seriesID, node, seconds, bestFound, bestBound",
    ]
    last = run.trace[-1][1:] if run.trace else (None, None)
    entries = [*run.trace, (max([run.end_s, *(t for t, _, _ in run.trace[-1:])]), *last)]
    series = ["S", *"T" * (len(entries) - 2), "E"][-len(entries) :]
    for number, (letter, (time_s, *bounds)) in enumerate(zip(series, entries, strict=True), 1):
        cells = [str(number), letter, "0", repr(float(time_s)), *map(_number, bounds)]
        lines.append(", ".join(cells))
    return "\n".join([*lines, "* solvetrace file closed"]) + "\n"


def read_solvetrace(text: str) -> Trajectory:
    """What a file tells; lines that repeat the bounds of the one before are left out.

    Raises
    ------
    BadInput
        No title with ID and Instance, a line without six fields, or times that go back.
    """
    title = next(filter(None, map(_TITLE.match, text.splitlines())), None)
    if title is None:
        raise BadInput("solvetrace: no line '* ... ID = <solver> Instance = <instance>'")
    entries: list[Entry] = []
    end_s = 0.0
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("*"):
            continue
        time_s, primal, dual = _fields(line, number)
        if time_s is None or time_s < end_s:
            raise BadInput(f"solvetrace, line {number}: its time goes back, or is none: {line!r}")
        end_s = time_s
        known = entries[-1][1:] if entries else (None, None)
        if (primal, dual) != known:
            entries.append((time_s, primal, dual))
    return Trajectory(
        solver=title["solver"].strip(),
        instance=title["instance"],
        trace=tuple(entries),
        end_s=end_s,
    )


def _fields(line: str, number: int) -> tuple[float | None, float | None, float | None]:
    """Seconds, best value and best bound of a line."""
    cells = [cell.strip() for cell in line.split(",")]
    try:
        if len(cells) != 6:
            raise ValueError
        time_s, primal, dual = map(_value, cells[3:])
        return time_s, primal, dual
    except ValueError:
        raise BadInput(
            f"solvetrace, line {number}: not lineNum, seriesID, node, seconds, bestFound, "
            f"bestBound: {line[:60]!r}"
        ) from None


def _value(cell: str) -> float | None:
    """A number; none where it is na, or too large to be one."""
    value = float("nan") if cell.lower() in ("na", "") else float(cell)
    return value if abs(value) < INFINITY else None


def _number(value: float | None) -> str:
    return "na" if value is None else repr(float(value))


def _word(text: str) -> str:
    return "_".join(text.split())
