"""What tests of processes share: whether one runs, and waiting for what happens soon."""

from __future__ import annotations

import time

import psutil

PATIENCE_S = 60.0  # for what happens at once on a machine that is not busy


def is_alive(process):
    """Whether a process runs, given by itself or by its number; one that is dead is none."""
    try:
        found = psutil.Process(process) if isinstance(process, int) else process
        return found.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until(holds, seconds=PATIENCE_S):
    """What `holds` returns once it is true."""
    end = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < end
        time.sleep(0.005)
    return found
