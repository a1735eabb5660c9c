"""A process and the children it ever had: what they use together, and their end."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

import psutil

WATCH_S = 0.25  # between two looks at the memory of the process and its children
FREEZE_S = 1.0  # to wait for stopped or killed processes


class ProcessTree:
    """A process and the children it ever had, as far as they were seen; `limit_mb` is theirs."""

    def __init__(self, pid: int, limit_mb: float) -> None:
        self.limit = limit_mb * 2**20
        self.seen: set[psutil.Process] = set()
        self.next = 0.0
        self.peak = 0  # bytes
        self.server: int | None = None  # the process that it was forked from
        self.spent: dict[psutil.Process, float] = {}
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(pid)
            self.seen.add(process)
            self.server = process.ppid()

    def is_too_large(self) -> bool:
        """Whether they hold more than the limit; pages that they share count once."""
        if time.monotonic() < self.next:
            return False
        self.next = time.monotonic() + WATCH_S
        self.look()
        self.measure()
        return self._sum(_resident) > self.limit and self._sum(_own_share) > self.limit

    def measure(self) -> None:
        """Take note of the memory held and the CPU time spent."""
        self.peak = max(self.peak, self._sum(_resident))
        for process in self.seen:
            with contextlib.suppress(psutil.Error):
                times = process.cpu_times()
                self.spent[process] = times.user + times.system

    @property
    def cpu_time_s(self) -> float:
        """CPU time of all processes when they were last seen."""
        return sum(self.spent.values())

    def lost_server(self) -> bool:
        """Whether the process from which this one was forked has gone, as far as is known."""
        try:
            return (
                self.server is not None
                and psutil.Process(self.server).status() == psutil.STATUS_ZOMBIE
            )
        except psutil.NoSuchProcess:
            return True

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
