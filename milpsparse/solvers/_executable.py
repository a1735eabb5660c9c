"""What the solvers that are programs of their own share: files in, a log with times, a kill."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import resource
import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TextIO

from milpsparse.answer import Termination
from milpsparse.method import Limits

_NO_MEMORY = re.compile("(?i)out of memory|bad_alloc|memory limit|memory allocation|MemoryError")
GRACE_S = 3.0  # a program that has stopped by itself writes its solution in this time


@dataclass(frozen=True, kw_only=True)
class Log:
    """The lines that a program printed, each with the seconds at which it came."""

    lines: list[tuple[float, str]]
    exit_code: int
    killed: bool

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(line for _, line in self.lines)


def run(command: Sequence[str], folder: Path, limits: Limits) -> Log:
    """Run a program in a folder, keep what it prints, kill it soon after the time is over.

    On Linux its address space is limited where the limits say so. However this call ends, the
    program ends.
    """

    def end() -> None:
        killed.set()
        process.kill()

    killed = threading.Event()
    reader, terminal = pty.openpty()  # into a pipe, CBC would print only when it ends
    with contextlib.ExitStack() as stack:
        printed = stack.enter_context(open(reader, errors="replace"))
        copy = stack.enter_context(open(limits.log_file, "w")) if limits.log_file else None
        try:
            process = subprocess.Popen(
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=terminal,
                stderr=terminal,
            )
        finally:
            os.close(terminal)
        stack.enter_context(process)
        stack.callback(process.kill)
        if limits.memory_limit_mb:
            _limit_memory(process.pid, limits.memory_limit_mb * 2**20)
        kill = threading.Timer(limits.left() + GRACE_S, end)
        stack.callback(kill.cancel)
        kill.start()
        lines = list(_timed(printed, limits, copy))
        exit_code = process.wait()
    return Log(lines=lines, exit_code=exit_code, killed=killed.is_set())


def _limit_memory(pid: int, size: int) -> None:
    """Limit the address space of a process, unless it has ended; only Linux can."""
    if hasattr(resource, "prlimit"):
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_AS, (size, size))


def _timed(printed: TextIO, limits: Limits, copy: TextIO | None) -> Iterator[tuple[float, str]]:
    """The lines as they come; a terminal whose other end is closed is an input/output error."""
    with contextlib.suppress(OSError):
        for line in printed:
            yield limits.spent(), line.rstrip()
            if copy:
                copy.write(line)


def termination(log: Log) -> Termination:
    """Why a program ended that left no solution file."""
    if log.killed:
        return Termination.TIME_LIMIT
    if _NO_MEMORY.search(log.text):
        return Termination.MEMORY_LIMIT
    return Termination.ERROR


def last_words(log: Log) -> str:
    """The raw status of such an end."""
    if log.killed:
        return "killed at the time limit"
    said = [line.strip() for _, line in log.lines if line.strip()]
    return f"exit code {log.exit_code}: {said[-1] if said else 'no output'}"


def missing(program: str, package: str) -> str | None:
    """Reason why a program cannot run here, or None."""
    if shutil.which(program) is None:
        return f"{program} is not installed: make setup-solvers, or apt-get install {package}"
    return None


@cache
def output(*command: str) -> str:
    """What a short command prints, such as its help."""
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
    )
    return done.stdout + done.stderr
