"""The threshold p*: of random convex data, and of the dial (e, 1, 1, e). Figures and tables.

    .venv/bin/python benchmarks/pstar.py [--draws 300] [--out results]

No p is small enough for all data: p* of the curvatures (e, 1, 1, e) falls to 0 with e.
"""

from __future__ import annotations

import argparse
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
from _report import write
from tqdm import tqdm

from milpsparse.family import generate
from milpsparse.plot import COLORS, pyplot, save
from milpsparse.theory.matching import Run
from milpsparse.theory.threshold import pstar, run_threshold

SIZES = (8, 20, 50)


def dial() -> pd.DataFrame:
    """p* of the curvatures (e, 1, 1, e) for e from 1e-8 to 1."""
    rows = []
    for exponent in np.linspace(-8, 0, 65):
        e = Fraction(float(f"{10**exponent:.3g}"))
        found = run_threshold(Run([e, Fraction(1), Fraction(1), e]))
        rows.append({"e": float(e), "low": float(found.low), "high": float(found.high)})
    return pd.DataFrame(rows)


def random_convex(draws: int) -> pd.DataFrame:
    """p* of random convex data, one row a draw."""
    rows = []
    for N in SIZES:
        for seed in tqdm(range(draws), desc=f"N = {N}"):
            found = pstar(generate("convex_random", seed, N=N))
            low, high = float(found.low), float(found.high)
            rows.append({"N": N, "seed": seed, "low": low, "high": high, "flag": found.tangency})
    return pd.DataFrame(rows)


def draw_dial(table: pd.DataFrame, path: Path) -> None:
    """p* over e."""
    figure, axes = pyplot().subplots(figsize=(4.6, 3.2))
    axes.semilogx(table["e"], (table["low"] + table["high"]) / 2, color=COLORS[0])
    axes.set(xlabel="e", ylabel="p*", ylim=(0, 1.05), title="p* of the curvatures (e, 1, 1, e)")
    axes.grid(lw=0.3)
    save(figure, path)


def draw_random(table: pd.DataFrame, path: Path) -> None:
    """Histograms of p*, one a size."""
    figure, axes = pyplot().subplots(1, len(SIZES), figsize=(9.6, 3.0), sharey=True)
    for at, (panel, N) in enumerate(zip(axes, SIZES, strict=True)):
        values = table[table["N"] == N][["low", "high"]].mean(axis=1)
        panel.hist(values, bins=np.linspace(0, 1, 21), color=COLORS[at])
        one = (values == 1).mean()
        panel.set(xlabel="p*", title=f"N = {N}: p* = 1 in {one:.0%}")
        panel.set_ylabel("draws" if at == 0 else "")
    figure.suptitle("p* of random convex data, exponential curvatures", fontsize=9)
    figure.tight_layout()
    save(figure, path)


def main() -> None:
    """Compute, draw and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=300, help="random data a size")
    parser.add_argument("--out", type=Path, default=Path("results"))
    given = parser.parse_args()
    curve, drawn = dial(), random_convex(given.draws)
    draw_dial(curve, given.out / "figures" / "pstar_dial.svg")
    draw_random(drawn, given.out / "figures" / "pstar_convex_random.svg")
    middle = drawn.assign(pstar=(drawn["low"] + drawn["high"]) / 2).groupby("N")["pstar"]
    table = middle.describe(percentiles=[0.25, 0.5, 0.75]).reset_index()
    table["share_one"] = middle.apply(lambda values: (values == 1).mean()).to_numpy()
    title = "p* of random convex data (exponential curvatures), by size"
    write(table, given.out / "tables" / "pstar_convex_random", title, "python-flint numpy")
    title = "p* of the curvatures (e, 1, 1, e): certified intervals"
    write(curve, given.out / "tables" / "pstar_dial", title, "python-flint numpy")


if __name__ == "__main__":
    main()
