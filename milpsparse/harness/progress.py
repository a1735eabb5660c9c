"""What a run is doing now, for other shells: running.json while it runs, and what `status` says."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from milpsparse.harness import store
from milpsparse.harness.task import Task

RUNNING = "running.json"
COLUMNS = ("task_key", "run_id", "termination", "verdict", "wall_time_s")


class Progress:
    """The tasks under way, written to the folder whenever they change; gone when the run ends."""

    def __init__(self, folder: Path, run_id: str, jobs: int) -> None:
        self._path = folder / RUNNING
        self._lock = threading.Lock()
        self._tasks: dict[str, dict[str, Any]] = {}
        self._run = {"run_id": run_id, "jobs": jobs, "began": time.time(), "pid": os.getpid()}
        self._write()

    def begin(self, task: Task) -> None:
        """A task starts."""
        with self._lock:
            self._tasks[task.key] = _words(task) | {"since": time.time()}
            self._write()

    def end(self, task: Task) -> None:
        """It has ended."""
        with self._lock:
            self._tasks.pop(task.key, None)
            self._write()

    def are(self, tasks: Iterable[Task], jobs: int) -> None:
        """These are under way, on so many workers, as somebody else tells."""
        with self._lock:
            before, self._run["jobs"] = self._tasks, jobs
            now = {"since": time.time()}
            self._tasks = {t.key: before.get(t.key, _words(t) | now) for t in tasks}
            self._write()

    def close(self) -> None:
        """The run has ended."""
        self._path.unlink(missing_ok=True)

    def _write(self) -> None:
        """Not waiting for the disk: after a crash nothing runs."""
        part = self._path.with_suffix(".part")
        part.write_text(json.dumps({**self._run, "tasks": list(self._tasks.values())}))
        os.replace(part, self._path)


def _words(task: Task) -> dict[str, Any]:
    axes = [f"{name} {at}" for name, at in (("seed", task.seed), ("perm", task.perm)) if at]
    return {"task": ", ".join([task.instance.name, str(task.objective), task.method.name, *axes])}


@dataclass(frozen=True, kw_only=True)
class Status:
    """How far the last run of a folder is."""

    testset: str
    total: int
    done: int
    ended: dict[str, int]  # tasks by termination
    failed: int
    is_running: bool
    jobs: int
    running: list[tuple[str, float]]  # task and seconds since its start
    left_s: float | None  # None where nothing tells

    @property
    def left(self) -> int:
        """Tasks without a row."""
        return self.total - self.done


def status(folder: Path) -> Status:
    """The state of a folder from its plan, its rows and what its run says of itself.

    Raises
    ------
    BadInput
        No results there, or rows that this version cannot read.
    """
    plan, run = store.read_plan(folder), _read(folder / RUNNING)
    alive = store.is_written(folder)
    run = run if alive else {}
    rows = store.columns(folder, COLUMNS)
    keys = plan.get("keys") or rows["task_key"]
    wanted = dict.fromkeys(keys)
    at = [i for i, key in enumerate(rows["task_key"]) if key in wanted]
    ended = Counter(str(rows["termination"][i]) for i in at)
    interrupted = ended.pop("interrupted", 0)  # these will run again
    done, total = len(at) - interrupted, len(wanted)
    jobs = run.get("jobs") or plan.get("jobs") or 1
    spent = [rows["wall_time_s"][i] or 0.0 for i in at]
    here = sum(rows["run_id"][i] == run.get("run_id") for i in at)
    now = time.time()
    pace = None  # seconds a task
    if alive and here and "began" in run:
        pace = (now - run["began"]) / here
    elif spent:
        pace = sum(spent) / len(spent) / jobs
    return Status(
        testset=str(plan.get("testset", "(no plan)")),
        total=total,
        done=done,
        ended=dict(sorted(ended.items())),
        failed=sum(str(rows["verdict"][i]).startswith("fail") for i in at),
        is_running=alive,
        jobs=jobs,
        running=[(task["task"], now - task["since"]) for task in run.get("tasks", [])],
        left_s=None if pace is None else pace * (total - done),
    )


def _read(path: Path) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError, RecursionError):
        found = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(found, dict):
            return found
    return {}
