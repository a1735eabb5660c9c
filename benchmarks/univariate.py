"""One input: growth from 10^3 to 10^7 points against a plain NumPy pass, and against programs.

    .venv/bin/python benchmarks/univariate.py [--most 7] [--out results]

The baseline is np.sum(np.abs(np.diff(np.diff(y) / np.diff(x))) ** p) on the same arrays: the cost
of the trivial network. `matching` finds the least cost and its network's knots; `solve` is all of
milpsparse.solve: the method, the network, and the exact check. `memory` is the peak of one solve
beyond x and y, in arrays of N doubles, from a process of its own.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from _report import paired, write

import milpsparse as ms
from milpsparse.plot import COLORS, pyplot, save
from milpsparse.theory import univariate
from milpsparse.theory.points import Points

LIMIT = 20.0  # seconds for a program


def data(N: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Sorted points with random gaps, and a random walk."""
    rng = np.random.default_rng(seed)
    return np.arange(N) + 0.5 * rng.random(N), rng.standard_normal(N).cumsum()


def numpy_pass(x: np.ndarray, y: np.ndarray, p: float) -> float:
    """The lp cost of the trivial network, one knot a point."""
    return float(np.sum(np.abs(np.diff(np.diff(y) / np.diff(x))) ** p))


def solve(x: np.ndarray, y: np.ndarray, objective: str) -> ms.Solution:
    """milpsparse.solve, proved optimal and exact."""
    found = ms.solve(ms.Instance(X=x[:, None], y=y, skip=True), objective)
    assert found.termination == "optimal", found.verdict
    assert found.verdict.exact, found.verdict
    return found


def growth(most: int) -> pd.DataFrame:
    """One row a size and exponent."""
    rows = []
    for power in range(3, most + 1):
        x, y = data(10**power)
        for p in (0.5, 0.4):
            rivals = {
                "matching": lambda p=p, x=x, y=y: univariate.least_cost(Points(x, y), p),
                "solve": partial(solve, x, y, f"lp:{p}"),
                "solve_neurons": partial(solve, x, y, "neurons"),
            }
            repeats = 5 if power == 7 else 15
            found = paired(partial(numpy_pass, x, y, p), rivals, repeats)
            rows.append({"N": 10**power, "p": p, **found, "memory": memory(10**power, p)})
            print(rows[-1], flush=True)
    return pd.DataFrame(rows)


def memory(N: int, p: float) -> float:
    """Peak of one solve beyond x and y, in arrays of N doubles; nan where libraries weigh more."""
    if N < 10**5:
        return float("nan")
    done = subprocess.run(
        [sys.executable, __file__, "--peak", str(N), str(p)], capture_output=True, text=True
    )
    return float(done.stdout) if done.returncode == 0 else float("nan")


def peak(N: int, p: float) -> None:
    """Print it; Linux only."""
    solve(*data(20_000), f"lp:{p}")  # libraries and compiled loops are loaded
    x, y = data(N)
    Path("/proc/self/clear_refs").write_text("5")
    before = _status("VmRSS")
    solve(x, y, f"lp:{p}")
    print((_status("VmHWM") - before) * 1024 / (8 * N))


def _status(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1])


def programs() -> pd.DataFrame:
    """Seconds of the theory and of the programs for the same question, where these finish."""
    rows = []
    for N in (5, 6, 7, 8, 10, 20, 50, 100, 200):
        x, y = data(N)
        instance = ms.Instance(X=x[:, None], y=y, skip=True, bound=1000.0)
        row: dict[str, float] = {"N": N}
        for objective, method in (
            ("neurons", "univariate"),
            ("neurons", "neuron_big_m@highs"),
            ("l1", "univariate"),
            ("l1", "pattern_l1@highs"),
        ):
            name = f"{objective} {method}"
            if rows and not rows[-1][name] < LIMIT / 4:  # it did not finish, or will not
                row[name] = float("nan")
                continue
            found = ms.solve(instance, objective, method, time_limit_s=LIMIT)
            row[name] = found.wall_time_s
            if found.termination != "optimal":
                row[name] = float("nan")
        rows.append(row)
        print(row, flush=True)
    return pd.DataFrame(rows)


def draw(table: pd.DataFrame, rivals: pd.DataFrame, path: Path) -> None:
    """Seconds over N, both axes logarithmic."""
    figure, axes = pyplot().subplots(figsize=(5.6, 3.8))
    half = table[table["p"] == 0.5]
    names = {
        "baseline_s": "NumPy pass",
        "matching_s": "value and matching",
        "solve_s": "solve: network and exact check",
    }
    for at, (column, label) in enumerate(names.items()):
        axes.loglog(half["N"], half[column], "o-", color=COLORS[at], label=label, ms=4)
    for at, column in enumerate(c for c in rivals.columns[1:] if "univariate" not in c):
        axes.loglog(rivals["N"], rivals[column], "s--", color=COLORS[3 + at], label=column, ms=4)
    axes.set(xlabel="points N", ylabel="seconds", title="one input with a skip connection, p = 0.5")
    axes.legend(fontsize=7, frameon=False)
    axes.grid(lw=0.3)
    save(figure, path)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--most", type=int, default=7, help="largest size is 10^MOST")
    parser.add_argument("--out", type=Path, default=Path("results"))
    parser.add_argument("--peak", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.peak:
        peak(int(given.peak[0]), float(given.peak[1]))
        return
    table, rivals = growth(given.most), programs()
    title = "One input: seconds, and ratios to a NumPy pass (paired, medians)"
    write(table, given.out / "tables" / "bench_univariate", title, "numpy numba python-flint")
    title = f"One input: theory and programs, seconds (missing: not optimal in {LIMIT:g} s)"
    write(rivals, given.out / "tables" / "bench_univariate_programs", title, "highspy pyomo cvxpy")
    draw(table, rivals, given.out / "figures" / "bench_univariate.svg")


if __name__ == "__main__":
    main()
