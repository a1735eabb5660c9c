"""Several inputs: every exact method side by side, in one run. Tables and figures.

    .venv/bin/python benchmarks/exact.py [--set core|large|all] [--limit 15] [--frontier 120]
                                         [--parts comparison,parameters,growth,frontier]

Every method runs with one thread and seed 0 in a process that is warm (`_warm`): its seconds are
those of the method alone, without imports and compilation. Fast ones are run again, up to five
times or until two seconds are spent, and the median counts. What a method claims is checked
afterwards, outside of its seconds; `check_time_s` is the check with the verification of the proof.
Solved means that the checked bounds meet: for `activation_search` by its proof (or a theorem, which
is what closes one input), for the others by their word; with proof=false by its word too. `wrong`
counts lower bounds that a verified network of any method refutes. Unsolved runs are charged the
limit, in PAR10 ten limits; ratios are to `activation_search` on the same instance.
"""

from __future__ import annotations

import argparse
import pickle
import statistics
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import exact_instances as sets
import numpy as np
import pandas as pd
from _report import write
from _warm import Job, Warm
from tqdm import tqdm

from milpsparse import checker, metrics
from milpsparse.answer import Answer, Termination
from milpsparse.checker import Verdict
from milpsparse.instance import Instance
from milpsparse.judge import rounded
from milpsparse.naming import parse_method
from milpsparse.objective import parse_objective
from milpsparse.plot import COLORS, pyplot, save

REPEATS, ENOUGH_S = 5, 2.0
SEEDS = 3  # instances of each size in the growth curves
GROWING = ("witness_points", sets.REFERENCE)
PARTS = ("comparison", "parameters", "growth", "frontier")
PACKAGES = "highspy pyomo numba numpy"


class Bench:
    """The warm process, the limit, the folder, and whether SCIP is here."""

    def __init__(self, limit: float, out: Path) -> None:
        self.limit, self.out = limit, out
        self.scip = parse_method("neuron_big_m@scip").missing() is None
        self.packages = PACKAGES + (" pyscipopt" if self.scip else "")
        small = [("neurons", method) for method in self.able(sets.METHODS)]
        small += [("parameters", method) for method in sets.PARAMETER_METHODS]
        self.process = Warm(small)
        tiny = sets.planted(8, 2, 2)()  # the check's code is warm too
        for objective in ("neurons", "parameters"):
            self.measure(tiny, objective, sets.REFERENCE)

    def able(self, methods: Iterable[str]) -> list[str]:
        """The methods whose solver is installed."""
        return [method for method in methods if self.scip or "scip" not in method]

    def measure(
        self,
        instance: Instance,
        objective: str,
        method: str,
        limit: float | None = None,
        threads: int = 1,
    ) -> dict[str, Any]:
        """One row: what a method found, what is true of it, and its seconds."""
        blob, limit = pickle.dumps(instance), limit or self.limit
        job = Job(blob, objective, method, limit, threads)
        times: list[float] = []
        while not times or (len(times) < REPEATS and sum(times) < ENOUGH_S):
            answer, seconds = self.process.run(job)
            times.append(seconds)
        begun = time.perf_counter()
        verdict = checker.check(pickle.loads(blob), answer)
        row = _identity(instance, objective, method, threads) | {
            "wall_time_s": statistics.median(times),
            "check_time_s": time.perf_counter() - begun,
            "repeats": len(times),
            "time_limit_s": limit,
        }
        return row | _found(answer, verdict)

    def path(self, name: str) -> Path:
        """Where a table goes, without its ending."""
        return self.out / "tables" / f"bench_exact{name}"

    def figure(self, name: str) -> Path:
        """Where a figure goes."""
        return self.out / "figures" / f"bench_exact_{name}.svg"

    def kept(self, rows: Iterable[dict[str, Any]], name: str, n: int) -> pd.DataFrame:
        """Rows as a frame; what there is so far is on disk after each one."""
        done: list[dict[str, Any]] = []
        path = self.path(name).with_suffix(".csv")
        path.parent.mkdir(parents=True, exist_ok=True)
        for row in tqdm(rows, desc=name.strip("_"), total=n, unit=" runs"):
            done.append(row)
            pd.DataFrame(done).to_csv(path, index=False, float_format="%.6g")
        return pd.DataFrame(done)


def _identity(instance: Instance, objective: str, method: str, threads: int) -> dict[str, Any]:
    N, d = instance.X.shape
    return {
        "instance": instance.name,
        "N": N,
        "d": d,
        "objective": objective,
        "method": method,
        "threads": threads,
    }


