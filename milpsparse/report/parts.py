"""One part of the page an instance: its data, its networks, every run."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from milpsparse.errors import MilpsparseError
from milpsparse.harness.run import instance_of
from milpsparse.instance import Instance
from milpsparse.network import from_json
from milpsparse.objective import Objective, objective_of_row
from milpsparse.report import text
from milpsparse.report.index import Line, anchor
from milpsparse.report.networks import Picture, picture
from milpsparse.report.results import Results, Row, records
from milpsparse.report.trajectory import Frame, Trajectory, frame_of, trajectory

MOST_ROWS_OF_DATA, MOST_COLUMNS_OF_DATA = 30, 8


@dataclass(frozen=True)
class Run:
    """A row in words: verified and claimed apart."""

    row: Row
    name: str
    status: str
    value: str
    bound: str
    evidence: str
    claimed_value: str
    claimed_bound: str
    trajectory: Trajectory


@dataclass(frozen=True)
class Goal:
    """An objective on one instance."""

    line: Line
    frame: Frame
    runs: Sequence[Run]
    refused: Sequence[tuple[str, str]]
    picture: Picture | None
    by: Row | None  # whose network is drawn
    why_not: str


@dataclass(frozen=True)
class Part:
    """All about one instance."""

    anchor: str
    row: Row
    instance: Instance | None
    missing: str  # why there is no instance
    goals: Sequence[Goal]
    data: Sequence[Sequence[str]]
    tags: str
    known: str
    provenance: str

    @property
    def wrong(self) -> int:
        """How many claims on it did not hold."""
        return sum(goal.line.wrong for goal in self.goals)


def parts(results: Results, lines: Sequence[Line], most_rows: int) -> list[Part]:
    """Parts of as many instances as have `most_rows` rows together, wrong claims first."""
    names: dict[str, list[Line]] = {}
    for line in lines:
        names.setdefault(line.row["instance"], []).append(line)
    chosen: set[str] = set()
    left = most_rows
    for name in sorted(names, key=lambda name: not any(line.wrong for line in names[name])):
        size = sum(line.runs for line in names[name])
        if size <= left or not chosen:
            chosen.add(name)
            left -= size
    rows: dict[tuple[str, str], list[Row]] = {}
    for row in records(results.rows[results.rows["instance"].isin(chosen)]):
        rows.setdefault((row["instance"], row["objective"]), []).append(row)
    return [_part(results, names[name], rows) for name in names if name in chosen]


def _part(results: Results, lines: Sequence[Line], groups: Mapping[Any, Sequence[Row]]) -> Part:
    name = lines[0].row["instance"]
    row = groups[name, lines[0].objective][0]
    instance, missing = None, ""
    try:
        instance = instance_of(dict(row), results.folder)
    except MilpsparseError as error:
        missing = f"The data are not shown: {error}."
    return Part(
        anchor=anchor(name),
        row=row,
        instance=instance,
        missing=missing,
        goals=[_goal(results, line, groups[name, line.objective], instance) for line in lines],
        data=_data(instance) if instance else (),
        tags=_tags(instance.extra) if instance else "",
        known=text.listed(map(_known, instance.known)) if instance else "",
        provenance=json.dumps(dict(instance.provenance), default=str) if instance else "",
    )


def _tags(extra: Mapping[str, Any]) -> str:
    """What the library says of an instance: tags, and how hard it is."""
    tags, status = extra.get("tags"), extra.get("status")
    words = [str(tag) for tag in tags] if isinstance(tags, list) else []
    if isinstance(status, dict):
        words += [f"{objective} {state}" for objective, state in status.items()]
    return text.listed(words)


def _known(fact: Mapping[str, Any]) -> str:
    """What the instance's file knows of one objective."""
    value = f" {text.number(fact['value'])}" if fact.get("value") is not None else ""
    evidence = f" ({fact['evidence']})" if fact.get("evidence") else ""
    return f"{fact['objective']} {fact['status']}{value}{evidence}"


def _goal(results: Results, line: Line, rows: Sequence[Row], instance: Instance | None) -> Goal:
    taken = [row for row in rows if row["termination"] != "not_available"]
    objective = objective_of_row(line.objective)
    frame = frame_of(taken or rows, line.best)
    drawn, by, why_not = _picture(results, line, rows, instance)
    return Goal(
        line=line,
        frame=frame,
        runs=[_run(row, objective, frame) for row in sorted(taken, key=_rank)],
        refused=[
            (row["method"], row["raw_status"] or row["fail_reason"] or "")
            for row in rows
            if row["termination"] == "not_available"
        ],
        picture=drawn,
        by=by,
        why_not=why_not,
    )


def _rank(row: Row) -> tuple[int, float, float]:
    """Proved first, then by value, then by time."""
    word = text.status(row)
    order = {"proved": 0, "claimed": 1, "wrong": 3, "failed": 3}
    value, time_s = (
        math.inf if text.is_missing(row[name]) else row[name]
        for name in ("primal_bound", "wall_time_s")
    )
    return order.get(word, 2), value, time_s


def _run(row: Row, objective: Objective, frame: Frame) -> Run:
    axes = [f"{axis} {row[axis]}" for axis in ("seed", "perm") if row[axis] not in (0, None)]
    about = "" if row["exact"] is True or text.is_missing(row["primal_bound"]) else "≈"
    return Run(
        row=row,
        name=", ".join([row["method"], *axes]),
        status=text.status(row),
        value=about + text.number(row["primal_bound"]),
        bound=text.bound(row["dual_bound"], objective),
        evidence="" if text.is_missing(row["dual_bound"]) else row["evidence"] or "",
        claimed_value=text.number(row["claimed_primal_bound"]),
        claimed_bound=text.bound(row["claimed_dual_bound"], objective),
        trajectory=trajectory(row, frame),
    )


def _picture(
    results: Results, line: Line, rows: Sequence[Row], instance: Instance | None
) -> tuple[Picture | None, Row | None, str]:
    key = results.best.get((line.row["instance"], line.objective))
    network = results.networks.get(key or "")
    if not network:
        return None, None, "No method has a verified network."
    by = next(row for row in rows if row["task_key"] == key)
    if instance is None:
        return None, by, "Not drawn without the data."
    try:
        return picture(instance, from_json(network, instance.n_features)), by, ""
    except (ValueError, KeyError, TypeError) as error:
        return None, by, f"The stored network cannot be read: {error}."


def _data(instance: Instance) -> list[list[str]]:
    """The first points as text, the labels last."""
    columns = min(instance.n_features, MOST_COLUMNS_OF_DATA)
    skipped = ["…"] if columns < instance.n_features else []
    names = ["x"] if instance.n_features == 1 else [f"x{j + 1}" for j in range(columns)]
    lines = [["", *names, *skipped, "y"]]
    for i in range(min(instance.n_samples, MOST_ROWS_OF_DATA)):
        cells = [str(v) for v in instance.X[i, :columns].tolist()]
        lines.append([str(i + 1), *cells, *skipped, str(float(instance.y[i]))])
    return lines
