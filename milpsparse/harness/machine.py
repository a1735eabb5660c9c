"""Where a run happens: host, processor, limits of memory, Python, the state of the checkout."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

MEMORY_FILES = ("memory.max", "memory/memory.limit_in_bytes")  # control groups, versions 2 and 1


@cache
def provenance() -> dict[str, Any]:
    """The provenance columns of a row: host, machine, python, git_sha, git_dirty."""
    sha, changes = _git("rev-parse", "--short=12", "HEAD"), _git("status", "--porcelain")
    return {
        "host": platform.node(),
        "machine": f"{processor()}, {os.cpu_count()} cores, {round(memory_mb() / 1024)} GiB",
        "python": platform.python_version(),
        "git_sha": sha,
        "git_dirty": None if sha is None else bool(changes),
    }


@cache
def packages() -> dict[str, str | None]:
    """Versions of what milpsparse requires, extras too; None where it is not installed."""
    try:
        required = metadata.requires("milpsparse") or []
    except metadata.PackageNotFoundError:
        return {}
    names = sorted({re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in required})
    return {name: _version(name) for name in names}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _git(*words: str) -> str | None:
    """Output of a git command on this package's checkout; None where it is none."""
    folder = Path(__file__).parents[2]
    if not (folder / ".git").exists():
        return None
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def processor() -> str:
    """The name of the processor."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def memory_mb() -> float:
    """Memory that processes here may use together: the machine's, or its control group's limit."""
    limits = [_number_in(Path("/sys/fs/cgroup") / name) for name in MEMORY_FILES]
    return min([psutil.virtual_memory().total, *filter(None, limits)]) / 2**20


def cpus() -> float:
    """Processors that processes here may use at once: of the machine, affinity, control group."""
    try:
        most: float = len(os.sched_getaffinity(0))
    except AttributeError:  # not on Linux
        most = os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return min(most, int(quota) / int(period))
    except (OSError, ValueError):  # no control group, or no limit ("max")
        return most


def oom_kills() -> int:
    """Processes of this control group that the kernel has killed for want of memory."""
    try:
        words = Path("/sys/fs/cgroup/memory.events").read_text().split()
        return int(words[words.index("oom_kill") + 1])
    except (OSError, ValueError, IndexError):
        return 0


def _number_in(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):  # no such group, or no limit ("max")
        return None
