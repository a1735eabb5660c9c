"""Find models, solvers, algorithms and families by name: one file each, or an entry point.

The folder is the registry: `milpsparse/solvers/highs.py` with the constant SOLVER is the solver
`highs`. So is a file of a folder that MILPSPARSE_PLUGINS names: `solvers/mine.py` there, or
`mine.py`, whose constants say what it is. Other packages register under the entry-point group
`milpsparse.solvers` (and so on).
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from milpsparse.errors import BadInput, NotAvailable, UnknownName

KINDS = {  # kind -> the constant that a file of that folder defines, and the class of it
    "models": ("MODEL", "milpsparse.method:Model"),
    "solvers": ("SOLVER", "milpsparse.method:Solver"),
    "algorithms": ("ALGORITHM", "milpsparse.method:Algorithm"),
    "families": ("FAMILY", "milpsparse.family:Family"),
}


@dataclass(frozen=True)
class Entry:
    """A name and where its object is: a module and the attribute in it; `whose` package it is."""

    kind: str
    name: str
    module: str
    attribute: str
    whose: str = "milpsparse"
    path: str | None = None

    @property
    def file(self) -> str:
        """The file of the module where it can be told without importing it, else its name."""
        if self.path is not None:
            return self.path
        try:
            spec = importlib.util.find_spec(self.module)
        except (ImportError, ValueError):
            spec = None
        return spec.origin if spec is not None and spec.origin else self.module

    def load(self) -> Any:
        """Import the one module and take its object.

        Raises
        ------
        NotAvailable
            With the reason, whatever goes wrong in a file that others wrote.
        """
        try:
            found: Any = importlib.import_module(self.module)
            for part in self.attribute.split("."):
                found = getattr(found, part)
        except (Exception, SystemExit) as error:
            why = f"{type(error).__name__}: {error}"
            raise NotAvailable(f"{self} does not load: {why} ({self.file})") from error
        home, _, expected = KINDS[self.kind][1].partition(":")
        if not isinstance(found, getattr(importlib.import_module(home), expected)):
            what = f"{self.attribute} is a {type(found).__name__}, not a {expected}"
            raise NotAvailable(f"{self} does not load: {what} ({self.file})")
        return found

    def __str__(self) -> str:
        return f"{_one(self.kind)} {self.name}"


@cache
def entries(kind: str) -> dict[str, Entry]:
    """All entries of one kind by name, without importing any of them.

    Raises
    ------
    BadInput
        Two of one name, with the files of both; a plug-in folder that is not there.
    """
    by_name: dict[str, Entry] = {}
    found = [*_own(kind), *_of_folders(kind), *_of_packages(kind)]
    for entry in sorted(found, key=lambda e: e.name):
        if other := by_name.get(entry.name):
            both = f"{other.file} ({other.whose}) and {entry.file} ({entry.whose})"
            raise BadInput(f"two {kind} are named '{entry.name}': {both}")
        by_name[entry.name] = entry
    return by_name


def _own(kind: str) -> Iterator[Entry]:
    """The files of this package's folder."""
    package = importlib.import_module(f"milpsparse.{kind}")
    for info in pkgutil.iter_modules(package.__path__):
        if not info.name.startswith("_"):
            yield Entry(kind, info.name, f"{package.__name__}.{info.name}", KINDS[kind][0])


def _of_folders(kind: str) -> Iterator[Entry]:
    """The files of the user's folders; a name in two folders is yielded twice."""
    from milpsparse import plugins

    constant = KINDS[kind][0]
    defines = re.compile(rf"^{constant}\b\s*[:=]", re.MULTILINE)
    for folder in map(Path, plugins.__path__):
        if not folder.is_dir():
            raise BadInput(f"{plugins.VARIABLE} names {folder}: no such folder")
        for path in sorted([*folder.glob("*.py"), *(folder / kind).glob("*.py")]):
            flat = path.parent == folder
            if path.name.startswith("_") or (flat and not defines.search(_text(path))):
                continue
            module = f"{plugins.__name__}{'' if flat else f'.{kind}'}.{path.stem}"
            yield Entry(kind, path.stem, module, constant, plugins.VARIABLE, str(path))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _of_packages(kind: str) -> Iterator[Entry]:
    """The entry points of installed packages."""
    for point in entry_points(group=f"milpsparse.{kind}"):
        whose = "an entry point" if point.dist is None else f"package {point.dist.name}"
        yield Entry(kind, point.name, point.module, point.attr or KINDS[kind][0], whose)


def _one(kind: str) -> str:
    return {"families": "family"}.get(kind, kind[:-1])


def names(kind: str) -> list[str]:
    """The known names of one kind."""
    return list(entries(kind))


def load(kind: str, name: str) -> Any:
    """The object of this name.

    Raises
    ------
    UnknownName
        Naming the nearest known one.
    NotAvailable
        It is there but does not load; with the reason.
    """
    known = entries(kind)
    if name not in known:
        raise UnknownName(_one(kind), name, known)
    return known[name].load()


def broken(kind: str, name: str) -> str | None:
    """Why a known name does not load, or None."""
    try:
        load(kind, name)
    except NotAvailable as error:
        return str(error)
    return None
