"""A function in a process of its own, killed from outside at its limits.

It answers through a pipe with JSON; whatever it prints goes to a log. Nothing it does (crash, hang,
exit, eat memory, leave children behind) reaches the caller: `Ended` says what happened. Nor does it
outlive the caller, however that ends.
"""

from __future__ import annotations

import contextlib
import ctypes
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

from milpsparse.harness.machine import memory_mb, oom_kills
from milpsparse.harness.process_tree import ProcessTree

POLL_S = 0.05
START_S = 120.0  # for the server to start and import the solvers, before the clock of a task runs
MOST_MEMORY = 0.9  # of the machine's, where no limit is given: beyond it the kernel chooses whom
STARTED = b"started "  # and the child's clock
PRELOAD = ["milpsparse.harness.warm"]
STARTS = 20  # tries to start a process; the server it is forked from may just have been killed
AGAIN_S = 0.1  # until a killed server is seen to have gone
KILLS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)  # sent, not caused
PR_SET_PDEATHSIG = 1  # of Linux's prctl: the signal for when the parent dies
SAFE_PATH = "PYTHONSAFEPATH"
IMPORTED_BY = os.getpid()  # in the server and all that it forks: the server
_STARTING = threading.Lock()
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
_MAC = sys.platform == "darwin"
_Limits = tuple[int | None, int, Path | None]  # memory (MB), threads, log


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a process ended: the JSON text it sent, if any, and why it was killed, if it was.

    `killed_by` is "time_limit", "memory_limit" or "interrupt" where that was done here, "kernel"
    where the system was out of memory, else the name of the signal that somebody sent. CPU time and
    the peak of memory are those of the process and its children, as far as they were seen.
    """

    message: bytes | None
    wall_time_s: float
    exit_code: int | None
    killed_by: str | None
    cpu_time_s: float | None = None
    peak_memory_mb: float | None = None


def context() -> Any:
    """Processes forked from a server that has imported the solvers: a task starts in ~20 ms."""
    ctx = multiprocessing.get_context("forkserver")
    ctx.set_forkserver_preload([__name__, *PRELOAD])
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
    kills = oom_kills()
    process, receiver = _started((memory_limit_mb, threads, log), function, args)
    tree = ProcessTree(process.pid, memory_limit_mb or MOST_MEMORY * memory_mb())
    begun = time.monotonic()
    deadline = begun + START_S
    message, killed = None, None
    while message is None and killed is None:
        try:
            if receiver.poll(POLL_S):
                message = receiver.recv_bytes()
                if message.startswith(STARTED):  # the first task waits for the server's imports
                    begun = float(message.removeprefix(STARTED))
                    message, deadline = None, begun + seconds
            elif not process.is_alive() and not receiver.poll(0):
                break  # gone without a word; a child of it may still hold the pipe
        except (EOFError, OSError):
            break
        killed = _reason(stop, deadline, tree) if message is None else None
    wall = time.monotonic() - begun
    tree.look()  # whoever answered waits until the pipe is closed, its children with it
    receiver.close()
    _end(process, tree, kill=message is None)
    if message is None and killed is None:
        killed = _killer(process.exitcode, tree, kills)
    return Ended(
        message=message,
        wall_time_s=wall,
        exit_code=process.exitcode,
        killed_by=killed,
        cpu_time_s=tree.cpu_time_s,
        peak_memory_mb=tree.peak / 2**20,
    )


def _started(limits: _Limits, function: Callable[..., Any], args: Any) -> tuple[Any, Connection]:
    """The process and the end of its pipe to read from."""
    ctx = context()
    for left in reversed(range(STARTS)):
        receiver, sender = ctx.Pipe()
        try:
            process = ctx.Process(target=_child, args=(sender, limits, function, args), daemon=True)
            process.start()
            return process, receiver
        except (EOFError, OSError):  # no server; the next start makes a new one
            receiver.close()
            if not left:
                raise
            time.sleep(AGAIN_S)
        finally:
            sender.close()
    raise AssertionError


def _killer(exit_code: int | None, tree: ProcessTree, kills: int) -> str | None:
    """Who killed a process that ended without a word, or None if it ended by itself."""
    if tree.lost_server():
        return "SIGKILL"  # its server was killed, and so was it
    if exit_code is None or -exit_code not in KILLS:
        return None
    if -exit_code == signal.SIGKILL and oom_kills() > kills:
        return "kernel"
    return signal_name(exit_code)


def signal_name(exit_code: int) -> str:
    """The name of the signal that ended a process, from its negative exit code."""
    try:
        return signal.Signals(-exit_code).name
    except ValueError:
        return f"signal {-exit_code}"


def _reason(stop: threading.Event | None, deadline: float, tree: ProcessTree) -> str | None:
    """Why the process must go now, or None."""
    if stop is not None and stop.is_set():
        return "interrupt"
    if time.monotonic() > deadline:
        return "time_limit"
    return "memory_limit" if tree.is_too_large() else None


def _end(process: Any, tree: ProcessTree, kill: bool) -> None:
    """Wait for the child, or kill it; its process group and its children go with it.

    Whoever is stopped here goes with the server if this process is killed meanwhile; a child that
    leads no group yet would not, and it has no children.
    """
    if kill:
        if _leads_group(process.pid):
            tree.freeze()
        tree.measure()
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


def _leads_group(pid: int) -> bool:
    try:
        return os.getpgid(pid) == pid
    except ProcessLookupError:
        return False


# --- in the child -----------------------------------------------------------------------------


def thread_variables(threads: int) -> dict[str, str]:
    """The variables that libraries of linear algebra read when they are loaded."""
    return dict.fromkeys(THREAD_VARIABLES, str(threads))


def set_threads(threads: int) -> None:
    """Export the variables for so many threads."""
    os.environ.update(thread_variables(threads))


def _child(
    sender: Connection,
    limits: _Limits,
    function: Callable[..., Any],
    args: tuple[Any, ...],
) -> None:
    memory_limit_mb, threads, log = limits
    _end_with_server()
    os.setsid()  # its own process group, so that the kill takes grandchildren too
    answered = threading.Event()
    _end_with_caller(sender, answered)
    try:
        sender.send_bytes(STARTED + repr(time.monotonic()).encode())
    except BrokenPipeError:  # the caller has gone already
        return
    set_threads(threads)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _redirect(log)
    if memory_limit_mb:
        size = memory_limit_mb * 2**20
        resource.setrlimit(resource.RLIMIT_AS, (size, size))
    result = function(*args)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    message = {
        "result": result,
        "cpu_time_s": sum(u.ru_utime + u.ru_stime for u in used),
        "peak_memory_mb": max(u.ru_maxrss for u in used) / (2**20 if _MAC else 2**10),
    }
    answered.set()
    sender.send_bytes(json.dumps(message, default=_plain).encode())
    with contextlib.suppress(EOFError, OSError):
        sender.recv_bytes()  # nothing comes; the caller closes the pipe once it saw all children


def _end_with_server() -> None:
    """When the server dies, so does this process, be it stopped or busy in a solver (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if IMPORTED_BY not in (os.getpid(), os.getppid()):  # it died before it was asked to tell
        os._exit(1)


def _end_with_caller(sender: Connection, answered: threading.Event) -> None:
    """When the caller dies nobody stops this process: then it goes, its children with it.

    The pipe tells a thread. Where a solver keeps that from running, the server ends with the
    caller, and `_end_with_server` holds.
    """

    def watch() -> None:
        sender.poll(None)  # nothing is sent this way: the other end is closed
        if not answered.is_set():
            os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()
    server: Any = vars(forkserver).get("_forkserver")
    handle = getattr(server, "_forkserver_alive_fd", None)
    if handle is not None:  # a copy of what tells the server that the caller lives
        os.close(handle)
        server._forkserver_alive_fd = None


def _plain(value: Any) -> Any:
    """NumPy numbers as Python's; anything else that JSON does not know as its text."""
    return value.item() if hasattr(value, "item") else str(value)


def _redirect(log: Path | None) -> None:
    """Send all that the child prints, C libraries included, to the log."""
    target = os.open(log or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    for stream in (1, 2):
        os.dup2(target, stream)
