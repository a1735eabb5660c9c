"""The anytime record: best value and lower bound of a solve over time, in one form for all solvers.

A trace is a sequence of entries (seconds since the method began, primal bound or None, dual bound
or None), one where a bound improves. Like all that a method says, it is a claim.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import NoneType
from typing import Any, TypeGuard

Entry = tuple[float, float | None, float | None]
Trace = Sequence[Entry]

EQUAL = 1e-9  # values that differ by less, relative to max(1, |value|), are one
STEP = 1e-3  # lower bounds better by less, relative to max(1, |bound|), are not written down


class Recorder:
    """Collects a trace of a minimised problem; numbers of `infinity` and more say nothing."""

    def __init__(self, infinity: float = 1e20) -> None:
        self.infinity = infinity
        self.primal: float | None = None
        self.dual: float | None = None
        self.entries: list[Entry] = []

    def note(self, time_s: float, primal: float | None, dual: float | None) -> None:
        """Bounds at one time; an entry where the value, or the lower bound by STEP, is better."""
        found = self._known(primal) and self._is_better(primal)
        if found:
            self.primal = primal
        if self._known(dual) and (self.dual is None or dual > self.dual):
            self.dual = dual
        if found or self._risen():
            self._write(time_s)

    def closed(self, time_s: float, primal: float | None, dual: float | None) -> Trace:
        """The whole trace, with the bounds at the end."""
        self.note(time_s, primal, dual)
        if self.entries and self.entries[-1][1:] != (self.primal, self.dual):
            self._write(time_s)
        return tuple(self.entries)

    def _is_better(self, primal: float) -> bool:
        """Whether a value is less than the best one, by more than rounding."""
        return self.primal is None or primal < self.primal - EQUAL * max(1.0, abs(primal))

    def _risen(self) -> bool:
        """Whether the lower bound is better by a step than the one last written down."""
        written = self.entries[-1][2] if self.entries else None
        if self.dual is None or written is None:
            return self.dual is not written
        return self.dual > written + STEP * max(1.0, abs(written))

    def _known(self, value: float | None) -> TypeGuard[float]:
        return value is not None and math.isfinite(value) and abs(value) < self.infinity

    def _write(self, time_s: float) -> None:
        self.entries.append((round(time_s, 4), self.primal, self.dual))


def trace_of(data: Any) -> Trace:
    """A trace from JSON.

    Raises
    ------
    TypeError, ValueError
        The data are none, or their times go back.
    """
    numbers = (int, float, NoneType)
    entries: list[Entry] = [(time_s, primal, dual) for time_s, primal, dual in data]
    times = [time_s for time_s, _, _ in entries]
    if not all(isinstance(value, numbers) for entry in entries for value in entry) or None in times:
        raise TypeError("a trace holds numbers")
    if times != sorted(times):
        raise ValueError("the times of a trace go back")
    return tuple(entries)
