"""The figures of a results folder, all from stored rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from milpsparse import library
from milpsparse.analysis.outcomes import best_bounds
from milpsparse.analysis.rows import read_rows
from milpsparse.analysis.step_plots import plot_distributions, plot_profiles
from milpsparse.analysis.table import of_testset
from milpsparse.errors import BadInput
from milpsparse.harness import store
from milpsparse.network import Network, from_json
from milpsparse.plot import COLORS, draw_curve, pyplot, save

if TYPE_CHECKING:
    import pandas as pd

MOST_DOTS = 5000  # of a panel; more are one picture, not so many shapes


def write_figures(folder: Path, rows: pd.DataFrame | None = None) -> list[Path]:
    """Write the figures of a results folder below figures/; their paths.

    profile.svg: performance profiles; ecdf.svg: shares solved over time; gaps.svg: counts above
    the best lower bound; peak_plateau.svg: the functions found on it. `rows` are those of the
    folder, where they have been read before.
    """
    rows = of_testset(read_rows(folder) if rows is None else rows, folder)
    paths = [folder / "figures" / "profile.svg", folder / "figures" / "ecdf.svg"]
    plot_profiles(rows, paths[0])
    plot_distributions(rows, paths[1])
    if rows["objective"].isin(["neurons", "parameters"]).any():
        paths.append(folder / "figures" / "gaps.svg")
        plot_gaps(rows, paths[-1])
    peak = (rows["instance"] == "peak_plateau") & (rows["objective"] == "neurons")
    if (peak & rows["n_neurons"].notna()).any():
        paths.append(folder / "figures" / "peak_plateau.svg")
        plot_functions(folder, "peak_plateau", "neurons", paths[-1])
    return paths


def plot_functions(folder: Path, name: str, objective: str, path: Path) -> None:
    """The functions that methods found on a one-input instance, one panel a function."""
    instance = library.load(name)
    found: dict[Any, tuple[Network, dict[str, Any], list[str]]] = {}
    for row in sorted(store.latest(folder).values(), key=lambda row: str(row["method"])):
        if row["instance"] == name and row["objective"] == objective and row.get("network"):
            network = from_json(row["network"], instance.n_features)
            knots = tuple(np.round(network.knots(), 6).ravel().tolist())
            found.setdefault(knots, (network, row, []))[2].append(row["method"])
    if not found:
        raise BadInput(f"{folder} has no network for {name}, {objective}")
    figure, axes = pyplot().subplots(
        1, len(found), figsize=(3.4 * len(found), 3.4), sharey=True, squeeze=False
    )
    panels = sorted(found.values(), key=lambda f: f[1]["n_neurons"])
    for at, (network, row, methods) in enumerate(panels):
        draw_curve(axes[0, at], instance, network, COLORS[at % len(COLORS)])
        certain = row["termination"] == "optimal" and row["evidence"] != "claimed"
        proved = ", proved fewest" if certain else ""
        names = "\n".join(methods)
        axes[0, at].set_title(f"{row['n_neurons']} neurons{proved}\n{names}", fontsize=8)
        axes[0, at].set_ylabel("f(x)" if at == 0 else "")
    figure.tight_layout()
    save(figure, path)


def plot_gaps(rows: pd.DataFrame, path: Path) -> None:
    """Excess of every method's verified count over the best lower bound of all methods.

    The number beside a line says on how many instances the method reaches that bound.
    """
    counts = [o for o in ("neurons", "parameters") if (rows["objective"] == o).any()]
    figure, axes = pyplot().subplots(
        1, len(counts), figsize=(5.2 * len(counts), 3.6), squeeze=False
    )
    for panel, objective in zip(axes.flat, counts, strict=True):
        _gap_panel(panel, rows[rows["objective"] == objective])
        panel.set_xlabel(f"{objective} above the best lower bound")
    figure.tight_layout()
    save(figure, path)


def _gap_panel(panel: Any, rows: pd.DataFrame) -> None:
    """One line of dots a method."""
    bounds = best_bounds(rows).droplevel("objective")
    lower = np.ceil(bounds["proved"].combine(bounds["claimed"], np.fmax) - 1e-6)
    methods = sorted(rows["method"].unique(), reverse=True)
    right = panel.get_yaxis_transform()
    for at, method in enumerate(methods):
        runs = rows[rows["method"] == method]
        excess = (runs["primal_bound"] - lower.reindex(runs["instance"]).to_numpy()).dropna()
        spread = np.linspace(-0.25, 0.25, max(2, len(excess)))[: len(excess)]
        look = {"color": COLORS[at % len(COLORS)], "rasterized": len(rows) > MOST_DOTS}
        panel.plot(excess, at + spread, ".", ms=5, **look)
        reached = f"{int((excess <= 0).sum())} of {len(runs)}"
        panel.text(1.01, at, reached, transform=right, va="center", fontsize=8)
    panel.set_yticks(range(len(methods)), methods)
    panel.set_xscale("symlog", linthresh=1)
    ticks = [t for t in (0, 1, 2, 5, 10, 20, 50, 100) if t <= max(panel.get_xlim()[1], 1)]
    panel.set_xticks(ticks, [str(t) for t in ticks])
    panel.set_xlim(left=-0.2)
    panel.grid(axis="x", lw=0.3)