def _found(answer: Answer, verdict: Verdict) -> dict[str, Any]:
    """Bounds as checked, and the work that the method counts."""
    objective, dual = parse_objective(answer.objective), verdict.dual_bound
    return {
        "termination": str(verdict.termination),
        "verdict": verdict.verdict,
        "evidence": verdict.evidence,
        "primal_bound": verdict.primal_bound,
        "dual_bound": None if dual is None else rounded(dual, objective),
        "linear_programs": sum(answer.stats.get("linear_programs", {}).values()) or None,
        "leaves": answer.stats.get("leaves"),
        "witnesses": len(answer.stats.get("witnesses", ())) or None,
        "nodes": answer.node_count,
        "proof_kb": None if answer.proof is None else sum(map(len, answer.proof)) / 1000,
        "note": verdict.fail_reason or answer.raw_status,
    }


# --- the parts --------------------------------------------------------------------------------


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
                    yield {"set": name, **_not_run(bench, instance, method)}

    found = bench.kept(rows(), "_instances", len(makers) * len(methods))
    note = f", {bench.limit:g} s" + ("" if bench.scip else "; SCIP is not installed")
    title = "Exact methods, neurons, one row a run"
    write(found, bench.path("_instances"), title + note, bench.packages)
    if "large" in names:
        note += f"; large: plain models run up to {sets.MOST_PLAIN} points, else count as unsolved"
    title = "Exact methods in several inputs, neurons"
    write(summary(found), bench.path(""), title + note, bench.packages)
    draw_profile(found, bench.figure("profile"))


def _is_run(instance: Instance, method: str) -> bool:
    return method not in sets.PLAIN or instance.n_samples <= sets.MOST_PLAIN


def _not_run(bench: Bench, instance: Instance, method: str) -> dict[str, Any]:
    """An unsolved run: programs over many points would take all of their time."""
    answer = Answer(objective="neurons", termination=Termination.TIME_LIMIT, raw_status="not run")
    verdict = Verdict(verdict="timelimit", termination=Termination.TIME_LIMIT)
    times = {"wall_time_s": bench.limit, "time_limit_s": bench.limit, "repeats": 0}
    return _identity(instance, "neurons", method, 1) | times | _found(answer, verdict)


def parameters(bench: Bench) -> None:
    """Fewest parameters, biases counted."""
    cases = [(maker(), factor) for maker, factor in sets.parameters()]
    methods = bench.able(sets.PARAMETER_METHODS)
    rows = (
        bench.measure(instance, "parameters", method, 20 * factor)
        for instance, factor in cases
        for method in methods
    )
    found = bench.kept(rows, "_parameters", len(cases) * len(methods))
    title = "Exact methods, parameters of sparse teachers (20 s; 60 s for nine parameters)"
    write(found, bench.path("_parameters"), title, bench.packages)


def frontier(bench: Bench, limit: float) -> None:
    """Activation search alone, on what is hard or large."""

    def rows() -> Iterator[dict[str, Any]]:
        for maker in sets.frontier():
            instance = maker()
            for threads in (1, 2):
                yield bench.measure(instance, "neurons", sets.REFERENCE, limit, threads)

    found = bench.kept(rows(), "_frontier", 2 * len(sets.frontier()))
    title = f"Activation search at its frontier, neurons, {limit:g} s"
    write(found, bench.path("_frontier"), title, bench.packages)


def growth(bench: Bench) -> None:
    """Seconds over points, inputs and neurons; a method that no longer ends is left out."""
    sizes = sets.growth(SEEDS)
    ended: set[tuple[str, str]] = set()

    def rows() -> Iterator[dict[str, Any]]:
        for what, at, makers in sizes:
            found = [bench.measure(i, "neurons", m) for i, m in _pairs(what, makers, ended)]
            for method in {row["method"] for row in found}:
                own = pd.DataFrame([row for row in found if row["method"] == method])
                line = _line(what, at, own)
                ended.update([(what, method)] if np.isnan(line["wall_time_s"]) else [])
                yield line

    found = bench.kept(rows(), "_growth", len(sizes) * len(GROWING))
    title = (
        f"Growth, neurons: medians of {SEEDS} instances (missing: not solved in {bench.limit:g} s)"
    )
    write(found, bench.path("_growth"), title, bench.packages)
    draw_growth(found, bench.figure("growth"))


def _pairs(
    what: str, makers: list[sets.Maker], ended: set[tuple[str, str]]
) -> Iterator[tuple[Instance, str]]:
    for maker in makers:
        instance = maker()
        for method in GROWING:
            if (what, method) not in ended:
                yield instance, method


def _line(what: str, at: int, rows: pd.DataFrame) -> dict[str, Any]:
    """One method at one size; the median counts unsolved instances as endless."""
    solved = metrics.solved(rows)
    seconds = float(np.median(rows["wall_time_s"].where(solved, np.inf)))
    return {
        "grows": what,
        "at": at,
        "method": rows["method"].iloc[0],
        "solved": int(solved.sum()),
        "of": len(rows),
        "wall_time_s": seconds if np.isfinite(seconds) else float("nan"),
        "check_time_s": rows["check_time_s"].median(),
    }


