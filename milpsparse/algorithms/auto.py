"""The method `auto`: theory where it applies, else a cheap network, then activation search.

The steps are kept in the answer's stats; the network is the best one of all steps.
"""

from __future__ import annotations

import math

from milpsparse.algorithms.activation_search import STARTS, prepare, search
from milpsparse.algorithms.witness_points import prove
from milpsparse.answer import Answer, Termination
from milpsparse.bounds import best_bound
from milpsparse.construct import MAX_HINGES
from milpsparse.errors import Unsupported
from milpsparse.execute import execute, heuristic, solve_model, with_bound
from milpsparse.instance import Instance
from milpsparse.judge import rounded
from milpsparse.method import Algorithm, Limits, Method
from milpsparse.models._parts import too_many_patterns
from milpsparse.naming import parse_method
from milpsparse.network import Network
from milpsparse.objective import Objective
from milpsparse.patterns import count_bound
from milpsparse.rays import count_bound as count_rays

SMALL = 400  # patterns up to which a model over patterns may prove parameters
DESCENTS = "reweighted_l1[starts=20]"
TINY, TINY_RAYS = 32, 72  # patterns and rays up to which the least lp norm is searched for
SHARE = 0.9  # of the time for the activation search, where the model after it is weaker


def run(instance: Instance, objective: Objective, limits: Limits) -> Answer:
    """Best network and best lower bound of the steps that fit into the time limit."""
    solved = _by_theory(instance, objective, limits)
    if solved is not None and _is_final(solved, instance):
        return solved
    if not objective.counts:
        return _norm(instance, objective, limits)
    theorem = best_bound(instance, objective, "theorem")
    candidates = {} if solved is None else {"univariate": solved.network}
    steps = list(candidates)

    def best() -> Network | None:
        found = [network for network in candidates.values() if network is not None]
        return min(found, key=lambda n: instance.value(n, objective), default=None)

    for name in (f"multistart[starts={STARTS}]", "coordinate_start", "reweighted_l1"):
        if objective.kind == "neurons" and best() is not None:
            continue  # the others seldom find fewer neurons, and take longer
        if name == "reweighted_l1" and too_many_patterns(instance, objective, {}):
            continue  # many blocks have many parameters
        candidates[name] = heuristic(name, instance, objective, limits, share=0.25)
        steps += [name] if candidates[name] is not None else []
        network = best()
        lower = -math.inf if theorem is None else theorem.value
        if network is not None and instance.value(network, objective) <= lower:
            return _from_network(instance, objective, network, steps)
    return _by_search(instance, objective, limits, best(), steps)


def _by_search(
    instance: Instance,
    objective: Objective,
    limits: Limits,
    incumbent: Network | None,
    steps: list[str],
) -> Answer:
    """Activation search with a proof; where it does not end, the strongest model goes on."""
    if incumbent is None:
        raise Unsupported(f"{instance.n_samples:,} points: no method found a network to start from")
    method, on_witnesses = _strongest(instance, objective)
    share = SHARE if on_witnesses else 0.5
    part = limits.part(share * limits.left())
    found = search(instance, objective, part, incumbent)
    steps.append("activation_search")
    answer = found.with_(stats={**found.stats, "steps": steps})
    if found.termination == Termination.OPTIMAL or found.network is None or limits.left() < 0.1:
        return answer
    bounded = instance if instance.bound is not None else with_bound(instance, found.network)
    solve = prove if on_witnesses else solve_model
    try:
        other = solve(method, bounded, objective, limits, found.network)
    except Unsupported as error:  # too large: why there is no more
        return answer.with_(stats={**answer.stats, "note": f"{method.name}: {error}"})
    if other.termination in (Termination.ERROR, Termination.INFEASIBLE):
        return answer.with_(
            stats={**answer.stats, "note": f"{method.name} failed: {other.raw_status}"}
        )
    return _joined(bounded, objective, answer, other, method.name)


