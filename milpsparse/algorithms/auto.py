"""The method `auto`: theory where it applies, else a cheap network, then the strongest model.

The steps are kept in the answer's stats; the network is the best one of all steps.
"""

from __future__ import annotations

import math

from milpsparse.answer import Answer, Termination
from milpsparse.bounds import best_bound
from milpsparse.construct import MAX_HINGES, best_construction
from milpsparse.errors import Unsupported
from milpsparse.execute import execute, solve_model, with_bound
from milpsparse.instance import Instance
from milpsparse.method import Algorithm, Limits, Method
from milpsparse.naming import parse_method
from milpsparse.network import Network
from milpsparse.objective import Objective
from milpsparse.patterns import count_bound

SMALL = 400  # patterns up to which parameters are better proved over patterns


def run(instance: Instance, objective: Objective, limits: Limits) -> Answer:
    """Best network and best lower bound of the steps that fit into the time limit."""
    solved = _by_theory(instance, objective, limits)
    if solved is not None and _is_final(solved, instance):
        return solved
    if not objective.counts:
        return _norm(instance, objective, limits)
    theorem = best_bound(instance, objective, "theorem")

    def closed(network: Network) -> bool:
        return theorem is not None and instance.value(network, objective) <= theorem.value

    incumbent, steps = best_construction(instance, objective), ["coordinate_start"]
    if solved is not None and solved.network is not None:  # it has more copies than knots, for B
        steps = [*solved.stats["steps"], *steps]
        incumbent = min((incumbent, solved.network), key=lambda n: instance.value(n, objective))
    if not closed(incumbent) and (better := _reweighted(instance, objective, limits)) is not None:
        steps.append("reweighted_l1")
        incumbent = min((incumbent, better), key=lambda n: instance.value(n, objective))
    if closed(incumbent):
        return _from_network(instance, objective, incumbent, steps)
    bounded = instance if instance.bound is not None else with_bound(instance, incumbent)
    method = _strongest(bounded, objective)
    try:
        answer = solve_model(method, bounded, objective, limits, incumbent)
    except Unsupported as error:  # too large: the incumbent, and why there is no more
        return _from_network(instance, objective, incumbent, steps, f"{method.name}: {error}")
    steps.append(method.name)
    if answer.termination in (Termination.ERROR, Termination.INFEASIBLE):
        why = f"{method.name} failed: {answer.raw_status}"
        return _from_network(instance, objective, incumbent, steps, why)
    return _best(bounded, objective, answer, incumbent).with_(
        bound_used=bounded.bound, stats={"steps": steps}
    )


def _by_theory(instance: Instance, objective: Objective, limits: Limits) -> Answer | None:
    """The answer of the theory of one input, where it applies."""
    theory = parse_method("univariate")
    if theory.refusal(instance, objective) is not None:
        return None
    try:
        answer = execute(theory, instance, objective, limits)
    except Unsupported:
        return None
    return answer.with_(stats={**answer.stats, "steps": [theory.name]})


def _is_final(solved: Answer, instance: Instance) -> bool:
    """Where the network breaks B, models go on; the check finds the theory's bound again."""
    return solved.termination == Termination.OPTIMAL or instance.n_samples > MAX_HINGES


def _norm(instance: Instance, objective: Objective, limits: Limits) -> Answer:
    """l1 is a linear program; lp has a heuristic; the construction where patterns are too many."""
    reason = ""
    names = {"l1": ["pattern_l1"], "lp": ["reweighted_l1"]}.get(objective.kind, [])
    for name in [*names, "coordinate_start"]:
        method = parse_method(name)
        try:
            answer = execute(method, instance, objective, limits)
        except Unsupported as error:
            reason = str(error)
            continue
        return answer.with_(stats={**answer.stats, "steps": [method.name]})
    raise Unsupported(f"no method takes {objective} on this instance: {reason}")


def _reweighted(instance: Instance, objective: Objective, limits: Limits) -> Network | None:
    """Reweighted l1 for a quarter of the time, where its network fits the bound."""
    quarter = Limits(time_limit_s=limits.left() / 4, threads=limits.threads, seed=limits.seed)
    try:
        answer = execute(parse_method("reweighted_l1"), instance, objective, quarter)
    except Unsupported:
        return None
    network = answer.network
    if network is None or network.exact is None:
        return None
    fits = instance.bound_exact is None or network.exact.largest <= instance.bound_exact
    return network if fits else None


def _strongest(instance: Instance, objective: Objective) -> Method:
    """What proved most on the test set `small`, see results/tables/small.md."""
    N, d = instance.X.shape
    few = count_bound(N, min(N, d + 1)) <= SMALL
    by_pattern = few and objective.kind == "parameters"
    return parse_method("pattern_l0" if by_pattern else "neuron_big_m")


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
    summary="construction, reweighted l1, theorem, then the strongest exact model",
    objectives=frozenset({"neurons", "parameters", "l1", "lp", "group_l2"}),
    run=run,
)
