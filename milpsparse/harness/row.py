"""A row: one task run, its answer checked, both with what was measured from outside."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from milpsparse import checker
from milpsparse.checker import Verdict
from milpsparse.harness import store
from milpsparse.harness.isolation import thread_variables
from milpsparse.harness.machine import provenance
from milpsparse.harness.task import Task
from milpsparse.harness.worker import Outcome, run_isolated


@dataclass(frozen=True)
class Finished:
    """A row, and the lines of the proof that came with the answer, for a file of their own."""

    row: dict[str, Any]
    proof: Sequence[str] | None = None


def finish(task: Task, run_id: str, log: Path, stop: threading.Event) -> Finished | None:
    """Run and check one task; None when `stop` was set first.

    The check reads only the instance and what came through the pipe.
    """
    started = datetime.now(UTC)
    outcome = run_isolated(task, log, stop)
    if log.is_file() and log.stat().st_size == 0:
        log.unlink()
    if outcome is None:
        return None
    begun = time.monotonic()
    verdict = checker.check(task.instance, outcome.answer)
    row = {
        "schema": store.SCHEMA,
        "run_id": run_id,
        **task.columns(),
        "environment": thread_variables(task.threads),
        **_claimed(outcome),
        **checked_columns(verdict, time.monotonic() - begun),
        "network": None if outcome.answer.network is None else outcome.answer.network.to_json(),
        "stats": dict(outcome.answer.stats),
        "trace": outcome.answer.trace,
        **provenance(),
        "started": started.isoformat(timespec="seconds"),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    return Finished(row, outcome.answer.proof)


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
