"""The instance library: instances by name, test sets, and the index that the package ships.

In a checkout, instances/<family>/<name>.json and instances/testsets/<set>.test hold them; anywhere
else an instance is generated again by its family and checked against the hash in library.json.
`python -m milpsparse.library` writes the files and the index (make instances).
"""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

from milpsparse import registry
from milpsparse.errors import BadInput, BadInstance, UnknownName
from milpsparse.family import Family, generate
from milpsparse.instance import Instance
from milpsparse.instance_files import read_csv, read_json, to_json

FOLDER = Path("instances")
INDEX = Path(__file__).with_name("library.json")


@cache
def index() -> dict[str, Any]:
    """The shipped index: `instances` by name (family, seed, params, sha256) and `testsets`."""
    loaded: dict[str, Any] = json.loads(INDEX.read_text(encoding="utf-8"))
    return loaded


def load(name: str) -> Instance:
    """A library instance by name.

    Raises
    ------
    UnknownName
        Naming the nearest known one.
    """
    known = index()["instances"]
    if name not in known:
        raise UnknownName("instance", name, known)
    entry = known[name]
    path = FOLDER / entry["family"] / f"{name}.json"
    if path.is_file():
        instance = read_json(path)
    else:
        instance = generate(entry["family"], entry["seed"], **entry["params"])
    if instance.sha256 != entry["sha256"]:
        where = str(path) if path.is_file() else f"the family {entry['family']}"
        raise BadInstance(f"{name} from {where} is not the library's: its hash differs")
    return instance


def find(data: str) -> Instance:
    """An instance from what a user types: a .json or .csv file, or the name of a library one."""
    path = Path(data)
    if path.suffix.lower() == ".csv":
        return read_csv(path)
    if path.suffix.lower() == ".json":
        return read_json(path)
    if path.is_file() or path.suffix or len(path.parts) > 1:
        raise BadInput(f"{data}: give a .json or .csv file, or the name of a library instance")
    return load(data)


def testset(name: str) -> list[str]:
    """The instances of a test set: a known name, or a .test file with one name or path a line."""
    path = Path(name) if name.endswith(".test") else FOLDER / "testsets" / f"{name}.test"
    if path.is_file():
        try:
            return _names(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"cannot read {path}: {error}") from None
    if name.endswith(".test"):
        raise BadInput(f"cannot read {name}: no such file")
    known = index()["testsets"]
    if name not in known:
        raise UnknownName("test set", name, known)
    return list(known[name])


def _names(text: str) -> list[str]:
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if line]


def build(folder: Path) -> dict[str, Any]:
    """Write every library instance below a folder; the index of all of them."""
    instances = {}
    for family in registry.names("families"):
        rule: Family = registry.load("families", family)
        for member in rule.library:
            instance = generate(family, member.seed, **member.params)
            path = folder / family / f"{instance.name}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(to_json(instance), encoding="utf-8")
            instances[instance.name] = {
                "family": family,
                "seed": member.seed,
                "params": dict(member.params),
                "sha256": instance.sha256,
            }
    sets = sorted((folder / "testsets").glob("*.test"))
    testsets = {path.stem: _names(path.read_text(encoding="utf-8")) for path in sets}
    for name, members in testsets.items():
        if unknown := [m for m in members if m not in instances]:
            raise BadInput(f"test set {name} lists {', '.join(unknown)}: no such instance")
    return {"instances": dict(sorted(instances.items())), "testsets": testsets}


def main() -> None:
    """Rebuild the library of this checkout."""
    if not FOLDER.is_dir():
        sys.exit("run it from the root of a checkout: there is no folder instances/ here")
    built = build(FOLDER)
    INDEX.write_text(json.dumps(built, indent=1) + "\n", encoding="utf-8")
    print(f"{len(built['instances'])} instances, {len(built['testsets'])} test sets")


if __name__ == "__main__":
    main()
