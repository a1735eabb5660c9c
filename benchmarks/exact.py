"""Several inputs: every exact method side by side, in one run. Tables and figures.

    .venv/bin/python benchmarks/exact.py [--set core|large|all] [--limit 15] [--frontier 120]
                                         [--parts comparison,parameters,growth,frontier]

Every method runs with one thread and seed 0 in a process that is warm (`_warm`): its seconds are
those of the method alone, without imports and compilation. Fast ones are run again, up to five
times or until two seconds are spent, and the median counts. What a method claims is checked
afterwards, outside of its seconds; `check_time_s` is the check with the verification of the proof.

Solved means that the method ends in time, says that its value is optimal, and the check does not
disagree. Of these, `proved` are those whose lower bound is a proof that was verified or a theorem
(so with one input, where a theorem closes what `activation_search` need not search); the others
rest on the word of a solver. `wrong` counts claims that failed, and lower bounds above a verified
network of any method; `refused` are unsolved too: with B = 3 the construction, by which
`neuron_big_m` counts its slots, is so large that the program would be. With slots=6 it is told what
the others have to find out: that six neurons of each sign will do. Unsolved runs are charged the
limit, in PAR10 ten limits. Ratios are to `activation_search` on the same instance.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import exact_instances as sets
import numpy as np
import pandas as pd
from _report import write
from exact_rows import Bench
from exact_summary import draw_growth, draw_profile, summary

from milpsparse.analysis.outcomes import solved
from milpsparse.instance import Instance

SEEDS = 3  # instances of each size in the growth curves
PARTS = ("comparison", "parameters", "growth", "frontier")


def comparison(bench: Bench, names: list[str]) -> None:
    """All methods on the sets; each instance goes through all of them in turn."""
    makers = [(name, maker) for name in names for maker in getattr(sets, name)()]
    methods = bench.able(sets.METHODS)

    def rows() -> Iterator[dict[str, Any]]:
        for name, maker in makers:
            instance = maker()
            for method in methods:
                if name == "core" or _is_run(instance, method):
                    yield {"set": name, **bench.measure(instance, "neurons", method)}
                else:
                    yield {"set": name, **bench.not_run(instance, method)}

    found = bench.kept(rows(), "comparison", len(makers) * len(methods), "instances")
    note = f", {bench.limit:g} s" + ("" if bench.scip else "; SCIP is not installed")
    if "large" in names:
        note += f"; large: plain models run up to {sets.MOST_PLAIN} points, else count as unsolved"
    slim = found.drop(columns=["objective", "threads"])
    title = f"Exact methods in several inputs, neurons, one row a run{note}"
    write(slim, bench.table("instances"), title, bench.packages)
    title = f"Exact methods in several inputs, neurons{note}"
    write(summary(found), bench.table(), title, bench.packages)
    draw_profile(found, bench.figure("profile"))


def _is_run(instance: Instance, method: str) -> bool:
    return method not in sets.PLAIN or instance.n_samples <= sets.MOST_PLAIN


def parameters(bench: Bench) -> None:
    """Fewest parameters, biases counted."""
    cases = [(maker(), limit) for maker, limit in sets.parameters()]
    methods = bench.able(sets.PARAMETER_METHODS)
    rows = (
        bench.measure(instance, "parameters", method, limit)
        for instance, limit in cases
        for method in methods
    )
    found = bench.kept(rows, "parameters", len(cases) * len(methods))
    title = "Exact methods, parameters of sparse teachers"
    write(found.drop(columns="threads"), bench.table("parameters"), title, bench.packages)


def frontier(bench: Bench, limit: float) -> None:
    """Activation search alone, on what is hard or large."""

    def rows() -> Iterator[dict[str, Any]]:
        for maker in sets.frontier():
            instance = maker()
            for threads in (1, 2):
                yield bench.measure(instance, "neurons", sets.REFERENCE, limit, threads)

    found = bench.kept(rows(), "frontier", 2 * len(sets.frontier()))
    title = f"Activation search at its frontier, neurons, {limit:g} s"
    write(found, bench.table("frontier"), title, bench.packages)


def growth(bench: Bench) -> None:
    """Seconds over points, inputs and neurons; a method that no longer ends is left out."""
    sizes = sets.growth(SEEDS)
    ended: set[tuple[str, str]] = set()

    def rows() -> Iterator[dict[str, Any]]:
        for what, at, makers in sizes:
            instances = [maker() for maker in makers]
            for method in sets.GROWING:
                if (what, method) not in ended:
                    line = _median(bench, what, at, instances, method)
                    if np.isnan(line["wall_time_s"]):
                        ended.add((what, method))
                    yield line

    found = bench.kept(rows(), "growth", len(sizes) * len(sets.GROWING))
    title = f"Growth, neurons: medians of {SEEDS} instances, {bench.limit:g} s (missing: unsolved)"
    write(found, bench.table("growth"), title, bench.packages)
    draw_growth(found, bench.figure("growth"))


def _median(
    bench: Bench, what: str, at: int, instances: list[Instance], method: str
) -> dict[str, Any]:
    """One method at one size; an unsolved instance counts as endless."""
    runs = pd.DataFrame([bench.measure(instance, "neurons", method) for instance in instances])
    ended = solved(runs)
    seconds = float(np.median(runs["wall_time_s"].where(ended, np.inf)))
    return {
        "grows": what,
        "at": at,
        "method": method,
        "solved": int(ended.sum()),
        "of": len(runs),
        "wall_time_s": seconds if np.isfinite(seconds) else float("nan"),
        "check_time_s": runs["check_time_s"].median(),
    }


def main() -> None:
    """Measure, print and write, part by part."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--set", choices=("core", "large", "all"), default="all")
    parser.add_argument("--limit", type=float, default=15.0, help="seconds a run")
    parser.add_argument("--frontier", type=float, default=120.0, help="seconds a run there")
    parser.add_argument("--parts", help=f"{','.join(PARTS)}; with --set core or large the first")
    parser.add_argument("--out", type=Path, default=Path("results"))
    given = parser.parse_args()
    parts = (given.parts or ("comparison" if given.set != "all" else ",".join(PARTS))).split(",")
    if unknown := set(parts) - set(PARTS):
        parser.error(f"no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    bench = Bench(given.limit, given.out)
    works = {
        "comparison": lambda: comparison(
            bench, ["core", "large"] if given.set == "all" else [given.set]
        ),
        "parameters": lambda: parameters(bench),
        "growth": lambda: growth(bench),
        "frontier": lambda: frontier(bench, given.frontier),
    }
    for part in parts:
        works[part]()
    bench.process.close()


if __name__ == "__main__":
    main()
