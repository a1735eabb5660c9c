"""Drawing the lp path of one-input data: least cost over p, and the minimisers that attain it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

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
        axes.plot(grid, _costs(piece, grid), color=color, lw=0.7, alpha=0.6)
        inside = np.linspace(float(piece.low), float(piece.high), 101)
        knots = f"{piece.knots} knot" + ("s" if piece.knots != 1 else "")
        label = f"{float(piece.low):.4g} < p < {float(piece.high):.4g}: {knots}"
        axes.plot(inside, _costs(piece, inside), color=color, lw=2.2, label=label)
    axes.axvline(found.value, color="black", lw=0.8, ls=":")
    axes.text(found.value, 1.01, f"p* = {found.value:.6g}", transform=axes.get_xaxis_transform(),
              ha="center", fontsize=8)  # fmt: skip
    axes.set(xlabel="p", ylabel="sum |jump|^p", xlim=(0, 1))
    axes.set_title(instance.name, fontsize=9, pad=16)
    axes.legend(fontsize=7, frameon=False)
    save(figure, path)


def _costs(piece: Piece, exponents: np.ndarray) -> np.ndarray:
    jumps = np.array([float(jump) for jump in piece.jumps])
    return np.asarray((jumps[None, :] ** exponents[:, None]).sum(axis=1))
