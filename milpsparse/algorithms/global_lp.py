"""Global lp: spatial branch and bound for the least lp path norm, 0 < p < 1, with a proof.

Each entry's |u|^p is replaced by its secant over a box, which makes a linear program over all
activation patterns; boxes are split until no one can hold a better network (Falk & Soland, 1969).
Reweighted l1 gives the networks. For tiny sizes: up to 5 points in two inputs take seconds.
"""

from __future__ import annotations

import math

import numpy as np

from milpsparse.answer import Answer, Termination
from milpsparse.anytime import Recorder
from milpsparse.execute import heuristic
from milpsparse.instance import Instance
from milpsparse.lp_search.program import Program
from milpsparse.method import Algorithm, Limits, Option, Options
from milpsparse.network import Network
from milpsparse.objective import Objective
from milpsparse.patterns import count_refusal
from milpsparse.proofs.writer import box_proof
from milpsparse.rays import count_bound as count_rays

MOST_PATTERNS = 400
MOST_RAYS = 3000


def run(
    instance: Instance,
    objective: Objective,
    limits: Limits,
    *,
    starts: int = 20,
    proof: bool = True,
) -> Answer:
    """The least lp norm of all networks, whatever the bound B, or bounds when the time is over."""
    from milpsparse.lp_search.search import Search

    trace = Recorder(math.inf)
    program = Program(instance, objective)
    network = _incumbent(program, limits, starts)
    search = Search(program, network, limits, trace)
    if search.value > 0:
        search.run()
    lower = search.provable() if proof else search.claim
    closed = search.value == 0 or lower >= search.value * (1.0 - 1e-6)
    stopped = Termination.FEASIBLE if search.closed else Termination.TIME_LIMIT
    lines = None
    if proof and lower > 0:
        lines = box_proof(instance, objective, lower, program.rows, search.tree(lower))
    return Answer(
        objective=str(objective),
        termination=Termination.OPTIMAL if closed else stopped,
        network=search.best,
        claimed_primal_bound=search.value,
        claimed_dual_bound=lower,
        dual_bound_scope="all",
        raw_status=f"{search.n_nodes} boxes, {search.n_programs} linear programs",
        node_count=search.n_nodes,
        n_rows=len(program.labels),
        n_cols=len(program.block),
        stats={
            "linear_programs": search.n_programs,
            "given_up": search.n_failed,
            "patterns": program.n_patterns,
        },
        proof=lines,
        trace=trace.closed(limits.spent(), search.value, lower),
    )


def _incumbent(program: Program, limits: Limits, starts: int) -> Network:
    """The best network of reweighted l1, here from random vertices, and by the method of its own.

    A construction where none of these is exact.
    """
    instance, objective = program.instance, program.objective
    rng, found = np.random.default_rng(limits.seed), []
    best, least = None, math.inf
    for start in range(starts if program.labels.any() else 0):
        shape = program.shape
        weights = rng.uniform(0.2, 5.0, shape) if start else np.ones(shape)
        x, value = program.reweighted(program.start(weights))
        if value < least:
            best, least = x, value
        if limits.left() < 0.5 * limits.time_limit_s:
            break
    x = np.zeros(len(program.block)) if best is None else best
    found.append(program.network(x))
    free = instance.replace(bound=None, count_bias=instance.count_bias)
    for name in ("reweighted_l1", "coordinate_start"):
        if name == "reweighted_l1" or not any(n.exact is not None for n in found):
            other = heuristic(name, free, objective, limits, share=0.1)
            found += [] if other is None else [other]
    exact = [network for network in found if network.exact is not None]
    return min(exact, key=lambda network: instance.value(network, objective))


def prepare() -> None:
    """Compile the search."""
    toy = Instance(X=np.eye(2), y=np.array([1.0, -2.0]))
    run(toy, Objective("lp", 0.5), Limits(time_limit_s=5.0), starts=1, proof=False)


def refuses(instance: Instance, objective: Objective, options: Options) -> str | None:
    """Why there are too many patterns or rays for it, or None."""
    N, d = instance.n_distinct, instance.n_features
    if reason := count_refusal(instance.X_exact, MOST_PATTERNS):
        return reason.split(":")[0] + ": reweighted_l1 takes more, without a bound"
    if (rays := count_rays(N, d)) > MOST_RAYS:
        return f"up to {rays:,} rays of neurons (limit {MOST_RAYS:,}): reweighted_l1 takes more"
    return None


ALGORITHM = Algorithm(
    summary="least lp norm of all networks: spatial branch and bound; writes proofs",
    objectives=frozenset({"lp"}),
    run=run,
    prepare=prepare,
    refuses=refuses,
    options={
        "starts": Option(20, "random starts of reweighted l1 before the search", low=1),
        "proof": Option(
            True, "keep the proof of the lower bound, and claim no more than it proves"
        ),
    },
)
