"""From results to known values: each stored answer is checked again, and what is better is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, replace
from itertools import product
from pathlib import Path
from typing import Any

from milpsparse import checker, library, registry
from milpsparse.checker import Verdict
from milpsparse.curation.evidence import Evidence, judged, packed_proof
from milpsparse.curation.features import COUNTS
from milpsparse.family import network_of
from milpsparse.harness import store
from milpsparse.harness.run import answer_of, instance_of
from milpsparse.instance import Instance
from milpsparse.known import Known, of_entries, of_verdict
from milpsparse.network import Network
from milpsparse.objective import parse_objective
from milpsparse.rewrite import drop_zeros, split
from milpsparse.sparsify import sparser

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


def constructions(instances: Path, index: dict[str, Any]) -> Iterator[str]:
    """Bring the networks that families know of into index and evidence, where they are better."""
    evidence = Evidence(instances)
    for name, entry in index["instances"].items():
        rule = registry.load("families", entry["family"])
        network = None
        if rule.network is not None:
            network = network_of(entry["family"], entry["seed"], **entry["params"])
        if network is None:
            continue
        instance = library.load(name)
        network = drop_zeros(split(network, instance.bound_exact), instance.skip)
        for goal in COUNTS:
            yield from _offer(entry, instance, goal, network, "construction", evidence)


def shared(
    instances: Path, index: dict[str, Any], names: Iterable[str] | None = None
) -> Iterator[str]:
    """Try the best network of each objective on the others, where no bound is met yet.

    Of parameters, the sparsest network with its activations, too. `names`: of these instances only.
    """
    evidence = Evidence(instances)
    for name in index["instances"] if names is None else names:
        entry = index["instances"][name]
        known = of_entries(entry["known"])
        goals = [goal for goal, k in known.items() if not (k.is_optimal or k.is_generic)]
        if not goals:
            continue
        instance = library.load(name)
        networks = {key: evidence.network(instance, parse_objective(key)) for key in known}
        for goal, (source, network) in product(goals, networks.items()):
            if network is None or source == goal:
                continue
            method = f"the network of {source}"
            yield from _offer(entry, instance, goal, network, method, evidence)
            if goal == "parameters":
                sparse = sparser(instance, network, parse_objective(goal))
                if sparse is not None:
                    yield from _offer(entry, instance, goal, sparse, method, evidence)


def _offer(
    entry: dict[str, Any],
    instance: Instance,
    goal: str,
    network: Network,
    method: str,
    kept: Evidence,
) -> Iterator[str]:
    """Bring a network that no run has found, with what the check proves of it."""
    verdict = judged(instance, parse_objective(goal), network)
    new = replace(of_verdict(goal, verdict, method, 0.0, None), claimed=None)
    yield from _merge(entry, instance, new, network, None, kept)


def _take(
    row: dict[str, Any], folder: Path, instance: Instance, entry: dict[str, Any], kept: Evidence
) -> Iterator[str]:
    goal = row["objective"]
    steps = row.get("stats", {}).get("steps")
    method = row["method"] + (f" ({' -> '.join(steps)})" if steps else "")
    solver = row["solver"] and f"{row['solver']} {row['solver_version']}"
    run = (method, row["wall_time_s"], solver)
    old = _standing(entry, instance, goal, kept)
    if old.merged(of_verdict(goal, _stored(row), *run)).entries() == old.entries():
        return  # what was found when it was stored is nothing new
    answer = answer_of(row, folder)
    if not parse_objective(goal).counts and answer.proof and packed_proof(answer.proof) is None:
        answer = answer.with_(proof=None)  # of a norm: what cannot be checked again is a claim
    verdict = checker.check(instance, answer)
    if verdict.failed:
        yield f"{instance.name} {goal}: {row['method']} {verdict.verdict}"
        return
    new = of_verdict(goal, verdict, *run)
    yield from _merge(entry, instance, new, answer.network, answer.proof, kept)


def _stored(row: dict[str, Any]) -> Verdict:
    """The verdict that a row was stored with."""
    names = [field.name for field in fields(Verdict)]
    return Verdict(**{name: row[name] for name in names if name in row})


def _standing(entry: dict[str, Any], instance: Instance, goal: str, kept: Evidence) -> Known:
    """What is known; of the best network only where there is a file behind it."""
    known = of_entries(entry["known"]).get(goal, Known(goal))
    there = kept.has_network(instance, parse_objective(goal))
    return known if there else replace(known, best=None)


def _merge(
    entry: dict[str, Any],
    instance: Instance,
    new: Known,
    network: Network | None,
    proof: Sequence[str] | None,
    kept: Evidence,
) -> Iterator[str]:
    """Lay new facts beside those of the index; keep the files of those that are better."""
    goal = new.objective
    objective, old = parse_objective(goal), _standing(entry, instance, goal, kept)
    both = old.merged(new)
    if both.best is new.best is not None and network is not None:
        kept.keep_network(instance, objective, network)
        if old.best is not None:
            yield f"news: {instance.name} {goal} {old.best.value:g} -> {new.best.value:g}"
    if both.proved is new.proved is not None and new.proved.evidence == "proof":
        assert proof is not None
        if kept.keep_proof(instance.name, goal, proof):
            pass
        elif both.is_optimal:
            kept.drop_proof(instance.name, goal)
            why = f"{new.proved.source}, too large to keep: searched again to verify"
            both = replace(both, proved=replace(new.proved, evidence="search", source=why))
        else:
            both = replace(both, proved=old.proved)  # too dear to search again for half an answer
        if old.proved is not None and both.proved is not old.proved:
            yield f"news: {instance.name} {goal} at least {new.proved.value:g}"
    known = {**of_entries(entry["known"]), goal: both}
    entry["known"] = [e for key in sorted(known, key=_order) for e in known[key].entries()]


def _order(objective: str) -> tuple[int, str]:
    return (ORDER.index(objective) if objective in ORDER else len(ORDER), objective)
