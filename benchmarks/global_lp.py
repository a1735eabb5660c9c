"""Global lp on named seeds: value, proved bound, gap, boxes and seconds. A table.

    .venv/bin/python benchmarks/global_lp.py [--time 60] [--sizes 3,1 5,2 6,2] [--seeds 3]

Seconds are those of the search, without compilation, and of the check of its proof after it, by the
processor's clock, too. Instances are taken without their bound B. A row is closed where the check
proves the gap to be at most 1e-6.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import pandas as pd
from _report import write
from tqdm import tqdm

from milpsparse.algorithms import global_lp
from milpsparse.checker import check
from milpsparse.family import generate
from milpsparse.method import Limits
from milpsparse.objective import Objective

SIZES = ((3, 1), (4, 1), (5, 1), (3, 2), (4, 2), (5, 2), (6, 1), (6, 2))
EXPONENTS = (0.5, 0.7, 0.9)


def row(family: str, N: int, d: int, p: float, seed: int, seconds: float) -> dict[str, Any]:
    """One instance, solved and checked."""
    parameters = {"K": 2} if family == "planted" else {}
    instance = generate(family, seed, N=N, d=d, **parameters).replace(bound=None)
    begun, used = time.perf_counter(), time.process_time()
    answer = global_lp.run(instance, Objective("lp", p), Limits(time_limit_s=seconds))
    searched, spent = time.perf_counter(), time.process_time()
    verdict = check(instance, answer)
    return {
        "instance": str(instance.provenance["derived_from"]),
        "N": N,
        "d": d,
        "p": p,
        "value": verdict.primal_bound,
        "bound": verdict.dual_bound,
        "gap": verdict.gap,
        "boxes": answer.node_count,
        "time_s": searched - begun,
        "cpu_s": spent - used,
        "check_s": time.perf_counter() - searched,
        "proof_mb": sum(map(len, answer.proof or ())) / 1e6,
        "evidence": verdict.evidence,
        "termination": str(verdict.termination),
    }


def main() -> None:
    """Run all, then write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--time", type=float, default=60.0, help="seconds an instance")
    parser.add_argument("--seeds", type=int, default=3, help="uniform seeds a size; N = 6: one")
    parser.add_argument("--sizes", nargs="*", help="N,d; default: all")
    parser.add_argument("--out", type=Path, default=Path("results"))
    given = parser.parse_args()
    sizes = [tuple(map(int, size.split(","))) for size in given.sizes or ()] or SIZES
    global_lp.prepare()
    tasks = [
        (family, N, d, p, seed)
        for N, d in sizes
        for family, seeds in (("uniform", given.seeds if N < 6 else 1), ("planted", 1))
        for seed in range(seeds)
        for p in EXPONENTS
    ]
    rows = [row(*task, given.time) for task in tqdm(tasks)]
    title = f"The least lp norm with its proof, {given.time:g} s an instance"
    packages = "numpy numba python-flint highspy"
    write(pd.DataFrame(rows), given.out / "tables" / "bench_global_lp", title, packages)


if __name__ == "__main__":
    main()
