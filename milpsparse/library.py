"""The instance library: instances by name, test sets, and the index that the package ships.

In a checkout, instances/<family>/<name>.json and instances/testsets/<set>.test hold them; anywhere
else an instance is generated again by its family and checked against the hash in library.json.
milpsparse/curation writes the files and the index (make instances).
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from milpsparse.errors import BadInput, BadInstance, UnknownName
from milpsparse.family import generate
from milpsparse.instance import Instance
from milpsparse.instance_files import read_csv, read_json

FOLDER = Path("instances")
INDEX = Path(__file__).with_name("library.json")


@cache
def index() -> dict[str, Any]:
    """The shipped index: `testsets`, and `instances` by name.

    Each has family, seed, params and sha256; what is known of it, its status, tags and features.
    """
    loaded: dict[str, Any] = json.loads(INDEX.read_text(encoding="utf-8"))
    return loaded


def load(name: str) -> Instance:
    """A library instance by name.

    Raises
    ------
    UnknownName, NotAvailable
        Naming the nearest known one; or the package that its family needs outside a checkout.
    """
    known = index()["instances"]
    if name not in known:
        raise UnknownName("instance", name, known)
    entry = known[name]
    path = FOLDER / entry["family"] / f"{name}.json"
    instance = read_json(path) if path.is_file() else _made(entry)
    if instance.sha256 != entry["sha256"]:
        where = str(path) if path.is_file() else f"the family {entry['family']}"
        raise BadInstance(f"{name} from {where} is not the library's: its hash differs")
    return instance


def _made(entry: dict[str, Any]) -> Instance:
    """Generated anew, with what the index knows of it."""
    instance = generate(entry["family"], entry["seed"], **entry["params"])
    about = {key: entry[key] for key in ("status", "tags", "features")}
    return replace(instance, known=entry["known"], extra={**instance.extra, **about})


def find(data: str) -> Instance:
    """An instance from what a user types: a .json or .csv file, or the name of a library one."""
    path = Path(data)
    if path.suffix.lower() == ".csv":
        return read_csv(path)
    if path.suffix.lower() == ".json":
        return read_json(path)
    if path.suffix or len(path.parts) > 1 or os.path.isfile(data):
        raise BadInput(f"{data}: give a .json or .csv file, or the name of a library instance")
    return load(data)


def testset(name: str) -> list[str]:
    """The instances of a test set: a known name, or a .test file with one name or path a line."""
    path = Path(name) if name.endswith(".test") else FOLDER / "testsets" / f"{name}.test"
    if path.is_file():
        try:
            return names_in(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"cannot read {path}: {error}") from None
    if name.endswith(".test"):
        raise BadInput(f"cannot read {name}: no such file")
    known = index()["testsets"]
    if name not in known:
        raise UnknownName("test set", name, known)
    return list(known[name])


def names_in(text: str) -> list[str]:
    """The names in the text of a .test file: one a line, # starts a comment."""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if line]
