"""Compiled loops: numba on first use, its machine code cached where a folder can be written."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial, update_wrapper
from typing import Any

import numba

from milpsparse import clock

SLOW = 1.0  # seconds of a compilation from which a person is told what they waited for


class compiled:  # a decorator
    """A loop that numba compiles at its first call and finds in its cache at later ones.

    Compiled loops call each other through `dispatcher`.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        update_wrapper(self, function)
        jit = partial(numba.njit, nogil=True, error_model="numpy")
        self.dispatcher: Any
        self._ready = False  # numba takes long to say whether there is code
        try:
            self.dispatcher = jit(cache=True)(function)
        except RuntimeError:  # no folder that a cache could be written to
            self.dispatcher = jit()(function)

    def __call__(self, *args: Any) -> Any:
        """Run it; a compilation that takes long is told to a person at a terminal."""
        if self._ready:
            return self.dispatcher(*args)
        begun = time.monotonic()
        signature = tuple(numba.typeof(arg) for arg in args)  # type: ignore[no-untyped-call]
        self.dispatcher.compile(signature)
        spent, name = time.monotonic() - begun, getattr(self, "__name__", "a loop")
        clock.off_the_clock(spent)
        self._ready = True
        missed = sum(self.dispatcher.stats.cache_misses.values()) > 0
        if missed and spent > SLOW and sys.stderr.isatty():  # logs and scripts need not know
            print(f"milpsparse: compiled {name} in {spent:.1f} s, once", file=sys.stderr)
        return self.dispatcher(*args)
