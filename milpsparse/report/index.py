"""The index of the page: what all methods together know of each instance and objective."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from milpsparse.judge import PROVED
from milpsparse.objective import objective_of_row
from milpsparse.report import text
from milpsparse.report.results import Results, Row, records

COLUMNS = """
instance objective method family n_samples n_features bound verdict termination evidence dual_bound
wall_time_s
""".split()


@dataclass(frozen=True)
class Line:
    """An instance and objective: what all methods together know. Numbers sort, text is shown."""

    anchor: str
    row: Row  # of any method: name, family, sizes
    objective: str
    best: float
    best_text: str
    bound: float
    bound_text: str
    evidence: str
    status: str  # proved, claimed or open
    first: Row | None  # the fastest of the runs with that status
    runs: int
    taken: int
    optimal: int
    wrong: int


def anchor(name: str) -> str:
    """The fragment that leads to an instance's part, whatever characters its name has."""
    return "i-" + hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:10]


def index(results: Results) -> list[Line]:
    """All instances of the run, each with each objective."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in records(results.rows[COLUMNS]):
        groups.setdefault((row["objective"], row["instance"]), []).append(row)
    order = {objective: at for at, objective in enumerate(results.objectives)}
    keys = sorted(groups, key=lambda key: order[key[0]])
    return [_line(results, name, objective, groups[objective, name]) for objective, name in keys]


def _line(results: Results, name: str, objective: str, rows: Sequence[Row]) -> Line:
    known = results.bounds[name, objective]
    words = [text.status(row) for row in rows]
    state = next((word for word in ("proved", "claimed") if word in words), "open")
    ended = [row for row, word in zip(rows, words, strict=True) if word == state]
    goal = objective_of_row(objective)
    bound, evidence = _bound(known, rows)
    return Line(
        anchor=anchor(name),
        row=rows[0],
        objective=objective,
        best=known["best"],
        best_text=text.number(known["best"]),
        bound=bound,
        bound_text=text.bound(bound, goal),
        evidence=evidence,
        status=state,
        first=min(ended, key=_time, default=None),
        runs=len(rows),
        taken=sum(word != "refused" for word in words),
        optimal=sum(word in ("proved", "claimed") for word in words),
        wrong=sum(word in ("wrong", "failed") for word in words),
    )


def _time(row: Row) -> float:
    return math.inf if text.is_missing(row["wall_time_s"]) else float(row["wall_time_s"])


def _bound(known: Mapping[str, float], rows: Sequence[Row]) -> tuple[float, str]:
    """The best proved lower bound and its evidence; without one, the best claimed."""
    if text.is_missing(known["proved"]):
        return known["claimed"], "" if text.is_missing(known["claimed"]) else "claimed"
    names = [
        row["evidence"]
        for row in rows
        if row["dual_bound"] == known["proved"] and row["evidence"] in PROVED
    ]
    return known["proved"], min(names, key=PROVED.index, default="")
