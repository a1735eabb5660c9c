"""The check: what is true of an answer, from the instance and the returned network alone.

Residuals, counts and bounds are recomputed in rational arithmetic; nothing the method says about
itself is used except to be judged. Lower bounds are the theorems of `bounds`, the answer's proof
where it holds, and the method's own one, which stays a claim. The check never changes a network.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from milpsparse import judge
from milpsparse.answer import UNREADABLE, Answer, Termination
from milpsparse.bounds import lower_bounds
from milpsparse.instance import Instance
from milpsparse.network import Network, with_doubles
from milpsparse.objective import Objective, parse_objective
from milpsparse.proofs.verify import ProofError, verify_lines
from milpsparse.residuals import largest_residual
from milpsparse.theory.interpolant import Interpolant
from milpsparse.theory.points import points_of


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What is true of one answer; the columns of a row's checked part.

    `primal_bound` is the value of a verified network that fits the bound (else None).
    `dual_bound` is the best lower bound, its kind in `evidence`: theorem, proof, search, claimed.
    `generic_bound` holds for almost every label vector; it proves nothing here.
    """

    verdict: str
    termination: Termination
    verified: bool = False
    exact: bool = False
    primal_bound: float | None = None
    dual_bound: float | None = None
    dual_bound_scope: str = "all"
    evidence: str | None = None
    dual_bound_reason: str = ""
    generic_bound: float | None = None
    gap: float | None = None
    gap_int: int | None = None
    max_residual: float | None = None
    bound_active: bool | None = None
    n_neurons: int | None = None
    n_parameters: int | None = None
    fail_reason: str = ""

    @property
    def failed(self) -> bool:
        """Whether a claim did not hold."""
        return self.verdict.startswith("fail")

    @property
    def proved(self) -> bool:
        """Whether optimality is proved, not only claimed."""
        return self.termination == Termination.OPTIMAL and self.evidence != "claimed"

    def to_json(self) -> dict[str, Any]:
        """The fields as plain values."""
        return asdict(self)


def check(instance: Instance, answer: Answer) -> Verdict:
    """Judge an answer. Returns a Verdict whatever the answer holds; it never raises for a lie."""
    objective = parse_objective(answer.objective)
    if answer.termination in (Termination.NOT_AVAILABLE, Termination.ERROR):
        word = "unknown"
        if answer.termination == Termination.ERROR:
            unreadable = answer.raw_status.startswith(UNREADABLE)
            word = "fail_readerror" if unreadable else "fail_abort"
        return Verdict(verdict=word, termination=answer.termination, fail_reason=answer.raw_status)
    facts, reason = _network_facts(instance, _rebuilt(answer.network, instance), objective)
    facts |= _lower_bound(instance, answer, objective)
    return _judge(instance, answer, objective, facts, reason)


def unreadable(why: str) -> Verdict:
    """The verdict on what is no answer."""
    return Verdict(verdict="fail_readerror", termination=Termination.ERROR, fail_reason=why)


def _network_facts(
    instance: Instance, network: Network | None, objective: Objective
) -> tuple[dict[str, Any], str]:
    """Residual, counts and value; and why the network is no solution ("" when it is)."""
    if network is None:
        return {}, ""
    if reason := _malformed(instance, network):
        return {}, reason
    sound = isinstance(network.exact, Interpolant)  # then it passes through all points
    residual = Fraction(0) if sound else largest_residual(instance, network)
    facts: dict[str, Any] = {
        "exact": residual == 0,
        "max_residual": _float(residual),
        "n_neurons": network.n_neurons(instance.skip),
        "n_parameters": network.n_parameters(instance.count_bias),
    }
    if _float(residual) > judge.TOLERANCE * max(1.0, abs(instance.y).max()):
        return facts, f"the network misses the data by {_float(residual):.3g}"
    if instance.bound_exact is not None:
        largest = _fraction(network.best.largest)
        slack = 0 if facts["exact"] else Fraction(judge.TOLERANCE)
        if largest > instance.bound_exact * (1 + slack):
            what = f"|u| = {float(largest):.6g} breaks the bound {instance.bound:g}"
            return facts, what
        facts["bound_active"] = largest >= instance.bound_exact * (1 - Fraction(judge.TOLERANCE))
    facts["verified"] = True
    facts["primal_bound"] = instance.value(network, objective)
    return facts, ""


def _malformed(instance: Instance, network: Network) -> str:
    """Why this is no network for the instance; an exact self must be sound, and be the doubles'."""
    if reason := _misshapen(instance, network):
        return reason
    numbers = [part.astype(float, copy=False) for part in (network.weights, network.biases)]
    numbers.append(np.array(_skip_entries(network, 0), dtype=float))
    if not all(np.isfinite(entries).all() for entries in numbers):
        return "the network has entries that are not finite"
    exact = network.exact
    if exact is None:
        return ""
    if isinstance(exact, Interpolant):
        of_data = instance.n_features == 1 and exact.points is points_of(instance)
        if not (of_data and exact.is_sound):
            return "the exact network is no interpolant of these points"
        if not exact.points.is_small:
            return "" if exact.is_near(network) else _OTHER
    if reason := _misshapen(instance, exact):
        return f"exact: {reason}"
    twin = with_doubles(exact)
    same = np.array_equal(twin.signs, network.signs) and np.array_equal(twin.path, network.path)
    skips = [[float(v) for v in _skip_entries(n, instance.n_features)] for n in (twin, network)]
    if exact.exact is not None or not same or skips[0] != skips[1]:
        return _OTHER
    return ""


