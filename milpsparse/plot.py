"""Figures: networks over their data, and what methods reach, from stored rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from milpsparse import library, store
from milpsparse.errors import BadInput, Unsupported
from milpsparse.instance import Instance
from milpsparse.metrics import best_bounds
from milpsparse.network import Network, from_json
from milpsparse.rows import read_rows
from milpsparse.table import of_testset

if TYPE_CHECKING:
    import pandas as pd

COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#666666"]
FORMATS = (".svg", ".png", ".pdf")


def _pyplot() -> Any:
    """Matplotlib without a screen, with figures that are the same for the same data."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    mpl.rcParams.update(
        {
            "svg.hashsalt": "milpsparse",
            "svg.fonttype": "none",
            "font.size": 9,
            "axes.spines.top": False,
            "axes.spines.right": False,
        }
    )
    return plt


def _save(figure: Any, path: str | Path) -> None:
    path = Path(path)
    try:
        _refuse_format(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        metadata = {"Date": None} if path.suffix.lower() == ".svg" else None
        figure.savefig(path, bbox_inches="tight", metadata=metadata, dpi=150)
    except OSError as error:
        raise BadInput(f"cannot write {path}: {error.strerror}") from None
    finally:
        _pyplot().close(figure)


def refuse(instance: Instance, path: str | Path) -> None:
    """Raise what `plot_network` would raise for this instance and file, without a network."""
    if instance.n_features > 2:
        raise Unsupported(
            f"plots need one or two inputs; {instance.name} has {instance.n_features}"
        )
    _refuse_format(Path(path))


def _refuse_format(path: Path) -> None:
    if path.suffix.lower() not in FORMATS:
        raise BadInput(f"cannot draw to {path}: the file ends in {', '.join(FORMATS)}")


def plot_network(instance: Instance, network: Network, path: str | Path, title: str = "") -> None:
    """Draw a network over its data: a curve with its knots (d = 1), or a map with folds (d = 2).

    Raises
    ------
    Unsupported
        More than two inputs.
    """
    refuse(instance, path)
    figure, axes = _pyplot().subplots(figsize=(5, 3.2))
    (_curve if instance.n_features == 1 else _map)(axes, instance, network)
    axes.set_title(title, fontsize=9)
    _save(figure, path)


def _curve(
    axes: Any,
    instance: Instance,
    network: Network,
    color: str = COLORS[0],
    label: str | None = None,
) -> None:
    x = instance.X[:, 0]
    pad = 0.15 * (x.max() - x.min() or 1.0)
    knots = [t for t, _ in network.knots()]
    grid = np.unique([x.min() - pad, x.max() + pad, *knots, *x])
    grid = grid[(grid >= x.min() - pad) & (grid <= x.max() + pad)]
    axes.plot(grid, network(grid[:, None]), color=color, label=label, lw=1.6)
    inside = np.array([t for t in knots if grid[0] <= t <= grid[-1]])
    if len(inside):
        axes.plot(inside, network(inside[:, None]), "|", color=color, ms=9, mew=1.6)
    axes.plot(x, instance.y, "o", color="black", ms=4, zorder=3)
    axes.set(xlabel="x", ylabel="f(x)")


def _map(axes: Any, instance: Instance, network: Network) -> None:
    (x0, y0), (x1, y1) = instance.X.min(axis=0), instance.X.max(axis=0)
    px, py = 0.1 * (x1 - x0 or 1.0), 0.1 * (y1 - y0 or 1.0)
    gx, gy = np.meshgrid(np.linspace(x0 - px, x1 + px, 121), np.linspace(y0 - py, y1 + py, 121))
    values = network(np.column_stack([gx.ravel(), gy.ravel()])).reshape(gx.shape)
    low, high = values.min(), values.max()
    shades = axes.pcolormesh(gx, gy, values, cmap="viridis", vmin=low, vmax=high, rasterized=True)
    axes.figure.colorbar(shades, label="f(x)")
    for w, b in zip(network.weights, network.biases, strict=True):
        if np.any(w != 0):
            fold = (gx * float(w[0]) + gy * float(w[1])) + float(b)
            axes.contour(gx, gy, fold, levels=[0.0], colors="white", linewidths=0.8)
    axes.scatter(*instance.X.T, c=instance.y, vmin=low, vmax=high, edgecolors="black", s=28)
    axes.set(xlabel="x1", ylabel="x2")


def write_figures(folder: Path) -> list[Path]:
    """Write the figures of a results folder below figures/; their paths."""
    rows = of_testset(read_rows(folder), folder)
    paths = []
    if rows["objective"].isin(["neurons", "parameters"]).any():
        paths.append(folder / "figures" / "gaps.svg")
        plot_gaps(rows, paths[-1])
    if (rows["instance"] == "peak_plateau").any():
        paths.append(folder / "figures" / "peak_plateau.svg")
        plot_functions(folder, "peak_plateau", "neurons", paths[-1])
    return paths


def plot_functions(folder: Path, name: str, objective: str, path: Path) -> None:
    """The function that each method found on a one-input instance, in a grid of small panels."""
    instance = library.load(name)
    found = {}
    for row in store.latest(folder).values():
        if row["instance"] == name and row["objective"] == objective and row.get("network"):
            found[row["method"]] = (from_json(row["network"], instance.n_features), row)
    if not found:
        raise BadInput(f"{folder} has no network for {name}, {objective}")
    columns = min(3, len(found))
    lines = -(-len(found) // columns)
    figure, axes = _pyplot().subplots(
        lines,
        columns,
        figsize=(2.6 * columns, 2.1 * lines),
        sharex=True,
        sharey=True,
        squeeze=False,
    )
    for at, (method, (network, row)) in enumerate(sorted(found.items())):
        panel = axes.flat[at]
        _curve(panel, instance, network, COLORS[at % len(COLORS)])
        certain = row["termination"] == "optimal" and row["evidence"] != "claimed"
        proved = ", proved" if certain else ""
        panel.set_title(f"{method}\n{row['n_neurons']} neurons{proved}", fontsize=8)
    for panel in list(axes.flat)[len(found) :]:
        panel.set_visible(False)
    figure.tight_layout()
    _save(figure, path)


def plot_gaps(rows: pd.DataFrame, path: Path) -> None:
    """Excess of every method's verified count over the best lower bound of all methods."""
    counts = [o for o in ("neurons", "parameters") if (rows["objective"] == o).any()]
    bounds = best_bounds(rows)
    figure, axes = _pyplot().subplots(
        1, len(counts), figsize=(4.6 * len(counts), 3.6), squeeze=False
    )
    for panel, objective in zip(axes.flat, counts, strict=False):
        part = rows[(rows["objective"] == objective) & rows["primal_bound"].notna()]
        of = bounds.xs(objective, level="objective")
        lower = of["proved"].combine(of["claimed"], np.fmax)
        methods = sorted(part["method"].unique(), reverse=True)
        for at, method in enumerate(methods):
            runs = part[part["method"] == method]
            excess = (
                runs["primal_bound"] - np.ceil(lower.reindex(runs["instance"]) - 1e-6).to_numpy()
            )
            spread = np.linspace(-0.25, 0.25, len(runs)) if len(runs) > 1 else np.zeros(len(runs))
            panel.plot(excess, at + spread, ".", color=COLORS[at % len(COLORS)], ms=5)
        panel.set_yticks(range(len(methods)), methods)
        panel.set_xlabel(f"{objective} above the best lower bound")
        panel.set_xscale("symlog", linthresh=1)
        panel.set_xlim(left=-0.2)
        panel.grid(axis="x", lw=0.3)
    figure.tight_layout()
    _save(figure, path)
