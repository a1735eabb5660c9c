"""Imported results: rows that other tools' files claim, and values known from a .solu file.

A row by `imported:<solver>` has the claims of a file in its claimed columns; without a network
there is nothing to verify, and its checked columns stay empty. Known values are kept in
known.json of the folder, where `milpsparse check` takes them for its comparisons.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from milpsparse import library
from milpsparse.analysis.rows import COLUMNS
from milpsparse.answer import Answer, Termination
from milpsparse.checker import Verdict, check
from milpsparse.errors import BadInput
from milpsparse.harness import store
from milpsparse.instance import Instance

PREFIX = "imported:"
KNOWN = "known.json"
OF_INSTANCE = "instance_sha256 family n_samples n_features skip count_bias bound".split()
VERDICT = {  # of a claim that nothing can verify
    "optimal": "solved_not_verified",
    "time_limit": "timelimit",
    "memory_limit": "memlimit",
    "interrupted": "interrupt",
    "error": "fail_abort",
}


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A run as another tool tells it; `answer` has a network where the file holds one."""

    instance: str
    answer: Answer
    seconds: float | None
    seed: int = 0
    perm: int = 0
    is_run: bool = True  # else only its bounds over time
    time_limit_s: float | None = None
    about: Instance | None = None  # where the user has said which instance it is

    @property
    def key(self) -> tuple[str, str, str, int, int]:
        """Which run it is; a later one takes its place."""
        who = str(self.answer.solver)
        return self.instance, self.answer.objective, who, self.seed, self.perm


def is_imported(row: Mapping[str, Any]) -> bool:
    """Whether a row holds claims alone: it is imported, and has no network."""
    return str(row["method"]).startswith(PREFIX) and row.get("network") is None


def unverified(termination: str, status: str = "") -> Verdict:
    """The verdict on claims without a network: what they say remains claimed."""
    ended = Termination(termination)
    claims = ended in (Termination.OPTIMAL, Termination.INFEASIBLE)
    return Verdict(
        verdict=VERDICT.get(termination, "unknown"),
        termination=Termination.FEASIBLE if claims else ended,
        dual_bound_scope="within_bound",
        fail_reason=status if ended == Termination.ERROR else "",
    )


def row_of(claim: Claim, instance: Mapping[str, Any]) -> dict[str, Any]:
    """The row of a claim about an instance with these columns (see `columns_of`)."""
    answer = claim.answer
    verdict = unverified(answer.termination, answer.raw_status)
    if claim.about is not None and answer.network is not None:
        verdict = check(claim.about, answer)
    row: dict[str, Any] = dict.fromkeys(COLUMNS) | {
        "schema": store.SCHEMA,
        "instance": claim.instance,
        **{name: instance[name] for name in OF_INSTANCE},
        **{k: v for k, v in answer.to_json().items() if k not in ("termination", "proof")},
        "method": f"{PREFIX}{answer.solver}",
        "options": {},
        "threads": 1,
        "seed": claim.seed,
        "perm": claim.perm,
        "time_limit_s": claim.time_limit_s,
        "claimed_termination": str(answer.termination),
        "claimed_dual_bound_scope": answer.dual_bound_scope,
        "wall_time_s": claim.seconds,
        "solve_time_s": claim.seconds,
        "check_time_s": 0.0,
        **verdict.to_json(),
    }
    key = [row[name] for name in ("instance_sha256", "objective", "method", "seed", "perm")]
    row["task_key"] = _digest(key)[:16]
    row["run_id"] = f"import-{_digest(row)[:12]}"  # what has changed has not been checked
    return row


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(["import", content]).encode()).hexdigest()


def columns_of(
    name: str, about: Instance | None, others: Mapping[str, dict[str, Any]]
) -> dict[str, Any]:
    """What a row says of its instance: as given, as other rows do, as the library, or nothing."""
    if about is not None:
        return _columns(about)
    if name in others:
        return others[name]
    if name in library.index()["instances"]:
        return _columns(library.load(name))
    nothing = dict.fromkeys(OF_INSTANCE)
    return nothing | {"instance_sha256": _digest(name)}


def _columns(instance: Instance) -> dict[str, Any]:
    own = {name: getattr(instance, name, None) for name in OF_INSTANCE}
    return own | {"instance_sha256": instance.sha256}


def stored(folder: Path) -> tuple[dict[str, dict[str, Any]], float]:
    """What the rows of a folder say of each instance, and their largest time limit (0: no rows)."""
    found, limit = {}, 0.0
    if (folder / store.RUNS).is_file():
        for row in store.lines(folder / store.RUNS):
            found[row["instance"]] = {name: row.get(name) for name in OF_INSTANCE}
            limit = max(limit, row["time_limit_s"])
    return found, limit


def read_known(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The known values that a folder has imported, by instance; {} without any."""
    path = folder / KNOWN
    if not path.is_file():
        return {}
    try:
        known: dict[str, list[dict[str, Any]]] = json.loads(path.read_text(encoding="utf-8"))
        for entry in (entry for entries in known.values() for entry in entries):
            if not {"objective", "status", "value", "source"} <= entry.keys():
                raise ValueError(f"not a known value: {entry}")
        return known
    except (OSError, ValueError, AttributeError, TypeError, RecursionError) as error:
        raise BadInput(f"{path} holds no known values: {error}") from None


def add_known(folder: Path, found: Mapping[str, Iterable[dict[str, Any]]]) -> None:
    """Keep known values in a folder; those of a file that was imported before are replaced."""
    known = read_known(folder)
    sources = {entry["source"] for entries in found.values() for entry in entries}
    for name in {*known, *found}:
        old = [entry for entry in known.get(name, []) if entry.get("source") not in sources]
        known[name] = [*old, *found.get(name, [])]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({name: known[name] for name in sorted(known) if known[name]}, indent=1)
        store.write_atomically(folder / KNOWN, text.encode())
    except OSError as error:
        raise BadInput(f"cannot write {folder / KNOWN}: {error.strerror}") from None


def with_known(instance: Instance, known: Mapping[str, list[dict[str, Any]]]) -> Instance:
    """The instance with what the folder knows about its name, too."""
    entries = [k for k in known.get(instance.name, []) if k["status"] != "inf"]
    return replace(instance, known=(*instance.known, *entries)) if entries else instance
