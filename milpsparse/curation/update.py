"""From results to known values: each stored answer is checked again, and what is better is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from milpsparse import checker
from milpsparse.curation.evidence import Evidence
from milpsparse.curation.known import Fact, Known, of_entries, of_verdict
from milpsparse.harness import store
from milpsparse.harness.run import answer_of, instance_of
from milpsparse.instance import Instance
from milpsparse.objective import parse_objective

ORDER = ("neurons", "parameters", "l1", "group_l2")  # of a known list; then lp by p


def update(folder: Path, instances: Path, index: dict[str, Any]) -> Iterator[str]:
    """Bring a results folder into the index and the evidence; yields what is news.

    Rows about other data than the library's, and rows whose check fails, add nothing.
    """
    evidence = Evidence(instances)
    made: dict[str, Instance] = {}
    for row in store.latest(folder).values():
        entry = index["instances"].get(row["instance"])
        if entry is None or entry["sha256"] != row["instance_sha256"]:
            continue
        name = row["instance"]
        if name not in made:
            made = {name: instance_of(row, folder)}
        yield from _take(row, folder, made[name], entry, evidence)


def _take(
    row: dict[str, Any], folder: Path, instance: Instance, entry: dict[str, Any], kept: Evidence
) -> Iterator[str]:
    answer = answer_of(row, folder)
    verdict = checker.check(instance, answer)
    if verdict.failed:
        yield f"{instance.name} {row['objective']}: {row['method']} {verdict.verdict}"
        return
    goal = row["objective"]
    steps = row.get("stats", {}).get("steps")
    method = row["method"] + (f" ({' -> '.join(steps)})" if steps else "")
    solver = row["solver"] and f"{row['solver']} {row['solver_version']}"
    new = of_verdict(goal, verdict, method, row["wall_time_s"], solver)
    known = of_entries(entry["known"])
    old = known.get(goal, Known(goal))
    if old.best is not None and kept.network(instance, parse_objective(goal)) is None:
        old = Known(goal, None, old.proved, old.claimed, old.generic)  # no file stands behind it
    both = old.merged(new)
    if both.best is new.best is not None and answer.network is not None:
        kept.keep_network(instance, parse_objective(goal), answer.network)
        if old.best is not None:
            yield f"news: {instance.name} {goal} {old.best.value:g} -> {new.best.value:g}"
    if both.proved is new.proved is not None and verdict.evidence == "proof":
        assert answer.proof is not None
        if not kept.keep_proof(instance.name, goal, answer.proof):
            why = f"{verdict.dual_bound_reason}, too large to keep: searched again to verify"
            fact = Fact(new.proved.value, "search", why, new.proved.method, new.proved.seconds)
            both = Known(goal, both.best, fact, both.claimed, both.generic)
        if old.proved is not None:
            yield f"news: {instance.name} {goal} at least {new.proved.value:g}"
    known[goal] = both
    entry["known"] = [e for key in sorted(known, key=_order) for e in known[key].entries()]


def _order(objective: str) -> tuple[int, str]:
    return (ORDER.index(objective) if objective in ORDER else len(ORDER), objective)
