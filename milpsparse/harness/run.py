"""The run: tasks in, checked rows into the store; what is there already is not run again."""

from __future__ import annotations

import json
import math
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from milpsparse import checker, library
from milpsparse.answer import Answer
from milpsparse.checker import Verdict
from milpsparse.errors import BadInput
from milpsparse.harness import store
from milpsparse.harness.machine import provenance
from milpsparse.harness.task import Task
from milpsparse.harness.worker import Outcome, run_isolated
from milpsparse.instance import Instance
from milpsparse.instance_files import read_json, to_json
from milpsparse.method import Algorithm
from milpsparse.proofs.verify import read_lines
from milpsparse.proofs.writer import write_proof

RERUN = ("none", "failed", "timeouts", "all")


def missing(tasks: Sequence[Task], folder: Path, rerun: str = "none") -> list[Task]:
    """The tasks that have no row yet, or one that `rerun` says to run again."""
    rows = store.latest(folder) if (folder / store.RUNS).is_file() else {}
    return [task for task in tasks if _again(rows.get(task.key), rerun)]


def _again(row: dict[str, Any] | None, rerun: str) -> bool:
    if row is None or rerun == "all":
        return True
    if rerun == "failed":
        return str(row["verdict"]).startswith("fail") or row["termination"] == "error"
    return rerun == "timeouts" and row["termination"] in ("time_limit", "memory_limit")


def run(
    tasks: Sequence[Task], folder: Path, *, testset: str, jobs: int = 1, rerun: str = "none"
) -> Iterator[dict[str, Any]]:
    """Run what is missing and yield each row once it is on disk.

    Closing the iterator, or Ctrl-C, kills the tasks under way; they leave no row, so that the
    same call goes on from there.
    """
    if rerun not in RERUN:
        raise BadInput(f"rerun {rerun}: one of {', '.join(RERUN)}")
    with store.Writer(folder) as writer:
        todo = missing(tasks, folder, rerun)
        _write_plan(folder, tasks, testset)
        _keep_instances(folder, tasks)
        for rule in {task.method.rule_name: task.method.rule for task in todo}.values():
            if isinstance(rule, Algorithm):
                rule.prepare()
        for part in ("logs", "proofs"):
            (folder / part).mkdir(exist_ok=True)
        for row in _finished(todo, folder, jobs):
            writer.append(row)
            yield row


def _finished(tasks: Sequence[Task], folder: Path, jobs: int) -> Iterator[dict[str, Any]]:
    """Rows as they come from `jobs` workers."""
    stop = threading.Event()
    done: queue.Queue[Any] = queue.Queue()
    run_id = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")

    def work(task: Task) -> None:
        try:
            done.put(None if stop.is_set() else _row(task, folder, run_id, stop))
        except BaseException as error:
            done.put(error)

    with ThreadPoolExecutor(max_workers=jobs) as pool:
        try:
            for task in tasks:
                pool.submit(work, task)
            for _ in tasks:
                row = done.get()
                if isinstance(row, BaseException):
                    raise row
                if row is not None:
                    yield row
        finally:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)


def _row(task: Task, folder: Path, run_id: str, stop: threading.Event) -> dict[str, Any] | None:
    """Run and check one task; the check reads only the instance and what came through the pipe."""
    log = folder / "logs" / f"{task.key}.log"
    started = datetime.now(UTC)
    outcome = run_isolated(task, log, stop)
    if log.is_file() and log.stat().st_size == 0:
        log.unlink()
    if outcome is None:
        return None
    proof = store.proof_file(folder, task.key)
    proof.unlink(missing_ok=True)  # that of an earlier run is none of this answer
    if outcome.answer.proof is not None:
        write_proof(outcome.answer.proof, proof)
    begun = time.monotonic()
    verdict = checker.check(task.instance, outcome.answer)
    return {
        "schema": store.SCHEMA,
        "run_id": run_id,
        **task.columns(),
        **_claimed(outcome),
        **checked_columns(verdict, time.monotonic() - begun),
        "network": None if outcome.answer.network is None else outcome.answer.network.to_json(),
        "stats": dict(outcome.answer.stats),
        "trace": outcome.answer.trace,
        **provenance(),
        "started": started.isoformat(timespec="seconds"),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _claimed(outcome: Outcome) -> dict[str, Any]:
    """The columns that the method says, and those measured from outside."""
    answer = outcome.answer
    return {
        "claimed_termination": str(answer.termination),
        "raw_status": answer.raw_status,
        "claimed_primal_bound": _storable(answer.claimed_primal_bound),
        "claimed_dual_bound": _storable(answer.claimed_dual_bound),
        "claimed_dual_bound_scope": answer.dual_bound_scope,
        "bound_used": answer.bound_used,
        "node_count": answer.node_count,
        "n_rows": answer.n_rows,
        "n_cols": answer.n_cols,
        "n_binaries": answer.n_binaries,
        "n_nonzeros": answer.n_nonzeros,
        "build_time_s": answer.build_time_s,
        "solve_time_s": answer.solve_time_s,
        "wall_time_s": outcome.wall_time_s,
        "cpu_time_s": outcome.cpu_time_s,
        "peak_memory_mb": outcome.peak_memory_mb,
        "exit_code": outcome.exit_code,
        "killed_by": outcome.killed_by,
    }


def _storable(claim: float | None) -> float | str | None:
    """A claim that JSON can hold: what is no finite number is kept as text, not forgotten."""
    return claim if claim is None or math.isfinite(claim) else str(claim)


def checked_columns(verdict: Verdict, seconds: float) -> dict[str, Any]:
    """The checked part of a row."""
    return {"check_time_s": seconds, **verdict.to_json()}


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
            path = store.instance_file(folder, instance.sha256)
            path.parent.mkdir(exist_ok=True)
            store.write_atomically(path, to_json(instance).encode())


def _write_plan(folder: Path, tasks: Sequence[Task], testset: str) -> None:
    plan = {
        "testset": testset,
        "instances": list(dict.fromkeys(task.instance.name for task in tasks)),
        "limits": sorted({task.time_limit_s for task in tasks}),
        "keys": [task.key for task in tasks],
        "began": time.time(),
    }
    store.write_atomically(folder / store.PLAN, json.dumps(plan).encode())
