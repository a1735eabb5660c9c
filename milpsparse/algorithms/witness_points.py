"""Witness points: a model solved on few of the points, which grow by those that its network misses.

A network through all points passes through any of them, so a lower bound on a subset holds for all
the data: N costs a scan a round. A multistart network gives the level to be proved; then the model
looks for smaller networks on the witnesses, and each one that misses other points makes these
witnesses too, until the model has no smaller network left.
"""

from __future__ import annotations

import math

from milpsparse import registry
from milpsparse.answer import Answer, Termination
from milpsparse.construct import best_construction
from milpsparse.execute import heuristic, solve_model
from milpsparse.instance import Instance
from milpsparse.judge import rounded
from milpsparse.method import Algorithm, Limits, Method, Option, Options
from milpsparse.naming import parse_method
from milpsparse.network import Network
from milpsparse.objective import Objective
from milpsparse.sample import Sample

MISS = 1e-7  # residual of a missed point, relative to max |y|
FIRST = 8  # witnesses of the first round


def run(
    instance: Instance,
    objective: Objective,
    limits: Limits,
    *,
    model: str = "neuron_big_m",
    solver: str = "highs",
    multistart: bool = True,
    add: int = 8,
) -> Answer:
    """Best network, and the best lower bound of any witness set; the last set is in the stats."""
    method = parse_method(f"{model}@{solver}")
    best = heuristic("multistart", instance, objective, limits, share=0.2) if multistart else None
    return prove(method, instance, objective, limits, best, add)


def prove(
    method: Method,
    instance: Instance,
    objective: Objective,
    limits: Limits,
    best: Network | None,
    add: int = 8,
) -> Answer:
    """Solve the model on witnesses until it has nothing smaller than the best known network."""
    witnesses = Sample(instance, limits.seed, FIRST)
    tolerance = MISS * (float(abs(instance.y).max()) or 1.0)

    def value(network: Network | None) -> float:
        return math.inf if network is None else instance.value(network, objective)

    lower, nodes, rounds, version = 0.0, 0, 0, None
    while value(best) > lower and limits.left() > 0.02:
        answer = _solve(method, witnesses.instance(), objective, limits, best)
        rounds, nodes, version = rounds + 1, nodes + (answer.node_count or 0), answer.solver_version
        if answer.claimed_dual_bound is not None:
            lower = max(lower, rounded(answer.claimed_dual_bound, objective))
        if value(best) <= lower or answer.network is None:
            break
        if not witnesses.add_missed(answer.network, tolerance, add):
            best = min(best or answer.network, answer.network, key=value)
            break  # a network for all points, and the model's bound for it
    closed = value(best) <= lower
    out_of_time = Termination.TIME_LIMIT if limits.left() <= 0.02 else Termination.FEASIBLE
    return Answer(
        objective=str(objective),
        termination=Termination.OPTIMAL if closed else out_of_time,
        network=best,
        claimed_primal_bound=None if best is None else value(best),
        claimed_dual_bound=lower,
        dual_bound_scope="within_bound",
        raw_status=f"{rounds} rounds, {len(witnesses.rows)} witnesses",
        model=method.rule_name,
        solver=method.solver_name,
        solver_version=version,
        node_count=nodes,
        stats={"witnesses": witnesses.rows.tolist(), "rounds": rounds},
    )


def _solve(
    method: Method,
    few: Instance,
    objective: Objective,
    limits: Limits,
    incumbent: Network | None,
) -> Answer:
    """The model on the witnesses, around the incumbent or the witnesses' own construction."""
    starts = [best_construction(few, objective)] + ([incumbent] if incumbent is not None else [])
    start = min(starts, key=lambda network: few.value(network, objective))
    return solve_model(method, few, objective, limits.part(limits.left()), start)


def refuses(instance: Instance, objective: Objective, options: Options) -> str | None:
    """What the model refuses; UnknownName for the name of no model or solver."""
    registry.load("models", options["model"])
    method = parse_method(f"{options['model']}@{options['solver']}")
    return method.refusal(Sample(instance, 0, FIRST).instance(), objective)


def prepare() -> None:
    """Compile what multistart needs."""
    registry.load("algorithms", "multistart").prepare()


ALGORITHM = Algorithm(
    summary="a model on few points, which grow by those that its network misses",
    objectives=frozenset({"neurons", "parameters"}),
    run=run,
    prepare=prepare,
    refuses=refuses,
    needs_bound=True,
    options={
        "model": Option("neuron_big_m", "the model"),
        "solver": Option("highs", "its solver"),
        "multistart": Option(True, "start from a network of multistart"),
        "add": Option(8, "missed points added a round", low=1),
    },
)
