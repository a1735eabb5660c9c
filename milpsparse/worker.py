"""One task in a process of its own, killed from outside when its time is over.

The child answers through a pipe with JSON; whatever it prints goes to a log. Nothing it does
(crash, hang, exit, eat its memory limit) reaches the run: the outcome says what happened.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import resource
import signal
import sys
import threading
import time
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from milpsparse.answer import UNREADABLE, Answer, Termination, from_json
from milpsparse.errors import MilpsparseError
from milpsparse.execute import execute
from milpsparse.method import Limits
from milpsparse.task import Task

POLL_S = 0.05
START_S = 120.0  # for the server to start and import the solvers, before the clock of a task runs
STARTED = b"started"
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


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
    raw: dict[str, Any] | None = None


def context() -> Any:
    """Processes forked from a server that has imported the solvers: a task starts in ~20 ms."""
    ctx = multiprocessing.get_context("forkserver")
    ctx.set_forkserver_preload(["milpsparse.warm"])
    return ctx


def run_isolated(task: Task, log: Path | None, stop: threading.Event) -> Outcome | None:
    """Run a task in its own process; None when `stop` was set first (the process is killed)."""
    _set_threads(task)  # for the server and what it imports
    ctx = context()
    receiver, sender = ctx.Pipe(duplex=False)
    process = ctx.Process(target=_child, args=(sender, task, log), daemon=True)
    begun = time.monotonic()
    process.start()
    sender.close()
    deadline = begun + START_S
    message, killed = None, None
    while message is None:
        if stop.is_set():
            killed = "interrupt"
        elif time.monotonic() > deadline:
            killed = "time_limit"
        if killed:
            break
        try:
            if receiver.poll(POLL_S):
                message = receiver.recv_bytes()
                if message == STARTED:  # the first task waits for the server's imports
                    message, begun = None, time.monotonic()
                    deadline = begun + task.time_limit_s + grace_s(task.time_limit_s)
        except (EOFError, OSError):  # the child is gone without a word
            break
    wall = time.monotonic() - begun
    _end(process, kill=message is None)
    receiver.close()
    if killed == "interrupt":
        return None
    return _outcome(task, message, wall, process.exitcode, killed)


def _end(process: Any, kill: bool) -> None:
    """Wait for the child, or kill it; its process group goes with it."""
    if not kill:
        process.join(POLL_S * 20)
    try:
        if process.is_alive() or kill:
            os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        process.kill()
    process.join()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)  # what a method that answered left behind


def _outcome(
    task: Task, message: bytes | None, wall: float, exit_code: int | None, killed: str | None
) -> Outcome:
    if message is not None:
        try:
            data = json.loads(message)
            answer = from_json(data["answer"], task.instance.n_features)
            measured = {k: data[k] for k in ("cpu_time_s", "peak_memory_mb")}
            if answer.objective != str(task.objective):
                raise ValueError(f"an answer for {answer.objective}")
            return Outcome(answer=answer, wall_time_s=wall, exit_code=exit_code, **measured)
        except (ValueError, KeyError, TypeError) as error:
            return _failure(task, wall, exit_code, f"{UNREADABLE}: {error!r}")
    if killed == "time_limit":
        answer = Answer(
            objective=str(task.objective),
            termination=Termination.TIME_LIMIT,
            raw_status="killed at the time limit",
        )
        return Outcome(answer=answer, wall_time_s=wall, exit_code=exit_code, killed_by="harness")
    return _failure(task, wall, exit_code, f"the process ended without an answer ({exit_code})")


def _failure(task: Task, wall: float, exit_code: int | None, why: str) -> Outcome:
    answer = Answer(objective=str(task.objective), termination=Termination.ERROR, raw_status=why)
    return Outcome(answer=answer, wall_time_s=wall, exit_code=exit_code)


# --- in the child -----------------------------------------------------------------------------


def _set_threads(task: Task) -> None:
    for name in THREAD_VARIABLES:
        os.environ[name] = str(task.threads)


def _child(sender: Connection, task: Task, log: Path | None) -> None:
    os.setsid()  # its own process group, so that the kill takes grandchildren too
    sender.send_bytes(STARTED)
    _set_threads(task)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _redirect(log)
    if task.memory_limit_mb:
        size = task.memory_limit_mb * 2**20
        resource.setrlimit(resource.RLIMIT_AS, (size, size))
    answer = _answer(task)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    message = {
        "answer": answer.to_json(),
        "cpu_time_s": usage.ru_utime + usage.ru_stime,
        "peak_memory_mb": usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10),
    }
    sender.send_bytes(json.dumps(message, default=_plain).encode())
    sender.close()


def _plain(value: Any) -> Any:
    """NumPy numbers as Python's; anything else that JSON does not know as its text."""
    return value.item() if hasattr(value, "item") else str(value)


def _answer(task: Task) -> Answer:
    """The method's answer; errors become answers that say what went wrong."""
    limits = Limits(time_limit_s=task.time_limit_s, threads=task.threads, seed=task.seed)
    try:
        return execute(task.method, task.instance, task.objective, limits, task.bound)
    except MilpsparseError as error:
        how, why = Termination.NOT_AVAILABLE, str(error)
    except MemoryError:
        how, why = Termination.MEMORY_LIMIT, "out of memory"
    except Exception as error:  # any failure of a method is a row, not the end of the run
        traceback.print_exc()
        how, why = Termination.ERROR, f"{type(error).__name__}: {error}"
    return Answer(objective=str(task.objective), termination=how, raw_status=why[:500])


def _redirect(log: Path | None) -> None:
    """Send all that the child prints, C libraries included, to the log."""
    target = os.open(log or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    for stream in (1, 2):
        os.dup2(target, stream)
