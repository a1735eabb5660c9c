"""Value and lower bound of a run over time, by its own words, as a small chart."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from milpsparse.report.charts import Axis, padded, steps
from milpsparse.report.text import is_missing

WIDTH, HEIGHT = 190.0, 34.0
EARLIEST_S = 0.01


@dataclass(frozen=True)
class Frame:
    """The axes that the runs of one instance and objective share, and the best verified value."""

    x: Axis
    y: Axis
    best: float | None  # its pixel


@dataclass(frozen=True)
class Trajectory:
    """Paths of value and bound ("" where none was told) and a dot where the run ended."""

    primal: str
    dual: str
    value: tuple[float, float] | None
    bound: tuple[float, float] | None


def frame_of(rows: Sequence[Mapping[str, Any]], best: float) -> Frame:
    """Axes for all runs: time from EARLIEST_S to the limit, logarithmic; values linear."""
    values = [v for row in rows for _, *pair in _entries(row) for v in pair if v is not None]
    if not is_missing(best):
        values.append(best)
    limits = [float(row["time_limit_s"]) for row in rows if not is_missing(row["time_limit_s"])]
    y = Axis(*padded(values or [0.0, 1.0], 0.08), HEIGHT, upwards=True)
    x = Axis(EARLIEST_S, max([10 * EARLIEST_S, *limits]), WIDTH, log=True)
    return Frame(x, y, None if is_missing(best) else y(best))


def trajectory(row: Mapping[str, Any], frame: Frame) -> Trajectory:
    """The chart of one run."""
    entries = _entries(row)
    end = entries[-1][0]
    value = [(time_s, primal) for time_s, primal, _ in entries if primal is not None]
    bound = [(time_s, dual) for time_s, _, dual in entries if dual is not None]
    return Trajectory(
        _path(value, frame, end), _path(bound, frame, end), _dot(value, frame), _dot(bound, frame)
    )


def _path(known: Sequence[tuple[float, float]], frame: Frame, end: float) -> str:
    if not known or end <= known[0][0]:
        return ""
    times, values = zip(*known, strict=True)
    return steps((frame.x, frame.y), times, values, end)


def _dot(known: Sequence[tuple[float, float]], frame: Frame) -> tuple[float, float] | None:
    return (frame.x(known[-1][0]), frame.y(known[-1][1])) if known else None


def _entries(row: Mapping[str, Any]) -> list[tuple[float, float | None, float | None]]:
    """The trace, and at its end the value as checked and the bound as claimed."""
    trace = row["trace"] if isinstance(row["trace"], (list, tuple)) else []
    told = [(float(t), _finite(primal), _finite(dual)) for t, primal, dual in trace]
    end = _finite(row["wall_time_s"])
    if end is None:  # imported, and not told
        end = told[-1][0] if told else EARLIEST_S
    return [*told, (end, _finite(row["primal_bound"]), _finite(row["claimed_dual_bound"]))]


def _finite(value: Any) -> float | None:
    return None if is_missing(value) or not math.isfinite(value) else float(value)
