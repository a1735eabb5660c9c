"""Every known value's evidence, checked again in exact arithmetic from the files alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

import click

from milpsparse import library
from milpsparse.curation.evidence import Evidence, judged
from milpsparse.instance import Instance
from milpsparse.judge import TOLERANCE
from milpsparse.known import Fact, Known, of_entries
from milpsparse.method import Limits
from milpsparse.objective import Objective, parse_objective

SEARCH, STEPS = 300.0, 10**12  # seconds and simplex steps of a search that is done again


class Found(NamedTuple):
    """One fact: of what kind, and why it does not hold ("" where it does)."""

    kind: str
    where: str
    reason: str


def verify(names: Sequence[str], jobs: int) -> bool:
    """Print how many facts of each kind hold, and those that do not; whether there are any."""
    from tqdm import tqdm

    held: Counter[str] = Counter()
    wrong = 0
    with ProcessPoolExecutor(jobs) as pool:
        results = pool.map(check_instance, names, chunksize=2)
        for found in tqdm(results, total=len(names), unit="instance", disable=None):
            for kind, where, reason in found:
                held[kind] += not reason
                wrong += bool(reason)
                if reason:
                    click.echo(f"{where}: {kind} does not hold: {reason}")
    counts = ", ".join(f"{n} {kind}" for kind, n in sorted(held.items()))
    click.echo(f"{len(names)} instances; hold: {counts}" + (f"; {wrong} do not" if wrong else ""))
    return bool(wrong)


def check_instance(name: str, evidence: Evidence | None = None) -> list[Found]:
    """All facts known of a library instance."""
    instance = library.load(name)
    evidence = evidence or Evidence(library.FOLDER)
    found: list[Found] = []
    for goal, known in of_entries(instance.known).items():
        where = f"{name} {goal}"
        facts = _facts(instance, parse_objective(goal), known, evidence)
        found += [Found(kind, where, reason) for kind, reason in facts]
    return found


def _facts(
    instance: Instance, objective: Objective, known: Known, evidence: Evidence
) -> Iterator[tuple[str, str]]:
    network = evidence.network(instance, objective)
    proof = evidence.proof(instance.name, str(objective))
    verdict = judged(instance, objective, network, proof)
    if known.best is not None:
        fits = verdict.verified and verdict.exact and verdict.primal_bound is not None
        value = verdict.primal_bound if fits else None
        yield "network", _compare(known.best, value, verdict.fail_reason, upper=True)
    if known.proved is not None:
        if known.proved.evidence == "search":
            proof = _search(instance, objective, known.proved)
            verdict = judged(instance, objective, None, proof)
        same = verdict.evidence == ("theorem" if known.proved.evidence == "theorem" else "proof")
        beside = verdict.evidence == "theorem" and proof is not None and not verdict.failed
        value = verdict.dual_bound if same or beside else None  # a theorem may give as much
        yield known.proved.evidence, _compare(known.proved, value, verdict.fail_reason)
    if known.generic is not None:
        yield "generic", _compare(known.generic, verdict.generic_bound, "")
    if known.claimed is not None:
        yield "claimed (not checked)", ""


def _compare(fact: Fact, value: float | None, reason: str, upper: bool = False) -> str:
    """Why a value of the evidence is not as good as what is said, or ""."""
    if value is None:
        return reason or "there is no evidence of it"
    margin = TOLERANCE * max(1.0, abs(fact.value))
    worse = value > fact.value + margin if upper else value < fact.value - margin
    return f"{fact.value:g} is said, {value:g} is found" if worse else ""


def _search(instance: Instance, objective: Objective, proved: Fact) -> list[str] | None:
    """The proof of a search done once more, where it is too large to be kept; None if it fails."""
    from milpsparse.search.level import Level
    from milpsparse.search.split import Found as Outcome

    level = Level(instance, objective, int(proved.value) - 1, 0)
    found = level.run(STEPS, Limits(time_limit_s=SEARCH))
    return level.proof(instance) if found == Outcome.NOTHING else None
