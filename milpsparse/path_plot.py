"""Drawing least lp costs over p: of one input by minimiser, else by kind of vertex; and p*."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from milpsparse.extreme.pstar import VertexThreshold
from milpsparse.instance import Instance
from milpsparse.plot import COLORS, pyplot, save
from milpsparse.theory.threshold import Piece, Threshold

MOST_LINES = 40  # pieces that are drawn


def plot_path(
    instance: Instance, found: Threshold, pieces: Sequence[Piece], path: str | Path
) -> None:
    """The cost of every piece's minimiser over p, thick where it is least; p* as a line."""
    figure, axes = pyplot().subplots(figsize=(5.4, 3.6))
    grid = np.linspace(0.0, 1.0, 201)
    for at, piece in enumerate(pieces[:MOST_LINES]):
        color = COLORS[at % len(COLORS)]
        axes.plot(grid, _costs(piece.jumps, grid), color=color, lw=0.7, alpha=0.6)
        inside = np.linspace(float(piece.low), float(piece.high), 101)
        knots = f"{piece.knots} knot" + ("s" if piece.knots != 1 else "")
        label = f"{float(piece.low):.4g} < p < {float(piece.high):.4g}: {knots}"
        axes.plot(inside, _costs(piece.jumps, inside), color=color, lw=2.2, label=label)
    _mark(axes, found)
    axes.set(xlabel="p", ylabel="sum |jump|^p", xlim=(0, 1))
    axes.set_title(instance.name, fontsize=9, pad=16)
    axes.legend(fontsize=7, frameon=False)
    save(figure, path)


def plot_least(instance: Instance, found: VertexThreshold, path: str | Path) -> None:
    """Over p, the least cost of vertices that are sparsest and of others, relative to the least."""
    figure, axes = pyplot().subplots(figsize=(5.4, 3.6))
    grid = np.linspace(0.0, 1.0, 401)
    kinds = {f"{found.fewest} {found.objective}": found.sparsest, "more": found.others}
    costs = {
        name: np.min([_costs(sizes, grid) for sizes in rows], axis=0)
        for name, rows in kinds.items()
        if rows
    }
    least = np.min(list(costs.values()), axis=0)
    for color, (name, values) in zip(COLORS, costs.items(), strict=False):
        axes.plot(grid, values / least, color=color, lw=1.8, label=name)
    _mark(axes, found)
    cost = "sum |u_kj|^p" if found.objective == "parameters" else "sum (sum |u_kj|)^p"
    axes.set(xlabel="p", ylabel=f"{cost}, relative to the least", xlim=(0, 1))
    axes.set_title(instance.name, fontsize=9, pad=16)
    axes.legend(fontsize=7, frameon=False)
    save(figure, path)


def _mark(axes: Any, found: Threshold) -> None:
    """A line at p*."""
    axes.axvline(found.value, color="black", lw=0.8, ls=":")
    axes.text(found.value, 1.01, f"p* = {found.value:.6g}", transform=axes.get_xaxis_transform(),
              ha="center", fontsize=8)  # fmt: skip


def _costs(sizes: Sequence[Fraction], exponents: NDArray[np.float64]) -> NDArray[np.float64]:
    values = np.array([float(size) for size in sizes])
    return np.asarray((values[None, :] ** exponents[:, None]).sum(axis=1))
