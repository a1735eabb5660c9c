"""The construction that always interpolates: at most 2 N - r0 parameters, exact, in milliseconds.

See `milpsparse.construct`. It is the incumbent that every model starts from.
"""

from __future__ import annotations

from milpsparse.answer import Answer, Termination
from milpsparse.construct import best_construction
from milpsparse.instance import Instance
from milpsparse.method import Algorithm, Limits
from milpsparse.objective import Objective


def run(instance: Instance, objective: Objective, limits: Limits) -> Answer:
    """The construction of least value that fits the bound; no lower bound."""
    network = best_construction(instance, objective)
    return Answer(
        objective=str(objective),
        termination=Termination.FEASIBLE,
        network=network,
        claimed_primal_bound=instance.value(network, objective),
    )


ALGORITHM = Algorithm(
    summary="basis of one-input neurons and hinges along a coordinate: always fits, in ms",
    objectives=frozenset({"neurons", "parameters", "l1", "lp", "group_l2"}),
    run=run,
)
