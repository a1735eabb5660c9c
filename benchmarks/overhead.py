"""What the harness adds to a task: its process, its limits, the check, the row on disk.

    .venv/bin/python benchmarks/overhead.py [--tasks 100] [--out results]

One task after the other; the solve is what the method takes inside of its process, by that
process's own clock. `overhead` is all other time from one row to the next; `cpu` is what the
harness and that process work meanwhile, which a busy machine changes less (its `load` is told).
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from milpsparse.algorithms import coordinate_start
from milpsparse.answer import Answer
from milpsparse.family import generate
from milpsparse.harness.run import run
from milpsparse.harness.task import Task
from milpsparse.instance import Instance
from milpsparse.method import Algorithm, Limits, Method
from milpsparse.objective import Objective

NEURONS = Objective("neurons")
SIZES = (10, 100, 10_000)  # points
MOST = 100  # for the construction


def timed(instance: Instance, objective: Objective, limits: Limits) -> Answer:
    """The construction, and how long it took."""
    begun, worked = time.monotonic(), time.process_time()
    answer = coordinate_start.run(instance, objective, limits)
    spent = {"solve_s": time.monotonic() - begun, "cpu_s": time.process_time() - worked}
    return answer.with_(stats=spent)


def nothing(instance: Instance, objective: Objective, limits: Limits) -> Answer:
    """No network at all."""
    return Answer(
        objective=str(objective), termination="feasible", stats={"solve_s": 0.0, "cpu_s": 0.0}
    )


def figures(name: str, run_method: Any, instance: Instance, count: int) -> dict[str, Any]:
    """One row of the table."""
    rule = Algorithm(summary=name, objectives=frozenset({"neurons"}), run=run_method)
    method = Method(name=name, rule=rule, rule_name=name, solver_name=None, options={})
    tasks = [
        Task(instance=instance, objective=NEURONS, method=method, seed=seed)
        for seed in range(count + 1)
    ]
    spent, solves, work = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        rows = run(tasks, Path(folder), testset="overhead")
        next(rows)  # starts the server
        begun, worked = time.monotonic(), time.process_time()
        for row in rows:
            now = time.monotonic()
            spent.append(now - begun)
            solves.append(row["stats"]["solve_s"])
            work.append(time.process_time() - worked + row["cpu_time_s"] - row["stats"]["cpu_s"])
            begun, worked = time.monotonic(), time.process_time()
    over = sorted(1000 * (a - b) for a, b in zip(spent, solves, strict=True))
    return {
        "method": name,
        "points": instance.n_samples,
        "tasks": count,
        "solve_ms": 1000 * statistics.median(solves),
        "overhead_ms": statistics.median(over),
        "overhead_90%_ms": over[int(0.9 * count)],
        "cpu_ms": 1000 * statistics.median(work),
        "load": os.getloadavg()[0],
    }


def main() -> None:
    """Measure and write the table."""
    import pandas as pd  # here: every task's process imports this file
    from _report import write

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=100)
    parser.add_argument("--out", type=Path, default=Path("results"))
    given = parser.parse_args()
    lines = []
    for N in SIZES:
        instance = generate("planted", 0, N=N, d=2, K=2)
        lines.append(figures("nothing", nothing, instance, given.tasks))
        if N <= MOST:
            lines.append(figures("construction", timed, instance, given.tasks))
    title = "Overhead of the harness a task"
    write(pd.DataFrame(lines), given.out / "tables" / "bench_overhead", title, "psutil highspy")


if __name__ == "__main__":
    main()
