"""A process with all code loaded that solves one task after another, and is killed when late.

What is timed is the method alone: imports, compiled loops from the cache and the way of instance
and answer through the pipe are outside of the clock. Each run gets an instance of its own, so that
nothing kept on one by an earlier run or by a check is at hand.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from milpsparse.answer import Answer, Termination
from milpsparse.errors import MilpsparseError
from milpsparse.execute import execute
from milpsparse.family import generate
from milpsparse.harness.isolation import set_threads
from milpsparse.harness.worker import grace_s
from milpsparse.method import Limits
from milpsparse.naming import parse_method
from milpsparse.objective import parse_objective

START_S = 300.0  # for imports and, where the cache is empty, compilation


@dataclass(frozen=True)
class Job:
    """A pickled instance and what is asked of it."""

    instance: bytes
    objective: str
    method: str
    limit: float
    threads: int = 1
    seed: int = 0


class Warm:
    """The process; started when first needed, and again after a kill."""

    def __init__(self, tasks: list[tuple[str, str]]) -> None:
        self._tasks = tasks  # (objective, method), run once on small data at the start
        self._process: Any = None

    def run(self, job: Job) -> tuple[Answer, float]:
        """The answer and its seconds."""
        if self._process is None:
            self._start()
        self._pipe.send(job)
        try:
            if self._pipe.poll(job.limit + grace_s(job.limit)):
                return self._pipe.recv()
            how, why = Termination.TIME_LIMIT, "killed at the time limit"
        except (EOFError, OSError):
            how, why = Termination.ERROR, "the process ended without an answer"
        self.close(kill=True)
        return Answer(objective=job.objective, termination=how, raw_status=why), job.limit

    def _start(self) -> None:
        set_threads(1)
        context = multiprocessing.get_context("spawn")
        self._pipe, far = context.Pipe()
        self._process = context.Process(target=_serve, args=(far, self._tasks), daemon=True)
        self._process.start()
        far.close()
        if not self._pipe.poll(START_S):
            raise RuntimeError(f"no sign of life in {START_S:g} s")
        self._pipe.recv()

    def close(self, kill: bool = False) -> None:
        """End the process, which waits for a task; or kill it, whatever it does."""
        if self._process is not None:
            self._pipe.close()
            if kill:
                self._process.kill()
            self._process.join()
            self._process = None


# --- in the process ---------------------------------------------------------------------------


def _serve(pipe: Connection, tasks: list[tuple[str, str]]) -> None:
    silence = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(silence, stream)
    small = pickle.dumps(generate("planted", 0, N=8, d=2, K=2, bound=3.0))
    for objective, method in tasks:
        _solve(Job(small, objective, method, 1.0))
    pipe.send("ready")
    with contextlib.suppress(EOFError):  # no more tasks
        while True:
            pipe.send(_solve(pipe.recv()))


def _solve(job: Job) -> tuple[Answer, float]:
    instance, method = pickle.loads(job.instance), parse_method(job.method)
    begun = time.perf_counter()
    limits = Limits(time_limit_s=job.limit, threads=job.threads, seed=job.seed)
    try:
        answer = execute(method, instance, parse_objective(job.objective), limits)
    except MilpsparseError as error:
        answer = _failed(job, Termination.NOT_AVAILABLE, str(error))
    except Exception as error:  # a failure of a method is a row
        answer = _failed(job, Termination.ERROR, f"{type(error).__name__}: {error}")
    return answer, time.perf_counter() - begun


def _failed(job: Job, how: Termination, why: str) -> Answer:
    return Answer(objective=job.objective, termination=how, raw_status=why[:500])
