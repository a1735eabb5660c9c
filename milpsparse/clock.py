"""The clock of time limits: it stands still while loops are compiled, which happens once."""

from __future__ import annotations

import time

_compiling = 0.0


def now() -> float:
    """Seconds, less those spent on compiling."""
    return time.monotonic() - _compiling


def off_the_clock(seconds: float) -> None:
    """Take so many past seconds off the clock."""
    global _compiling
    _compiling += seconds
