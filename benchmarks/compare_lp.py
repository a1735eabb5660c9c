"""lp in several inputs: what reweighted l1 finds, the global lp minimum, the sparsest network.

    .venv/bin/python benchmarks/compare_lp.py [--testset lp] [--time 5] [--jobs 2] [--out results]

Runs l1, group l2, reweighted l1 over p and schedules, from one start and from many, global lp, and
the exact l0 on a test set, and goes on where it was interrupted: rows are kept in OUT/compare-lp.
Tables are written from these rows only: tables/lp.md and lp.csv, figures/lp_*.svg.
"""

from __future__ import annotations

import argparse
from pathlib import Path

PS = (0.05, 0.1, 0.25, 0.4, 0.5, 0.7, 0.9)


def main() -> None:
    """Run and write."""
    from compare_lp_run import measure  # not above: each task's process imports this file

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--testset", default="lp")
    parser.add_argument("--time", type=float, default=5.0, help="seconds a run")
    parser.add_argument("--jobs", type=int, default=2, help="runs side by side")
    parser.add_argument("--out", type=Path, default=Path("results"))
    parser.add_argument("--p", type=float, nargs="+", default=PS, help="exponents")
    given = parser.parse_args()
    try:
        paths = measure(given.testset, given.p, given.time, given.jobs, given.out)
    except KeyboardInterrupt:
        parser.exit(130, "interrupted; the same command goes on from here\n")
    print("\n".join(map(str, paths)))


if __name__ == "__main__":
    main()
