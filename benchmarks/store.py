"""A full store: seconds and memory of its status, its tables and the analysis, over rows.

    .venv/bin/python benchmarks/store.py [--rows 1000,10000,100000] [--out results]

The rows are made up: instances x methods x two objectives, as a run would have stored them, with
networks and traces. `status` and `table` are the commands, each in a process of its own, `table`
with all tables and figures. Seconds are those of the processor, which others that use it change
less than those on the wall.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from _report import write

import milpsparse as ms
from milpsparse.analysis.rows import COLUMNS
from milpsparse.harness import store

METHODS = 25
OBJECTIVES = ("neurons", "parameters")
LIMIT_S = 60.0
FUNCTIONS: dict[str, Callable[[pd.DataFrame], Any]] = {
    "summary": ms.summary,
    "profile": ms.performance_profile,
    "ecdf": ms.ecdf,
    "virtual best": ms.virtual_best,
    "brackets": ms.brackets,
    "warnings": ms.ranking_warnings,
    "integrals": ms.integrals,
}


def made_up(n: int) -> Iterator[dict[str, Any]]:
    """So many rows."""
    rng = np.random.default_rng(0)
    example = dict.fromkeys(COLUMNS)
    network = {"signs": [1, -1, 1], "weights": [[0.5, 1.5]] * 3, "biases": [0.1, 0.2, 0.3]}
    network |= {"skip": None, "exact": {k: [str(v) for v in network[k]] for k in network}}
    for at in range(n):
        instance, method = divmod(at // len(OBJECTIVES), METHODS)
        seconds = float(min(LIMIT_S, rng.lognormal(0, 2) * (1 + method)))
        best, done = float(3 + instance % 7), seconds < LIMIT_S
        value = best + float(rng.integers(2)) * (not done)
        bounds = sorted(rng.uniform(0, best, 8))
        trace = [[seconds * (i + 1) / 9, value + 8 - i, d] for i, d in enumerate(bounds)]
        yield example | {
            "schema": store.SCHEMA,
            "run_id": "20260101-000000",
            "task_key": f"{at:016x}",
            "instance": f"planted_n20_d2_k3_s{instance}",
            "instance_sha256": f"{instance:064x}",
            "objective": OBJECTIVES[at % len(OBJECTIVES)],
            "method": f"neuron_big_m[slots={method}]@highs",
            "family": "planted",
            "n_samples": 20,
            "n_features": 2,
            "bound": 10.0,
            "solver": "highs",
            "solver_version": "1.15.1",
            "options": {"slots": method, "start": "construction", "symmetry": "activity"},
            "threads": 1,
            "seed": 0,
            "perm": 0,
            "time_limit_s": LIMIT_S,
            "claimed_termination": "optimal" if done else "time_limit",
            "termination": "optimal" if done else "time_limit",
            "raw_status": "Optimal" if done else "Time limit reached",
            "claimed_primal_bound": value,
            "primal_bound": value,
            "claimed_dual_bound": best if done else bounds[-1],
            "dual_bound": best if done else bounds[-1],
            "evidence": "proof" if done and at % 3 else "claimed",
            "verdict": "ok" if done else "timelimit",
            "exact": True,
            "verified": True,
            "wall_time_s": seconds,
            "node_count": int(seconds * 100),
            "fail_reason": "",
            "machine": "made up",
            "python": "3.11",
            "network": network,
            "trace": trace,
        }


def measure(n: int, folder: Path) -> dict[str, Any]:
    """One line: processor seconds of the commands and functions, and the memory of `table`."""
    with open(folder / store.RUNS, "wb") as file:
        file.writelines(map(store.to_line, made_up(n)))
    line: dict[str, Any] = {"rows": n, "file_mb": (folder / store.RUNS).stat().st_size / 1e6}
    line["status s"], _ = spent_by("status", folder)
    line["table s"], line["table MB"] = spent_by("table", folder)
    begun = time.process_time()
    rows = ms.read_rows(folder)
    line["read_rows s"] = time.process_time() - begun
    for name, function in FUNCTIONS.items():
        begun = time.process_time()
        function(rows)
        line[f"{name} s"] = time.process_time() - begun
    return line


def spent_by(command: str, folder: Path) -> tuple[float, float]:
    """Processor seconds of a command, and the most memory (MB) of it and those before."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    line = [sys.executable, "-m", "milpsparse.cli", command, str(folder)]
    subprocess.run(line, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return seconds, after.ru_maxrss / 1024


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", default="1000,10000,100000")
    parser.add_argument("--out", type=Path, default=Path("results"))
    given = parser.parse_args()
    lines = []
    for n in map(int, given.rows.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            lines.append(measure(n, Path(folder)))
    title = "A store of so many rows: processor seconds of commands and of functions on its frame"
    write(pd.DataFrame(lines), given.out / "tables" / "bench_store", title, "pandas numpy")


if __name__ == "__main__":
    main()
