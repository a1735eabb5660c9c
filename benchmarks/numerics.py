"""Claims that solvers make at default tolerances, and that the exact check refutes.

Runs MIP solvers on data made to be numerically hard (near duplicates, bad scaling, knots beside
points, large B), and lists every claim that does not hold: a network that misses the data or breaks
B, one below a proved bound, a lower bound above a verified network, "infeasible". The instances on
which there is such a claim are the test set `numerics`.

    make numerics      # about half an hour on two cores; resumes
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from milpsparse import library
from milpsparse.analysis.rows import frame
from milpsparse.errors import NotAvailable
from milpsparse.harness import run, store
from milpsparse.harness.contradictions import contradictions
from milpsparse.harness.task import plan
from milpsparse.naming import parse_method

MODELS = ("neuron_big_m", "neuron_mccormick")
SOLVERS = ("highs", "scip", "cbc", "glpk")
CONVEX = ("pattern_l1@highs", "pattern_l1@clarabel", "pattern_group_l2@clarabel")
FAMILIES = ("near_duplicates", "badly_scaled")
LARGEST = 24  # points up to which the models are run
WITHIN = "within tolerance only"


def candidates() -> list[str]:
    """Instances of the numerically hard families, and planted ones with a margin."""
    found = []
    for name, entry in library.index()["instances"].items():
        hard = entry["family"] in FAMILIES or entry["params"].get("margin")
        if hard and entry["features"]["n_samples"] <= LARGEST:
            found.append(name)
    return found


def methods() -> list[str]:
    """Every model with every solver that is here; what is missing is said."""
    found = []
    for name in (*(f"{model}@{solver}" for solver in SOLVERS for model in MODELS), *CONVEX):
        if reason := parse_method(name).missing():
            print(f"left out: {name}: {reason}")
        else:
            found.append(name)
    return found


def refuted(rows: dict[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Rows whose claim does not hold, each with what refutes it."""
    clashes = contradictions(rows.values())
    for key, row in rows.items():
        verdict, reason = row["verdict"], row["fail_reason"]
        if key in clashes:
            verdict, reason = clashes[key]
        elif not verdict.startswith("fail_") and not reason.startswith(WITHIN):
            continue
        if verdict in ("fail_abort", "fail_readerror"):
            continue  # no claim at all
        yield {
            "instance": row["instance"],
            "objective": row["objective"],
            "method": row["method"],
            "version": row["solver_version"],
            "says": row["claimed_termination"],
            "value": row["claimed_primal_bound"],
            "lower": row["claimed_dual_bound"],
            "refuted": verdict.replace("unknown", "below a proved bound"),
            "by": reason,
        }


def write(found: list[dict[str, Any]], rows: dict[str, dict[str, Any]], out: Path) -> None:
    """Write the table and the test set."""
    table = pd.DataFrame(found).sort_values(["instance", "objective", "method"])
    folder = out / "tables"
    folder.mkdir(parents=True, exist_ok=True)
    table.to_csv(folder / "numerics.csv", index=False)
    told = frame(rows.values())
    asked = told.groupby(["method", "solver_version"]).size().rename("runs")
    wrong = table.groupby(["method", "version"]).size().rename("refuted")
    wrong.index.names = asked.index.names
    counts = pd.concat([asked, wrong], axis=1).fillna(0).astype(int).reset_index()
    names = sorted(set(table["instance"]))
    parts = [
        "# Claims refuted by the exact check",
        f"{len(found)} of {len(rows)} runs end in a claim that does not hold, on {len(names)} "
        f"instances: the test set `numerics`. Default tolerances, {told['time_limit_s'].iloc[0]:g} "
        "s a run. Written by `make numerics`.",
        counts.to_markdown(index=False),
        "## Claims",
        table.to_markdown(index=False, floatfmt=".6g"),
    ]
    (folder / "numerics.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    head = "# A named solver claims on each what the exact check refutes: benchmarks/numerics.py.\n"
    target = library.FOLDER / "testsets" / "numerics.test"
    target.write_text(head + "".join(f"{name}\n" for name in names), encoding="utf-8")
    print(f"{len(found)} refuted claims on {len(names)} instances: {folder / 'numerics.md'}")


def main() -> None:
    """Run what is missing; write the table and the test set."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--time", type=float, default=10.0, help="seconds a run")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("results"))
    options = parser.parse_args()
    names = options.out / "numerics" / "candidates.test"
    names.parent.mkdir(parents=True, exist_ok=True)
    names.write_text("".join(f"{name}\n" for name in candidates()), encoding="utf-8")
    goals, limits = ("neurons", "l1", "group_l2"), {"time_limit_s": options.time}
    try:
        tasks = plan(str(names), methods(), goals, **limits)
    except NotAvailable as error:
        raise SystemExit(f"error: {error}") from None
    left = len(run.missing(tasks, names.parent))
    done = run.run(tasks, names.parent, testset=str(names), jobs=options.jobs)
    for _ in tqdm(done, total=left, unit="run", mininterval=15.0):
        pass
    stored = store.latest(names.parent)
    rows = {task.key: stored[task.key] for task in tasks}
    write(list(refuted(rows)), rows, options.out)


if __name__ == "__main__":
    main()
