"""Files of the library, from the families: instances, index, test sets, known values, pages.

What cannot be generated is kept from before: known values, by instances of the same hash, and the
evidence in networks/ and proofs/. Everything else comes out the same, byte for byte.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from milpsparse import library, registry
from milpsparse.curation import pages, testsets
from milpsparse.curation.features import COUNTS, features, tags
from milpsparse.errors import BadInput
from milpsparse.family import Family, generate
from milpsparse.instance import Instance
from milpsparse.instance_files import read_json, to_json
from milpsparse.known import Known, of_entries

STORED = 10_000  # numbers up to which the points of an instance are stored as a file

Index = dict[str, Any]


def build(folder: Path, before: Index) -> Index:
    """Write the library below a folder; its index. `before` has the known values."""
    instances, made = {}, {}
    for instance, entry in _members(folder, before["instances"]):
        path = folder / entry["family"] / f"{instance.name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        if not entry.get("on_demand"):
            path.write_text(to_json(instance), encoding="utf-8")
        instances[instance.name], made[instance.name] = entry, instance
    instances = dict(sorted(instances.items()))
    for family in {entry["family"] for entry in instances.values()}:
        for path in (folder / family).glob("*.json"):
            if path.stem not in instances or instances[path.stem].get("on_demand"):
                path.unlink()  # of a member that was taken out
    sets = testsets.write(folder / "testsets", instances)
    pages.write(folder, instances, made, sets)
    return {"instances": instances, "testsets": sets}


def _members(folder: Path, before: Index) -> Iterator[tuple[Instance, Index]]:
    for name in registry.names("families"):
        rule: Family = registry.load("families", name)
        if registry.entries("families")[name].whose != "milpsparse":
            continue  # plug-ins are no part of the library
        if rule.missing() is not None:
            yield from _kept(folder, name, before)
            continue
        for member in rule.library:
            instance = generate(name, member.seed, **member.params)
            head = {"family": name, "seed": member.seed, "params": dict(member.params)}
            old = before.get(instance.name, {})
            yield _complete(instance, head, old, rule)


def _kept(folder: Path, family: str, before: Index) -> Iterator[tuple[Instance, Index]]:
    """Instances of a family that needs a package that is not here, from their files."""
    for name, entry in before.items():
        if entry["family"] == family:
            path = folder / family / f"{name}.json"
            source = path if path.is_file() else library.FOLDER / family / path.name
            if not source.is_file():
                raise BadInput(f"{name}: {registry.load('families', family).missing()}")
            yield read_json(source), entry


def _complete(instance: Instance, head: Index, old: Index, rule: Family) -> tuple[Instance, Index]:
    """The instance with what the library knows of it, and its entry of the index."""
    same = "known" in old and old["sha256"] == instance.sha256
    values = old["known"] if same else list(instance.known)
    facts = of_entries(values)
    found = features(instance) | _roots(instance, facts.get("l1"))
    about = {
        "status": {goal: facts[goal].status if goal in facts else "open" for goal in COUNTS},
        "tags": tags(found, rule.tags),
        "features": found,
    }
    entry = {**head, "sha256": instance.sha256, **about, "known": values}
    if instance.X.size + len(instance.y) > STORED:
        entry["on_demand"] = True
    return replace(instance, known=values, extra={**instance.extra, **about}), entry


def _roots(instance: Instance, l1: Known | None) -> Index:
    """The bound of the linear relaxation over patterns: the least l1 norm over B, for parameters.

    That of the models with big-M alone is 0. None where l1 was not computed.
    """
    lower = [fact.value for fact in (l1.proved, l1.claimed) if fact] if l1 else []
    if not lower or instance.bound is None:
        return {}
    return {"lp_root": {"parameters": float(f"{max(lower) / instance.bound:.6g}")}}


def to_text(index: Index) -> str:
    """The index as JSON, an instance a line."""
    parts = []
    for key in ("instances", "testsets"):
        rows = [f"{json.dumps(name)}: {json.dumps(row)}" for name, row in index[key].items()]
        parts.append(f"{json.dumps(key)}: {{\n" + ",\n".join(rows) + "\n}")
    return "{\n" + ",\n".join(parts) + "\n}\n"
