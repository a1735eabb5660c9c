"""Charts as data: what the templates draw as SVG, in pixels; colours are the style sheet's.

A few hundred bytes a chart, and light or dark as the page is; matplotlib, whose charts take
twenty kilobytes each, finds the ticks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np


class Tick(NamedTuple):
    """A place on an axis, in pixels, and its label."""

    at: float
    label: str


@dataclass(frozen=True)
class Axis:
    """The interval [low, high] on `length` pixels; upwards where the pixels run down."""

    low: float
    high: float
    length: float
    log: bool = False
    upwards: bool = False

    def __call__(self, value: float) -> float:
        """The pixel of a value; those beyond the ends are at the ends."""
        low, high, value = map(self._scale, (self.low, self.high, value))
        share = 0.0 if high <= low else min(1.0, max(0.0, (value - low) / (high - low)))
        return round(self.length * (1 - share if self.upwards else share), 1)

    def _scale(self, value: float) -> float:
        return math.log10(max(value, 1e-300)) if self.log else value

    def ticks(self, most: int = 6) -> list[Tick]:
        """Round values: powers of 2 or 10 on a logarithmic axis, else multiples of 1, 2, 5."""
        values = _powers(self.low, self.high, most) if self.log else self._multiples(most)
        return [Tick(self(value), _label(value)) for value in values]

    def _multiples(self, most: int) -> list[float]:
        from matplotlib.ticker import MaxNLocator

        found = MaxNLocator(most, steps=[1, 2, 5, 10]).tick_values(self.low, self.high)
        slack = 1e-9 * (self.high - self.low)
        return [float(v) for v in found if self.low - slack <= v <= self.high + slack]


def _powers(low: float, high: float, most: int) -> list[float]:
    """Powers of 2 where these are few, else every power of 10, or every second, third, ..."""
    base = 2.0 if high / low <= 2.0 ** (most - 1) else 10.0
    first = math.ceil(math.log(low) / math.log(base) - 1e-9)
    last = math.floor(math.log(high) / math.log(base) + 1e-9)
    stride = 1 + (last - first) // most
    return [base**k for k in range(first, last + 1, stride)]


def _label(value: float) -> str:
    if abs(value) >= 1e5:
        return f"10^{math.log10(abs(value)):.0f}" if value > 0 else f"{value:.0e}"
    return f"{value:.6g}".replace("-", "−")


def steps(axes: tuple[Axis, Axis], xs: Sequence[float], ys: Sequence[float], end: float) -> str:
    """The path of a right-continuous step function: y_i holds from x_i on, the last until `end`."""
    x, y = axes
    path = f"M{x(xs[0]):g} {y(ys[0]):g}"
    at = (x(xs[0]), y(ys[0]))
    for value, height in zip(xs[1:], ys[1:], strict=True):
        if y(height) != at[1]:
            path += f"H{x(value):g}V{y(height):g}"
            at = (x(value), y(height))
    return path + f"H{x(end):g}"


def polyline(axes: tuple[Axis, Axis], points: Any) -> str:
    """The path through points, shape (n, 2)."""
    x, y = axes
    return "M" + "L".join(f"{x(a):g} {y(b):g}" for a, b in points)


@dataclass(frozen=True)
class Line:
    """A path with its class (c0, c1, ... are the colours of methods) and its name."""

    path: str
    style: str
    name: str


@dataclass(frozen=True)
class Chart:
    """Axes with ticks, lines, and points as (x, y, colour or "") in pixels."""

    title: str
    x: Axis
    y: Axis
    x_label: str
    y_label: str
    lines: Sequence[Line] = ()
    points: Sequence[tuple[float, float, str]] = ()
    image: str = ""  # a data URI that fills the axes
    marks: Sequence[tuple[float, float]] = field(default=())  # of knots

    @property
    def x_ticks(self) -> list[Tick]:
        """Ticks of the horizontal axis."""
        return self.x.ticks(max(3, int(self.x.length // 60)))

    @property
    def y_ticks(self) -> list[Tick]:
        """Ticks of the vertical axis."""
        return self.y.ticks(max(3, int(self.y.length // 36)))


def padded(values: Any, share: float) -> tuple[float, float]:
    """Least and largest value, moved apart by a share of their distance."""
    low, high = float(np.min(values)), float(np.max(values))
    pad = share * ((high - low) or abs(high) or 1.0)
    return low - pad, high + pad
