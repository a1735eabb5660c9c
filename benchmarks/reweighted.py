"""Reweighted l1: against the paper's training, and against a cvxpy loop on the same programs.

    .venv/bin/python benchmarks/reweighted.py [--steps 100000] [--repeats 7] [--out results]

The first table has the paper's two settings. Training needs torch (the extra `torch`; left out
where it is missing), and is timed in the same run; `speedup` is its seconds over those of the
method, the medians of `repeats` warm runs. Methods answer exactly and are checked; training ends
at a tolerance. `all patterns` is one linear program over all of them; reweighting takes many.

The second table times one descent, program by program: cvxpy with the weights as a DPP parameter,
stated once; the same program kept in one HiGHS model (`warm`); column generation (`columns`). The
weights are the same, the optima must agree. Ratios are medians over programs of paired times.
`columns_cold_s` is the first program of column generation, with its table.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cvxpy as cp
import numpy as np
import pandas as pd
from _report import write
from reweighted_training import Setting, train

from milpsparse import checker, library
from milpsparse.execute import execute
from milpsparse.family import generate
from milpsparse.instance import Instance
from milpsparse.method import Limits
from milpsparse.naming import parse_method
from milpsparse.objective import parse_objective
from milpsparse.patterns import fit_and_cones
from milpsparse.reweighting.blocks import Blocks
from milpsparse.reweighting.columns import Columns
from milpsparse.reweighting.neurons import SIGNS
from milpsparse.reweighting.points import Point, Space, space_of
from milpsparse.reweighting.pricing import pricing_of, table_of
from milpsparse.reweighting.weights import Weights, tangent, uniform

PAPER = {
    "peak_plateau": (
        Setting(width=80, lam=0.003, eps=1e-8),
        (("neurons", "reweighted_l1"), ("neurons", "reweighted_l1[starts=5]")),
    ),
    "uniform_n10_d50_s0": (
        Setting(width=100, lam=0.005, eps=1e-6),
        (
            ("parameters", "coordinate_start"),
            ("parameters", "reweighted_l1"),
            ("parameters", "reweighted_l1[starts=20]"),
        ),
    ),
}
LOOPS = ((20, 2), (7, 5), (10, 3))
EPS = 10.0 ** -np.arange(0, 5, 0.5)
P = 0.4


def settings(steps: int, repeats: int) -> Iterator[dict[str, Any]]:
    """Rows of the paper's two settings."""
    for name, (setting, methods) in PAPER.items():
        instance, trained = library.load(name), None
        if importlib.util.find_spec("torch") is not None and steps > 0:
            trained = train(instance, setting, steps)
            miss = trained.pop("largest_miss")
            yield {
                "instance": name,
                "method": f"training, {steps:,} steps",
                **trained,
                "exact": False,
                "note": f"misses a label by {miss:.1g}",
            }
        for objective, method in methods:
            yield _answered(instance, objective, method, repeats, trained)
        if name.startswith("uniform"):
            yield _all_patterns(instance, trained)


def _answered(
    instance: Instance, objective: str, name: str, repeats: int, trained: dict[str, Any] | None
) -> dict[str, Any]:
    """A method's row: checked, and timed warm."""
    method, goal = parse_method(name), parse_objective(objective)
    times = []
    for _ in range(1 + repeats):
        begun = time.perf_counter()
        answer = execute(method, instance, goal, Limits(time_limit_s=60.0))
        times.append(time.perf_counter() - begun)
    verdict, seconds = checker.check(instance, answer), statistics.median(times[1:])
    return {
        "instance": instance.name,
        "method": method.name,
        "seconds": seconds,
        "parameters": verdict.n_parameters,
        "neurons": verdict.n_neurons,
        "exact": verdict.exact,
        "speedup": None if trained is None else trained["seconds"] / seconds,
        "note": answer.raw_status,
    }


def _all_patterns(instance: Instance, trained: dict[str, Any] | None) -> dict[str, Any]:
    """The row of one linear program over all patterns."""
    space = space_of(instance)
    begun = time.perf_counter()
    blocks = Blocks(space, Limits(time_limit_s=600.0))
    point = blocks.minimise(uniform(space))
    seconds = time.perf_counter() - begun
    return {
        "instance": instance.name,
        "method": "all patterns: one l1 program",
        "seconds": seconds,
        "parameters": None if point is None else int(np.count_nonzero(point.u)),
        "neurons": None if point is None else len(point.u),
        "exact": False,
        "speedup": None if trained is None else trained["seconds"] / seconds,
        "note": f"{len(blocks.patterns)} patterns",
    }


