"""Known values: what is known of the least value of one objective, and on what it rests."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from milpsparse.checker import Verdict
from milpsparse.judge import PROVED, TOLERANCE, gap

EASY = 60.0  # seconds within which an easy instance is proved
Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Fact:
    """A value, why it is to be believed, and the run that gave it."""

    value: float
    evidence: str
    source: str
    method: str | None = None
    seconds: float | None = None

    def fields(self) -> dict[str, Any]:
        """What an entry says of it."""
        run = {"method": self.method, "seconds": self.seconds}
        given = {key: value for key, value in run.items() if value is not None}
        value = int(self.value) if float(self.value).is_integer() else self.value
        return {"value": value, "evidence": self.evidence, "source": self.source, **given}


@dataclass(frozen=True)
class Known:
    """Of one objective: the best network, and the best lower bound of each kind."""

    objective: str
    best: Fact | None = None
    proved: Fact | None = None
    claimed: Fact | None = None
    generic: Fact | None = None

    @property
    def optimum(self) -> tuple[Fact, Fact] | None:
        """The best network and the proved bound where they meet."""
        if self.best is None or self.proved is None or not _meet(self.best, self.proved):
            return None
        return self.best, self.proved

    @property
    def is_optimal(self) -> bool:
        """Whether the network meets the proved bound."""
        return self.optimum is not None

    @property
    def is_generic(self) -> bool:
        """Whether the network meets the bound of almost every labelling."""
        if self.is_optimal or self.best is None or self.generic is None:
            return False
        return self.best.value == self.generic.value  # below it, labels are not generic

    @property
    def status(self) -> str:
        """easy, hard or open: proved within a minute, proved, not proved."""
        if self.optimum is None:
            return "open"
        spent = max(fact.seconds or 0.0 for fact in self.optimum)
        return "easy" if spent <= EASY else "hard"

    def merged(self, other: Known) -> Known:
        """The better network and the larger bounds of both; this one's where they are equal."""
        return replace(
            self,
            best=_first(self.best, other.best, smaller=True),
            proved=_first(self.proved, other.proved),
            claimed=_first(self.claimed, other.claimed),
            generic=_first(self.generic, other.generic),
        )

    def entries(self) -> list[dict[str, Any]]:
        """As in an instance file: an optimum, or the best network and the bounds below it."""
        head = {"objective": self.objective}
        if self.optimum is not None:
            best, proved = self.optimum
            last = max(self.optimum, key=lambda fact: fact.seconds or 0.0)
            whole = replace(proved, value=best.value, method=last.method, seconds=last.seconds)
            return [{**head, "status": "opt", **whole.fields()}]
        found = [] if self.best is None else [{**head, "status": "best", **self.best.fields()}]
        least = -1.0
        most = math.inf if self.best is None else self.best.value
        for fact in (self.proved, self.claimed, self.generic):
            if fact is not None and least < fact.value <= most:
                found.append({**head, "status": "bestdual", **fact.fields()})
                least = fact.value if fact is self.proved else least
        return found


def of_entries(entries: Iterable[Entry]) -> dict[str, Known]:
    """What the entries of an instance say, by objective."""
    found: dict[str, Known] = {}
    for entry in entries:
        goal = entry["objective"]
        known, fact = found.get(goal, Known(goal)), _fact(entry)
        if fact is None:
            continue
        if entry["status"] == "opt":
            source = "meets the bound"
            network = replace(fact, evidence="network", source=source)
            new = Known(goal, best=network, proved=fact)
        elif entry["status"] == "best":
            new = Known(goal, best=fact)
        else:
            kind = "proved" if fact.evidence in PROVED else fact.evidence
            new = Known(goal, **{kind: fact}) if kind in _BOUNDS else Known(goal)
        found[goal] = known.merged(new)
    return found


_BOUNDS = ("proved", "claimed", "generic")


def of_verdict(
    objective: str, verdict: Verdict, method: str, seconds: float, solver: str | None
) -> Known:
    """What a checked answer adds."""
    run = {"method": method, "seconds": float(f"{seconds:.3g}")}
    best = proved = claimed = generic = None
    if verdict.verified and verdict.exact and verdict.primal_bound is not None:
        best = Fact(verdict.primal_bound, "network", f"found by {method}", **run)  # type: ignore[arg-type]
    if verdict.dual_bound is not None and verdict.dual_bound > 0:
        value, reason = verdict.dual_bound, verdict.dual_bound_reason
        if verdict.evidence in PROVED:
            proved = Fact(value, verdict.evidence, reason, **run)  # type: ignore[arg-type]
        else:
            claimed = Fact(value, "claimed", solver or method, **run)  # type: ignore[arg-type]
    if verdict.generic_bound:
        generic = Fact(verdict.generic_bound, "generic", "dimension count")
    return Known(objective, best, proved, claimed, generic)


def _fact(entry: Entry) -> Fact | None:
    if entry.get("value") is None:
        return None
    names = ("value", "evidence", "source", "method", "seconds")
    return Fact(**{name: entry.get(name) for name in names})  # type: ignore[arg-type]


def _first(mine: Fact | None, other: Fact | None, smaller: bool = False) -> Fact | None:
    if mine is None or other is None:
        return mine or other
    margin = TOLERANCE * max(1.0, abs(mine.value))
    gain = mine.value - other.value if smaller else other.value - mine.value
    return other if gain > margin else mine


def _meet(best: Fact | None, bound: Fact | None) -> bool:
    if best is None or bound is None:
        return False
    return best.value <= bound.value or gap(best.value, bound.value) <= TOLERANCE
