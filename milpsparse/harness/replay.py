"""One stored task again: rebuilt from its row, run and checked as then, and put beside it."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from milpsparse.errors import BadInput
from milpsparse.harness import store
from milpsparse.harness.records import new_run_id
from milpsparse.harness.row import finish
from milpsparse.harness.run import instance_of
from milpsparse.harness.task import Task
from milpsparse.naming import parse_method
from milpsparse.objective import parse_objective

RESULTS = """
verdict termination primal_bound dual_bound evidence exact n_neurons n_parameters
claimed_primal_bound claimed_dual_bound raw_status node_count
""".split()
MUST_AGREE = ("verdict", "termination", "primal_bound", "dual_bound", "evidence", "exact")
CIRCUMSTANCES = """
wall_time_s cpu_time_s peak_memory_mb task_key solver_version options threads seed perm
time_limit_s memory_limit_mb host machine python git_sha started
""".split()


@dataclass(frozen=True)
class Replay:
    """A stored row and that of the same task run now."""

    stored: Mapping[str, Any]
    now: Mapping[str, Any]

    @property
    def differences(self) -> list[str]:
        """Columns of the result that must agree, but do not."""
        return [name for name in MUST_AGREE if self.stored.get(name) != self.now.get(name)]


def replay(folder: Path, prefix: str) -> Replay:
    """Run the task whose key begins so; the store stays as it is.

    Raises
    ------
    BadInput, UnknownName, NotAvailable
        No such task or several, an instance that has changed, or a method that is not here.
    """
    stored = find(folder, prefix)
    task = task_of(stored, folder)
    with tempfile.TemporaryDirectory() as scratch:
        done = finish(task, new_run_id(), Path(scratch) / "log", threading.Event())
    assert done is not None  # nobody stops it
    return Replay(stored, done.row)


def find(folder: Path, prefix: str) -> dict[str, Any]:
    """The row of the one task whose key begins so."""
    rows = store.latest(folder)
    found = [key for key in rows if key.startswith(prefix)]
    if len(found) != 1:
        what = f"{len(found)} tasks" if found else "no task"
        keys = ", ".join((found or list(rows))[:3])
        listed = f": {keys}, ..." if keys else ", and no rows yet"
        raise BadInput(f"{folder} has {what} with a key that begins with '{prefix}'{listed}")
    return rows[found[0]]


def task_of(row: Mapping[str, Any], folder: Path) -> Task:
    """The task of a stored row."""
    try:
        return Task(
            instance=instance_of(dict(row), folder),
            objective=parse_objective(row["objective"]),
            method=parse_method(row["method"]),
            time_limit_s=float(row["time_limit_s"]),
            memory_limit_mb=row["memory_limit_mb"],
            threads=int(row["threads"]),
            seed=int(row["seed"]),
            perm=int(row["perm"]),
            bound=row.get("bound_rule") or "auto",
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"the row does not tell its task: {error!r}") from None
