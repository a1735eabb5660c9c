"""A function in a process of its own, killed from outside at its limits.

It answers through a pipe with JSON; whatever it prints goes to a log. Nothing it does (crash, hang,
exit, eat memory, leave children behind) reaches the caller: `Ended` says what happened.
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
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil

from milpsparse.harness.machine import memory_mb

POLL_S = 0.05
WATCH_S = 0.25  # between two looks at the memory of the process and its children
START_S = 120.0  # for the server to start and import the solvers, before the clock of a task runs
MOST_MEMORY = 0.9  # of the machine's, where no limit is given: beyond it the kernel chooses whom
FREEZE_S = 1.0  # to wait for stopped or killed processes
STARTED = b"started"
SAFE_PATH = "PYTHONSAFEPATH"
_STARTING = threading.Lock()
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a process ended: the JSON text it sent, if any, and why it was killed, if it was."""

    message: bytes | None
    wall_time_s: float
    exit_code: int | None
    killed_by: str | None  # "time_limit", "memory_limit" or "interrupt"


def context() -> Any:
    """Processes forked from a server that has imported the solvers: a task starts in ~20 ms."""
    ctx = multiprocessing.get_context("forkserver")
    ctx.set_forkserver_preload(["milpsparse.harness.warm"])
    with _STARTING:  # the server looks for no module in the current folder: files may have any name
        before = os.environ.get(SAFE_PATH)
        os.environ[SAFE_PATH] = "1"
        try:
            forkserver.ensure_running()
        finally:
            os.environ.pop(SAFE_PATH)
            os.environ.update({} if before is None else {SAFE_PATH: before})
    return ctx


def isolated(
    function: Callable[..., Any],
    *args: Any,
    seconds: float,
    memory_limit_mb: int | None = None,
    threads: int = 1,
    log: Path | None = None,
    stop: threading.Event | None = None,
) -> Ended:
    """Call a function, importable by its name, in its own process; its result is sent as JSON.

    The memory limit holds for the address space of each process, and for the resident memory of
    the process and its children together.
    """
    set_threads(threads)  # for the server and what it imports
    ctx = context()
    receiver, sender = ctx.Pipe()
    limits = (memory_limit_mb, threads, log)
    process = ctx.Process(target=_child, args=(sender, limits, function, args), daemon=True)
    begun = time.monotonic()
    process.start()
    sender.close()
    tree = _Tree(process.pid, memory_limit_mb or MOST_MEMORY * memory_mb())
    deadline = begun + START_S
    message, killed = None, None
    while message is None and killed is None:
        try:
            if receiver.poll(POLL_S):
                message = receiver.recv_bytes()
                if message == STARTED:  # the first task waits for the server's imports
                    message, begun = None, time.monotonic()
                    deadline = begun + seconds
            elif not process.is_alive() and not receiver.poll(0):
                break  # gone without a word; a child of it may still hold the pipe
        except (EOFError, OSError):
            break
        killed = _reason(stop, deadline, tree) if message is None else None
    wall = time.monotonic() - begun
    tree.look()  # whoever answered waits until the pipe is closed, its children with it
    receiver.close()
    _end(process, tree, kill=message is None)
    return Ended(message=message, wall_time_s=wall, exit_code=process.exitcode, killed_by=killed)


def _reason(stop: threading.Event | None, deadline: float, tree: _Tree) -> str | None:
    """Why the process must go now, or None."""
    if stop is not None and stop.is_set():
        return "interrupt"
    if time.monotonic() > deadline:
        return "time_limit"
    return "memory_limit" if tree.is_too_large() else None


class _Tree:
    """A process and the children it ever had, as far as they were seen."""

    def __init__(self, pid: int, limit_mb: float) -> None:
        self.limit = limit_mb * 2**20
        self.seen: set[psutil.Process] = set()
        self.next = 0.0
        with contextlib.suppress(psutil.Error):
            self.seen.add(psutil.Process(pid))

    def is_too_large(self) -> bool:
        """Whether they hold more than the limit; pages that they share count once."""
        if time.monotonic() < self.next:
            return False
        self.next = time.monotonic() + WATCH_S
        self.look()
        return self._sum(_resident) > self.limit and self._sum(_own_share) > self.limit

    def look(self) -> None:
        """Take note of new children."""
        for process in list(self.seen):
            with contextlib.suppress(psutil.Error):
                self.seen.update(process.children(recursive=True))

    def freeze(self) -> None:
        """Stop all of them, and the children they made until then: a stopped one makes no more."""
        frozen: set[psutil.Process] = set()
        while fresh := self.seen - frozen:
            for process in fresh:
                with contextlib.suppress(psutil.Error):
                    process.suspend()
            end = time.monotonic() + FREEZE_S  # the signal takes effect when a process runs again
            while any(map(_runs, fresh)) and time.monotonic() < end:
                time.sleep(0.001)
            frozen |= fresh
            self.look()

    def kill(self) -> None:
        """Kill them all, in other process groups too; their memory is free soon after."""
        for process in self.seen:
            with contextlib.suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(self.seen, timeout=FREEZE_S)

    def _sum(self, memory: Callable[[psutil.Process], int]) -> int:
        total = 0
        for process in self.seen:
            with contextlib.suppress(psutil.Error):
                total += memory(process)
        return total


def _runs(process: psutil.Process) -> bool:
    try:
        return process.status() not in (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _resident(process: psutil.Process) -> int:
    return int(process.memory_info().rss)


def _own_share(process: psutil.Process) -> int:
    info = process.memory_full_info()
    return int(getattr(info, "pss", info.uss))


def _end(process: Any, tree: _Tree, kill: bool) -> None:
    """Wait for the child, or kill it; its process group and its children go with it."""
    if kill:
        tree.freeze()
    else:
        process.join(POLL_S * 20)
    try:
        if process.is_alive() or kill:
            os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        process.kill()
    process.join()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)  # what a method that answered left behind
    tree.kill()


# --- in the child -----------------------------------------------------------------------------


def set_threads(threads: int) -> None:
    """What libraries of linear algebra read when they are loaded."""
    for name in THREAD_VARIABLES:
        os.environ[name] = str(threads)


def _child(
    sender: Connection,
    limits: tuple[int | None, int, Path | None],
    function: Callable[..., Any],
    args: tuple[Any, ...],
) -> None:
    memory_limit_mb, threads, log = limits
    os.setsid()  # its own process group, so that the kill takes grandchildren too
    sender.send_bytes(STARTED)
    set_threads(threads)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _redirect(log)
    if memory_limit_mb:
        size = memory_limit_mb * 2**20
        resource.setrlimit(resource.RLIMIT_AS, (size, size))
    result = function(*args)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    message = {
        "result": result,
        "cpu_time_s": usage.ru_utime + usage.ru_stime,
        "peak_memory_mb": usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10),
    }
    sender.send_bytes(json.dumps(message, default=_plain).encode())
    with contextlib.suppress(EOFError, OSError):
        sender.recv_bytes()  # nothing comes; the caller closes the pipe once it saw all children


def _plain(value: Any) -> Any:
    """NumPy numbers as Python's; anything else that JSON does not know as its text."""
    return value.item() if hasattr(value, "item") else str(value)


def _redirect(log: Path | None) -> None:
    """Send all that the child prints, C libraries included, to the log."""
    target = os.open(log or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    for stream in (1, 2):
        os.dup2(target, stream)