# --- tables and figures -----------------------------------------------------------------------


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """One line a set and method."""
    rows = rows.assign(solved=metrics.solved, proved=metrics.proved)
    rows["charged"] = rows[["wall_time_s", "time_limit_s"]].min(axis=1)
    rows["charged"] = rows["charged"].where(rows["solved"], rows["time_limit_s"])
    best = rows.groupby("instance")["primal_bound"].transform("min")
    rows["wrong"] = metrics.failed(rows) | (rows["dual_bound"] > best)
    lines = []
    for name, part in rows.groupby("set", sort=False):
        reference = part[part["method"] == sets.REFERENCE].set_index("instance")["charged"]
        for method, runs in part.groupby("method", sort=False):
            lines.append({"set": name, "method": method, **_figures(runs, reference)})
    return pd.DataFrame(lines)


def _figures(runs: pd.DataFrame, reference: pd.Series[float]) -> dict[str, Any]:
    charged = runs.set_index("instance")["charged"]
    limits = runs["time_limit_s"]
    return {
        "solved": int(runs["solved"].sum()),
        "of": len(runs),
        "proved": int(runs["proved"].sum()),
        "wrong": int(runs["wrong"].sum()),
        "median_s": charged.median(),
        "sgm10ms_s": metrics.sgm(charged, 0.01),
        "sgm1s_s": metrics.sgm(charged, 1.0),
        "par10_s": metrics.par(runs["wall_time_s"], runs["solved"], limits, 10),
        "check_median_s": runs["check_time_s"].median(),
        "ratio_median": (charged / reference).median(),
        "ratio_sgm10ms": metrics.sgm(charged, 0.01) / metrics.sgm(reference, 0.01),
    }


def draw_profile(rows: pd.DataFrame, path: Path) -> None:
    """Share of the instances solved within a factor of the fastest method."""
    figure, axes = pyplot().subplots(figsize=(6.4, 3.8))
    profile = metrics.performance_profile(rows)
    for at, method in enumerate(m for m in sets.METHODS if m in profile):
        style = ("-", "--")[at // len(COLORS)]
        axes.step(
            profile.index, profile[method], style, where="post", label=method, color=_color(at)
        )
    axes.set(xscale="log", ylim=(0, 1.02), xlabel="factor of the fastest (below 10 ms all tie)")
    axes.set(ylabel="share of instances solved", title="exact methods, neurons")
    axes.legend(fontsize=6, frameon=False)
    axes.grid(lw=0.3)
    save(figure, path)


def draw_growth(table: pd.DataFrame, path: Path) -> None:
    """Three panels, seconds on a logarithmic axis."""
    panels = {
        "N": "points N (d = 2, K = 3)",
        "d": "inputs d (N = 200, K = 2)",
        "K": "neurons K (N = 100, d = 2)",
    }
    figure, axes = pyplot().subplots(1, 3, figsize=(9.6, 3.2), sharey=True)
    for panel, (what, label) in zip(axes, panels.items(), strict=True):
        part = table[table["grows"] == what]
        for at, method in enumerate(reversed(GROWING)):
            own = part[part["method"] == method].sort_values("at")
            panel.plot(own["at"], own["wall_time_s"], "o-", color=_color(at), label=method, ms=4)
        panel.set(xlabel=label, yscale="log", xscale="log" if what == "N" else "linear")
        panel.set_ylabel("seconds" if what == "N" else "")
        panel.grid(lw=0.3)
    axes[0].legend(fontsize=7, frameon=False)
    figure.tight_layout()
    save(figure, path)


def _color(at: int) -> str:
    return COLORS[at % len(COLORS)]


def main() -> None:
    """Measure, print and write, part by part."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--set", choices=("core", "large", "all"), default="all")
    parser.add_argument("--limit", type=float, default=15.0, help="seconds a run")
    parser.add_argument("--frontier", type=float, default=120.0, help="seconds a run there")
    parser.add_argument("--parts", help=f"of {','.join(PARTS)}; all, or comparison with --set")
    parser.add_argument("--out", type=Path, default=Path("results"))
    given = parser.parse_args()
    parts = (given.parts or ("comparison" if given.set != "all" else ",".join(PARTS))).split(",")
    if unknown := set(parts) - set(PARTS):
        parser.error(f"no part {', '.join(unknown)}: {', '.join(PARTS)}")
    bench = Bench(given.limit, given.out)
    if "comparison" in parts:
        comparison(bench, ["core", "large"] if given.set == "all" else [given.set])
    if "parameters" in parts:
        parameters(bench)
    if "growth" in parts:
        growth(bench)
    if "frontier" in parts:
        frontier(bench, given.frontier)
    bench.process.close()


if __name__ == "__main__":
    main()
