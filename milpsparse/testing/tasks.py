"""Tasks that the kit runs as the harness does: a row each."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from milpsparse.analysis.rows import COLUMNS
from milpsparse.harness import store
from milpsparse.harness.run import run
from milpsparse.harness.task import Task
from milpsparse.method import Method
from milpsparse.naming import parse_method
from milpsparse.objective import parse_objective
from milpsparse.testing.cases import cases
from milpsparse.testing.kit import Skipped, require

ON = {"pyomo": ("neuron_big_m", "neurons"), "cvxpy": ("pattern_l1", "l1")}
SECONDS = 20.0


def solver_row(name: str, framework: str) -> dict[str, Any]:
    """The row of a model of this framework, solved by the solver of this name."""
    model, objective = ON[framework]
    return method_row(parse_method(f"{model}@{name}"), objective)


def method_row(method: Method, objective: str) -> dict[str, Any]:
    """The row of a tiny task, as it is on disk; every column is there."""
    goal = parse_objective(objective)
    for instance in (case.instance for case in cases()):
        if method.rule.refuses(instance, goal, method.options) is None:
            break
    else:
        raise Skipped("it refuses all of the kit's instances")
    task = Task(instance=instance, objective=goal, method=method, time_limit_s=SECONDS)
    with tempfile.TemporaryDirectory() as folder:
        (row,) = run([task], Path(folder), testset="conformance")
        kept = store.latest(Path(folder))[task.key]
    missing = set(COLUMNS) - kept.keys()
    require(not missing, f"the row has no {', '.join(sorted(missing))}")
    require(kept == json.loads(store.to_line(row)), "the row on disk is another one")
    return kept
