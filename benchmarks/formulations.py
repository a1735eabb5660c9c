"""Every formulation of sparsest interpolation, side by side: strength, speed, and what B does.

    .venv/bin/python benchmarks/formulations.py [--time 2] [--jobs 2] [--out results]
                                                [--only published neuron_fixed_width --as NAME]

Runs the test set `formulations` and goes on where it was interrupted: rows are kept in
OUT/formulations/, of every time limit apart. Then the solved runs are repeated with twice their B,
and every formulation is audited around the network that it found.

Formulations are the Pyomo models of the folder models/, on HiGHS, or on SCIP where HiGHS cannot
take them. Each gets a multistart network, whose search counts as its time, to size it and to start
from; only the published one is run as published too: K = N slots and no start. `witness_points`
wraps a formulation: it sees few of the points, which grow by those that its network misses.

Solved means that the method ends in time (5 % late at most), says that its value is optimal, and
the check does not disagree. Unsolved runs, refused ones among them, are charged the limit, in PAR10
ten limits.
"""

from __future__ import annotations

import argparse
from pathlib import Path

OBJECTIVES = ("neurons", "parameters")


def main() -> None:
    """Run, audit and write."""
    from formulations_run import (
        TESTSET,
        measure,
    )  # not above: each task's process imports this file

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--time", type=float, default=2.0, help="seconds a run")
    parser.add_argument("--jobs", type=int, default=2, help="runs side by side")
    parser.add_argument("--out", type=Path, default=Path("results"))
    parser.add_argument("--objectives", nargs="+", default=OBJECTIVES, choices=OBJECTIVES)
    parser.add_argument("--testset", default=TESTSET, help="another one, to try things out")
    parser.add_argument("--only", nargs="+", help="formulations by the names in the tables")
    parser.add_argument("--as", dest="name", default="formulations", help="name of the tables")
    given = parser.parse_args()
    what = (given.testset, given.objectives, given.only)
    try:
        paths = measure(*what, given.time, given.jobs, given.out, given.name)
    except KeyboardInterrupt:
        parser.exit(130, "interrupted; the same command goes on from here\n")
    print("\n".join(map(str, paths)))


if __name__ == "__main__":
    main()
