"""One task in isolation: whatever the method does, there is an outcome that says what happened."""

from __future__ import annotations

import json
import os
import signal
import threading
import traceback
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from milpsparse.answer import UNREADABLE, Answer, Termination, from_json
from milpsparse.errors import MilpsparseError
from milpsparse.execute import execute
from milpsparse.harness.isolation import Ended, isolated, signal_name
from milpsparse.harness.task import Task
from milpsparse.method import Limits
from milpsparse.permuted import order, permuted, restored

LIMITS = ("time_limit", "memory_limit")
LAST_WORDS = 4096  # bytes of a log


def grace_s(time_limit_s: float) -> float:
    """Time given beyond the limit before the kill: solvers look at their clocks now and then."""
    return max(5.0, 0.05 * time_limit_s)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """An answer, or why there is none, and what was measured from outside."""

    answer: Answer
    wall_time_s: float
    cpu_time_s: float | None = None
    peak_memory_mb: float | None = None
    exit_code: int | None = None
    killed_by: str | None = None


def run_isolated(task: Task, log: Path | None, stop: threading.Event) -> Outcome | None:
    """Run a task in its own process; None when `stop` was set first (the process is killed)."""
    ended = isolated(
        _answer,
        task,
        seconds=task.time_limit_s + grace_s(task.time_limit_s),
        memory_limit_mb=task.memory_limit_mb,
        threads=task.threads,
        log=log,
        stop=stop,
    )
    return None if ended.killed_by == "interrupt" else _outcome(task, ended, log)


def _outcome(task: Task, ended: Ended, log: Path | None) -> Outcome:
    outcome = Outcome(
        answer=_without_message(task, ended, log),
        wall_time_s=ended.wall_time_s,
        cpu_time_s=ended.cpu_time_s,
        peak_memory_mb=ended.peak_memory_mb,
        exit_code=ended.exit_code,
        killed_by="harness" if ended.killed_by in LIMITS else ended.killed_by,
    )
    if ended.message is None:
        return outcome
    try:
        data = json.loads(ended.message)
        answer = from_json(data["result"], task.instance.n_features)
        if answer.objective != str(task.objective):
            raise ValueError(f"an answer for {answer.objective}")
        seen = {k: max(data[k], getattr(ended, k)) for k in ("cpu_time_s", "peak_memory_mb")}
        return replace(outcome, answer=answer, **seen)
    except (ValueError, KeyError, TypeError) as error:
        return replace(outcome, answer=_error(task, f"{UNREADABLE}: {error!r}"))


def _without_message(task: Task, ended: Ended, log: Path | None) -> Answer:
    """Killed at a limit, killed by somebody, out of memory, or crashed."""
    words = {
        "time_limit": (Termination.TIME_LIMIT, "killed at the time limit"),
        "memory_limit": (Termination.MEMORY_LIMIT, "killed at the memory limit"),
        "kernel": (Termination.MEMORY_LIMIT, "killed by the kernel, out of memory"),
    }
    if ended.killed_by is not None:
        by_somebody = (Termination.INTERRUPTED, f"killed from outside by {ended.killed_by}")
        how, why = words.get(ended.killed_by, by_somebody)
    elif ended.exit_code == -signal.SIGABRT and _ran_out_of_memory(log):
        how, why = Termination.MEMORY_LIMIT, "aborted, out of memory"
    elif ended.exit_code is not None and ended.exit_code < 0:
        how, why = Termination.ERROR, f"the process crashed ({signal_name(ended.exit_code)})"
    else:
        return _error(task, f"the process ended without an answer ({ended.exit_code})")
    return Answer(objective=str(task.objective), termination=how, raw_status=why)


def _ran_out_of_memory(log: Path | None) -> bool:
    """Whether the last words of a process are those of C++ without memory."""
    if log is None or not log.is_file():
        return False
    with open(log, "rb") as file:
        file.seek(-min(LAST_WORDS, log.stat().st_size), os.SEEK_END)
        return b"bad_alloc" in file.read()


def _error(task: Task, why: str) -> Answer:
    return Answer(objective=str(task.objective), termination=Termination.ERROR, raw_status=why)


# --- in the child -----------------------------------------------------------------------------


def _answer(task: Task) -> dict[str, Any]:
    """The method's answer; errors become answers that say what went wrong."""
    limits = Limits(
        time_limit_s=task.time_limit_s,
        memory_limit_mb=task.memory_limit_mb,
        threads=task.threads,
        seed=task.seed,
    )
    try:
        places = order(task.instance, task.perm)
        instance = permuted(task.instance, places) if task.perm else task.instance
        answer = execute(task.method, instance, task.objective, limits, task.bound)
        return (restored(answer, task.instance, places) if task.perm else answer).to_json()
    except MilpsparseError as error:
        how, why = Termination.NOT_AVAILABLE, str(error)
    except MemoryError:
        how, why = Termination.MEMORY_LIMIT, "out of memory"
    except Exception as error:  # any failure of a method is a row, not the end of the run
        traceback.print_exc()
        how, why = Termination.ERROR, f"{type(error).__name__}: {error}"
    return Answer(objective=str(task.objective), termination=how, raw_status=why[:500]).to_json()
