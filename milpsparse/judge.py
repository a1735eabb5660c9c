"""The verdict: from what a method claims and what the check found to one word and one reason."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from milpsparse.answer import Answer, Termination
from milpsparse.instance import Instance
from milpsparse.objective import Objective

PROVED = ("theorem", "proof", "search")  # evidence that needs no belief, best first
TOLERANCE = 1e-6  # residual of a verified network, relative to max(1, |y|max); gap of an optimum

# From worst to best; the words of SCIP's and ipet's evaluations.
VERDICTS = (
    "fail_abort",  # no result: crashed or killed without a word
    "fail_readerror",  # the result is no answer
    "fail_solution_infeasible",  # the network does not fit the data, or breaks B
    "fail_objective_value",  # the network is not worth what the method says
    "fail_dual_bound",  # the claimed lower bound is above a verified network
    "fail_inconsistent",  # two claims contradict each other
    "unknown",  # nothing was claimed and nothing found
    "memlimit",
    "timelimit",
    "interrupt",
    "better",  # better than the best known value: news
    "solved_not_verified",  # claimed optimal; nothing contradicts it, nothing proves it
    "ok",  # what was claimed is true
)


def rounded(bound: float, objective: Objective) -> float:
    """A lower bound on a count may be rounded up (less 1e-6 for the solver's tolerance)."""
    return float(math.ceil(bound - 1e-6)) if objective.counts and math.isfinite(bound) else bound


def gap(primal: float | None, dual: float | None) -> float:
    """|p - d| / min(|p|, |d|); 0 if equal, inf if either is missing or zero or signs differ."""
    if primal is None or dual is None or math.isinf(primal) or math.isinf(dual):
        return math.inf
    if abs(primal - dual) <= 1e-9:
        return 0.0
    if abs(primal) <= 1e-9 or abs(dual) <= 1e-9 or primal * dual < 0:
        return math.inf
    return abs(primal - dual) / min(abs(primal), abs(dual))


def word(
    instance: Instance, answer: Answer, objective: Objective, facts: Mapping[str, Any], reason: str
) -> tuple[str, str]:
    """The verdict and its reason; tests run from worst to best."""
    primal = facts.get("primal_bound")
    if reason:
        if objective.kind == "lp" and "breaks the bound" in reason:
            return "unknown", reason + "; lp is solved without B"
        return "fail_solution_infeasible", reason
    claim = answer.claimed_primal_bound
    if answer.termination == Termination.INFEASIBLE and primal is not None:
        return "fail_inconsistent", "claims infeasible beside a network that fits"
    if answer.termination == Termination.INFEASIBLE and answer.claimed_dual_bound is None:
        return "fail_inconsistent", "claims infeasible; distinct points can always be interpolated"
    if claim is not None and primal is None:
        return "fail_solution_infeasible", f"claims the value {claim:g} without a network"
    if claim is not None and primal is not None and not _close(claim, primal, objective):
        return "fail_objective_value", f"claims {claim:g}; the network is worth {primal:g}"
    if wrong := _dual_contradiction(instance, answer, objective, primal):
        return "fail_dual_bound", wrong
    if answer.termination == Termination.OPTIMAL and not _closes(answer, objective):
        return "fail_inconsistent", "claims optimal, but its own bounds do not meet"
    dual = facts.get("dual_bound")
    proved = facts.get("evidence") in ("theorem", "proof")
    if proved and primal is not None and dual is not None and _below(primal, dual, objective):
        if facts["exact"]:
            return "fail_inconsistent", f"an exact network of value {primal:g} below a proved bound"
        return "within tolerance", f"within tolerance only: worth {primal:g}, proved {dual:g}"
    if primal is not None and (news := _better(instance, objective, primal)):
        return "better", news
    if primal is None:
        limits = {"time_limit": "timelimit", "memory_limit": "memlimit", "interrupted": "interrupt"}
        return limits.get(answer.termination, "unknown"), "no network"
    if answer.termination == Termination.OPTIMAL and not _supported(instance, objective, facts):
        return "solved_not_verified", ""
    return "ok", ""


def _below(primal: float, dual: float, objective: Objective) -> bool:
    return primal < dual - (0 if objective.counts else TOLERANCE * max(1.0, abs(dual)))


def _close(a: float, b: float, objective: Objective) -> bool:
    return abs(a - b) <= TOLERANCE * (1.0 if objective.counts else max(1.0, abs(b)))


def _closes(answer: Answer, objective: Objective) -> bool:
    p, d = answer.claimed_primal_bound, answer.claimed_dual_bound
    if p is None or d is None:
        return False
    return gap(p, rounded(d, objective)) <= TOLERANCE or p <= d


def _dual_contradiction(
    instance: Instance, answer: Answer, objective: Objective, primal: float | None
) -> str:
    """Why the claimed lower bound cannot hold, "" when nothing contradicts it."""
    claim = answer.claimed_dual_bound
    if claim is None:
        return ""
    if math.isnan(claim):
        return "claims a lower bound that is not a number"
    bound = rounded(claim, objective)
    rivals = [(primal, "its own network")]
    if instance.bound is not None or answer.dual_bound_scope == "all":
        rivals.append((_known(instance, objective), "a known network"))
    for value, whose in rivals:
        if value is not None and bound > value + TOLERANCE * max(1.0, abs(value)):
            return f"claims the lower bound {claim:g}; {whose} is worth {value:g}"
    return ""


def _known(
    instance: Instance,
    objective: Objective,
    statuses: tuple[str, ...] = ("opt", "best"),
    evidence: tuple[str, ...] | None = None,
) -> float | None:
    """The least value known for this objective, with such a status and such evidence."""
    values = [
        float(k["value"])
        for k in instance.known
        if k["objective"] == str(objective)
        and k["status"] in statuses
        and (evidence is None or k.get("evidence") in evidence)
    ]
    return min(values, default=None)


def _better(instance: Instance, objective: Objective, primal: float) -> str:
    best = _known(instance, objective)
    if best is None or primal >= best - TOLERANCE * max(1.0, abs(best)):
        return ""
    return f"worth {primal:g}; the best known value was {best:g}"


def _supported(instance: Instance, objective: Objective, facts: Mapping[str, Any]) -> bool:
    """Whether a claimed optimum rests on more than the claim: a theorem, or a known optimum."""
    if facts.get("evidence") != "claimed":
        return True
    known = _known(instance, objective, ("opt",), PROVED)
    return known is not None and _close(known, facts["primal_bound"], objective)


def is_optimal(instance: Instance, objective: Objective, facts: Mapping[str, Any]) -> bool:
    """The contract's word: bounds meet, an exact network where proved, scope "all" if B is null."""
    primal, dual = facts.get("primal_bound"), facts.get("dual_bound")
    if primal is None or dual is None:
        return False
    if instance.bound is None and facts.get("dual_bound_scope") != "all":
        return False
    if facts.get("evidence") != "claimed" and not facts.get("exact"):
        return False
    return gap(primal, rounded(dual, objective)) <= TOLERANCE