def _joined(
    bounded: Instance, objective: Objective, first: Answer, second: Answer, name: str
) -> Answer:
    """The better network and bound of both; a proof stays, whoever claims more.

    A network below the bound of the first fits within tolerance only: then the first stands.
    """
    assert first.network is not None
    lower = first.claimed_dual_bound or 0
    if second.network is not None and bounded.value(second.network, objective) < lower:
        return first.with_(stats={**first.stats, "note": f"{name} fits within tolerance only"})
    best = _best(bounded, objective, second, first.network)
    if lower >= (second.claimed_dual_bound or 0):
        best = best.with_(
            claimed_dual_bound=first.claimed_dual_bound, dual_bound_scope=first.dual_bound_scope
        )
    closed = best.claimed_primal_bound == rounded(best.claimed_dual_bound or 0, objective)
    return best.with_(
        termination=Termination.OPTIMAL if closed else second.termination,
        proof=first.proof,
        bound_used=bounded.bound,
        stats={**second.stats, **first.stats, "steps": [*first.stats["steps"], name]},
    )


def _by_theory(instance: Instance, objective: Objective, limits: Limits) -> Answer | None:
    """The answer of the theory of one input, where it applies."""
    theory = parse_method("univariate")
    if theory.refusal(instance, objective) is not None:
        return None
    answer = execute(theory, instance, objective, limits)
    return answer.with_(stats={**answer.stats, "steps": [theory.name]})


def _is_final(solved: Answer, instance: Instance) -> bool:
    """Where the network breaks B, models go on; the check finds the theory's bound again."""
    return solved.termination == Termination.OPTIMAL or instance.n_samples > MAX_HINGES


def _norm(instance: Instance, objective: Objective, limits: Limits) -> Answer:
    """l1 and group_l2 are convex; lp has a search for tiny data and a heuristic for others.

    Constructions where patterns are too many.
    """
    reason = ""
    methods = {"l1": ["pattern_l1"], "group_l2": ["pattern_group_l2"], "lp": [DESCENTS]}
    tiny = objective.kind == "lp" and _is_tiny(instance)
    for name in (*["global_lp"] * tiny, *methods[objective.kind], "coordinate_start"):
        method = parse_method(name)
        try:
            answer = execute(method, instance, objective, limits)
        except Unsupported as error:
            reason = str(error)
            continue
        return answer.with_(stats={**answer.stats, "steps": [method.name]})
    raise Unsupported(f"no method takes {objective} on this instance: {reason}")


def _is_tiny(instance: Instance) -> bool:
    """Whether a search for the least lp norm is likely to end in a minute."""
    N, d = instance.n_distinct, instance.n_features
    return count_bound(N, min(N, d + 1)) <= TINY and count_rays(N, d) <= TINY_RAYS


def _strongest(instance: Instance, objective: Objective) -> tuple[Method, bool]:
    """What proved most on the test set `small`, and whether on witness points."""
    N, d = instance.X.shape
    few = count_bound(N, min(N, d + 1)) <= SMALL
    if few and objective.kind == "parameters":
        return parse_method("pattern_l0"), False
    return parse_method("neuron_big_m"), True


def _from_network(
    instance: Instance, objective: Objective, network: Network, steps: list[str], note: str = ""
) -> Answer:
    return Answer(
        objective=str(objective),
        termination=Termination.FEASIBLE,  # the check finds the theorem that makes it optimal
        network=network,
        claimed_primal_bound=instance.value(network, objective),
        raw_status=note,
        stats={"steps": steps, "note": note},
    )


def _best(instance: Instance, objective: Objective, answer: Answer, incumbent: Network) -> Answer:
    """The answer with the incumbent where the model found nothing better."""
    known = instance.value(incumbent, objective)
    found = math.inf if answer.network is None else instance.value(answer.network, objective)
    exact = answer.network is not None and answer.network.exact is not None
    if found < known or (found == known and exact):
        return answer
    return answer.with_(network=incumbent, claimed_primal_bound=known)


ALGORITHM = Algorithm(
    summary="theory where it applies; else heuristics, then activation search, then a model",
    objectives=frozenset({"neurons", "parameters", "l1", "lp", "group_l2"}),
    run=run,
    prepare=prepare,
)
