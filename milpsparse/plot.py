"""Drawing a network over its data, and what all figures share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from milpsparse.errors import BadInput, Unsupported
from milpsparse.instance import Instance
from milpsparse.network import Network
from milpsparse.theory import univariate
from milpsparse.theory.interpolant import Interpolant
from milpsparse.theory.points import points_of

COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#666666"]
FORMATS = (".svg", ".png", ".pdf")
MOST_POINTS = 5000


def pyplot() -> Any:
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


def save(figure: Any, path: str | Path) -> None:
    """Write a figure, its folder made where it is missing, and close it."""
    path = Path(path)
    try:
        refuse_file(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        metadata = {"Date": None} if path.suffix.lower() == ".svg" else None
        figure.savefig(path, bbox_inches="tight", metadata=metadata, dpi=150)
    except OSError as error:
        raise BadInput(f"cannot write {path}: {error.strerror}") from None
    finally:
        pyplot().close(figure)


def refuse(instance: Instance, path: str | Path) -> None:
    """Raise what `plot_network` would raise for this instance and file, without a network."""
    if instance.n_features > 2:
        raise Unsupported(
            f"plots need one or two inputs; {instance.name} has {instance.n_features}"
        )
    if instance.n_samples > MOST_POINTS:
        raise Unsupported(
            f"plots take up to {MOST_POINTS:,} points; {instance.name} has {instance.n_samples:,}"
        )
    refuse_file(path)


def refuse_file(path: str | Path) -> None:
    """Raise BadInput unless the name ends as a drawing's does."""
    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise BadInput(f"cannot draw to {path}: the file ends in {', '.join(FORMATS)}")


def plot_network(
    instance: Instance,
    network: Network,
    path: str | Path,
    title: str = "",
    witnesses: Sequence[int] = (),
) -> None:
    """Draw a network over its data: a curve with its knots (d = 1), or a map with folds (d = 2).

    Witnesses, rows of the points that the lower bound rests on, get a ring.

    Raises
    ------
    Unsupported
        More than two inputs.
    """
    refuse(instance, path)
    figure, axes = pyplot().subplots(figsize=(5, 3.2))
    (draw_curve if instance.n_features == 1 else draw_map)(axes, instance, network)
    if len(witnesses):
        rows = np.asarray(witnesses, dtype=int)
        at = (instance.X[rows, 0], instance.y[rows] if instance.n_features == 1 else
              instance.X[rows, 1])  # fmt: skip
        axes.plot(*at, "o", mfc="none", mec=COLORS[1], ms=9, mew=1.4, zorder=4)
    axes.set_title(title, fontsize=9)
    save(figure, path)


def plot_theory(instance: Instance, p: float, path: str | Path) -> None:
    """Draw what theory finds for one input with a skip connection, side by side, with knots: the
    sparsest function, the one of least lp cost, and of the many of least l1 cost that through the
    points as they are.
    """
    points = points_of(instance)
    paired = {
        "fewest neurons": univariate.fewest_pairs(points),
        f"least lp, p = {p:g}": univariate.least_cost(points, p).paired,
        "least l1": np.zeros(len(points), dtype=bool),
    }
    figure, axes = pyplot().subplots(1, 3, figsize=(10.2, 3.2), sharey=True)
    for at, (panel, (title, pairs)) in enumerate(zip(axes, paired.items(), strict=True)):
        network = Interpolant(points, pairs).network()
        draw_curve(panel, instance, network, COLORS[at])
        panel.set_title(f"{title}: {len(network.signs)} knots", fontsize=9)
        panel.set_ylabel("f(x)" if at == 0 else "")
    figure.suptitle(instance.name, fontsize=9)
    figure.tight_layout()
    save(figure, path)


def draw_curve(
    axes: Any,
    instance: Instance,
    network: Network,
    color: str = COLORS[0],
    label: str | None = None,
) -> None:
    """Data, function and knots (as ticks) of a one-input network."""
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


def draw_map(axes: Any, instance: Instance, network: Network) -> None:
    """Data, function and folds (white lines) of a two-input network."""
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
