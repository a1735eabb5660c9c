"""The runs of the benchmark of formulations: with B, and the solved ones with twice B."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import formulations_tables as tables
import pandas as pd
from formulations_audit import PACE_S, audited
from tqdm import tqdm

from milpsparse import registry
from milpsparse.analysis.rows import frame
from milpsparse.audit import changes
from milpsparse.errors import NotAvailable
from milpsparse.harness import run, store
from milpsparse.harness.task import Task, plan
from milpsparse.naming import parse_method
from milpsparse.objective import parse_objective

TESTSET = "formulations"
VARIED = {"neuron_gdp": "transformation", "neuron_big_m": "big_m"}  # all choices are run
WRAPPED = ("neuron_big_m", "neuron_perspective", "neuron_fixed_width")  # on witness points


def formulations() -> list[str]:
    """The published model, every model that can run here, and witness points around some."""
    found = [tables.PUBLISHED]
    for name in registry.names("models"):
        model = registry.load("models", name)
        if model.framework != "pyomo":
            continue
        option = VARIED.get(name, "start")
        choices = model.options[option].choices if option in model.options else ()
        given = [f"{option}={choice},start=multistart" for choice in choices] or [
            "start=multistart"
        ]
        try:
            found += [parse_method(f"{name}[{options}]").name for options in given]
        except NotAvailable as error:
            print(f"left out: {name}: {error}")
    wrapped = [name for name in WRAPPED if name in registry.names("models")]
    return found + [f"witness_points[model={name}]" for name in wrapped]


def rows_of(tasks: Sequence[Task], folder: Path, jobs: int, what: str) -> pd.DataFrame:
    """Run the tasks that have no row yet; the rows of all."""
    missing = len(run.missing(tasks, folder))
    rows = run.run(tasks, folder, testset=TESTSET, jobs=jobs)
    bar = tqdm(rows, what, missing, unit="run", mininterval=PACE_S)
    for row in bar:
        bar.set_postfix_str(row["instance"], refresh=False)
    stored = store.latest(folder)
    return tables.told(frame([stored[task.key] for task in tasks]))


def doubled(tasks: Iterable[Task], solved: set[str]) -> Iterator[tuple[str, Task]]:
    """The solved tasks again with 2 B, by the key of the first."""
    for task in tasks:
        if task.key in solved:
            inst = task.instance
            wide = inst.replace(
                bound=2 * float(inst.bound or 0),
                count_bias=inst.count_bias,
                name=f"{inst.name}_2b",
            )
            yield task.key, Task(**{**vars_of(task), "instance": wide})


def vars_of(task: Task) -> dict[str, Any]:
    """The fields of a task."""
    return {name: getattr(task, name) for name in Task.__dataclass_fields__}


def with_doubling(rows: pd.DataFrame, first: Sequence[str], wide: pd.DataFrame) -> pd.DataFrame:
    """The column `doubling`: whether the optimum with 2 B is another; None if left open."""
    bounds = ["primal_bound", "dual_bound"]
    at = rows.set_index("task_key")
    found: dict[str, bool | None] = {}
    for key, (value, lower) in zip(first, wide[bounds].to_numpy(object), strict=True):
        own = at.loc[key, bounds]
        numbers = [None if pd.isna(v) else float(v) for v in (*own, value, lower)]
        found[key] = changes(*numbers, parse_objective(str(at.loc[key, "objective"])))
    return rows.assign(doubling=rows["task_key"].map(found))


def measure(
    testset: str,
    objectives: Sequence[str],
    only: Sequence[str] | None,
    limit: float,
    jobs: int,
    out: Path,
    name: str,
) -> list[Path]:
    """Run what is missing, audit, and write; the paths of tables and figure."""
    folder, methods = out / "formulations" / f"{limit:g}s", formulations()
    methods = [method for method in methods if only is None or tables.label(method) in only]
    tasks = plan(testset, methods, objectives, time_limit_s=limit)
    rows = rows_of(tasks, folder, jobs, "runs")
    again = list(doubled(tasks, tables.solved_keys(rows)))
    wide = rows_of([task for _, task in again], folder, jobs, "twice B")
    rows = with_doubling(rows, [key for key, _ in again], wide)
    facts = audited(tasks, folder, jobs, limit)
    audit = pd.DataFrame([facts.get(key, {}) for key in rows["task_key"]], index=rows.index)
    rows[tables.AUDIT] = audit.reindex(columns=tables.AUDIT)
    return tables.write(rows, methods, out, name)
