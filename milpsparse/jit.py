"""Compiled loops: numba on first use, its machine code cached where a folder can be written."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import update_wrapper
from typing import Any

import numba

SLOW = 1.0  # seconds of a compilation from which a person is told what they waited for


class compiled:  # a decorator  # noqa: N801
    """A loop that numba compiles at its first call and finds in its cache at later ones.

    Compiled loops call each other through `dispatcher`.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        update_wrapper(self, function)
        options = {"nogil": True, "error_model": "numpy"}
        try:
            self.dispatcher = numba.njit(cache=True, **options)(function)
        except RuntimeError:  # no folder that a cache could be written to
            self.dispatcher = numba.njit(**options)(function)

    def __call__(self, *args: Any) -> Any:
        """Run it; a compilation that takes long is told on stderr."""
        if self.dispatcher.signatures:
            return self.dispatcher(*args)
        begun = time.monotonic()
        result = self.dispatcher(*args)
        spent, name = time.monotonic() - begun, getattr(self, "__name__", "a loop")
        if sum(self.dispatcher.stats.cache_misses.values()) and spent > SLOW:
            print(f"milpsparse: compiled {name} in {spent:.1f} s, once", file=sys.stderr)
        return result