_OTHER = "the exact network is another one than that of the doubles"


def _rebuilt(network: Network | None, instance: Instance) -> Network | None:
    """The network, with an interpolant made anew from its pairs: nothing it cached is believed."""
    if network is None or not isinstance(network.exact, Interpolant):
        return network
    pairs = np.array(network.exact.paired)
    return replace(network, exact=Interpolant(network.exact.points, pairs))


def _misshapen(instance: Instance, network: Network) -> str:
    K, d = len(network.signs), instance.n_features
    shapes = [network.weights.shape, network.biases.shape]
    if shapes != [(K, d), (K,)]:
        return f"the network has shapes {shapes}, not {[(K, d), (K,)]}"
    if not np.all((network.signs == 1) | (network.signs == -1)):
        return "signs must be 1 or -1"
    if network.skip is not None and not instance.skip:
        return "the network has a skip connection, the instance has none"
    if network.skip is not None and network.skip.weights.shape != (d,):
        return f"the skip connection has shape {network.skip.weights.shape}, not {(d,)}"
    return ""


def _skip_entries(network: Network, d: int) -> list[Any]:
    if network.skip is None:
        return [0] * (d + 1)
    return [*network.skip.weights.tolist(), network.skip.bias]


def _fraction(value: Any) -> Fraction:
    return value if isinstance(value, Fraction) else Fraction(value)


def _float(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _lower_bound(instance: Instance, answer: Answer, objective: Objective) -> dict[str, Any]:
    """The best lower bound with its evidence; a claim counts only where it beats what is proved."""
    known = lower_bounds(instance, objective)
    theorem = max((b for b in known if b.evidence == "theorem"), key=lambda b: b.value)
    generic = [float(b.value) for b in known if b.evidence == "generic"]
    if answer.claimed_generic_bound is not None:
        generic.append(judge.rounded(answer.claimed_generic_bound, objective))
    value, claim = float(theorem.value), answer.claimed_dual_bound
    facts: dict[str, Any] = {
        "generic_bound": max(generic, default=None),
        "dual_bound": value,
        "evidence": "theorem",
        "dual_bound_scope": "all",
        "dual_bound_reason": theorem.why,
    }
    if answer.proof is not None:
        facts |= _proved(instance, answer, objective, value)
        value = facts["dual_bound"]
    margin = 0.0 if objective.counts else judge.TOLERANCE * max(1.0, abs(value))
    if claim is None or not math.isfinite(claim):
        return facts
    if judge.rounded(claim, objective) > value + margin:
        scope = answer.dual_bound_scope
        facts |= {"dual_bound": claim, "evidence": "claimed", "dual_bound_scope": scope}
        facts["dual_bound_reason"] = f"claimed by {answer.solver or 'the method'}"
    return facts


def _proved(
    instance: Instance, answer: Answer, objective: Objective, theorem: float
) -> dict[str, Any]:
    """The bound of the answer's proof, where it holds and says more than the theorems.

    A proof within a smaller B than the answer's says nothing about it.
    """
    assert answer.proof is not None
    try:
        claim = verify_lines(answer.proof, instance)
    except ProofError as error:
        return {"proof_error": f"the proof does not hold: {error}"}
    if claim.objective != str(objective):
        return {"proof_error": f"the proof is about {claim.objective}"}
    bound = instance.bound if instance.bound is not None else answer.bound_used
    if claim.bound is not None and (bound is None or claim.bound < Fraction(bound)):
        return {"proof_error": f"the proof is about |u| <= {float(claim.bound):g} only"}
    if claim.at_least <= theorem:
        return {}
    return {
        "dual_bound": float(claim.at_least),
        "evidence": "proof",
        "dual_bound_scope": claim.scope,
        "dual_bound_reason": f"{claim.kind} proof of {claim.n_leaves} leaves",
    }


def _judge(
    instance: Instance, answer: Answer, objective: Objective, facts: dict[str, Any], reason: str
) -> Verdict:
    primal, dual = facts.get("primal_bound"), facts.get("dual_bound")
    if dual is not None and primal is not None:
        facts["gap"] = judge.gap(primal, dual)
        if objective.counts:
            facts["gap_int"] = int(primal - judge.rounded(dual, objective))
    broken = facts.pop("proof_error", "")
    word, why = judge.word(instance, answer, objective, facts, reason)
    if broken and not word.startswith("fail"):
        word, why = "fail_dual_bound", broken
    if word == "within tolerance":
        facts |= {"primal_bound": None, "gap": None, "gap_int": None}
        word = "unknown"
    termination = answer.termination
    if judge.is_optimal(instance, objective, facts) and not word.startswith("fail"):
        termination = Termination.OPTIMAL
    elif termination == Termination.OPTIMAL:
        termination = Termination.FEASIBLE
    return Verdict(verdict=word, termination=termination, fail_reason=why, **facts)
