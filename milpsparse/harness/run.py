"""The run: tasks in, checked rows into the store; what is there already is not run again."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from milpsparse import library
from milpsparse.answer import Answer
from milpsparse.errors import BadInput
from milpsparse.harness import store
from milpsparse.harness.progress import Progress
from milpsparse.harness.records import RECORDS, new_run_id, record
from milpsparse.harness.row import Finished, finish
from milpsparse.harness.task import Task
from milpsparse.instance import Instance
from milpsparse.instance_files import read_json
from milpsparse.method import Algorithm
from milpsparse.proofs.verify import read_lines
from milpsparse.proofs.writer import write_proof

RERUN = ("none", "failed", "timeouts", "all")


def missing(tasks: Sequence[Task], folder: Path, rerun: str = "none") -> list[Task]:
    """The tasks that have no row yet, or one that `rerun` says to run again."""
    ended: dict[str, tuple[Any, Any]] = {}
    if (folder / store.RUNS).is_file():
        keys, *words = store.columns(folder, ("task_key", "verdict", "termination")).values()
        ended = dict(zip(keys, zip(*words, strict=True), strict=True))
    return [task for task in tasks if _again(ended.get(task.key), rerun)]


def _again(ended: tuple[Any, Any] | None, rerun: str) -> bool:
    """Whether to run a task whose row has this verdict and termination, if it has one."""
    if ended is None or rerun == "all":
        return True
    verdict, termination = ended
    if termination == "interrupted":  # somebody killed it: it has not ended
        return True
    if rerun == "failed":
        return str(verdict).startswith("fail") or termination == "error"
    return rerun == "timeouts" and termination in ("time_limit", "memory_limit")


def run(
    tasks: Sequence[Task],
    folder: Path,
    *,
    testset: str,
    jobs: int = 1,
    rerun: str = "none",
    scheduler: str | None = None,
    told: Mapping[str, Any] | None = None,
) -> Iterator[dict[str, Any]]:
    """Run what is missing and yield each row once it is on disk.

    The tasks run here, `jobs` side by side, or on the workers of a Dask scheduler: its address, or
    "local" for one of `jobs` workers on this machine. What is `told` goes to the record of the run.

    Closing the iterator, or Ctrl-C, kills the tasks under way; they leave no row, so that the
    same call goes on from there.
    """
    if rerun not in RERUN:
        raise BadInput(f"rerun {rerun}: one of {', '.join(RERUN)}")
    run_id = new_run_id()
    with store.Writer(folder) as writer:
        todo = missing(tasks, folder, rerun)
        _write_plan(folder, tasks, testset, jobs)
        _keep_instances(folder, tasks)
        for rule in {task.method.rule_name: task.method.rule for task in todo}.values():
            if isinstance(rule, Algorithm):
                rule.prepare()
        for part in ("logs", "proofs"):
            (folder / part).mkdir(exist_ok=True)
        if todo:
            line = record(run_id, todo, {"testset": testset, "jobs": jobs, **(told or {})})
            store.append_line(folder / RECORDS, line)
        progress = Progress(folder, run_id, jobs)
        try:
            for done in _finished(todo, folder, run_id, jobs, scheduler, progress):
                proof = store.proof_file(folder, done.row["task_key"])
                proof.unlink(missing_ok=True)  # that of an earlier run is none of this answer
                if done.proof is not None:
                    write_proof(done.proof, proof)
                writer.append(done.row)
                yield done.row
        finally:
            progress.close()


def _finished(
    tasks: Sequence[Task],
    folder: Path,
    run_id: str,
    jobs: int,
    scheduler: str | None,
    progress: Progress,
) -> Iterator[Finished]:
    if scheduler is None:
        return _side_by_side(tasks, folder, run_id, jobs, progress)
    from milpsparse.harness import cluster

    return cluster.finished(tasks, folder, run_id, jobs, scheduler, progress)


def _side_by_side(
    tasks: Sequence[Task], folder: Path, run_id: str, jobs: int, progress: Progress
) -> Iterator[Finished]:
    """Rows as they come from `jobs` workers."""
    stop = threading.Event()
    results: queue.Queue[Any] = queue.Queue()

    def work(task: Task) -> None:
        if stop.is_set():
            return
        try:
            progress.begin(task)
            results.put(finish(task, run_id, store.log_file(folder, task.key), stop))
            progress.end(task)
        except BaseException as error:
            results.put(error)

    with ThreadPoolExecutor(max_workers=jobs) as pool:
        try:
            for task in tasks:
                pool.submit(work, task)
            for _ in tasks:
                done = results.get()
                if isinstance(done, BaseException):
                    raise done
                if done is not None:
                    yield done
        finally:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)


def answer_of(row: dict[str, Any], folder: Path) -> Answer:
    """The answer that a stored row holds, with its proof, to be checked again."""
    from milpsparse.answer import from_json

    proof = store.proof_file(folder, row["task_key"])

    claims = ("claimed_primal_bound", "claimed_dual_bound")
    data = {
        **row,
        **{name: None if row[name] is None else float(row[name]) for name in claims},
        "termination": row["claimed_termination"],
        "dual_bound_scope": row["claimed_dual_bound_scope"],
        "proof": list(read_lines(proof)) if proof.is_file() else None,
    }
    return from_json(data, row["n_features"])


def instance_of(row: dict[str, Any], folder: Path) -> Instance:
    """The instance that a row is about, kept by the run or the library's; its hash must agree."""
    kept = store.instance_file(folder, row["instance_sha256"])
    instance = read_json(kept) if kept.is_file() else library.load(row["instance"])
    if instance.sha256 != row["instance_sha256"]:
        raise BadInput(f"{row['instance']} has changed since the row was written: its hash differs")
    return instance


def _keep_instances(folder: Path, tasks: Sequence[Task]) -> None:
    """Copy the instances that are not the library's, so that their rows can be checked again."""
    known = library.index()["instances"]
    for instance in {task.instance.sha256: task.instance for task in tasks}.values():
        if known.get(instance.name, {}).get("sha256") != instance.sha256:
            store.keep_instance(folder, instance)


def _write_plan(folder: Path, tasks: Sequence[Task], testset: str, jobs: int) -> None:
    plan = {
        "testset": testset,
        "instances": list(dict.fromkeys(task.instance.name for task in tasks)),
        "limits": sorted({task.time_limit_s for task in tasks}),
        "keys": [task.key for task in tasks],
        "jobs": jobs,
        "began": time.time(),
    }
    store.write_atomically(folder / store.PLAN, json.dumps(plan).encode())
