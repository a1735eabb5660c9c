"""A network over its data: formula, path parameters, and for one or two inputs a drawing."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from milpsparse.instance import Instance
from milpsparse.network import Network
from milpsparse.report.charts import Axis, Chart, Line, padded, polyline

WIDTH, HEIGHT = 400.0, 230.0
MOST_POINTS = 1500  # beyond it a drawing is a black stain
MOST_NEURONS, MOST_INPUTS = 16, 12  # of the table of path parameters
GRID = 64  # pixels a side of the map of two inputs
SHADES = 4  # of the cells of that table


@dataclass(frozen=True)
class Cell:
    """A path parameter: its digits, its exact value, a class for its shade ("" for zero)."""

    text: str
    exact: str
    style: str


@dataclass(frozen=True)
class Picture:
    """What the page shows of one network."""

    formula: str
    chart: Chart | None
    not_drawn: str  # why there is no chart
    inputs: list[str]  # the columns of the table: inputs that some neuron uses, and the bias
    neurons: list[tuple[str, list[Cell]]]  # sign or "skip", and the cells
    left_out: str  # what the table does not show


def picture(instance: Instance, network: Network) -> Picture:
    """Formula, drawing and table of a network."""
    chart, why = _chart(instance, network)
    inputs, neurons, left_out = _table(network)
    formula = network.formula(most=MOST_NEURONS)
    if len(network.signs) > MOST_NEURONS:
        formula += f" … and {len(network.signs) - MOST_NEURONS} more neurons"
    return Picture(formula, chart, why, inputs, neurons, left_out)


def _chart(instance: Instance, network: Network) -> tuple[Chart | None, str]:
    if instance.n_features > 2:
        return None, ""
    most = max(instance.n_samples, len(network.signs))
    if most > MOST_POINTS:
        return None, f"Not drawn: more than {MOST_POINTS:,} points or neurons."
    return (_curve if instance.n_features == 1 else _map)(instance, network), ""


def _curve(instance: Instance, network: Network) -> Chart:
    """One input: data, function and knots."""
    x = instance.X[:, 0]
    ends = padded(x, 0.1)
    knots = [t for t, _ in network.knots() if ends[0] < t < ends[1]]
    grid = np.unique([*ends, *knots])
    values = network(grid[:, None])
    axes = (
        Axis(*ends, WIDTH),
        Axis(*padded([*values, *instance.y], 0.06), HEIGHT, upwards=True),
    )
    marks = zip(knots, network(np.array(knots)[:, None]), strict=True) if knots else ()
    return Chart(
        title=f"The network over the data: {len(knots)} knots",
        x=axes[0],
        y=axes[1],
        x_label="x",
        y_label="f(x)",
        lines=[Line(polyline(axes, np.column_stack([grid, values])), "f", "f(x)")],
        points=[(axes[0](a), axes[1](b), "") for a, b in zip(x, instance.y, strict=True)],
        marks=[(axes[0](a), axes[1](b)) for a, b in marks],
    )


def _map(instance: Instance, network: Network) -> Chart:
    """Two inputs: data and values in colours, folds of the network as lines."""
    from matplotlib import colormaps
    from matplotlib.colors import Normalize, to_hex

    (low1, high1), (low2, high2) = (padded(column, 0.1) for column in instance.X.T)
    gx, gy = np.meshgrid(np.linspace(low1, high1, GRID), np.linspace(low2, high2, GRID))
    values = network(np.column_stack([gx.ravel(), gy.ravel()])).reshape(gx.shape)
    shade = Normalize(min(values.min(), instance.y.min()), max(values.max(), instance.y.max()))
    colors = colormaps["viridis"]
    axes = (Axis(low1, high1, WIDTH), Axis(low2, high2, HEIGHT * 1.3, upwards=True))
    return Chart(
        title="The network's values as a map, its folds as lines, the data as dots",
        x=axes[0],
        y=axes[1],
        x_label="x1",
        y_label="x2",
        lines=[Line(polyline(axes, fold), "fold", "fold") for fold in _folds(network, axes)],
        points=[
            (axes[0](a), axes[1](b), to_hex(colors(shade(label))))
            for (a, b), label in zip(instance.X, instance.y, strict=True)
        ],
        image=_png(colors(shade(values[::-1]))),
    )


def _folds(network: Network, axes: tuple[Axis, Axis]) -> list[Any]:
    """Where a neuron switches: the ends of w.x + b = 0 inside the axes, each of shape (2, 2)."""
    low, high = np.array([[a.low for a in axes], [a.high for a in axes]])
    found = []
    for w, b in zip(network.weights.astype(float), network.biases.astype(float), strict=True):
        ends = []
        for j in (0, 1):  # crossings with the sides on which input j is at its low or high end
            for side in (low[j], high[j]):
                if w[1 - j] != 0:
                    point = np.empty(2)
                    point[j], point[1 - j] = side, -(b + w[j] * side) / w[1 - j]
                    if low[1 - j] <= point[1 - j] <= high[1 - j]:
                        ends.append(point)
        if len(ends) >= 2:
            found.append(np.array([min(ends, key=tuple), max(ends, key=tuple)]))
    return found


def _png(pixels: Any) -> str:
    """An image, shape (rows, columns, 4), as a data URI."""
    from matplotlib.image import imsave

    file = io.BytesIO()
    imsave(file, pixels[:, :, :3], format="png", metadata={"Software": ""})
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def _table(network: Network) -> tuple[list[str], list[tuple[str, list[Cell]]], str]:
    """Path parameters, neurons down; inputs that nothing uses are left out."""
    shown = network.best
    d = shown.weights.shape[1]
    lines = [*shown.path[:MOST_NEURONS]]
    signs = ["+" if sign > 0 else "−" for sign in shown.signs[:MOST_NEURONS]]
    if shown.skip is not None:
        lines.append(np.append(shown.skip.weights, shown.skip.bias))
        signs.append("skip")
    used = [j for j in range(d) if any(line[j] != 0 for line in lines)]
    columns = [*used[:MOST_INPUTS], d]
    largest = max((abs(float(v)) for v in shown.path.ravel()), default=0.0) or 1.0
    cells = [[_cell(line[j], largest) for j in columns] for line in lines]
    names = ["x" if d == 1 else f"x{j + 1}" for j in columns[:-1]]
    return [*names, "bias"], list(zip(signs, cells, strict=True)), _left_out(network, d, used)


def _cell(value: Any, largest: float) -> Cell:
    if value == 0:
        return Cell("·", "", "")
    text = f"{float(value):.4g}".replace("-", "−")
    exact = str(value) if isinstance(value, Fraction) and len(str(value)) <= 60 else ""
    level = min(SHADES, 1 + int(SHADES * min(1.0, abs(float(value)) / largest)))
    return Cell(text, exact, f"{'n' if value < 0 else 'p'}{level}")


def _left_out(network: Network, d: int, used: list[int]) -> str:
    parts = []
    if d > len(used):
        parts.append(f"{d - len(used)} of {d} inputs, which no neuron uses")
    if len(used) > MOST_INPUTS:
        parts.append(f"{len(used) - MOST_INPUTS} inputs in use")
    if len(network.signs) > MOST_NEURONS:
        parts.append(f"{len(network.signs) - MOST_NEURONS} neurons")
    return f"Left out: {'; '.join(parts)}." if parts else ""
