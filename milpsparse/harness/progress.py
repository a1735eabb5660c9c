"""What a run is doing now, for other shells: running.json while it runs, and what `status` says."""

from __future__ import annotations

import json
import os
import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

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
    plan, alive = store.read_plan(folder), store.is_written(folder)
    run = _read(folder / RUNNING) if alive else None
    rows = store.columns(folder, COLUMNS)
    keys = plan.get("keys") or rows["task_key"]
    wanted = dict.fromkeys(keys)
    at = [i for i, key in enumerate(rows["task_key"]) if key in wanted]
    ended = Counter(str(rows["termination"][i]) for i in at)
    interrupted = ended.pop("interrupted", 0)  # these will run again
    done, total = len(at) - interrupted, len(wanted)
    jobs = run.jobs if run else plan.get("jobs", 1)
    spent = [float(rows["wall_time_s"][i] or 0.0) for i in at]
    here = 0 if run is None else sum(rows["run_id"][i] == run.run_id for i in at)
    now = time.time()
    pace = None  # seconds a task
    if run and here:
        pace = (now - run.began) / here
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
        running=[(task.task, now - task.since) for task in run.tasks] if run else [],
        left_s=None if pace is None else pace * (total - done),
    )


class _Task(msgspec.Struct):
    task: str
    since: float


class _Run(msgspec.Struct):
    """What running.json holds."""

    run_id: str
    jobs: int
    began: float
    tasks: list[_Task]


def _read(path: Path) -> _Run | None:
    """What the run says of itself; None where that is not to be read."""
    try:
        run = msgspec.json.decode(path.read_bytes(), type=_Run)
    except (OSError, ValueError, RecursionError):
        return None
    return run if 1 <= run.jobs <= 10**6 else None
