"""Whether the Python package of a solver is installed, without importing it."""

from __future__ import annotations

import importlib.util


def missing(package: str, install: str) -> str | None:
    """Reason why a solver cannot run without its package, or None."""
    if importlib.util.find_spec(package) is None:
        return f"{package} is not installed: pip install {install}"
    return None
