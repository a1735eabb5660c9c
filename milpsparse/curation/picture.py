"""A picture of an instance as SVG text: the polyline of one input, or points coloured by label."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from milpsparse.instance import Instance

WIDTH, HEIGHT, MARGIN = 360, 220, 16
POINTS = 400  # at most so many are drawn, evenly picked
LOW, HIGH = (33, 102, 172), (178, 24, 43)  # blue to red, as of ColorBrewer's RdBu

Floats = NDArray[np.float64]


def picture(instance: Instance) -> str:
    """The points of an instance: (x, y) of one input, else the first two inputs."""
    rows = np.unique(np.linspace(0, instance.n_samples - 1, POINTS).astype(int))
    X, y = instance.X[rows], instance.y[rows]
    if instance.n_features == 1:
        order = np.argsort(X[:, 0], kind="stable")
        x, height, shade = _scaled(X[order, 0], WIDTH), _scaled(y[order], HEIGHT), 0 * y
        path = " ".join(f"{a:.1f},{HEIGHT - b:.1f}" for a, b in zip(x, height, strict=True))
        body = [f'<polyline points="{path}" fill="none" stroke="#bbbbbb"/>']
    else:
        x, height = _scaled(X[:, 0], WIDTH), _scaled(X[:, 1], HEIGHT)
        shade, body = _scaled(y, 1.0, 0.0), []
    return "\n".join(_framed([*body, *_dots(x, HEIGHT - height, shade)])) + "\n"


def _dots(x: Floats, y: Floats, shade: Floats) -> Iterator[str]:
    for a, b, s in zip(x.tolist(), y.tolist(), shade.tolist(), strict=True):
        colour = [round(low + s * (high - low)) for low, high in zip(LOW, HIGH, strict=True)]
        yield f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="rgb({_commas(colour)})"/>'


def _framed(body: Iterable[str]) -> Iterator[str]:
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}">'
    )
    yield f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white" stroke="#dddddd"/>'
    yield from body
    yield "</svg>"


def _commas(values: Iterable[int]) -> str:
    return ",".join(map(str, values))


def _scaled(values: Floats, size: float, margin: float = MARGIN) -> Floats:
    """From their range to [margin, size - margin]; the middle where all are equal."""
    low, high = float(values.min()), float(values.max())
    if low == high:
        return np.full(len(values), size / 2)
    return margin + (values - low) / (high - low) * (size - 2 * margin)