class Loop:
    """The program over all patterns in cvxpy, with the weights as a parameter."""

    def __init__(self, space: Space, patterns: Any) -> None:
        self.space = space
        fit, cones = fit_and_cones(space.points, patterns)
        self.u = cp.Variable(fit.shape[1])
        self.weights = cp.Parameter(fit.shape[1], nonneg=True)
        cost = cp.Minimize(self.weights @ cp.abs(self.u))
        self.problem = cp.Problem(cost, [fit @ self.u == space.labels, cones @ self.u >= 0])
        assert self.problem.is_dcp(dpp=True)

    def solve(self, weights: Any) -> float:
        """The optimum; the program is compiled at the first call only."""
        self.weights.value = weights.ravel()
        self.problem.solve(solver=cp.HIGHS, warm_start=True)
        return float(self.problem.value)


def loop(N: int, d: int, repeats: int) -> dict[str, Any]:
    """The row of one descent, timed program by program."""
    space = space_of(generate("uniform", 0, N=N, d=d))
    begun = time.perf_counter()
    columns = Columns(space, pricing_of(space, table_of(space, 0)), Limits(time_limit_s=600.0))
    point = columns.minimise(uniform(space))
    cold = time.perf_counter() - begun
    blocks = Blocks(space, Limits(time_limit_s=600.0))
    rival = Loop(space, blocks.patterns)
    assert point is not None
    rival.solve(blocks.weights_of(uniform(space)))  # warm
    blocks.minimise(uniform(space))
    scale, rows, l1 = float(abs(point.u).max()), [], point
    for _ in range(repeats):
        point = l1
        for eps in EPS:
            weights = tangent(space, point, P, "entries", float(eps) * scale)
            point, row = _program(weights, rival, blocks, columns)
            rows.append(row)
    times = np.array(rows)
    assert columns.exact
    return {
        "N": N,
        "d": d,
        "patterns": len(blocks.patterns),
        "programs": len(times),
        "cvxpy_s": np.median(times[:, 0]),
        "warm_s": np.median(times[:, 1]),
        "columns_s": np.median(times[:, 2]),
        "cvxpy/warm": np.median(times[:, 0] / times[:, 1]),
        "cvxpy/columns": np.median(times[:, 0] / times[:, 2]),
        "columns_cold_s": cold,
    }


def _program(
    weights: Weights, rival: Loop, blocks: Blocks, columns: Columns
) -> tuple[Point, tuple[float, ...]]:
    """One program three ways: the point of column generation, and the seconds of each."""
    full = blocks.weights_of(weights)
    at = [time.perf_counter()]
    value = rival.solve(full)
    at.append(time.perf_counter())
    warm = blocks.minimise(weights)
    at.append(time.perf_counter())
    point = columns.minimise(weights)
    at.append(time.perf_counter())
    for found in (warm, point):
        assert found is not None
        assert np.isclose(_cost(full, blocks, found), value, rtol=1e-5), "optima differ"
    return point, tuple(np.diff(at))


def _cost(full: Any, blocks: Blocks, point: Point) -> float:
    """The weighted l1 norm of a point."""
    where = [
        (SIGNS.index(int(sign)), blocks.at[pattern.tobytes()])
        for sign, pattern in zip(point.signs, point.patterns, strict=True)
    ]
    return sum(float(full[at] @ abs(u)) for at, u in zip(where, point.u, strict=True))


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=100_000, help="of training; 0: none")
    parser.add_argument("--repeats", type=int, default=7, help="runs of each method")
    parser.add_argument("--out", type=Path, default=Path("results"))
    given = parser.parse_args()
    rows = []
    for N, d in LOOPS:
        rows.append(loop(N, d, max(1, given.repeats // 3)))
        print(rows[-1], flush=True)
    title = "Reweighted l1: seconds a program, and paired ratios to a cvxpy loop"
    path = given.out / "tables" / "bench_reweighted_loop"
    write(pd.DataFrame(rows), path, title, "cvxpy highspy")
    rows = []
    for row in settings(given.steps, given.repeats):
        rows.append(row)
        print(row, flush=True)
    torch = " torch" if importlib.util.find_spec("torch") else ""
    title = "Reweighted l1 in the paper's settings: seconds, counts, and speedup over training"
    write(pd.DataFrame(rows), given.out / "tables" / "bench_reweighted", title, "highspy" + torch)


if __name__ == "__main__":
    main()
