"""The runs of the comparison of lp norms, and what each network is worth at every p."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import compare_lp_tables as tables
import pandas as pd
from tqdm import tqdm

from milpsparse import registry
from milpsparse.analysis.rows import frame
from milpsparse.harness import run, store
from milpsparse.harness.task import Task, plan
from milpsparse.network import from_json
from milpsparse.reweighting.schedules import SCHEDULES

STARTS = 20
SPARSEST = ("activation_search", "univariate", "multistart", "coordinate_start")
PACE_S = 0.5 if sys.stderr.isatty() else 15.0  # logs get a line now and then


def tasks_of(testset: str, ps: Sequence[float], limit: float) -> list[Task]:
    """Norms that know no p, then every method for lp at every p, then the fewest parameters."""
    lp = [f"reweighted_l1[schedule={schedule}]" for schedule in SCHEDULES]
    lp += [f"reweighted_l1[starts={STARTS}]", "univariate"]
    lp += [name for name in ("global_lp",) if name in registry.names("algorithms")]
    goals = [f"lp:{p!r}" for p in ps]
    return [
        *plan(testset, ["pattern_l1"], ["l1"], time_limit_s=limit),
        *plan(testset, ["pattern_group_l2@clarabel"], ["group_l2"], time_limit_s=limit),
        *plan(testset, lp, goals, time_limit_s=limit),
        *plan(testset, SPARSEST, ["parameters"], time_limit_s=2 * limit),
    ]


def measure(testset: str, ps: Sequence[float], limit: float, jobs: int, out: Path) -> list[Path]:
    """Run what is missing, and write; the paths of tables and figures."""
    folder, tasks = out / "compare-lp", tasks_of(testset, ps, limit)
    missing = len(run.missing(tasks, folder))
    bar = tqdm(
        run.run(tasks, folder, testset=testset, jobs=jobs),
        "runs",
        missing,
        unit="run",
        mininterval=PACE_S,
    )
    for row in bar:
        bar.set_postfix_str(row["instance"], refresh=False)
    stored = store.latest(folder)
    rows = [stored[task.key] for task in tasks]
    return tables.write(frame(rows), pd.DataFrame(_values(rows, ps)), out)


def _values(rows: Sequence[dict[str, Any]], ps: Sequence[float]) -> Iterator[dict[str, Any]]:
    """One line a row and p: what its network is worth there. l1 and group l2 count at every p."""
    theory = {row["instance"] for row in rows if _told(row) and row["method"] == "univariate"}
    for row in rows:
        own = row["objective"].removeprefix("lp:")
        every = row["objective"] in ("l1", "group_l2")
        if not _told(row) or (row["method"] == "global_lp" and row["instance"] in theory):
            continue
        network = None
        if row.get("network") and (row["verified"] or row["exact"]):  # lp knows no B
            network = from_json(row["network"], row["n_features"]).best
        for p in ps if every else [float(own)]:
            found = network is not None
            yield {
                "instance": row["instance"],
                "method": tables.label(row),
                "p": p,
                "value": network.path_norm(p, row["count_bias"]) if found else None,
                "parameters": network.n_parameters(row["count_bias"]) if found else None,
                "fits": found and row["primal_bound"] is not None,
                "bound": None if every else row["dual_bound"],
                "optimal": not every and row["termination"] == "optimal" and row["exact"],
                "seconds": row["wall_time_s"],
            }


def _told(row: dict[str, Any]) -> bool:
    """Whether a row tells of a norm."""
    return row["termination"] != "not_available" and row["objective"] != "parameters"
