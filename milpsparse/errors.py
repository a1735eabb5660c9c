"""The errors milpsparse raises on purpose; each message says what, where and what would do.

::

    MilpsparseError          all below; the command line prints one line, exit code 2
    ├── BadInstance          data that are no instance (NaN, shapes, contradicting rows, ...)
    ├── BadInput             an option, file or value that cannot be used
    ├── UnknownName          no model, solver, algorithm, family or instance of this name
    ├── NotAvailable         would work here once something is installed
    └── Unsupported          a method that never takes this instance or objective
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class MilpsparseError(Exception):
    """Any error with a message meant for the user."""


class BadInstance(MilpsparseError):
    """The data are not an instance."""


class BadInput(MilpsparseError):
    """An option, a file or a value that cannot be used."""


class NotAvailable(MilpsparseError):
    """Something optional is missing on this machine; the message says what installs it."""


class Unsupported(MilpsparseError):
    """The method does not take this instance or objective; the message says why."""


class UnknownName(MilpsparseError):
    """A name that is not known, with the nearest known one."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        known = sorted(known)
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]}?" if near else ""
        shown = ", ".join(known) if len(known) <= 12 else f"{len(known)} names (milpsparse list)"
        super().__init__(f"no {kind} named '{name}'.{hint} Known: {shown}")
