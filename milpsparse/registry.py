"""Find models, solvers, algorithms and families by name: one file each, or an entry point.

The folder is the registry: `milpsparse/solvers/highs.py` with the constant SOLVER is the solver
`highs`. Other packages register under the entry-point group `milpsparse.solvers` (and so on).
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from milpsparse.errors import BadInput, UnknownName

KINDS = {  # kind -> the constant that a file of that folder defines
    "models": "MODEL",
    "solvers": "SOLVER",
    "algorithms": "ALGORITHM",
    "families": "FAMILY",
}


@dataclass(frozen=True)
class Entry:
    """A name and where its object is: a module and the attribute in it."""

    name: str
    module: str
    attribute: str

    def load(self) -> Any:
        """Import the one module and take its object."""
        module = importlib.import_module(self.module)
        try:
            return getattr(module, self.attribute)
        except AttributeError:
            raise BadInput(f"{self.module} defines no {self.attribute}") from None


@cache
def entries(kind: str) -> dict[str, Entry]:
    """All entries of one kind by name, without importing any of them."""
    package = importlib.import_module(f"milpsparse.{kind}")
    found = [
        Entry(info.name, f"{package.__name__}.{info.name}", KINDS[kind])
        for info in pkgutil.iter_modules(package.__path__)
        if not info.name.startswith("_")
    ]
    for point in entry_points(group=f"milpsparse.{kind}"):
        found.append(Entry(point.name, point.module, point.attr or KINDS[kind]))
    by_name: dict[str, Entry] = {}
    for entry in sorted(found, key=lambda e: e.name):
        if other := by_name.get(entry.name):
            raise BadInput(
                f"two {kind} are named '{entry.name}': {other.module} and {entry.module}"
            )
        by_name[entry.name] = entry
    return by_name


def names(kind: str) -> list[str]:
    """The known names of one kind."""
    return list(entries(kind))


def load(kind: str, name: str) -> Any:
    """The object of this name.

    Raises
    ------
    UnknownName
        Naming the nearest known one.
    """
    known = entries(kind)
    if name not in known:
        raise UnknownName({"families": "family"}.get(kind, kind[:-1]), name, known)
    return known[name].load()
