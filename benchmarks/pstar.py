"""The threshold p*: of random convex data, of the dial (e, 1, 1, e), of tiny data of other kinds.

    .venv/bin/python benchmarks/pstar.py [--draws 300] [--only dial|random|inputs] [--out results]

No p is small enough for all data: p* of the curvatures (e, 1, 1, e) falls to 0 with e. Other data
are done by all vertices, which also count how many there are where these are not too many.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
from _report import write
from tqdm import tqdm

from milpsparse.extreme.pstar import VertexThreshold, pstar
from milpsparse.extreme.vertices import vertices
from milpsparse.family import generate
from milpsparse.instance import Instance
from milpsparse.library import load
from milpsparse.plot import COLORS, pyplot, save
from milpsparse.theory.matching import Run
from milpsparse.theory.threshold import run_threshold

SIZES = (8, 20, 50)
MOST_COUNTED = 50_000  # sets of rays up to which all vertices are counted


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


def inputs() -> pd.DataFrame:
    """p* of named tiny data by all vertices, and what extremes alone prove."""
    rows = []
    for instance, objective in tqdm(list(tiny_instances()), desc="by vertices"):
        begun = time.perf_counter()
        found = pstar(instance, objective=objective)
        spent = time.perf_counter() - begun
        assert isinstance(found, VertexThreshold)
        assert found.n_sets is not None
        count = sum(1 for _ in vertices(instance)) if found.n_sets <= MOST_COUNTED else None
        rows.append(
            {
                "instance": instance.name,
                "N": instance.n_samples,
                "d": instance.n_features,
                "skip": instance.skip,
                "objective": objective,
                "low": float(found.low),
                "high": float(found.high),
                "extremes_prove": float(found.lower_bound),
                "s": found.fewest,
                "r": None if found.smallest is None else float(found.smallest),
                "R": None if found.largest is None else float(found.largest),
                "rays": found.n_rays,
                "sets": found.n_sets,
                "fit": found.n_fits,
                "vertices": count,
                "seconds": spent,
            }
        )
    return pd.DataFrame(rows).astype({"vertices": "Int64"})


def tiny_instances() -> Iterator[tuple[Instance, str]]:
    """What is in the table: each by parameters, some by neurons, too."""
    for name in ("uniform_n4_d1_s0", "uniform_n6_d1_s0", "uniform_n7_d2_skip_s0"):
        yield load(name), "parameters"
        yield load(name), "neurons"
    for name in ("peak_plateau", "convex_run_0p1_1_1_0p1", "convex_run_1_8_8_1"):
        yield load(name).replace(skip=False, name=f"{name} (no skip)"), "parameters"
    for seed in range(5):
        yield generate("uniform", seed, N=4, d=2), "parameters"
    yield generate("uniform", 0, N=4, d=2), "neurons"
    yield load("uniform_n5_d2_s0"), "parameters"


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
    parser.add_argument("--only", choices=("dial", "random", "inputs"), help="one of the three")
    given = parser.parse_args()
    figures, tables = given.out / "figures", given.out / "tables"
    if given.only in (None, "dial"):
        curve = dial()
        draw_dial(curve, figures / "pstar_dial.svg")
        title = "p* of the curvatures (e, 1, 1, e): certified intervals"
        write(curve, tables / "pstar_dial", title, "python-flint numpy")
    if given.only in (None, "random"):
        drawn = random_convex(given.draws)
        draw_random(drawn, figures / "pstar_convex_random.svg")
        title = "p* of random convex data (exponential curvatures), by size"
        write(by_size(drawn), tables / "pstar_convex_random", title, "python-flint numpy")
    if given.only in (None, "inputs"):
        title = "p* by all vertices: certified intervals; extremes_prove = ln(1 + 1/s) / ln(R/r)"
        write(inputs(), tables / "pstar_inputs", title, "python-flint numpy")


def by_size(drawn: pd.DataFrame) -> pd.DataFrame:
    """Quantiles of p* of each size."""
    middle = drawn.assign(pstar=(drawn["low"] + drawn["high"]) / 2).groupby("N")["pstar"]
    table = middle.describe(percentiles=[0.25, 0.5, 0.75]).reset_index()
    table["share_one"] = middle.apply(lambda values: (values == 1).mean()).to_numpy()
    return table


if __name__ == "__main__":
    main()
