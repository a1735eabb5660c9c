"""Where a run happened: host, processor, Python, and the state of the checkout."""

from __future__ import annotations

import os
import platform
import subprocess
from functools import cache
from pathlib import Path
from typing import Any


@cache
def provenance() -> dict[str, Any]:
    """The provenance columns of a row: host, machine, python, git_sha, git_dirty."""
    sha, changes = _git("rev-parse", "--short=12", "HEAD"), _git("status", "--porcelain")
    return {
        "host": platform.node(),
        "machine": f"{_processor()}, {os.cpu_count()} cores, {_memory_gib()} GiB",
        "python": platform.python_version(),
        "git_sha": sha,
        "git_dirty": None if sha is None else bool(changes),
    }


def _git(*words: str) -> str | None:
    """Output of a git command on this package's checkout; None where it is none."""
    folder = Path(__file__).parent
    if not (folder.parent / ".git").exists():
        return None
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _memory_gib() -> int | str:
    try:
        return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30)
    except (AttributeError, ValueError, OSError):
        return "?"
